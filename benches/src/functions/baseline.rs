//! Idiomatic Rust as a Lambda function, after the template of `cargo lambda new`.

use aws_lambda_events::firehose::{KinesisFirehoseEvent, KinesisFirehoseResponse};
use dynalake_benches::peers::baseline_handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};

async fn handler(
    event: LambdaEvent<KinesisFirehoseEvent>,
) -> Result<KinesisFirehoseResponse, Error> {
    Ok(baseline_handler(event.payload))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handler)).await
}
