//! Firehose's side of an invocation: events as it builds them, and its reading of a response.
//! Written from AWS' description
//! (<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>), not from
//! `dynalake::firehose`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most that an invocation's event or response may take.
pub(crate) const MAX_BYTES: usize = 6_291_456;

/// The name in [`event`]'s ARN of a delivery stream.
pub(crate) const DELIVERY_STREAM: &str = "readings-to-s3";

/// When each change was made, unless said otherwise: 2024-07-11T23:58:22.233Z.
pub(crate) const CREATED_MS: u64 = 1_720_742_302_233;

/// The simplest table that a newcomer has.
pub(crate) const READINGS: &str = r#"{"table": "readings", "keys": ["id"], "columns": [
    {"name": "id", "type": "string"},
    {"name": "timestamp", "type": "bigint"},
    {"name": "data", "type": "string"}]}"#;

/// The change that made an item of [`READINGS`], with nothing unusual about it.
pub(crate) fn reading(id: &str, timestamp: i64, data: &str) -> Value {
    json!({
        "awsRegion": "eu-central-1",
        "eventID": format!("event of {id}"),
        "eventName": "INSERT",
        "userIdentity": null,
        "recordFormat": "application/json",
        "tableName": "readings",
        "dynamodb": {
            "ApproximateCreationDateTime": CREATED_MS,
            "ApproximateCreationDateTimePrecision": "MILLISECOND",
            "Keys": {"id": {"S": id}},
            "NewImage": {
                "id": {"S": id},
                "timestamp": {"N": timestamp.to_string()},
                "data": {"S": data}
            },
            "SizeBytes": 64
        },
        "eventSource": "aws:dynamodb"
    })
}

/// The row of a [`reading`] that is the `at`th record of an event.
pub(crate) fn row_of_reading(at: usize, id: &str, timestamp: i64, data: &str) -> String {
    let [id_text, data] = [id, data].map(|text| Value::from(text).to_string());
    format!(
        "{{\"id\":{id_text},\"timestamp\":{timestamp},\"data\":{data},\"_event_type\":\"INSERT\",\
         \"_event_time\":\"2024-07-11T23:58:22.233000Z\",\"_event_id\":\"event of {id}\",\
         \"_table\":\"readings\",\"_sequence\":\"00001720742302233000-{}\"}}\n",
        sequence_number(at)
    )
}

/// Kinesis' sequence number of an event's `at`th record: 56 digits.
fn sequence_number(at: usize) -> String {
    format!("49630081666084879290581185630324770398608704880802{at:06}")
}

/// The `recordId` of an event's `at`th record.
pub(crate) fn record_id(at: usize) -> String {
    format!("{}000000", sequence_number(at))
}

/// An event with these data, encoded here.
pub(crate) fn event<T: AsRef<[u8]>>(data: impl IntoIterator<Item = T>) -> String {
    event_of_encoded(data.into_iter().map(|data| encode(data.as_ref())))
}

/// An event with these data as they stand, in base64 or not.
pub(crate) fn event_of_encoded(data: impl IntoIterator<Item = String>) -> String {
    let records = data.into_iter().enumerate().map(|(at, data)| {
        format!(
            "{{\"recordId\":\"{}\",\"approximateArrivalTimestamp\":1720742302500,\
             \"data\":\"{data}\",\"kinesisRecordMetadata\":{{\"sequenceNumber\":\"{}\",\
             \"subsequenceNumber\":0,\"partitionKey\":\"8DB2B4A3BC8A2D9D\",\
             \"shardId\":\"shardId-000000000000\",\
             \"approximateArrivalTimestamp\":1720742302500}}}}",
            record_id(at),
            sequence_number(at)
        )
    });
    let records: Vec<String> = records.collect();
    format!(
        "{{\"invocationId\":\"2b4d1ad9-2f48-94bd-a088-767c317e994a\",\
         \"sourceKinesisStreamArn\":\"arn:aws:kinesis:eu-central-1:123456789012:stream/changes\",\
         \"deliveryStreamArn\":\
         \"arn:aws:firehose:eu-central-1:123456789012:deliverystream/{DELIVERY_STREAM}\",\
         \"region\":\"eu-central-1\",\"records\":[{}]}}",
        records.join(",")
    )
}

/// An event of as many records as [`MAX_BYTES`] hold: `data` makes the one at an index.
pub(crate) fn full_event(data: impl Fn(usize) -> String) -> String {
    let (mut size, mut all) = (event_of_encoded([]).len(), Vec::new());
    let size_of = |records| event_of_encoded(std::iter::repeat_n(String::new(), records)).len();
    let frame = size_of(2) - size_of(1);
    loop {
        let encoded = encode(data(all.len()).as_bytes());
        size += frame + encoded.len();
        if size > MAX_BYTES {
            return event_of_encoded(all);
        }
        all.push(encoded);
    }
}

/// As `data` stands in an event.
pub(crate) fn encode(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// One record of a response. There is no member beside those that AWS describes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) record_id: String,
    pub(crate) result: String,
    data: Option<String>,
    pub(crate) metadata: Option<Metadata>,
}

/// What dynamic partitioning takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) partition_keys: BTreeMap<String, String>,
}

impl Answer {
    /// The row, which only an `Ok` has; that it has one is checked here.
    pub(crate) fn row(&self) -> Option<String> {
        assert_eq!(self.data.is_some(), self.result == "Ok", "{self:?}");
        let data = self.data.as_deref()?;
        let row = STANDARD.decode(data).expect("data is base64");
        Some(String::from_utf8(row).expect("rows are UTF-8"))
    }
}

/// A response's records, one for each of the event's, in order.
pub(crate) fn answers(response: &[u8], records: usize) -> Vec<Answer> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Response {
        records: Vec<Answer>,
    }
    let response: Response = serde_json::from_slice(response).expect("Firehose reads the response");
    let found: Vec<&str> = response.records.iter().map(|answer| &*answer.record_id).collect();
    let expected: Vec<String> = (0..records).map(record_id).collect();
    assert!(found == expected, "each record comes back once and in order");
    response.records
}
