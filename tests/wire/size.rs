//! The limits: six megabytes each way, many records, and memory.

use super::{LOG_FORMAT, SCHEMA, assert_alive, count, error_of, json_lines, metric_lines, read};
use crate::firehose::{MAX_BYTES, READINGS, encode, event, full_event, reading, row_of_reading};
use crate::runtime_api::Function;
use serde_json::{Value, json};

/// Checks the peak of the process' memory, and returns it in KiB; 0 where nobody tells.
fn assert_within_memory(function: &Function) -> u64 {
    let peak = function.peak_resident_kib().unwrap_or_default();
    println!("peak resident memory: {peak} KiB");
    assert!(peak <= 64 << 10, "{peak} KiB are more than 64 MiB");
    peak
}

/// Has events of six megabytes handled by one process, and checks its memory.
fn assert_full_events_fit_into_memory(settings: &[(&str, &str)], events: &[(String, [usize; 3])]) {
    let mut function = Function::start(settings);
    for (at, (event, expected)) in events.iter().enumerate() {
        let size = event.len();
        assert!((MAX_BYTES - (64 << 10)..=MAX_BYTES).contains(&size), "{size} bytes are no 6 MB");
        let post = function.invoke(event.as_str());
        assert_eq!(count(&read(&post, expected.iter().sum())), *expected, "event {at}");
        assert_within_memory(&function);
    }
    function.stop();
}

/// How many records an event holds.
fn records(event: &str) -> usize {
    event.matches("\"recordId\"").count()
}

#[test]
fn an_event_of_six_megabytes_is_answered_completely_within_64_mib() {
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
    let data = |at: usize| reading(&format!("item {at}"), at as i64, &text).to_string();
    let event = full_event(data);
    let records = records(&event);
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let answers = read(&function.invoke(event.as_str()), records);
    for (at, answer) in answers.iter().enumerate() {
        let row = row_of_reading(at, &format!("item {at}"), at as i64, &text);
        assert!(answer.row() == Some(row), "record {at} has its row");
    }
    let output = function.stop();
    let metrics = &metric_lines(&output)[0];
    assert_eq!(metrics["BytesIn"], event.len());
    assert_eq!(metrics["RecordsOk"], records);

    // Again and again, so that what an invocation leaves behind would show.
    let events = vec![(event, [records, 0, 0]); 4];
    assert_full_events_fit_into_memory(&[(SCHEMA, READINGS)], &events);
}

#[test]
fn six_megabytes_in_the_smallest_changes_or_in_one_stay_within_64_mib() {
    let small = full_event(|at| reading(&at.to_string(), 0, "").to_string());
    let large = full_event(|at| match at {
        0 => reading("a", 0, &"large ".repeat(780_000)).to_string(),
        _ => "x".repeat(MAX_BYTES),
    });
    let bad = full_event(|_| "{".into());
    let events = [small, large, bad].map(|event| {
        let records = records(&event);
        let expected =
            if event.contains("\"data\":\"ew==\"") { [0, 0, records] } else { [records, 0, 0] };
        (event, expected)
    });
    assert_full_events_fit_into_memory(&[(SCHEMA, READINGS)], &events);
    assert_full_events_fit_into_memory(&[], &events);
}

/// A change whose image has these members beside the usual ones.
fn reading_with(id: &str, members: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut change = reading(id, 0, "");
    let image = change["dynamodb"]["NewImage"].as_object_mut().expect("an image is an object");
    image.extend(members);
    change
}

#[test]
fn items_of_as_many_parts_as_six_megabytes_hold_stay_within_64_mib() {
    // As large as DynamoDB's items, of the shortest attributes; and one that only a hand could have
    // made.
    let attributes =
        |at: usize| (0..20_000).map(move |n| (format!("a{at}_{n:x}"), json!({"N": "1"})));
    let wide = full_event(|at| reading_with("a", attributes(at)).to_string());
    let maps = (0..120_000).map(|n| (format!("{n:x}"), json!({"M": {"b": {"S": ""}}})));
    let deep = reading_with("a", [("m".to_owned(), json!({"M": maps.collect::<Value>()}))]);
    for event in [wide, event([deep.to_string()])] {
        for settings in [&[(SCHEMA, READINGS)][..], &[]] {
            let mut function = Function::start(settings);
            let post = function.invoke(event.as_str());
            let [ok, dropped, failed] = count(&read(&post, records(&event)));
            println!("{ok} Ok, {failed} ProcessingFailed");
            // Rescued, an attribute of a few bytes takes several times as many.
            assert!(ok > 0 && dropped == 0);
            assert_within_memory(&function);
            function.stop();
        }
    }
}

#[test]
fn attribute_names_that_never_come_back_do_not_pile_up_in_memory() {
    let mut function = Function::start(&[]);
    let mut peaks = Vec::new();
    for invocation in 0..8 {
        let names = (0..60_000).map(|n| (format!("name {invocation} {n:x}"), json!({"N": "1"})));
        let event = event([reading_with("a", names).to_string()]);
        assert_eq!(count(&read(&function.invoke(event), 1)), [1, 0, 0]);
        peaks.push(assert_within_memory(&function));
    }
    function.stop();
    let [.., middle, _, _, _, last] = peaks.as_slice() else { panic!("{peaks:?}") };
    assert!(last - middle < 4 << 10, "the peak goes on rising: {peaks:?} KiB");
}

#[test]
fn ten_thousand_tiny_records_come_back_once_each_and_in_order() {
    const RECORDS: usize = 10_000;
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let data = (0..RECORDS).map(|at| match at % 3 {
        0 => r#"{"tableName":"readings","eventName":"REMOVE","dynamodb":{"ApproximateCreationDateTime":1,"Keys":{"id":{"S":"a"}}}}"#,
        1 => r#"{"tableName":"x"}"#,
        _ => "{}",
    });
    let post = function.invoke(event(data));
    for (at, answer) in read(&post, RECORDS).iter().enumerate() {
        let expected = ["Ok", "Dropped", "ProcessingFailed"][at % 3];
        assert_eq!(answer.result, expected, "record {at}");
        let row = answer.row();
        assert_eq!(row.is_some(), at % 3 == 0);
        let tombstone = r#"{"id":"a","_event_type":"REMOVE","#;
        assert!(row.is_none_or(|row| row.starts_with(tombstone)), "record {at}");
    }
    let output = function.stop();
    let metrics = &metric_lines(&output)[0];
    assert_eq!(metrics["RecordsIn"], RECORDS);
    assert_eq!(metrics["RecordsOk"], 3_334);
    assert_eq!(metrics["RecordsDropped"], 3_333);
    assert_eq!(metrics["RecordsFailed"], 3_333);
}

#[test]
fn a_response_that_would_pass_the_limit_fails_only_the_records_that_do_not_fit() {
    const RECORDS: usize = 120;
    // One text in three columns and in `_old`, so that a row is larger than its change.
    let schema = r#"{"table": "readings", "keys": ["id"], "old_image": true, "columns": [
        {"name": "id", "type": "string"},
        {"name": "document", "type": "string"},
        {"name": "body", "type": "struct<text:string>", "path": ["document", "body"]},
        {"name": "text", "type": "string", "path": ["document", "body", "text"]}]}"#;
    let text = |at: usize| "t".repeat(if at % 10 == 9 { 10 } else { 15_000 + at * 10 });
    let change = |at: usize| {
        let mut change = reading(&format!("item {at}"), 0, "");
        change["eventName"] = "MODIFY".into();
        let image = json!({
            "id": {"S": format!("item {at}")},
            "document": {"M": {"body": {"M": {"text": {"S": text(at)}}}}}
        });
        change["dynamodb"]["OldImage"] = image.clone();
        change["dynamodb"]["NewImage"] = image;
        change.to_string()
    };
    let row = |at: usize| {
        let (id, text) = (format!("item {at}"), text(at));
        let body = json!({"text": text});
        let document = json!({"body": body});
        let plain = row_of_reading(at, &id, 0, "").replace("INSERT", "MODIFY");
        let (_, metadata) = plain.split_once("\"_event_type\"").expect("rows have metadata");
        let old = json!({"id": id, "document": document}).to_string();
        format!(
            "{{\"id\":\"{id}\",\"document\":{},\"body\":{body},\"text\":\"{text}\",\"_event_type\"{},\
             \"_old\":{}}}\n",
            Value::from(document.to_string()),
            metadata.trim_end().trim_end_matches('}'),
            Value::from(old)
        )
    };
    let input = event((0..RECORDS).map(change));
    assert!(input.len() < MAX_BYTES, "{} bytes are no event", input.len());
    let mut function = Function::start(&[(SCHEMA, schema), (LOG_FORMAT, "JSON")]);
    let post = function.invoke(input);
    let answers = read(&post, RECORDS);
    let [ok, dropped, failed] = count(&answers);
    println!("{ok} Ok, {failed} ProcessingFailed, {} bytes", post.body.len());
    assert!(ok > 60 && dropped == 0 && failed > 20, "{ok} Ok and {failed} ProcessingFailed");
    for (at, answer) in answers.iter().enumerate() {
        let row = row(at);
        if answer.result == "Ok" {
            assert!(answer.row() == Some(row), "record {at} has its row");
        } else {
            let grown = r#""Ok","data":"""#.len() + encode(row.as_bytes()).len();
            let size = post.body.len() - r#""ProcessingFailed""#.len() + grown;
            assert!(size > MAX_BYTES, "record {at} would have fitted: {size} bytes with it");
        }
    }
    // The small ones found room up to the end.
    assert!(answers.iter().skip(9).step_by(10).all(|answer| answer.result == "Ok"));

    // And then as if nothing had been.
    let next = function.invoke(event([change(1)]));
    assert_eq!(count(&read(&next, 1)), [1, 0, 0]);
    let output = function.stop();
    let metrics = &metric_lines(&output)[0];
    assert_eq!(metrics["RecordsOk"], ok);
    assert_eq!(metrics["RecordsFailed"], failed);
    assert_eq!(metrics["BytesOut"], post.body.len());
    let lines = json_lines(&output);
    let lines: Vec<_> = lines.iter().filter(|line| line["reason"] == "response_full").collect();
    assert_eq!(lines.len(), 1, "{output}");
    assert_eq!(lines[0]["records"], failed);
}

#[test]
fn more_records_than_any_response_can_name_fail_the_invocation_and_not_the_process() {
    let records = vec![r#"{"recordId":"1"}"#; 180_000].join(",");
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let post = function.invoke(format!("{{\"records\":[{records}]}}"));
    let error = error_of(&post);
    assert_eq!(error["errorType"], "dynalake::TooManyRecords");
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("180000") && message.contains("6291456"), "{message}");
    assert_alive(&mut function);
    function.stop();
}
