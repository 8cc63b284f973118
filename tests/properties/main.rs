//! Property tests: what must hold for any schema and any change.
//!
//! `PROPTEST_CASES=100000 cargo test --test properties` looks further.

mod generate;
mod reference;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::settings::Settings;
use generate::Case;
use proptest::prelude::*;
use proptest::test_runner::Config;
use reference::{Outcome, Reference};
use serde_json::{Value, json};

fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    Config { cases, max_shrink_iters: 100_000, failure_persistence: None, ..Config::default() }
}

fn event(case: &Case) -> Vec<u8> {
    let records = case.records.iter().enumerate().map(|(at, (data, sequence_number))| {
        let mut record = json!({"recordId": at.to_string(), "data": STANDARD.encode(data)});
        if let Some(number) = sequence_number {
            record["kinesisRecordMetadata"] = json!({"sequenceNumber": number});
        }
        record
    });
    let event = json!({"records": records.collect::<Vec<_>>()});
    serde_json::to_vec(&event).expect("an event is JSON")
}

/// What a record became, in a form that two implementations share.
fn describe(record: &Value) -> String {
    let result = record["result"].as_str().unwrap_or("none");
    match record["data"].as_str() {
        Some(data) => {
            let row = STANDARD.decode(data).expect("data is base64");
            let row = String::from_utf8(row).expect("a row is UTF-8");
            format!("{result} {} {row}", record["metadata"])
        }
        None => result.to_owned(),
    }
}

fn describe_expected(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ok { row, partition_keys } => {
            let metadata = partition_keys.map_or(Value::Null, |keys| {
                let keys = keys.into_iter().map(|(key, value)| (key, Value::String(value)));
                json!({"partitionKeys": keys.collect::<serde_json::Map<_, _>>()})
            });
            format!("Ok {metadata} {row}")
        }
        Outcome::Dropped => "Dropped".to_owned(),
        Outcome::Failed(_) => "ProcessingFailed".to_owned(),
    }
}

fn agree(case: &Case) -> Result<(), TestCaseError> {
    let settings = Settings {
        schema: case.schema.clone(),
        tables: case.tables.clone(),
        partition_keys: case.event_time.then(|| "event_time".to_owned()),
    };
    let reference =
        Reference::new(case.schema.as_deref(), case.tables.as_deref(), case.event_time);
    let (mut transformer, reference) = match (settings.transformer(), reference) {
        (Ok(transformer), Ok(reference)) => (transformer, reference),
        (Err(_), Err(_)) => return Ok(()),
        (Ok(_), Err(reason)) => {
            return Err(TestCaseError::fail(format!("should refuse: {reason}")));
        }
        (Err(reason), Ok(_)) => return Err(TestCaseError::fail(format!("refuses: {reason}"))),
    };
    let transformed = transformer.transform(&event(case), 0).expect("it is a Firehose event");
    let response: Value = serde_json::from_slice(&transformed.response).expect("it is JSON");
    let records = response["records"].as_array().expect("records are a list");
    prop_assert_eq!(records.len(), case.records.len());
    for (at, (record, (data, number))) in records.iter().zip(&case.records).enumerate() {
        prop_assert_eq!(&record["recordId"], &Value::String(at.to_string()));
        let expected = describe_expected(reference.record(data, number.as_deref()));
        prop_assert_eq!(describe(record), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(3_000))]

    /// The optimised way and a literal reading of the contract give the same bytes.
    #[test]
    fn agrees_with_the_reference(case in generate::case()) {
        agree(&case)?;
    }

    #[test]
    fn agrees_with_the_reference_without_a_schema(case in generate::case_without_schema()) {
        agree(&case)?;
    }
}
