//! Any bytes as an event of a stream: its records are those that `serde_json` sees.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::stream::{Event, Source};
use dynalake_fuzz::may_have_duplicates;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A record: its source, sequence number, shard and original bytes, if these are JSON's.
type Seen = (Source, String, String, Option<Vec<u8>>);

fuzz_target!(|event: &[u8]| {
    let expected = seen(event);
    let parsed = match Event::parse(event) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(expected.is_none(), "{error}, but it is an event");
            return;
        }
    };
    if let Ok(text) = std::str::from_utf8(event) {
        serde_json::from_str::<IgnoredAny>(text).expect("what was taken for an event is JSON");
    }
    assert_eq!(parsed.source.is_none(), parsed.records.is_empty());
    let mut scratch = Vec::new();
    let found = parsed.records.iter().map(|record| {
        let number = record.sequence_number.to_cow(event).into_owned();
        let (mut bytes, original) = (Vec::new(), record.to_original(event));
        if record.append_to(event, &mut scratch, &mut bytes).is_ok() {
            assert_eq!(bytes, *original);
        }
        let source = parsed.source.expect("there are records");
        assert_eq!(record.kinesis_number(event).is_some(), source == Source::Kinesis);
        let data = (source == Source::Kinesis).then_some(bytes);
        let number = String::from_utf8(number).expect("it is ASCII");
        (source, number, record.shard_id(event).to_owned(), data)
    });
    let found: Vec<Seen> = found.collect();
    if let Some(expected) = expected {
        assert_eq!(found, expected);
    }
});

/// The records of an event, where `serde_json` sees one in which no name is there twice.
fn seen(event: &[u8]) -> Option<Vec<Seen>> {
    if may_have_duplicates(event) {
        return None;
    }
    let value: Value = serde_json::from_slice(event).ok()?;
    let records = value.get("Records")?.as_array()?;
    let mut found: Vec<Seen> = Vec::new();
    for record in records {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let seen = match text("/eventSource")? {
            "aws:dynamodb" => {
                let number = name(text("/dynamodb/SequenceNumber")?)?;
                (Source::Streams, number, "dynamodb".to_owned(), None)
            }
            "aws:kinesis" => {
                let number = name(text("/kinesis/sequenceNumber")?)?;
                let (shard, _) = text("/eventID")?.split_once(':')?;
                let data = text("/kinesis/data").and_then(|data| STANDARD.decode(data).ok());
                (Source::Kinesis, number, name(shard)?, Some(data.unwrap_or_default()))
            }
            _ => return None,
        };
        found.push(seen);
    }
    let is_one = found.windows(2).all(|pair| pair[0].0 == pair[1].0);
    is_one.then_some(found)
}

fn name(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=128).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.to_owned())
}
