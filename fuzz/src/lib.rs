//! What every answer must be, whatever the event was: the checks that the fuzz targets share.
//!
//! Reads JSON by serde_json and base64 by the `base64` crate, which the core uses for neither.

mod file;

// The tests' own reader of files, and what they say that a file has to hold.
#[allow(dead_code)] // The tests use more of it.
#[path = "../../tests/properties/json.rs"]
mod json;
#[allow(dead_code)] // The same.
#[path = "../../crates/dynalake-parquet/tests/files/read.rs"]
mod read;
#[path = "../../crates/dynalake-parquet/tests/files/rows.rs"]
mod rows;

pub use file::check_file;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use dynalake::firehose::{MAX_ROW_BYTES, Options, Transformed, Transformer};
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::schema::{Plan, Schema};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

/// When all events arrive, in milliseconds since 1970.
pub const NOW_MS: u64 = 1_800_000_000_000;

/// A schema with every type, all that can be said of a column, and columns that attributes can
/// miss.
const ALL_TYPES: &str = r#"{"table": "orders", "keys": ["orderId"], "old_image": true, "columns": [
    {"name": "order_id", "type": "string"},
    {"name": "total", "type": "decimal(38,9)"},
    {"name": "ratio", "type": "double"}, {"name": "share", "type": "float"},
    {"name": "tiny", "type": "tinyint"}, {"name": "count", "type": "bigint"},
    {"name": "open", "type": "boolean"}, {"name": "day", "type": "date"},
    {"name": "placed_at", "type": "timestamp"},
    {"name": "expires_at", "type": "timestamp", "unit": "us"},
    {"name": "customer_city", "type": "string", "path": ["customer", "address", "city"]},
    {"name": "customer_name", "type": "string"},
    {"name": "items", "type": "array<struct<sku:string,qty:int,unit_price:decimal(18,4)>>"},
    {"name": "tags", "type": "array<string>"},
    {"name": "attributes", "type": "map<string,array<bigint>>"}]}"#;

/// Numbers as numbers, hashes, and attributes that must not be seen.
const PROTECTED: &str = r#"{"table": "orders", "keys": ["orderId", "at"], "old_image": true,
    "binary": "single", "decimal_as": "number", "columns": [
    {"name": "order_id", "type": "string", "protect": "sha256"},
    {"name": "at", "type": "bigint"},
    {"name": "total", "type": "decimal(20,2)"},
    {"name": "customer", "type": "struct<address:struct<city:string>,name:string>"},
    {"name": "customer_name", "type": "string", "path": ["customer", "name"], "protect": "sha256"},
    {"name": "tags", "type": "string", "protect": "drop"},
    {"name": "attributes", "type": "map<string,string>"}]}"#;

/// A view of some items, which shows what they were when they leave it.
const VIEW: &str = r#"{"table": "orders", "name": "open_orders", "keys": ["orderId"],
    "where": {"kind": ["order", "ORDER#*", "7"], "orderId": ["*"]},
    "events": ["INSERT", "REMOVE", "TTL"], "on_remove": "item", "old_image": true, "columns": [
    {"name": "order_id", "type": "string"},
    {"name": "kind", "type": "string", "protect": "sha256"},
    {"name": "__typename", "type": "string"}, {"name": "_typename", "type": "boolean"},
    {"name": "expires_at", "type": "timestamp", "unit": "ms"}, {"name": "day", "type": "date"},
    {"name": "tags", "type": "string", "protect": "drop"},
    {"name": "customer", "type": "struct<name:string,address:map<string,string>>"}]}"#;

static SCHEMAS: LazyLock<[Schema; 3]> = LazyLock::new(|| {
    [ALL_TYPES, PROTECTED, VIEW].map(|text| Schema::parse(text).expect("a fixed schema is good"))
});

/// Whether rows of one of the fixed settings stay as they are when they are taken back: those
/// without a schema have no columns, and in PROTECTED a path leads a protected column into a map.
pub fn rows_stay(settings: u8) -> bool {
    matches!(settings % CONFIGURATIONS, 1 | 4)
}

/// How many settings there are to choose from.
const CONFIGURATIONS: u8 = 5;

/// One of the fixed settings: the plan, the tables that are wanted, whether there are partition
/// keys.
fn configuration(configuration: u8) -> (Plan, Option<Vec<String>>, bool) {
    let (plan, table, partition_keys) = match configuration % CONFIGURATIONS {
        0 => (Plan::schemaless(), None, false),
        1 => (Plan::new(&SCHEMAS[0]), Some("orders"), true),
        2 => (Plan::new(&SCHEMAS[1]), None, false),
        4 => (Plan::new(&SCHEMAS[2]), Some("orders"), true),
        _ => (Plan::schemaless(), Some("orders"), true),
    };
    (plan, table.map(|table| vec![table.to_owned()]), partition_keys)
}

/// The schema of one of the fixed settings that have one.
pub fn schema(choice: u8) -> &'static Schema {
    &SCHEMAS[usize::from(choice) % SCHEMAS.len()]
}

/// A transformer of records with nothing behind it yet, by one of the fixed settings.
pub fn record_transformer(settings: u8) -> RecordTransformer {
    let (plan, tables, _) = configuration(settings);
    RecordTransformer::new(
        plan,
        record::Options { tables, default_table: None, max_row_bytes: MAX_ROW_BYTES },
    )
}

/// What becomes of one record, checked: its result as Firehose names it, and its row.
pub fn transform_record(
    transformer: &mut RecordTransformer,
    record: &[u8],
    sequence_number: &[u8],
    has_duplicates: bool,
) -> (&'static str, Option<Vec<u8>>) {
    let mut row = b"before".to_vec();
    match transformer.transform(record, Some(sequence_number), &mut row).outcome {
        Outcome::Row { rescued, .. } => {
            let row = row.strip_prefix(b"before").expect("a row is appended").to_vec();
            assert_eq!(check_row(&row, has_duplicates), rescued);
            ("Ok", Some(row))
        }
        Outcome::Dropped => ("Dropped", None),
        Outcome::Failed(failure) => {
            assert!(!failure.explain(transformer.plan()).is_empty());
            ("ProcessingFailed", None)
        }
    }
}

/// What becomes of a row that was written before, checked: the row, where there is one.
pub fn transform_row(transformer: &mut RecordTransformer, row: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    match transformer.transform_row(row, &mut out).outcome {
        Outcome::Row { rescued, .. } => {
            let row = out.strip_prefix(b"before").expect("a row is appended").to_vec();
            // Texts inside it, such as its `_old`, may have any members.
            assert_eq!(check_row(&row, true), rescued);
            Some(row)
        }
        Outcome::Dropped => None,
        Outcome::Failed(failure) => {
            assert_eq!(out, b"before", "a row that fails leaves nothing");
            assert!(!failure.explain(transformer.plan()).is_empty());
            None
        }
    }
}

/// A transformer of events with nothing behind it yet, by one of the fixed settings.
pub fn transformer(settings: u8, max_response_bytes: Option<usize>) -> Transformer {
    let (plan, tables, partition_keys) = configuration(settings);
    let mut options = Options { tables, partition_keys, ..Options::default() };
    if let Some(max_response_bytes) = max_response_bytes {
        options.max_response_bytes = max_response_bytes;
    }
    Transformer::new(plan, options)
}

/// An event of these change records.
pub fn event_of<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let records = records.into_iter().enumerate().map(|(at, data)| {
        let data = BASE64_STANDARD.encode(data);
        format!(
            r#"{{"recordId":"{at}","data":"{data}","kinesisRecordMetadata":{{"sequenceNumber":"{at}7"}}}}"#
        )
    });
    let records = records.collect::<Vec<_>>().join(",");
    let arn = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/orders";
    format!(r#"{{"deliveryStreamArn":"{arn}","records":[{records}]}}"#).into_bytes()
}

/// One record of a response.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    #[serde(rename = "recordId")]
    pub record_id: String,
    pub result: String,
    pub data: Option<String>,
    pub metadata: Option<Metadata>,
}

/// What Firehose partitions by.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    #[serde(rename = "partitionKeys")]
    pub partition_keys: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    records: Vec<Answer>,
}

impl Answer {
    /// The row, which only an `Ok` has.
    pub fn row(&self) -> Option<Vec<u8>> {
        self.data.as_ref().map(|data| BASE64_STANDARD.decode(data).expect("data is base64"))
    }
}

/// Reads a response and checks all that is known of any: its size, its members, its rows and its
/// statistics.
pub fn check(
    transformed: &Transformed,
    max_response_bytes: usize,
    input_has_duplicates: bool,
) -> Vec<Answer> {
    let Transformed { response, statistics } = transformed;
    assert!(response.len() <= max_response_bytes, "{} bytes", response.len());
    let Response { records } = serde_json::from_slice(response).expect("the response is JSON");
    let (mut ok, mut dropped, mut failed, mut rescued) = (0, 0, 0, 0);
    for record in &records {
        match record.result.as_str() {
            "Ok" => {
                ok += 1;
                let data = record.data.as_ref().expect("an Ok record has data");
                let row = BASE64_STANDARD.decode(data).expect("data is base64");
                rescued += u64::from(check_row(&row, input_has_duplicates));
            }
            "Dropped" => dropped += 1,
            "ProcessingFailed" => failed += 1,
            other => panic!("result {other}"),
        }
        assert_eq!(record.data.is_some(), record.result == "Ok");
        assert!(record.metadata.is_none() || record.result == "Ok");
    }
    assert_eq!(statistics.records_in, records.len() as u64);
    assert_eq!(statistics.records_ok, ok);
    assert_eq!(statistics.records_dropped, dropped);
    assert_eq!(statistics.failures.len(), failed);
    assert_eq!(statistics.rows_rescued, rescued);
    assert_eq!(statistics.bytes_out, response.len() as u64);
    records
}

/// Checks a row; says whether something in it was rescued.
fn check_row(row: &[u8], input_has_duplicates: bool) -> bool {
    let row = std::str::from_utf8(row).expect("a row is UTF-8");
    let line = row.strip_suffix('\n').expect("a row ends in a newline");
    assert!(!line.contains(['\n', '\r']), "a row is one line: {line:?}");
    let columns = object(line);
    assert!(!named_alike(&columns), "two columns of one name: {line}");
    let inside = columns.iter().any(|(_, value)| value.has_duplicates());
    assert!(input_has_duplicates || !inside, "two members of one name: {line}");
    let text_of = |name: &str| {
        let (_, value) = columns.iter().find(|(column, _)| column == name)?;
        let Json::String(text) = value else { panic!("{name} is text: {line}") };
        Some(text.as_str())
    };
    for required in ["_event_type", "_event_time", "_table", "_sequence"] {
        assert!(text_of(required).is_some(), "{required} is missing: {line}");
    }
    let [old, rescued] = ["_old", "_rescued"].map(|name| text_of(name).map(object));
    for members in [&old, &rescued].into_iter().flatten() {
        let inside = members.iter().any(|(_, value)| value.has_duplicates());
        assert!(
            input_has_duplicates || !(inside || named_alike(members)),
            "duplicates in text: {line}"
        );
    }
    assert!(rescued.as_ref().is_none_or(|members| !members.is_empty()), "empty: {line}");
    rescued.is_some()
}

fn object(json: &str) -> Vec<(String, Json)> {
    match parse(json) {
        Ok(Json::Object(members)) => members,
        Ok(_) => panic!("no object: {json}"),
        Err(error) => panic!("{error}: {json}"),
    }
}

fn named_alike(members: &[(String, Json)]) -> bool {
    let names: HashSet<_> = members.iter().map(|(name, _)| name).collect();
    names.len() < members.len()
}

/// Whether an input has an object with two members named alike, or is not to be told.
pub fn may_have_duplicates(input: &[u8]) -> bool {
    let json = std::str::from_utf8(input).ok().and_then(|text| parse(text).ok());
    json.is_none_or(|json| json.has_duplicates())
}

/// JSON, of which only strings and members matter; objects keep duplicates. A number comes as an
/// object of one member: that is how serde_json hands over all its digits.
enum Json {
    Other,
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn has_duplicates(&self) -> bool {
        match self {
            Json::Other | Json::String(_) => false,
            Json::Array(elements) => elements.iter().any(Json::has_duplicates),
            Json::Object(members) => {
                named_alike(members) || members.iter().any(|(_, value)| value.has_duplicates())
            }
        }
    }
}

/// Nesting that no row has: 64 levels of DynamoDB JSON, each of two objects, in their envelope.
const MAX_DEPTH: u32 = 200;

fn parse(text: &str) -> Result<Json, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let json = JsonSeed { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(json)
}

struct JsonSeed {
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for JsonSeed {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(serde::de::Error::custom("nested too deep"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonSeed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(JsonSeed { depth: self.depth + 1 })? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = access.next_key()? {
            members.push((name, access.next_value_seed(JsonSeed { depth: self.depth + 1 })?));
        }
        Ok(Json::Object(members))
    }
}
