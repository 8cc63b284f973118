//! The function's settings: the texts that the environment holds, checked. Reads no environment
//! itself.

use crate::endpoint::Endpoint;
use crate::partition::{Granularity, PartitionBy};
use dynalake::schema::Schema;
use dynalake::settings::{SCHEMA, SettingError, parse_schemas, read_text};
use dynalake_parquet::{Form, Timestamps};
use std::ffi::OsString;
use std::io;

/// The bucket that objects are written to.
const BUCKET: &str = "DYNALAKE_BUCKET";
/// Where in it rows go.
const PREFIX: &str = "DYNALAKE_PREFIX";
/// Where in it records go that can't be rows.
const ERROR_PREFIX: &str = "DYNALAKE_ERROR_PREFIX";
/// `arrival` or `event_time`.
const PARTITION_BY: &str = "DYNALAKE_PARTITION_BY";
/// `hour` or `day`.
const PARTITION_GRANULARITY: &str = "DYNALAKE_PARTITION_GRANULARITY";

/// S3's longest key, in bytes.
const MAX_KEY: usize = 1_024;

/// The longest that a key has behind the table's name: `/processing-failed`, the partition, a shard
/// and two sequence numbers, each as long as Kinesis' API allows.
const MAX_KEY_END: usize = 440;

/// All settings there are.
pub const NAMES: [&str; 6] =
    [SCHEMA, BUCKET, PREFIX, ERROR_PREFIX, PARTITION_BY, PARTITION_GRANULARITY];

/// The settings as text.
#[derive(Clone, Debug)]
pub struct Settings {
    values: [Option<String>; NAMES.len()],
    endpoint: Result<Endpoint, SettingError>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is written, and where in the bucket.
    pub lake: Lake,
    /// The bucket, and how it is reached.
    pub endpoint: Endpoint,
}

/// What is written, and where in the bucket.
#[derive(Clone, Debug)]
pub struct Lake {
    /// The tables of the lake, each with the form of its files; at least one.
    pub schemas: Vec<(Schema, Form)>,
    /// Without a `/` at its end.
    pub prefix: String,
    /// Without a `/` at its end.
    pub error_prefix: String,
    /// Which time says where a row is.
    pub partition_by: PartitionBy,
    /// How long the time of one folder is.
    pub granularity: Granularity,
}

impl Settings {
    /// Takes the settings from wherever `get` finds them.
    ///
    /// # Errors
    ///
    /// The first setting that is not UTF-8.
    pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Settings, SettingError> {
        let mut values = NAMES.map(|_| None);
        for (name, value) in NAMES.into_iter().zip(&mut values) {
            *value = read_text(name, get(name))?;
        }
        let of_aws = |name: &str| get(name).and_then(|value| value.into_string().ok());
        let [_, bucket, ..] = &values;
        let bucket = bucket.as_deref().unwrap_or_default().trim();
        let endpoint = Endpoint::read(bucket, of_aws);
        Ok(Settings { values, endpoint })
    }

    /// Checks the settings. `read_file` reads a file of the package, given by its path there.
    ///
    /// # Errors
    ///
    /// The first setting that can't be used.
    pub fn config(
        self,
        read_file: impl Fn(&str) -> io::Result<String>,
    ) -> Result<Config, SettingError> {
        let Settings { values, endpoint } = self;
        let values = values.each_ref().map(|value| value.as_deref().map(str::trim));
        for (name, value) in NAMES.into_iter().zip(values) {
            if value == Some("") {
                return Err(SettingError::new(name, "", "give it a value, or remove it"));
            }
        }
        let [schema, bucket, prefix, error_prefix, partition_by, granularity] = values;
        let needed = |name, value: Option<&str>, what: &str| {
            value.map(str::to_owned).ok_or_else(|| {
                SettingError::new(name, "", format!("it is not set; give it {what}"))
            })
        };
        let schema = needed(SCHEMA, schema, "the schema, or a list of schemas")?;
        let bucket = needed(BUCKET, bucket, "the bucket's name")?;
        let prefix = needed(PREFIX, prefix, "the prefix of the rows' objects, such as data")?;
        let errors = "the prefix of records that can't be rows, such as errors";
        let error_prefix = needed(ERROR_PREFIX, error_prefix, errors)?;

        let schemas = parse_schemas(SCHEMA, &schema, read_file)?;
        let mut lake = Lake {
            schemas: Vec::new(),
            prefix: check_prefix(PREFIX, &prefix)?,
            error_prefix: check_prefix(ERROR_PREFIX, &error_prefix)?,
            partition_by: match partition_by {
                None | Some("arrival") => PartitionBy::Arrival,
                Some("event_time") => PartitionBy::EventTime,
                Some(other) => {
                    let fix = "write arrival or event_time";
                    return Err(SettingError::new(PARTITION_BY, other, fix));
                }
            },
            granularity: match granularity {
                None | Some("hour") => Granularity::Hour,
                Some("day") => Granularity::Day,
                Some(other) => {
                    let fix = "write hour or day";
                    return Err(SettingError::new(PARTITION_GRANULARITY, other, fix));
                }
            },
        };
        for schema in schemas {
            for (setting, prefix) in [(PREFIX, &lake.prefix), (ERROR_PREFIX, &lake.error_prefix)] {
                check_key_len(setting, prefix, &schema)?;
            }
            let location = format!("{}/{}", lake.prefix, schema.lake_name());
            let errors = &lake.error_prefix;
            if *errors == lake.prefix || format!("{errors}/").starts_with(&format!("{location}/")) {
                let fix = format!("it is where rows go ({location}); give another prefix");
                return Err(SettingError::new(ERROR_PREFIX, errors, fix));
            }
            let form = Form::new(&schema, Timestamps::Int96).map_err(|error| {
                SettingError::new(SCHEMA, "", format!("it has no form in Parquet: {error}"))
            })?;
            lake.schemas.push((schema, form));
        }
        check_bucket(&bucket)?;
        Ok(Config { lake, endpoint: endpoint? })
    }
}

/// A prefix without the `/` at its end.
fn check_prefix(setting: &'static str, text: &str) -> Result<String, SettingError> {
    let prefix = text.trim_end_matches('/');
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    if prefix.split('/').all(is_part) && !prefix.chars().any(char::is_control) {
        return Ok(prefix.to_owned());
    }
    let fix = "write it as folders with / between them, such as lake/data";
    Err(SettingError::new(setting, text, fix))
}

/// Checks that no key is too long for S3, which would take none of its table's objects.
fn check_key_len(setting: &'static str, prefix: &str, schema: &Schema) -> Result<(), SettingError> {
    let len = prefix.len() + 1 + schema.lake_name().len();
    if len + MAX_KEY_END <= MAX_KEY {
        return Ok(());
    }
    let most = MAX_KEY - MAX_KEY_END;
    let fix = format!("with the table's name it has {len} bytes; shorten it to {most}");
    Err(SettingError::new(setting, prefix, fix))
}

fn check_bucket(bucket: &str) -> Result<(), SettingError> {
    let is_good = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    if bucket.ends_with("--x-s3") {
        let fix = "a directory bucket can't be written to; give a general purpose bucket";
        return Err(SettingError::new(BUCKET, bucket, fix));
    }
    if bucket.bytes().all(is_good) && (3..=63).contains(&bucket.len()) {
        return Ok(());
    }
    let fix =
        "write a bucket's name: 3 to 63 of a-z, 0-9, - and ., without s3:// and without a prefix";
    Err(SettingError::new(BUCKET, bucket, fix))
}
