//! The events of event source mappings, as AWS describes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

/// A value that must never leave an object.
pub(crate) const SECRET_VALUE: &str = "a value that nobody logs";

pub(crate) const ORDERS: &str = r#"{"table": "orders", "keys": ["orderId"], "columns": [
    {"name": "order_id", "type": "string"},
    {"name": "total", "type": "decimal(38,9)"},
    {"name": "note", "type": "string"}]}"#;

/// When the first change was made: 2024-07-11T23:58:22Z.
pub(crate) const CREATED: u64 = 1_720_742_302;

pub(crate) const SHARD: &str = "shardId-000000000006";

/// The sequence number of a change.
pub(crate) fn number(at: usize) -> String {
    format!("49615332175504399270000000000000000000000000000{at:09}")
}

/// A change of DynamoDB Streams.
pub(crate) fn change(at: usize) -> Value {
    json!({
        "eventID": format!("event-{at}"),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": CREATED + at as u64,
            "Keys": {"orderId": {"S": format!("o-{at}")}},
            "NewImage": {
                "orderId": {"S": format!("o-{at}")},
                "total": {"N": format!("{at}.50")},
                "note": {"S": SECRET_VALUE}
            },
            "SequenceNumber": number(at),
            "SizeBytes": 64,
            "StreamViewType": "NEW_AND_OLD_IMAGES"
        },
        "eventSourceARN":
            "arn:aws:dynamodb:eu-central-1:111122223333:table/orders/stream/2024-07-11T00:00:00.000"
    })
}

/// An event of these records.
pub(crate) fn event(records: impl IntoIterator<Item = Value>) -> String {
    let records: Vec<String> = records.into_iter().map(|record| record.to_string()).collect();
    event_of_text(&records)
}

/// The same of records as they are written.
pub(crate) fn event_of_text(records: &[String]) -> String {
    format!("{{\"Records\":[{}]}}", records.join(","))
}

/// A record of Kinesis with these data.
pub(crate) fn kinesis(at: usize, data: &[u8]) -> Value {
    kinesis_of(&number(at), 1_720_742_303_500, data)
}

/// The same, of this sequence number, which arrived at this time in milliseconds since 1970.
pub(crate) fn kinesis_of(number: &str, arrival_ms: u64, data: &[u8]) -> Value {
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "8DB2B4A3BC8A2D9D",
            "sequenceNumber": number,
            "data": STANDARD.encode(data),
            "approximateArrivalTimestamp": Duration::from_millis(arrival_ms).as_secs_f64()
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{SHARD}:{number}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111122223333:role/lambda-role",
        "awsRegion": "eu-central-1",
        "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/changes"
    })
}

/// A change of [`ORDERS`] as Kinesis Data Streams for DynamoDB has it.
pub(crate) fn kinesis_change(at: usize) -> Value {
    json!({
        "awsRegion": "eu-central-1",
        "eventID": format!("event-{at}"),
        "eventName": "INSERT",
        "userIdentity": null,
        "recordFormat": "application/json",
        "tableName": "orders",
        "dynamodb": {
            "ApproximateCreationDateTime": CREATED * 1_000_000 + at as u64,
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
            "Keys": {"orderId": {"S": format!("o-{at}")}},
            "NewImage": {
                "orderId": {"S": format!("o-{at}")},
                "total": {"N": format!("{at}.50")},
                "note": {"S": SECRET_VALUE}
            },
            "SizeBytes": 64
        },
        "eventSource": "aws:dynamodb"
    })
}

/// The row of [`change`].
pub(crate) fn row(at: usize) -> String {
    let seconds = 22 + at;
    format!(
        "{{\"order_id\":\"o-{at}\",\"total\":\"{at}.5\",\"note\":\"{SECRET_VALUE}\",\
         \"_event_type\":\"INSERT\",\"_event_time\":\"2024-07-11T23:58:{seconds:02}.000000Z\",\
         \"_event_id\":\"event-{at}\",\"_table\":\"orders\",\
         \"_sequence\":\"{:020}-{}\"}}",
        (CREATED + at as u64) * 1_000_000,
        number(at)
    )
}

/// The key of the object of a batch of [`change`]s.
pub(crate) fn key(first: usize, last: usize) -> String {
    format!("data/orders/dt=2024-07-11/hour=23/dynamodb-{}-{}.parquet", number(first), number(last))
}
