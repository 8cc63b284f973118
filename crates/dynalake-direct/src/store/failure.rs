//! Why an object is not stored, and what to do about it.
//!
//! Of an answer only the status, the code, the region and, for a lack of rights, the message is
//! kept: others repeat keys and tokens.

use crate::endpoint::Endpoint;
use http::{HeaderMap, StatusCode};

/// At most this much of S3's message is shown.
const SHOWN_CHARS: usize = 500;

/// At most this much of a code or a region is.
const NAME_CHARS: usize = 64;

/// The codes by which S3 says that credentials are too old.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"];

/// Why a request did not store an object.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// S3 says no.
    Answer { status: StatusCode, code: String, message: String, region: Option<String> },
    /// No whole answer came.
    Connection(String),
    /// It took too long.
    Stalled,
    /// There was no time for a request.
    NoTime,
    /// The request could not be made.
    Unsigned(String),
}

/// An object that is not stored.
#[derive(Clone, Debug)]
pub(crate) struct NotStored {
    /// Its key.
    pub(crate) key: String,
    /// Of the last request.
    pub(crate) cause: Cause,
    /// How many requests there were.
    pub(crate) attempts: u64,
}

impl Cause {
    /// An answer that is not 200.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Cause {
        let body = String::from_utf8_lossy(body);
        let code = name(element(&body, "Code").unwrap_or_default());
        let message = if is_denial(status, &code) { element(&body, "Message") } else { None };
        let message = message.unwrap_or_default().chars().take(SHOWN_CHARS).collect();
        let header = headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
        let region = header.or_else(|| element(&body, "Region")).map(name);
        Cause::Answer { status, code, message, region }
    }

    /// Whether the same request may succeed a little later.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Cause::Answer { status, code, .. } => {
                status.is_server_error()
                    || matches!(status.as_u16(), 408 | 409 | 429)
                    // 400, and a sentence about a connection that was idle.
                    || code == "RequestTimeout"
            }
            Cause::Connection(_) | Cause::Stalled => true,
            Cause::NoTime | Cause::Unsigned(_) => false,
        }
    }

    /// Whether the credentials of this process are too old. Lambda gives new ones to a new process.
    pub(crate) fn is_expired(&self) -> bool {
        let Cause::Answer { code, .. } = self else { return false };
        EXPIRED.contains(&code.as_str())
    }

    /// What happened, and what to do.
    pub(crate) fn explain(&self, endpoint: &Endpoint, key: &str) -> String {
        match self {
            Cause::Answer { status, code, message, region } => {
                explain_answer(endpoint, key, *status, code, message, region.as_deref())
            }
            Cause::Connection(reason) => format!(
                "S3 can't be reached, or broke off: {reason}; if this lasts and the function is in \
                 a VPC, give that a gateway endpoint for S3"
            ),
            Cause::Stalled => {
                "S3 did not answer in time; if this lasts and the function is in a VPC, give that \
                 a gateway endpoint for S3"
                    .into()
            }
            Cause::NoTime => {
                "no time was left for it; raise the function's timeout, or its memory, with which \
                 it gets more of a processor"
                    .into()
            }
            Cause::Unsigned(reason) => format!("the request can't be made: {reason}"),
        }
    }
}

fn explain_answer(
    endpoint: &Endpoint,
    key: &str,
    status: StatusCode,
    code: &str,
    message: &str,
    region: Option<&str>,
) -> String {
    let Endpoint { bucket, region: asked, partition, .. } = endpoint;
    let answer = format!("S3 answered {} {code}", status.as_u16());
    let answer = answer.trim_end();
    match (status.as_u16(), code) {
        (301 | 308, _)
        | (
            _,
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        ) => {
            let place = match region {
                Some(region) if region != asked => format!("in {region}"),
                _ => "in another region".to_owned(),
            };
            format!(
                "{answer}: the bucket {bucket} is {place}, and the function in {asked}; put both \
                 into one region"
            )
        }
        (307, _) => format!(
            "{answer}: S3 sends elsewhere for the bucket {bucket}, as it does for some hours \
             after a bucket was made outside of us-east-1; this ends by itself, and if it doesn't, \
             put bucket and function into one region"
        ),
        (_, code) if EXPIRED.contains(&code) => format!(
            "{answer}: the function's credentials are too old; this process ends, so that Lambda \
             starts one with new ones"
        ),
        (_, "RequestTimeTooSkewed") => format!("{answer}: the function's clock is wrong"),
        (403, "SignatureDoesNotMatch" | "InvalidAccessKeyId") => format!(
            "{answer}: S3 does not know the function's credentials; remove AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY from its settings, if they are among them"
        ),
        (403, _) => {
            let says =
                if message.is_empty() { String::new() } else { format!(". S3 says: {message}") };
            format!(
                "{answer}: give the function's role s3:PutObject on arn:{partition}:s3:::{bucket}/{key} \
                 and all that is beside it, and kms:GenerateDataKey on the bucket's key if it has \
                 one; and see what the bucket's policy denies{says}"
            )
        }
        (404, _) => format!("{answer}: there is no bucket {bucket}; check DYNALAKE_BUCKET"),
        _ => answer.to_owned(),
    }
}

fn is_denial(status: StatusCode, code: &str) -> bool {
    status == StatusCode::FORBIDDEN && code == "AccessDenied"
}

/// A code or a region, without what a proxy may have put there.
fn name(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    text.chars().filter(is_plain).take(NAME_CHARS).collect()
}

/// The text of an element without attributes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}
