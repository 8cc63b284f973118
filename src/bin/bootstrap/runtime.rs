//! Lambda's Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>), by
//! `lambda_runtime`, with its conversion of events and responses replaced: the core takes an
//! event's bytes as they came and hands a response's bytes over as they are. Theirs also logs the
//! whole event at TRACE, where attribute values must never be seen.

use dynalake::firehose::{EventError, Transformed, Transformer, UNKNOWN_STREAM};
use dynalake::metrics::to_embedded_metrics;
use dynalake::settings::SettingError;
use dynalake::statistics::Statistics;
use dynalake::text::json::write_string;
use http::{HeaderValue, Method, Request};
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use std::cell::RefCell;
use std::env;
use std::fmt::Display;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};
use tower::layer::layer_fn;
use tracing::{Instrument, error_span};

/// Ties a response to its invocation where the Runtime API asks for it; to be sent back as it came.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// Says what is missing where this is not run by Lambda.
pub(crate) fn check_environment() -> Result<(), String> {
    let needed = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ];
    match needed.into_iter().find(|name| env::var_os(name).is_none()) {
        None => Ok(()),
        Some(name) => Err(format!(
            "{name} is not set: bootstrap is run by AWS Lambda; to transform a file, use `dynalake transform`"
        )),
    }
}

/// Answers invocations until Lambda ends the process.
pub(crate) async fn run(transformer: Transformer, level: &'static str) -> Result<(), Error> {
    let client = Rc::new(PooledClient::builder().build());
    let transformer = Rc::new(RefCell::new(transformer));
    let answer = tower::service_fn(move |invocation: LambdaInvocation| {
        let (client, transformer) = (Rc::clone(&client), Rc::clone(&transformer));
        // Not lambda_runtime's own span, which is of level INFO: ERROR lines carry the request id
        // too.
        let span = error_span!(
            "invocation",
            requestId = invocation.context.request_id,
            xrayTraceId = invocation.context.xray_trace_id
        );
        let answered = async move {
            let answer = answer(&mut transformer.borrow_mut(), level, &invocation.body);
            // The event is not needed any more, and its memory is.
            drop(invocation.body);
            let id = invocation.parts.headers.get(INVOCATION_ID);
            send(&client, &invocation.context.request_id, id, answer).await
        };
        answered.instrument(span)
    });
    // The runtime's own way from bytes to a handler and back, which the layer leaves out.
    let unused = service_fn(|_: LambdaEvent<()>| async { Ok::<(), Error>(()) });
    Runtime::new(unused).layer(layer_fn(move |_| answer.clone())).run().await
}

/// Why an invocation fails as a whole: the type and the message that Lambda shows.
struct InvocationError {
    error_type: &'static str,
    message: String,
}

/// Transforms one event, and logs what happened.
fn answer(
    transformer: &mut Transformer,
    level: &str,
    event: &[u8],
) -> Result<Vec<u8>, InvocationError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let result = catch_unwind(AssertUnwindSafe(|| transformer.transform(event, now_ms)));
    let answer = match result {
        Ok(Ok(Transformed { response, statistics })) => {
            log_failures(transformer, &statistics, event);
            print_metrics(&statistics, level);
            return Ok(response);
        }
        Ok(Err(error)) => InvocationError {
            error_type: match error {
                EventError::TooManyRecords { .. } => "dynalake::TooManyRecords",
                _ => "dynalake::NotAFirehoseEvent",
            },
            message: error.to_string(),
        },
        Err(_) => InvocationError {
            error_type: "dynalake::Panic",
            message: "a defect of dynalake: the transformation panicked; please report it".into(),
        },
    };
    print_metrics(&Statistics::rejected(UNKNOWN_STREAM, event, now_ms), level);
    Err(answer)
}

/// Written directly, so that no log level can hide it.
fn print_metrics(statistics: &Statistics, level: &str) {
    let line = to_embedded_metrics(statistics, level);
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// One line for each reason: how many records, and one of them to look at.
fn log_failures(transformer: &Transformer, statistics: &Statistics, event: &[u8]) {
    for (failure, records, example) in statistics.failures_by_reason() {
        tracing::error!(
            reason = failure.code(),
            records,
            example_record_id = example.record_id(event),
            "ProcessingFailed: {}; Firehose keeps the originals in the error prefix",
            failure.explain(transformer.plan())
        );
    }
}

/// Sends a response, or the error in its place.
async fn send(
    client: &PooledClient,
    request_id: &str,
    invocation_id: Option<&HeaderValue>,
    answer: Result<Vec<u8>, InvocationError>,
) -> Result<(), Error> {
    let invocation = format!("/2018-06-01/runtime/invocation/{request_id}");
    let mut request = match answer {
        Ok(response) => post(&format!("{invocation}/response"), Body::from(response))?,
        Err(InvocationError { error_type, message }) => {
            tracing::error!(error_type, "{message}");
            error_request(&format!("{invocation}/error"), error_type, &message)?
        }
    };
    if let Some(id) = invocation_id {
        request.headers_mut().insert(INVOCATION_ID, id.clone());
    }
    let response = client.call(request).await?;
    let status = response.status();
    if status.is_server_error() {
        // "Non-recoverable state. Runtime should exit promptly."
        return Err(format!("Lambda's Runtime API answered {status}").into());
    }
    if !status.is_success() {
        tracing::error!(status = status.as_u16(), "Lambda did not take the answer");
    }
    Ok(())
}

/// Tells Lambda that the function can't start, and why; returns that error.
pub(crate) async fn report_init_error(error: &SettingError) -> Error {
    let message = error.to_string();
    let client = PooledClient::builder().build();
    let report = error_request("/2018-06-01/runtime/init/error", "dynalake::BadSetting", &message);
    match report {
        Ok(request) => {
            if let Err(error) = client.call(request).await {
                log_unsent(&error);
            }
        }
        Err(error) => log_unsent(&error),
    }
    message.into()
}

fn log_unsent(error: &impl Display) {
    tracing::error!(%error, "the error below could not be sent to Lambda");
}

fn error_request(path: &str, error_type: &str, message: &str) -> Result<Request<Body>, Error> {
    let mut body = b"{\"errorType\":".to_vec();
    write_string(error_type.as_bytes(), &mut body);
    body.extend_from_slice(b",\"errorMessage\":");
    write_string(message.as_bytes(), &mut body);
    body.push(b'}');
    let mut request = post(path, Body::from(body))?;
    let header = HeaderValue::from_str(error_type)?;
    request.headers_mut().insert("lambda-runtime-function-error-type", header);
    Ok(request)
}

fn post(path: &str, body: Body) -> Result<Request<Body>, Error> {
    Ok(build_request().method(Method::POST).uri(path).body(body)?)
}
