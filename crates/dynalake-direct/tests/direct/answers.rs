//! What is answered, logged and counted.

use crate::events::{
    CREATED, ORDERS, SHARD, change, event, event_of_text, key, kinesis, kinesis_change, number, row,
};
use crate::runtime_api::{Kind, Post};
use crate::s3::S3;
use crate::{LOG_FORMAT, SCHEMA, compare, failures, json_lines, metric_lines, start, stop};
use dynalake::schema::Schema;
use serde_json::{Value, json};

/// The error that was posted in place of an answer.
fn error_of(post: &Post) -> Value {
    assert!(matches!(post.kind, Kind::Error { .. }), "{}", post.text());
    let error: Value = serde_json::from_slice(&post.body).expect("Lambda reads the error");
    assert_eq!(error["errorType"].as_str(), post.error_type.as_deref(), "body and header agree");
    error
}

#[test]
fn a_batch_is_one_object_and_comes_again_as_the_same_bytes() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    println!("exec to first poll: {:?}", function.until_first_poll());
    assert_eq!(failures(&function.invoke(event((0..5).map(change)))), [""; 0]);
    let objects = s3.objects();
    assert_eq!(objects.keys().collect::<Vec<_>>(), [&key(0, 4)]);
    let schema = Schema::parse(ORDERS).expect("it is one");
    let lines: Vec<String> = (0..5).map(row).collect();
    compare(&schema, &objects[&key(0, 4)], &lines).expect("the rows are those of the changes");
    // Between two other batches, and by another process.
    for range in [5..9, 0..5, 9..10] {
        assert_eq!(failures(&function.invoke(event(range.map(change)))), [""; 0]);
    }
    let output = stop(function);
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    assert_eq!(failures(&function.invoke(event((0..5).map(change)))), [""; 0]);
    stop(function);
    assert_eq!(s3.objects().len(), 3);
    assert!(s3.changed().is_empty(), "{:?}", s3.changed());
    assert!(s3.connections() <= 2, "connections are kept: {}", s3.connections());

    let metrics = metric_lines(&output);
    let [first, ..] = &metrics[..] else { panic!("{output}") };
    for (name, value) in [("RecordsIn", 5), ("RecordsOk", 5), ("ObjectsWritten", 1)] {
        assert_eq!(first[name], value, "{first}");
    }
    assert_eq!((&first["StoreRetries"], &first["RecordsFailed"]), (&json!(0), &json!(0)));
    assert_eq!(first["BytesOut"], objects[&key(0, 4)].len());
    assert_eq!(first["function"], "dynalake-test");
    let definition = &first["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(definition["Namespace"], "dynalake");
    assert_eq!(definition["Dimensions"], json!([["function"]]));
}

#[test]
fn an_event_without_records_writes_nothing() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    let post = function.invoke(r#"{"Records": []}"#);
    assert_eq!(post.text(), r#"{"batchItemFailures":[]}"#);
    stop(function);
    assert!(s3.seen().is_empty());
}

#[test]
fn other_events_fail_the_invocation_and_name_what_is_wrong() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    let mut other = change(0);
    other["eventSource"] = json!("aws:sqs");
    let mut without_source = change(0);
    without_source.as_object_mut().expect("an object").remove("eventSource");
    let mut without_number = change(0);
    without_number["dynamodb"]["SequenceNumber"] = json!(null);
    let mut odd_number = change(0);
    odd_number["dynamodb"]["SequenceNumber"] = json!("../1");
    let mut without_shard = kinesis(1, b"");
    without_shard["eventID"] = json!("49615");
    for (event, message) in [
        ("{}".to_owned(), "it has no list \"Records\""),
        ("[]".to_owned(), "it has no list \"Records\""),
        (r#"{"Records": {}}"#.to_owned(), "it has no list \"Records\""),
        (r#"{"records": []}"#.to_owned(), "it has no list \"Records\""),
        (r#"{"Records": [1]}"#.to_owned(), "Records[0] is not an object"),
        (r#"{"Records": ["#.to_owned(), "not JSON at byte 13"),
        (event([other]), "the eventSource of Records[0] is \"aws:sqs\"; this function takes"),
        (event([change(0), without_source]), "Records[1] has no eventSource"),
        (event([change(0), kinesis(1, b"")]), "Records[1] is not that of Records[0]"),
        (event([without_number]), "dynamodb.SequenceNumber of Records[0] is absent"),
        (event([odd_number]), "dynamodb.SequenceNumber of Records[0] is absent, or not as AWS"),
        (event([without_shard]), "the shard in eventID of Records[0] is absent"),
    ] {
        let error = error_of(&function.invoke(event.clone()));
        assert_eq!(error["errorType"], "dynalake::NotAStreamEvent");
        let text = error["errorMessage"].as_str().unwrap_or_default();
        assert!(text.contains(message), "{event}: {text}");
    }
    // It is as good as new.
    assert_eq!(failures(&function.invoke(event([change(0)]))), [""; 0]);
    let output = stop(function);
    assert_eq!(metric_lines(&output).len(), 13, "{output}");
    assert_eq!(s3.objects().len(), 1);
}

#[test]
fn a_bad_record_costs_one_record() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS), (LOG_FORMAT, "JSON")]);
    let mut records: Vec<String> = (0..6)
        .map(|at| kinesis(at, kinesis_change(at).to_string().as_bytes()).to_string())
        .collect();
    records[1] = kinesis(1, b"\x1f\x8b is gzip").to_string();
    records[2] = records[2].replace("\"data\":\"", "\"data\":\"!");
    let mut keyless = kinesis_change(4);
    keyless["dynamodb"]["Keys"] = json!({"id": {"S": "o-4"}});
    keyless["dynamodb"]["NewImage"] = json!({"id": {"S": "o-4"}});
    records[4] = kinesis(4, keyless.to_string().as_bytes()).to_string();
    // A duplicate, and a change of another table.
    let mut other = kinesis_change(5);
    other["tableName"] = json!("customers");
    other["eventID"] = json!("event-0");
    records[5] = kinesis(5, other.to_string().as_bytes()).to_string();
    assert_eq!(failures(&function.invoke(event_of_text(&records))), [""; 0]);

    let objects = s3.objects();
    let base = format!("dt=2024-07-11/hour=23/{SHARD}-{}-{}", number(0), number(5));
    let keys = [
        format!("data/orders/{base}.parquet"),
        format!("errors/orders/processing-failed/{base}.json"),
    ];
    assert!(objects.keys().eq(&keys), "{:?}", objects.keys());
    let lines = str::from_utf8(&objects[&keys[1]]).expect("lines are UTF-8").lines();
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let codes: Vec<_> = lines.iter().map(|line| line["errorCode"].as_str()).collect();
    let expected = ["dynalake.compressed", "dynalake.not_base64", "dynalake.key_not_filled"];
    assert_eq!(codes, expected.map(Some));

    let output = stop(function);
    let [metrics] = &metric_lines(&output)[..] else { panic!("{output}") };
    for (name, value) in [
        ("RecordsIn", 6),
        ("RecordsOk", 2),
        ("RecordsDropped", 1),
        ("RecordsFailed", 3),
        ("Duplicates", 1),
        ("ObjectsWritten", 2),
    ] {
        assert_eq!(metrics[name], value, "{name} of {metrics}");
    }
    let reasons: Vec<Value> =
        json_lines(&output).into_iter().filter(|line| line.get("reason").is_some()).collect();
    assert_eq!(reasons.len(), 3, "{output}");
    assert_eq!(reasons[0]["level"], "ERROR");
    assert_eq!(reasons[0]["example_sequence_number"], number(1));
    assert_eq!(reasons[0]["table"], "orders");
}

#[test]
fn the_age_is_that_of_the_oldest_change() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    function.invoke(event([change(3), change(0)]));
    let output = stop(function);
    let [metrics] = &metric_lines(&output)[..] else { panic!("{output}") };
    let now_ms = metrics["_aws"]["Timestamp"].as_u64().expect("a time");
    assert_eq!(metrics["EventAgeMaxMs"], now_ms - CREATED * 1_000);
}
