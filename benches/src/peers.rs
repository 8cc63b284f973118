//! What is measured beside ours: the afternoon's Rust, and the floor.

use aws_lambda_events::firehose::{
    KinesisFirehoseEvent, KinesisFirehoseResponse, KinesisFirehoseResponseRecord,
};
use serde_json::{Value, json};

/// The afternoon's Rust: event types by `aws_lambda_events`, JSON by `serde_json::Value`, attributes by
/// `serde_dynamo`. No schema, nothing checked, numbers through a double.
pub fn afternoon(event: &[u8]) -> Vec<u8> {
    let event: KinesisFirehoseEvent = serde_json::from_slice(event).expect("it is an event");
    let mut response = KinesisFirehoseResponse::default();
    for record in event.records {
        let mut change: Value = serde_json::from_slice(&record.data).expect("it is JSON");
        let remove = change["eventName"] == "REMOVE";
        let image = change["dynamodb"][if remove { "Keys" } else { "NewImage" }].take();
        let item: serde_dynamo::Item = serde_json::from_value(image).expect("it is an item");
        let mut row: Value = serde_dynamo::from_item(item).expect("it has no binary");
        row["_event_type"] = change["eventName"].take();
        row["_event_time"] = change["dynamodb"]["ApproximateCreationDateTime"].take();
        row["_event_id"] = change["eventID"].take();
        row["_table"] = change["tableName"].take();
        row["_sequence"] = json!(record.kinesis_firehose_record_metadata.map(|metadata| metadata.sequence_number));
        let mut data = serde_json::to_vec(&row).expect("it is JSON");
        data.push(b'\n');
        let mut answer = KinesisFirehoseResponseRecord::default();
        answer.record_id = record.record_id;
        answer.result = Some("Ok".to_owned());
        answer.data.0 = data;
        response.records.push(answer);
    }
    serde_json::to_vec(&response).expect("it is JSON")
}

/// What any transformation has to do at the least: the records' bytes out of base64, a tape of their JSON, and
/// as many bytes as ours returns into base64. Where the records lie is given.
pub struct Floor<'e> {
    data: Vec<&'e [u8]>,
    returned: Vec<u8>,
    decoded: Vec<u8>,
    encoded: Vec<u8>,
    buffers: simd_json::Buffers,
}

impl<'e> Floor<'e> {
    pub fn new(event: &'e [u8], response: &[u8]) -> Floor<'e> {
        let mut data = Vec::new();
        let mut rest = event;
        let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|at| at == what);
        while let Some(at) = find(rest, b"\"data\":\"") {
            rest = &rest[at + 8..];
            let end = find(rest, b"\"").expect("a string ends");
            data.push(&rest[..end]);
            rest = &rest[end..];
        }
        Floor {
            data,
            returned: vec![b'x'; response.len() / 4 * 3],
            decoded: Vec::new(),
            encoded: Vec::new(),
            buffers: simd_json::Buffers::new(0),
        }
    }

    pub fn run(&mut self) -> usize {
        let mut nodes = 0;
        for data in &self.data {
            self.decoded.clear();
            base64_simd::STANDARD.decode_append(data, &mut self.decoded).expect("it is base64");
            let tape = simd_json::to_tape_with_buffers(&mut self.decoded, &mut self.buffers);
            nodes += tape.expect("it is JSON").0.len();
        }
        self.encoded.clear();
        base64_simd::STANDARD.encode_append(&self.returned, &mut self.encoded);
        nodes + self.encoded.len()
    }
}
