//! Events and responses, as Firehose would make and read them.

use crate::generate::Case;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::firehose::Transformer;
use dynalake::settings::Settings;
use serde_json::{Value, json};

/// The metadata columns, as the contract lists them; none is taken from the code under test.
pub(crate) const METADATA: [&str; 8] = [
    "_event_type",
    "_event_time",
    "_event_id",
    "_table",
    "_sequence",
    "_ttl_delete",
    "_old",
    "_rescued",
];

/// An event of these records: decoded data, and Kinesis' sequence number.
pub(crate) fn event(records: &[(Vec<u8>, Option<String>)]) -> Vec<u8> {
    let records = records.iter().enumerate().map(|(at, (data, sequence_number))| {
        let mut record = json!({"recordId": at.to_string(), "data": STANDARD.encode(data)});
        if let Some(number) = sequence_number {
            record["kinesisRecordMetadata"] = json!({"sequenceNumber": number});
        }
        record
    });
    let event = json!({"records": records.collect::<Vec<_>>()});
    serde_json::to_vec(&event).expect("an event is JSON")
}

/// What a response says of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `recordId`
    pub(crate) record_id: String,
    /// `result`
    pub(crate) result: String,
    /// `data`, decoded: the row with its newline.
    pub(crate) row: Option<String>,
    /// `metadata`, null without one.
    pub(crate) metadata: Value,
}

/// Reads a response, and checks its form on the way.
pub(crate) fn answers(response: &[u8]) -> Vec<Answer> {
    let response: Value = serde_json::from_slice(response).expect("a response is JSON");
    let records = response["records"].as_array().expect("records are a list");
    records.iter().map(answer).collect()
}

fn answer(record: &Value) -> Answer {
    let result = record["result"].as_str().expect("a result is a string");
    assert!(["Ok", "Dropped", "ProcessingFailed"].contains(&result), "result {result}");
    let row = record.get("data").map(|data| {
        let data = data.as_str().expect("data is a string");
        let row = STANDARD.decode(data).expect("data is base64");
        String::from_utf8(row).expect("a row is UTF-8")
    });
    assert_eq!(row.is_some(), result == "Ok", "data goes with Ok, and only with Ok");
    if let Some(row) = &row {
        assert_eq!(row.find('\n'), Some(row.len() - 1), "a row is one line: {row}");
    }
    Answer {
        record_id: record["recordId"].as_str().expect("a recordId is a string").to_owned(),
        result: result.to_owned(),
        row,
        metadata: record["metadata"].clone(),
    }
}

/// A transformer with the case's schema for all tables that the schema takes; `None` if it is
/// rejected.
pub(crate) fn transformer(case: &Case) -> Option<Transformer> {
    let schema = case.schema.clone();
    Settings { schema, ..Settings::default() }.transformer().ok()
}

/// The records of a case with what became of each; none if the schema is rejected.
pub(crate) fn transform(case: &Case) -> Vec<(&[u8], Answer)> {
    let Some(mut transformer) = transformer(case) else { return Vec::new() };
    let event = event(&case.records);
    let answered = transformer.transform(&event, 0).expect("it is a Firehose event");
    let answers = answers(&answered.response);
    assert_eq!(answers.len(), case.records.len(), "a record each");
    case.records.iter().map(|(data, _)| &data[..]).zip(answers).collect()
}
