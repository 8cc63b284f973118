//! The real `direct` over the wire: against a Lambda Runtime API and an S3 on loopback, with the
//! events of event source mappings.
//!
//! | file | what holds |
//! |---|---|
//! | `cases` | `fixtures/direct`: an event, and the objects that it gives, value by value |
//! | `answers` | what is answered, logged and counted; a batch that comes again writes the same bytes |
//! | `faults` | S3 fails in every way: nothing is lost, nothing half written, the answer comes in time |
//! | `settings` | settings that are rejected |
//! | `random` | random changes, batches, faults and kills: no change lost, none changed |

mod answers;
mod cases;
mod events;
mod faults;
#[allow(dead_code, unused_imports)] // Other tests use more of it.
#[path = "../../../../tests/properties/generate/mod.rs"]
mod generate;
#[allow(dead_code)] // Other tests use more of it.
#[path = "../../../../tests/properties/json.rs"]
mod json;
#[path = "../../../../tests/support/percent.rs"]
mod percent;
mod random;
#[path = "../../../dynalake-parquet/tests/files/read.rs"]
mod read;
#[allow(dead_code)] // Other tests use more of it.
#[path = "../../../dynalake-parquet/tests/files/rows.rs"]
mod rows;
#[allow(dead_code)] // Other tests use more of it.
#[path = "../../../../tests/support/runtime_api.rs"]
mod runtime_api;
mod s3;
mod settings;

use dynalake::schema::Schema;
use dynalake_parquet::{Form, Timestamps};
use runtime_api::{Function, Kind, Output, Post};
use s3::{ACCESS_KEY, BUCKET, REGION, S3, SECRET, TOKEN};
use serde_json::Value;

const SCHEMA: &str = "DYNALAKE_SCHEMA";
const LOG_FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";

/// The environment that Lambda and Terraform give to a function that writes to this S3.
fn environment(s3: &S3) -> Vec<(&'static str, String)> {
    vec![
        ("DYNALAKE_BUCKET", BUCKET.to_owned()),
        ("DYNALAKE_PREFIX", "data".to_owned()),
        ("DYNALAKE_ERROR_PREFIX", "errors/".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
        ("AWS_ENDPOINT_URL_S3", s3.url()),
    ]
}

/// The function with these settings beside those of [`environment`], which they replace.
fn start(s3: &S3, settings: &[(&str, &str)]) -> Function {
    let environment = environment(s3);
    let mut all: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.retain(|(name, _)| settings.iter().all(|(other, _)| name != other));
    all.extend_from_slice(settings);
    Function::start(&all)
}

/// Ends the function; what it wrote has no secret in it, nor a value.
fn stop(function: Function) -> Output {
    let output = function.stop();
    check_output(&output);
    output
}

fn check_output(output: &Output) {
    for secret in [SECRET, TOKEN, events::SECRET_VALUE, "Signature=", "AWS4-HMAC"] {
        let text = output.to_string();
        assert!(!text.contains(secret), "{secret} is in the output:\n{text}");
    }
    assert_eq!(output.stderr, "", "all goes to standard output");
}

/// The records that are to come again, by the answer: none, or those from one on.
fn failures(post: &Post) -> Vec<String> {
    assert!(matches!(post.kind, Kind::Response { .. }), "{:?}: {}", post.kind, post.text());
    let answer: Value = serde_json::from_slice(&post.body).expect("it is JSON");
    let members: Vec<_> = answer.as_object().expect("it is an object").keys().collect();
    assert_eq!(members, ["batchItemFailures"]);
    let failures = answer["batchItemFailures"].as_array().expect("it is a list");
    let identifier =
        |failure: &Value| failure["itemIdentifier"].as_str().expect("it names a record").to_owned();
    failures.iter().map(identifier).collect()
}

/// Compares an object with rows as lines of JSON.
fn compare(schema: &Schema, object: &[u8], lines: &[String]) -> Result<(), String> {
    let form = Form::new(schema, Timestamps::Int96).expect("it has a form");
    let written = rows::Written { form, file: object.to_vec(), lines: lines.to_vec() };
    rows::compare(schema, &written)
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
