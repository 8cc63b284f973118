//! The runtime, and a client for each bucket.

use super::credentials::Credentials;
use super::settings::Settings;
use super::wire::Connector;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, RetryConfig};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

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
    let store = |only_creates| client(settings, name, credentials, only_creates);
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

/// A client for a bucket.
fn client(
    settings: &Settings,
    bucket: &str,
    credentials: &Arc<Credentials>,
    only_creates: bool,
) -> io::Result<AmazonS3> {
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_credentials(Arc::clone(credentials) as _)
        .with_client_options(settings.client_options())
        .with_http_connector(Connector { only_creates })
        .with_retry(RetryConfig {
            max_retries: settings.max_attempts - 1,
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(10),
                base: 2.0,
            },
            // Signatures hold for 15 minutes. A request of an upload may take two of them.
            retry_timeout: Duration::from_secs(5 * 60),
        });
    let builder = match &settings.endpoint {
        Some((_, url)) => builder.with_endpoint(url),
        // The certificate covers one label in front of it.
        None if bucket.contains('.') => {
            builder.with_endpoint(format!("https://s3.{}.{}", settings.region, settings.domain()))
        }
        None => builder.with_virtual_hosted_style_request(true).with_endpoint(format!(
            "https://{bucket}.s3.{}.{}",
            settings.region,
            settings.domain()
        )),
    };
    builder.build().map_err(|_| {
        io::Error::other("the S3 client can't be created; check AWS_CA_BUNDLE and HTTPS_PROXY")
    })
}
