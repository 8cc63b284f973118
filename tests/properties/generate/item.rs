//! Items: attributes for the columns of a schema, and some that no column takes.

use super::Tape;
use super::names::{WORDS, name, variant_path};
use super::schema::{Schema, Ty};
use super::value::{Value, anything, binary, fitting, put};

/// Puts a value at a path, making the maps on the way.
pub(super) fn put_at(
    item: &mut Vec<(String, Value)>,
    path: &[String],
    value: Value,
    tape: &mut Tape,
) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        return put(item, first.clone(), value, tape);
    }
    if item.iter().all(|(name, _)| name != first) {
        put(item, first.clone(), Value::M(Vec::new()), tape);
    }
    if let Some((_, Value::M(members))) = item.iter_mut().find(|(name, _)| name == first) {
        put_at(members, rest, value, tape);
    }
}

pub(super) fn key_value(schema: &Schema, key: &str, tape: &mut Tape, double: bool) -> Value {
    let explicit = schema
        .columns
        .iter()
        .find(|c| c.path.as_deref().is_some_and(|path| path == [key.to_string()]));
    let lower = key.to_ascii_lowercase().replace('_', "");
    let by_name =
        || schema.columns.iter().find(|c| c.path.is_none() && c.name.replace('_', "") == lower);
    let Some(column) = explicit.or_else(by_name) else { return Value::S("k".into()) };
    if tape.chance(4) {
        return fitting(&column.ty, tape, double, 3);
    }
    match column.ty {
        Ty::Integer(_) => Value::N(tape.pick(&["1", "42", "-2147483648", "7.0"]).into()),
        Ty::Decimal(..) => Value::N(tape.pick(&["1.50", "42", "123456789.123456789"]).into()),
        Ty::Timestamp if tape.chance(50) => Value::N("1720742302.5".into()),
        Ty::Timestamp => Value::S("2024-02-29T12:30:45+02:00".into()),
        Ty::Double => Value::N(tape.pick(&["0.1", "100", "1.5"]).into()),
        _ if tape.chance(15) => Value::B(binary(tape, double)),
        _ if tape.chance(15) => Value::N("7.50".into()),
        _ => Value::S(tape.pick(&["k1", "k 2", "😀", "a\"b"]).into()),
    }
}

pub(super) type Item = Vec<(String, Value)>;

/// The key attributes of an item.
pub(super) fn keys_of(schema: Option<&Schema>, tape: &mut Tape, double: bool) -> Item {
    let mut keys = Item::new();
    if let Some(schema) = schema {
        for key in &schema.keys {
            keys.push((key.clone(), key_value(schema, key, tape, double)));
        }
    } else {
        keys.push(("id".into(), Value::S("k1".into())));
        if tape.chance(30) {
            keys.push((tape.pick(&["sk", "Id", "_old"]).into(), Value::N("1".into())));
        }
    }
    keys
}

/// An item with these keys.
pub(super) fn item(keys: &Item, schema: Option<&Schema>, tape: &mut Tape, double: bool) -> Item {
    let mut item: Item = keys.clone();
    if let Some(schema) = schema {
        for (name, texts) in schema.wanted.iter().flatten() {
            if tape.chance(90) {
                let value = wanted(texts, tape);
                put(&mut item, name.clone(), value, tape);
            }
        }
        for column in &schema.columns {
            for round in 0..2 {
                if !tape.chance(if round == 0 { 80 } else { 20 }) {
                    continue;
                }
                let path = match &column.path {
                    Some(path) if !tape.chance(5) => path.clone(),
                    None if tape.chance(25) => vec![column.name.clone()],
                    _ => variant_path(&column.name, tape),
                };
                // Now and then a map, or a list, of the value where the value itself is awaited.
                let mut value = fitting(&column.ty, tape, double, path.len());
                if tape.chance(5) {
                    value = Value::M(vec![(tape.pick(&WORDS).into(), value)]);
                }
                put_at(&mut item, &path, value, tape);
            }
        }
    }
    for _ in 0..tape.below(if schema.is_some() { 4 } else { 9 }) {
        let name = name(tape);
        let value = anything(tape, double, 1);
        put(&mut item, name, value, tape);
    }
    if tape.chance(20) {
        tape.shuffle(&mut item);
    }
    item
}

/// A value for an attribute of a `where`: one that holds, or one that nearly does.
pub(super) fn wanted(texts: &[String], tape: &mut Tape) -> Value {
    let text = tape.pick(texts);
    let start = text.strip_suffix('*').unwrap_or(&text).to_owned();
    match tape.below(10) {
        0..=2 => Value::S(format!("{start}{}", tape.pick(&["", "1", "*", "\u{e9}"]))),
        3 => Value::S(text),
        4 => Value::N(start),
        5 => {
            Value::N(tape.pick(&["42", "4.2E1", "42.0", "7", "1", "0", "-0.0", "1.5", "5"]).into())
        }
        6 => Value::S(tape.pick(&["other", "", "Order", "orders", "7", "ORDER"]).into()),
        7 => Value::S(start.chars().skip(1).collect()),
        8 => tape.pick(&[
            Value::Bool(true),
            Value::Null,
            Value::Ss(vec![start.clone()]),
            Value::B("b3JkZXI=".into()),
            Value::M(vec![("S".into(), Value::S(start.clone()))]),
        ]),
        _ => Value::S(start),
    }
}
