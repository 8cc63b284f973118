//! Nothing is lost, and nothing is invented: every part of an item is in a column of its row or in
//! `_rescued`, and whatever is there was in the item.
//!
//! Raw names can't be told from a row (`customer_city` may have been `customerCity`), so the item
//! is not rebuilt but audited, in both directions:
//!
//! * each value of the row is traced to one attribute that its column may take, and compared as
//!   contract section 5 allows;
//! * each entry of `_rescued` is compared with the attribute at its path;
//! * then each attribute is looked up: rescued whole, or traced, or a NULL, or a map of which the
//!   same holds for each member.
//!
//! Protected attributes are hashed, or taken away, before all this, so that they are looked for,
//! and allowed, in no other form. What is *not* checked: which of several attributes wins a column
//! (that the others are rescued is), reasons, the order of columns (all of these are
//! `agreement`'s); and an attribute may be rescued although a column shows it, where two columns
//! are concerned with it: the one that its path claims it for, and one that takes a map around it.

use crate::coercion::{decimal, instant};
use crate::generate::{self, Case};
use crate::json::Json;
use crate::walk::normalise;
use crate::wire::{self, METADATA};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

type Check = Result<(), String>;

// -------------------------------------------------------------------------------------- attributes

/// An attribute value.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// S, N or B, and its text.
    Text(&'static str, String),
    Bool(bool),
    Null,
    M(Vec<(String, Node)>),
    L(Vec<Node>),
    /// SS, NS or BS.
    Set(&'static str, Vec<Node>),
    /// What `"protect": "drop"` leaves.
    Gone,
}

type Item = Vec<(String, Node)>;

impl Node {
    /// Reads DynamoDB JSON; `double` takes a layer of base64 off where there are two.
    fn read(json: &Json, double: bool) -> Node {
        let text = |descriptor, json: &Json| {
            let text = json.text().expect("a text").to_owned();
            Node::Text(descriptor, if descriptor == "B" && double { unwrapped(text) } else { text })
        };
        let texts = |descriptor, element, json: &Json| {
            Node::Set(descriptor, json.elements().iter().map(|json| text(element, json)).collect())
        };
        let found = json.members().iter().find_map(|(name, json)| {
            Some(match (&**name, json) {
                (_, Json::Null) => return None,
                ("S", _) => text("S", json),
                ("N", _) => text("N", json),
                ("B", _) => text("B", json),
                ("BOOL", _) => Node::Bool(*json == Json::Bool(true)),
                ("NULL", _) => Node::Null,
                ("M", _) => Node::M(item(json, double)),
                ("L", _) => {
                    Node::L(json.elements().iter().map(|json| Node::read(json, double)).collect())
                }
                ("SS", _) => texts("SS", "S", json),
                ("NS", _) => texts("NS", "N", json),
                ("BS", _) => texts("BS", "B", json),
                _ => return None,
            })
        });
        found.unwrap_or_else(|| panic!("accepted, but no attribute value: {json:?}"))
    }

    /// Plain JSON text (section 2).
    fn plain(&self) -> String {
        match self {
            Node::Text("N", text) => match Json::parse(text) {
                Ok(Json::Number(same)) if same == *text => same,
                _ => quoted(text),
            },
            Node::Text(_, text) => quoted(text),
            Node::Bool(value) => value.to_string(),
            Node::Null | Node::Gone => "null".to_owned(),
            Node::M(item) => plain_item(item),
            Node::L(list) | Node::Set(_, list) => {
                format!("[{}]", list.iter().map(Node::plain).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// What a string column holds.
    fn text(&self) -> String {
        match self {
            Node::Text(_, text) => text.clone(),
            other => other.plain(),
        }
    }

    /// Without what is gone.
    fn rest(&self) -> Node {
        match self {
            Node::M(item) => {
                let there = item.iter().filter(|(_, node)| *node != Node::Gone);
                Node::M(there.map(|(name, node)| (name.clone(), node.rest())).collect())
            }
            Node::L(list) => Node::L(list.iter().map(Node::rest).collect()),
            other => other.clone(),
        }
    }
}

fn item(json: &Json, double: bool) -> Item {
    let members = json.members().iter();
    members.map(|(name, json)| (name.clone(), Node::read(json, double))).collect()
}

fn plain_item(item: &Item) -> String {
    let there = item.iter().filter(|(_, node)| *node != Node::Gone);
    let members: Vec<String> =
        there.map(|(name, node)| format!("{}:{}", quoted(name), node.plain())).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

fn unwrapped(text: String) -> String {
    let inner = STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    inner.filter(|inner| STANDARD.decode(inner).is_ok()).unwrap_or(text)
}

fn find<'a>(item: &'a Item, names: &[String]) -> Option<&'a Node> {
    let (first, rest) = names.split_first()?;
    let (_, node) = item.iter().find(|(name, _)| name == first)?;
    match node {
        node if rest.is_empty() => Some(node),
        Node::M(inner) => find(inner, rest),
        _ => None,
    }
}

fn find_mut<'a>(item: &'a mut Item, names: &[String]) -> Option<&'a mut Node> {
    let (first, rest) = names.split_first()?;
    let (_, node) = item.iter_mut().find(|(name, _)| name == first)?;
    match node {
        node if rest.is_empty() => Some(node),
        Node::M(inner) => find_mut(inner, rest),
        _ => None,
    }
}

// ------------------------------------------------------------------------------------------- paths

/// The path of a member, as `_rescued` writes it (section 5).
fn member(path: &str, name: &str) -> String {
    if name.is_empty() || name.contains(['.', '[', ']', '"']) {
        return format!("{path}[{}]", quoted(name));
    }
    format!("{path}{}{name}", if path.is_empty() { "" } else { "." })
}

fn element(path: &str, at: usize) -> String {
    format!("{path}[{at}]")
}

fn path_of(names: &[String]) -> String {
    names.iter().fold(String::new(), |path, name| member(&path, name))
}

/// Every attribute and element with its path, in the order of the item.
fn places<'a>(node: &'a Node, path: &str, found: &mut Vec<(String, &'a Node)>) {
    found.push((path.to_owned(), node));
    match node {
        Node::M(item) => {
            for (name, node) in item {
                places(node, &member(path, name), found);
            }
        }
        Node::L(list) | Node::Set(_, list) => {
            for (at, node) in list.iter().enumerate() {
                places(node, &element(path, at), found);
            }
        }
        _ => {}
    }
}

// ------------------------------------------------------------------------------------------ schema

#[derive(Debug)]
enum Type {
    /// Any but those below, by its name.
    Scalar(String),
    Array(Box<Type>),
    Map(Box<Type>),
    Struct(Vec<(String, Type)>),
}

impl Type {
    fn read(text: &str) -> Type {
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let (ty, rest) = Type::first(&text);
        assert_eq!(rest, "", "behind the type {text}");
        ty
    }

    /// The type that a text begins with, and what is behind it.
    fn first(text: &str) -> (Type, &str) {
        let end = text.find(['<', '>', ',', '(']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        let name = name.to_ascii_lowercase();
        let ty = match &*name {
            "array" => {
                let (ty, after) = Type::first(&rest[1..]);
                rest = &after[1..];
                Type::Array(Box::new(ty))
            }
            "map" => {
                let (_, after) = Type::first(&rest[1..]);
                let (ty, after) = Type::first(&after[1..]);
                rest = &after[1..];
                Type::Map(Box::new(ty))
            }
            "struct" => {
                let mut fields = Vec::new();
                while !rest.starts_with('>') {
                    let (name, after) = rest[1..].split_once(':').expect("a member's type");
                    let (ty, after) = Type::first(after);
                    fields.push((name.to_owned(), ty));
                    rest = after;
                }
                rest = &rest[1..];
                Type::Struct(fields)
            }
            _ => {
                if rest.starts_with('(') {
                    rest = &rest[rest.find(')').expect("an end") + 1..];
                }
                Type::Scalar(name)
            }
        };
        (ty, rest)
    }
}

struct Column {
    name: String,
    ty: Type,
    unit: Option<String>,
    protect: Option<String>,
    /// The one attribute that it claims: its path, or the key that it takes.
    claim: Option<Vec<String>>,
    /// Whether it takes attributes by their normalised names.
    by_name: bool,
}

struct Schema {
    columns: Vec<Column>,
    binary: Option<String>,
    old_image: bool,
    /// `"on_remove": "item"`
    fills_removes: bool,
}

/// An attribute that a column may take.
struct Candidate {
    column: usize,
    names: Vec<String>,
    claimed: bool,
}

impl Schema {
    fn read(text: &str) -> Schema {
        let json = Json::parse(text).expect("a schema that was taken is JSON");
        let text = |json: &Json, name| json.get(name).and_then(Json::text).map(str::to_owned);
        let list = |json: &Json| -> Vec<String> {
            json.elements().iter().filter_map(Json::text).map(str::to_owned).collect()
        };
        let read_column = |json: &Json| Column {
            name: text(json, "name").expect("a name"),
            ty: Type::read(&text(json, "type").expect("a type")),
            unit: text(json, "unit"),
            protect: text(json, "protect"),
            claim: json.get("path").map(list),
            by_name: json.get("path").is_none(),
        };
        let columns = json.get("columns").expect("columns").elements();
        let mut columns: Vec<Column> = columns.iter().map(read_column).collect();
        for key in list(json.get("keys").expect("keys")) {
            let claim = Some(vec![key.clone()]);
            if columns.iter().all(|column| column.claim != claim) {
                let normal = normalise(&key);
                let named = |name: &str| {
                    let free = |c: &&Column| c.by_name && c.claim.is_none();
                    columns.iter().position(|column| free(&column) && column.name == *name)
                };
                let column = named(&key).or_else(|| named(&normal)).expect("a column for the key");
                columns[column].claim = claim;
            }
        }
        let old_image = json.get("old_image") == Some(&Json::Bool(true));
        let fills_removes = text(&json, "on_remove").as_deref() == Some("item");
        Schema { columns, binary: text(&json, "binary"), old_image, fills_removes }
    }

    /// Whether a row has anything of the old image.
    fn shows_old(&self, is_remove: bool) -> bool {
        self.old_image || (is_remove && self.fills_removes)
    }

    /// Section 3, "Binding attributes to columns", without who wins: the best first.
    fn candidates(&self, item: &Item) -> Vec<Candidate> {
        let mut found = Vec::new();
        self.collect(item, &[], true, &mut found);
        found.sort_by_cached_key(|candidate| {
            let joined = candidate.names.join("_");
            let exact = joined == self.columns[candidate.column].name;
            (!candidate.claimed, candidate.names.len(), !exact, joined, candidate.names.clone())
        });
        found
    }

    fn collect(&self, item: &Item, above: &[String], flattens: bool, found: &mut Vec<Candidate>) {
        for (name, node) in item {
            let names = [above, std::slice::from_ref(name)].concat();
            let normal: Vec<String> = names.iter().map(|name| normalise(name)).collect();
            let normal = normal.join("_");
            let claiming = self.columns.iter().position(|c| c.claim.as_ref() == Some(&names));
            let of_name =
                |name: &str| self.columns.iter().position(|c| c.by_name && c.name == name);
            // At the root the column of this very name comes first.
            let to_the_letter = || if above.is_empty() { of_name(name) } else { None };
            let by_name = || to_the_letter().or_else(|| of_name(&normal));
            let column = claiming.or_else(|| flattens.then(by_name).flatten());
            if let Node::M(inner) = node {
                // A map that a column takes is not flattened further, but paths lead into it.
                self.collect(inner, &names, flattens && column.is_none(), found);
            }
            if let Some(column) = column {
                found.push(Candidate { column, names, claimed: claiming.is_some() });
            }
        }
    }

    /// The item as it may be shown, the innermost protected first.
    fn protected(&self, mut item: Item) -> Item {
        let mut candidates = self.candidates(&item);
        candidates.sort_by_key(|candidate| usize::MAX - candidate.names.len());
        for Candidate { column, names, .. } in candidates {
            let Some(node) = find_mut(&mut item, &names) else { continue };
            match self.columns[column].protect.as_deref() {
                Some("sha256") if *node != Node::Null => {
                    let hash = Sha256::digest(node.text().as_bytes());
                    let mut text = String::new();
                    for byte in hash {
                        let _ = write!(text, "{byte:02x}");
                    }
                    *node = Node::Text("S", text);
                }
                Some("drop") => *node = Node::Gone,
                _ => {}
            }
        }
        item
    }
}

// ------------------------------------------------------------------------------------------- audit

/// What is known of one item and its row.
struct Audit {
    /// The paths in `_rescued`.
    rescued: HashSet<String>,
    /// The paths of attributes that a column was traced to.
    traced: HashSet<String>,
    /// Without a schema an empty map becomes nothing.
    schemaless: bool,
}

impl Audit {
    fn is_rescued(&self, path: &str) -> bool {
        self.rescued.contains(path)
    }

    /// Whether an attribute is anywhere.
    fn accounts_for(&self, node: &Node, path: &str) -> Check {
        if matches!(node, Node::Null | Node::Gone)
            || self.is_rescued(path)
            || self.traced.contains(path)
        {
            return Ok(());
        }
        match node {
            Node::M(item) if self.schemaless || !item.is_empty() => item
                .iter()
                .try_for_each(|(name, node)| self.accounts_for(node, &member(path, name))),
            _ => Err(format!("lost: {path:?}, {node:?}")),
        }
    }

    /// Whether a column's value is the attribute, all that is missing being rescued.
    fn holds(&self, ty: &Type, value: &Json, node: &Node, path: &str) -> Check {
        match (ty, value, node) {
            (Type::Array(ty), Json::Array(values), Node::L(list) | Node::Set(_, list))
                if values.len() == list.len() =>
            {
                values.iter().zip(list).enumerate().try_for_each(|(at, (value, node))| {
                    self.holds_or_null(ty, value, node, &element(path, at))
                })
            }
            (Type::Map(ty), Json::Object(values), Node::M(item)) => {
                let there = || item.iter().filter(|(_, node)| *node != Node::Gone);
                if !values.iter().map(|(name, _)| name).eq(there().map(|(name, _)| name)) {
                    return Err(format!("{path:?}: other members than {node:?}: {value:?}"));
                }
                values.iter().zip(there()).try_for_each(|((_, value), (name, node))| {
                    self.holds_or_null(ty, value, node, &member(path, name))
                })
            }
            (Type::Struct(fields), Json::Object(values), Node::M(item)) => {
                self.holds_members(fields, values, item, path)
            }
            (Type::Scalar(ty), value, node) if same(ty, value, node, None) => Ok(()),
            _ => Err(format!("{path:?}: {value:?} for {node:?} as {ty:?}")),
        }
    }

    fn holds_or_null(&self, ty: &Type, value: &Json, node: &Node, path: &str) -> Check {
        match (value, node) {
            (Json::Null, Node::Null) => Ok(()),
            (Json::Null, _) if self.accounts_for(node, path).is_ok() => Ok(()),
            (Json::Null, _) => Err(format!("{path:?} is null, but nowhere else: {node:?}")),
            _ => self.holds(ty, value, node, path),
        }
    }

    fn holds_members(
        &self,
        fields: &[(String, Type)],
        values: &[(String, Json)],
        item: &Item,
        path: &str,
    ) -> Check {
        let mut held = HashSet::new();
        for (at, (name, value)) in values.iter().enumerate() {
            if values[..at].iter().any(|(other, _)| other == name) {
                return Err(format!("{path:?}: {name} twice"));
            }
            let field = fields.iter().find(|(field, _)| field == name);
            let (_, ty) = field.ok_or_else(|| format!("{path:?}: undeclared {name}"))?;
            let mut meeting: Vec<&(String, Node)> =
                item.iter().filter(|(raw, _)| normalise(raw) == normalise(name)).collect();
            meeting.sort_by_key(|(raw, _)| (raw != name, raw));
            let holder = meeting
                .into_iter()
                .find(|(raw, node)| self.holds(ty, value, node, &member(path, raw)).is_ok());
            let (raw, _) = holder.ok_or_else(|| format!("{path:?}: invented {name}, {value:?}"))?;
            held.insert(raw);
        }
        let mut others = item.iter().filter(|(raw, _)| !held.contains(raw));
        others.try_for_each(|(raw, node)| self.accounts_for(node, &member(path, raw)))
    }
}

/// What a boolean column holds of an attribute.
fn truth(node: &Node) -> Option<bool> {
    match node {
        Node::Bool(value) => Some(*value),
        Node::Text("N", text) => {
            let number = decimal(text)?;
            [false, true].into_iter().find(|value| number == i32::from(*value))
        }
        Node::Text("S", text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// Whether a scalar is the attribute's value, whatever its form.
fn same(ty: &str, value: &Json, node: &Node, unit: Option<&str>) -> bool {
    let value = match value {
        Json::Bool(value) => return ty == "boolean" && truth(node) == Some(*value),
        Json::String(text) if !matches!(ty, "double" | "float") && !ty.ends_with("int") => text,
        Json::Number(text) if !matches!(ty, "string" | "date" | "timestamp") => text,
        _ => return false,
    };
    let number = || match node {
        Node::Text("S" | "N", text) => Some(text),
        _ => None,
    };
    match ty {
        "string" => !matches!(node, Node::Null | Node::Gone) && node.text() == *value,
        "date" => *node == Node::Text("S", value.clone()),
        "timestamp" => {
            let nanoseconds = match node {
                Node::Text("S", text) => instant(text).or_else(|| {
                    unit.is_some().then(|| crate::coercion::epoch(text, unit)).flatten()
                }),
                Node::Text("N", text) => crate::coercion::epoch(text, unit),
                _ => None,
            };
            nanoseconds.is_some() && instant(value) == nanoseconds
        }
        "double" => number().is_some_and(|text| {
            let original: Result<f64, _> = text.parse();
            original.is_ok() && original == value.parse()
        }),
        "float" => number().is_some_and(|text| {
            let original: Result<f32, _> = text.parse();
            original.is_ok() && original == value.parse()
        }),
        "tinyint" | "smallint" | "int" | "bigint" | "decimal" => number()
            .and_then(|text| decimal(text))
            .is_some_and(|original| Some(original) == decimal(value)),
        _ => false,
    }
}

/// Checks one row against the image that it was made of.
fn audit(schema: Option<&Schema>, original: &Item, row: &Json) -> Check {
    let item = match schema {
        Some(schema) => schema.protected(original.clone()),
        None => original.clone(),
    };
    let mut nodes = Vec::new();
    for (name, node) in &item {
        places(node, &member("", name), &mut nodes);
    }
    let nodes: HashMap<&str, (usize, &Node)> =
        nodes.iter().enumerate().map(|(at, (path, node))| (&**path, (at, *node))).collect();

    // What is rescued was there.
    let rescued = row.get("_rescued").map(|json| Json::parse(json.text().expect("a text")));
    let rescued = rescued.map(|json| json.expect("_rescued is JSON"));
    let entries = rescued.as_ref().map(Json::members).unwrap_or_default();
    let mut last = None;
    for (path, entry) in entries {
        let Some(&(at, node)) = nodes.get(&**path) else {
            return Err(format!("rescued, but not in the item: {path:?}"));
        };
        if last.replace(at).is_some_and(|last| last >= at) {
            return Err(format!("_rescued: {path:?} is not in the order of the item"));
        }
        let value = entry.get("value").ok_or("an entry without a value")?;
        if Node::read(value, false) != node.rest() {
            return Err(format!("rescued {path:?} as {value:?} instead of {node:?}"));
        }
    }
    let rescued = entries.iter().map(|(path, _)| path.clone()).collect();
    let mut audit = Audit { rescued, traced: HashSet::new(), schemaless: schema.is_none() };

    // What is in a column was there.
    let values: Vec<&(String, Json)> =
        row.members().iter().filter(|(name, _)| !METADATA.contains(&&**name)).collect();
    let names: HashSet<&String> = values.iter().map(|(name, _)| name).collect();
    if names.len() != values.len() {
        return Err("a column comes twice".to_owned());
    }
    match schema {
        Some(schema) => trace(schema, original, &item, &values, &mut audit)?,
        None => trace_flattened(&item, &values, &mut audit)?,
    }

    // What was there is somewhere.
    item.iter().try_for_each(|(name, node)| audit.accounts_for(node, &member("", name)))
}

/// Finds the attribute of each column.
fn trace(
    schema: &Schema,
    original: &Item,
    item: &Item,
    values: &[&(String, Json)],
    audit: &mut Audit,
) -> Check {
    let candidates = schema.candidates(original);
    let columns: HashMap<&str, usize> =
        schema.columns.iter().enumerate().map(|(at, column)| (&*column.name, at)).collect();
    // Outer structs ask whether a column of its own took a member, so that all columns are traced
    // by path first.
    for (name, _) in values {
        let column = *columns.get(&**name).ok_or_else(|| format!("no such column: {name}"))?;
        let claimed = candidates.iter().filter(|c| c.column == column && c.claimed);
        audit.traced.extend(claimed.map(|c| path_of(&c.names)));
    }
    for (name, value) in values {
        let at = columns[&**name];
        let column = &schema.columns[at];
        if column.protect.as_deref() == Some("drop") {
            return Err(format!("column {name} is to be dropped"));
        }
        let mut holder = Err("no attribute leads to it".to_owned());
        // What a claiming attribute has, no other may fill.
        let may_fill = |c: &&Candidate| c.column == at && (c.claimed || column.claim.is_none());
        for candidate in candidates.iter().filter(may_fill) {
            let path = path_of(&candidate.names);
            let Some(node) = find(item, &candidate.names) else { continue };
            // A map around a claimed attribute may have rejected it, in a column of its own.
            if audit.is_rescued(&path) && (!candidate.claimed || candidate.names.len() == 1) {
                continue;
            }
            let held = match &column.ty {
                Type::Scalar(ty) if same(ty, value, node, column.unit.as_deref()) => Ok(()),
                Type::Scalar(_) => Err(format!("{path:?} is {node:?}")),
                ty => audit.holds(ty, value, node, &path),
            };
            holder = held.map(|()| path);
            if holder.is_ok() {
                break;
            }
        }
        let path = holder.map_err(|reason| format!("column {name}, {value:?}: {reason}"))?;
        audit.traced.insert(path);
    }
    Ok(())
}

/// Finds the attribute of each column that was made without a schema.
fn trace_flattened(item: &Item, values: &[&(String, Json)], audit: &mut Audit) -> Check {
    fn leaves<'a>(
        item: &'a Item,
        (path, above): (&str, &str),
        found: &mut Vec<(String, String, &'a Node)>,
    ) {
        for (name, node) in item {
            let (path, normal) = (member(path, name), format!("{above}{}", normalise(name)));
            match node {
                Node::M(inner) => leaves(inner, (&path, &format!("{normal}_")), found),
                leaf => found.push((path, normal, leaf)),
            }
        }
    }
    let mut found = Vec::new();
    leaves(item, ("", ""), &mut found);
    for (name, value) in values {
        let holder = found.iter().find(|(path, normal, node)| {
            let plain = Json::parse(&node.plain()).expect("plain text is JSON");
            normal == name && plain == *value && !audit.is_rescued(path)
        });
        let (path, ..) = holder.ok_or_else(|| format!("invented: column {name}, {value:?}"))?;
        audit.traced.insert(path.clone());
    }
    Ok(())
}

/// A record as an event bridge, or a stream, delivers it.
struct Record {
    json: Json,
    double: bool,
}

impl Record {
    fn read(data: &[u8], schema: Option<&Schema>) -> Record {
        let json = Json::parse(std::str::from_utf8(data).expect("UTF-8")).expect("JSON");
        let there = |json: &Json, name| json.get(name).is_some_and(|json| *json != Json::Null);
        let json = match json.get("detail") {
            Some(detail) if !there(&json, "dynamodb") && there(detail, "dynamodb") => {
                detail.clone()
            }
            _ => json,
        };
        let double = match schema.and_then(|schema| schema.binary.as_deref()) {
            Some(stated) => stated == "double",
            None => there(&json, "tableName") || !there(&json, "eventSourceARN"),
        };
        Record { json, double }
    }

    /// One of its images, or its keys.
    fn image(&self, name: &str) -> Option<Item> {
        let image = self.json.get("dynamodb")?.get(name)?;
        (*image != Json::Null).then(|| item(image, self.double))
    }
}

fn is_remove(row: &Json) -> bool {
    row.get("_event_type").and_then(Json::text) == Some("REMOVE")
}

fn rebuilds(case: &Case) -> Result<(), TestCaseError> {
    let answers = wire::transform(case);
    let schema = case.schema.as_deref().filter(|_| !answers.is_empty()).map(Schema::read);
    for (data, answer) in answers {
        let Some(text) = answer.row else { continue };
        let record = Record::read(data, schema.as_ref());
        let row = Json::parse(&text).expect("a row is JSON");
        let is_remove = is_remove(&row);
        let shows_old = schema.as_ref().is_some_and(|schema| schema.shows_old(is_remove));
        // Where no row needs it, it may be malformed.
        let old = shows_old.then(|| record.image("OldImage")).flatten();
        let image = if is_remove {
            // What left is in the row where the schema asks for it. Its key is the record's.
            let fills = schema.as_ref().is_some_and(|schema| schema.fills_removes);
            old.clone().filter(|_| fills).map(|mut image| {
                let is_key = |name: &String| {
                    let claim = Some(vec![name.clone()]);
                    schema.iter().flat_map(|schema| &schema.columns).any(|c| c.claim == claim)
                };
                let there = |name: &String| find(&image, std::slice::from_ref(name)).is_some();
                let keys = record.image("Keys").expect("Keys").into_iter();
                let others: Vec<_> =
                    keys.filter(|(name, _)| is_key(name) && !there(name)).collect();
                image.extend(others);
                image
            })
        } else {
            record.image("NewImage")
        };
        match &image {
            Some(image) => audit(schema.as_ref(), image, &row)
                .map_err(|reason| TestCaseError::fail(format!("{reason}\nrow: {text}")))?,
            None if schema.is_some() => prop_assert_eq!(row.get("_rescued"), None),
            None => {}
        }
        let old = schema.as_ref().filter(|schema| schema.old_image).zip(old);
        let old = old.map(|(schema, old)| plain_item(&schema.protected(old)));
        prop_assert_eq!(row.get("_old").and_then(Json::text), old.as_deref());
    }
    Ok(())
}

// ----------------------------------------------------------------------------------------- secrets

/// What is put into every protected attribute.
pub(crate) const SECRET: &str = "a secret that no row shows";

/// The JSON of an image with the secret in each text of what its schema protects.
fn with_secrets(schema: &Schema, image: &Json, double: bool) -> Json {
    let candidates = schema.candidates(&item(image, double));
    let protected = candidates.iter().filter(|c| schema.columns[c.column].protect.is_some());
    let mut image = image.clone();
    for candidate in protected {
        let mut at = Some(&mut image);
        for (depth, name) in candidate.names.iter().enumerate() {
            let members = if depth == 0 { at } else { at.and_then(|json| json.get_mut("M")) };
            at = members.and_then(|json| json.get_mut(name));
        }
        if let Some(value) = at {
            put_secret(value);
        }
    }
    image
}

/// Puts the secret into each text of an attribute value.
fn put_secret(value: &mut Json) {
    let Json::Object(members) = value else { return };
    for (descriptor, value) in members {
        match (&**descriptor, value) {
            ("S", Json::String(text)) => SECRET.clone_into(text),
            ("SS", Json::Array(list)) => {
                for text in list {
                    *text = Json::String(SECRET.to_owned());
                }
            }
            ("L", Json::Array(list)) => list.iter_mut().for_each(put_secret),
            ("M", Json::Object(members)) => {
                for (_, value) in members {
                    put_secret(value);
                }
            }
            _ => {}
        }
    }
}

/// The case with secrets in what of its images `protecting` says that it protects.
pub(crate) fn secret_case(case: &Case, protecting: &str) -> Case {
    let mut case = case.clone();
    let schema = Schema::read(case.schema.as_deref().expect("a schema"));
    let protecting = Schema::read(protecting);
    let rows: Vec<Option<String>> =
        wire::transform(&case).into_iter().map(|(_, answer)| answer.row).collect();
    for ((data, _), row) in case.records.iter_mut().zip(rows) {
        // What gives no row may be malformed.
        let Some(row) = row else { continue };
        let is_remove = is_remove(&Json::parse(&row).expect("a row is JSON"));
        let mut record = Record::read(data, Some(&schema));
        let double = record.double;
        let dynamodb = record.json.get_mut("dynamodb").expect("dynamodb");
        for (name, shows) in [("NewImage", !is_remove), ("OldImage", schema.shows_old(is_remove))] {
            if let Some(image @ Json::Object(_)) = dynamodb.get_mut(name).filter(|_| shows) {
                *image = with_secrets(&protecting, image, double);
            }
        }
        *data = record.json.to_string().into_bytes();
    }
    case
}

/// Records with secrets in their images give rows without.
fn keeps_secrets(case: &Case) -> Result<usize, TestCaseError> {
    let Some(schema) = case.schema.as_deref().filter(|_| wire::transformer(case).is_some()) else {
        return Ok(0);
    };
    let case = secret_case(case, schema);
    let mut shown = 0;
    for (data, answer) in wire::transform(&case) {
        let has_secret = String::from_utf8_lossy(data).contains(SECRET);
        if let Some(row) = answer.row.filter(|_| has_secret) {
            prop_assert!(!row.contains(SECRET), "{}", row);
            shown += 1;
        }
    }
    Ok(shown)
}

proptest! {
    #![proptest_config(crate::config(20_000))]

    #[test]
    fn every_attribute_is_in_the_row_or_rescued(case in generate::case()) {
        rebuilds(&case)?;
    }

    #[test]
    fn what_is_protected_is_in_no_row(case in generate::case()) {
        keeps_secrets(&case)?;
    }
}

#[test]
fn cases_have_secrets() {
    let secrets: usize = generate::samples(&generate::case(), 2_000)
        .map(|case| keeps_secrets(&case).expect("no secret in any row"))
        .sum();
    assert!(secrets > 50, "{secrets} rows of records with secrets");
}
