//! JSON with all digits of its numbers, and with members in their order: `serde_json::Value`
//! rounds.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// One JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Json>),
    /// All members, also those of one name.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing but white space around it.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Json> {
        Json::of(serde_json::from_str(text)?)
    }

    fn of(raw: &RawValue) -> serde_json::Result<Json> {
        let text = raw.get();
        Ok(match text.as_bytes()[0] {
            b'n' => Json::Null,
            b't' | b'f' => Json::Bool(serde_json::from_str(text)?),
            b'"' => Json::String(serde_json::from_str(text)?),
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                Json::Array(elements.into_iter().map(Json::of).collect::<Result<_, _>>()?)
            }
            b'{' => {
                let members: Members = serde_json::from_str(text)?;
                let members = members.0.into_iter().map(|(name, raw)| Ok((name, Json::of(raw)?)));
                Json::Object(members.collect::<serde_json::Result<_>>()?)
            }
            _ => Json::Number(text.to_owned()),
        })
    }

    /// A member of an object; the last of those with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().rev().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        match self {
            Json::Object(members) => {
                members.iter_mut().rev().find(|(other, _)| other == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What a string holds.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object; of anything else none.
    pub(crate) fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; of anything else none.
    pub(crate) fn elements(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::to_string(text).expect("a string is JSON");
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::String(text) => f.write_str(&quoted(text)),
            Json::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(Json::to_string).collect();
                write!(f, "[{}]", elements.join(","))
            }
            Json::Object(members) => {
                let members = members.iter().map(|(name, json)| format!("{}:{json}", quoted(name)));
                write!(f, "{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// The members of an object in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
