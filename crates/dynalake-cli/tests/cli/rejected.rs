//! What is rejected, and how the program says so.

use crate::*;

#[test]
fn input_of_no_known_kind_is_rejected() {
    for (input, reason) in [
        (&b""[..], "standard input is empty; give change records, "),
        (b" \n\n", "standard input is empty"),
        (b"id,name\n1,SECRET\n", "standard input is CSV"),
        (b"{\"orderId\": {\"S\": \"SECRET\"}}\n", "begins with an item in DynamoDB JSON"),
        (b"{\n\"orderId\": \"SECRET\"\n}\n", "begins with plain JSON"),
        (
            b"{\"Records\": [{\"messageId\": \"m\", \"body\": \"SECRET\"}]}",
            "begins with messages of SQS",
        ),
        (b"{\"Records\": 1}", "not a list"),
        (b"{\"records\": 1}", "no list \"records\""),
        (b"{\"records\": [1]}", "records[0] is not an object"),
        (b"{\"records\": [{\"data\": \"\"}]}", "no string \"recordId\""),
        (b"{\"records\": [\n{\"recordId\": \"1\",}]}", "line 2, byte 18"),
        (b"{\"records\": [\n", "ends in the middle"),
        (b"\xff\xfe{\0", "UTF-16"),
        (b"\x1f\x8b\x08\0", "its gzip is cut off or damaged"),
    ] {
        let done = transform(input).exits_with(2).says("error: ").says(reason);
        assert_eq!(done.stdout, "");
        assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    }
}

#[test]
fn bad_files_and_settings_are_rejected() {
    for (args, reason) in [
        (&["transform", "absent.jsonl"][..], "can't read absent.jsonl"),
        (&["transform", "--table", "", "changes.jsonl"], "--table is \"\""),
        (
            &["transform", "--table", "a,b", "changes.jsonl"],
            "--table is \"a,b\": give the name of one",
        ),
        (
            &["transform", "--table", "t", "--format", "response", "changes.jsonl"],
            "--table: with --format response the function answers",
        ),
        (
            &["transform", "--schema", "absent.json", "changes.jsonl"],
            "can't read schema absent.json",
        ),
        (
            &["transform", "--schema", "changes.jsonl", "changes.jsonl"],
            "schema changes.jsonl: it is not JSON",
        ),
        (
            &["transform", "--tables", "a,,b", "changes.jsonl"],
            "--tables is \"a,,b\": there is no name",
        ),
        (&["transform", "--tables", "", "changes.jsonl"], "--tables is \"\""),
        (&["transform", "--partition-keys", "hourly", "changes.jsonl"], "none, event_time"),
        (&["transform", "--format", "csv", "changes.jsonl"], "table, jsonl, response"),
        (&["transform", "--bogus"], "--bogus"),
        (&["transform", "--schema", "-"], "give one of them as a file"),
        (&["check"], "<SCHEMA>"),
        (&["check", "absent.json"], "can't read schema absent.json"),
        (&["ddl", "--dialect", "athena"], "<SCHEMA>"),
        (&["ddl", "orders.json"], "--dialect <DIALECT>"),
        (&["ddl", "absent.json", "--dialect", "athena"], "can't read schema absent.json"),
        (&["ddl", "orders.json", "--dialect", "hive"], "athena, databricks"),
    ] {
        dynalake(args).exits_with(2).says(reason);
    }
}

#[test]
fn a_schema_is_rejected_with_column_reason_and_fix() {
    let bad = orders(&json!([{"name": "order_id", "type": "binary"}]));
    check(&bad).exits_with(2).says("column \"order_id\": type \"binary\": Firehose can't convert");
    let misspelt = orders(&json!([{"name": "order_id", "type": "string", "protekt": "drop"}]));
    check(&misspelt).exits_with(2).says("column \"order_id\": unknown member \"protekt\"");
}

#[test]
fn exit_code_0_is_for_ok_and_dropped() {
    let audit = change("o-1").to_string().replace("orders", "audit");
    dynalake_with(&["transform", "--schema", "orders.json"], audit)
        .exits_with(0)
        .says("1 in: 0 ok, 1 dropped, 0 failed");
}
