//! Attribute values, as they fit a type or nearly do.

use super::Tape;
use super::json::{Json, obj, raw, string};
use super::names::{name, variant};
use super::schema::Ty;
use base64::{Engine, engine::general_purpose::STANDARD};

#[derive(Clone, Debug)]
pub(super) enum Value {
    S(String),
    N(String),
    /// As it is written in the record.
    B(String),
    Bool(bool),
    Null,
    M(Vec<(String, Value)>),
    L(Vec<Value>),
    Ss(Vec<String>),
    Ns(Vec<String>),
    Bs(Vec<String>),
    /// A malformed attribute value, or one written oddly.
    Odd(Json),
}

impl Value {
    pub(super) fn json(&self) -> Json {
        let strings = |list: &[String]| Json::Arr(list.iter().map(|text| string(text)).collect());
        let (descriptor, value) = match self {
            Value::S(text) => ("S", string(text)),
            Value::N(text) => ("N", string(text)),
            Value::B(text) => ("B", string(text)),
            Value::Bool(value) => ("BOOL", raw(if *value { "true" } else { "false" })),
            Value::Null => ("NULL", raw("true")),
            Value::M(item) => ("M", item_json(item)),
            Value::L(list) => ("L", Json::Arr(list.iter().map(Value::json).collect())),
            Value::Ss(list) => ("SS", strings(list)),
            Value::Ns(list) => ("NS", strings(list)),
            Value::Bs(list) => ("BS", strings(list)),
            Value::Odd(json) => return json.clone(),
        };
        obj(vec![(descriptor, value)])
    }
}

pub(super) fn item_json(item: &[(String, Value)]) -> Json {
    Json::Obj(item.iter().map(|(name, value)| (name.clone(), value.json())).collect())
}

pub(super) const TEXTS: [&str; 25] = [
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
pub(super) const NUMBERS: [&str; 66] = [
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

pub(super) fn number(tape: &mut Tape, ty: Option<&Ty>) -> String {
    match (tape.below(10), ty) {
        // The ends of the integer types, and one beyond.
        (5..=8, Some(Ty::Integer(bits))) => {
            let limit = 1i128 << (bits - 1);
            let value = tape.pick(&[limit - 1, -limit, limit, -limit - 1, limit - 2, -limit + 1]);
            match tape.below(5) {
                0 | 1 => value.to_string(),
                2 => format!("{value}.0"),
                3 => format!("{value}0e-1"),
                _ => format!("{value}.5"),
            }
        }
        (5..=8, Some(Ty::Decimal(p, s))) => {
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
        (5..=8, Some(Ty::Timestamp)) => epoch(tape),
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

pub(super) fn epoch(tape: &mut Tape) -> String {
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
        "123456789",
        "12345678",
        "-12345678",
        "-123456789",
        "+1720742302",
        "000000001",
        "00000001",
        "20240711",
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

pub(super) fn time_text(tape: &mut Tape) -> String {
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
            "1582-10-15",
            "1582-10-14",
            "0001-01-01",
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
            "1582-10-10",
            "0000-01-01",
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
            "{date}Ty{}",
            tape.pick(&["24:00:00Z", "12:30:45,5Z", "12:30:00+24:00", "12:30.5Z"])
        );
    }
    format!("{date}{separator}{clock}{fraction}{zone}")
}

/// What object mappers write for booleans.
const BOOLEANS: [&str; 6] = ["true", "false", "TRUE", "False", "FALSE", "tRuE"];
const NO_BOOLEANS: [&str; 7] = ["yes", "1", "0", "", " true", "t", "tr\u{fc}e"];

/// The text of a B: encoded once, or twice, or no base64 at all.
pub(super) fn binary(tape: &mut Tape, double: bool) -> String {
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
pub(super) fn anything(tape: &mut Tape, double: bool, depth: usize) -> Value {
    match tape.below(if depth < 4 { 16 } else { 11 }) {
        0..=2 => Value::S(tape.pick(&TEXTS).into()),
        3 | 4 => Value::N(number(tape, None)),
        5 => Value::Bool(tape.chance(50)),
        6 => Value::Null,
        7 => Value::B(binary(tape, double)),
        8 => Value::Ss((0..=tape.below(3)).map(|_| tape.pick(&TEXTS).into()).collect()),
        9 => Value::Ns((0..=tape.below(3)).map(|_| number(tape, None)).collect()),
        10 => Value::Bs((0..=tape.below(3)).map(|_| binary(tape, double)).collect()),
        11 | 12 => {
            Value::L((0..tape.below(4)).map(|_| anything(tape, double, depth + 1)).collect())
        }
        _ => Value::M(some_members(tape, double, depth)),
    }
}

pub(super) fn some_members(tape: &mut Tape, double: bool, depth: usize) -> Vec<(String, Value)> {
    let mut members = Vec::new();
    for _ in 0..tape.below(4) {
        let name = name(tape);
        let value = anything(tape, double, depth + 1);
        put(&mut members, name, value, tape);
    }
    members
}

/// A member more, unless the name is there.
pub(super) fn put(members: &mut Vec<(String, Value)>, name: String, value: Value, tape: &mut Tape) {
    if members.iter().all(|(other, _)| *other != name) {
        let at = members.len() - tape.below(members.len() + 1);
        members.insert(at, (name, value));
    }
}

/// A value for a column of the type: mostly one that fits, often nearly.
pub(super) fn fitting(ty: &Ty, tape: &mut Tape, double: bool, depth: usize) -> Value {
    match tape.below(100) {
        94.. => return anything(tape, double, depth),
        91..94 => return Value::Null,
        _ => {}
    }
    match ty {
        Ty::Text if tape.chance(20) => anything(tape, double, depth),
        Ty::Text => Value::S(tape.pick(&TEXTS).into()),
        Ty::Boolean if tape.chance(20) => Value::S(tape.mostly(&BOOLEANS, &NO_BOOLEANS).into()),
        Ty::Boolean if tape.chance(20) => {
            let odd = ["2", "-1", "0.5", "1e999999999", "1e-999999999", "abc", "true"];
            let good = ["0", "1", "1.0", "-0", "0e5", "10e-1", "+1", "0e999999999", "0.1E1"];
            Value::N(tape.mostly(&good, &odd).into())
        }
        Ty::Boolean => Value::Bool(tape.chance(50)),
        Ty::Integer(_) | Ty::Float | Ty::Double | Ty::Decimal(..) => {
            let text = number(tape, Some(ty));
            if tape.chance(20) { Value::S(text) } else { Value::N(text) }
        }
        Ty::Timestamp if tape.chance(45) => Value::N(number(tape, Some(ty))),
        Ty::Timestamp if tape.chance(25) => Value::S(epoch(tape)),
        Ty::Timestamp => Value::S(time_text(tape)),
        Ty::Date => {
            let text = time_text(tape);
            Value::S(if tape.chance(10) { text } else { text.chars().take(10).collect() })
        }
        Ty::Array(ty) => {
            let count = tape.below(4);
            match (&**ty, tape.below(6)) {
                (Ty::Text | Ty::Timestamp | Ty::Date, 5) => {
                    Value::Ss((0..=count).map(|_| time_text(tape)).collect())
                }
                (Ty::Text | Ty::Double | Ty::Integer(_), 4) => {
                    Value::Ns((0..=count).map(|_| number(tape, Some(ty))).collect())
                }
                (_, 3) if tape.chance(20) => {
                    Value::Bs((0..=count).map(|_| binary(tape, double)).collect())
                }
                _ => Value::L((0..count).map(|_| fitting(ty, tape, double, depth + 1)).collect()),
            }
        }
        Ty::Map(ty) => {
            let mut members = Vec::new();
            for _ in 0..tape.below(4) {
                let name = name(tape);
                let value = fitting(ty, tape, double, depth + 1);
                put(&mut members, name, value, tape);
            }
            Value::M(members)
        }
        Ty::Struct(declared) => {
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
            Value::M(members)
        }
    }
}
