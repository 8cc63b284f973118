//! Names of attributes, and of the columns that they meet in.

use super::Tape;

/// Raw attribute names: few, so that they meet often.
pub(super) const NAMES: [&str; 50] = [
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
    "__typename",
    "a__b",
    "_b",
    "__id",
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
pub(super) const WORDS: [&str; 12] =
    ["a", "b", "c", "total", "customer", "address", "city", "tags", "email", "order", "x", "http"];

pub(super) fn name(tape: &mut Tape) -> String {
    tape.pick(&NAMES).to_string()
}

pub(super) fn pascal(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// A raw name that normalises to the column's name, more or less.
pub(super) fn variant(words: &[String], tape: &mut Tape) -> String {
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
pub(super) fn variant_path(column: &str, tape: &mut Tape) -> Vec<String> {
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
