//! What to tell a person of a failure: the reason, and the fix.

use super::client::Bucket;
use super::failure::{Action, Cause, Failure};
use crate::store::file::OF_ANOTHER_RUN;
use http::StatusCode;
use std::io::{Error, ErrorKind};

impl Failure {
    /// What to tell a person: the reason, and the fix.
    pub(super) fn explain(&self, bucket: &Bucket, action: Action, key: &str) -> Error {
        let attempts = match self.attempts {
            0 | 1 => String::new(),
            count => format!(", {count} times"),
        };
        let (kind, text) = match &self.cause {
            Cause::Credentials(reason) => (ErrorKind::PermissionDenied, reason.clone()),
            Cause::Library(reason) => (ErrorKind::InvalidData, reason.clone()),
            Cause::Connection(reason) => (
                ErrorKind::NotConnected,
                format!("{} can't be reached{attempts}: {reason}; {}", bucket.host(), {
                    bucket.endpoint_fix()
                }),
            ),
            Cause::Answer { status, code, message, region } => {
                let answer = Answer { status: *status, code, message, region: region.as_deref() };
                answer.explain(bucket, action, key, &attempts)
            }
        };
        Error::new(kind, text)
    }
}

/// An answer that is an error.
#[derive(Clone, Copy)]
struct Answer<'a> {
    status: StatusCode,
    code: &'a str,
    message: &'a str,
    region: Option<&'a str>,
}

impl Answer<'_> {
    fn explain(
        self,
        bucket: &Bucket,
        action: Action,
        key: &str,
        attempts: &str,
    ) -> (ErrorKind, String) {
        let Answer { status, code, message, region } = self;
        let name = bucket.name();
        let origin = bucket.credentials().origin();
        let denied = ErrorKind::PermissionDenied;
        match (status.as_u16(), code) {
            (_, "NoSuchBucket") => (
                ErrorKind::NotFound,
                format!("there is no bucket {name}; check its name{}", bucket.endpoint_note()),
            ),
            (301 | 307 | 308, _)
            | (
                _,
                "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException"
                | "PermanentRedirect",
            ) => (ErrorKind::InvalidInput, wrong_region(bucket, region)),
            (_, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired") => {
                (denied, format!("the session token of {origin} has expired; {}", origin.sign_in()))
            }
            (_, "InvalidAccessKeyId" | "InvalidToken" | "InvalidClientTokenId") => (
                denied,
                format!(
                    "S3 does not know the access key or the session token of {origin}; {}",
                    origin.sign_in()
                ),
            ),
            (_, "SignatureDoesNotMatch") => (
                denied,
                format!("the secret access key of {origin} does not belong to its ID; correct it"),
            ),
            (_, "RequestTimeTooSkewed") => {
                (denied, "this machine's clock is more than 15 minutes off; set it".to_owned())
            }
            (_, "InvalidObjectState") => (
                ErrorKind::Unsupported,
                "the object is archived; restore it by `aws s3api restore-object`, and wait until \
                 that is done"
                    .to_owned(),
            ),
            (501, _) => (
                ErrorKind::Unsupported,
                format!(
                    "this S3 does not support the request (501 {code}); it needs ListObjectsV2, \
                     multipart uploads, and If-None-Match for writes"
                ),
            ),
            (404, _) => (
                ErrorKind::NotFound,
                "there is no such object; check the key. The address of a folder ends with /"
                    .to_owned(),
            ),
            (401 | 403, _) => (denied, denial(self, bucket, action, key)),
            (412, _) if action == Action::Read => {
                (ErrorKind::InvalidData, "it was replaced while it was read; run again".to_owned())
            }
            (409 | 412, _) => (ErrorKind::AlreadyExists, OF_ANOTHER_RUN.to_owned()),
            (429 | 500.., _) => (
                ErrorKind::Other,
                format!("S3 answered {}{attempts}; run again later", self.named()),
            ),
            _ if code.starts_with("KMS.") => (
                denied,
                format!(
                    "the key that it is encrypted with can't be used ({code}); check it in KMS"
                ),
            ),
            _ => (ErrorKind::Other, format!("S3 answered {}{}", self.named(), suffix(message))),
        }
    }

    fn named(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code).trim_end().to_owned()
    }
}

/// A lack of rights, and which are needed.
fn denial(answer: Answer<'_>, bucket: &Bucket, action: Action, key: &str) -> String {
    let Answer { message, .. } = answer;
    let name = bucket.name();
    let origin = bucket.credentials().origin();
    let needed = match action {
        Action::List => format!("s3:ListBucket on arn:aws:s3:::{name}"),
        Action::Read => format!(
            "s3:GetObject on arn:aws:s3:::{name}/{key}, and kms:Decrypt if it is encrypted with a \
             key of KMS; without s3:ListBucket an absent object looks the same"
        ),
        Action::Write => format!(
            "s3:PutObject on arn:aws:s3:::{name}/{key}, and kms:GenerateDataKey and kms:Decrypt if \
             the bucket encrypts with a key of KMS"
        ),
    };
    format!(
        "access is denied ({}) to {origin}; it needs {needed}{}",
        answer.named(),
        suffix(message)
    )
}

fn wrong_region(bucket: &Bucket, region: Option<&str>) -> String {
    let (name, used) = (bucket.name(), bucket.region());
    match region.filter(|region| *region != used) {
        Some(region) => format!(
            "the bucket {name} is in {region}, and {used} was asked; set AWS_REGION={region}"
        ),
        None => format!(
            "the bucket {name} is not in {used}; set AWS_REGION to its region, which `aws s3api \
             get-bucket-location --bucket {name}` prints"
        ),
    }
}

fn suffix(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(". S3 says: {message}") }
}
