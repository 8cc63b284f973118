//! JSON as a schema file holds it: members in order, duplicates included, and taken one by one.

use super::error::SchemaError;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// An object's members while they are being taken.
pub(super) struct Members {
    members: Vec<(String, Json)>,
}

impl Members {
    /// The members of an object, each of them known and declared once.
    pub(super) fn new(members: Vec<(String, Json)>, known: &[&str]) -> Result<Self, SchemaError> {
        for (at, (name, _)) in members.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let error = SchemaError::new(format!("unknown member \"{name}\""));
                return Err(error.fix(format!("the members are {}", known.join(", "))));
            }
            if members[..at].iter().any(|(earlier, _)| earlier == name) {
                let error = SchemaError::new(format!("\"{name}\" is declared twice"));
                return Err(error.fix("remove one"));
            }
        }
        Ok(Members { members })
    }

    /// The member's value, which is then gone.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// A member that is text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, SchemaError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => {
                let error = SchemaError::new(format!("\"{name}\" is {}", other.kind()));
                Err(error.fix("write a string"))
            }
        }
    }

    /// A member that is a list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, SchemaError> {
        let wrong = |verb: &str, other: &Json| {
            let wrong = format!("\"{name}\" should be a list of strings and {verb}");
            SchemaError::new(format!("{wrong} {}", other.kind()))
        };
        let elements = match self.take(name) {
            None => return Ok(None),
            Some(Json::Array(elements)) => elements,
            Some(other) => return Err(wrong("is", &other)),
        };
        let text = |element| match element {
            Json::String(text) => Ok(text),
            other => Err(wrong("holds", &other)),
        };
        elements.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A member that is one of these texts.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, SchemaError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == text) {
            return Ok(Some(*value));
        }
        let known: Vec<_> = choices.iter().map(|(choice, _)| format!("\"{choice}\"")).collect();
        let error = SchemaError::new(format!("\"{name}\" is \"{text}\""));
        Err(error.fix(format!("write {}", known.join(" or "))))
    }
}

/// JSON with an object's members in order, duplicates included: serde_json's own map would hide
/// these.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number,
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What it is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;

        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
                Ok(Json::Number)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
                Ok(Json::Number)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Number)
            }

            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::String(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
                let mut array = Vec::new();
                while let Some(element) = elements.next_element()? {
                    array.push(element);
                }
                Ok(Json::Array(array))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Json::Object(object))
            }
        }

        deserializer.deserialize_any(JsonVisitor)
    }
}
