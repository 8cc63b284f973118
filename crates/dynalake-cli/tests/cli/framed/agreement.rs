//! What frames become is what the same records become in an event of Kinesis.

use super::*;
#[allow(dead_code, unused_imports)] // Other tests use more of it.
#[path = "../../../../../tests/properties/generate/mod.rs"]
mod generate;

use dynalake::failure::Failure;
use dynalake::firehose::ErrorLine;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Plan, Schema};

/// The event that Lambda would get of these records.
fn kinesis(records: &[Record]) -> String {
    let records = records.iter().map(|record| {
        let number = record.number.as_deref().unwrap_or_default();
        json!({"eventSource": "aws:kinesis", "eventID": format!("shardId-3:{number}"), "kinesis": {
            "data": BASE64_STANDARD.encode(&record.data), "sequenceNumber": number,
            "approximateArrivalTimestamp": record.arrival_us / 1_000_000}})
    });
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}

/// The files that `dynalake transform` makes of that event, named as those of frames are.
fn transformed(schema: &str, records: &[Record]) -> (Done, BTreeMap<String, Vec<u8>>) {
    let out = Folder::new(&[]);
    let args = ["transform", "--format", "parquet", "--schema", schema, "--out", out.path()];
    let done = dynalake_with(&args, kinesis(records));
    let renamed = files(&out).into_iter().map(|(name, bytes)| {
        let (folder, _) = name.rsplit_once('/').unwrap();
        (format!("{folder}/spark-q-7-0.parquet"), bytes)
    });
    (done, renamed.collect())
}

/// Why a record gives no row, as the core says.
fn failure(records: &mut RecordTransformer, record: &Record) -> Option<Failure> {
    let number = record.number.as_deref().map(str::as_bytes);
    match records.transform(&record.data, number, &mut Vec::new()).outcome {
        Outcome::Failed(failure) => Some(failure),
        Outcome::Row { .. } | Outcome::Dropped => None,
    }
}

/// The line that keeps a record.
fn line(record: &Record, failure: Failure, plan: &Plan) -> Vec<u8> {
    let mut line = Vec::new();
    ErrorLine {
        time_ms: record.arrival_us / 1_000,
        failure,
        message: &failure.explain(plan),
        data: &record.data,
        lambda_arn: None,
        sequence_number: record.number.as_deref().map(str::as_bytes),
        shard_id: None,
    }
    .write(&mut line);
    line
}

#[test]
fn frames_give_the_rows_of_the_same_records_in_an_event() {
    let (mut cases, mut rows, mut rejected, mut dropped) = (0, 0, 0, 0);
    for case in generate::samples(&generate::case_of(1..60), 60) {
        let Some(text) = case.schema else { continue };
        let Ok(schema) = Schema::parse(&text) else { continue };
        let plan = Plan::new(&schema);
        let mut core = RecordTransformer::new(plan.clone(), Options::new(&plan));
        let records = case.records.into_iter().zip(0..).map(|((data, number), at): (_, u32)| {
            // Kinesis' are digits, and a frame takes no others.
            let is_number = |number: &String| {
                !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
            };
            let number = number.filter(is_number).unwrap_or_else(|| format!("49{at:05}"));
            let arrival_us = ARRIVAL_US + u64::from(at) * 1_234_567_890;
            Record { data, number: Some(number), arrival_us }
        });
        // transform takes those without a table for the schema's.
        let records: Vec<Record> =
            records.filter(|record| failure(&mut core, record) != Some(Failure::NoTable)).collect();
        if records.is_empty() {
            continue;
        }
        let file = TempFile::new("framed-agreement.json", &text);
        let places = Places::new();
        let done = places.run(file.path(), &[], frames(&records));
        let counts = counts(&done);
        let (of_event, expected) = transformed(file.path(), &records);
        assert_eq!(done.code, of_event.code, "{}\n{}", done.stderr, of_event.stderr);
        of_event.says(&format!(
            "records     {} in: {} ok, {} dropped, {} failed",
            counts["records"], counts["rows"], counts["dropped"], counts["rejected"]
        ));
        let [found, errors] = places.files();
        assert_eq!(counts["files"], found.len());
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, bytes) in &found {
            assert!(*bytes == expected[name], "{name}\n{text}\n{records:?}");
        }
        let lines: Vec<u8> = records
            .iter()
            .filter_map(|record| Some((record, failure(&mut core, record)?)))
            .flat_map(|(record, failure)| line(record, failure, &plan))
            .collect();
        let errors: Vec<u8> = errors.into_values().flatten().collect();
        assert_eq!(String::from_utf8(errors), String::from_utf8(lines));
        let of = |name: &str| counts[name].as_u64().unwrap();
        (cases, rows) = (cases + 1, rows + of("rows"));
        (rejected, dropped) = (rejected + of("rejected"), dropped + of("dropped"));
    }
    assert!(
        cases > 30 && rows > 200 && rejected > 50 && dropped > 10,
        "{cases} cases, {rows} rows, {rejected} rejected, {dropped} dropped"
    );
}
