//! The runtime, the settings, and a client for each bucket.

use super::credentials::Credentials;
use super::profile::Profiles;
use super::wire::Connector;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::Certificate;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use std::collections::HashMap;
use std::env;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// So often a request is sent before it has failed, if `AWS_MAX_ATTEMPTS` doesn't say.
const MAX_ATTEMPTS: usize = 8;

/// Where buckets are if nothing says so, as for the AWS CLI.
const DEFAULT_REGION: &str = "us-east-1";

static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    // Two threads are enough to decrypt what a fast connection brings.
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| format!("can't start threads for the network: {error}"))
});

/// The runtime.
pub(super) fn runtime() -> io::Result<&'static Runtime> {
    RUNTIME.as_ref().map_err(|error| io::Error::other(error.as_str()))
}

/// Waits for the network.
pub(super) fn block_on<T>(task: impl Future<Output = T>) -> io::Result<T> {
    Ok(runtime()?.block_on(task))
}

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    settings: Arc<Settings>,
    credentials: Arc<Credentials>,
    /// Its client.
    pub(super) store: AmazonS3,
    /// One that completes no multipart upload in the place of another object.
    pub(super) creating_store: AmazonS3,
}

impl Bucket {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn region(&self) -> &str {
        &self.settings.region
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where its requests go, for a message.
    pub(super) fn host(&self) -> String {
        match &self.settings.endpoint {
            Some((_, endpoint)) => endpoint.clone(),
            None => format!("S3 in {}", self.region()),
        }
    }

    /// What to check if it can't be reached.
    pub(super) fn endpoint_fix(&self) -> String {
        match &self.settings.endpoint {
            Some((setting, _)) => format!("check {setting}, and that it runs"),
            None => "check the network, the region and, where there is one, the proxy \
                     (HTTPS_PROXY)"
                .to_owned(),
        }
    }

    /// What else to check if it isn't there.
    pub(super) fn endpoint_note(&self) -> String {
        let endpoint = self.settings.endpoint.as_ref();
        endpoint.map_or(String::new(), |(setting, _)| format!(", and the endpoint of {setting}"))
    }
}

/// The bucket of this name; there is one of each.
pub(super) fn bucket(name: &str) -> io::Result<Arc<Bucket>> {
    type Shared = (Arc<Settings>, Arc<Credentials>);
    static SHARED: LazyLock<Result<Shared, String>> = LazyLock::new(|| {
        let settings = Arc::new(Settings::read()?);
        let credentials = Arc::new(Credentials::new(Arc::clone(&settings))?);
        Ok((settings, credentials))
    });
    static BUCKETS: Mutex<Option<HashMap<String, Arc<Bucket>>>> = Mutex::new(None);

    let (settings, credentials) =
        SHARED.as_ref().map_err(|error| io::Error::other(error.as_str()))?;
    let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
    let buckets = buckets.get_or_insert_default();
    if let Some(bucket) = buckets.get(name) {
        return Ok(Arc::clone(bucket));
    }
    let store = |only_creates| settings.store(name, credentials, only_creates);
    let bucket = Arc::new(Bucket {
        name: name.to_owned(),
        settings: Arc::clone(settings),
        credentials: Arc::clone(credentials),
        store: store(false)?,
        creating_store: store(true)?,
    });
    buckets.insert(name.to_owned(), Arc::clone(&bucket));
    Ok(bucket)
}

/// What the environment and the profile say.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) region: String,
    /// Another S3: the setting that names it, and the address.
    endpoint: Option<(&'static str, String)>,
    pub(super) sts_endpoint: Option<String>,
    pub(super) sso_endpoint: Option<String>,
    max_attempts: usize,
    certificates: Vec<Certificate>,
    pub(super) profiles: Profiles,
}

impl Settings {
    fn read() -> Result<Settings, String> {
        // rustls is built with one provider and still wants to be told. An error says that it was.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let profiles = Profiles::read()?;
        let of_profile = |name| profiles.chosen().and_then(|profile| profile.get(name));
        let region = variable("AWS_REGION")
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| of_profile("region").cloned())
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let is_region =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !region.bytes().all(is_region) {
            return Err(format!(
                "the region is \"{}\"; set AWS_REGION to one such as eu-central-1",
                region.escape_default()
            ));
        }
        let endpoint = endpoint("AWS_ENDPOINT_URL_S3")?
            .or(endpoint("AWS_ENDPOINT_URL")?)
            .or(of_profile("endpoint_url").map(|url| ("endpoint_url in the profile", url.clone())));
        if let Some((setting, url)) = &endpoint {
            check_endpoint(setting, url)?;
        }
        let max_attempts = match variable("AWS_MAX_ATTEMPTS") {
            None => MAX_ATTEMPTS,
            Some(text) => {
                text.parse().ok().filter(|count| (1..=100).contains(count)).ok_or_else(|| {
                    format!("AWS_MAX_ATTEMPTS is \"{}\"; set it to 1 to 100", text.escape_default())
                })?
            }
        };
        let any_endpoint =
            |name| -> Result<Option<String>, String> { Ok(endpoint_of(name)?.map(|(_, url)| url)) };
        Ok(Settings {
            region,
            endpoint,
            sts_endpoint: any_endpoint("AWS_ENDPOINT_URL_STS")?,
            sso_endpoint: any_endpoint("AWS_ENDPOINT_URL_SSO")?,
            max_attempts,
            certificates: certificates()?,
            profiles,
        })
    }

    /// How HTTP is spoken, to S3 and to those who give credentials.
    pub(super) fn client_options(&self) -> ClientOptions {
        let options = ClientOptions::new()
            .with_allow_http(true)
            // Requests have limits of their own, by their size: see `wire`.
            .with_timeout_disabled()
            .with_connect_timeout(Duration::from_secs(5));
        self.certificates.iter().cloned().fold(options, ClientOptions::with_root_certificate)
    }

    fn store(
        &self,
        bucket: &str,
        credentials: &Arc<Credentials>,
        only_creates: bool,
    ) -> io::Result<AmazonS3> {
        let builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&self.region)
            .with_credentials(Arc::clone(credentials) as _)
            .with_client_options(self.client_options())
            .with_http_connector(Connector { only_creates })
            .with_retry(RetryConfig {
                max_retries: self.max_attempts - 1,
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(10),
                    base: 2.0,
                },
                // Signatures hold for 15 minutes. A request of an upload may take two of them.
                retry_timeout: Duration::from_secs(5 * 60),
            });
        let builder = match &self.endpoint {
            Some((_, url)) => builder.with_endpoint(url),
            // The certificate covers one label in front of it.
            None if bucket.contains('.') => {
                builder.with_endpoint(format!("https://s3.{}.{}", self.region, self.domain()))
            }
            None => builder.with_virtual_hosted_style_request(true).with_endpoint(format!(
                "https://{bucket}.s3.{}.{}",
                self.region,
                self.domain()
            )),
        };
        builder.build().map_err(|_| {
            io::Error::other("the client of S3 can't be made; check AWS_CA_BUNDLE and HTTPS_PROXY")
        })
    }

    /// The domain of AWS' services.
    pub(super) fn domain(&self) -> &'static str {
        match self.region.split_once('-').map_or("", |(area, _)| area) {
            "cn" => "amazonaws.com.cn",
            "eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
    }
}

/// An environment variable; one that is empty is not set.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn endpoint(setting: &'static str) -> Result<Option<(&'static str, String)>, String> {
    let Some(url) = variable(setting) else { return Ok(None) };
    check_endpoint(setting, &url)?;
    Ok(Some((setting, url)))
}

/// The endpoint of a service other than S3.
fn endpoint_of(setting: &'static str) -> Result<Option<(&'static str, String)>, String> {
    Ok(endpoint(setting)?.or(endpoint("AWS_ENDPOINT_URL")?))
}

fn check_endpoint(setting: &str, url: &str) -> Result<(), String> {
    // One with a password isn't shown.
    let shown =
        if url.contains('@') { String::new() } else { format!(" is \"{}\"", url.escape_default()) };
    let is_good = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.query().is_none()
    });
    if is_good {
        Ok(())
    } else {
        Err(format!("{setting}{shown}; write it as https://host or http://localhost:9000"))
    }
}

/// Those of `AWS_CA_BUNDLE`; the system's are known anyway.
fn certificates() -> Result<Vec<Certificate>, String> {
    let Some(path) = variable("AWS_CA_BUNDLE") else { return Ok(Vec::new()) };
    let pem = std::fs::read(&path)
        .map_err(|error| format!("can't read AWS_CA_BUNDLE {path}: {error}"))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(format!("AWS_CA_BUNDLE {path} holds no certificates in PEM"));
    }
    Ok(certificates)
}
