//! Without a schema the row is what a plain walk over `serde_dynamo`'s attribute values gives.
//!
//! `serde_dynamo` is an independent reader of DynamoDB JSON, stricter than the contract: records it
//! does not take (a B that is no base64, members beside the descriptor) and those nested deeper
//! than `serde_json` reads are passed over here. Its maps know no order, so objects are compared as
//! sets of members; `agreement` compares the order.

use crate::generate::{self, Case};
use crate::json::Json;
use crate::wire::{self, METADATA};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_dynamo::{AttributeValue, Item};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// Contract section 3, "Normalised names", as one would do it with regular expressions.
pub(crate) fn normalise(raw: &str) -> String {
    // ([A-Z])([A-Z][a-z]) and ([a-z0-9])([A-Z]) get a `_` between the groups.
    let chars: Vec<char> = raw.chars().collect();
    let mut text = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map_or(' ', |at| chars[at]);
        let after = chars.get(at + 1).copied().unwrap_or(' ');
        let splits = matches!(
            (before, c, after),
            ('A'..='Z', 'A'..='Z', 'a'..='z') | ('a'..='z' | '0'..='9', 'A'..='Z', _)
        );
        text += if splits { "_" } else { "" };
        text.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    // _+ becomes _, and a text that begins with a digit, or not at all, gets one.
    while text.contains("__") {
        text = text.replace("__", "_");
    }
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("_{text}");
    }
    text
}

/// A value in which members have no order.
#[derive(Debug, PartialEq)]
enum Plain {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Plain>),
    Members(BTreeMap<String, Plain>),
}

impl Plain {
    fn of_json(json: &Json) -> Plain {
        match json {
            Json::Null => Plain::Null,
            Json::Bool(value) => Plain::Bool(*value),
            Json::Number(text) => Plain::Number(text.clone()),
            Json::String(text) => Plain::Text(text.clone()),
            Json::Array(elements) => Plain::List(elements.iter().map(Plain::of_json).collect()),
            Json::Object(members) => {
                let members =
                    members.iter().map(|(name, json)| (name.clone(), Plain::of_json(json)));
                Plain::Members(members.collect())
            }
        }
    }

    /// "Numbers as they are written, all digits; binary as base64; sets as arrays" (section 2).
    fn of(value: &AttributeValue, double: bool) -> Plain {
        let number = |text: &String| match Json::parse(text) {
            Ok(Json::Number(same)) if same == *text => Plain::Number(same),
            _ => Plain::Text(text.clone()),
        };
        let binary = |bytes: &Vec<u8>| Plain::Text(STANDARD.encode(layer(bytes, double)));
        match value {
            AttributeValue::N(text) => number(text),
            AttributeValue::S(text) => Plain::Text(text.clone()),
            AttributeValue::Bool(value) => Plain::Bool(*value),
            AttributeValue::B(bytes) => binary(bytes),
            AttributeValue::Null(_) => Plain::Null,
            AttributeValue::M(members) => Plain::Members(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Plain::of(value, double)))
                    .collect(),
            ),
            AttributeValue::L(list) => {
                Plain::List(list.iter().map(|value| Plain::of(value, double)).collect())
            }
            AttributeValue::Ss(list) => {
                Plain::List(list.iter().cloned().map(Plain::Text).collect())
            }
            AttributeValue::Ns(list) => Plain::List(list.iter().map(number).collect()),
            AttributeValue::Bs(list) => Plain::List(list.iter().map(binary).collect()),
        }
    }
}

/// The bytes that a B stands for: one layer of base64 less where it is there twice.
fn layer(bytes: &[u8], double: bool) -> Vec<u8> {
    match STANDARD.decode(bytes) {
        Ok(inner) if double && STANDARD.encode(&inner).as_bytes() == bytes => inner,
        _ => bytes.to_vec(),
    }
}

fn layers(value: &AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::B(bytes) => AttributeValue::B(layer(bytes, true)),
        AttributeValue::Bs(list) => {
            AttributeValue::Bs(list.iter().map(|bytes| layer(bytes, true)).collect())
        }
        AttributeValue::L(list) => AttributeValue::L(list.iter().map(layers).collect()),
        AttributeValue::M(members) => AttributeValue::M(
            members.iter().map(|(name, value)| (name.clone(), layers(value))).collect(),
        ),
        other => other.clone(),
    }
}

/// The attributes that are no maps, with the names that lead to them.
fn leaves<'a>(
    members: &'a HashMap<String, AttributeValue>,
    above: &[&'a str],
    found: &mut Vec<(Vec<&'a str>, &'a AttributeValue)>,
) {
    for (name, value) in members {
        let names = [above, &[name.as_str()]].concat();
        match value {
            AttributeValue::M(inner) => leaves(inner, &names, found),
            leaf => found.push((names, leaf)),
        }
    }
}

/// The path of an entry of `_rescued` (section 5).
fn path(names: &[&str]) -> String {
    let mut path = String::new();
    for name in names {
        if name.is_empty() || name.contains(['.', '[', ']', '"']) {
            path.extend(["[", &serde_json::to_string(name).expect("a string"), "]"]);
        } else {
            path += if path.is_empty() { "" } else { "." };
            path += name;
        }
    }
    path
}

/// The image of an INSERT or MODIFY, and whether its binary values are encoded twice.
fn new_image(data: &[u8]) -> Option<(Item, bool)> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Record<'a> {
        table_name: Option<String>,
        #[serde(rename = "eventSourceARN")]
        event_source_arn: Option<String>,
        event_name: String,
        #[serde(borrow)]
        dynamodb: Images<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Images<'a> {
        #[serde(borrow, rename = "NewImage")]
        new: Option<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        dynamodb: Option<&'a RawValue>,
        #[serde(borrow)]
        detail: Option<&'a RawValue>,
    }
    // An event bridge delivers the record as its detail.
    let event: Event = serde_json::from_slice(data).ok()?;
    let detail = event.detail.filter(|_| event.dynamodb.is_none());
    let record: Record = match detail {
        Some(detail) => serde_json::from_str(detail.get()).ok()?,
        None => serde_json::from_slice(data).ok()?,
    };
    let image = record.dynamodb.new.filter(|_| record.event_name != "REMOVE")?;
    let item = serde_json::from_str(image.get()).ok()?;
    Some((item, record.table_name.is_some() || record.event_source_arn.is_none()))
}

fn walk(case: &Case) -> Result<(), TestCaseError> {
    for (data, answer) in wire::transform(case) {
        let (Some(row), Some((item, double))) = (answer.row, new_image(data)) else { continue };
        let mut found = Vec::new();
        leaves(item.inner(), &[], &mut found);
        // The first of a name has the column: the shallowest, the exact one, the first in byte
        // order.
        let column =
            |names: &[&str]| names.iter().map(|name| normalise(name)).collect::<Vec<_>>().join("_");
        found.sort_by_cached_key(|(names, _)| {
            let joined = names.join("_");
            (names.len(), joined != column(names), joined, names.clone())
        });
        let mut columns: BTreeMap<String, Plain> = BTreeMap::new();
        let mut collisions: BTreeMap<String, AttributeValue> = BTreeMap::new();
        for (names, value) in found {
            let name = column(&names);
            if METADATA.contains(&&*name) || columns.contains_key(&name) {
                let value = if double { layers(value) } else { value.clone() };
                collisions.insert(path(&names), value);
            } else {
                columns.insert(name, Plain::of(value, double));
            }
        }
        columns.retain(|_, value| *value != Plain::Null);

        let row = Json::parse(&row).expect("a row is JSON");
        let members = row.members().iter().filter(|(name, _)| !METADATA.contains(&&**name));
        let members: Vec<_> =
            members.map(|(name, json)| (name.clone(), Plain::of_json(json))).collect();
        prop_assert_eq!(members.len(), columns.len(), "no column comes twice: {:?}", members);
        prop_assert_eq!(members.into_iter().collect::<BTreeMap<_, _>>(), columns);

        let rescued = row.get("_rescued").and_then(Json::text).unwrap_or("{}");
        let rescued: BTreeMap<String, BTreeMap<String, &RawValue>> =
            serde_json::from_str(rescued).expect("_rescued is JSON");
        let mut entries = BTreeMap::new();
        for (path, entry) in rescued {
            prop_assert_eq!(entry["reason"].get(), r#""collision""#);
            let value: AttributeValue = serde_json::from_str(entry["value"].get())
                .expect("rescued values are DynamoDB JSON");
            entries.insert(path, value);
        }
        prop_assert_eq!(entries, collisions);
    }
    Ok(())
}

#[test]
fn names_are_normalised_as_the_contract_shows() {
    for (raw, normal) in [
        ("customerID", "customer_id"),
        ("HTTPCode", "http_code"),
        ("line1Address", "line1_address"),
        ("1st", "_1st"),
        ("", "_"),
        ("a..b", "a_b"),
        ("__A__", "_a_"),
    ] {
        assert_eq!(normalise(raw), normal, "{raw}");
        let mut out = Vec::new();
        dynalake::schema::normalise(raw.as_bytes(), &mut out);
        assert_eq!(out, normal.as_bytes(), "{raw}");
    }
}

proptest! {
    #![proptest_config(crate::config(10_000))]

    #[test]
    fn rows_without_a_schema_are_a_plain_walk(case in generate::case_without_schema()) {
        walk(&case)?;
    }

    #[test]
    fn names_are_normalised_alike(raw in "([a-zA-Z0-9_é.]|[A-Z]){0,12}") {
        let mut out = Vec::new();
        dynalake::schema::normalise(raw.as_bytes(), &mut out);
        prop_assert_eq!(String::from_utf8_lossy(&out), normalise(&raw));
    }
}
