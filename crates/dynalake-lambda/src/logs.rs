//! Logs by the runtime's own settings: `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else INFO; JSON
//! where `AWS_LAMBDA_LOG_FORMAT` says so. Of a panic only the place is logged: its message may hold
//! a piece of what was worked on.
//!
//! Not `lambda_runtime`'s own subscriber: that leaves the timestamp out, and Lambda takes a line
//! without one for INFO, so a log level of ERROR would drop our errors
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).

use std::env;
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging to standard output; returns the least severe level that Lambda does not hide, as
/// it spells it: the one to give a line that must be seen.
pub(crate) fn init() -> &'static str {
    let text = env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| env::var("RUST_LOG"));
    let level = parse_level(text.as_deref().unwrap_or_default());
    let subscriber =
        tracing_subscriber::fmt().with_target(false).with_ansi(false).with_max_level(level);
    if env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        subscriber.json().flatten_event(true).with_span_list(false).init();
    } else {
        subscriber.init();
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect of dynalake: it panicked; please report it");
    }));
    match level.into_level() {
        None => "FATAL",
        Some(Level::ERROR) => {
            // `FATAL` is ERROR here and hides ERROR there.
            let fatal =
                env::var("AWS_LAMBDA_LOG_LEVEL").is_ok_and(|l| l.eq_ignore_ascii_case("fatal"));
            if fatal { "FATAL" } else { "ERROR" }
        }
        Some(Level::WARN) => "WARN",
        Some(_) => "INFO",
    }
}

fn parse_level(text: &str) -> LevelFilter {
    if text.eq_ignore_ascii_case("fatal") {
        // Lambda's own scale ends one above ours.
        return LevelFilter::ERROR;
    }
    // An empty text would be read as ERROR.
    text.parse().ok().filter(|_| !text.is_empty()).unwrap_or(LevelFilter::INFO)
}
