//! Credentials, where the AWS tools find them: the environment, the profile that is named (keys, a
//! role, SSO, a program), a web identity, the default profile, the container, the instance
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>).
//!
//! They are kept, and fetched again five minutes before they expire. No message has any of them.

use super::environment::variable;
use super::failure::{Failure, element};
use super::profile::Section;
use super::settings::Settings;
use super::wire::{note, root_cause, send};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode};
use object_store::CredentialProvider;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpClient, HttpConnector, HttpRequest, ReqwestConnector};
use reqsign_aws_core::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider,
    IMDSv2CredentialProvider, ProcessCredentialProvider, SSOCredentialProvider,
};
use reqsign_core::time::Timestamp;
use reqsign_core::{
    CommandExecute, CommandOutput, Context, FileRead, HttpSend, OsEnv, ProvideCredential,
};
use std::error::Error;
use std::fmt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{sleep, timeout};

/// So long before they expire credentials are fetched again.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// Addresses of the machine's own answer at once or not at all.
const LOCAL_LIMIT: Duration = Duration::from_secs(2);

const LIMIT: Duration = Duration::from_secs(15);

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Environment,
    Profile(String),
    WebIdentity,
    Container,
    Instance,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Environment => f.write_str("the environment"),
            Origin::Profile(name) => write!(f, "the profile {name}"),
            Origin::WebIdentity => f.write_str("the web identity"),
            Origin::Container => f.write_str("the container"),
            Origin::Instance => f.write_str("the instance"),
        }
    }
}

impl Origin {
    /// How to get others.
    pub(super) fn sign_in(&self) -> String {
        match self {
            Origin::Environment => "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and \
                AWS_SESSION_TOKEN to new ones, or unset them and set AWS_PROFILE"
                .to_owned(),
            Origin::Profile(name) => {
                format!(
                    "sign in again, as by `aws sso login --profile {name}`, or correct its keys"
                )
            }
            Origin::WebIdentity => "check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN".to_owned(),
            Origin::Container => "check the task's role".to_owned(),
            Origin::Instance => "check the instance's role".to_owned(),
        }
    }
}

/// Credentials, or the reason and the fix.
type Found = Result<Credential, String>;

/// The credentials of this run.
pub(super) struct Credentials {
    settings: Arc<Settings>,
    client: HttpClient,
    context: Context,
    origin: Mutex<Origin>,
    kept: AsyncMutex<Option<(Arc<AwsCredential>, Option<Timestamp>)>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut kept = self.kept.lock().await;
        let is_good_for = |expires: &Option<Timestamp>, time: Duration| {
            expires.is_none_or(|expires| expires > Timestamp::now() + time)
        };
        if let Some((credential, expires)) = &*kept
            && is_good_for(expires, FRESH)
        {
            return Ok(Arc::clone(credential));
        }
        match self.find().await.and_then(|found| Ok((usable(&found)?, found.expires_in))) {
            Ok((credential, expires)) => {
                *kept = Some((Arc::clone(&credential), expires));
                Ok(credential)
            }
            // Those from before still hold.
            Err(_) if kept.as_ref().is_some_and(|(_, expires)| is_good_for(expires, LIMIT)) => {
                Ok(Arc::clone(&kept.as_ref().expect("they are kept").0))
            }
            Err(reason) => {
                note(Failure::of_credentials(reason));
                let source = "no credentials".into();
                Err(object_store::Error::Generic { store: "S3", source })
            }
        }
    }
}

/// Credentials that a header can hold.
fn usable(found: &Credential) -> Result<Arc<AwsCredential>, String> {
    let Credential { access_key_id, secret_access_key, session_token, .. } = found;
    let token = session_token.clone().filter(|token| !token.is_empty());
    let is_text = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if ![access_key_id, secret_access_key].into_iter().chain(&token).all(|text| is_text(text)) {
        return Err("the credentials are empty or have blanks or control characters; correct them"
            .to_owned());
    }
    Ok(Arc::new(AwsCredential {
        key_id: access_key_id.clone(),
        secret_key: secret_access_key.clone(),
        token,
    }))
}

impl Credentials {
    pub(super) fn new(settings: Arc<Settings>) -> Result<Credentials, String> {
        let client = ReqwestConnector::default()
            .connect(&settings.client_options())
            .map_err(|_| "the HTTP client can't be created; check AWS_CA_BUNDLE and HTTPS_PROXY")?;
        let sts_endpoint = settings.sts_endpoint.clone();
        let context = Context::new()
            .with_file_read(Files)
            .with_env(OsEnv)
            .with_command_execute(Shell)
            .with_http_send(Http { client: client.clone(), sts_endpoint });
        Ok(Credentials {
            origin: Mutex::new(Origin::Environment),
            settings,
            client,
            context,
            kept: AsyncMutex::new(None),
        })
    }

    /// Where the last ones came from.
    pub(super) fn origin(&self) -> Origin {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_from(&self, origin: Origin) {
        *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = origin;
    }

    async fn find(&self) -> Found {
        if let Some(found) = of_environment() {
            self.is_from(Origin::Environment);
            return found;
        }
        let is_web_identity =
            variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && variable("AWS_ROLE_ARN").is_some();
        // A pod's role goes before what an image may have in ~/.aws, but not before what is asked for.
        if is_web_identity && variable("AWS_PROFILE").is_none() {
            return self.of_web_identity().await;
        }
        let profile = self.settings.profiles.chosen_name();
        if let Some(found) = self.of_profile(profile).await {
            self.is_from(Origin::Profile(profile.to_owned()));
            return found.map_err(|reason| format!("the profile {profile}: {reason}"));
        }
        if is_web_identity {
            return self.of_web_identity().await;
        }
        let is_container = ["RELATIVE_URI", "FULL_URI"]
            .iter()
            .any(|name| variable(&format!("AWS_CONTAINER_CREDENTIALS_{name}")).is_some());
        if is_container {
            self.is_from(Origin::Container);
            return self.of(&ECSCredentialProvider::new(), "the container").await;
        }
        self.is_from(Origin::Instance);
        let of_instance = IMDSv2CredentialProvider::new().provide_credential(&self.context).await;
        of_instance.ok().flatten().ok_or_else(|| {
            format!(
                "there are no AWS credentials: not in the environment (AWS_ACCESS_KEY_ID), not in \
                 the profile {profile} of ~/.aws, not of a container or an instance; set \
                 AWS_PROFILE, or sign in by `aws configure` or `aws sso login`"
            )
        })
    }

    async fn of_web_identity(&self) -> Found {
        self.is_from(Origin::WebIdentity);
        let provider = AssumeRoleWithWebIdentityCredentialProvider::new()
            .with_region(self.settings.region.clone())
            .with_regional_sts_endpoint();
        self.of(&provider, "the web identity").await
    }

    /// The credentials of a profile, if it has any.
    async fn of_profile(&self, name: &str) -> Option<Found> {
        // Roles that are assumed one with the other's credentials, the last one first.
        let mut roles = Vec::new();
        let mut seen = vec![name];
        let mut profile = self.settings.profiles.get(name)?;
        let base = loop {
            if !profile.contains_key("role_arn") || profile.contains_key("web_identity_token_file")
            {
                break self.of_section(profile, seen.last().copied().unwrap_or(name)).await;
            }
            roles.push(profile);
            let Some(source) = profile.get("source_profile") else {
                break Some(self.of_source(profile).await);
            };
            let Some(next) = self.settings.profiles.get(source) else {
                return Some(Err(format!("its source_profile {source} is not there; correct it")));
            };
            if seen.contains(&source.as_str()) {
                // A profile may name itself, for keys that it has.
                break of_keys(next);
            }
            seen.push(source);
            profile = next;
        };
        let mut found = match (base, roles.is_empty()) {
            (None, true) => return None,
            (None, false) => {
                let last = seen.last().copied().unwrap_or(name);
                return Some(Err(format!(
                    "its source profile {last} has no credentials; add some"
                )));
            }
            (Some(base), _) => base,
        };
        for role in roles.into_iter().rev() {
            match found {
                Ok(credential) => found = self.assume(role, &credential).await,
                Err(_) => break,
            }
        }
        Some(found)
    }

    /// What a profile has itself.
    async fn of_section(&self, profile: &Section, name: &str) -> Option<Found> {
        if let (Some(role), Some(file)) =
            (profile.get("role_arn"), profile.get("web_identity_token_file"))
        {
            let provider =
                AssumeRoleWithWebIdentityCredentialProvider::with_config(role.clone(), file.into())
                    .with_region(self.settings.region.clone())
                    .with_regional_sts_endpoint();
            return Some(self.of(&provider, "the web identity").await);
        }
        if let Some(found) = of_keys(profile) {
            return Some(found);
        }
        if profile.contains_key("sso_session") || profile.contains_key("sso_start_url") {
            return Some(self.of_sso(profile, name).await);
        }
        let command = profile.get("credential_process")?;
        let provider = ProcessCredentialProvider::new().with_command(command);
        // Messages may repeat what the program printed.
        Some(match provider.provide_credential(&self.context).await {
            Ok(Some(found)) => Ok(found),
            _ => Err(format!(
                "its credential_process failed or did not print credentials; run it by hand: {}",
                command.split_whitespace().next().unwrap_or_default()
            )),
        })
    }

    /// The credentials of IAM Identity Center, by the token that `aws sso login` left.
    async fn of_sso(&self, profile: &Section, name: &str) -> Found {
        let session = profile.get("sso_session");
        let of_session = session.and_then(|session| self.settings.profiles.sso_session(session));
        let get = |setting: &str| {
            let value = of_session.and_then(|section| section.get(setting));
            value.or_else(|| profile.get(setting)).ok_or_else(|| {
                format!("it lacks {setting}; run `aws configure sso --profile {name}`")
            })
        };
        let provider = SSOCredentialProvider::new()
            .with_account_id(get("sso_account_id")?)
            .with_role_name(get("sso_role_name")?)
            .with_region(get("sso_region")?)
            // The token is kept under the session's name, or else the address.
            .with_start_url(session.map_or_else(|| get("sso_start_url"), Ok)?);
        let provider = match &self.settings.sso_endpoint {
            Some(url) => provider
                .with_endpoint(format!("{}/federation/credentials", url.trim_end_matches('/'))),
            None => provider,
        };
        self.of(&provider, "IAM Identity Center")
            .await
            .map_err(|reason| format!("{reason}; sign in by `aws sso login --profile {name}`"))
    }

    /// The credentials that a role of a profile is assumed with, where no profile has them.
    async fn of_source(&self, profile: &Section) -> Found {
        match profile.get("credential_source").map(String::as_str) {
            Some("Environment") => of_environment()
                .unwrap_or_else(|| Err("AWS_ACCESS_KEY_ID is not set; set it".to_owned())),
            Some("EcsContainer") => self.of(&ECSCredentialProvider::new(), "the container").await,
            Some("Ec2InstanceMetadata") => {
                self.of(&IMDSv2CredentialProvider::new(), "the instance").await
            }
            _ => Err("it has a role_arn and no source_profile; add one".to_owned()),
        }
    }

    /// The credentials of a provider.
    async fn of(
        &self,
        provider: &impl ProvideCredential<Credential = Credential>,
        name: &str,
    ) -> Found {
        let error = match provider.provide_credential(&self.context).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => return Err(format!("{name} gives no credentials")),
            Err(error) => error,
        };
        // Its message may repeat what was answered: only what is known to be a code is shown.
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(inner) = cause {
            if let Some(NoAnswer(reason)) = inner.downcast_ref() {
                return Err(format!("{name} can't be reached: {reason}; check the network"));
            }
            cause = inner.source();
        }
        let kinds = ["error_code: ", "http_status: "];
        let context = error.context().iter();
        let mut code =
            context.filter_map(|text| kinds.iter().find_map(|kind| text.strip_prefix(kind)));
        let code = code.next_back().map_or(String::new(), |code| format!(" ({code})"));
        Err(format!("{name} gives no credentials: {}{code}", error.kind()))
    }

    /// Assumes the role of a profile
    /// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
    async fn assume(&self, profile: &Section, source: &Credential) -> Found {
        let role = &profile["role_arn"];
        if profile.contains_key("mfa_serial") {
            let fix = "eval \"$(aws configure export-credentials --format env --profile …)\"";
            return Err(format!(
                "its role needs an MFA code, which dynalake doesn't ask for; run {fix}"
            ));
        }
        let form = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            (
                "RoleSessionName",
                profile.get("role_session_name").map_or("dynalake", String::as_str),
            ),
            ("ExternalId", profile.get("external_id").map_or("", String::as_str)),
            ("DurationSeconds", profile.get("duration_seconds").map_or("", String::as_str)),
        ];
        let form: Vec<_> = form
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let region = &self.settings.region;
        let endpoint = self.settings.sts_endpoint.clone();
        let endpoint =
            endpoint.unwrap_or_else(|| format!("https://sts.{region}.{}", self.settings.domain()));
        let broken = "the request for its role can't be made; check its settings";
        let mut request: HttpRequest =
            Request::post(format!("{}/", endpoint.trim_end_matches('/')))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.join("&").into())
                .map_err(|_| broken)?;
        let source = usable(source)?;
        AwsAuthorizer::new(&source, "sts", region)
            .try_authorize(&mut request, None)
            .map_err(|_| broken)?;
        let answer = timeout(LIMIT, send(&self.client, request)).await;
        let answer = answer.map_err(|_| "STS does not answer; check the network")?;
        let answer =
            answer.map_err(|error| format!("STS can't be reached: {}", root_cause(&error)))?;
        let body = String::from_utf8_lossy(answer.body());
        if answer.status() != StatusCode::OK {
            let code = element(&body, "Code").unwrap_or_default();
            return Err(format!(
                "the role {role} can't be assumed ({} {code}); check who may, and the source's keys",
                answer.status().as_u16()
            ));
        }
        let field = |name| {
            let value = element(&body, name).map(str::to_owned);
            value.ok_or_else(|| format!("STS answered without {name}; check the endpoint"))
        };
        Ok(Credential {
            access_key_id: field("AccessKeyId")?,
            secret_access_key: field("SecretAccessKey")?,
            session_token: Some(field("SessionToken")?),
            expires_in: field("Expiration")?.parse().ok(),
        })
    }
}

fn of_environment() -> Option<Found> {
    keys(
        variable,
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
        "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is not set; set both",
    )
}

/// The keys of a profile, if it has any.
fn of_keys(profile: &Section) -> Option<Found> {
    keys(
        |name| profile.get(name).cloned(),
        ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"],
        "it has one of aws_access_key_id and aws_secret_access_key; add the other",
    )
}

/// The keys by these names, if there are any; `one` says that there is only one.
fn keys(
    get: impl Fn(&str) -> Option<String>,
    [id, secret, token]: [&str; 3],
    one: &str,
) -> Option<Found> {
    Some(match (get(id), get(secret)) {
        (None, None) => return None,
        (Some(access_key_id), Some(secret_access_key)) => Ok(Credential {
            access_key_id,
            secret_access_key,
            session_token: get(token),
            expires_in: None,
        }),
        _ => Err(one.to_owned()),
    })
}

/// A text as a form has it.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Files, for those who give credentials.
#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        std::fs::read(path).map_err(|error| reqsign_core::Error::config_invalid(error.to_string()))
    }
}

/// Programs that print credentials.
#[derive(Debug)]
struct Shell;

impl CommandExecute for Shell {
    async fn command_execute<'a>(
        &'a self,
        program: &'a str,
        args: &'a [&'a str],
    ) -> reqsign_core::Result<CommandOutput> {
        // The line was split at blanks, whatever its quotes: the shell takes it as a whole.
        let line = [&[program], args].concat().join(" ");
        let run = move || {
            std::process::Command::new("sh")
                .args(["-c", &line])
                .stdin(Stdio::inherit())
                .stderr(Stdio::inherit())
                .output()
        };
        let failed = |error: String| reqsign_core::Error::unexpected(error);
        let output =
            tokio::task::spawn_blocking(run).await.map_err(|error| failed(error.to_string()))?;
        let output = output.map_err(|error| failed(error.to_string()))?;
        Ok(CommandOutput {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: Vec::new(),
        })
    }
}

/// Why there is no answer of those who give credentials.
#[derive(Debug)]
struct NoAnswer(String);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NoAnswer {}

/// HTTP, for those who give credentials.
#[derive(Debug)]
struct Http {
    client: HttpClient,
    /// Where STS is instead.
    sts_endpoint: Option<String>,
}

impl HttpSend for Http {
    async fn http_send(
        &self,
        request: Request<Bytes>,
    ) -> reqsign_core::Result<http::Response<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let host = parts.uri.host().unwrap_or_default();
        // Only instances have this address: elsewhere nobody answers.
        let is_instance = host == "169.254.169.254";
        let limit = if is_instance { LOCAL_LIMIT } else { LIMIT };
        if host.starts_with("sts.")
            && let Some(url) = &self.sts_endpoint
            && let Ok(uri) = url.parse()
        {
            parts.uri = uri;
        }
        let attempts = if is_instance { 1 } else { 3 };
        let mut attempt = 1;
        loop {
            let request = HttpRequest::from_parts(parts.clone(), body.clone().into());
            let reason = match timeout(limit, send(&self.client, request)).await {
                Ok(Ok(answer)) if attempt == attempts || !answer.status().is_server_error() => {
                    return Ok(answer);
                }
                Ok(Ok(answer)) => answer.status().to_string(),
                Ok(Err(error)) => root_cause(&error),
                Err(_) => "it does not answer".to_owned(),
            };
            if attempt == attempts {
                let no_answer = NoAnswer(reason);
                return Err(reqsign_core::Error::unexpected("no answer").with_source(no_answer));
            }
            sleep(Duration::from_millis(200) * attempt).await;
            attempt += 1;
        }
    }
}
