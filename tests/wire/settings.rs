//! The environment: what each setting does, and how a bad one is told.

use super::{LOG_FORMAT, PARTITION_KEYS, SCHEMA, TABLES, assert_alive, error_of, json_lines, read};
use crate::firehose::{CREATED_MS, READINGS, encode, event, reading};
use crate::runtime_api::{Function, Kind, command};
use aws_lambda_events::firehose::KinesisFirehoseResponse;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// As Terraform's `base64gzip` does it.
fn gzip(text: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes every write");
    encode(&encoder.finish().expect("memory takes every write"))
}

/// Starts with bad settings, and returns the message that Lambda was told.
fn rejected(settings: &[(&str, &str)]) -> String {
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
fn assert_rejected(setting: &str, value: &str, parts: &[&str]) {
    let message = rejected(&[(setting, value)]);
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
fn an_empty_setting_is_rejected() {
    for setting in [SCHEMA, TABLES, PARTITION_KEYS] {
        assert_rejected(setting, "", &["is \"\"", "give it a value, or remove it"]);
        assert_rejected(setting, " \t", &["give it a value, or remove it"]);
    }
}

#[test]
fn an_unreadable_schema_is_rejected() {
    let terraform = "base64gzip(jsonencode(";
    let not_gzip = encode(READINGS.as_bytes());
    let compressed = gzip(READINGS);
    let (cut, _) = compressed.split_at(compressed.len() / 8 * 4);
    for (value, parts) in [
        ("orders.json", &["neither JSON", "nor base64", terraform][..]),
        // A list is for the direct function: a delivery stream has one table in Glue.
        ("[1]", &["list"]),
        ("{\"table\": \"orders\",", &["not JSON", "line 1 column 19"]),
        ("{\"table\": \"orders\"} x", &["not JSON", "trailing"]),
        (&not_gzip, &["base64", "gzip", terraform]),
        (cut, &["base64", "gzip", terraform]),
        (&gzip("orders"), &["not JSON"]),
        (&gzip("[]"), &["list"]),
    ] {
        assert_rejected(SCHEMA, value, parts);
    }
}

#[test]
fn an_invalid_schema_is_rejected_with_the_column_and_the_fix() {
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
        (
            schema("", "id", r#"{"name":"x","type":"struct<a:struct<orderId:int>>"}"#),
            &["column \"x\"", "\"orderId\"", "order_id"],
        ),
        (schema("", "id", r#"{"name":"__start_at","type":"date"}"#), &["\"__start_at\""]),
        (schema(r#","where":{"kind":"order"}"#, "id", second), &["\"kind\"", "[\"order\"]"]),
        (schema(r#","events":["DELETE"]"#, "id", second), &["\"DELETE\"", "REMOVE"]),
        (
            schema("", "id", r#"{"name":"id","type":"string"}"#),
            &["\"id\": it is declared twice", "rename"],
        ),
    ] {
        assert_rejected(SCHEMA, &value, parts);
    }
    // The same by way of base64 and gzip.
    let value = gzip(&schema("", "identity", second));
    assert_rejected(SCHEMA, &value, &["key \"id\" has no column", "add one named \"id\""]);
}

#[test]
fn an_empty_name_between_two_tables_is_rejected() {
    for value in ["a,,b", "a,", ",a", ",", "a, ,b"] {
        assert_rejected(TABLES, value, &["no name between two commas", "orders,customers"]);
    }
}

#[test]
fn unknown_partition_keys_are_rejected() {
    for value in ["hour", "EVENT_TIME", "event_time,table"] {
        assert_rejected(PARTITION_KEYS, value, &["none or event_time"]);
    }
}

#[test]
fn a_bad_setting_beside_good_ones_is_the_one_that_is_named() {
    let message = rejected(&[(SCHEMA, READINGS), (TABLES, "readings"), (PARTITION_KEYS, "day")]);
    assert!(message.starts_with(PARTITION_KEYS), "{message}");
    assert!(!message.contains(SCHEMA) && !message.contains(TABLES), "{message}");
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_utf8_is_rejected_and_not_taken_for_absent() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut command = command();
    command.env(TABLES, OsStr::from_bytes(b"readings\xff"));
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
    let run = command().env(SCHEMA, READINGS).output().expect("bootstrap starts");
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{stderr}");
    for part in ["AWS_LAMBDA_RUNTIME_API", "AWS Lambda", "dynalake transform"] {
        assert!(stderr.contains(part), "{part} is missing in: {stderr}");
    }
    assert_eq!(String::from_utf8_lossy(&run.stdout), "");
}
