//! The bucket, and how it is reached: by what Lambda's environment says.

use dynalake::settings::SettingError;
use reqsign_aws_v4::Credential;
use std::fmt;

/// Another S3, for tests.
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL_S3";
/// The function's region.
const REGION: &str = "AWS_REGION";
const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// A bucket, and how it is reached.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) bucket: String,
    pub(crate) region: String,
    /// The partition that the region is in, such as `aws`.
    pub(crate) partition: &'static str,
    /// Scheme and host, and of some the bucket as a first folder.
    base: String,
    pub(crate) credential: Credential,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// What `get`, Lambda's environment, says of a bucket.
    ///
    /// # Errors
    ///
    /// The first variable that can't be used.
    pub fn read(
        bucket: &str,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Endpoint, SettingError> {
        let needed = |name: &'static str, fix: &'static str| {
            let value = get(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| SettingError::new(name, "", fix))
        };
        let region = needed(REGION, "Lambda sets it; elsewhere, write the bucket's region")?;
        let is_region =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !region.bytes().all(is_region) {
            let fix = "write a region such as eu-central-1";
            return Err(SettingError::new(REGION, &region, fix));
        }
        let fix = "Lambda sets it by the function's role; elsewhere, write it";
        let credential = Credential {
            access_key_id: needed(ACCESS_KEY, fix)?,
            secret_access_key: needed(SECRET_KEY, fix)?,
            session_token: get(SESSION_TOKEN).filter(|token| !token.is_empty()),
            expires_in: None,
        };
        let (partition, domain) = partition(&region);
        let base = match get(ENDPOINT_URL).filter(|url| !url.is_empty()) {
            Some(url) => format!("{}/{bucket}", check_url(&url)?),
            // The certificate covers one label in front of it.
            None if bucket.contains('.') => format!("https://s3.{region}.{domain}/{bucket}"),
            None => format!("https://{bucket}.s3.{region}.{domain}"),
        };
        Ok(Endpoint { bucket: bucket.to_owned(), region, partition, base, credential })
    }

    /// The address of an object.
    pub(crate) fn url(&self, key: &str) -> String {
        let mut url = format!("{}/", self.base);
        for byte in key.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    url.push(char::from(byte));
                }
                other => {
                    // A String takes every write.
                    let _ = fmt::Write::write_fmt(&mut url, format_args!("%{other:02X}"));
                }
            }
        }
        url
    }
}

/// An address without a `/` at its end.
fn check_url(url: &str) -> Result<&str, SettingError> {
    let base = url.trim_end_matches('/');
    let is_good = base.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    });
    if is_good {
        return Ok(base);
    }
    // One with a password isn't shown.
    let value = if url.contains('@') { "" } else { url };
    let fix = "write it as https://host or http://localhost:9000";
    Err(SettingError::new(ENDPOINT_URL, value, fix))
}

/// A region's partition, as ARNs have it, and the domain of its services
/// (<https://github.com/aws/aws-sdk-rust/blob/main/sdk/aws-config/src/endpoint_lib/partitions.json>).
fn partition(region: &str) -> (&'static str, &'static str) {
    let mut parts = region.split('-');
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        ("cn", _) => ("aws-cn", "amazonaws.com.cn"),
        ("eusc", _) => ("aws-eusc", "amazonaws.eu"),
        ("us", "gov") => ("aws-us-gov", "amazonaws.com"),
        ("us", "iso") => ("aws-iso", "c2s.ic.gov"),
        ("us", "isob") => ("aws-iso-b", "sc2s.sgov.gov"),
        ("eu", "isoe") => ("aws-iso-e", "cloud.adc-e.uk"),
        ("us", "isof") => ("aws-iso-f", "csp.hci.ic.gov"),
        _ => ("aws", "amazonaws.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(bucket: &str, region: &str) -> Endpoint {
        let get = |name: &str| match name {
            REGION => Some(region.to_owned()),
            ACCESS_KEY | SECRET_KEY => Some("x".to_owned()),
            _ => None,
        };
        Endpoint::read(bucket, get).expect("all is there")
    }

    #[test]
    fn objects_have_the_address_of_their_partition() {
        for (bucket, region, partition, url) in [
            ("lake", "eu-central-1", "aws", "https://lake.s3.eu-central-1.amazonaws.com/k"),
            ("a.b", "us-east-1", "aws", "https://s3.us-east-1.amazonaws.com/a.b/k"),
            ("lake", "cn-north-1", "aws-cn", "https://lake.s3.cn-north-1.amazonaws.com.cn/k"),
            (
                "lake",
                "us-gov-west-1",
                "aws-us-gov",
                "https://lake.s3.us-gov-west-1.amazonaws.com/k",
            ),
            ("lake", "eusc-de-east-1", "aws-eusc", "https://lake.s3.eusc-de-east-1.amazonaws.eu/k"),
            ("lake", "us-iso-east-1", "aws-iso", "https://lake.s3.us-iso-east-1.c2s.ic.gov/k"),
            (
                "lake",
                "us-isob-east-1",
                "aws-iso-b",
                "https://lake.s3.us-isob-east-1.sc2s.sgov.gov/k",
            ),
        ] {
            let endpoint = endpoint(bucket, region);
            assert_eq!((endpoint.url("k").as_str(), endpoint.partition), (url, partition));
        }
    }

    #[test]
    fn a_keys_bytes_are_encoded_but_for_its_folders() {
        let url = endpoint("lake", "eu-central-1").url("a b/dt=1/ü+.parquet");
        let path = url.strip_prefix("https://lake.s3.eu-central-1.amazonaws.com/");
        assert_eq!(path, Some("a%20b/dt%3D1/%C3%BC%2B.parquet"));
    }
}
