//! Lambda's Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>), by
//! `lambda_runtime`, with its conversion of events and responses replaced: a function takes an
//! event's bytes as they came and hands a response's bytes over as they are. Theirs also logs the
//! whole event at TRACE, where attribute values must never be seen.

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::json;
use std::cell::Cell;
use std::env;
use std::fmt::Display;
use std::rc::Rc;
use std::time::SystemTime;
use tower::layer::layer_fn;
use tracing::{Instrument, error_span};

/// Ties a response to its invocation where the Runtime API asks for it; to be sent back as it came.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// What answers invocations.
pub trait Function {
    /// Answers one.
    fn answer(
        &mut self,
        invocation: Invocation,
    ) -> impl Future<Output = Result<Vec<u8>, InvocationError>>;

    /// Why the process should end behind the answer that was given last, so that Lambda starts
    /// another.
    fn ends(&self) -> Option<String> {
        None
    }
}

/// One invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The event, as it came.
    pub event: Bytes,
    /// The function's ARN, with the alias or version by which it was called.
    pub function_arn: String,
    /// When Lambda will end the process if there is no answer.
    pub deadline: SystemTime,
}

/// Why an invocation fails as a whole: the type and the message that Lambda shows.
#[derive(Clone, Debug)]
pub struct InvocationError {
    /// Its type, such as `dynalake::Panic`.
    pub error_type: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Says what is missing where this is not run by Lambda.
pub(crate) fn check_environment(program: &str) -> Result<(), String> {
    let needed = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
    ];
    match needed.into_iter().find(|name| env::var_os(name).is_none()) {
        None => Ok(()),
        Some(name) => Err(format!(
            "{name} is not set: {program} is run by AWS Lambda; to transform a file, use `dynalake transform`"
        )),
    }
}

/// Answers invocations until Lambda ends the process, or the function wants to end.
pub(crate) async fn run<F: Function + 'static>(function: F) -> Result<(), Error> {
    let client = Rc::new(PooledClient::builder().build());
    let function = Rc::new(Cell::new(Some(function)));
    let answer = tower::service_fn(move |invocation: LambdaInvocation| {
        let (client, function) = (Rc::clone(&client), Rc::clone(&function));
        let LambdaInvocation { parts, body, context, .. } = invocation;
        // Not lambda_runtime's own span, which is of level INFO: ERROR lines carry the request id
        // too.
        let span = error_span!(
            "invocation",
            requestId = context.request_id,
            xrayTraceId = context.xray_trace_id
        );
        let answered = async move {
            let mut taken = function.take().expect("invocations come one after the other");
            let invocation = Invocation {
                event: body,
                deadline: context.deadline(),
                function_arn: context.invoked_function_arn,
            };
            let answer = taken.answer(invocation).await;
            let ends = taken.ends();
            function.set(Some(taken));
            let id = parts.headers.get(INVOCATION_ID);
            send(&client, &context.request_id, id, answer).await?;
            ends.map_or(Ok(()), |reason| Err(reason.into()))
        };
        answered.instrument(span)
    });
    // The runtime's own way from bytes to a handler and back, which the layer leaves out.
    let unused = service_fn(|_: LambdaEvent<()>| async { Ok::<(), Error>(()) });
    Runtime::new(unused).layer(layer_fn(move |_| answer.clone())).run().await
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
pub(crate) async fn report_init_error(error: &impl Display) -> Error {
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
    let body = json!({"errorType": error_type, "errorMessage": message}).to_string();
    let mut request = post(path, Body::from(body))?;
    let header = HeaderValue::from_str(error_type)?;
    request.headers_mut().insert("lambda-runtime-function-error-type", header);
    Ok(request)
}

fn post(path: &str, body: Body) -> Result<Request<Body>, Error> {
    Ok(build_request().method(Method::POST).uri(path).body(body)?)
}
