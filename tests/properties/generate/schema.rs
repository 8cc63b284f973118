//! Schemas: nearly always valid, and full of columns that meet.

use super::Tape;
use super::fault::spoil;
use super::json::{Json, obj, raw, string, write};
use super::names::{WORDS, name, pascal, variant_path};

#[derive(Clone, Debug)]
pub(super) enum Ty {
    Text,
    Boolean,
    Integer(u32),
    Float,
    Double,
    Decimal(usize, usize),
    Date,
    Timestamp,
    Array(Box<Ty>),
    Map(Box<Ty>),
    Struct(Vec<(String, Ty)>),
}

impl Ty {
    pub(super) fn random(tape: &mut Tape, depth: usize) -> Ty {
        match tape.below(if depth < 3 { 22 } else { 15 }) {
            0..=2 => Ty::Text,
            3 => Ty::Boolean,
            4..=6 => Ty::Integer(tape.pick(&[32, 8, 16, 64])),
            7 => Ty::Float,
            8 => Ty::Double,
            9..=11 => {
                let (p, s) = tape.pick(&[
                    (10, 0),
                    (38, 9),
                    (4, 2),
                    (1, 0),
                    (2, 2),
                    (38, 38),
                    (38, 0),
                    (18, 4),
                    (1, 1),
                ]);
                Ty::Decimal(p, s)
            }
            12 => Ty::Date,
            13 | 14 => Ty::Timestamp,
            15..=17 => Ty::Array(Box::new(Ty::random(tape, depth + 1))),
            18 | 19 => Ty::Map(Box::new(Ty::random(tape, depth + 1))),
            _ => {
                let mut members: Vec<(String, Ty)> = Vec::new();
                for _ in 0..=tape.below(3) {
                    let name =
                        tape.pick(&["a", "b", "a_b", "total", "email", "_1st", "_"]).to_string();
                    if members.iter().all(|(other, _)| *other != name) {
                        members.push((name, Ty::random(tape, depth + 1)));
                    }
                }
                Ty::Struct(members)
            }
        }
    }

    /// A type that it may have become: wider, narrower, another.
    fn changed(&self, tape: &mut Tape) -> Ty {
        match self {
            Ty::Integer(_) => tape.pick(&[
                Ty::Integer(64),
                Ty::Integer(8),
                Ty::Decimal(10, 0),
                Ty::Double,
                Ty::Text,
                Ty::Timestamp,
                Ty::Boolean,
            ]),
            Ty::Decimal(..) => tape.pick(&[
                Ty::Decimal(38, 9),
                Ty::Decimal(4, 2),
                Ty::Integer(64),
                Ty::Text,
                Ty::Double,
            ]),
            Ty::Float => tape.pick(&[Ty::Double, Ty::Text, Ty::Decimal(38, 9)]),
            Ty::Array(ty) if tape.chance(70) => Ty::Array(Box::new(ty.changed(tape))),
            Ty::Map(ty) if tape.chance(70) => Ty::Map(Box::new(ty.changed(tape))),
            Ty::Map(ty) if tape.chance(50) => {
                Ty::Struct(vec![("a".into(), *ty.clone()), ("email".into(), Ty::Text)])
            }
            Ty::Struct(members) if tape.chance(70) => {
                let mut members = members.clone();
                let at = tape.below(members.len());
                members[at].1 = members[at].1.changed(tape);
                if tape.chance(40) && members.len() > 1 {
                    members.remove(0);
                }
                if tape.chance(40) && members.iter().all(|(name, _)| name != "sku") {
                    members.push(("sku".into(), Ty::Text));
                }
                Ty::Struct(members)
            }
            Ty::Struct(members) if tape.chance(50) => Ty::Map(Box::new(members[0].1.clone())),
            Ty::Text | Ty::Timestamp | Ty::Date if tape.chance(50) => {
                tape.pick(&[Ty::Text, Ty::Timestamp, Ty::Date, Ty::Integer(64), Ty::Decimal(38, 9)])
            }
            _ => Ty::random(tape, 1),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Ty::Text => "string".into(),
            Ty::Boolean => "boolean".into(),
            Ty::Integer(8) => "tinyint".into(),
            Ty::Integer(16) => "smallint".into(),
            Ty::Integer(32) => "int".into(),
            Ty::Integer(_) => "bigint".into(),
            Ty::Float => "float".into(),
            Ty::Double => "double".into(),
            Ty::Decimal(10, 0) => "decimal".into(),
            Ty::Decimal(p, s) => format!("decimal({p},{s})"),
            Ty::Date => "date".into(),
            Ty::Timestamp => "timestamp".into(),
            Ty::Array(ty) => format!("array<{}>", ty.text()),
            Ty::Map(ty) => format!("map<string,{}>", ty.text()),
            Ty::Struct(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, ty)| format!("{name}:{}", ty.text())).collect();
                format!("struct<{}>", members.join(","))
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) path: Option<Vec<String>>,
    pub(super) unit: Option<&'static str>,
    pub(super) protect: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) name: Option<&'static str>,
    pub(super) wanted: Option<Where>,
    pub(super) events: Option<Vec<&'static str>>,
    pub(super) on_remove: Option<&'static str>,
    pub(super) keys: Vec<String>,
    pub(super) old_image: bool,
    pub(super) binary: Option<&'static str>,
    pub(super) decimal_as: Option<&'static str>,
    pub(super) columns: Vec<Column>,
}

impl Schema {
    pub(super) fn random(tape: &mut Tape) -> Schema {
        let mut schema = Schema {
            name: tape.pick(&[None, None, None, Some("orders_2024"), Some("_x")]),
            wanted: None,
            events: tape.chance(25).then(|| some_events(tape)),
            on_remove: tape.pick(&[None, None, None, Some("item"), Some("item"), Some("keys")]),
            keys: tape
                .pick(&[
                    vec!["pk"],
                    vec!["id"],
                    vec!["orderId"],
                    vec!["Id", "sk"],
                    vec!["orderId", "HTTPCode"],
                    vec!["__id", "sk"],
                ])
                .into_iter()
                .map(str::to_string)
                .collect(),
            old_image: tape.chance(50),
            binary: tape.pick(&[None, None, None, None, Some("single"), Some("double")]),
            decimal_as: tape.pick(&[None, None, Some("number"), Some("string")]),
            columns: Vec::new(),
        };
        for key in schema.keys.clone() {
            // The pool's keys normalise by hand.
            let normal = match &*key {
                "orderId" => "order_id",
                "Id" => "id",
                "HTTPCode" => "http_code",
                "__id" => tape.pick(&["__id", "_id"]),
                other => other,
            };
            let explicit = tape.chance(50);
            let ty = tape.pick(&[
                Ty::Text,
                Ty::Text,
                Ty::Text,
                Ty::Integer(32),
                Ty::Decimal(38, 9),
                Ty::Timestamp,
                Ty::Double,
            ]);
            let protect = (matches!(ty, Ty::Text) && tape.chance(20)).then_some("sha256");
            let name = if explicit && tape.chance(30) {
                format!("key_{normal}")
            } else {
                normal.to_string()
            };
            schema.columns.push(Column {
                name,
                ty,
                path: explicit.then(|| vec![key]),
                unit: None,
                protect,
            });
        }
        for _ in 0..tape.below(9) {
            schema.add(tape);
        }
        if tape.chance(50) {
            tape.shuffle(&mut schema.columns);
        }
        if tape.chance(45) {
            schema.wanted = Some(some_where(&schema, tape));
        }
        schema
    }

    pub(super) fn add(&mut self, tape: &mut Tape) {
        let (name, path) = match tape.below(10) {
            0..=2 => (tape.pick(&WORDS).to_string(), None),
            // A name that a path flattens to, often under another column's name.
            3..=5 => {
                let first = if tape.chance(40) && !self.columns.is_empty() {
                    tape.pick(&self.columns).name
                } else {
                    tape.pick(&WORDS).to_string()
                };
                let mut name = format!("{first}_{}", tape.pick(&WORDS));
                if tape.chance(20) {
                    name = format!("{name}_{}", tape.pick(&WORDS));
                }
                (name, None)
            }
            6 => (
                tape.pick(&[
                    "_1st",
                    "_",
                    "line1_address",
                    "http_code",
                    "key_id",
                    "a__b",
                    "__typename",
                    "a__typename",
                    "c___b",
                    "_b",
                    "_x",
                    "e_mail",
                    "x_y",
                ])
                .into(),
                None,
            ),
            // An explicit path: one name, some names, or into what another column takes.
            kind => {
                let mut path = match (kind, self.columns.is_empty()) {
                    (9, false) => {
                        let column = tape.pick(&self.columns);
                        column.path.clone().unwrap_or_else(|| variant_path(&column.name, tape))
                    }
                    _ => Vec::new(),
                };
                for _ in 0..=tape.below(if kind == 7 { 1 } else { 2 }) {
                    path.push(if tape.chance(50) {
                        name(tape)
                    } else {
                        tape.pick(&WORDS).to_string()
                    });
                }
                (format!("{}{}", tape.pick(&["p_", "", "q_"]), tape.pick(&WORDS)), Some(path))
            }
        };
        let ty = Ty::random(tape, 0);
        let protect = match tape.below(100) {
            0..80 => None,
            80..92 => Some("sha256"),
            _ => Some("drop"),
        };
        let ty = if protect == Some("sha256") { Ty::Text } else { ty };
        let unit = match &ty {
            Ty::Timestamp => {
                tape.pick(&[None, None, Some("s"), Some("ms"), Some("us"), Some("ns")])
            }
            _ => None,
        };
        let column = Column { name, ty, path, unit, protect };
        let clash = self.columns.iter().any(|other| {
            other.name == column.name || other.path.is_some() && other.path == column.path
        });
        // A key may be claimed once only.
        let of_key =
            self.keys.iter().any(|key| column.path.as_deref() == Some(std::slice::from_ref(key)));
        if !clash && !of_key {
            self.columns.push(column);
        }
    }

    /// What it is after some time.
    pub(super) fn changed(&self, tape: &mut Tape) -> Schema {
        let mut changed = self.clone();
        let columns = std::mem::take(&mut changed.columns);
        for mut column in columns {
            let is_key = self.keys.iter().any(|key| {
                column.path.as_deref() == Some(std::slice::from_ref(key))
                    || (column.path.is_none() && takes_key(&column.name, key))
            });
            if !is_key && tape.chance(15) {
                continue;
            }
            if tape.chance(35) {
                column.ty = column.ty.changed(tape);
                column.protect = column.protect.filter(|_| matches!(column.ty, Ty::Text));
                column.unit = column.unit.filter(|_| matches!(column.ty, Ty::Timestamp));
            }
            if tape.chance(10) && matches!(column.ty, Ty::Text) {
                column.protect = if column.protect.is_none() { Some("sha256") } else { None };
            }
            changed.columns.push(column);
        }
        for _ in 0..tape.below(3) {
            changed.add(tape);
        }
        tape.shuffle(&mut changed.columns);
        if tape.chance(30) {
            changed.decimal_as = tape.pick(&[None, Some("number")]);
        }
        changed
    }

    /// The same with more columns protected; no key.
    pub(super) fn protected(&self, tape: &mut Tape) -> Schema {
        let mut protected = self.clone();
        for column in &mut protected.columns {
            let is_key = self.keys.iter().any(|key| {
                column.path.as_deref() == Some(std::slice::from_ref(key))
                    || (column.path.is_none() && takes_key(&column.name, key))
            });
            if !is_key && tape.chance(50) {
                let is_text = matches!(column.ty, Ty::Text);
                column.protect = Some(if is_text && !tape.chance(20) { "sha256" } else { "drop" });
            }
        }
        protected
    }

    /// Its text.
    pub(super) fn text(&self, tape: &mut Tape) -> String {
        // The first byte is `{`.
        write(&obj(self.members(tape)), tape).trim_start().to_string()
    }

    /// Its text, now and then with a fault.
    pub(super) fn text_or_fault(&self, tape: &mut Tape) -> String {
        let mut members = self.members(tape);
        if tape.chance(5) {
            spoil(&mut members, tape);
        }
        write(&obj(members), tape).trim_start().to_string()
    }

    fn members(&self, tape: &mut Tape) -> Vec<(&'static str, Json)> {
        let strings = |list: &[String]| Json::Arr(list.iter().map(|text| string(text)).collect());
        let mut columns: Vec<Json> = Vec::new();
        let blanks = tape.chance(15);
        for column in &self.columns {
            let mut text = column.ty.text();
            if blanks {
                // Capitals and blanks, but the names of struct members as they are.
                for word in ["string", "array", "map", "struct", "int", "decimal"] {
                    text = text.replace(&format!("{word}<"), &format!(" {}  <", pascal(word)));
                    text = text
                        .replace(&format!("{word}("), &format!("{} (", word.to_ascii_uppercase()));
                    text = text
                        .replace(&format!("{word}>"), &format!("{}\t>", word.to_ascii_uppercase()));
                }
                text = text.replace(',', " , ").replace(':', ": ");
                text = format!(" {text} ");
            }
            let mut members = vec![("name", string(&column.name)), ("type", string(&text))];
            members.extend(column.path.as_ref().map(|path| ("path", strings(path))));
            members.extend(column.unit.map(|unit| ("unit", string(unit))));
            members.extend(column.protect.map(|protect| ("protect", string(protect))));
            if blanks {
                members.push(("comment", string("a \"comment\"")));
                members.reverse();
            }
            columns.push(obj(members));
        }
        let mut members = vec![
            ("table", string("orders")),
            ("keys", strings(&self.keys)),
            ("columns", Json::Arr(columns)),
        ];
        if self.old_image || tape.chance(20) {
            members.push(("old_image", raw(if self.old_image { "true" } else { "false" })));
        }
        members.extend(self.binary.map(|binary| ("binary", string(binary))));
        members.extend(self.decimal_as.map(|decimal| ("decimal_as", string(decimal))));
        members.extend(self.name.map(|name| ("name", string(name))));
        members.extend(self.wanted.as_ref().map(|wanted| {
            let lists = wanted.iter().map(|(name, texts)| (name.clone(), strings(texts)));
            ("where", Json::Obj(lists.collect()))
        }));
        members.extend(self.events.as_ref().map(|events| {
            ("events", Json::Arr(events.iter().map(|event| string(event)).collect()))
        }));
        members.extend(self.on_remove.map(|on_remove| ("on_remove", string(on_remove))));
        tape.shuffle(&mut members);
        members
    }
}

/// Whether a column without a path may take a key of the pool.
fn takes_key(column: &str, key: &str) -> bool {
    column == key
        || matches!(
            (key, column),
            ("orderId", "order_id") | ("Id", "id") | ("HTTPCode", "http_code") | ("__id", "_id")
        )
}

/// A `where`: root attributes by raw name, each with the texts that it may have.
pub(super) type Where = Vec<(String, Vec<String>)>;

/// Texts of a `where`: plain ones, prefixes, numbers.
pub(super) const WANTED: [&str; 20] = [
    "order",
    "*",
    "ORDER#*",
    "k1",
    "k*",
    "42",
    "1",
    "7.0",
    "7e0",
    "",
    "true",
    "x*",
    "-0",
    "a*b",
    "**",
    "1.50",
    "0.1e1",
    "\u{1f600}*",
    "invoice",
    "+5",
];

/// One or two attributes, keys among them, of one or a few texts.
pub(super) fn some_where(schema: &Schema, tape: &mut Tape) -> Where {
    let mut wanted = Where::new();
    for _ in 0..=tape.below(2) {
        let attribute = match tape.below(10) {
            0..=4 => "kind".to_owned(),
            5..=7 => tape.pick(&schema.keys),
            8 => tape.pick(&WORDS).to_owned(),
            _ => name(tape),
        };
        let texts = (0..=tape.below(3)).map(|_| tape.pick(&WANTED).to_owned()).collect();
        // An empty name is rejected: that is `spoil`'s.
        if !attribute.is_empty() && wanted.iter().all(|(other, _)| *other != attribute) {
            wanted.push((attribute, texts));
        }
    }
    if wanted.is_empty() {
        wanted.push(("kind".into(), vec!["*".into()]));
    }
    wanted
}

fn some_events(tape: &mut Tape) -> Vec<&'static str> {
    let all = ["INSERT", "MODIFY", "REMOVE", "TTL"];
    let mut events: Vec<_> = all.into_iter().filter(|_| !tape.chance(40)).collect();
    if events.is_empty() {
        events.push(tape.pick(&all));
    }
    tape.shuffle(&mut events);
    events
}
