//! An invocation to its answer.

use crate::batch::{Batch, Failed, TransformError, Transformer};
use crate::object::Object;
use crate::settings::{Config, Settings};
use crate::store::{Client, NotStored, Stored, put_all};
use dynalake::metrics::{FUNCTION, to_embedded_metrics};
use dynalake::settings::SettingError;
use dynalake::statistics::{Statistics, by_reason};
use dynalake_lambda::{Function, Invocation, InvocationError, print_line, read_package_file};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// How long before its deadline an invocation is answered: a second, and what the answer takes.
const RESERVED: Duration = Duration::from_millis(1_200);

/// At most this many objects that are not stored are named.
const SHOWN: usize = 5;

/// The function that an event source mapping calls.
pub struct DirectFunction {
    /// Its name, for the metrics.
    name: String,
    transformer: Transformer,
    client: Client,
    shown_level: &'static str,
    ends: Option<String>,
}

/// Why the function can't start.
#[derive(Debug)]
pub enum StartError {
    /// A setting can't be used.
    Setting(SettingError),
    /// TLS can't be set up.
    Tls(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Setting(error) => error.fmt(f),
            StartError::Tls(error) => write!(f, "TLS can't be set up: {error}"),
        }
    }
}

impl From<SettingError> for StartError {
    fn from(error: SettingError) -> Self {
        StartError::Setting(error)
    }
}

impl DirectFunction {
    /// The function that the environment describes. `shown_level` is that of a line which no log
    /// level hides.
    ///
    /// # Errors
    ///
    /// [`StartError`]
    pub fn start(shown_level: &'static str) -> Result<DirectFunction, StartError> {
        let settings = Settings::read(|name| std::env::var_os(name))?;
        let Config { lake, endpoint } = settings.config(read_package_file)?;
        Ok(DirectFunction {
            name: std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            transformer: Transformer::new(lake),
            client: Client::new(endpoint).map_err(|error| StartError::Tls(error.to_string()))?,
            shown_level,
            ends: None,
        })
    }
}

impl Function for DirectFunction {
    async fn answer(&mut self, invocation: Invocation) -> Result<Vec<u8>, InvocationError> {
        let Invocation { event, function_arn, deadline } = invocation;
        let now = SystemTime::now();
        let left = deadline.duration_since(now).unwrap_or_default().saturating_sub(RESERVED);
        let until = Instant::now() + left;
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);

        let batch = match self.transformer.transform(&event, &function_arn, now_ms) {
            Ok(batch) => batch,
            Err(error) => {
                let statistics = Statistics::rejected(&self.name, &event, now_ms);
                self.print_metrics(&statistics, &Stored::default());
                return Err(InvocationError {
                    error_type: match error {
                        TransformError::Event(_) => "dynalake::NotAStreamEvent",
                        TransformError::Panic => "dynalake::Panic",
                    },
                    message: error.to_string(),
                });
            }
        };
        let Batch { objects, mut statistics, failed, first } = batch;
        statistics.source.clone_from(&self.name);
        let stored = self.store(objects, until).await;
        statistics.bytes_out = stored.bytes;
        if stored.failures.is_empty() {
            log_failed(&failed, &event);
            self.print_metrics(&statistics, &stored);
            return Ok(response(None));
        }
        // The records come again, and count then.
        let again = Statistics {
            source: statistics.source,
            records_in: statistics.records_in,
            bytes_in: statistics.bytes_in,
            bytes_out: statistics.bytes_out,
            oldest_us: statistics.oldest_us,
            now_ms,
            ..Statistics::default()
        };
        self.print_metrics(&again, &stored);
        Ok(response(first.as_deref()))
    }

    fn ends(&self) -> Option<String> {
        self.ends.clone()
    }
}

impl DirectFunction {
    /// Stores objects, and says what went wrong with it.
    async fn store(&mut self, objects: Vec<Object>, until: Instant) -> Stored {
        let all = objects.len();
        let stored = put_all(&self.client, objects, until).await;
        if let Some(cause) = stored.healed.as_ref().filter(|_| stored.failures.is_empty()) {
            let reason = self.client.explain(cause, "");
            tracing::warn!(
                retries = stored.retries,
                "all objects are stored, not at once: {reason}"
            );
        }
        // What was not even begun is so because of the others.
        let is_begun = |failure: &&NotStored| failure.attempts > 0;
        let begun: Vec<&NotStored> = stored.failures.iter().filter(is_begun).collect();
        let shown = if begun.is_empty() { stored.failures.iter().collect() } else { begun };
        for failure in shown.into_iter().take(SHOWN) {
            let reason = self.client.explain(&failure.cause, &failure.key);
            tracing::error!(
                key = failure.key,
                attempts = failure.attempts,
                "not stored: {reason}; Lambda gives the batch again"
            );
        }
        if stored.failures.len() > SHOWN {
            let failed = stored.failures.len();
            tracing::error!(failed, all, "more objects are not stored");
        }
        if stored.failures.iter().any(|failure| failure.cause.is_expired()) {
            self.ends = Some("the function's credentials are too old".to_owned());
        }
        stored
    }

    fn print_metrics(&self, statistics: &Statistics, stored: &Stored) {
        let counts = [("ObjectsWritten", stored.objects), ("StoreRetries", stored.retries)];
        print_line(&to_embedded_metrics(statistics, FUNCTION, &counts, self.shown_level));
    }
}

/// One line for each table and reason: how many records, and one of them to look at.
fn log_failed(failed: &[Failed], event: &[u8]) {
    for Failed { table, plan, records } in failed {
        for (failure, records, example) in by_reason(records) {
            tracing::error!(
                table,
                reason = failure.code(),
                records,
                example_sequence_number = example.record_id(event),
                "no row: {}; the originals go to the error prefix",
                failure.explain(plan)
            );
        }
    }
}

/// The answer to an event source mapping
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>): from
/// which record on it is to give the batch again.
fn response(from: Option<&str>) -> Vec<u8> {
    match from {
        None => br#"{"batchItemFailures":[]}"#.to_vec(),
        // It is of letters and digits.
        Some(number) => {
            format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{number}"}}]}}"#).into_bytes()
        }
    }
}
