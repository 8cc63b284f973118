//! The optimised way and a literal reading of the contract give the same bytes.

use crate::generate::{self, Case};
use crate::reference::{Outcome, Reference};
use crate::wire::{self, Answer};
use dynalake::settings::Settings;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a record became, in a form that two implementations share.
fn describe(answer: &Answer) -> String {
    match &answer.row {
        Some(row) => format!("{} {} {row}", answer.result, answer.metadata),
        None => answer.result.clone(),
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
    let reference = Reference::new(case.schema.as_deref(), case.tables.as_deref(), case.event_time);
    let (mut transformer, reference) = match (settings.transformer(), reference) {
        (Ok(transformer), Ok(reference)) => (transformer, reference),
        (Err(_), Err(_)) => return Ok(()),
        (Ok(_), Err(reason)) => {
            return Err(TestCaseError::fail(format!("should refuse: {reason}")));
        }
        (Err(reason), Ok(_)) => return Err(TestCaseError::fail(format!("refuses: {reason}"))),
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
        prop_assert_eq!(describe(answer), describe_expected(outcome), "{}", why);
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
