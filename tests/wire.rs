//! The real `bootstrap` over the wire: against a Lambda Runtime API on loopback, with Firehose's
//! events.

#![cfg(feature = "lambda")]

#[path = "support/firehose.rs"]
mod firehose;
#[path = "support/runtime_api.rs"]
mod runtime_api;

#[path = "wire/bad_input.rs"]
mod bad_input;
#[path = "wire/invocations.rs"]
mod invocations;
#[path = "wire/logs.rs"]
mod logs;
#[path = "wire/settings.rs"]
mod settings;
#[path = "wire/size.rs"]
mod size;

use firehose::{Answer, MAX_BYTES, answers, event, reading, row_of_reading};
use runtime_api::{Function, Kind, Output, Post};
use serde_json::Value;

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

/// The body of an error that was posted in place of a response.
fn error_of(post: &Post) -> Value {
    assert!(!matches!(post.kind, Kind::Response { .. }), "{}", post.text());
    let error: Value = serde_json::from_slice(&post.body).expect("Lambda reads the error");
    assert_eq!(error["errorType"].as_str(), post.error_type.as_deref(), "body and header agree");
    assert!(error["errorMessage"].is_string(), "{error}");
    error
}
