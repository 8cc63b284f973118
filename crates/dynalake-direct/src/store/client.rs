//! One request: a PUT, signed in its headers with the hash of its body, so that S3 takes no other
//! bytes. Nothing of the signature is in the address, where logs would have it.

use super::failure::Cause;
use crate::endpoint::Endpoint;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqsign_aws_v4::RequestSigner;
use reqsign_core::{Context, SignRequest};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write;
use std::io;
use std::time::Duration;

/// S3 ends a connection that is idle for some seconds, and a frozen function does not see it.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// A host that does not take a connection within this time is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The most that is read of an answer.
const MAX_ANSWER_BYTES: usize = 64 << 10;

type HttpClient = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Puts objects into one bucket.
pub(crate) struct Client {
    endpoint: Endpoint,
    http: HttpClient,
    signer: RequestSigner,
}

/// What is put: bytes, and their hash.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    sha256: HeaderValue,
}

impl Body {
    pub(super) fn new(bytes: Vec<u8>) -> Body {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            // A String takes every write.
            let _ = write!(hex, "{byte:02x}");
        }
        let sha256 = HeaderValue::from_str(&hex).expect("digits are a header's value");
        Body { bytes: bytes.into(), sha256 }
    }
}

impl Client {
    /// A client that has not connected yet.
    pub(crate) fn new(endpoint: Endpoint) -> Result<Client, rustls::Error> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_IDLE)
            .build(connector);
        // Else a bucket with `s3express` in its name would get a directory bucket's token.
        let signer = RequestSigner::new("s3", &endpoint.region).with_standard_session_token();
        Ok(Client { endpoint, http, signer })
    }

    /// What happened to an object, and what to do.
    pub(crate) fn explain(&self, cause: &Cause, key: &str) -> String {
        cause.explain(&self.endpoint, key)
    }

    /// Puts an object, and waits until S3 says that it is stored.
    pub(super) async fn put(&self, key: &str, body: &Body) -> Result<(), Cause> {
        let request = self.signed(key, body).await.map_err(Cause::Unsigned)?;
        let connection = |error: &(dyn Error + 'static)| Cause::Connection(root_cause(error));
        let response = self.http.request(request).await.map_err(|error| connection(&error))?;
        let (parts, body) = response.into_parts();
        // An answer that breaks off doesn't count, whatever its status.
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| connection(&*error))?.to_bytes();
        if parts.status == StatusCode::OK {
            return Ok(());
        }
        Err(Cause::of_answer(parts.status, &parts.headers, &body))
    }

    async fn signed(&self, key: &str, body: &Body) -> Result<Request<Full<Bytes>>, String> {
        let request = Request::put(self.endpoint.url(key))
            .header("x-amz-content-sha256", &body.sha256)
            .body(())
            .map_err(|error| error.to_string())?;
        let (mut parts, ()) = request.into_parts();
        let credential = Some(&self.endpoint.credential);
        let signed = self.signer.sign_request(&Context::new(), &mut parts, credential, None).await;
        // Its message could name what it signs.
        signed.map_err(|error| format!("{:?}", error.kind()))?;
        Ok(Request::from_parts(parts, Full::new(body.bytes.clone())))
    }
}

/// The innermost reason: the layers around it only repeat that a request failed.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(within) = inner(cause) {
        cause = within;
    }
    cause.to_string()
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // An `io::Error` shows what it wraps, and doesn't count it as its source.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
