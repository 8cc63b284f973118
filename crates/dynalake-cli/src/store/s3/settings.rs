//! What the environment and the profile say.

use super::environment::variable;
use super::profile::Profiles;
use object_store::ClientOptions;
use object_store::client::Certificate;
use std::time::Duration;

/// So often a request is sent before it has failed, if `AWS_MAX_ATTEMPTS` doesn't say.
const MAX_ATTEMPTS: usize = 8;

/// Where buckets are if nothing says so, as for the AWS CLI.
const DEFAULT_REGION: &str = "us-east-1";

/// What the environment and the profile say.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) region: String,
    /// Another S3: the setting that names it, and the address.
    pub(super) endpoint: Option<(&'static str, String)>,
    pub(super) sts_endpoint: Option<String>,
    pub(super) sso_endpoint: Option<String>,
    pub(super) max_attempts: usize,
    certificates: Vec<Certificate>,
    pub(super) profiles: Profiles,
}

impl Settings {
    /// Reads them.
    pub(super) fn read() -> Result<Settings, String> {
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
        Ok(Settings {
            region,
            endpoint,
            sts_endpoint: endpoint_of("AWS_ENDPOINT_URL_STS")?,
            sso_endpoint: endpoint_of("AWS_ENDPOINT_URL_SSO")?,
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

    /// The domain of AWS' services.
    pub(super) fn domain(&self) -> &'static str {
        match self.region.split_once('-').map_or("", |(area, _)| area) {
            "cn" => "amazonaws.com.cn",
            "eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
    }
}

fn endpoint(setting: &'static str) -> Result<Option<(&'static str, String)>, String> {
    let Some(url) = variable(setting) else { return Ok(None) };
    check_endpoint(setting, &url)?;
    Ok(Some((setting, url)))
}

/// The endpoint of a service other than S3.
fn endpoint_of(setting: &'static str) -> Result<Option<String>, String> {
    Ok(endpoint(setting)?.or(endpoint("AWS_ENDPOINT_URL")?).map(|(_, url)| url))
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
