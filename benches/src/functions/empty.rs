//! A Lambda function that does nothing: the least that starting one with `lambda_runtime` costs.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|_: LambdaEvent<()>| async { Ok::<(), Error>(()) })).await
}
