//! One case of `fixtures/`: its files, the event that they make, and what comes out of the core, as
//! text. `fixtures/README.md` is the format's description.

use super::pretty;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::firehose::{Options, Transformer};
use dynalake::metrics::{DELIVERY_STREAM, to_embedded_metrics};
use dynalake::schema::{Plan, Schema};
use dynalake::settings::{self, Settings};
use dynalake::statistics::Statistics;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// When each invocation arrives: 2024-07-12T00:00:00Z.
const NOW_MS: u64 = 1_720_742_400_000;
/// When each change of the short form was made: 2024-07-11T23:58:22.233719Z, as in the capture of
/// `envelope/kinesis-capture-2024`.
const TIME_US: &str = "1720742302233719";
/// The table of changes in the short form, where there is no schema to name one.
const TABLE: &str = "things";
/// Who makes the changes of Time to Live.
const TIME_TO_LIVE: &str = "\"userIdentity\":{\"type\":\"Service\",\
                            \"principalId\":\"dynamodb.amazonaws.com\"},";
/// Not a setting: what a response may take, so that a case about it needn't have six megabytes.
const MAX_RESPONSE_BYTES: &str = "maxResponseBytes";

const INPUTS: [&str; 4] = ["schema.json", "settings.json", "changes.json", "event.json"];
/// What a case expects: one of these.
pub(crate) const OUTPUTS: [&str; 3] = ["expected.json", "response.json", "error.txt"];
/// What it may expect beside a response.
pub(crate) const METRICS: &str = "metrics.json";

/// The files of a case, by name.
pub(crate) struct Case {
    files: BTreeMap<String, String>,
}

/// What the core made of a case.
pub(crate) struct Actual {
    /// One of [`OUTPUTS`].
    pub(crate) file: &'static str,
    /// What belongs into it.
    pub(crate) text: String,
    /// What belongs into [`METRICS`].
    pub(crate) metrics: Option<String>,
}

/// A record of `changes.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Record<'a> {
    #[serde(rename = "recordId")]
    id: String,
    sequence_number: Option<String>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    old: Option<&'a RawValue>,
    #[serde(borrow)]
    keys: Option<&'a RawValue>,
    event: Option<String>,
    #[serde(default)]
    ttl: bool,
    #[serde(borrow)]
    change: Option<&'a RawValue>,
    text: Option<String>,
    base64: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// A record of the response.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Answer {
    record_id: String,
    result: String,
    data: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    partition_keys: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    records: Vec<Answer>,
}

impl Case {
    /// Reads a case's folder.
    pub(crate) fn read(folder: &Path) -> Result<Case, String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let known = INPUTS.iter().chain(&OUTPUTS).chain([&METRICS]);
            if !known.clone().any(|known| *known == name) {
                let known = known.copied().collect::<Vec<_>>().join(", ");
                return Err(format!("unknown file {name}; a case has {known}"));
            }
            let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            files.insert(name, text);
        }
        if INPUTS.iter().all(|name| !files.contains_key(*name)) {
            return Err(format!("no input: one of {} is missing", INPUTS.join(", ")));
        }
        if files.contains_key("changes.json") && files.contains_key("event.json") {
            return Err("both changes.json and event.json: remove one".into());
        }
        Ok(Case { files })
    }

    /// The text of one of its files.
    pub(crate) fn file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// Runs it.
    pub(crate) fn run(&self) -> Result<Actual, String> {
        let error = |error: String| {
            Ok(Actual { file: "error.txt", text: format!("{error}\n"), metrics: None })
        };
        let mut transformer = match self.transformer()? {
            Ok(transformer) => transformer,
            Err(rejection) => return error(rejection),
        };
        let (event, record_ids) = match (self.file("changes.json"), self.file("event.json")) {
            (Some(changes), _) => self.event(changes)?,
            (None, Some(event)) => (event.to_owned(), Vec::new()),
            (None, None) => {
                return Err("the settings were accepted; a case that is not about a rejection \
                            has a changes.json or an event.json"
                    .into());
            }
        };
        let output = match transformer.transform(event.as_bytes(), NOW_MS) {
            Ok(output) => output,
            Err(rejection) => return error(rejection.to_string()),
        };
        let response = String::from_utf8(output.response)
            .map_err(|_| "the response is not UTF-8".to_owned())?;
        if self.file("event.json").is_some() {
            let metrics = to_embedded_metrics(&output.statistics, DELIVERY_STREAM, &[], "INFO");
            return Ok(Actual {
                file: "response.json",
                text: format!("{response}\n"),
                metrics: Some(pretty::print(&metrics)),
            });
        }
        let text = render(&response, &output.statistics, &record_ids)?;
        Ok(Actual { file: "expected.json", text, metrics: None })
    }

    /// The transformer that its settings make, or why they are rejected.
    fn transformer(&self) -> Result<Result<Transformer, String>, String> {
        let mut named: BTreeMap<String, String> = match self.file("settings.json") {
            Some(text) => {
                serde_json::from_str(text).map_err(|error| format!("settings.json: {error}"))?
            }
            None => BTreeMap::new(),
        };
        if let Some(schema) = self.file("schema.json") {
            named.insert(settings::SCHEMA.into(), schema.trim_end().into());
        }
        let max_response_bytes = named.remove(MAX_RESPONSE_BYTES);
        if let Some(name) = named.keys().find(|name| !settings::NAMES.contains(&name.as_str())) {
            return Err(format!("settings.json: unknown setting {name}"));
        }
        let settings = Settings::read(|name| named.get(name).map(OsString::from))
            .map_err(|error| error.to_string())?;
        let Some(max_response_bytes) = max_response_bytes else {
            return Ok(settings.transformer().map_err(|error| error.to_string()));
        };
        let schema = settings.schema.as_deref().map(Schema::parse).transpose();
        let plan = schema
            .map_err(|error| error.to_string())?
            .map_or_else(Plan::schemaless, |schema| Plan::new(&schema));
        let max_response_bytes = max_response_bytes
            .parse()
            .map_err(|error| format!("settings.json: {MAX_RESPONSE_BYTES}: {error}"))?;
        Ok(Ok(Transformer::new(plan, Options { max_response_bytes, ..Options::default() })))
    }

    /// The event that `changes.json` stands for, and its `recordId`s.
    fn event(&self, changes: &str) -> Result<(String, Vec<String>), String> {
        let records: Vec<Record<'_>> =
            serde_json::from_str(changes).map_err(|error| format!("changes.json: {error}"))?;
        let record_ids: Vec<_> = records.iter().map(|record| record.id.clone()).collect();
        if record_ids.iter().collect::<BTreeSet<_>>().len() < record_ids.len() {
            return Err("changes.json: two records have the same recordId".into());
        }
        let records = records
            .iter()
            .map(|record| {
                let metadata = record.sequence_number.as_ref().map(|number| {
                    let number = pretty::string(number);
                    format!(",\"kinesisRecordMetadata\":{{\"sequenceNumber\":{number}}}")
                });
                let record_id = pretty::string(&record.id);
                let data = self
                    .data(record)
                    .map_err(|problem| format!("changes.json: record {record_id}: {problem}"))?;
                let metadata = metadata.unwrap_or_default();
                Ok(format!("{{\"recordId\":{record_id},\"data\":{data}{metadata}}}"))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let event = format!(
            "{{\"invocationId\":\"00000000-0000-0000-0000-000000000000\",\"deliveryStreamArn\":\
             \"arn:aws:firehose:us-east-1:123456789012:deliverystream/fixtures\",\
             \"region\":\"us-east-1\",\"records\":[{}]}}",
            records.join(",")
        );
        Ok((event, record_ids))
    }

    /// What stands in the event as a record's `data`.
    fn data(&self, record: &Record<'_>) -> Result<String, String> {
        let has_image = record.item.is_some() || record.old.is_some() || record.keys.is_some();
        let short = has_image || record.event.is_some() || record.ttl;
        let forms = [
            short,
            record.change.is_some(),
            record.text.is_some(),
            record.base64.is_some(),
            record.data.is_some(),
        ];
        if forms.into_iter().filter(|given| *given).count() != 1 || short != has_image {
            return Err("give it one of change, text, base64, data, or of item, old, keys".into());
        }
        if let Some(data) = record.data {
            return Ok(data.get().to_owned());
        }
        if let Some(base64) = &record.base64 {
            return Ok(pretty::string(base64));
        }
        let bytes = match (&record.text, record.change) {
            (Some(text), _) => text.clone(),
            (None, Some(change)) => change.get().to_owned(),
            (None, None) => self.change(record)?,
        };
        Ok(pretty::string(&STANDARD.encode(bytes)))
    }

    /// The change record that the short form stands for.
    fn change(&self, record: &Record<'_>) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Names {
            table: String,
            keys: Vec<String>,
        }
        let names = match self.file("schema.json") {
            Some(schema) => serde_json::from_str(schema).map_err(|error| error.to_string())?,
            None => Names { table: TABLE.into(), keys: vec!["id".into()] },
        };
        let Record { item, old, keys, event, ttl, .. } = record;
        let keys = if let Some(keys) = keys {
            keys.get().to_owned()
        } else {
            let image = item.or(*old).map_or("{}", RawValue::get);
            let image: BTreeMap<String, &RawValue> =
                serde_json::from_str(image).map_err(|error| error.to_string())?;
            let keys = names.keys.iter();
            let keys: Vec<_> = keys
                .filter_map(|name| Some(format!("{}:{}", pretty::string(name), image.get(name)?)))
                .collect();
            format!("{{{}}}", keys.join(","))
        };
        let event_name = match (event, item, old) {
            (Some(event), ..) => event.as_str(),
            (None, Some(_), None) => "INSERT",
            (None, Some(_), Some(_)) => "MODIFY",
            (None, None, _) => "REMOVE",
        };
        let identity = if *ttl { TIME_TO_LIVE } else { "" };
        let mut images = String::new();
        for (name, image) in [("NewImage", item), ("OldImage", old)] {
            if let Some(image) = image {
                // A String takes every write.
                let _ = write!(images, ",\"{name}\":{image}");
            }
        }
        Ok(format!(
            "{{\"eventName\":\"{event_name}\",\"tableName\":{},{identity}\"dynamodb\":{{\
             \"ApproximateCreationDateTime\":{TIME_US},\
             \"ApproximateCreationDateTimePrecision\":\"MICROSECOND\",\"Keys\":{keys}{images}}}}}",
            pretty::string(&names.table)
        ))
    }
}

/// The answers, row by row, as `expected.json` has them.
fn render(
    response: &str,
    statistics: &Statistics,
    record_ids: &[String],
) -> Result<String, String> {
    if !pretty::is_compact(response) {
        return Err(format!("the response has white space between its tokens: {response}"));
    }
    let response: Response =
        serde_json::from_str(response).map_err(|error| format!("the response: {error}"))?;
    let answered: Vec<_> = response.records.iter().map(|answer| &answer.record_id).collect();
    if answered != record_ids.iter().collect::<Vec<_>>() {
        return Err(format!("the response answers {answered:?}"));
    }
    let failed = response.records.iter().filter(|answer| answer.result == "ProcessingFailed");
    if failed.count() != statistics.failures.len() {
        return Err(format!("the statistics tell of other failures: {:?}", statistics.failures));
    }
    let answers = response
        .records
        .iter()
        .enumerate()
        .map(|(at, answer)| {
            let mut members = vec![
                format!("\"recordId\":{}", pretty::string(&answer.record_id)),
                format!("\"result\":{}", pretty::string(&answer.result)),
            ];
            if let Some(data) = &answer.data {
                let row = decode_row(data)
                    .map_err(|problem| format!("record \"{}\": {problem}", answer.record_id))?;
                members.extend(row);
            }
            if let Some(metadata) = &answer.metadata {
                members.push(format!("\"partitionKeys\":{}", metadata.partition_keys));
            }
            if let Some(failed) = statistics.failures.iter().find(|failed| failed.record == at) {
                members.push(format!("\"failure\":\"{}\"", failed.failure.code()));
            }
            Ok(format!("{{{}}}", members.join(",")))
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(pretty::print(&format!("[{}]", answers.join(","))))
}

/// A row's bytes as members of `expected.json`: the row as it is, and beside it the texts in `_old`
/// and `_rescued` as the JSON that they are.
fn decode_row(data: &str) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Texts {
        #[serde(rename = "_old")]
        old: Option<String>,
        #[serde(rename = "_rescued")]
        rescued: Option<String>,
    }
    let row = STANDARD.decode(data).map_err(|error| format!("the row's base64: {error}"))?;
    let row = String::from_utf8(row).map_err(|error| format!("the row: {error}"))?;
    let Some(line) = row.strip_suffix('\n') else {
        return Err(format!("the row does not end with a newline: {row:?}"));
    };
    let texts: Texts =
        serde_json::from_str(line).map_err(|error| format!("the row: {error}: {line}"))?;
    let mut members = vec![format!("\"row\":{line}")];
    for (name, text) in [("old", texts.old), ("rescued", texts.rescued)] {
        let Some(text) = text else { continue };
        if let Err(error) = serde_json::from_str::<&RawValue>(&text) {
            return Err(format!("the row's _{name}: {error}: {text}"));
        }
        members.push(format!("\"{name}\":{text}"));
    }
    match members.iter().find(|member| !pretty::is_compact(member)) {
        Some(member) => Err(format!("white space between tokens: {member}")),
        None => Ok(members),
    }
}
