//! What is measured beside ours: idiomatic Rust, and the lower bound.

use aws_lambda_events::firehose::{
    KinesisFirehoseEvent, KinesisFirehoseResponse, KinesisFirehoseResponseRecord,
};
use serde_json::{Value, json};

/// Idiomatic Rust: event types by `aws_lambda_events`, JSON by `serde_json::Value`, attributes by
/// `serde_dynamo`. No schema, nothing checked, numbers through a double.
pub fn baseline_handler(event: KinesisFirehoseEvent) -> KinesisFirehoseResponse {
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
        let metadata = record.kinesis_firehose_record_metadata;
        row["_sequence"] = json!(metadata.map(|metadata| metadata.sequence_number));
        let mut data = serde_json::to_vec(&row).expect("it is JSON");
        data.push(b'\n');
        let mut answer = KinesisFirehoseResponseRecord::default();
        answer.record_id = record.record_id;
        answer.result = Some("Ok".to_owned());
        answer.data.0 = data;
        response.records.push(answer);
    }
    response
}

/// Idiomatic Rust from an event's bytes to a response's, as `lambda_runtime` does it.
pub fn baseline(event: &[u8]) -> Vec<u8> {
    let event = serde_json::from_slice(event).expect("it is a Firehose event");
    serde_json::to_vec(&baseline_handler(event)).expect("it is JSON")
}

/// What any transformation has to do at the least: the records' bytes out of base64, a tape of
/// their JSON, and as many bytes as ours returns into base64. Where the records are is given, so
/// the event's and the response's own JSON cost nothing here; [`LowerBound::run_with_event`] adds a
/// tape of the event itself.
pub struct LowerBound {
    event: Vec<u8>,
    data: Vec<Vec<u8>>,
    returned: Vec<u8>,
    decoded: Vec<u8>,
    encoded: Vec<u8>,
    buffers: simd_json::Buffers,
}

/// What the lower bound made, to be checked, and so that none of it can be left out.
#[derive(Debug)]
pub struct Found {
    /// The nodes of all tapes: values, and names of members.
    pub nodes: usize,
    /// Bytes of base64.
    pub encoded: usize,
}

impl LowerBound {
    /// For an event, and a response of so many bytes.
    pub fn new(event: &[u8], response_bytes: usize) -> LowerBound {
        let parsed: Value = serde_json::from_slice(event).expect("it is JSON");
        let records = parsed["records"].as_array().expect("it is a Firehose event");
        let data = records.iter().map(|record| record["data"].as_str().expect("it has data"));
        LowerBound {
            event: event.to_vec(),
            data: data.map(|data| data.as_bytes().to_vec()).collect(),
            returned: vec![b'x'; response_bytes / 4 * 3],
            decoded: Vec::new(),
            encoded: Vec::new(),
            buffers: simd_json::Buffers::new(0),
        }
    }

    /// Does it once, and reads the event as well.
    pub fn run_with_event(&mut self) -> Found {
        // It is parsed in place, again and again: without escapes in it, that changes no byte.
        let tape = simd_json::to_tape_with_buffers(&mut self.event, &mut self.buffers);
        let nodes = tape.expect("it is JSON").0.len();
        let found = self.run();
        Found { nodes: nodes + found.nodes, ..found }
    }

    /// Does it once.
    pub fn run(&mut self) -> Found {
        let mut nodes = 0;
        for data in &self.data {
            self.decoded.clear();
            base64_simd::STANDARD.decode_append(data, &mut self.decoded).expect("it is base64");
            let tape = simd_json::to_tape_with_buffers(&mut self.decoded, &mut self.buffers);
            nodes += tape.expect("it is JSON").0.len();
        }
        self.encoded.clear();
        base64_simd::STANDARD.encode_append(&self.returned, &mut self.encoded);
        Found { nodes, encoded: self.encoded.len() }
    }
}
