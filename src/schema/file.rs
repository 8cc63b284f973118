//! The schema file: one JSON object per table, read and checked.

use super::error::SchemaError;
use super::json::{Json, Members};
use super::metadata::is_metadata;
use super::names::{check_spelling, normalised};
use super::types::Type;
use super::view::{Events, Filter, OnRemove};
use std::collections::{HashMap, HashSet};

/// What a schema file says.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The table's name in the lake, where it is stated; see [`Schema::lake_name`].
    pub name: Option<String>,
    /// The DynamoDB table's name.
    pub table: String,
    /// Raw names of the table's key attributes.
    pub keys: Vec<String>,
    /// Whether rows carry `_old`.
    pub old_image: bool,
    /// How often binary values are encoded; `None`: the envelope's shape decides.
    pub binary: Option<Binary>,
    /// How decimals are written.
    pub decimal_as: DecimalAs,
    /// `where`: which items are in the view; all where it is absent.
    pub filter: Option<Filter>,
    /// Which rows are wanted.
    pub events: Events,
    /// What a REMOVE's row holds.
    pub on_remove: OnRemove,
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
    /// Raw attribute names from the item's root; `None` where the name binds it.
    pub path: Option<Vec<String>>,
    /// How its attribute is hidden.
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

impl Schema {
    /// Reads a schema file.
    ///
    /// # Errors
    ///
    /// The column, what is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Schema, SchemaError> {
        if text.starts_with('\u{feff}') {
            let error = SchemaError::new("it begins with a byte order mark");
            return Err(error.fix("save the file as UTF-8 without one"));
        }
        let json: Json = serde_json::from_str(text)
            .map_err(|error| SchemaError::new(format!("it is not JSON: {error}")))?;
        let Json::Object(members) = json else {
            let reason = format!("it should be a JSON object and is {}", json.kind());
            return Err(SchemaError::new(reason));
        };
        let known = [
            "name",
            "table",
            "keys",
            "columns",
            "old_image",
            "binary",
            "decimal_as",
            "where",
            "events",
            "on_remove",
        ];
        let mut members = Members::new(members, &known)?;
        let table = match members.text("table")? {
            Some(table) if !table.is_empty() => table,
            Some(_) => return reject("\"table\" is empty", "write the DynamoDB table's name"),
            None => return reject("\"table\" is missing", "add the DynamoDB table's name"),
        };
        let name = members.text("name")?;
        let Some(keys) = members.texts("keys")? else {
            return reject("\"keys\" is missing", LIST_KEYS);
        };
        let old_image = match members.take("old_image") {
            None => false,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                return reject(format!("\"old_image\" is {}", other.kind()), "write true or false");
            }
        };
        let layers = [("single", Binary::Single), ("double", Binary::Double)];
        let binary = members.choice("binary", &layers)?;
        let forms = [("string", DecimalAs::String), ("number", DecimalAs::Number)];
        let decimal_as = members.choice("decimal_as", &forms)?;
        let filter = members.take("where").map(Filter::read).transpose()?;
        let events = members.texts("events")?;
        let events = events.map(|names| Events::read(&names)).transpose()?;
        let choices = [("keys", OnRemove::Keys), ("item", OnRemove::Item)];
        let on_remove = members.choice("on_remove", &choices)?;
        let columns = match members.take("columns") {
            Some(Json::Array(columns)) => columns,
            Some(other) => {
                let reason = format!("\"columns\" is {}", other.kind());
                return reject(reason, "write a list of columns");
            }
            None => return reject("\"columns\" is missing", "add a list of columns"),
        };
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| Column::read(at, column))
            .collect::<Result<Vec<_>, _>>()?;
        let schema = Schema {
            name,
            table,
            keys,
            old_image,
            binary,
            decimal_as: decimal_as.unwrap_or_default(),
            filter,
            events: events.unwrap_or_default(),
            on_remove: on_remove.unwrap_or_default(),
            columns,
        };
        schema.check_lake_name()?;
        schema.check_columns()?;
        schema.check_keys()?;
        Ok(schema)
    }

    /// The table's name in the lake: `name`, else the DynamoDB table's in lower case, with `_` for
    /// every other character than a-z, 0-9 and `_`, and before a leading digit.
    pub fn lake_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let fits = |char: &char| char.is_ascii_lowercase() || char.is_ascii_digit() || *char == '_';
        let name = self.table.to_lowercase();
        let name = name.chars().map(|char| if fits(&char) { char } else { '_' });
        let digit = self.table.starts_with(|char: char| char.is_ascii_digit());
        digit.then_some('_').into_iter().chain(name).collect()
    }

    fn check_lake_name(&self) -> Result<(), SchemaError> {
        if let Some(name) = &self.name {
            check_spelling(name).map_err(|error| error.at(&format!("\"name\" \"{name}\"")))?;
        }
        let name = self.lake_name();
        if name.len() > MAX_NAME_CHARACTERS {
            return reject(
                format!("the table's name in Glue has {} characters", name.len()),
                format!("give it a \"name\" of at most {MAX_NAME_CHARACTERS}"),
            );
        }
        Ok(())
    }

    fn check_columns(&self) -> Result<(), SchemaError> {
        let mut names = HashSet::new();
        let mut paths = HashMap::new();
        for column in &self.columns {
            let name = column.name.as_str();
            if !names.insert(name) {
                let error = SchemaError::new("it is declared twice").fix("rename or remove one");
                return Err(error.at(&format!("column \"{name}\"")));
            }
            let Some(path) = &column.path else { continue };
            if let Some(other) = paths.insert(path, name) {
                let reason =
                    format!("columns \"{other}\" and \"{name}\" have the same path {path:?}");
                return reject(reason, "remove one");
            }
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), SchemaError> {
        if self.keys.is_empty() {
            return reject("\"keys\" is empty", LIST_KEYS);
        }
        let mut taken = HashMap::new();
        for key in &self.keys {
            let Some(at) = self.key_column(key) else {
                let name = normalised(key);
                if self.columns.iter().any(|column| column.name == name) {
                    return reject(
                        format!("key \"{key}\" has no column, because \"{name}\" has another path"),
                        format!("make its path [\"{key}\"], or remove it"),
                    );
                }
                return reject(
                    format!("key \"{key}\" has no column"),
                    format!("add one named \"{name}\" or one with the path [\"{key}\"]"),
                );
            };
            let name = &self.columns[at].name;
            if let Some(other) = taken.insert(at, key) {
                return reject(
                    format!("keys \"{other}\" and \"{key}\" both take column \"{name}\""),
                    "give each a column with a path",
                );
            }
            if self.columns[at].protect == Some(Protect::Drop) {
                let reason = "\"protect\": \"drop\" would leave rows without their key";
                let error = SchemaError::new(reason).fix("use \"sha256\", or remove it");
                return Err(error.at(&format!("column \"{name}\"")));
            }
        }
        Ok(())
    }

    /// The column that a key attribute fills: the one with its path, else the one with its name,
    /// else the one with its normalised name.
    pub fn key_column(&self, key: &str) -> Option<usize> {
        let by_path = |column: &Column| column.path.as_deref() == Some(&[key.to_owned()]);
        let named = |column: &Column, name: &str| column.path.is_none() && column.name == name;
        let columns = &self.columns;
        let normal = normalised(key);
        columns
            .iter()
            .position(by_path)
            .or_else(|| columns.iter().position(|column| named(column, key)))
            .or_else(|| columns.iter().position(|column| named(column, &normal)))
    }

    /// The columns that hold the key, in the order of `keys`.
    pub fn key_columns(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().filter_map(|key| self.key_column(key))
    }
}

const LIST_KEYS: &str = "list the table's key attributes, such as [\"orderId\"]";

fn reject<T>(reason: impl Into<String>, fix: impl Into<String>) -> Result<T, SchemaError> {
    Err(SchemaError::new(reason).fix(fix))
}

impl Column {
    fn read(at: usize, json: Json) -> Result<Column, SchemaError> {
        let Json::Object(members) = json else {
            let error = SchemaError::new(format!("it is {}", json.kind()));
            let error = error.fix("write an object with \"name\" and \"type\"");
            return Err(error.at(&format!("column {}", at + 1)));
        };
        let place = members
            .iter()
            .find_map(|(name, value)| match value {
                Json::String(value) if name == "name" => Some(format!("column \"{value}\"")),
                _ => None,
            })
            .unwrap_or_else(|| format!("column {}", at + 1));
        Column::take(members).map_err(|error| error.at(&place))
    }

    fn take(members: Vec<(String, Json)>) -> Result<Column, SchemaError> {
        let known = ["name", "type", "path", "protect", "unit", "comment"];
        let mut members = Members::new(members, &known)?;
        let Some(name) = members.text("name")? else {
            return reject("\"name\" is missing", "add the column's name");
        };
        check_name(&name)?;
        let Some(ty) = members.text("type")? else {
            return reject("\"type\" is missing", "write a Hive type, such as string");
        };
        let ty = Type::parse(&ty).map_err(|error| error.at(&type_place(&ty)))?;
        let length = ty.to_string().chars().count();
        if length > MAX_TYPE_CHARACTERS {
            let reason = format!("the type has {length} characters");
            let fix = format!("Glue takes {MAX_TYPE_CHARACTERS}; make a part of it a string");
            return reject(reason, fix);
        }
        let path = members.texts("path")?;
        if path.as_ref().is_some_and(Vec::is_empty) {
            let fix = "list attribute names from the item's root, or remove it";
            return reject("\"path\" is empty", fix);
        }
        let protect =
            members.choice("protect", &[("sha256", Protect::Sha256), ("drop", Protect::Drop)])?;
        if protect == Some(Protect::Sha256) && ty != Type::String {
            let reason = format!("\"protect\": \"sha256\" on {ty}");
            return reject(reason, "a hash is text, so make the type string");
        }
        let unit = members.choice(
            "unit",
            &[("s", Unit::S), ("ms", Unit::Ms), ("us", Unit::Us), ("ns", Unit::Ns)],
        )?;
        if unit.is_some() && ty != Type::Timestamp {
            let fix = "only a timestamp has one, so remove it or change the type";
            return reject(format!("\"unit\" on {ty}"), fix);
        }
        let comment = members.text("comment")?;
        if let Some(comment) = &comment {
            let length = comment.chars().count();
            if length > MAX_COMMENT_CHARACTERS {
                let fix = format!("Glue takes {MAX_COMMENT_CHARACTERS}; shorten it");
                return reject(format!("\"comment\" has {length} characters"), fix);
            }
            if comment.contains(|char: char| char.is_control() && char != '\t') {
                let reason = "\"comment\" has a line break or another control character";
                return reject(reason, "Glue takes one line; write it as one");
            }
        }
        Ok(Column { name, ty, path, protect, unit, comment })
    }
}

/// What Glue takes: names and comments
/// (<https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html>).
const MAX_NAME_CHARACTERS: usize = 255;
const MAX_COMMENT_CHARACTERS: usize = 255;
/// The longest type that Glue takes.
pub const MAX_TYPE_CHARACTERS: usize = 131_072;

/// Names that the lakehouse keeps for itself: Auto Loader's rescued data and file metadata, and
/// the bounds of a history by AUTO CDC.
const KEPT_NAMES: [&str; 4] = ["_rescued_data", "_metadata", "__start_at", "__end_at"];

/// A type in a message: of a long one the beginning.
fn type_place(ty: &str) -> String {
    const SHOWN: usize = 200;
    let shown: String = ty.chars().take(SHOWN).collect();
    let more = if shown.len() < ty.len() { "…" } else { "" };
    format!("type \"{shown}{more}\"")
}

/// Rejects what can't be a column's name.
///
/// # Errors
///
/// The rule, and the fix.
pub fn check_name(name: &str) -> Result<(), SchemaError> {
    check_spelling(name)?;
    if name.len() > MAX_NAME_CHARACTERS {
        let reason = format!("the name has {} characters", name.len());
        return reject(reason, format!("Glue takes {MAX_NAME_CHARACTERS}; shorten it"));
    }
    let fix = "choose another, and bind the attribute by \"path\"";
    if is_metadata(name.as_bytes()) {
        return reject("the name belongs to a metadata column", fix);
    }
    if KEPT_NAMES.contains(&name) {
        return reject("the lakehouse keeps this name for itself", fix);
    }
    Ok(())
}
