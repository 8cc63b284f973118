//! The optimised way and a literal reading of the contract give the same bytes.

use crate::generate::{self, Case};
use crate::reference::{Outcome, Reference};
use crate::wire::{self, Answer};
use dynalake::settings::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a record became, in a form that two implementations share. `reason` is that of a failure.
fn describe(answer: &Answer, reason: Option<&str>) -> String {
    match (&answer.row, reason) {
        (Some(row), _) => format!("{} {} {row}", answer.result, answer.metadata),
        (None, Some(reason)) => format!("{} {reason}", answer.result),
        (None, None) => answer.result.clone(),
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
        // What is behind the reason's name is for the reader of a failed test.
        Outcome::Failed(why) => {
            format!("ProcessingFailed {}", why.split(':').next().unwrap_or_default())
        }
    }
}

fn agree(case: &Case) -> Result<(), TestCaseError> {
    let settings = Settings {
        schema: case.schema.clone(),
        tables: case.tables.clone(),
        partition_keys: case.event_time.then(|| "event_time".to_owned()),
    };
    let reference = Reference::new(case.schema.as_deref(), case.tables.as_deref(), case.event_time);
    let (mut transformer, reference) = match (settings.transformer(), reference) {
        (Ok(transformer), Ok(reference)) => (transformer, reference),
        (Err(_), Err(_)) => return Ok(()),
        (Ok(_), Err(reason)) => {
            return Err(TestCaseError::fail(format!("should reject: {reason}")));
        }
        (Err(reason), Ok(_)) => return Err(TestCaseError::fail(format!("rejects: {reason}"))),
    };
    let event = wire::event(&case.records);
    let answered = transformer.transform(&event, 0).expect("it is a Firehose event");
    let answers = wire::answers(&answered.response);
    prop_assert_eq!(answers.len(), case.records.len());
    for (at, (answer, (data, number))) in answers.iter().zip(&case.records).enumerate() {
        prop_assert_eq!(&answer.record_id, &at.to_string());
        let outcome = reference.record(data, number.as_deref());
        let why =
            if let Outcome::Failed(reason) = &outcome { reason.clone() } else { String::new() };
        let failed = answered.statistics.failures.iter().find(|failed| failed.record == at);
        let reason = failed.map(|failed| failed.failure.code());
        prop_assert_eq!(describe(answer, reason), describe_expected(outcome), "{}", why);
    }
    Ok(())
}

proptest! {
    #![proptest_config(crate::config(20_000))]

    #[test]
    fn agrees_with_the_reference(case in generate::case()) {
        agree(&case)?;
    }

    #[test]
    fn agrees_with_the_reference_without_a_schema(case in generate::case_without_schema()) {
        agree(&case)?;
    }
}
