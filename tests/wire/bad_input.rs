//! Bad records, which cost a record each, and input that is not an event.

use super::{LOG_FORMAT, SCHEMA, assert_alive, error_of, json_lines, metric_lines, read};
use crate::firehose::{READINGS, encode, event, event_of_encoded, reading, record_id};
use crate::runtime_api::{Function, Kind};
use serde_json::{Value, json};

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
        ("compressed", encode(b"\x1f\x8b")),
        ("compressed", encode(&[b"\x1f\x8b\x08", good.as_bytes()].concat())),
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
        ("no_creation_time", with("/dynamodb/ApproximateCreationDateTime", json!(true))),
        ("no_creation_time", with("/dynamodb/ApproximateCreationDateTime", json!(-1))),
        ("no_creation_time", with("/dynamodb/ApproximateCreationDateTime", json!("2024-07-11"))),
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
fn each_fault_of_the_creation_time_has_its_own_message() {
    let mut function = Function::start(&[(SCHEMA, READINGS), (LOG_FORMAT, "JSON")]);
    let faults = [None, Some(json!(true)), Some(json!("yesterday")), Some(json!(-1))];
    for fault in faults {
        let mut change = reading("a", 0, "");
        let dynamodb = change["dynamodb"].as_object_mut().expect("an object");
        match fault {
            None => drop(dynamodb.remove("ApproximateCreationDateTime")),
            Some(time) => drop(dynamodb.insert("ApproximateCreationDateTime".into(), time)),
        }
        read(&function.invoke(event([change.to_string()])), 1);
    }
    let output = function.stop();
    let lines = json_lines(&output);
    let lines: Vec<String> = lines
        .iter()
        .filter(|line| line["reason"] == "no_creation_time")
        .map(Value::to_string)
        .collect();
    let [absent, kind, text, range] = lines.as_slice() else { panic!("{output}") };
    assert!(absent.contains("is absent"), "{absent}");
    for other in [kind, text, range] {
        assert!(!other.contains("absent"), "it is there: {other}");
    }
    assert!(range.contains("1970") && range.contains("2261"), "{range}");
    for other in [absent, kind, text] {
        assert!(!other.contains("2261"), "no range was missed: {other}");
    }
    assert!(!text.contains("yesterday"), "a value in the log: {text}");
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
    // Not UTF-8: instead of records, between two records' data, behind the last, in one's data, and
    // in a list of records that another replaces.
    let no_text: [&[u8]; 7] = [
        b"{\"records\":\"\xff\"}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"e30=\"},{\"recordId\":\"\xff\",\"data\":\"e30=\"}]}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"e30=\"}],\"region\":\"\xff\"}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"e30=\"},{\"recordId\":\"2\",\"data\":\"\xff\"}]}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"\xff\"}],\"records\":[]}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"\xff\"}],\"records\":[{\"recordId\":\"2\",\"data\":\"e30=\"}]}",
        b"{\"records\":[{\"recordId\":\"1\",\"data\":\"\xff\"}],\"records\":null,\"records\":[]}",
    ];
    for (event, reason) in events.into_iter().chain(no_text.map(|event| (event, "UTF-8"))) {
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
    assert_eq!(errors.count(), 23, "each is logged once\n{output}");
    // Each invocation has its metrics, the good ones between the bad included.
    let metrics = metric_lines(&output);
    assert_eq!(metrics.len(), 46, "{output}");
    let rejected = metrics.iter().step_by(2);
    for line in rejected {
        assert_eq!((&line["RecordsIn"], &line["delivery_stream"]), (&0.into(), &"unknown".into()));
    }
}
