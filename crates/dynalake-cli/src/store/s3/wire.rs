//! Requests on their way out: their answers are read whole, what is wrong with them is kept, and
//! one that stalls ends.

use super::failure::Failure;
use async_trait::async_trait;
use bytes::BytesMut;
use futures_util::StreamExt;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::{ClientOptions, client::ReqwestConnector};
use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// A connection that gives no byte for so long has stalled.
const STALL: Duration = Duration::from_secs(10);

/// S3 may think for so long about what is written.
const THINKING: Duration = Duration::from_secs(60);

/// The slowest connection that is waited for, in bytes per second.
const SLOWEST: u64 = 64 << 10;

/// The attempts of a call's last request.
#[derive(Default)]
struct Attempts {
    count: u32,
    failure: Option<Failure>,
}

tokio::task_local! {
    static ATTEMPTS: RefCell<Attempts>;
}

/// Runs a call of the library, and says why it failed: its own errors have no codes.
pub(super) async fn watched<T>(
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Failure> {
    let call = async {
        let error = match call.await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let attempts = ATTEMPTS.with(RefCell::take);
        Err(attempts.failure.unwrap_or_else(|| Failure::of_library(&error)))
    };
    ATTEMPTS.scope(RefCell::default(), call).await
}

/// Keeps why the call that runs fails.
pub(super) fn note(failure: Failure) {
    // Outside of a call nobody asks.
    let _ = ATTEMPTS.try_with(|attempts| attempts.borrow_mut().failure = Some(failure));
}

fn count_attempt() -> u32 {
    let count = ATTEMPTS.try_with(|attempts| {
        let mut attempts = attempts.borrow_mut();
        attempts.failure = None;
        attempts.count += 1;
        attempts.count
    });
    count.unwrap_or(1)
}

/// Makes clients whose requests are watched.
#[derive(Debug)]
pub(super) struct Connector {
    /// Whether a multipart upload must not replace an object. For a single PUT the library says so
    /// itself.
    pub(super) only_creates: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Watched { client, only_creates: self.only_creates }))
    }
}

#[derive(Debug)]
struct Watched {
    client: HttpClient,
    only_creates: bool,
}

#[async_trait]
impl HttpService for Watched {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let attempt = count_attempt();
        let query = request.uri().query().unwrap_or_default();
        let is_post = request.method() == Method::POST;
        let completes = is_post && query.starts_with("uploadId=");
        if self.only_creates && completes {
            request
                .headers_mut()
                .insert(http::header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        match send(&self.client, request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                if !parts.status.is_success() {
                    let text = String::from_utf8_lossy(&body);
                    note(Failure::of_answer(parts.status, &parts.headers, &text, attempt));
                } else if is_post && let Some(text) = late_error(&body) {
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    note(Failure::of_answer(status, &parts.headers, text, attempt));
                }
                Ok(HttpResponse::from_parts(parts, body.into()))
            }
            Err(error) => {
                note(Failure::of_connection(&root_cause(&error), attempt));
                // The library repeats what fails in this way. All requests may be: the one that
                // must not replace an object is told apart by its mark (see `write`).
                Err(HttpError::new(HttpErrorKind::Request, error))
            }
        }
    }
}

/// Sends a request, and reads the answer to its end.
pub(super) async fn send(
    client: &HttpClient,
    request: HttpRequest,
) -> io::Result<http::Response<bytes::Bytes>> {
    let bytes = request.body().content_length() as u64;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let thinking = if is_read { STALL } else { THINKING };
    let limit = thinking + Duration::from_secs(bytes / SLOWEST);
    let has_body = request.method() != Method::HEAD;
    let response = timeout(limit, client.execute(request)).await.map_err(|_| stalled())?;
    let (parts, body) = response.map_err(io::Error::other)?.into_parts();
    let length =
        parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut bytes = BytesMut::with_capacity(length.unwrap_or(0_usize).min(64 << 20));
    let mut stream = body.bytes_stream();
    while let Some(chunk) = timeout(STALL, stream.next()).await.map_err(|_| stalled())? {
        bytes.extend_from_slice(&chunk.map_err(io::Error::other)?);
    }
    if has_body && length.is_some_and(|length| length != bytes.len()) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off"));
    }
    Ok(http::Response::from_parts(parts, bytes.freeze()))
}

fn stalled() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it stopped answering")
}

/// An error that comes behind the status 200: S3 may send that before it has put an upload together.
fn late_error(body: &[u8]) -> Option<&str> {
    str::from_utf8(body).ok().filter(|text| text.contains("<Error>"))
}

/// The innermost reason: the layers around it only repeat that a request failed.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    // An `io::Error` shows what it wraps, and doesn't count it as its source.
    while let Some(inner) = inner(cause) {
        cause = inner;
    }
    cause.to_string()
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(wrapped);
    }
    error.source()
}
