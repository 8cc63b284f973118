//! Settings that are rejected: the function does not start, and says which, and what to do.

use crate::events::{ORDERS, change, event};
use crate::runtime_api::Kind;
use crate::s3::S3;
use crate::{SCHEMA, failures, start, stop};

/// What the function says of these settings in place of starting.
fn rejected(settings: &[(&str, &str)]) -> String {
    let s3 = S3::start();
    let (status, posts, output) = start(&s3, settings).exit();
    assert!(!status.success(), "{output}");
    let [post] = &posts[..] else { panic!("{posts:?}\n{output}") };
    assert_eq!(post.kind, Kind::InitError);
    assert_eq!(post.error_type.as_deref(), Some("dynalake::BadSetting"));
    post.text().to_owned()
}

#[test]
fn bad_settings_are_named_with_the_fix() {
    let two = format!("[{ORDERS}, {ORDERS}]");
    let long = "a".repeat(600);
    let bad_list = format!("[{ORDERS}, {{}}]");
    for (settings, message) in [
        (&[][..], "DYNALAKE_SCHEMA is \\\"\\\": it is not set; give it the schema, or a list"),
        (&[(SCHEMA, " ")], "DYNALAKE_SCHEMA is \\\"\\\": give it a value, or remove it"),
        (&[(SCHEMA, "[]")], "the list has no schema"),
        (&[(SCHEMA, "[{]")], "it is no list of schemas in JSON: not JSON at byte 2"),
        (&[(SCHEMA, &two)], "two schemas make the table \\\"orders\\\"; give one of them another"),
        (&[(SCHEMA, &bad_list)], "schema 2 of the list: \\\"table\\\" is missing"),
        (&[(SCHEMA, "@no.json")], "there is no file no.json in the package; put it there: "),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_PREFIX", &long)],
            "with the table's name it has 607 bytes; shorten it to 584",
        ),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_BUCKET", "lake--euc1-az1--x-s3")],
            "a directory bucket can't be written to",
        ),
        (&[(SCHEMA, ORDERS), ("DYNALAKE_BUCKET", "")], "DYNALAKE_BUCKET is \\\"\\\": give it a"),
        (&[(SCHEMA, ORDERS), ("DYNALAKE_BUCKET", "s3://lake")], "without s3:// and without a"),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_PREFIX", "/")],
            "DYNALAKE_PREFIX is \\\"/\\\": write it as",
        ),
        (&[(SCHEMA, ORDERS), ("DYNALAKE_PREFIX", "a//b")], "write it as folders with / between"),
        (&[(SCHEMA, ORDERS), ("DYNALAKE_PREFIX", "/a")], "write it as folders with / between"),
        (&[(SCHEMA, ORDERS), ("DYNALAKE_ERROR_PREFIX", "data/")], "it is where rows go"),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_ERROR_PREFIX", "data/orders/errors")],
            "it is where rows go (data/orders); give another prefix",
        ),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_PARTITION_BY", "day")],
            "DYNALAKE_PARTITION_BY is \\\"day\\\": write arrival or event_time",
        ),
        (
            &[(SCHEMA, ORDERS), ("DYNALAKE_PARTITION_GRANULARITY", "minute")],
            "DYNALAKE_PARTITION_GRANULARITY is \\\"minute\\\": write hour or day",
        ),
        (&[(SCHEMA, ORDERS), ("AWS_REGION", "")], "AWS_REGION is \\\"\\\": Lambda sets it"),
        (&[(SCHEMA, ORDERS), ("AWS_REGION", "eu west")], "AWS_REGION is \\\"eu west\\\": write a"),
        (&[(SCHEMA, ORDERS), ("AWS_SECRET_ACCESS_KEY", "")], "AWS_SECRET_ACCESS_KEY is \\\"\\\": "),
        (
            &[(SCHEMA, ORDERS), ("AWS_ENDPOINT_URL_S3", "localhost:9000")],
            "AWS_ENDPOINT_URL_S3 is \\\"localhost:9000\\\": write it as https://host",
        ),
        (
            &[(SCHEMA, ORDERS), ("AWS_ENDPOINT_URL_S3", "http://u:Secret@h")],
            "AWS_ENDPOINT_URL_S3 is \\\"\\\": write it as https://host",
        ),
    ] {
        let text = rejected(settings);
        assert!(text.contains(message), "{settings:?}: {text}");
        assert!(!text.contains("Secret@"), "{text}");
    }
}

/// They are the other function's: the schemas say the tables.
#[test]
fn the_setting_of_tables_is_unknown() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS), ("DYNALAKE_TABLES", "customers")]);
    assert_eq!(failures(&function.invoke(event([change(0)]))), [""; 0]);
    let output = stop(function);
    assert!(output.stdout.contains("unknown setting is ignored"), "{output}");
    assert_eq!(s3.objects().len(), 1);
}

#[test]
fn without_lambda_it_says_who_runs_it() {
    let output = crate::runtime_api::command().output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("AWS_LAMBDA_RUNTIME_API is not set: direct is run by AWS Lambda"));
}
