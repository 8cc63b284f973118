//! Why S3 does not do what it is asked for.
//!
//! Of an answer only the status, the code and, for a lack of rights, the message is kept: others
//! repeat keys and tokens.

use http::{HeaderMap, StatusCode};

/// Keys that the library can't name.
pub(super) const ODD_KEY: &str = "a key there has an empty part (//), the part . or .., or a \
    control character, which can't be read or written here; copy such objects to other keys";

/// The most of a message of S3's that is shown.
const SHOWN_CHARS: usize = 500;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    List,
    Read,
    Write,
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    /// Of the request that failed last.
    pub(super) attempts: u32,
}

/// What is behind a failure.
#[derive(Debug)]
pub(super) enum Cause {
    /// S3 says no.
    Answer { status: StatusCode, code: String, message: String, region: Option<String> },
    /// No whole answer came.
    Connection(String),
    /// There are no credentials to sign with.
    Credentials(String),
    /// The library gave up by itself.
    Library(String),
}

impl Failure {
    /// An answer that is an error.
    pub(super) fn of_answer(
        status: StatusCode,
        headers: &HeaderMap,
        body: &str,
        attempts: u32,
    ) -> Failure {
        let code = element(body, "Code").unwrap_or_default().to_owned();
        let message = if is_denial(status, &code) { element(body, "Message") } else { None };
        let message = message.unwrap_or_default().chars().take(SHOWN_CHARS).collect();
        let header = headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
        let region = header.or_else(|| element(body, "Region")).map(str::to_owned);
        Failure { cause: Cause::Answer { status, code, message, region }, attempts }
    }

    /// A connection that can't be made, or that ends.
    pub(super) fn of_connection(reason: &str, attempts: u32) -> Failure {
        Failure { cause: Cause::Connection(reason.to_owned()), attempts }
    }

    /// A lack of credentials, with the fix.
    pub(super) fn of_credentials(reason: String) -> Failure {
        Failure { cause: Cause::Credentials(reason), attempts: 0 }
    }

    /// An error of the library that no request came to.
    pub(super) fn of_library(error: &object_store::Error) -> Failure {
        let reason = match error {
            object_store::Error::InvalidPath { .. } => ODD_KEY.to_owned(),
            _ => "S3's answer can't be understood; check that the endpoint is one of S3".to_owned(),
        };
        Failure { cause: Cause::Library(reason), attempts: 0 }
    }

    /// The status of the answer, if there was one.
    pub(super) fn status(&self) -> Option<u16> {
        match &self.cause {
            Cause::Answer { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    /// Whether an upload, or what it must not replace, is not what it was: it may be that an
    /// earlier attempt was done, and its answer lost.
    pub(super) fn may_be_done(&self) -> bool {
        let Cause::Answer { status, code, .. } = &self.cause else { return false };
        matches!(status.as_u16(), 409 | 412) || code == "NoSuchUpload"
    }
}

fn is_denial(status: StatusCode, code: &str) -> bool {
    status == StatusCode::FORBIDDEN && matches!(code, "AccessDenied" | "AccessDeniedException")
}

/// The text of an element without attributes.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}
