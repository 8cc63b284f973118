//! The real `bootstrap` over the wire: against a Lambda Runtime API on loopback, with Firehose's events.

#![cfg(feature = "lambda")]

#[path = "support/firehose.rs"]
mod firehose;
#[path = "support/runtime_api.rs"]
mod runtime_api;

use aws_lambda_events::firehose::KinesisFirehoseResponse;
use firehose::{
    Answer, CREATED_MS, DELIVERY_STREAM, MAX_BYTES, READINGS, answers, encode, event,
    event_of_encoded, full_event, reading, record_id, row_of_reading,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use runtime_api::{Function, Invocation, Kind, Output, Post};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

const SCHEMA: &str = "DYNALAKE_SCHEMA";
const TABLES: &str = "DYNALAKE_TABLES";
const PARTITION_KEYS: &str = "DYNALAKE_PARTITION_KEYS";
const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";
const LOG_FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";

/// The answers in a response to that many records; an error in its place is told.
fn read(post: &Post, records: usize) -> Vec<Answer> {
    assert!(matches!(post.kind, Kind::Response { .. }), "{:?}: {}", post.kind, post.text());
    assert!(post.body.len() <= MAX_BYTES, "Lambda takes no {} bytes", post.body.len());
    answers(&post.body, records)
}

/// How often each result is there: `Ok`, `Dropped`, `ProcessingFailed`.
fn count(answers: &[Answer]) -> [usize; 3] {
    ["Ok", "Dropped", "ProcessingFailed"]
        .map(|result| answers.iter().filter(|answer| answer.result == result).count())
}

/// Checks that the function is as good as new: one plain record gets its row.
fn assert_alive(function: &mut Function) {
    let post = function.invoke(event([reading("alive", 1, "yes").to_string()]));
    let row = read(&post, 1)[0].row();
    assert_eq!(row, Some(row_of_reading(0, "alive", 1, "yes")));
}

/// The lines of standard output that are one JSON object each.
fn json_lines(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(Value::is_object).collect()
}

/// The lines that CloudWatch makes metrics of.
fn metric_lines(output: &Output) -> Vec<Value> {
    json_lines(output).into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

/// Lambda's scale of levels.
fn severity(level: &str) -> usize {
    let scale = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    scale.iter().position(|known| *known == level).unwrap_or_else(|| panic!("no level: {level}"))
}

/// When something happened, from a member in RFC 3339.
fn timestamp(line: &Value) -> Timestamp {
    let text = line["timestamp"].as_str().unwrap_or_else(|| panic!("no timestamp: {line}"));
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn gzip(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes every write");
    encode(&encoder.finish().expect("memory takes every write"))
}

// Invocations.

#[test]
fn one_process_answers_several_invocations_each_with_its_own_rows() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    println!("exec to first poll: {:?}", function.until_first_poll());
    for (number, texts) in [
        vec!["one"],
        vec!["two \"quoted\" \\ \u{1F980}", "", "x\n\u{0}y"],
        vec![],
        vec!["four"; 40],
    ]
    .into_iter()
    .enumerate()
    {
        let id = |at: usize| format!("invocation {number}, item {at}");
        let timestamp = |at: usize| i64::MAX - (number * 100 + at) as i64;
        let records = texts.iter().enumerate();
        let data = records.map(|(at, text)| reading(&id(at), timestamp(at), text).to_string());
        let request_id = format!("8476a536-e9f4-11e8-9739-2dfe598c3f{number:02}");
        let post = function.invoke_as(Invocation {
            request_id: request_id.clone(),
            invocation_id: None,
            event: event(data).into(),
            status: None,
        });
        assert_eq!(post.kind, Kind::Response { request_id });
        for (at, answer) in read(&post, texts.len()).iter().enumerate() {
            let row = row_of_reading(at, &id(at), timestamp(at), texts[at]);
            assert_eq!(answer.row(), Some(row));
        }
    }
    let output = function.stop();
    assert_eq!(output.stderr, "");
    assert_eq!(metric_lines(&output).len(), 4, "{output}");
}

#[test]
fn events_that_wait_are_answered_in_order_each_under_its_request_id() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let ids: Vec<String> = (0..20).map(|at| format!("request-{at}")).collect();
    for id in &ids {
        function.queue(Invocation {
            request_id: id.clone(),
            invocation_id: None,
            event: event([reading(id, 0, id).to_string()]).into(),
            status: None,
        });
    }
    for id in &ids {
        let post = function.answer();
        assert_eq!(post.kind, Kind::Response { request_id: id.clone() });
        assert_eq!(read(&post, 1)[0].row(), Some(row_of_reading(0, id, 0, id)));
    }
    function.stop();
}

#[test]
fn the_invocation_id_goes_back_as_it_came_and_only_where_it_came() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let good = event([reading("a", 0, "").to_string()]);
    for (request_id, invocation_id, event) in [
        ("first", Some("invocation-id-1"), good.as_str()),
        ("second", None, &good),
        ("third", Some("invocation-id-3"), "{}"),
        ("fourth", None, "{}"),
        ("fifth", Some("invocation-id-5"), &good),
    ] {
        let invocation_id = invocation_id.map(str::to_owned);
        let post = function.invoke_as(Invocation {
            request_id: request_id.into(),
            invocation_id: invocation_id.clone(),
            event: event.into(),
            status: None,
        });
        let request_id = request_id.into();
        let kind =
            if event == "{}" { Kind::Error { request_id } } else { Kind::Response { request_id } };
        assert_eq!((post.kind, post.invocation_id), (kind, invocation_id));
    }
    function.stop();
}

#[test]
fn an_answer_that_lambda_refuses_is_logged_and_the_next_event_is_answered() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    function.invoke_as(Invocation {
        request_id: "refused".into(),
        invocation_id: None,
        event: event([reading("a", 0, "").to_string()]).into(),
        status: Some("413 Content Too Large"),
    });
    assert_alive(&mut function);
    let output = function.stop();
    let logged = output.stdout.lines().any(|line| line.contains("ERROR") && line.contains("413"));
    assert!(logged, "{output}");
}

#[test]
fn the_first_poll_comes_soon_after_exec() {
    let function = Function::start(&[(SCHEMA, &gzip(READINGS))]);
    let taken = function.until_first_poll();
    println!("exec to first poll: {taken:?} (in this profile, beside other tests)");
    // What is wanted is 15 ms of the release build on an idle machine: for a bench to measure.
    assert!(taken < Duration::from_secs(2), "{taken:?}");
    function.stop();
}

// Size.

/// Has events of six megabytes handled by one process, and checks its memory.
fn assert_full_events_fit_into_memory(settings: &[(&str, &str)], events: &[(String, [usize; 3])]) {
    let mut function = Function::start(settings);
    for (at, (event, expected)) in events.iter().enumerate() {
        let size = event.len();
        assert!((MAX_BYTES - (64 << 10)..=MAX_BYTES).contains(&size), "{size} bytes are no 6 MB");
        let post = function.invoke(event.as_str());
        assert_eq!(count(&read(&post, expected.iter().sum())), *expected, "event {at}");
        #[cfg(target_os = "linux")]
        {
            let peak = function.peak_resident_kib();
            println!("event {at}: peak resident memory {peak} KiB");
            assert!(peak <= 64 << 10, "{peak} KiB are more than 64 MiB");
        }
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
    const RECORDS: usize = 120;
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

// Bad input.

/// The body of an error that was posted in place of a response.
fn error_of(post: &Post) -> Value {
    assert!(!matches!(post.kind, Kind::Response { .. }), "{}", post.text());
    let error: Value = serde_json::from_slice(&post.body).expect("Lambda reads the error");
    assert_eq!(error["errorType"].as_str(), post.error_type.as_deref(), "body and header agree");
    assert!(error["errorMessage"].is_string(), "{error}");
    error
}

/// Data that can't be made a row, each with the reason that is logged.
fn bad_data() -> Vec<(&'static str, String)> {
    let without = |path: &str| {
        let mut change = reading("a", 0, "");
        let (parent, name) = path.rsplit_once('/').expect("a pointer has a slash");
        let parent = change.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.and_then(|parent| parent.remove(name)).expect("the member was there");
        change
    };
    let with = |path: &str, value: Value| {
        let mut change = reading("a", 0, "");
        *change.pointer_mut(path).expect("the member is there") = value;
        change
    };
    let id = "/dynamodb/NewImage/id";
    let deep = (0..65).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
    let good = reading("a", 0, "").to_string();
    let mut bad = vec![
        ("not_base64", "&".to_owned()),
        ("not_base64", "ew=".to_owned()),
        ("not_utf8", encode(b"{\"tableName\":\"\xff\"}")),
        ("not_json", encode(b"")),
        ("not_json", encode(b"{\"tableName\":")),
        ("not_json", encode(b"[1]")),
        ("not_json", encode(format!("\u{feff}{good}").as_bytes())),
        ("not_json", encode(format!("{good} {good}").as_bytes())),
        ("not_json", encode(good.replace("\"a\"", "\"\\ud800\"").as_bytes())),
    ];
    let changes = [
        ("no_table", without("/tableName")),
        ("no_table", with("/tableName", json!(7))),
        ("malformed_attribute_value", with(id, json!({"X": "a"}))),
        ("malformed_attribute_value", with(id, json!({}))),
        ("malformed_attribute_value", with("/dynamodb/Keys/id", json!("a"))),
        ("nested_too_deep", with("/dynamodb/NewImage/data", deep)),
        ("no_event_name", without("/eventName")),
        ("no_event_name", with("/eventName", json!("insert"))),
        ("no_creation_time", without("/dynamodb/ApproximateCreationDateTime")),
        ("no_new_image", without("/dynamodb/NewImage")),
        ("no_keys", without("/dynamodb/Keys")),
        ("key_not_filled", without(id)),
        ("key_not_filled", with(id, json!({"NULL": true}))),
    ];
    bad.extend(changes.map(|(reason, change)| (reason, encode(change.to_string().as_bytes()))));
    bad
}

#[test]
fn a_batch_of_bad_records_fails_each_and_logs_one_line_per_reason_with_count_and_example() {
    let mut function = Function::start(&[(SCHEMA, READINGS), (LOG_FORMAT, "JSON")]);
    let bad = bad_data();
    let post = function.invoke(event_of_encoded(bad.iter().map(|(_, data)| data.clone())));
    for ((reason, data), answer) in bad.iter().zip(read(&post, bad.len())) {
        assert_eq!(answer.result, "ProcessingFailed", "{reason}: {data}");
        assert_eq!(answer.row(), None);
    }
    assert_alive(&mut function);
    let output = function.stop();
    let lines = json_lines(&output);
    let found: Vec<_> = lines
        .iter()
        .filter(|line| line.get("reason").is_some())
        .map(|line| {
            assert_eq!(line["level"], "ERROR", "data needs someone: {line}");
            let message = line["message"].as_str().unwrap_or_default();
            assert!(message.contains("ProcessingFailed"), "{message}");
            assert!(message.contains("error prefix"), "where the originals are: {message}");
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (text("reason"), line["records"].clone(), text("example_record_id"))
        })
        .collect();
    let mut expected = Vec::new();
    for (at, (reason, _)) in bad.iter().enumerate() {
        let count = bad.iter().filter(|(other, _)| other == reason).count();
        if bad[..at].iter().all(|(earlier, _)| earlier != reason) {
            expected.push(((*reason).to_owned(), json!(count), record_id(at)));
        }
    }
    assert_eq!(found, expected, "one line for each reason");
}

#[test]
fn the_log_of_bad_records_reads_as_well_as_plain_text() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    function.invoke(event(["{", "[", "{}"]));
    let output = function.stop();
    let lines: Vec<_> =
        output.stdout.lines().filter(|line| line.contains("ProcessingFailed")).collect();
    assert_eq!(lines.len(), 2, "{output}");
    for (line, parts) in lines
        .iter()
        .zip([["not_json", "records=2", &record_id(0)], ["no_table", "records=1", &record_id(2)]])
    {
        for part in parts.into_iter().chain(["ERROR", "00000000-0000-4000-8000-000000000001"]) {
            assert!(line.contains(part), "{part} is missing in: {line}");
        }
    }
}

#[test]
fn an_event_that_is_not_firehoses_fails_the_invocation_and_not_the_process() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let s3 = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3",
        "awsRegion":"eu-central-1","eventName":"ObjectCreated:Put",
        "s3":{"bucket":{"name":"lake"},"object":{"key":"a.parquet","size":1}}}]}"#;
    let events = [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{\"records\":[]} x", "not JSON"),
        ("{}", "records"),
        ("[]", "records"),
        ("null", "records"),
        ("\"text\"", "records"),
        (s3, "records"),
        ("{\"records\":{}}", "records"),
        ("{\"records\":null}", "records"),
        ("{\"records\":\"[]\"}", "records"),
        ("{\"records\":[1]}", "records[0]"),
        ("{\"records\":[{\"recordId\":\"a\",\"data\":\"\"},null]}", "records[1]"),
        ("{\"records\":[{\"data\":\"e30=\"}]}", "\"recordId\""),
        ("{\"records\":[{\"recordId\":null,\"data\":\"e30=\"}]}", "\"recordId\""),
        ("{\"records\":[{\"recordId\":1,\"data\":\"e30=\"}]}", "\"recordId\""),
    ];
    let events = events.map(|(event, reason)| (event.as_bytes(), reason));
    for (event, reason) in events.into_iter().chain([(&b"{\"records\":\"\xff\"}"[..], "UTF-8")]) {
        let post = function.invoke(event);
        let shown = String::from_utf8_lossy(event);
        assert!(matches!(post.kind, Kind::Error { .. }), "{shown}: {:?}", post.kind);
        let error = error_of(&post);
        assert_eq!(error["errorType"], "dynalake::NotAFirehoseEvent");
        let message = error["errorMessage"].as_str().unwrap_or_default();
        assert!(message.contains("Firehose") && message.contains(reason), "{shown}: {message}");
        assert_alive(&mut function);
    }
    let output = function.stop();
    let errors = output.stdout.lines().filter(|line| line.contains("NotAFirehoseEvent"));
    assert_eq!(errors.count(), 17, "each is logged once\n{output}");
}

// Settings.

/// Starts with bad settings, and returns the message that Lambda was told.
fn refused(settings: &[(&str, &str)]) -> String {
    let function = Function::start(settings);
    let (status, posts, output) = function.exit();
    assert!(status.code().is_some_and(|code| code != 0), "{settings:?}: {status}\n{output}");
    let [post] = posts.as_slice() else { panic!("{settings:?}: {posts:?}\n{output}") };
    assert_eq!(post.kind, Kind::InitError, "{settings:?}");
    let error = error_of(post);
    assert_eq!(error["errorType"], "dynalake::BadSetting");
    let message = error["errorMessage"].as_str().unwrap_or_default().to_owned();
    assert!(output.stdout.contains(&message), "the log has the message too: {message}\n{output}");
    message
}

/// Checks that the message names the setting, its value and what else is expected.
fn assert_refused(setting: &str, value: &str, parts: &[&str]) {
    let message = refused(&[(setting, value)]);
    // Of a long value the beginning is enough. A value with quotes may be shown with them escaped.
    let shown: String = value.trim().chars().take(60).collect();
    let shown_escaped = format!("{shown:?}");
    let shown_escaped = shown_escaped.trim_matches('"');
    assert!(message.contains(setting), "{setting} is not named: {message}");
    assert!(
        message.contains(&shown) || message.contains(shown_escaped),
        "{shown} is not named: {message}"
    );
    for part in parts {
        assert!(message.contains(part), "{part:?} is not said: {message}");
    }
}

#[test]
fn an_empty_setting_is_refused() {
    for setting in [SCHEMA, TABLES, PARTITION_KEYS] {
        assert_refused(setting, "", &["is \"\"", "give it a value, or remove it"]);
        assert_refused(setting, " \t", &["give it a value, or remove it"]);
    }
}

#[test]
fn a_schema_that_is_not_readable_is_refused() {
    let terraform = "base64gzip(jsonencode(";
    let not_gzip = encode(READINGS.as_bytes());
    let compressed = gzip(READINGS);
    let (cut, _) = compressed.split_at(compressed.len() / 8 * 4);
    for (value, parts) in [
        ("orders.json", &["neither JSON", "nor base64", terraform][..]),
        ("[1]", &["neither JSON", terraform]),
        ("{\"table\": \"orders\",", &["not JSON", "line 1 column 19"]),
        ("{\"table\": \"orders\"} x", &["not JSON", "trailing"]),
        (&not_gzip, &["base64", "gzip", terraform]),
        (cut, &["base64", "gzip", terraform]),
        (&gzip("orders"), &["not JSON"]),
        (&gzip("[]"), &["JSON object"]),
    ] {
        assert_refused(SCHEMA, value, parts);
    }
}

#[test]
fn a_schema_that_says_what_it_can_not_is_refused_with_the_column_and_the_fix() {
    let schema = |member: &str, id: &str, second: &str| {
        format!(
            "{{\"table\":\"t\",\"keys\":[\"id\"]{member},\"columns\":[{{\"name\":\"{id}\",\
             \"type\":\"string\"}},{second}]}}"
        )
    };
    let second = r#"{"name":"x","type":"string"}"#;
    for (value, parts) in [
        (
            schema("", "id", r#"{"name":"x","type":"string","protekt":"drop"}"#),
            &["column \"x\"", "\"protekt\"", "protect"][..],
        ),
        (schema(",\"oldImage\":true", "id", second), &["\"oldImage\"", "old_image"]),
        (schema("", "id", r#"{"name":"x","type":"binary"}"#), &["column \"x\"", "write string"]),
        (schema("", "id", r#"{"name":"x","type":"text"}"#), &["column \"x\"", "\"text\""]),
        (schema("", "identity", second), &["key \"id\" has no column", "add one named \"id\""]),
        (schema("", "id", r#"{"name":"id","type":"string"}"#), &["\"id\" stands twice", "rename"]),
    ] {
        assert_refused(SCHEMA, &value, parts);
    }
    // The same by way of base64 and gzip.
    let value = gzip(&schema("", "identity", second));
    assert_refused(SCHEMA, &value, &["key \"id\" has no column", "add one named \"id\""]);
}

#[test]
fn tables_with_a_hole_are_refused() {
    for value in ["a,,b", "a,", ",a", ",", "a, ,b"] {
        assert_refused(TABLES, value, &["no name between two commas", "orders,customers"]);
    }
}

#[test]
fn unknown_partition_keys_are_refused() {
    for value in ["hour", "EVENT_TIME", "event_time,table"] {
        assert_refused(PARTITION_KEYS, value, &["none or event_time"]);
    }
}

#[test]
fn a_bad_setting_beside_good_ones_is_the_one_that_is_named() {
    let message = refused(&[(SCHEMA, READINGS), (TABLES, "readings"), (PARTITION_KEYS, "day")]);
    assert!(message.starts_with(PARTITION_KEYS), "{message}");
    assert!(!message.contains(SCHEMA) && !message.contains(TABLES), "{message}");
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_utf8_is_refused_and_not_taken_for_absent() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
    command.env_clear().env(TABLES, OsStr::from_bytes(b"readings\xff"));
    let (status, posts, output) = Function::start_command(command).exit();
    assert!(!status.success());
    let [post] = posts.as_slice() else { panic!("{posts:?}\n{output}") };
    assert!(error_of(post)["errorMessage"].as_str().is_some_and(|text| text.contains(TABLES)));
}

#[test]
fn a_schema_in_base64_of_gzip_works_as_its_text_does() {
    let mut function = Function::start(&[(SCHEMA, &gzip(READINGS))]);
    assert_alive(&mut function);
    function.stop();
}

#[test]
fn changes_of_other_tables_are_dropped_by_the_setting_or_the_schemas_table() {
    let tables = ["readings", "audit", "Readings", "orders"];
    let event = event(tables.map(|table| {
        let mut change = reading("a", 0, "");
        change["tableName"] = table.into();
        change.to_string()
    }));
    for (settings, wanted) in [
        (&[][..], &tables[..]),
        (&[(SCHEMA, READINGS)], &["readings"]),
        (&[(TABLES, "audit")], &["audit"]),
        (&[(TABLES, " audit ,\torders ")], &["audit", "orders"]),
        (&[(SCHEMA, READINGS), (TABLES, "orders,audit")], &["audit", "orders"]),
    ] {
        let mut function = Function::start(settings);
        let answers = read(&function.invoke(event.as_str()), tables.len());
        for (table, answer) in tables.iter().zip(answers) {
            let expected = if wanted.contains(table) { "Ok" } else { "Dropped" };
            assert_eq!(answer.result, expected, "{table} with {settings:?}");
            let named = format!("\"_table\":\"{table}\"");
            assert!(answer.row().is_none_or(|row| row.contains(&named)));
        }
        function.stop();
    }
}

#[test]
fn partition_keys_come_from_the_event_time_and_aws_own_type_reads_them() {
    let data = [CREATED_MS, 1_709_164_800_000, 1_704_067_199_999].map(|time_ms| {
        let mut change = reading("a", 0, "");
        change["dynamodb"]["ApproximateCreationDateTime"] = time_ms.into();
        change.to_string()
    });
    let event = event(data);
    let expected =
        [["2024", "07", "11", "23"], ["2024", "02", "29", "00"], ["2023", "12", "31", "23"]];
    let mut function = Function::start(&[(SCHEMA, READINGS), (PARTITION_KEYS, "event_time")]);
    let post = function.invoke(event.as_str());
    let response: KinesisFirehoseResponse =
        serde_json::from_slice(&post.body).expect("AWS' own type reads the response");
    let answers = read(&post, 3);
    for ((answer, record), time) in answers.iter().zip(&response.records).zip(expected) {
        let keys = &answer.metadata.as_ref().expect("there is metadata").partition_keys;
        let found: Vec<_> = keys.iter().map(|(name, value)| (&**name, &**value)).collect();
        let [year, month, day, hour] = time;
        let all =
            [("day", day), ("hour", hour), ("month", month), ("table", "readings"), ("year", year)];
        assert_eq!(found, all);
        assert_eq!(record.record_id.as_ref(), Some(&answer.record_id));
        assert_eq!(record.result.as_deref(), Some("Ok"));
        assert_eq!(Some(&*record.data.0), answer.row().as_deref().map(str::as_bytes));
        assert_eq!(record.metadata.partition_keys.len(), 5);
    }
    function.stop();

    for settings in [&[(SCHEMA, READINGS)][..], &[(PARTITION_KEYS, "none")]] {
        let mut function = Function::start(settings);
        let answers = read(&function.invoke(event.as_str()), 3);
        assert!(answers.iter().all(|answer| answer.metadata.is_none()), "{settings:?}");
        function.stop();
    }
}

#[test]
fn a_misspelt_setting_is_warned_about() {
    let settings = [(SCHEMA, READINGS), ("DYNALAKE_TABELS", "audit"), (LOG_FORMAT, "JSON")];
    let mut function = Function::start(&settings);
    assert_alive(&mut function);
    let output = function.stop();
    let lines = json_lines(&output);
    let warnings: Vec<_> = lines.iter().filter(|line| line["level"] == "WARN").collect();
    let [warning] = warnings.as_slice() else { panic!("{output}") };
    let text = warning.to_string();
    for part in ["DYNALAKE_TABELS", SCHEMA, TABLES, PARTITION_KEYS] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn outside_lambda_it_says_what_to_do() {
    let run = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .env(SCHEMA, READINGS)
        .output()
        .expect("bootstrap starts");
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{stderr}");
    for part in ["AWS_LAMBDA_RUNTIME_API", "AWS Lambda", "dynalake transform"] {
        assert!(stderr.contains(part), "{part} is missing in: {stderr}");
    }
    assert_eq!(String::from_utf8_lossy(&run.stdout), "");
}

// Metrics and logs.

/// A batch of which some are rows, dropped, failed, rescued and twice there.
fn mixed_batch() -> String {
    let first = reading("a", 1, "");
    let mut rescued = first.clone();
    rescued["dynamodb"]["NewImage"]["unknown"] = json!({"S": "x"});
    let mut oldest = reading("b", 2, "");
    oldest["dynamodb"]["ApproximateCreationDateTime"] = (CREATED_MS - 5_000).into();
    let mut other = reading("c", 3, "");
    other["tableName"] = "audit".into();
    let changes = [&first, &first, &rescued, &oldest, &other];
    event(changes.map(Value::to_string).into_iter().chain(["{".to_owned(), "}".to_owned()]))
}

#[test]
fn each_invocation_has_one_line_of_metrics_with_the_right_values() {
    let event = mixed_batch();
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let before = Timestamp::now();
    let posts = [function.invoke(event.as_str()), function.invoke(event.as_str())];
    let after = Timestamp::now();
    let output = function.stop();
    let lines = metric_lines(&output);
    assert_eq!(lines.len(), 2, "{output}");
    for (line, post) in lines.iter().zip(posts) {
        assert_eq!(count(&read(&post, 7)), [4, 1, 2]);
        let definitions = &line["_aws"]["CloudWatchMetrics"];
        assert_eq!(definitions.as_array().map(Vec::len), Some(1));
        assert_eq!(definitions[0]["Namespace"], "dynalake");
        assert_eq!(definitions[0]["Dimensions"], json!([["delivery_stream"]]));
        assert_eq!(line["delivery_stream"], DELIVERY_STREAM);

        let now_ms = line["_aws"]["Timestamp"].as_i64().expect("the time is a whole number");
        let now = timestamp(line);
        assert_eq!(now.as_millisecond(), now_ms, "both times are one");
        let earliest = before.as_millisecond();
        assert!((earliest..=after.as_millisecond()).contains(&now_ms), "{now}");

        let expected = [
            ("RecordsIn", "Count", 7),
            ("RecordsOk", "Count", 4),
            ("RecordsDropped", "Count", 1),
            ("RecordsFailed", "Count", 2),
            ("RowsRescued", "Count", 1),
            ("BytesIn", "Bytes", event.len() as i64),
            ("BytesOut", "Bytes", post.body.len() as i64),
            // The first of an event id is none, and the last invocation is forgotten.
            ("Duplicates", "Count", 2),
            ("EventAgeMaxMs", "Milliseconds", now_ms - (CREATED_MS as i64 - 5_000)),
        ];
        let metrics = definitions[0]["Metrics"].as_array().expect("metrics are a list");
        let names: BTreeSet<_> = metrics.iter().map(|metric| metric["Name"].as_str()).collect();
        assert_eq!(names, expected.iter().map(|(name, ..)| Some(*name)).collect());
        assert_eq!(metrics.len(), expected.len());
        for (name, unit, value) in expected {
            assert_eq!(line[name], value, "{name}");
            assert!(metrics.contains(&json!({"Name": name, "Unit": unit})), "{name}");
        }
    }
}

#[test]
fn a_batch_without_a_readable_change_has_metrics_too() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    function.invoke(event(["{", "}"]));
    function.invoke(event::<&str>([]));
    function.invoke(r#"{"records":[{"recordId":"1","data":"&"}]}"#);
    let lines = metric_lines(&function.stop());
    let found: Vec<_> = lines
        .iter()
        .map(|line| (&line["RecordsIn"], &line["RecordsFailed"], &line["delivery_stream"]))
        .collect();
    let [zero, one, two] = [0, 1, 2].map(Value::from);
    let [name, unknown] = [DELIVERY_STREAM, "unknown"].map(Value::from);
    assert_eq!(found, [(&two, &two, &name), (&zero, &zero, &name), (&one, &one, &unknown)]);
    for line in lines {
        for metric in
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().into_iter().flatten()
        {
            let name = metric["Name"].as_str().unwrap_or_default();
            assert!(line[name].is_u64(), "{name} is defined and has no value: {line}");
        }
    }
}

#[test]
fn no_log_level_hides_the_metrics() {
    for level in ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] {
        for format in ["JSON", "Text"] {
            let settings = [(SCHEMA, READINGS), (LOG_LEVEL, level), (LOG_FORMAT, format)];
            let mut function = Function::start(&settings);
            function.invoke(mixed_batch());
            let output = function.stop();
            let lines = metric_lines(&output);
            let [line] = lines.as_slice() else { panic!("{level} as {format}: {output}") };
            let shown = line["level"].as_str().expect("the line has a level");
            // Lambda drops what is below the function's level, and reads a line without time as INFO.
            assert!(severity(shown) >= severity(level), "{level} hides {shown}");
            timestamp(line);
        }
    }
}

#[test]
fn the_log_level_is_lambdas_else_rust_logs_else_info() {
    for (settings, level) in [
        (&[][..], "INFO"),
        (&[(LOG_LEVEL, ""), ("RUST_LOG", "")], "INFO"),
        (&[("RUST_LOG", "warn")], "WARN"),
        (&[("RUST_LOG", "error")], "ERROR"),
        (&[("RUST_LOG", "trace"), (LOG_LEVEL, "ERROR")], "ERROR"),
        (&[("RUST_LOG", "error"), (LOG_LEVEL, "info")], "INFO"),
    ] {
        let settings = [settings, &[(SCHEMA, READINGS), ("DYNALAKE_TABELS", "audit")]].concat();
        let mut function = Function::start(&settings);
        function.invoke(mixed_batch());
        let output = function.stop();
        assert!(output.stdout.contains("ERROR ") && !output.stdout.contains("TRACE "), "{output}");
        let warns = output.stdout.contains("WARN ");
        assert_eq!(warns, level != "ERROR", "{settings:?} mean {level}\n{output}");
        assert_eq!(metric_lines(&output)[0]["level"], level, "{settings:?} mean {level}\n{output}");
    }
}

#[test]
fn in_json_every_line_is_one_object_with_level_and_timestamp() {
    for level in ["TRACE", "INFO", "ERROR", "FATAL"] {
        let mut function = Function::start(&[
            (SCHEMA, READINGS),
            ("DYNALAKE_TABELS", "audit"),
            (LOG_LEVEL, level),
            (LOG_FORMAT, "JSON"),
        ]);
        function.invoke(mixed_batch());
        function.invoke("{}");
        let output = function.stop();
        assert_eq!(output.stderr, "");
        let lines: Vec<_> = output.stdout.lines().collect();
        assert!(lines.len() > 2, "{output}");
        for line in lines {
            let line: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{level}: {error}: {line}"));
            assert!(line.is_object(), "{line}");
            let shown = line["level"].as_str().unwrap_or_else(|| panic!("no level: {line}"));
            assert!(severity(shown) >= severity(level).min(severity("ERROR")), "{line}");
            timestamp(&line);
        }
    }
}

#[test]
fn a_setting_refused_is_one_json_object_a_line_too() {
    let function = Function::start(&[(TABLES, "a,,b"), (LOG_FORMAT, "JSON"), (LOG_LEVEL, "ERROR")]);
    let (_, _, output) = function.exit();
    let lines = json_lines(&output);
    assert_eq!(lines.len(), output.stdout.lines().count(), "{output}");
    let [line] = lines.as_slice() else { panic!("{output}") };
    assert_eq!(line["level"], "ERROR");
    timestamp(line);
    assert!(line.to_string().contains(TABLES), "{line}");
}

#[test]
fn no_attribute_value_reaches_the_logs_at_any_level() {
    const SECRETS: [&str; 9] = [
        "Kestrel",
        "817263549081726354",
        "S0VTVFJFTC1CSU5BUlk",
        "Osprey",
        "Merlin",
        "Harrier",
        "Goshawk",
        "Buzzard",
        "Peregrine",
    ];
    let schema = READINGS.replace("\"string\"}", "\"string\", \"comment\": \"Peregrine\"}");
    let mut good = reading("Kestrel", 817_263_549_081_726_354, "Osprey");
    good["dynamodb"]["NewImage"]["binary"] = json!({"B": "S0VTVFJFTC1CSU5BUlk="});
    good["dynamodb"]["NewImage"]["nested"] =
        json!({"M": {"a": {"L": [{"S": "Merlin"}, {"SS": ["Merlin"]}]}}});
    let old = json!({"id": {"S": "Kestrel"}, "data": {"S": "Harrier"}});
    good["dynamodb"]["OldImage"] = old;
    let mut without_key = good.clone();
    without_key["dynamodb"]["NewImage"]["id"] = json!({"NULL": true});
    let mut malformed = good.clone();
    malformed["dynamodb"]["NewImage"]["data"] = json!({"Goshawk": "Osprey"});
    let mut no_event_name = good.clone();
    no_event_name["eventName"] = "Goshawk".into();
    let mut other_table = good.clone();
    other_table["tableName"] = "audit".into();
    let changes = [&good, &without_key, &malformed, &no_event_name, &other_table];
    let mut data: Vec<String> = changes.map(Value::to_string).into();
    data.push(data[0][..data[0].len() - 40].to_owned());
    data.push(data[0].replace("Osprey", "Osprey\\x"));
    data.push(data[0].replace("\"Osprey\"", "Osprey"));
    data.push("Merlin".to_owned());
    let mut encoded: Vec<String> = data.iter().map(|data| encode(data.as_bytes())).collect();
    // Not in base64, and not UTF-8.
    encoded.push("Buzzard-Kestrel".to_owned());
    encoded.push(encode(b"{\"tableName\":\"readings\",\"Goshawk\":\"Merlin\xff\"}"));
    let batch = event_of_encoded(encoded.iter().cloned());
    let events = [
        batch.clone(),
        batch[..batch.len() - 5].to_owned(),
        batch.replace("\"recordId\"", "\"recordIdentifier\""),
        batch.replace("\"records\":[", "\"records\":[\"Buzzard\","),
        batch.replace("\"records\":", "\"rows\":"),
        data[0].clone(),
        format!("{{\"records\":\"Buzzard\",\"x\":{}}}", data[0]),
        "\"Buzzard\"".to_owned(),
        "Buzzard".to_owned(),
        String::new(),
    ];
    let mut hidden: BTreeSet<String> = SECRETS.iter().copied().map(str::to_owned).collect();
    // Bytes that are logged as numbers, and what stands in the event and the response, in base64.
    hidden.extend(SECRETS.map(|secret| format!("{:?}", secret.as_bytes()).replace(['[', ']'], "")));
    let pieces = |base64: &str| -> Vec<String> {
        base64
            .as_bytes()
            .chunks_exact(32)
            .map(|piece| String::from_utf8_lossy(piece).into())
            .collect()
    };
    hidden.extend(encoded.iter().flat_map(|data| pieces(data)));

    for (settings, is_detailed) in [
        (&[][..], false),
        (&[(LOG_LEVEL, "DEBUG")], true),
        (&[(LOG_LEVEL, "TRACE")], true),
        (&[(LOG_LEVEL, "TRACE"), (LOG_FORMAT, "JSON")], true),
        (&[("RUST_LOG", "trace")], true),
        (&[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "1"), (LOG_LEVEL, "trace")], true),
    ] {
        let settings = [settings, &[(SCHEMA, &schema)]].concat();
        let mut function = Function::start(&settings);
        let mut hidden = hidden.clone();
        for (at, event) in events.iter().enumerate() {
            let post = function.invoke(event.as_str());
            if at > 0 {
                // The message goes to whoever invoked; it has no values either.
                let message = error_of(&post).to_string();
                assert!(SECRETS.iter().all(|secret| !message.contains(secret)), "{message}");
                continue;
            }
            let answers = read(&post, encoded.len());
            assert_eq!(count(&answers), [1, 1, 9], "{:?}", answers);
            let row = answers[0].row().expect("the first one is good");
            for secret in &SECRETS[..5] {
                let is_there = row.contains(secret);
                assert!(is_there, "{secret} is not in the row: {row}");
            }
            hidden.extend(pieces(&encode(row.as_bytes())));
        }
        let output = function.stop();
        assert_eq!(output.stdout.contains("TRACE") || output.stdout.contains("DEBUG"), is_detailed);
        for hidden in &hidden {
            let is_there = output.stdout.contains(hidden) || output.stderr.contains(hidden);
            assert!(!is_there, "{hidden} is in the log with {settings:?}\n{output}");
        }
    }
}
