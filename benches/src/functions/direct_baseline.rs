//! Idiomatic Rust as the Lambda function that a Kinesis stream calls: `aws_lambda_events`,
//! `serde_json::Value`, `serde_dynamo`, arrow-json, the `parquet` crate's Arrow writer, and
//! `object_store`. What fails fails the batch.

#[path = "../files/arrow.rs"]
mod arrow;

use aws_lambda_events::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::streams::KinesisEventResponse;
use dynalake::schema::Schema;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStoreExt, PutPayload};

/// A change record, with Kinesis' number.
pub(crate) struct Record {
    sequence_number: String,
    data: Vec<u8>,
}

async fn handler(
    peer: &arrow::Peer,
    store: &AmazonS3,
    event: LambdaEvent<KinesisEvent>,
) -> Result<KinesisEventResponse, Error> {
    let record = |record: KinesisEventRecord| Record {
        sequence_number: record.kinesis.sequence_number,
        data: record.kinesis.data.0,
    };
    let records: Vec<Record> = event.payload.records.into_iter().map(record).collect();
    let file = peer.write(&records);
    let key = format!("data/orders/{}.parquet", event.context.request_id);
    store.put(&key.as_str().into(), PutPayload::from(file)).await?;
    Ok(KinesisEventResponse::default())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let schema = Schema::parse(&std::env::var("DYNALAKE_SCHEMA")?)?;
    let peer = arrow::Peer::new(&schema);
    // Of two providers of cryptography in one program neither is chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = AmazonS3Builder::from_env()
        .with_bucket_name(std::env::var("DYNALAKE_BUCKET")?)
        .with_endpoint(std::env::var("AWS_ENDPOINT_URL_S3")?)
        .with_allow_http(true)
        .build()?;
    run(service_fn(|event| handler(&peer, &store, event))).await
}
