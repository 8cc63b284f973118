//! The schema file: one JSON object per table, read and checked.

use super::types::Type;
use super::{is_metadata, names};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// What a schema file says.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The DynamoDB table's name.
    pub table: String,
    /// Raw names of the table's key attributes.
    pub keys: Vec<String>,
    /// Whether rows carry `_old`.
    pub old_image: bool,
    /// How often binary values come encoded, where the envelope's shape doesn't tell.
    pub binary: Option<Binary>,
    /// How decimals are written.
    pub decimal_as: DecimalAs,
    /// The columns, in the table's order.
    pub columns: Vec<Column>,
}

/// How many layers of base64 binary values come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// One.
    Single,
    /// Two, as Kinesis Data Streams for DynamoDB does it.
    Double,
}

/// The JSON that a decimal becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalAs {
    /// `"12.5"`
    #[default]
    String,
    /// `12.5`
    Number,
}

/// One column as declared.
#[derive(Clone, Debug)]
pub struct Column {
    /// `[a-z_][a-z0-9_]*`
    pub name: String,
    /// The Hive type.
    pub ty: Type,
    /// Raw attribute names from the item's root; none where the name does the binding.
    pub path: Option<Vec<String>>,
    /// What may not be shown.
    pub protect: Option<Protect>,
    /// The unit of numbers in a timestamp column.
    pub unit: Option<Unit>,
    /// For Glue.
    pub comment: Option<String>,
}

/// How an attribute is kept from being seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protect {
    /// Only its SHA-256 leaves the Lambda.
    Sha256,
    /// It never leaves the Lambda.
    Drop,
}

/// The unit of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    #[default]
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl Unit {
    /// The power of ten that takes it to nanoseconds.
    pub fn to_nanoseconds(self) -> u32 {
        match self {
            Unit::S => 9,
            Unit::Ms => 6,
            Unit::Us => 3,
            Unit::Ns => 0,
        }
    }
}

/// Why a schema is refused: the place, the reason and the fix, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError(String);

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

pub(super) fn refuse<T>(reason: impl Into<String>) -> Result<T, SchemaError> {
    Err(SchemaError(reason.into()))
}

impl Schema {
    /// Reads a schema file.
    ///
    /// # Errors
    ///
    /// The column, what is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Schema, SchemaError> {
        if text.starts_with('\u{feff}') {
            return refuse("it begins with a byte order mark; save the file as UTF-8 without one");
        }
        let json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => return refuse(format!("it is not JSON: {error}")),
        };
        let Json::Object(members) = json else {
            return refuse(format!("it should be a JSON object and is {}", json.kind()));
        };
        let mut members = Members::new(
            "the schema",
            members,
            &["table", "keys", "columns", "old_image", "binary", "decimal_as"],
        )?;
        let table = match members.text("table")? {
            Some(table) if !table.is_empty() => table,
            Some(_) => return refuse("\"table\" is empty; write the DynamoDB table's name"),
            None => return refuse("\"table\" is missing; add the DynamoDB table's name"),
        };
        let keys = members.texts("keys")?.ok_or_else(|| {
            SchemaError(
                "\"keys\" is missing; list the table's key attributes, as [\"orderId\"]".into(),
            )
        })?;
        let old_image = match members.take("old_image") {
            None => false,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                return refuse(format!("\"old_image\" is {}; write true or false", other.kind()));
            }
        };
        let binary =
            members.choice("binary", &[("single", Binary::Single), ("double", Binary::Double)])?;
        let decimal_as = members.choice(
            "decimal_as",
            &[("string", DecimalAs::String), ("number", DecimalAs::Number)],
        )?;
        let columns = match members.take("columns") {
            Some(Json::Array(columns)) => columns,
            Some(other) => {
                return refuse(format!("\"columns\" is {}; write a list of columns", other.kind()));
            }
            None => return refuse("\"columns\" is missing; add a list of columns"),
        };
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| Column::read(at, column))
            .collect::<Result<Vec<_>, _>>()?;
        let schema = Schema {
            table,
            keys,
            old_image,
            binary,
            decimal_as: decimal_as.unwrap_or_default(),
            columns,
        };
        schema.check_columns()?;
        schema.check_keys()?;
        Ok(schema)
    }

    fn check_columns(&self) -> Result<(), SchemaError> {
        let mut names = HashSet::new();
        let mut paths = HashMap::new();
        for column in &self.columns {
            let name = column.name.as_str();
            if !names.insert(name) {
                return refuse(format!("column \"{name}\" stands twice; rename or remove one"));
            }
            let Some(path) = &column.path else { continue };
            if let Some(twin) = paths.insert(path, name) {
                return refuse(format!(
                    "columns \"{twin}\" and \"{name}\" have the same path {path:?}; remove one"
                ));
            }
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), SchemaError> {
        if self.keys.is_empty() {
            return refuse("\"keys\" is empty; list the table's key attributes, as [\"orderId\"]");
        }
        let mut taken = HashMap::new();
        for key in &self.keys {
            let Some(at) = self.key_column(key) else {
                let name = normalised(key);
                if self.columns.iter().any(|column| column.name == name) {
                    return refuse(format!(
                        "key \"{key}\" has no column, for \"{name}\" has another path; \
                         make its path [\"{key}\"], or remove it"
                    ));
                }
                return refuse(format!(
                    "key \"{key}\" has no column; add one named \"{name}\" or one with the path [\"{key}\"]"
                ));
            };
            let name = &self.columns[at].name;
            if let Some(twin) = taken.insert(at, key) {
                return refuse(format!(
                    "keys \"{twin}\" and \"{key}\" both take column \"{name}\"; give each a column with a path"
                ));
            }
            if self.columns[at].protect == Some(Protect::Drop) {
                return refuse(format!(
                    "column \"{name}\": \"protect\": \"drop\" would leave rows without their key; \
                     use \"sha256\", or remove it"
                ));
            }
        }
        Ok(())
    }

    /// The column that a key attribute fills: the one with its path, else the one with its normalised name.
    pub fn key_column(&self, key: &str) -> Option<usize> {
        let by_path = |column: &Column| column.path.as_deref() == Some(&[key.to_owned()]);
        let by_name = |column: &Column| column.path.is_none() && column.name == normalised(key);
        let columns = &self.columns;
        columns.iter().position(by_path).or_else(|| columns.iter().position(by_name))
    }
}

fn normalised(name: &str) -> String {
    let mut out = Vec::new();
    names::normalise(name.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl Column {
    fn read(at: usize, json: Json) -> Result<Column, SchemaError> {
        let Json::Object(members) = json else {
            return refuse(format!(
                "column {}: it is {}; write an object with \"name\" and \"type\"",
                at + 1,
                json.kind()
            ));
        };
        let place = members
            .iter()
            .find_map(|(name, value)| match value {
                Json::String(value) if name == "name" => Some(format!("column \"{value}\"")),
                _ => None,
            })
            .unwrap_or_else(|| format!("column {}", at + 1));
        let mut members =
            Members::new(&place, members, &["name", "type", "path", "protect", "unit", "comment"])?;
        let Some(name) = members.text("name")? else {
            return refuse(format!("{place}: \"name\" is missing"));
        };
        check_name(&place, &name)?;
        let Some(ty) = members.text("type")? else {
            return refuse(format!("{place}: \"type\" is missing; write a Hive type, as string"));
        };
        let ty = Type::parse(&ty)
            .map_err(|reason| SchemaError(format!("{place}: type \"{ty}\": {reason}")))?;
        let path = members.texts("path")?;
        if path.as_ref().is_some_and(Vec::is_empty) {
            return refuse(format!(
                "{place}: \"path\" is empty; list attribute names from the item's root, or remove it"
            ));
        }
        let protect =
            members.choice("protect", &[("sha256", Protect::Sha256), ("drop", Protect::Drop)])?;
        if protect == Some(Protect::Sha256) && ty != Type::String {
            return refuse(format!(
                "{place}: \"protect\": \"sha256\" on {ty}; a hash is text, so make the type string"
            ));
        }
        let unit = members.choice(
            "unit",
            &[("s", Unit::S), ("ms", Unit::Ms), ("us", Unit::Us), ("ns", Unit::Ns)],
        )?;
        if unit.is_some() && ty != Type::Timestamp {
            return refuse(format!(
                "{place}: \"unit\" on {ty}; only a timestamp has one, so remove it or change the type"
            ));
        }
        let comment = members.text("comment")?;
        Ok(Column { name, ty, path, protect, unit, comment })
    }
}

/// Columns that the lakehouse makes itself: Auto Loader, Spark, and AUTO CDC, to which a name's case is one.
const KEPT_BY_THE_LAKEHOUSE: [&str; 4] = ["_rescued_data", "_metadata", "__start_at", "__end_at"];

fn check_name(place: &str, name: &str) -> Result<(), SchemaError> {
    let fits = |(at, byte): (usize, u8)| {
        byte.is_ascii_lowercase() || byte == b'_' || (at > 0 && byte.is_ascii_digit())
    };
    if name.is_empty() || !name.bytes().enumerate().all(fits) {
        return refuse(format!(
            "{place}: a name is a-z, 0-9 and _, not beginning with a digit; write \"{}\"",
            normalised(name)
        ));
    }
    if is_metadata(name.as_bytes()) {
        return refuse(format!(
            "{place}: the name belongs to a metadata column; choose another, and bind the attribute by \"path\""
        ));
    }
    if KEPT_BY_THE_LAKEHOUSE.contains(&name) {
        return refuse(format!(
            "{place}: Databricks makes a column of this name itself; choose another, and bind the attribute by \"path\""
        ));
    }
    Ok(())
}

/// An object's members while they are being taken.
struct Members<'a> {
    place: &'a str,
    members: Vec<(String, Json)>,
}

impl<'a> Members<'a> {
    fn new(
        place: &'a str,
        members: Vec<(String, Json)>,
        known: &[&str],
    ) -> Result<Self, SchemaError> {
        for (at, (name, _)) in members.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return refuse(format!(
                    "{place}: unknown member \"{name}\"; the members are {}",
                    known.join(", ")
                ));
            }
            if members[..at].iter().any(|(earlier, _)| earlier == name) {
                return refuse(format!("{place}: \"{name}\" stands twice; remove one"));
            }
        }
        Ok(Members { place, members })
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, SchemaError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => {
                refuse(format!("{}: \"{name}\" is {}; write a string", self.place, other.kind()))
            }
        }
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, SchemaError> {
        let wrong = format!("{}: \"{name}\" should be a list of strings", self.place);
        match self.take(name) {
            None => Ok(None),
            Some(Json::Array(elements)) => elements
                .into_iter()
                .map(|element| match element {
                    Json::String(text) => Ok(text),
                    other => refuse(format!("{wrong} and holds {}", other.kind())),
                })
                .collect::<Result<_, _>>()
                .map(Some),
            Some(other) => refuse(format!("{wrong} and is {}", other.kind())),
        }
    }

    fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, SchemaError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == text) {
            return Ok(Some(*value));
        }
        let known: Vec<_> = choices.iter().map(|(choice, _)| format!("\"{choice}\"")).collect();
        refuse(format!("{}: \"{name}\" is \"{text}\"; write {}", self.place, known.join(" or ")))
    }
}

/// JSON with an object's members in order, twins included: serde_json's own map would hide these.
enum Json {
    Null,
    Bool(bool),
    Number,
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn kind(&self) -> &'static str {
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
