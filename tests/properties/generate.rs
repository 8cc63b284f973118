//! Nasty but meaningful input for differential tests.
//!
//! A case is read off tapes of random numbers, one for the schema and one for each record: taking entries off a tape, or
//! making them smaller, makes the case simpler (choice 0 is the plainest everywhere), so proptest shrinks it well.

use std::fmt;
use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

pub(crate) struct Case {
    pub(crate) schema: Option<String>,
    pub(crate) tables: Option<String>,
    pub(crate) event_time: bool,
    /// Decoded data, and the Kinesis sequence number.
    pub(crate) records: Vec<(Vec<u8>, Option<String>)>,
}

impl Clone for Case {
    fn clone(&self) -> Case {
        Case {
            schema: self.schema.clone(),
            tables: self.tables.clone(),
            event_time: self.event_time,
            records: self.records.clone(),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".into());
        writeln!(f, "Case")?;
        writeln!(f, "  schema: {}", optional(&self.schema))?;
        writeln!(f, "  tables: {}, event_time: {}", optional(&self.tables), self.event_time)?;
        for (data, sequence) in &self.records {
            writeln!(
                f,
                "  record (sequence {}): {}",
                optional(sequence),
                String::from_utf8_lossy(data)
            )?;
        }
        Ok(())
    }
}

/// A schema (nearly always a valid one) and a few records that suit it.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    (tape(250), prop::collection::vec(tape(700), 1..4))
        .prop_map(|(schema, records)| build(schema, records))
}

/// A case without a schema.
pub(crate) fn case_without_schema() -> impl Strategy<Value = Case> {
    case().prop_map(|case| Case { schema: None, ..case })
}

fn build(schema: Vec<u32>, records: Vec<Vec<u32>>) -> Case {
    let mut tape = Tape::new(schema);
    let tables = tape.pick(&[
        None,
        None,
        None,
        None,
        Some("orders"),
        Some(" orders , other"),
        Some("other,orders"),
        Some("other, Orders,orders"),
        Some("orders"),
        Some("x,\torders\t,y"),
    ]);
    let event_time = tape.chance(30);
    let model = (!tape.chance(15)).then(|| Schema::random(&mut tape));
    let schema = model.as_ref().map(|model| model.text(&mut tape));
    let records =
        records.into_iter().map(|tape| record(&mut Tape::new(tape), model.as_ref())).collect();
    Case { schema, tables: tables.map(str::to_string), event_time, records }
}

// ------------------------------------------------------------------------------------------------------- the tape

struct Tape {
    entries: std::vec::IntoIter<u32>,
}

impl Tape {
    fn new(entries: Vec<u32>) -> Tape {
        Tape { entries: entries.into_iter() }
    }

    /// 0..n; 0 when the tape has run out.
    fn below(&mut self, n: usize) -> usize {
        // By magnitude, so that a smaller entry is an earlier choice.
        ((u64::from(self.entries.next().unwrap_or(0)) * n as u64) >> 32) as usize
    }

    /// True in so many of a hundred cases; false when the tape has run out.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Of the second list in one of ten cases.
    fn mostly<T: Clone>(&mut self, good: &[T], bad: &[T]) -> T {
        if self.chance(10) { self.pick(bad) } else { self.pick(good) }
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        // From one entry of the tape, the order given being the simplest.
        let mut seed = self.below(1 << 16) as u64;
        if seed >= 1 << 13 {
            for i in (1..list.len()).rev() {
                list.swap(i, next(&mut seed) as usize % (i + 1));
            }
        }
    }
}

fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

// ----------------------------------------------------------------------------------------------------------- JSON

#[derive(Clone, Debug)]
enum J {
    Raw(String),
    Str(String),
    Arr(Vec<J>),
    Obj(Vec<(String, J)>),
}

fn raw(text: &str) -> J {
    J::Raw(text.into())
}

fn string(text: &str) -> J {
    J::Str(text.into())
}

fn obj(members: Vec<(&str, J)>) -> J {
    J::Obj(members.into_iter().map(|(name, json)| (name.to_string(), json)).collect())
}

/// The text of a document, in one of several hands: plain, with white space, with needless escapes.
fn write(json: &J, tape: &mut Tape) -> String {
    let style = tape.below(8);
    let mut writer = Writer {
        seed: tape.below(1 << 30) as u64,
        spaces: matches!(style, 5 | 7),
        escapes: matches!(style, 6 | 7),
        text: String::new(),
    };
    writer.json(json);
    writer.space();
    writer.text
}

struct Writer {
    seed: u64,
    spaces: bool,
    escapes: bool,
    text: String,
}

impl Writer {
    fn space(&mut self) {
        while self.spaces && next(&mut self.seed).is_multiple_of(4) {
            self.text.push([' ', '\n', '\t', '\r'][next(&mut self.seed) as usize % 4]);
        }
    }

    fn json(&mut self, json: &J) {
        self.space();
        match json {
            J::Raw(raw) => self.text += raw,
            J::Str(text) => self.string(text),
            J::Arr(list) => {
                self.text.push('[');
                for (i, json) in list.iter().enumerate() {
                    self.text += if i > 0 { "," } else { "" };
                    self.json(json);
                    self.space();
                }
                self.space();
                self.text.push(']');
            }
            J::Obj(members) => {
                self.text.push('{');
                for (i, (name, json)) in members.iter().enumerate() {
                    self.text += if i > 0 { "," } else { "" };
                    self.space();
                    self.string(name);
                    self.space();
                    self.text.push(':');
                    self.json(json);
                    self.space();
                }
                self.space();
                self.text.push('}');
            }
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            let needless = self.escapes && next(&mut self.seed).is_multiple_of(4);
            match c {
                '"' => self.text += "\\\"",
                '\\' => self.text += "\\\\",
                '/' if needless => self.text += "\\/",
                '\n' if !needless => self.text += "\\n",
                '\t' if !needless => self.text += "\\t",
                '\u{8}' if !needless => self.text += "\\b",
                '\u{c}' if !needless => self.text += "\\f",
                '\r' if !needless => self.text += "\\r",
                c if needless || c < ' ' => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let written = if needless {
                            write!(self.text, "\\u{unit:04X}")
                        } else {
                            write!(self.text, "\\u{unit:04x}")
                        };
                        written.expect("a String takes every write");
                    }
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

// ---------------------------------------------------------------------------------------------------------- names

/// Raw attribute names: few, so that they meet often.
const NAMES: [&str; 46] = [
    "a",
    "b",
    "a_b",
    "aB",
    "A",
    "AB",
    "Ab",
    "B",
    "c",
    "A_B",
    "total",
    "Total",
    "customer",
    "Customer",
    "address",
    "city",
    "customer_address_city",
    "customerAddress",
    "tags",
    "email",
    "Email",
    "EMAIL",
    "e.mail",
    "email ",
    "ID",
    "Pk",
    "orderID",
    "order_id",
    "line1Address",
    "HTTPCode",
    "http_code",
    "1st",
    "_1st",
    "",
    "_",
    "_old",
    "_rescued",
    "_eventType",
    "x y",
    "x[0]",
    "q\"uote",
    "back\\slash",
    "日本",
    "é",
    "😀",
    "\u{1}\n\u{7f}",
];

/// Words that column names are made of.
const WORDS: [&str; 12] =
    ["a", "b", "c", "total", "customer", "address", "city", "tags", "email", "order", "x", "http"];

fn name(tape: &mut Tape) -> String {
    tape.pick(&NAMES).to_string()
}

fn pascal(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// A raw name that normalises to the column's name, more or less.
fn variant(words: &[String], tape: &mut Tape) -> String {
    match tape.below(12) {
        0..=3 => words.join("_"),
        4 | 5 => words[0].clone() + &words[1..].iter().map(|word| pascal(word)).collect::<String>(),
        6 => words.iter().map(|word| pascal(word)).collect(),
        7 => words.join("_").to_ascii_uppercase(),
        8 => words.join("-"),
        9 => words.join("."),
        10 => words.join(" "),
        _ => words.join("__"),
    }
}

/// A raw path that flattens to the column's name.
fn variant_path(column: &str, tape: &mut Tape) -> Vec<String> {
    let words: Vec<String> = column.split('_').map(str::to_string).collect();
    let mut path = Vec::new();
    let mut start = 0;
    for end in 1..=words.len() {
        if end == words.len() || tape.chance(40) {
            path.push(variant(&words[start..end], tape));
            start = end;
        }
    }
    path
}

// ---------------------------------------------------------------------------------------------------------- schema

#[derive(Clone, Debug)]
enum T {
    Text,
    Boolean,
    Integer(u32),
    Float,
    Double,
    Decimal(usize, usize),
    Date,
    Timestamp,
    Array(Box<T>),
    Map(Box<T>),
    Struct(Vec<(String, T)>),
}

impl T {
    fn random(tape: &mut Tape, depth: usize) -> T {
        match tape.below(if depth < 3 { 22 } else { 15 }) {
            0..=2 => T::Text,
            3 => T::Boolean,
            4..=6 => T::Integer(tape.pick(&[32, 8, 16, 64])),
            7 => T::Float,
            8 => T::Double,
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
                T::Decimal(p, s)
            }
            12 => T::Date,
            13 | 14 => T::Timestamp,
            15..=17 => T::Array(Box::new(T::random(tape, depth + 1))),
            18 | 19 => T::Map(Box::new(T::random(tape, depth + 1))),
            _ => {
                let mut members: Vec<(String, T)> = Vec::new();
                for _ in 0..=tape.below(3) {
                    let name =
                        tape.pick(&["a", "b", "a_b", "total", "email", "_1st", "_"]).to_string();
                    if members.iter().all(|(other, _)| *other != name) {
                        members.push((name, T::random(tape, depth + 1)));
                    }
                }
                T::Struct(members)
            }
        }
    }

    fn text(&self) -> String {
        match self {
            T::Text => "string".into(),
            T::Boolean => "boolean".into(),
            T::Integer(8) => "tinyint".into(),
            T::Integer(16) => "smallint".into(),
            T::Integer(32) => "int".into(),
            T::Integer(_) => "bigint".into(),
            T::Float => "float".into(),
            T::Double => "double".into(),
            T::Decimal(10, 0) => "decimal".into(),
            T::Decimal(p, s) => format!("decimal({p},{s})"),
            T::Date => "date".into(),
            T::Timestamp => "timestamp".into(),
            T::Array(ty) => format!("array<{}>", ty.text()),
            T::Map(ty) => format!("map<string,{}>", ty.text()),
            T::Struct(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, ty)| format!("{name}:{}", ty.text())).collect();
                format!("struct<{}>", members.join(","))
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    ty: T,
    path: Option<Vec<String>>,
    unit: Option<&'static str>,
    protect: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Schema {
    keys: Vec<String>,
    old_image: bool,
    binary: Option<&'static str>,
    decimal_as: Option<&'static str>,
    columns: Vec<Column>,
}

impl Schema {
    fn random(tape: &mut Tape) -> Schema {
        let mut schema = Schema {
            keys: tape
                .pick(&[
                    vec!["pk"],
                    vec!["id"],
                    vec!["orderId"],
                    vec!["Id", "sk"],
                    vec!["orderId", "HTTPCode"],
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
                other => other,
            };
            let explicit = tape.chance(50);
            let ty = tape.pick(&[
                T::Text,
                T::Text,
                T::Text,
                T::Integer(32),
                T::Decimal(38, 9),
                T::Timestamp,
                T::Double,
            ]);
            let protect = (matches!(ty, T::Text) && tape.chance(20)).then_some("sha256");
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
        schema
    }

    fn add(&mut self, tape: &mut Tape) {
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
        let ty = T::random(tape, 0);
        let protect = match tape.below(100) {
            0..80 => None,
            80..92 => Some("sha256"),
            _ => Some("drop"),
        };
        let ty = if protect == Some("sha256") { T::Text } else { ty };
        let unit = match &ty {
            T::Timestamp => tape.pick(&[None, None, Some("s"), Some("ms"), Some("us"), Some("ns")]),
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

    fn text(&self, tape: &mut Tape) -> String {
        let strings = |list: &[String]| J::Arr(list.iter().map(|text| string(text)).collect());
        let mut columns: Vec<J> = Vec::new();
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
            ("columns", J::Arr(columns)),
        ];
        if self.old_image || tape.chance(20) {
            members.push(("old_image", raw(if self.old_image { "true" } else { "false" })));
        }
        members.extend(self.binary.map(|binary| ("binary", string(binary))));
        members.extend(self.decimal_as.map(|decimal| ("decimal_as", string(decimal))));
        tape.shuffle(&mut members);
        if tape.chance(3) {
            spoil(&mut members, tape);
        }
        // The first byte is `{`.
        write(&obj(members), tape).trim_start().to_string()
    }
}

/// One of the things that section 3 refuses.
fn spoil(members: &mut Vec<(&str, J)>, tape: &mut Tape) {
    let column = |text: &str| {
        obj(text
            .split(',')
            .filter_map(|member| member.split_once('='))
            .map(|(k, v)| (k, string(v)))
            .collect())
    };
    let bad = match tape.below(15) {
        0 => column("name=zz,type=binary"),
        1 => column("name=zz,type=int,protct=drop"),
        2 => column("name=_event_id,type=string"),
        3 => column("name=zz,type=int,protect=sha256"),
        4 => column("name=zz,type=int,unit=s"),
        5 => column("name=Zz,type=int"),
        6 => column("name=zz"),
        7 => column("name=zz,type=struct<a_b:int;a__b:int>").replace_semicolons(),
        8 => column("name=zz,type=varchar(10)"),
        9 => column("name=zz,type=string,protect=hash"),
        10 => column("name=zz,type=timestamp,unit=minutes"),
        11 => column("name=zz,type=decimal(39;2)").replace_semicolons(),
        12 => obj(vec![("name", string("zz")), ("type", string("int")), ("path", J::Arr(vec![]))]),
        13 => return members.push(("colums", J::Arr(vec![]))),
        _ => return members.retain(|(name, _)| *name != "keys"),
    };
    for (name, json) in members {
        if let ("columns", J::Arr(list)) = (*name, json) {
            list.push(bad.clone());
        }
    }
}

impl J {
    fn replace_semicolons(self) -> J {
        match self {
            J::Str(text) => J::Str(text.replace(';', ",")),
            J::Obj(members) => {
                J::Obj(members.into_iter().map(|(k, v)| (k, v.replace_semicolons())).collect())
            }
            other => other,
        }
    }
}

// ------------------------------------------------------------------------------------------------ attribute values

#[derive(Clone, Debug)]
enum V {
    S(String),
    N(String),
    /// As it is written in the record.
    B(String),
    Bool(bool),
    Null,
    M(Vec<(String, V)>),
    L(Vec<V>),
    Ss(Vec<String>),
    Ns(Vec<String>),
    Bs(Vec<String>),
    /// A malformed attribute value, or one written oddly.
    Odd(J),
}

impl V {
    fn json(&self) -> J {
        let strings = |list: &[String]| J::Arr(list.iter().map(|text| string(text)).collect());
        let (descriptor, value) = match self {
            V::S(text) => ("S", string(text)),
            V::N(text) => ("N", string(text)),
            V::B(text) => ("B", string(text)),
            V::Bool(value) => ("BOOL", raw(if *value { "true" } else { "false" })),
            V::Null => ("NULL", raw("true")),
            V::M(item) => ("M", item_json(item)),
            V::L(list) => ("L", J::Arr(list.iter().map(V::json).collect())),
            V::Ss(list) => ("SS", strings(list)),
            V::Ns(list) => ("NS", strings(list)),
            V::Bs(list) => ("BS", strings(list)),
            V::Odd(json) => return json.clone(),
        };
        obj(vec![(descriptor, value)])
    }
}

fn item_json(item: &[(String, V)]) -> J {
    J::Obj(item.iter().map(|(name, value)| (name.clone(), value.json())).collect())
}

const TEXTS: [&str; 25] = [
    "x",
    "",
    "foo@example.com",
    "a/b",
    "tab\tnew\nline\r",
    "quote\"back\\slash",
    "\u{0}\u{1}\u{1f}\u{7f}",
    "ünïcödé",
    "日本語",
    "😀🇨🇭",
    "\u{2028}\u{2029}\u{feff}",
    "\u{8}\u{c}",
    "true",
    "null",
    "{}",
    "[1]",
    "YWJj",
    "12",
    "-0",
    "+5",
    "007",
    "1e3",
    "NaN",
    "2024-02-29",
    " 1",
];

/// Texts of numbers, no numbers, and nearly numbers.
const NUMBERS: [&str; 66] = [
    "1",
    "0",
    "12",
    "-7",
    "12.50",
    "0.1",
    "1.0",
    "12.0",
    "1E+3",
    "1e3",
    "1.5e1",
    "100",
    "-0",
    "+5",
    "007",
    "0.0",
    "-0.0",
    "0.10",
    "1e-2",
    "99.99",
    "100.00",
    "0.001",
    "123456789.123456789",
    "12345678901234567890123456789012345678",
    "-12345678901234567890123456789012345678",
    "99999999999999999999999999999999999999",
    "100000000000000000000000000000000000000",
    "0.12345678901234567890123456789012345678",
    "12345678901234567890123456789.123456789",
    "9.9999999999999999999999999999999999999E+125",
    "1E-130",
    "1e125",
    "1e999999999",
    "-1e999999999",
    "1e-999999999",
    "0e999999999",
    "0e-999999999",
    "1e99999999999999999999999999999999999999999",
    "5e-324",
    "1e308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e309",
    "3.4028235e38",
    "3.4028236e38",
    "1e39",
    "16777217",
    "9007199254740993",
    "1e15",
    "1e16",
    "1e21",
    "0.00001",
    "0.000001",
    "1e-7",
    "1e-45",
    "123456789012345680",
    "",
    ".5",
    "5.",
    "1e",
    "--1",
    "abc",
    "0x10",
    "NaN",
    "1_000",
    "١٢",
];

fn number(tape: &mut Tape, ty: Option<&T>) -> String {
    match (tape.below(10), ty) {
        // The ends of the integer types, and one beyond.
        (5..=8, Some(T::Integer(bits))) => {
            let limit = 1i128 << (bits - 1);
            let value = tape.pick(&[limit - 1, -limit, limit, -limit - 1, limit - 2, -limit + 1]);
            match tape.below(5) {
                0 | 1 => value.to_string(),
                2 => format!("{value}.0"),
                3 => format!("{value}0e-1"),
                _ => format!("{value}.5"),
            }
        }
        (5..=8, Some(T::Decimal(p, s))) => {
            // Digits that fill the type, or one too many.
            let whole = (p - s + tape.below(3)).saturating_sub(tape.below(3));
            let fraction = (s + tape.below(3)).saturating_sub(tape.below(3));
            let sign = tape.pick(&["", "-", "+", ""]);
            let whole = if whole == 0 {
                "0".into()
            } else {
                "9876543210".repeat(4 + whole / 10)[..whole].to_string()
            };
            let fraction = "1234567890".repeat(4 + fraction / 10)[..fraction].to_string();
            let tail = tape.pick(&["", "", "0", "000"]);
            if fraction.is_empty() {
                format!("{sign}{whole}{}", tape.pick(&["", "", ".0", "e0", "e1", "e-1"]))
            } else {
                format!("{sign}{whole}.{fraction}{tail}")
            }
        }
        (5..=8, Some(T::Timestamp)) => epoch(tape),
        (5, _) => format!("{}.{}", tape.below(1000), tape.below(100_000)),
        (6, _) => format!(
            "{}{}e{}",
            tape.pick(&["", "-"]),
            tape.below(100_000),
            tape.below(60) as i32 - 30
        ),
        (7, _) => f64::from_bits((tape.below(1 << 32) as u64) << 32 | tape.below(1 << 32) as u64)
            .to_string(),
        (0 | 1, _) => tape.below(200).to_string(),
        _ => tape.pick(&NUMBERS).to_string(),
    }
}

fn epoch(tape: &mut Tape) -> String {
    let base = tape.pick(&[
        "1720742302",
        "1720742302233",
        "1720742302233719",
        "1720742302233719123",
        "0",
        "-1",
        "-62135596800",
        "9214646399",
        "9214646400",
        "-9214560000",
        "-9214560001",
        "9214646399999",
        "9214646400000",
        "9214646399999999",
        "9214646399999999999",
        "9214646400000000000",
        "-9214560000000000000",
        "-9214560000000000001",
        "-9223372036854775808",
        "253402300800",
        "1e10",
        "17207423022e-1",
        "951782400",
    ]);
    let fraction = tape.pick(&[
        "",
        "",
        "",
        ".5",
        ".123",
        ".123456",
        ".123456789",
        ".1234567891",
        ".1234567890",
        ".000000001",
        ".0",
    ]);
    if base.contains('e') { base.to_string() } else { format!("{base}{fraction}") }
}

fn time_text(tape: &mut Tape) -> String {
    // Each part good as a rule, so that the whole often is.
    let date = tape.mostly(
        &[
            "2024-07-11",
            "2024-02-29",
            "1970-01-01",
            "2000-02-29",
            "1969-12-31",
            "1678-01-01",
            "2261-12-31",
            "2262-01-01",
            "1677-12-31",
        ],
        &[
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
            "2024-1-1",
            "20240101",
            "2024/01/01",
            "+2024-01-01",
            "9999-12-31",
            "0001-01-01",
            "24-01-01",
            "2024-07-1١",
            "2024-07-11 ",
        ],
    );
    if tape.chance(10) {
        return date.into();
    }
    let separator = tape.mostly(&["T", "T", " ", "t"], &["  ", "_", "", "\t"]);
    let clock = tape.mostly(
        &["12:30:45", "00:00:00", "23:59:59", "12:30"],
        &[
            "23:59:60", "12:30:60", "12:30:61", "25:00:00", "12:60:00", "1:30:45", "12", "123045",
            "12:30:", "12:3:45", "-1:30:00",
        ],
    );
    let fraction = match clock.matches(':').count() {
        2 => tape.mostly(
            &[
                "",
                "",
                ".5",
                ".123",
                ".120",
                ".000",
                ".123456",
                ".1234567",
                ".123456789",
                ".123456000",
                ".1234567890",
            ],
            &[".1234567891", ".0000000000000000000000", ".00000000000000000001", ".", ".1 "],
        ),
        _ => "",
    };
    let zone = tape.mostly(
        &[
            "Z", "", "z", "+00:00", "-00:00", "+02:00", "-0330", "+05", "+05:45", "-12:00",
            "+14:00", "+23:59", "-23:59", "-2359",
        ],
        &[
            "+2", "+5:30", "+02:0", "+02:60", "UTC", " Z", "Z ", "+", "+99:00", "-1234:5", "GMT",
            "Z+01", "+02:00Z", "−01:00",
        ],
    );
    if tape.chance(10) {
        return format!(
            "{date}T{}",
            tape.pick(&["24:00:00Z", "12:30:45,5Z", "12:30:00+24:00", "12:30.5Z"])
        );
    }
    format!("{date}{separator}{clock}{fraction}{zone}")
}

/// The text of a B: encoded once, or twice, or no base64 at all.
fn binary(tape: &mut Tape, double: bool) -> String {
    let bytes: &[u8] = tape.pick(&[
        &b"placeholder_bytes"[..],
        b"",
        b"\x00\xff\xfe",
        b"a",
        b"YWJj",
        b"abcd",
        b"1321",
        b"YQ==",
        b"{\"a\":1}",
    ]);
    let once = STANDARD.encode(bytes);
    match (tape.below(10), double) {
        (0..=6, true) | (7, false) => STANDARD.encode(once),
        (8, _) => tape.pick(&["not base64!", "YQ", "Y===", "é", "a b="]).to_string(),
        _ => once,
    }
}

/// Any attribute value.
fn anything(tape: &mut Tape, double: bool, depth: usize) -> V {
    match tape.below(if depth < 4 { 16 } else { 11 }) {
        0..=2 => V::S(tape.pick(&TEXTS).into()),
        3 | 4 => V::N(number(tape, None)),
        5 => V::Bool(tape.chance(50)),
        6 => V::Null,
        7 => V::B(binary(tape, double)),
        8 => V::Ss((0..=tape.below(3)).map(|_| tape.pick(&TEXTS).into()).collect()),
        9 => V::Ns((0..=tape.below(3)).map(|_| number(tape, None)).collect()),
        10 => V::Bs((0..=tape.below(3)).map(|_| binary(tape, double)).collect()),
        11 | 12 => V::L((0..tape.below(4)).map(|_| anything(tape, double, depth + 1)).collect()),
        _ => V::M(some_members(tape, double, depth)),
    }
}

fn some_members(tape: &mut Tape, double: bool, depth: usize) -> Vec<(String, V)> {
    let mut members = Vec::new();
    for _ in 0..tape.below(4) {
        let name = name(tape);
        let value = anything(tape, double, depth + 1);
        put(&mut members, name, value, tape);
    }
    members
}

/// A member more, unless the name is there.
fn put(members: &mut Vec<(String, V)>, name: String, value: V, tape: &mut Tape) {
    if members.iter().all(|(other, _)| *other != name) {
        let at = members.len() - tape.below(members.len() + 1);
        members.insert(at, (name, value));
    }
}

/// A value for a column of the type: mostly one that fits, often nearly.
fn fitting(ty: &T, tape: &mut Tape, double: bool, depth: usize) -> V {
    match tape.below(100) {
        94.. => return anything(tape, double, depth),
        91..94 => return V::Null,
        _ => {}
    }
    match ty {
        T::Text if tape.chance(20) => anything(tape, double, depth),
        T::Text => V::S(tape.pick(&TEXTS).into()),
        T::Boolean if tape.chance(10) => V::S("true".into()),
        T::Boolean => V::Bool(tape.chance(50)),
        T::Integer(_) | T::Float | T::Double | T::Decimal(..) => {
            let text = number(tape, Some(ty));
            if tape.chance(20) { V::S(text) } else { V::N(text) }
        }
        T::Timestamp if tape.chance(45) => V::N(number(tape, Some(ty))),
        T::Timestamp => V::S(time_text(tape)),
        T::Date => {
            let text = time_text(tape);
            V::S(if tape.chance(10) { text } else { text.chars().take(10).collect() })
        }
        T::Array(ty) => {
            let count = tape.below(4);
            match (&**ty, tape.below(6)) {
                (T::Text | T::Timestamp | T::Date, 5) => {
                    V::Ss((0..=count).map(|_| time_text(tape)).collect())
                }
                (T::Text | T::Double | T::Integer(_), 4) => {
                    V::Ns((0..=count).map(|_| number(tape, Some(ty))).collect())
                }
                (_, 3) if tape.chance(20) => {
                    V::Bs((0..=count).map(|_| binary(tape, double)).collect())
                }
                _ => V::L((0..count).map(|_| fitting(ty, tape, double, depth + 1)).collect()),
            }
        }
        T::Map(ty) => {
            let mut members = Vec::new();
            for _ in 0..tape.below(4) {
                let name = name(tape);
                let value = fitting(ty, tape, double, depth + 1);
                put(&mut members, name, value, tape);
            }
            V::M(members)
        }
        T::Struct(declared) => {
            let mut members = Vec::new();
            for (name, ty) in declared {
                let words: Vec<String> = name.split('_').map(str::to_string).collect();
                for _ in 0..=usize::from(tape.chance(12)) {
                    let plain = name.starts_with('_') || tape.chance(50);
                    let raw = if plain { name.clone() } else { variant(&words, tape) };
                    let value = fitting(ty, tape, double, depth + 1);
                    put(&mut members, raw, value, tape);
                }
            }
            if tape.chance(25) {
                let name = name(tape);
                let value = anything(tape, double, depth + 1);
                put(&mut members, name, value, tape);
            }
            V::M(members)
        }
    }
}

// ----------------------------------------------------------------------------------------------------------- items

/// Puts a value at a path, making the maps on the way.
fn put_at(item: &mut Vec<(String, V)>, path: &[String], value: V, tape: &mut Tape) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        return put(item, first.clone(), value, tape);
    }
    if item.iter().all(|(name, _)| name != first) {
        put(item, first.clone(), V::M(Vec::new()), tape);
    }
    if let Some((_, V::M(members))) = item.iter_mut().find(|(name, _)| name == first) {
        put_at(members, rest, value, tape);
    }
}

fn key_value(schema: &Schema, key: &str, tape: &mut Tape, double: bool) -> V {
    let explicit = schema
        .columns
        .iter()
        .find(|c| c.path.as_deref().is_some_and(|path| path == [key.to_string()]));
    let lower = key.to_ascii_lowercase();
    let by_name =
        || schema.columns.iter().find(|c| c.path.is_none() && c.name.replace('_', "") == lower);
    let Some(column) = explicit.or_else(by_name) else { return V::S("k".into()) };
    if tape.chance(4) {
        return fitting(&column.ty, tape, double, 3);
    }
    match column.ty {
        T::Integer(_) => V::N(tape.pick(&["1", "42", "-2147483648", "7.0"]).into()),
        T::Decimal(..) => V::N(tape.pick(&["1.50", "42", "123456789.123456789"]).into()),
        T::Timestamp if tape.chance(50) => V::N("1720742302.5".into()),
        T::Timestamp => V::S("2024-02-29T12:30:45+02:00".into()),
        T::Double => V::N(tape.pick(&["0.1", "100", "1.5"]).into()),
        _ if tape.chance(15) => V::B(binary(tape, double)),
        _ if tape.chance(15) => V::N("7.50".into()),
        _ => V::S(tape.pick(&["k1", "k 2", "😀", "a\"b"]).into()),
    }
}

type Item = Vec<(String, V)>;

/// The keys and the new image.
fn item(tape: &mut Tape, schema: Option<&Schema>, double: bool) -> (Item, Item) {
    let mut keys: Item = Vec::new();
    let mut item: Item = Vec::new();
    if let Some(schema) = schema {
        for key in &schema.keys {
            keys.push((key.clone(), key_value(schema, key, tape, double)));
        }
        item.extend(keys.clone());
        for column in &schema.columns {
            for round in 0..2 {
                if !tape.chance(if round == 0 { 80 } else { 20 }) {
                    continue;
                }
                let path = match &column.path {
                    Some(path) if !tape.chance(5) => path.clone(),
                    _ => variant_path(&column.name, tape),
                };
                // Now and then a map, or a list, of the value where the value itself is awaited.
                let mut value = fitting(&column.ty, tape, double, path.len());
                if tape.chance(5) {
                    value = V::M(vec![(tape.pick(&WORDS).into(), value)]);
                }
                put_at(&mut item, &path, value, tape);
            }
        }
    } else {
        keys.push(("id".into(), V::S("k1".into())));
        if tape.chance(30) {
            keys.push((tape.pick(&["sk", "Id", "_old"]).into(), V::N("1".into())));
        }
        item.extend(keys.clone());
    }
    for _ in 0..tape.below(if schema.is_some() { 4 } else { 9 }) {
        let name = name(tape);
        let value = anything(tape, double, 1);
        put(&mut item, name, value, tape);
    }
    if tape.chance(20) {
        tape.shuffle(&mut item);
    }
    (keys, item)
}

/// A malformed attribute value.
fn malformed(tape: &mut Tape) -> V {
    let text = tape.pick(&[
        r#"{"S":1}"#,
        r#"{"N":5}"#,
        "{}",
        "null",
        r#""text""#,
        r#"{"NULL":false}"#,
        r#"{"BOOL":"true"}"#,
        r#"{"X":"a"}"#,
        r#"{"S":"a","N":"1"}"#,
        r#"{"M":[]}"#,
        r#"{"L":{}}"#,
        r#"{"SS":"a"}"#,
        r#"{"NS":[1]}"#,
        r#"{"BS":[null]}"#,
        r#"{"S":null}"#,
        r#"{"M":{"a":null}}"#,
        r#"{"L":[null]}"#,
        "[]",
        r#"{"NULL":"true"}"#,
        r#"{"s":"a"}"#,
        r#"{"B":1}"#,
    ]);
    V::Odd(raw(text))
}

/// `levels` nested maps and lists.
fn deep(levels: usize, tape: &mut Tape) -> V {
    let mut value = if tape.chance(50) { V::S("x".into()) } else { V::L(Vec::new()) };
    let inner = usize::from(matches!(value, V::L(_)));
    let maps = tape.below(3);
    for level in inner..levels {
        value = match (maps, level % 2) {
            (0, _) | (2, 0) => V::L(vec![value]),
            _ => V::M(vec![("d".into(), value)]),
        };
    }
    value
}

// --------------------------------------------------------------------------------------------------------- records

// One list of all that a record can be, in order.
#[allow(clippy::too_many_lines)]
fn record(tape: &mut Tape, schema: Option<&Schema>) -> (Vec<u8>, Option<String>) {
    let streams = tape.chance(30);
    let double = match schema.and_then(|schema| schema.binary) {
        Some(binary) => binary == "double",
        None => !streams,
    };
    // 0: as it should be.
    let fault = if tape.chance(9) { 1 + tape.below(26) } else { 0 };
    let event = tape.pick(&["INSERT", "MODIFY", "MODIFY", "REMOVE", "INSERT"]);
    let (mut keys, mut new) = item(tape, schema, double);
    let mut old = match tape.below(4) {
        0 => new.clone(),
        1 | 2 => item(tape, schema, double).1,
        _ => Vec::new(),
    };
    if tape.chance(3) {
        // Not looked at without `old_image`.
        put(&mut old, "bad".into(), malformed(tape), tape);
    }
    if tape.chance(2) {
        let value = deep(tape.pick(&[32, 63, 64]), tape);
        put(&mut new, "deep".into(), value, tape);
    }
    if tape.chance(5) {
        let beside = r#"{"N":null,"S":"odd","unknown":[1]}"#;
        put(&mut new, tape.pick(&["c", "odd"]).into(), V::Odd(raw(beside)), tape);
    }
    match fault {
        1 | 2 => {
            let value = malformed(tape);
            put(&mut new, "bad".into(), value, tape);
        }
        3 => {
            let value = V::M(vec![("a".into(), V::L(vec![malformed(tape)]))]);
            put(&mut new, "bad".into(), value, tape);
        }
        4 => {
            let value = deep(65, tape);
            put(&mut new, "deep".into(), value, tape);
        }
        5 => keys.clear(),
        6 if !new.is_empty() => drop(new.remove(0)),
        7 => {
            let value = malformed(tape);
            if let Some(key) = keys.first_mut() {
                key.1 = value;
            }
        }
        _ => {}
    }
    if event == "REMOVE" && tape.chance(20) {
        put(&mut keys, "extra".into(), V::S("x".into()), tape);
    }

    let mut dynamodb: Vec<(&str, J)> = Vec::new();
    let (time, precision) = creation_time(tape, streams);
    if fault != 8 {
        dynamodb.push(("ApproximateCreationDateTime", raw(&time)));
    }
    if let Some(precision) = precision {
        dynamodb.push(("ApproximateCreationDateTimePrecision", precision));
    }
    if fault != 9 {
        dynamodb.push(("Keys", item_json(&keys)));
    }
    match (event, fault) {
        (_, 10) => {}
        (_, 11) => dynamodb
            .push(("NewImage", tape.pick(&[raw("null"), raw("[]"), raw("\"x\""), raw("5")]))),
        ("REMOVE", _) if !tape.chance(20) => {
            dynamodb.extend(tape.chance(20).then(|| ("NewImage", raw("null"))));
        }
        _ => dynamodb.push(("NewImage", item_json(&new))),
    }
    match event {
        "INSERT" => dynamodb.extend(tape.chance(20).then(|| ("OldImage", raw("null")))),
        _ => dynamodb.extend((!tape.chance(15)).then(|| ("OldImage", item_json(&old)))),
    }
    dynamodb.push(("SizeBytes", raw(if tape.chance(3) { "1e999" } else { "161" })));
    if streams {
        dynamodb.push(("StreamViewType", string("NEW_AND_OLD_IMAGES")));
        if !tape.chance(15) {
            let odd = [
                "1234567890123456789012345678901234567890123456789012345",
                "12x",
                "123456789012345678901234567890123456789012345678901234567",
                "",
            ];
            let number = if tape.chance(15) { tape.pick(&odd) } else { "111000000000012345678" };
            dynamodb.push(("SequenceNumber", string(number)));
        }
    }
    tape.shuffle(&mut dynamodb);

    let table =
        tape.pick(&["orders"; 14].into_iter().chain(["other", "Orders"]).collect::<Vec<_>>());
    let mut record: Vec<(&str, J)> = Vec::new();
    if streams {
        let arn = format!(
            "arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/2024-07-11T00:00:00.000"
        );
        record.push((
            "eventSourceARN",
            string(if fault == 12 { "arn:aws:kinesis:eu-central-1:1:stream/x" } else { &arn }),
        ));
        record.push(("eventVersion", string("1.1")));
        if tape.chance(10) {
            record.push(("tableName", raw("null")));
        }
    } else {
        match fault {
            12 => {}
            13 => record.push(("tableName", tape.pick(&[raw("null"), raw("5"), raw("{}")]))),
            _ => record.push(("tableName", string(table))),
        }
        record.push(("recordFormat", string("application/json")));
        if tape.chance(5) && !matches!(fault, 12 | 13) {
            record.push((
                "eventSourceARN",
                string("arn:aws:dynamodb:eu-central-1:1:table/wrong/stream/x"),
            ));
        } else if tape.chance(5) {
            record.push(("eventSourceARN", raw("null")));
        }
    }
    match fault {
        14 => {}
        15 => record.push((
            "eventName",
            tape.pick(&[string("insert"), string("UPDATE"), raw("null"), raw("1"), string("")]),
        )),
        _ => record.push(("eventName", string(event))),
    }
    match tape.below(8) {
        0..=5 => record.push((
            "eventID",
            string(tape.pick(&["24757579-ebfd-480a-956d-a1287d2ef707", "e\"1", "é"])),
        )),
        6 => record.push(("eventID", raw("null"))),
        _ => {}
    }
    let identity = |a: &'static str, b: &'static str, kind: &str, principal: &str| {
        obj(vec![(a, string(kind)), (b, string(principal))])
    };
    match tape.below(10) {
        0..=3 => record.push(("userIdentity", raw("null"))),
        4..=5 => record.push((
            "userIdentity",
            identity("type", "principalId", "Service", "dynamodb.amazonaws.com"),
        )),
        6 => record.push((
            "userIdentity",
            identity("PrincipalId", "Type", "dynamodb.amazonaws.com", "Service"),
        )),
        7 => record.push((
            "userIdentity",
            identity("type", "principalId", "Service", "replication.amazonaws.com"),
        )),
        8 => record.push((
            "userIdentity",
            identity("type", "principalId", "User", "dynamodb.amazonaws.com"),
        )),
        _ => {}
    }
    match fault {
        16 => {}
        17 => record.push(("dynamodb", tape.pick(&[raw("null"), raw("[]"), raw("\"x\"")]))),
        _ => record.push(("dynamodb", obj(dynamodb))),
    }
    record.push(("awsRegion", string("eu-central-1")));
    if tape.chance(15) {
        record.push((
            "unknown",
            raw(tape.pick(&[
                r#"{"a":[1,2.50,{}],"b":"\/"}"#,
                "[[[[[]]]]]",
                "-1.5E+7",
                r#""\ud83d\ude00""#,
            ])),
        ));
    }
    if fault == 18 {
        record.push((
            "unknown2",
            raw(tape.pick(&[r#""\ud800""#, r#""\udc00x""#, r#"{"\ud800\u0041":1}"#])),
        ));
    }
    if fault == 19 {
        record.push((
            "unknown3",
            raw(tape.pick(&[
                "01",
                "1.",
                "+1",
                "NaN",
                "'x'",
                "\"a\nb\"",
                "[1,]",
                "tru",
                r#""\x""#,
                r#""\u12""#,
            ])),
        ));
    }
    tape.shuffle(&mut record);

    let mut data = write(&obj(record), tape).into_bytes();
    match fault {
        20 => data = [&b"\xef\xbb\xbf"[..], &data].concat(),
        21 => data.extend(tape.pick(&[&b"x"[..], b"{}", b"\0", b",", b"}"])),
        22 => {
            let length = data.len();
            data.truncate(length - 1 - tape.below(length));
        }
        23 => {
            // Broken UTF-8 somewhere.
            let at = tape.below(data.len() + 1);
            data.insert(at, 0xff);
        }
        24 => {
            data = tape
                .pick(&[
                    &b""[..],
                    b"[]",
                    b"null",
                    b"5",
                    b"\"x\"",
                    b" ",
                    b"{}",
                    b"not JSON",
                    b"{\"a\":}",
                ])
                .to_vec();
        }
        25 => data = [b"[", &data[..], b"]"].concat(),
        26 => data = [b"[".repeat(5000), data].concat(),
        _ => {}
    }
    let sequence = match tape.below(10) {
        0..=5 => Some("49615332175504399275388999519764255559777264071916650498"),
        6 => Some("123"),
        7 => Some(tape.pick(&[
            "",
            "12a",
            "496153321755043992753889995197642555597772640719166504981",
            "-1",
            "٣",
        ])),
        _ => None,
    };
    (data, sequence.map(str::to_string))
}

/// The text of the number, and the precision.
fn creation_time(tape: &mut Tape, streams: bool) -> (String, Option<J>) {
    let micros = 1_720_742_302_233_719u64 - tape.below(1 << 31) as u64;
    let stated = |unit: &str| Some(string(unit));
    if tape.chance(12) {
        // The ends of the range and of the magnitudes; some are out of range, some no number.
        let text = tape.pick(&[
            "0",
            "99999999999",
            "100000000000",
            "99999999999999",
            "100000000000000",
            "9214646399",
            "9214646400",
            "9214646399999",
            "9214646400000",
            "9214646399999999",
            "9214646400000000",
            "-1",
            "1e999999999",
            "1E-5",
            "1.7207423022337199e9",
            "1720742302233719.999",
            "0.0000019",
            "99999999999.9",
            "\"1720742302\"",
            "null",
            "1720742302233.7191",
        ]);
        let precision = tape.pick(&["", "MILLISECOND", "MICROSECOND"]);
        return (text.into(), stated(precision).filter(|_| !precision.is_empty()));
    }
    match (streams, tape.below(6)) {
        (true, 0..=2) => ((micros / 1_000_000).to_string(), None),
        (true, 3) => (format!("{}.{}", micros / 1_000_000, micros % 1_000_000), None),
        (true, 4) => (
            format!("{}.{}E9", micros / 1_000_000_000_000_000, micros % 1_000_000_000_000_000),
            None,
        ),
        (_, 0) => (micros.to_string(), stated("MICROSECOND")),
        (_, 1) => ((micros / 1000).to_string(), stated("MILLISECOND")),
        (_, 2) => (micros.to_string(), None),
        (_, 3) => ((micros / 1000).to_string(), None),
        (_, 4) => ((micros / 1000).to_string(), Some(raw("null"))),
        _ => (format!("{micros}.0"), stated("MICROSECOND")),
    }
}
