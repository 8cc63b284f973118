//! What is reported: metrics and logs, and what must never be in them.

use super::{
    LOG_FORMAT, LOG_LEVEL, SCHEMA, TABLES, count, error_of, json_lines, metric_lines, read,
};
use crate::firehose::{
    CREATED_MS, DELIVERY_STREAM, READINGS, encode, event, event_of_encoded, reading,
};
use crate::runtime_api::Function;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
            // The first of an event id is not a duplicate, and the last invocation is forgotten.
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
            // Lambda drops what is below the function's level, and reads a line without time as
            // INFO.
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
fn a_rejected_setting_is_one_json_object_a_line_too() {
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
            assert_eq!(count(&answers), [1, 1, 9], "{answers:?}");
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
