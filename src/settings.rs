//! Settings: the texts that the environment holds, checked, and a [`Transformer`] made of them; and
//! what the direct function's settings have in common with these. Reads no environment itself.

use crate::firehose::{Options, Transformer};
use crate::schema::{Plan, Schema};
use crate::text::json::{Cursor, SyntaxError};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};

/// The schema: JSON text, base64 of gzip of it (Terraform's `base64gzip(jsonencode(…))`), or
/// `@PATH`, a file of the package.
pub const SCHEMA: &str = "DYNALAKE_SCHEMA";
/// The tables whose changes are wanted, separated by commas.
pub const TABLES: &str = "DYNALAKE_TABLES";
/// `none` or `event_time`.
pub const PARTITION_KEYS: &str = "DYNALAKE_PARTITION_KEYS";

/// All settings of the Firehose function.
pub const NAMES: [&str; 3] = [SCHEMA, TABLES, PARTITION_KEYS];

/// A schema of more than this was not made to fit into 4 KB of environment.
const MAX_SCHEMA_BYTES: u64 = 4 << 20;

/// The settings as text.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// [`SCHEMA`]
    pub schema: Option<String>,
    /// [`TABLES`]
    pub tables: Option<String>,
    /// [`PARTITION_KEYS`]
    pub partition_keys: Option<String>,
}

/// A setting that can't be used: its name, its value, and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    setting: &'static str,
    value: String,
    fix: String,
}

impl SettingError {
    /// An error about a setting. Of a long value only the beginning is shown.
    pub fn new(setting: &'static str, value: &str, fix: impl Into<String>) -> SettingError {
        const SHOWN: usize = 80;
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        SettingError { setting, value: shown, fix: fix.into() }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?}: {}", self.setting, self.value, self.fix)
    }
}

impl std::error::Error for SettingError {}

/// A setting's text; `None` if it is not set.
///
/// # Errors
///
/// If it is not UTF-8.
pub fn read_text(
    name: &'static str,
    value: Option<OsString>,
) -> Result<Option<String>, SettingError> {
    let text = value.map(OsString::into_string).transpose();
    text.map_err(|text| SettingError::new(name, &text.to_string_lossy(), "write it in UTF-8"))
}

impl Settings {
    /// Takes the settings from wherever `get` finds them.
    ///
    /// # Errors
    ///
    /// The first setting that is not UTF-8.
    pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Settings, SettingError> {
        let read = |name| read_text(name, get(name));
        Ok(Settings {
            schema: read(SCHEMA)?,
            tables: read(TABLES)?,
            partition_keys: read(PARTITION_KEYS)?,
        })
    }

    /// Checks the settings and compiles them, where the schema is not in a file.
    ///
    /// # Errors
    ///
    /// The first setting that can't be used.
    pub fn transformer(&self) -> Result<Transformer, SettingError> {
        self.transformer_with_files(|_| Err(io::ErrorKind::Unsupported.into()))
    }

    /// Checks the settings and compiles them. `read_file` reads a file of the package, given by its
    /// path there.
    ///
    /// # Errors
    ///
    /// The first setting that can't be used.
    pub fn transformer_with_files(
        &self,
        read_file: impl Fn(&str) -> io::Result<String>,
    ) -> Result<Transformer, SettingError> {
        for (name, value) in
            NAMES.into_iter().zip([&self.schema, &self.tables, &self.partition_keys])
        {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                return Err(SettingError::new(name, "", "give it a value, or remove it"));
            }
        }
        let plan = match &self.schema {
            None => Plan::schemaless(),
            Some(text) => {
                let reject = |reason: String| SettingError::new(SCHEMA, text, reason);
                let schema = schema_text(text, read_file).map_err(reject)?;
                if schema.trim_start().starts_with('[') {
                    return Err(reject(ONE_SCHEMA.into()));
                }
                Plan::new(&Schema::parse(&schema).map_err(|error| reject(error.to_string()))?)
            }
        };
        let mut options = Options::new(&plan);
        if let Some(text) = &self.tables {
            options.tables = Some(parse_tables(TABLES, text)?);
        }
        options.partition_keys = match self.partition_keys.as_deref().map(str::trim) {
            None | Some("none") => false,
            Some("event_time") => true,
            Some(other) => {
                return Err(SettingError::new(PARTITION_KEYS, other, "write none or event_time"));
            }
        };
        Ok(Transformer::new(plan, options))
    }
}

/// The tables that a setting names, separated by commas.
///
/// # Errors
///
/// Where there is no name between two commas.
pub fn parse_tables(setting: &'static str, text: &str) -> Result<Vec<String>, SettingError> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        let fix = "there is no name between two commas; write table names as orders,customers";
        return Err(SettingError::new(setting, text, fix));
    }
    Ok(names)
}

/// The schemas of a setting: one, or a list. `read_file` reads a file of the package, given by its
/// path there.
///
/// # Errors
///
/// What is wrong with it; of a schema in a list, which one it is.
pub fn parse_schemas(
    setting: &'static str,
    text: &str,
    read_file: impl Fn(&str) -> io::Result<String>,
) -> Result<Vec<Schema>, SettingError> {
    let reject = |reason: String| SettingError::new(setting, text, reason);
    let json = schema_text(text, read_file).map_err(reject)?;
    if !json.trim_start().starts_with('[') {
        return Ok(vec![Schema::parse(&json).map_err(|error| reject(error.to_string()))?]);
    }
    let elements = elements(&json)
        .map_err(|error| reject(format!("it is no list of schemas in JSON: {error}")))?;
    if elements.is_empty() {
        return Err(reject("the list has no schema; give one for each table".into()));
    }
    let mut schemas: Vec<Schema> = Vec::new();
    for (at, element) in elements.into_iter().enumerate() {
        let schema = Schema::parse(element)
            .map_err(|error| reject(format!("schema {} of the list: {error}", at + 1)))?;
        let name = schema.lake_name();
        if schemas.iter().any(|other| other.lake_name() == name) {
            return Err(reject(format!(
                "two schemas make the table \"{name}\"; give one of them another \"name\""
            )));
        }
        schemas.push(schema);
    }
    Ok(schemas)
}

/// The elements of a JSON list, as they are written.
fn elements(list: &str) -> Result<Vec<&str>, SyntaxError> {
    let mut cursor = Cursor::new(list.as_bytes());
    let mut elements = Vec::new();
    cursor.expect(b'[')?;
    let mut more = !cursor.eat(b']');
    while more {
        cursor.peek();
        let start = cursor.at();
        cursor.skip_value()?;
        elements.push(&list[start..cursor.at()]);
        more = cursor.more(b']')?;
    }
    cursor.finish()?;
    Ok(elements)
}

const ONE_SCHEMA: &str = "it is a list of schemas, and a delivery stream has one Glue table; \
                          give one schema";

/// The JSON text of a schema, which may come compressed or in a file.
fn schema_text(
    text: &str,
    read_file: impl Fn(&str) -> io::Result<String>,
) -> Result<String, String> {
    let text = text.trim();
    if text.starts_with(['{', '[']) {
        return Ok(text.to_owned());
    }
    if let Some(path) = text.strip_prefix('@') {
        return read_file(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!(
                "there is no file {path} in the package; \
                 put it there: python3 package.py --schema {path}"
            ),
            _ => format!("can't read {path} in the package: {error}"),
        });
    }
    let compressed = base64_simd::STANDARD.decode_to_vec(text).map_err(|_| {
        "it is neither JSON (which begins with {), nor @PATH of a file in the package, nor base64; \
         in Terraform write base64gzip(jsonencode(…))"
    })?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(compressed.as_slice())
        .take(MAX_SCHEMA_BYTES)
        .read_to_string(&mut json)
        .map_err(|error| {
            format!(
                "it is base64, but not of gzip of JSON ({error}); \
                 in Terraform write base64gzip(jsonencode(…))"
            )
        })?;
    Ok(json)
}
