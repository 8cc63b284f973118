//! A slow, literal reading of the contract, the oracle of differential tests.
//!
//! Nothing here is clever: every record is parsed into a tree, bound, rewritten and printed in
//! separate passes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::str::FromStr;

use crate::wire::METADATA;
use base64::{Engine, engine::general_purpose::STANDARD};
use bigdecimal::BigDecimal;
use sha2::{Digest, Sha256};

pub(crate) enum Outcome {
    Ok { row: String, partition_keys: Option<Vec<(String, String)>> },
    Dropped,
    Failed(String),
}

pub(crate) struct Reference {
    schema: Option<Schema>,
    tables: Option<Vec<String>>,
    event_time: bool,
}

impl Reference {
    pub(crate) fn new(
        schema: Option<&str>,
        tables: Option<&str>,
        event_time: bool,
    ) -> Result<Reference, String> {
        let schema = schema.map(Schema::read).transpose()?;
        let tables = match tables {
            // §3: an empty setting is rejected; an empty name between commas is no table either.
            Some(text) => {
                let names: Vec<String> =
                    text.split(',').map(|name| name.trim().to_string()).collect();
                if names.iter().any(String::is_empty) {
                    return Err(format!("DYNALAKE_TABLES={text:?} has an empty name"));
                }
                Some(names)
            }
            // §3: the default is the schema's table, when set.
            None => schema.as_ref().map(|schema| vec![schema.table.clone()]),
        };
        Ok(Reference { schema, tables, event_time })
    }

    pub(crate) fn record(&self, data: &[u8], kinesis_sequence: Option<&str>) -> Outcome {
        // A recursive parser is the simplest one; deep input gets a thread with a stack to match.
        let brackets = data.iter().filter(|b| matches!(b, b'[' | b'{')).count();
        let result = if brackets < 1000 {
            self.change(data, kinesis_sequence)
        } else {
            std::thread::scope(|scope| {
                let stack = (64 << 20) + brackets * 2048;
                let work = std::thread::Builder::new().stack_size(stack);
                work.spawn_scoped(scope, || self.change(data, kinesis_sequence))
                    .unwrap()
                    .join()
                    .unwrap()
            })
        };
        result.unwrap_or_else(Outcome::Failed)
    }

    fn change(&self, data: &[u8], kinesis_sequence: Option<&str>) -> Result<Outcome, String> {
        let record = read_record(data)?;
        let (table, first_shape) = table_and_shape(&record);
        let table = table.ok_or("no_table")?;
        // §6: another table is dropped, whatever else is wrong.
        if self.tables.as_ref().is_some_and(|tables| !tables.contains(&table)) {
            return Ok(Outcome::Dropped);
        }

        let event_name = record.get("eventName").and_then(Json::str).ok_or("no_event_name")?;
        if !["INSERT", "MODIFY", "REMOVE"].contains(&event_name) {
            return Err("no_event_name: unknown".into());
        }
        let dynamodb = record.get("dynamodb").ok_or("no_creation_time: no dynamodb")?;
        let Json::Obj(_) = dynamodb else {
            return Err("no_creation_time: dynamodb is no object".into());
        };
        let time = creation_time(dynamodb)?;

        // §1: B is encoded twice in the first shape, unless the schema says otherwise.
        let double =
            self.schema.as_ref().and_then(|schema| schema.binary_double).unwrap_or(first_shape);
        let image = |name: &str| match dynamodb.get(name) {
            None => Ok(None),
            Some(json) => members(json, 1, double).map(Some),
        };
        let keys = image("Keys")?.ok_or("no_keys")?;
        if keys.is_empty() {
            return Err("no_keys: empty".into());
        }
        let new = match event_name {
            "REMOVE" => None,
            _ => Some(image("NewImage")?.ok_or("no_new_image")?),
        };

        let choice = self.schema.as_ref().map(|schema| &schema.choice);
        let wanted = choice.and_then(|choice| choice.wanted.as_ref());
        // §3: *in* is decided on the new image; what was removed is not in.
        let is_in = new.as_ref().is_some_and(|new| wanted.is_none_or(|wanted| wanted.holds(new)));
        // §3: `where`. What is not in, and was in, leaves the view. The old image, which decides,
        // must be well-formed.
        if let Some(wanted) = wanted.filter(|_| !is_in) {
            let was_in = event_name != "INSERT"
                && match image("OldImage")? {
                    Some(old) => wanted.holds(&old),
                    // Of the keys, one that does not hold decides.
                    None => wanted.may_hold(&keys),
                };
            if !was_in {
                return Ok(Outcome::Dropped);
            }
        }
        let item = new.filter(|_| is_in);
        let event_type = if item.is_some() { event_name } else { "REMOVE" };
        let is_ttl = event_name == "REMOVE" && is_ttl(&record);
        // §3: `events`, by what the rows would be after `where`.
        let kind = if is_ttl { "TTL" } else { event_type };
        if choice.is_some_and(|choice| !choice.events.iter().any(|event| event == kind)) {
            return Ok(Outcome::Dropped);
        }

        // §3: the old image is looked at where the row needs it, and then it must be well-formed.
        // What is dropped before needs none.
        let fills = event_type == "REMOVE" && choice.is_some_and(|choice| choice.on_remove_item);
        let shows = self.schema.as_ref().is_some_and(|schema| schema.old_image);
        let old_image = if fills || shows { image("OldImage")? } else { None };

        let mut entries = Vec::new();
        let columns = match (&item, &self.schema) {
            (Some(item), Some(schema)) => schema.row(item, None, &mut entries)?,
            (Some(item), None) => without_schema(item, &mut entries),
            // §2: a REMOVE yields the key columns, from `Keys`, and the metadata.
            (None, None) => without_schema(&keys, &mut entries),
            (None, Some(schema)) => {
                // §2: with `on_remove` the other columns are filled from the old image.
                let columns = match &old_image {
                    Some(old) if fills => schema.row(old, Some(&keys), &mut entries),
                    _ => schema.tombstone(&keys, &mut entries),
                };
                match columns {
                    Ok(columns) => columns,
                    // §3: with `where` the table can't hold such a key.
                    Err(_) if wanted.is_some() => return Ok(Outcome::Dropped),
                    Err(why) => return Err(why),
                }
            }
        };

        // §3: protection follows the attribute into `_old`; the old image is bound by itself.
        let old = old_image.filter(|_| shows).zip(self.schema.as_ref()).map(|(item, schema)| {
            let binding = schema.bind(&item);
            plain(&Attr::M(schema.protected_item(&binding, item)))
        });

        // §2: the metadata columns, last, in this order.
        let mut row = columns;
        let event_time = Utc::of(i128::from(time) * 1000);
        row.push(("_event_type".into(), quote(event_type)));
        row.push(("_event_time".into(), quote(&event_time.text(6))));
        if let Some(id) = record.get("eventID").and_then(Json::str) {
            row.push(("_event_id".into(), quote(id)));
        }
        row.push(("_table".into(), quote(&table)));
        row.push(("_sequence".into(), quote(&sequence(time, kinesis_sequence, dynamodb))));
        if is_ttl {
            row.push(("_ttl_delete".into(), "true".into()));
        }
        if let Some(old) = old {
            row.push(("_old".into(), quote(&old)));
        }
        if !entries.is_empty() {
            row.push(("_rescued".into(), quote(&rescued(entries))));
        }
        let partition_keys = self.event_time.then(|| partition_keys(&event_time, table));
        Ok(Outcome::Ok { row: object(&row) + "\n", partition_keys })
    }
}

// ------------------------------------------------------------------------------------ replay (§10)

impl Reference {
    /// §10: a row that was written before, by the schema as it is now.
    pub(crate) fn row(&self, line: &str) -> Outcome {
        self.row_again(line).unwrap_or_else(Outcome::Failed)
    }

    fn row_again(&self, line: &str) -> Result<Outcome, String> {
        let schema = self.schema.as_ref().expect("rows are taken back by a schema");
        let json = Json::parse(line).map_err(|why| format!("not_json: {why}"))?;
        let text = |name: &str| json.get(name).and_then(Json::str);
        let table = text("_table").ok_or("malformed_row: _table")?;
        // §10: another table's is dropped; `where` and `events` are not asked again.
        if self.tables.as_ref().is_some_and(|tables| !tables.iter().any(|t| t == table)) {
            return Ok(Outcome::Dropped);
        }
        let Json::Obj(members) = &json else { return Err("not_json: no object".into()) };

        // §10: of a path that `_rescued` has already, that entry stays.
        let mut kept: Vec<(String, String)> = Vec::new();
        if let Some(text) = text("_rescued") {
            let Json::Obj(entries) = Json::parse(text)? else { return Err("malformed_row".into()) };
            for (path, entry) in entries {
                let value = attribute(entry.get("value").ok_or("malformed_row")?, 1, false)?;
                let reason = entry.get("reason").and_then(Json::str).ok_or("malformed_row")?;
                let Some(value) = schema.shown_at(&path, value) else { continue };
                let entry = object(&[("reason", quote(reason)), ("value", dynamo(&value))]);
                kept.push((path, entry));
            }
        }

        let mut row = Vec::new();
        let mut entries = Vec::new();
        let binding = Binding::default();
        for column in &schema.columns {
            let member = members.iter().enumerate().find(|(_, (name, _))| *name == column.name);
            let value = member.and_then(|(index, (name, json))| {
                let attr = schema.shown_in(column, attribute_of(json))?;
                let place = Place::default().member(index, name);
                let coercion = Coercion { schema, binding: &binding, unit: column.unit };
                coercion.coerce(&column.ty, &attr, &place, &mut entries)
            });
            match value {
                Some(json) => row.push((column.name.clone(), json)),
                None if column.key.is_some() => {
                    return Err(format!("key_not_filled: {}", column.name));
                }
                None => {}
            }
        }
        for (index, (name, json)) in members.iter().enumerate() {
            let has_column = schema.columns.iter().any(|column| column.name == *name);
            if has_column || METADATA.contains(&&**name) {
                continue;
            }
            // What has no column is an attribute of that name.
            if let Some(attr) =
                schema.shown_at(&path_of(std::slice::from_ref(name)), attribute_of(json))
            {
                let place = Place::default().member(index, name);
                entry(&mut entries, &place, Reason::Unknown, &attr);
            }
        }

        for name in METADATA {
            let json = match (name, json.get(name)) {
                ("_rescued", _) => {
                    entries.sort_by(|a, b| a.place.position.cmp(&b.place.position));
                    let is_new = |entry: &Entry| kept.iter().all(|(p, _)| *p != entry.place.text());
                    entries.retain(is_new);
                    let mut all: Vec<(String, String)> = kept.clone();
                    for (path, json) in std::mem::take(&mut entries).into_iter().map(entry_json) {
                        all.push((path, json));
                    }
                    if all.is_empty() {
                        continue;
                    }
                    quote(&object(&all))
                }
                (_, None) => continue,
                ("_old", Some(Json::Str(text))) => {
                    let Attr::M(old) = attribute_of(&Json::parse(text)?) else {
                        return Err("malformed_row: _old".into());
                    };
                    let binding = schema.bind(&old);
                    quote(&plain(&Attr::M(schema.shown_members(&binding, &[], old))))
                }
                (_, Some(Json::Str(text))) => quote(text),
                (_, Some(Json::Bool(is_ttl))) => is_ttl.to_string(),
                _ => return Err("malformed_row".into()),
            };
            row.push((name.into(), json));
        }
        Ok(Outcome::Ok { row: object(&row) + "\n", partition_keys: None })
    }
}

/// §10: JSON's types as S, N, BOOL, NULL, L and M.
fn attribute_of(json: &Json) -> Attr {
    match json {
        Json::Null => Attr::Null,
        Json::Bool(value) => Attr::Bool(*value),
        Json::Num(text) => Attr::N(text.clone()),
        Json::Str(text) => Attr::S(text.clone()),
        Json::Arr(list) => Attr::L(list.iter().map(attribute_of).collect()),
        Json::Obj(members) => {
            Attr::M(members.iter().map(|(name, json)| (name.clone(), attribute_of(json))).collect())
        }
    }
}

fn path_of(names: &[String]) -> String {
    names.iter().fold(Place::default(), |place, name| place.member(0, name)).text()
}

/// The names at the beginning of a path, and whether a list is behind them.
fn names_of(mut path: &str) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    while !path.is_empty() {
        path = path.strip_prefix('.').unwrap_or(path);
        if path.starts_with("[\"") {
            let mut reader = Reader { text: path, at: 1 };
            names.push(reader.string().expect("a quoted name"));
            path = &path[reader.at + 1..];
        } else if path.starts_with('[') {
            return (names, true);
        } else {
            let (name, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
            names.push(name.to_string());
            path = rest;
        }
    }
    (names, false)
}

impl Schema {
    /// §10: a hash stays as it is; all else that is protected is hashed, or left out.
    fn shown(protect: Protect, attr: Attr) -> Option<Attr> {
        let is_hash = |text: &String| {
            text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        };
        match (protect, &attr) {
            (Protect::No, _) => Some(attr),
            (Protect::Drop, _) => None,
            (Protect::Sha256, Attr::S(text)) if is_hash(text) => Some(attr),
            (Protect::Sha256, _) => Some(hashed(attr)),
        }
    }

    fn shown_members(&self, binding: &Binding, above: &[String], item: Item) -> Item {
        let mut shown = Item::new();
        for (name, attr) in item {
            let names = [above, std::slice::from_ref(&name)].concat();
            let attr = match attr {
                Attr::M(members) => Attr::M(self.shown_members(binding, &names, members)),
                other => other,
            };
            let protect = binding.column(&names).map_or(Protect::No, |i| self.columns[i].protect);
            shown.extend(Schema::shown(protect, attr).map(|attr| (name, attr)));
        }
        shown
    }

    /// An attribute of which the row knows the path: bound as if it were alone in its item.
    fn shown_at(&self, path: &str, attr: Attr) -> Option<Attr> {
        let (names, in_list) = names_of(path);
        let inner = if in_list { Attr::L(vec![attr.clone()]) } else { attr.clone() };
        let item =
            names.iter().rev().fold(inner, |inner, name| Attr::M(vec![(name.clone(), inner)]));
        let Attr::M(item) = item else { return Some(attr) };
        let binding = self.bind(&item);
        let mut attr = match attr {
            Attr::M(members) if !in_list => Attr::M(self.shown_members(&binding, &names, members)),
            other => other,
        };
        for count in (1..=names.len()).rev() {
            if let Some(index) = binding.column(&names[..count]) {
                attr = Schema::shown(self.columns[index].protect, attr)?;
            }
        }
        Some(attr)
    }

    /// What a column of that name holds: protected by the column, by what is around the attribute
    /// that its path names, and by paths that lead into it.
    fn shown_in(&self, column: &Column, attr: Attr) -> Option<Attr> {
        let own = column.claim();
        let mut attr = match &own {
            Some(own) => self.shown_at(&path_of(own), attr)?,
            None => attr,
        };
        for other in self.columns.iter().filter(|other| other.protect != Protect::No) {
            let Some(path) = other.claim() else { continue };
            let inside = match &own {
                Some(own) => path.strip_prefix(&own[..]),
                // Without a path, by its name or by those on the way to it.
                None => (1..=path.len())
                    .find(|&count| {
                        path[..count] == [column.name.clone()]
                            || joined_normalised(&path[..count]) == column.name
                    })
                    .map(|count| &path[count..]),
            };
            if let Some(inside) = inside.filter(|inside| !inside.is_empty()) {
                attr = within(attr, inside, other.protect)?;
            }
        }
        Schema::shown(column.protect, attr)
    }
}

fn spells(name: &str, raw: &str) -> bool {
    name == raw || name == normalise(raw)
}

/// A value with what is at a path inside it protected. A map in a string is its plain JSON.
fn within(attr: Attr, path: &[String], protect: Protect) -> Option<Attr> {
    let Some((first, rest)) = path.split_first() else { return Schema::shown(protect, attr) };
    Some(match attr {
        Attr::M(members) => {
            let shown = members.into_iter().filter_map(|(name, attr)| {
                let attr =
                    if spells(&name, first) { within(attr, rest, protect) } else { Some(attr) };
                Some((name, attr?))
            });
            Attr::M(shown.collect())
        }
        Attr::S(text) => match Json::parse(&text) {
            Ok(json @ Json::Obj(_)) => {
                let inside = attribute_of(&json);
                let shown = within(inside.clone(), path, protect)?;
                if plain(&shown) == plain(&inside) { Attr::S(text) } else { Attr::S(plain(&shown)) }
            }
            _ => Attr::S(text),
        },
        other => other,
    })
}

// ------------------------------------------------------------------------------- envelope (§1, §2)

/// The change record that a record's data holds.
fn read_record(data: &[u8]) -> Result<Json, String> {
    // §6: data that begins with gzip's magic bytes has a reason of its own.
    if data.starts_with(&[0x1f, 0x8b]) {
        return Err("compressed".into());
    }
    // §6: one UTF-8 JSON object.
    let text = std::str::from_utf8(data).map_err(|_| "not_utf8")?;
    let record = Json::parse(text).map_err(|why| format!("not_json: {why}"))?;
    let Json::Obj(_) = record else { return Err("not_json: no object".into()) };
    // §1: an event bridge's event is read as the record in its `detail`.
    let is_detail = record.get("dynamodb").is_none()
        && record.get("detail").is_some_and(|detail| detail.get("dynamodb").is_some());
    match record {
        Json::Obj(members) if is_detail => {
            let detail = members.into_iter().find(|(name, _)| name == "detail");
            Ok(detail.expect("there is a detail").1)
        }
        record => Ok(record),
    }
}

/// §1: the table, and whether the record has the first shape: the second one is where
/// `eventSourceARN` is present and `tableName` is not.
fn table_and_shape(record: &Json) -> (Option<String>, bool) {
    let first_shape = record.get("tableName").is_some() || record.get("eventSourceARN").is_none();
    let table = if first_shape {
        record.get("tableName").and_then(Json::str).map(str::to_string)
    } else {
        record.get("eventSourceARN").and_then(Json::str).and_then(table_of_arn)
    };
    (table, first_shape)
}

/// §6: `partitionKeys`.
fn partition_keys(event_time: &Utc, table: String) -> Vec<(String, String)> {
    let Utc { year, month, day, hour, .. } = event_time;
    vec![
        ("table".into(), table),
        ("year".into(), format!("{year:04}")),
        ("month".into(), format!("{month:02}")),
        ("day".into(), format!("{day:02}")),
        ("hour".into(), format!("{hour:02}")),
    ]
}

/// `…:table/NAME`, or `…:table/NAME/stream/…`
fn table_of_arn(arn: &str) -> Option<String> {
    let (_, rest) = arn.split_once(":table/")?;
    let name = match rest.split_once('/') {
        None => rest,
        Some((name, rest)) => rest.starts_with("stream/").then_some(name)?,
    };
    (!name.is_empty()).then(|| name.to_string())
}

/// Microseconds since 1970, cut, never rounded; 1970..=2261.
fn creation_time(dynamodb: &Json) -> Result<i64, String> {
    let text = match dynamodb.get("ApproximateCreationDateTime") {
        Some(Json::Num(text)) => text,
        Some(Json::Str(text)) => return creation_time_of_text(text),
        Some(_) => return Err("no_creation_time: neither a number nor a text".into()),
        None => return Err("no_creation_time: absent".into()),
    };
    let mut number = Dec::parse(text).ok_or("no_creation_time: no number")?;
    let below = |exponent: i128| {
        number.digits.is_empty() || number.digits.len() as i128 + number.exponent <= exponent
    };
    let shift = match dynamodb.get("ApproximateCreationDateTimePrecision").and_then(Json::str) {
        Some("MILLISECOND") => 3,
        Some("MICROSECOND") => 0,
        // §1: by magnitude; any other stated precision is read as if it were not stated.
        _ if below(11) => 6,
        _ if below(14) => 3,
        _ => 0,
    };
    number.exponent += shift;
    in_range(number.cut().ok_or("no_creation_time: out of range")?)
}

fn in_range(micros: i128) -> Result<i64, String> {
    if micros < 0 || Utc::of(micros * 1000).year > 2261 {
        return Err("no_creation_time: out of range".into());
    }
    Ok(micros as i64)
}

/// §1: section 4's grammar of a timestamp, with `Z` or an offset.
fn creation_time_of_text(text: &str) -> Result<i64, String> {
    let fail = || "no_creation_time: a text that is no time".to_string();
    let (_, time) = date_at_start(text).ok_or_else(fail)?;
    let (.., fraction, _) = clock(time).ok_or_else(fail)?;
    if !time.contains(['Z', 'z', '+', '-']) {
        return Err(fail());
    }
    // More than six fraction digits are cut.
    let mut cut = text.to_string();
    if fraction.len() > 6 {
        let at = text.find('.').expect("the fraction's point");
        cut.replace_range(at + 7..=at + fraction.len(), "");
    }
    in_range(timestamp(&cut).map_err(|_| fail())?.div_euclid(1000))
}

fn sequence(time: i64, kinesis: Option<&str>, dynamodb: &Json) -> String {
    // §2: Kinesis'; else DynamoDB's; else, or where the one chosen isn't at most 56 digits, zeros.
    let number =
        kinesis.or_else(|| dynamodb.get("SequenceNumber").and_then(Json::str)).unwrap_or("");
    let good = number.len() <= 56 && number.bytes().all(|b| b.is_ascii_digit());
    format!("{time:020}-{:0>56}", if good { number } else { "" })
}

fn is_ttl(record: &Json) -> bool {
    let Some(identity) = record.get("userIdentity") else { return false };
    let member =
        |lower, upper| identity.get(lower).or_else(|| identity.get(upper)).and_then(Json::str);
    member("type", "Type") == Some("Service")
        && member("principalId", "PrincipalId") == Some("dynamodb.amazonaws.com")
}

// --------------------------------------------------------------------------- attribute values (§1)

#[derive(Clone, Debug)]
enum Attr {
    S(String),
    N(String),
    B(String),
    Bool(bool),
    Null,
    M(Item),
    L(Vec<Attr>),
    Ss(Vec<String>),
    Ns(Vec<String>),
    Bs(Vec<String>),
}

type Item = Vec<(String, Attr)>;

/// The attributes of an image or of an M; `depth` is that of a map or list among them (§6: at most
/// 64).
fn members(json: &Json, depth: usize, double: bool) -> Result<Item, String> {
    let Json::Obj(members) = json else {
        return Err("malformed_attribute_value: attributes are no object".into());
    };
    members.iter().map(|(name, json)| Ok((name.clone(), attribute(json, depth, double)?))).collect()
}

fn attribute(json: &Json, depth: usize, double: bool) -> Result<Attr, String> {
    const DESCRIPTORS: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"];
    // §1: exactly one descriptor; null members beside it, and unknown members, are ignored.
    let Json::Obj(_) = json else { return Err("malformed_attribute_value: no object".into()) };
    let found: Vec<(&str, &Json)> =
        DESCRIPTORS.iter().filter_map(|name| Some((*name, json.get(name)?))).collect();
    let [(descriptor, value)] = found[..] else {
        return Err("malformed_attribute_value: not exactly one descriptor".into());
    };
    if matches!(descriptor, "M" | "L") && depth > 64 {
        return Err("nested_too_deep".into());
    }
    let strings = || match value {
        Json::Arr(list) => {
            list.iter().map(|s| s.str().map(str::to_string)).collect::<Option<Vec<_>>>()
        }
        _ => None,
    };
    let attr = match (descriptor, value) {
        ("S", Json::Str(s)) => Some(Attr::S(s.clone())),
        ("N", Json::Str(s)) => Some(Attr::N(s.clone())),
        ("B", Json::Str(s)) => Some(Attr::B(binary(s, double))),
        ("BOOL", Json::Bool(b)) => Some(Attr::Bool(*b)),
        ("NULL", Json::Bool(true)) => Some(Attr::Null),
        ("M", json) => Some(Attr::M(members(json, depth + 1, double)?)),
        ("L", Json::Arr(list)) => Some(Attr::L(
            list.iter().map(|json| attribute(json, depth + 1, double)).collect::<Result<_, _>>()?,
        )),
        ("SS", _) => strings().map(Attr::Ss),
        ("NS", _) => strings().map(Attr::Ns),
        ("BS", _) => {
            strings().map(|list| Attr::Bs(list.iter().map(|s| binary(s, double)).collect()))
        }
        _ => None,
    };
    attr.ok_or_else(|| format!("malformed_attribute_value: {descriptor}"))
}

/// One layer of base64 is taken off where what it decodes to is itself canonical base64.
fn binary(text: &str, double: bool) -> String {
    let inner = || {
        let inner = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let bytes = STANDARD.decode(&inner).ok()?;
        (STANDARD.encode(bytes) == inner).then_some(inner)
    };
    double.then(inner).flatten().unwrap_or_else(|| text.to_string())
}

// ------------------------------------------------------------------------------- printing (§2, §4)

fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn object<K: AsRef<str>>(members: &[(K, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, json)| quote(name.as_ref()) + ":" + json).collect();
    format!("{{{}}}", members.join(","))
}

fn array(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

/// Plain JSON text: numbers as they are written, binary as base64, sets as arrays, members in the
/// order given (§2).
fn plain(attr: &Attr) -> String {
    match attr {
        Attr::S(s) | Attr::B(s) => quote(s),
        Attr::N(n) => plain_number(n),
        Attr::Bool(b) => b.to_string(),
        Attr::Null => "null".into(),
        Attr::M(item) => {
            object(&item.iter().map(|(name, attr)| (name, plain(attr))).collect::<Vec<_>>())
        }
        Attr::L(list) => array(list.iter().map(plain)),
        Attr::Ss(list) | Attr::Bs(list) => array(list.iter().map(|s| quote(s))),
        Attr::Ns(list) => array(list.iter().map(|n| plain_number(n))),
    }
}

/// §4: an N whose text is no (JSON) number is a JSON string, it can never break the row's JSON.
fn plain_number(text: &str) -> String {
    match Json::parse(text) {
        Ok(Json::Num(raw)) if raw == text => raw,
        _ => quote(text),
    }
}

/// What a string column holds (§4); nothing for NULL.
fn text_of(attr: &Attr) -> Option<String> {
    match attr {
        Attr::Null => None,
        Attr::S(s) | Attr::N(s) | Attr::B(s) => Some(s.clone()),
        other => Some(plain(other)),
    }
}

/// DynamoDB JSON, as `_rescued` holds it (§5).
fn dynamo(attr: &Attr) -> String {
    let strings = |list: &[String]| array(list.iter().map(|s| quote(s)));
    let (descriptor, value) = match attr {
        Attr::S(s) => ("S", quote(s)),
        Attr::N(s) => ("N", quote(s)),
        Attr::B(s) => ("B", quote(s)),
        Attr::Bool(b) => ("BOOL", b.to_string()),
        Attr::Null => ("NULL", "true".into()),
        Attr::M(item) => {
            ("M", object(&item.iter().map(|(name, attr)| (name, dynamo(attr))).collect::<Vec<_>>()))
        }
        Attr::L(list) => ("L", array(list.iter().map(dynamo))),
        Attr::Ss(list) => ("SS", strings(list)),
        Attr::Ns(list) => ("NS", strings(list)),
        Attr::Bs(list) => ("BS", strings(list)),
    };
    object(&[(descriptor, value)])
}

// ------------------------------------------------------------------------------------- rescue (§5)

#[derive(Clone, Copy)]
enum Reason {
    Unknown,
    Type,
    Range,
    Collision,
}

#[derive(Clone, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
}

/// Where an attribute is: its path, and its position in the item (for the order of the entries).
#[derive(Clone, Default)]
struct Place {
    steps: Vec<Step>,
    position: Vec<usize>,
}

struct Entry {
    place: Place,
    reason: Reason,
    value: String,
}

impl Place {
    fn member(&self, index: usize, name: &str) -> Place {
        self.step(index, Step::Name(name.to_string()))
    }

    fn element(&self, index: usize) -> Place {
        self.step(index, Step::Index(index))
    }

    fn step(&self, index: usize, step: Step) -> Place {
        let mut place = self.clone();
        place.steps.push(step);
        place.position.push(index);
        place
    }

    /// The raw names from the root; nothing inside a list.
    fn names(&self) -> Option<Vec<String>> {
        let name = |step: &Step| match step {
            Step::Name(name) => Some(name.clone()),
            Step::Index(_) => None,
        };
        self.steps.iter().map(name).collect()
    }

    /// §5: names joined with `.`, list positions in `[n]`, awkward names as `["name"]`.
    fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            match step {
                Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
                Step::Name(name) if name.is_empty() || name.contains(['.', '[', ']', '"']) => {
                    text.extend(["[", &quote(name), "]"]);
                }
                Step::Name(name) => {
                    text += if text.is_empty() { "" } else { "." };
                    text += name;
                }
            }
        }
        text
    }
}

fn entry(entries: &mut Vec<Entry>, place: &Place, reason: Reason, attr: &Attr) {
    entries.push(Entry { place: place.clone(), reason, value: dynamo(attr) });
}

/// `_rescued`: in the order of the item, one entry for each path.
fn rescued(mut entries: Vec<Entry>) -> String {
    entries.sort_by(|a, b| a.place.position.cmp(&b.place.position));
    entries.dedup_by(|later, first| later.place.position == first.place.position);
    object(&entries.into_iter().map(entry_json).collect::<Vec<_>>())
}

fn entry_json(entry: Entry) -> (String, String) {
    let reason = match entry.reason {
        Reason::Unknown => "unknown",
        Reason::Type => "type",
        Reason::Range => "range",
        Reason::Collision => "collision",
    };
    (entry.place.text(), object(&[("reason", quote(reason)), ("value", entry.value)]))
}

// ------------------------------------------------------------------------------------- schema (§3)

#[derive(Debug, Clone)]
enum Type {
    Text,
    Boolean,
    Integer { bits: u32 },
    Float,
    Double,
    Decimal { precision: usize, scale: usize },
    Date,
    Timestamp,
    Array(Box<Type>),
    Map(Box<Type>),
    Struct(Vec<(String, Type)>),
}

#[derive(Clone, Copy, PartialEq)]
enum Protect {
    No,
    Sha256,
    Drop,
}

struct Column {
    name: String,
    ty: Type,
    path: Option<Vec<String>>,
    /// Decimal exponent of the timestamp's stated unit, in nanoseconds.
    unit: Option<i128>,
    protect: Protect,
    /// The raw name of the key attribute that this column takes.
    key: Option<String>,
}

impl Column {
    /// The attribute claimed before any other is bound. Key attributes claim theirs as if by an
    /// explicit path.
    fn claim(&self) -> Option<Vec<String>> {
        self.path.clone().or_else(|| self.key.clone().map(|key| vec![key]))
    }
}

/// §3 "Choosing rows".
struct Choice {
    wanted: Option<Where>,
    events: Vec<String>,
    on_remove_item: bool,
}

/// `where`: attributes of the root by raw name, each with the texts that it may have.
struct Where {
    members: Vec<(String, Vec<String>)>,
}

impl Where {
    /// All members must hold.
    fn holds(&self, image: &Item) -> bool {
        self.members.iter().all(|(name, texts)| {
            image.iter().any(|(other, attr)| other == name && holds(texts, attr))
        })
    }

    /// Without an image: no member on an attribute of `Keys` fails to hold.
    fn may_hold(&self, keys: &Item) -> bool {
        self.members.iter().all(|(name, texts)| {
            keys.iter().all(|(other, attr)| other != name || holds(texts, attr))
        })
    }
}

/// Whether an attribute has one of the texts.
fn holds(texts: &[String], attr: &Attr) -> bool {
    texts.iter().any(|text| match attr {
        Attr::S(value) => match text.strip_suffix('*') {
            Some(start) => value.starts_with(start),
            None => value == text,
        },
        Attr::N(value) => match (Dec::parse(value), Dec::parse(text)) {
            (Some(value), Some(text)) => value.same(&text),
            _ => false,
        },
        _ => false,
    })
}

struct Schema {
    table: String,
    choice: Choice,
    old_image: bool,
    binary_double: Option<bool>,
    decimal_number: bool,
    columns: Vec<Column>,
}

/// What the attributes of one item are bound to, by the raw names from the root.
#[derive(Default)]
struct Binding {
    bound: HashMap<Vec<String>, usize>,
    lost: HashMap<Vec<String>, usize>,
}

impl Binding {
    fn column(&self, names: &[String]) -> Option<usize> {
        self.bound.get(names).or_else(|| self.lost.get(names)).copied()
    }
}

impl Schema {
    fn read(setting: &str) -> Result<Schema, String> {
        // §3: JSON text (first byte `{`, or `[` of a list, which the Firehose function rejects), or
        // base64 of gzip of it. `@PATH` is a file: the base64 crate rejects it as well.
        if setting.starts_with(['{', '[']) {
            return Schema::parse(setting);
        }
        let bytes =
            STANDARD.decode(setting).map_err(|_| "DYNALAKE_SCHEMA: neither JSON nor base64")?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .map_err(|e| format!("gzip: {e}"))?;
        Schema::parse(&text)
    }

    fn parse(text: &str) -> Result<Schema, String> {
        let json = Json::parse(text)?;
        let members = ["table", "keys", "old_image", "columns", "binary", "decimal_as"];
        let choosing = ["name", "where", "events", "on_remove"];
        known(&json, &[&members[..], &choosing].concat(), "schema")?;
        let table = required(&json, "table", "schema")?
            .str()
            .filter(|s| !s.is_empty())
            .ok_or("table")?
            .to_string();
        let keys = required(&json, "keys", "schema")?
            .strings()
            .filter(|keys| !keys.is_empty())
            .ok_or("keys")?;
        let old_image = match json.member("old_image") {
            None => false,
            Some(Json::Bool(b)) => *b,
            Some(_) => return Err("old_image is no boolean".into()),
        };
        let binary_double = choice(&json, "binary", &["single", "double"])?.map(|index| index == 1);
        let decimal_number = choice(&json, "decimal_as", &["string", "number"])? == Some(1);
        lake_name(&json, &table)?;
        let choice = read_choice(&json)?;
        let Json::Arr(list) = required(&json, "columns", "schema")? else {
            return Err("columns is no list".into());
        };
        let mut columns = list.iter().map(column).collect::<Result<Vec<_>, String>>()?;

        // Refusals that concern columns together.
        let mut names = HashSet::new();
        let mut paths = HashSet::new();
        for column in &columns {
            if !names.insert(column.name.clone()) {
                return Err(format!("two columns {}", column.name));
            }
            if column.path.as_ref().is_some_and(|path| !paths.insert(path.clone())) {
                return Err(format!("column {}: its path is taken", column.name));
            }
        }
        for key in keys {
            // The column with this explicit path; else the column without path of this very name;
            // else the one of the normalised name.
            let explicit =
                columns.iter().position(|c| c.path.as_deref() == Some(std::slice::from_ref(&key)));
            let of_name = |name: &str| {
                columns.iter().position(|c| c.path.is_none() && c.name == name && c.key.is_none())
            };
            let index = explicit
                .or_else(|| of_name(&key))
                .or_else(|| of_name(&normalise(&key)))
                .ok_or_else(|| format!("no column takes the key {key}"))?;
            if columns[index].protect == Protect::Drop {
                return Err(format!("column {}: a key can't be dropped", columns[index].name));
            }
            columns[index].key = Some(key);
        }
        Ok(Schema { table, choice, old_image, binary_double, decimal_number, columns })
    }

    /// §3 "Binding attributes to columns".
    fn bind(&self, item: &Item) -> Binding {
        let mut binding = Binding::default();
        // Explicit paths claim first, through maps only, by raw names.
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(path) = column.claim()
                && find(item, &path).is_some()
            {
                binding.bound.insert(path, index);
            }
        }
        // Then level by level, since the shallower wins: the columns without path, by normalised
        // names.
        let by_name: HashMap<&str, usize> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, c)| c.path.is_none())
            .map(|(i, c)| (&*c.name, i))
            .collect();
        // A key's column is won by the key from the start, whether it is there or not.
        let mut won: HashSet<usize> =
            (0..self.columns.len()).filter(|&i| self.columns[i].key.is_some()).collect();
        let mut level: Vec<(Vec<String>, &Attr)> =
            item.iter().map(|(n, a)| (vec![n.clone()], a)).collect();
        while !level.is_empty() {
            let mut candidates: BTreeMap<usize, Vec<Vec<String>>> = BTreeMap::new();
            for (names, _) in &level {
                if binding.bound.contains_key(names) {
                    continue;
                }
                // At the root, the column whose name is the raw name to the letter comes first.
                let letter = match &names[..] {
                    [name] => by_name.get(&**name),
                    _ => None,
                };
                if let Some(&index) = letter.or_else(|| by_name.get(&*joined_normalised(names))) {
                    candidates.entry(index).or_default().push(names.clone());
                }
            }
            for (index, mut list) in candidates {
                // An exact raw name wins, else the first in byte order.
                list.sort_by_key(|names| preference(names, &self.columns[index].name));
                if won.insert(index) {
                    binding.bound.insert(list.remove(0), index);
                }
                binding.lost.extend(list.into_iter().map(|names| (names, index)));
            }
            let mut next = Vec::new();
            for (names, attr) in level {
                // A map that a column takes is not flattened further; one that lost it is rescued
                // whole.
                let closed =
                    binding.bound.contains_key(&names) || binding.lost.contains_key(&names);
                if let (false, Attr::M(members)) = (closed, attr) {
                    next.extend(
                        members
                            .iter()
                            .map(|(n, a)| ([&names[..], std::slice::from_ref(n)].concat(), a)),
                    );
                }
            }
            level = next;
        }
        binding
    }

    /// The item with what is protected hashed or left out, innermost first, before anything else is
    /// done with it.
    fn protected_item(&self, binding: &Binding, item: Item) -> Item {
        self.protected_members(binding, &[], item)
    }

    fn protected_members(&self, binding: &Binding, above: &[String], item: Item) -> Item {
        let mut result = Item::new();
        for (name, attr) in item {
            let names = [above, std::slice::from_ref(&name)].concat();
            let attr = match attr {
                Attr::M(members) => Attr::M(self.protected_members(binding, &names, members)),
                other => other,
            };
            match binding.column(&names).map_or(Protect::No, |index| self.columns[index].protect) {
                Protect::No => result.push((name, attr)),
                Protect::Sha256 => result.push((name, hashed(attr))),
                Protect::Drop => {}
            }
        }
        result
    }

    /// The columns of an item, and what did not fit. The key columns are those of `keys` where
    /// the item is an old image (§2: the other columns are filled from it).
    fn row(
        &self,
        item: &Item,
        keys: Option<&Item>,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<(String, String)>, String> {
        let binding = self.bind(item);
        let item = self.protected_item(&binding, item.clone());
        let mut row = Vec::new();
        let by_column: HashMap<usize, &Vec<String>> =
            binding.bound.iter().map(|(names, i)| (*i, names)).collect();
        // Outer attributes first, so that of two failures at one place the outer is told.
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|index| by_column.get(index).map_or(0, |names| names.len()));
        let mut values: HashMap<usize, String> = HashMap::new();
        for index in order {
            let found = by_column.get(&index).and_then(|names| find(&item, names));
            let column = &self.columns[index];
            if keys.is_some() && column.key.is_some() {
                continue;
            }
            if let Some((place, attr)) = found {
                let coercion = Coercion { schema: self, binding: &binding, unit: column.unit };
                if let Some(json) = coercion.coerce(&column.ty, attr, &place, entries) {
                    values.insert(index, json);
                }
            }
        }
        let key_columns = match keys {
            Some(keys) => self.tombstone(keys, &mut Vec::new())?,
            None => Vec::new(),
        };
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(key_column) = key_columns.iter().find(|(name, _)| *name == column.name) {
                row.push(key_column.clone());
                continue;
            }
            match values.remove(&index) {
                Some(json) => row.push((column.name.clone(), json)),
                None if column.key.is_some() => {
                    return Err(format!("key_not_filled: {}", column.name));
                }
                None => {}
            }
        }
        for (index, (name, attr)) in item.iter().enumerate() {
            rescue(&binding, &Place::default().member(index, name), attr, Reason::Unknown, entries);
        }
        Ok(row)
    }

    /// The key columns of a REMOVE.
    fn tombstone(
        &self,
        keys: &Item,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<(String, String)>, String> {
        let mut row = Vec::new();
        for column in &self.columns {
            let Some(key) = &column.key else { continue };
            let (place, attr) =
                find(keys, std::slice::from_ref(key)).ok_or("key_not_filled: absent")?;
            let attr =
                if column.protect == Protect::Sha256 { hashed(attr.clone()) } else { attr.clone() };
            let coercion =
                Coercion { schema: self, binding: &Binding::default(), unit: column.unit };
            let json =
                coercion.coerce(&column.ty, &attr, &place, entries).ok_or("key_not_filled")?;
            row.push((column.name.clone(), json));
        }
        Ok(row)
    }
}

/// §5: the entry is the highest attribute of which nothing is bound.
fn rescue(binding: &Binding, place: &Place, attr: &Attr, reason: Reason, entries: &mut Vec<Entry>) {
    let mut reason = reason;
    if let Some(names) = place.names() {
        if binding.bound.contains_key(&names) {
            return;
        }
        let lost = binding.lost.contains_key(&names);
        if lost {
            reason = Reason::Collision;
        }
        let counts = |(other, _): (&Vec<String>, &usize)| {
            other.len() > names.len() && other.starts_with(&names)
        };
        if let Attr::M(members) = attr
            && binding.bound.iter().chain(&binding.lost).any(counts)
        {
            for (index, (name, attr)) in members.iter().enumerate() {
                rescue(binding, &place.member(index, name), attr, reason, entries);
            }
            return;
        }
    }
    entry(entries, place, reason, attr);
}

/// §3: lower-case hex of the text that the string column would hold; NULL stays NULL.
fn hashed(attr: Attr) -> Attr {
    match text_of(&attr) {
        None => attr,
        Some(text) => {
            let bytes = Sha256::digest(text.as_bytes());
            Attr::S(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
        }
    }
}

fn find<'a>(item: &'a Item, path: &[String]) -> Option<(Place, &'a Attr)> {
    let mut place = Place::default();
    let mut members = item;
    for (depth, name) in path.iter().enumerate() {
        let index = members.iter().position(|(other, _)| other == name)?;
        place = place.member(index, name);
        match &members[index].1 {
            attr if depth + 1 == path.len() => return Some((place, attr)),
            Attr::M(inner) => members = inner,
            _ => return None,
        }
    }
    None
}

/// The smallest wins: an exact raw name, then the byte order of the names joined, then of the list
/// of names.
fn preference(names: &[String], column: &str) -> (bool, String, Vec<String>) {
    let joined = names.join("_");
    (joined != column, joined, names.to_vec())
}

fn joined_normalised(names: &[String]) -> String {
    names.iter().map(|name| normalise(name)).collect::<Vec<_>>().join("_")
}

/// §3 "Normalised names".
pub(crate) fn normalise(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let mut split = String::new();
    for (i, &c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            let before = chars[i - 1];
            let lower_after = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
            if before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && lower_after)
            {
                split.push('_');
            }
        }
        let c = c.to_ascii_lowercase();
        split.push(if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' });
    }
    while split.contains("__") {
        split = split.replace("__", "_");
    }
    if split.is_empty() || split.starts_with(|c: char| c.is_ascii_digit()) {
        split.insert(0, '_');
    }
    split
}

fn known(json: &Json, names: &[&str], what: &str) -> Result<(), String> {
    let Json::Obj(members) = json else { return Err(format!("{what} is no object")) };
    match members.iter().find(|(name, _)| !names.contains(&&**name)) {
        Some((name, _)) => Err(format!("{what}: unknown member {name:?}")),
        None => Ok(()),
    }
}

fn required<'a>(json: &'a Json, name: &str, what: &str) -> Result<&'a Json, String> {
    json.member(name).ok_or_else(|| format!("{what}: {name} is missing"))
}

fn choice(json: &Json, name: &str, values: &[&str]) -> Result<Option<usize>, String> {
    let Some(value) = json.member(name) else { return Ok(None) };
    let index = value.str().and_then(|value| values.iter().position(|other| *other == value));
    index.map(Some).ok_or_else(|| format!("{name} must be one of {values:?}"))
}

/// §3: the lake table's name, given or derived, which Glue takes to 255 characters.
fn lake_name(json: &Json, table: &str) -> Result<(), String> {
    let name = match json.member("name") {
        None => {
            let kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let name: String = table
                .chars()
                .map(|c| c.to_ascii_lowercase())
                .map(|c| if kept(c) { c } else { '_' })
                .collect();
            let digit = name.starts_with(|c: char| c.is_ascii_digit());
            if digit { format!("_{name}") } else { name }
        }
        Some(name) => name.str().filter(|name| identifier(name)).ok_or("name")?.to_string(),
    };
    if name.chars().count() > 255 { Err("name is too long".into()) } else { Ok(()) }
}

/// §3 "Choosing rows".
fn read_choice(json: &Json) -> Result<Choice, String> {
    let wanted = match json.member("where") {
        None => None,
        Some(Json::Obj(members)) if !members.is_empty() => {
            let list = |(name, list): &(String, Json)| match list.strings() {
                Some(texts) if !texts.is_empty() && !name.is_empty() => Ok((name.clone(), texts)),
                _ => Err(format!("where: {name:?} needs a list of texts")),
            };
            Some(Where { members: members.iter().map(list).collect::<Result<_, String>>()? })
        }
        Some(_) => return Err("where is an object of lists of texts".into()),
    };
    let all = ["INSERT", "MODIFY", "REMOVE", "TTL"];
    let events = match json.member("events") {
        None => all.map(str::to_string).to_vec(),
        Some(list) => list
            .strings()
            .filter(|list| !list.is_empty() && list.iter().all(|event| all.contains(&&**event)))
            .ok_or("events is a list of INSERT, MODIFY, REMOVE, TTL")?,
    };
    let on_remove_item = choice(json, "on_remove", &["keys", "item"])? == Some(1);
    Ok(Choice { wanted, events, on_remove_item })
}

fn column(json: &Json) -> Result<Column, String> {
    let name = required(json, "name", "column")?.str().unwrap_or("").to_string();
    let fail = |why: &str| Err(format!("column {name}: {why}"));
    known(json, &["name", "type", "path", "comment", "unit", "protect"], &name)?;
    if !identifier(&name) {
        return fail("a name matches [a-z_][a-z0-9_]*");
    }
    if METADATA.contains(&&*name) {
        return fail("is a metadata column's name");
    }
    if ["_rescued_data", "_metadata", "__start_at", "__end_at"].contains(&&*name) {
        return fail("is a name that the lakehouse keeps for itself");
    }
    if name.len() > 255 {
        return fail("has a name that Glue does not take");
    }
    let ty = required(json, "type", &name)?.str().ok_or("type")?;
    if ty.chars().count() > 131_072 {
        return fail("has a type that Glue does not take");
    }
    let ty = parse_type(ty).map_err(|why| format!("column {name}: {why}"))?;
    let path = match json.member("path") {
        None => None,
        Some(path) => match path.strings() {
            Some(path) if !path.is_empty() => Some(path),
            _ => return fail("path is no list of names, or empty"),
        },
    };
    if let Some(comment) = json.member("comment") {
        let Some(comment) = comment.str() else { return fail("comment is no string") };
        let control = comment.chars().any(|c| c.is_control() && c != '\t');
        if control || comment.chars().count() > 255 {
            return fail("has a comment that Glue does not take");
        }
    }
    let unit = choice(json, "unit", &["ns", "us", "ms", "s"])?;
    if unit.is_some() && !matches!(ty, Type::Timestamp) {
        return fail("unit is for a timestamp");
    }
    let protect = match choice(json, "protect", &["sha256", "drop"])? {
        None => Protect::No,
        Some(0) => Protect::Sha256,
        Some(_) => Protect::Drop,
    };
    if protect == Protect::Sha256 && !matches!(ty, Type::Text) {
        return fail("sha256 is for a string");
    }
    Ok(Column { name, ty, path, unit: unit.map(|unit| unit as i128 * 3), protect, key: None })
}

/// `[a-z_][a-z0-9_]*`
fn identifier(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b == b'_';
    !name.is_empty()
        && letter(name.as_bytes()[0])
        && name.bytes().all(|b| letter(b) || b.is_ascii_digit())
}

/// §3: a Hive type, blanks and capitals allowed, nested to 32 containers.
fn parse_type(text: &str) -> Result<Type, String> {
    // Tokens: words, and the signs < > ( ) , :
    let mut tokens: Vec<String> = Vec::new();
    let mut glued = false;
    for c in text.chars() {
        match c {
            c if c.is_ascii_whitespace() => glued = false,
            '<' | '>' | '(' | ')' | ',' | ':' => {
                tokens.push(c.to_string());
                glued = false;
            }
            c if glued => tokens.last_mut().unwrap().push(c),
            c => {
                tokens.push(c.to_string());
                glued = true;
            }
        }
    }
    let mut tokens = tokens.into_iter().peekable();
    let ty = type_of(&mut tokens, 0)?;
    if tokens.next().is_some() {
        return Err(format!("type {text:?} has more behind it"));
    }
    Ok(ty)
}

type Tokens = std::iter::Peekable<std::vec::IntoIter<String>>;

fn sign(tokens: &mut Tokens, sign: &str) -> Result<(), String> {
    if tokens.next().as_deref() == Some(sign) { Ok(()) } else { Err(format!("{sign} expected")) }
}

fn type_of(tokens: &mut Tokens, depth: usize) -> Result<Type, String> {
    let word = tokens.next().unwrap_or_default().to_ascii_lowercase();
    let container = matches!(&*word, "array" | "map" | "struct");
    if container && depth == 32 {
        return Err("nested deeper than 32".into());
    }
    if container {
        sign(tokens, "<")?;
    }
    let ty = match &*word {
        "string" => Type::Text,
        "boolean" => Type::Boolean,
        "tinyint" => Type::Integer { bits: 8 },
        "smallint" => Type::Integer { bits: 16 },
        "int" => Type::Integer { bits: 32 },
        "bigint" => Type::Integer { bits: 64 },
        "float" => Type::Float,
        "double" => Type::Double,
        "date" => Type::Date,
        "timestamp" => Type::Timestamp,
        "decimal" if tokens.peek().map(String::as_str) != Some("(") => {
            Type::Decimal { precision: 10, scale: 0 }
        }
        "decimal" => {
            let mut number = |before| {
                sign(tokens, before)?;
                let text = tokens.next().unwrap_or_default();
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                text.parse::<usize>().ok().filter(|_| digits).ok_or("decimal(p,s)".to_string())
            };
            let (precision, scale) = (number("(")?, number(",")?);
            sign(tokens, ")")?;
            if !(1..=38).contains(&precision) || scale > precision {
                return Err("decimal(p,s) with 1 <= p <= 38 and s <= p".into());
            }
            Type::Decimal { precision, scale }
        }
        "array" => Type::Array(Box::new(type_of(tokens, depth + 1)?)),
        "map" => {
            if !tokens.next().is_some_and(|key| key.eq_ignore_ascii_case("string")) {
                return Err("a map's key is string".into());
            }
            sign(tokens, ",")?;
            Type::Map(Box::new(type_of(tokens, depth + 1)?))
        }
        "struct" => {
            let mut members: Vec<(String, Type)> = Vec::new();
            loop {
                let name = tokens.next().unwrap_or_default();
                if !identifier(&name) {
                    return Err("name of a struct member".into());
                }
                // §3: struct members that normalise alike are rejected.
                if members.iter().any(|(other, _)| normalise(other) == normalise(&name)) {
                    return Err(format!("struct member {name} twice"));
                }
                sign(tokens, ":")?;
                members.push((name, type_of(tokens, depth + 1)?));
                if tokens.peek().map(String::as_str) != Some(",") {
                    break;
                }
                tokens.next();
            }
            Type::Struct(members)
        }
        other => return Err(format!("type {other:?} is not supported")),
    };
    if container {
        sign(tokens, ">")?;
    }
    Ok(ty)
}

// --------------------------------------------------------------------------- without a schema (§3)

fn without_schema(item: &Item, entries: &mut Vec<Entry>) -> Vec<(String, String)> {
    // Everything that is no map, with the name it flattens to; empty maps vanish.
    fn leaves<'a>(item: &'a Item, above: &Place, list: &mut Vec<(Place, &'a Attr)>) {
        for (index, (name, attr)) in item.iter().enumerate() {
            let place = above.member(index, name);
            match attr {
                Attr::M(members) => leaves(members, &place, list),
                leaf => list.push((place, leaf)),
            }
        }
    }
    let mut list = Vec::new();
    leaves(item, &Place::default(), &mut list);
    let name_of = |place: &Place| joined_normalised(&place.names().unwrap());
    let mut best: HashMap<String, &Place> = HashMap::new();
    for (place, _) in &list {
        let name = name_of(place);
        let rank = |place: &Place| {
            let names = place.names().unwrap();
            (names.len(), preference(&names, &name))
        };
        let winner = best.entry(name.clone()).or_insert(place);
        if rank(place) < rank(winner) {
            *winner = place;
        }
    }
    let mut row = Vec::new();
    for (place, attr) in &list {
        let name = name_of(place);
        if METADATA.contains(&&*name) || best[&name].position != place.position {
            entry(entries, place, Reason::Collision, attr);
        } else if !matches!(attr, Attr::Null) {
            row.push((name, plain(attr)));
        }
    }
    row
}

// ----------------------------------------------------------------------------------- coercion (§4)

struct Coercion<'a> {
    schema: &'a Schema,
    binding: &'a Binding,
    unit: Option<i128>,
}

impl Coercion<'_> {
    /// The JSON of a value; nothing for NULL, and for what does not fit, which is rescued.
    fn coerce(
        &self,
        ty: &Type,
        attr: &Attr,
        place: &Place,
        entries: &mut Vec<Entry>,
    ) -> Option<String> {
        if let Attr::Null = attr {
            return None;
        }
        let result = match (ty, attr) {
            (Type::Array(ty), _) => match elements(attr) {
                None => Err(Reason::Type),
                Some(list) => {
                    let element = |(i, attr): (usize, &Attr)| {
                        self.coerce(ty, attr, &place.element(i), entries)
                    };
                    Ok(array(list.iter().enumerate().map(element).map(or_null)))
                }
            },
            (Type::Map(ty), Attr::M(members)) => {
                let member = |(i, (name, attr)): (usize, &(String, Attr))| {
                    (name.clone(), or_null(self.coerce(ty, attr, &place.member(i, name), entries)))
                };
                Ok(object(&members.iter().enumerate().map(member).collect::<Vec<_>>()))
            }
            (Type::Struct(declared), Attr::M(members)) => {
                Ok(self.structure(declared, members, place, entries))
            }
            (Type::Map(_) | Type::Struct(_), _) => Err(Reason::Type),
            (scalar, _) => self.scalar(scalar, attr),
        };
        match result {
            Ok(json) => Some(json),
            Err(reason) => {
                // §5: of a map that is partly bound, each part.
                let names = place.names();
                let inside = |(other, _): (&Vec<String>, &usize)| {
                    names.as_ref().is_some_and(|n| other.len() > n.len() && other.starts_with(n))
                };
                match attr {
                    Attr::M(members)
                        if self.binding.bound.iter().chain(&self.binding.lost).any(inside) =>
                    {
                        for (i, (name, attr)) in members.iter().enumerate() {
                            let place = place.member(i, name);
                            rescue(self.binding, &place, attr, reason, entries);
                        }
                    }
                    _ => entry(entries, place, reason, attr),
                }
                None
            }
        }
    }

    fn structure(
        &self,
        declared: &[(String, Type)],
        members: &Item,
        place: &Place,
        entries: &mut Vec<Entry>,
    ) -> String {
        let mut used: HashMap<usize, bool> = HashMap::new(); // index of the member -> it won
        let mut result = Vec::new();
        for (name, ty) in declared {
            // By raw name, else by normalised name, the first in byte order; the others lose.
            let meets = |(_, (raw, _)): &(usize, &(String, Attr))| {
                raw == name || normalise(raw) == normalise(name)
            };
            let mut meeting: Vec<(usize, &(String, Attr))> =
                members.iter().enumerate().filter(meets).collect();
            meeting.sort_by_key(|(_, (raw, _))| (raw != name, raw.clone()));
            for (rank, (index, (raw, attr))) in meeting.into_iter().enumerate() {
                used.insert(index, rank == 0);
                if rank == 0
                    && let Some(json) = self.coerce(ty, attr, &place.member(index, raw), entries)
                {
                    result.push((name.clone(), json));
                }
            }
        }
        for (index, (raw, attr)) in members.iter().enumerate() {
            let reason = match used.get(&index) {
                Some(true) => continue,
                Some(false) => Reason::Collision,
                None => Reason::Unknown,
            };
            // Not where a column with an explicit path took it.
            rescue(self.binding, &place.member(index, raw), attr, reason, entries);
        }
        object(&result)
    }

    fn scalar(&self, ty: &Type, attr: &Attr) -> Result<String, Reason> {
        let number_text = match attr {
            Attr::N(text) | Attr::S(text) => Some(text.as_str()),
            _ => None,
        };
        let number = || number_text.and_then(Dec::parse).ok_or(Reason::Type);
        match ty {
            Type::Text => Ok(quote(&text_of(attr).unwrap())),
            Type::Boolean => match attr {
                Attr::Bool(b) => Ok(b.to_string()),
                Attr::N(text) => match Dec::parse(text).and_then(|number| number.exact()) {
                    Some(0) => Ok("false".into()),
                    Some(1) => Ok("true".into()),
                    _ => Err(Reason::Type),
                },
                Attr::S(text) if text.eq_ignore_ascii_case("true") => Ok("true".into()),
                Attr::S(text) if text.eq_ignore_ascii_case("false") => Ok("false".into()),
                _ => Err(Reason::Type),
            },
            Type::Integer { bits } => {
                let number = number()?;
                let value = number.exact().ok_or(Reason::Range)?;
                let limit = 1i128 << (bits - 1);
                if (-limit..limit).contains(&value) {
                    Ok(value.to_string())
                } else {
                    Err(Reason::Range)
                }
            }
            Type::Decimal { precision, scale } => {
                let text = number()?.decimal(*precision, *scale).ok_or(Reason::Range)?;
                Ok(if self.schema.decimal_number { text } else { quote(&text) })
            }
            Type::Double => {
                number()?;
                let value: f64 = number_text.unwrap().parse().unwrap();
                let text = even(&format!("{value:e}"), BigDecimal::try_from(value).ok());
                float_text(value.is_finite(), value == 0.0, &text, 16, -5)
            }
            Type::Float => {
                number()?;
                let value: f32 = number_text.unwrap().parse().unwrap();
                let text = even(&format!("{value:e}"), BigDecimal::try_from(value).ok());
                float_text(value.is_finite(), value == 0.0, &text, 13, -6)
            }
            Type::Timestamp => {
                // The default is seconds.
                let epoch = |text: &str| {
                    let mut number = Dec::parse(text).ok_or(Reason::Type)?;
                    number.exponent += self.unit.unwrap_or(9);
                    number.exact().ok_or(Reason::Range)
                };
                let nanos = match attr {
                    Attr::S(text) if self.unit.is_some() && is_epoch_text(text) => epoch(text)?,
                    Attr::S(text) => timestamp(text)?,
                    Attr::N(text) => epoch(text)?,
                    _ => return Err(Reason::Type),
                };
                timestamp_text(nanos).map(|text| quote(&text))
            }
            Type::Date => match attr {
                Attr::S(text) => match civil_date(text) {
                    None => Err(Reason::Type),
                    Some(date) if date < jiff::civil::Date::constant(1582, 10, 15) => {
                        Err(Reason::Range)
                    }
                    Some(_) => Ok(quote(text)),
                },
                _ => Err(Reason::Type),
            },
            Type::Array(_) | Type::Map(_) | Type::Struct(_) => unreachable!(),
        }
    }
}

/// §4: a decimal number without exponent, with at least nine digits before the point.
fn is_epoch_text(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = unsigned.split('.').next().unwrap_or("");
    Dec::parse(text).is_some() && !text.contains(['e', 'E']) && whole.len() >= 9
}

fn or_null(json: Option<String>) -> String {
    json.unwrap_or_else(|| "null".into())
}

/// The elements of a list, or of a set in its given order.
fn elements(attr: &Attr) -> Option<Vec<Attr>> {
    match attr {
        Attr::L(list) => Some(list.clone()),
        Attr::Ss(list) => Some(list.iter().cloned().map(Attr::S).collect()),
        Attr::Ns(list) => Some(list.iter().cloned().map(Attr::N).collect()),
        Attr::Bs(list) => Some(list.iter().cloned().map(Attr::B).collect()),
        _ => None,
    }
}

/// Of two shortest texts that are equally near the one with the even digit: 128.140625, a float, is
/// 128.14062, where the standard library takes the greater one.
fn even(scientific: &str, exact: Option<BigDecimal>) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let mut other = mantissa.to_string();
    let last = other.pop().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    if let Some(exact) = exact.filter(|_| last % 2 == 1) {
        let other = format!("{other}{}e{exponent}", last - 1);
        let distance = |text: &str| (BigDecimal::from_str(text).unwrap() - &exact).abs();
        if distance(&other) == distance(scientific) {
            return other;
        }
    }
    scientific.to_string()
}

/// `scientific` is the shortest text that reads back (`1.5e-7`); the layout is ryu's.
fn float_text(
    finite: bool,
    zero: bool,
    scientific: &str,
    plain_digits: i32,
    smallest: i32,
) -> Result<String, Reason> {
    if !finite {
        return Err(Reason::Range);
    }
    let (minus, scientific) = match scientific.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", scientific),
    };
    if zero {
        return Ok(format!("{minus}0.0"));
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap();
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap();
    let length = digits.len() as i32;
    let point = exponent + 1; // digits before the point
    let text = if point >= length && point <= plain_digits {
        format!("{digits}{}.0", "0".repeat((point - length) as usize))
    } else if point > 0 && point <= plain_digits {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    } else if point > smallest && point <= 0 {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else {
        format!("{mantissa}e{exponent}")
    };
    Ok(format!("{minus}{text}"))
}

/// A decimal number (§4): the value is `digits` times ten to the power of `exponent`; zero has no
/// digits.
struct Dec {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl Dec {
    fn parse(text: &str) -> Option<Dec> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let exponent = match exponent {
            None => 0,
            Some(text) => {
                let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
                if unsigned.is_empty() || !all_digits(unsigned) {
                    return None;
                }
                // An exponent beyond 30 digits is as good as one of 30 digits.
                let size = unsigned.trim_start_matches('0');
                let size = if size.len() > 30 { 10i128.pow(30) } else { size.parse().unwrap_or(0) };
                if text.starts_with('-') { -size } else { size }
            }
        };
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0').to_string();
        let cut = all.len() - all.trim_end_matches('0').len();
        let exponent = exponent - fraction.len() as i128 + cut as i128;
        Some(Dec { negative, exponent: if digits.is_empty() { 0 } else { exponent }, digits })
    }

    fn same(&self, other: &Dec) -> bool {
        let zero = self.digits.is_empty();
        self.digits == other.digits
            && self.exponent == other.exponent
            && (zero || self.negative == other.negative)
    }

    /// The value cut to an integer; nothing beyond 38 digits.
    fn cut(&self) -> Option<i128> {
        let length = self.digits.len() as i128 + self.exponent; // of the integral part
        if length > 38 {
            return None;
        }
        let text = if length <= 0 {
            "0".to_string()
        } else if self.exponent >= 0 {
            format!("{}{}", self.digits, "0".repeat(self.exponent as usize))
        } else {
            self.digits[..length as usize].to_string()
        };
        let value: i128 = text.parse().unwrap();
        Some(if self.negative { -value } else { value })
    }

    /// The value if it is integral and of at most 38 digits.
    fn exact(&self) -> Option<i128> {
        // Trailing zeros are gone from the digits, so a negative exponent is a fraction.
        if self.exponent < 0 && !self.digits.is_empty() { None } else { self.cut() }
    }

    /// Plain notation if it fits decimal(precision, scale) exactly.
    fn decimal(&self, precision: usize, scale: usize) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".into());
        }
        let whole_length = self.digits.len() as i128 + self.exponent;
        if -self.exponent > scale as i128 || whole_length > (precision - scale) as i128 {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        let text = if self.exponent >= 0 {
            format!("{}{}", self.digits, "0".repeat(self.exponent as usize))
        } else if whole_length > 0 {
            format!(
                "{}.{}",
                &self.digits[..whole_length as usize],
                &self.digits[whole_length as usize..]
            )
        } else {
            format!("0.{}{}", "0".repeat(-whole_length as usize), self.digits)
        };
        Some(format!("{sign}{text}"))
    }
}

// --------------------------------------------------------------------------------------- time (§4)

struct Utc {
    year: i32,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
}

impl Utc {
    /// Far out values are clamped to years that are out of every range here.
    fn of(nanos: i128) -> Utc {
        let (low, high) =
            (jiff::Timestamp::MIN.as_nanosecond(), jiff::Timestamp::MAX.as_nanosecond());
        let timestamp = jiff::Timestamp::from_nanosecond(nanos.clamp(low, high)).unwrap();
        let at = jiff::tz::Offset::UTC.to_datetime(timestamp);
        Utc {
            year: at.year().into(),
            month: at.month(),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
            nanos: at.subsec_nanosecond(),
        }
    }

    fn text(&self, fraction_digits: usize) -> String {
        let Utc { year, month, day, hour, minute, second, nanos } = self;
        let fraction = match fraction_digits {
            0 => String::new(),
            count => format!(".{}", &format!("{nanos:09}")[..count]),
        };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }
}

fn timestamp_text(nanos: i128) -> Result<String, Reason> {
    let utc = Utc::of(nanos);
    if !(1678..=2261).contains(&utc.year) {
        return Err(Reason::Range);
    }
    let digits =
        [0, 3, 6, 9].into_iter().find(|&count| utc.nanos % 10i32.pow(9 - count) == 0).unwrap();
    Ok(utc.text(digits as usize))
}

/// Exactly `count` ASCII digits at the start of the text.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let head = text.get(..count)?;
    head.bytes().all(|b| b.is_ascii_digit()).then(|| (head.parse().unwrap(), &text[count..]))
}

/// `yyyy-MM-dd` that exists, at the start of the text.
fn date_at_start(text: &str) -> Option<(jiff::civil::Date, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?, rest))
}

fn civil_date(text: &str) -> Option<jiff::civil::Date> {
    date_at_start(text).filter(|(_, rest)| rest.is_empty()).map(|(date, _)| date)
}

/// Nanoseconds since 1970 of an ISO 8601 / RFC 3339 text.
fn timestamp(text: &str) -> Result<i128, Reason> {
    let (date, time) = date_at_start(text).ok_or(Reason::Type)?;
    let days =
        i128::from(date.duration_since(jiff::civil::Date::constant(1970, 1, 1)).as_secs() / 86_400);
    if time.is_empty() {
        return Ok(days * 86_400_000_000_000);
    }
    let (hour, minute, second, fraction, offset) = clock(time).ok_or(Reason::Type)?;
    // A leap second, or significant digits beyond nanoseconds.
    let fraction = fraction.trim_end_matches('0');
    if second == 60 || fraction.len() > 9 {
        return Err(Reason::Range);
    }
    let seconds = days * 86_400 + i128::from(hour * 3600 + minute * 60 + second - offset * 60);
    Ok(seconds * 1_000_000_000 + format!("{fraction:0<9}").parse::<i128>().unwrap())
}

/// Hours, minutes, seconds (to 60), digits of the fraction, offset in minutes.
fn clock(text: &str) -> Option<(i64, i64, i64, &str, i64)> {
    let (hour, rest) = digits(text.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (mut second, mut fraction) = (0, "");
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            (fraction, rest) = after.split_at(end);
            if fraction.is_empty() {
                return None;
            }
        }
    }
    let offset = match rest {
        "" | "Z" | "z" => 0,
        _ => {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            let (hours, rest) = digits(rest.strip_prefix(['+', '-'])?, 2)?;
            let (minutes, rest) = match rest.strip_prefix(':') {
                Some(rest) => digits(rest, 2)?,
                None if rest.is_empty() => (0, rest),
                None => digits(rest, 2)?,
            };
            if !rest.is_empty() || hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 60 + minutes)
        }
    };
    (hour < 24 && minute < 60 && second <= 60).then_some((hour, minute, second, fraction, offset))
}

// -------------------------------------------------------------------------------------------- JSON

/// JSON with numbers as they are written. Of members of one name the last counts, at the place of
/// the first.
#[derive(Debug)]
enum Json {
    Null,
    Bool(bool),
    Num(String),
    Str(String),
    Arr(Vec<Json>),
    Obj(Vec<(String, Json)>),
}

impl Json {
    /// One value with nothing but white space around it. No byte order mark, no lone surrogates.
    fn parse(text: &str) -> Result<Json, String> {
        let mut reader = Reader { text, at: 0 };
        let json = reader.value().ok_or_else(|| format!("no JSON at byte {}", reader.at))?;
        reader.space();
        if reader.at == text.len() { Ok(json) } else { Err("trailing bytes".into()) }
    }

    /// A member of an object, whatever it holds.
    fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Obj(members) => {
                members.iter().find(|(other, _)| other == name).map(|(_, json)| json)
            }
            _ => None,
        }
    }

    /// A member of an object; null counts as absent.
    fn get(&self, name: &str) -> Option<&Json> {
        self.member(name).filter(|json| !matches!(json, Json::Null))
    }

    fn str(&self) -> Option<&str> {
        match self {
            Json::Str(text) => Some(text),
            _ => None,
        }
    }

    fn strings(&self) -> Option<Vec<String>> {
        match self {
            Json::Arr(list) => list.iter().map(|json| json.str().map(str::to_string)).collect(),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, json: Json) -> Option<Json> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            json
        })
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.peek()? {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => self.string().map(Json::Str),
            b'[' => {
                let mut list = Vec::new();
                self.at += 1;
                self.space();
                if self.eat(b']') {
                    return Some(Json::Arr(list));
                }
                loop {
                    list.push(self.value()?);
                    self.space();
                    if self.eat(b']') {
                        return Some(Json::Arr(list));
                    }
                    self.eat(b',').then_some(())?;
                }
            }
            b'{' => {
                let mut members: Vec<(String, Json)> = Vec::new();
                self.at += 1;
                self.space();
                if self.eat(b'}') {
                    return Some(Json::Obj(members));
                }
                loop {
                    self.space();
                    let name = self.string()?;
                    self.space();
                    self.eat(b':').then_some(())?;
                    let value = self.value()?;
                    match members.iter_mut().find(|(other, _)| *other == name) {
                        Some(member) => member.1 = value,
                        None => members.push((name, value)),
                    }
                    self.space();
                    if self.eat(b'}') {
                        return Some(Json::Obj(members));
                    }
                    self.eat(b',').then_some(())?;
                }
            }
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(Json::Num(self.text[start..self.at].to_string()))
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<String> {
        self.eat(b'"').then_some(())?;
        let mut text = String::new();
        loop {
            let c = self.text[self.at..].chars().next()?;
            self.at += c.len_utf8();
            match c {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                c if c < ' ' => return None,
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            b'"' | b'\\' | b'/' => c as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                if (0xD800..0xDC00).contains(&unit) {
                    (self.eat(b'\\') && self.eat(b'u')).then_some(())?;
                    char::decode_utf16([unit, self.hex()?]).next()?.ok()?
                } else {
                    char::from_u32(unit.into())?
                }
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u16> {
        let text = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        text.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(text, 16).unwrap())
    }
}
