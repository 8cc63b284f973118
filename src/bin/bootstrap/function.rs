//! Firehose's events, answered and logged.

use dynalake::firehose::{EventError, Transformed, Transformer, UNKNOWN_STREAM};
use dynalake::metrics::{DELIVERY_STREAM, to_embedded_metrics};
use dynalake::statistics::Statistics;
use dynalake_lambda::{Function, Invocation, InvocationError, print_line};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

/// The function that Firehose calls.
pub(crate) struct FirehoseFunction {
    transformer: Transformer,
    shown_level: &'static str,
}

impl Function for FirehoseFunction {
    async fn answer(&mut self, invocation: Invocation) -> Result<Vec<u8>, InvocationError> {
        self.transform(&invocation.event)
    }
}

impl FirehoseFunction {
    /// A function by this transformer. `shown_level` is that of a line which no log level hides.
    pub(crate) fn new(transformer: Transformer, shown_level: &'static str) -> FirehoseFunction {
        FirehoseFunction { transformer, shown_level }
    }

    /// Transforms one event, and logs what happened.
    fn transform(&mut self, event: &[u8]) -> Result<Vec<u8>, InvocationError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let result = catch_unwind(AssertUnwindSafe(|| self.transformer.transform(event, now_ms)));
        let answer = match result {
            Ok(Ok(Transformed { response, statistics })) => {
                self.log_failures(&statistics, event);
                self.print_metrics(&statistics);
                return Ok(response);
            }
            Ok(Err(error)) => InvocationError {
                error_type: match error {
                    EventError::TooManyRecords { .. } => "dynalake::TooManyRecords",
                    _ => "dynalake::NotAFirehoseEvent",
                },
                message: error.to_string(),
            },
            Err(_) => InvocationError {
                error_type: "dynalake::Panic",
                message: "a defect of dynalake: the transformation panicked; please report it"
                    .into(),
            },
        };
        self.print_metrics(&Statistics::rejected(UNKNOWN_STREAM, event, now_ms));
        Err(answer)
    }

    fn print_metrics(&self, statistics: &Statistics) {
        let level = self.shown_level;
        print_line(&to_embedded_metrics(statistics, DELIVERY_STREAM, &[], level));
    }

    /// One line for each reason: how many records, and one of them to look at.
    fn log_failures(&self, statistics: &Statistics, event: &[u8]) {
        for (failure, records, example) in statistics.failures_by_reason() {
            tracing::error!(
                reason = failure.code(),
                records,
                example_record_id = example.record_id(event),
                "ProcessingFailed: {}; Firehose keeps the originals in the error prefix",
                failure.explain(self.transformer.plan())
            );
        }
    }
}
