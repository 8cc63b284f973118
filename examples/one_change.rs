//! One change record to its row: `cargo run --example one_change`

use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Plan, Schema};
use std::error::Error;

const SCHEMA: &str = include_str!("orders.schema.json");

/// As Kinesis Data Streams for DynamoDB carries it.
const RECORD: &str = r#"{
    "awsRegion": "eu-central-1",
    "eventID": "5e7ab1c2-6f4b-4a3e-9d0c-000000000001",
    "eventName": "INSERT",
    "userIdentity": null,
    "recordFormat": "application/json",
    "tableName": "orders",
    "dynamodb": {
        "ApproximateCreationDateTime": 1762000000123456,
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
        "Keys": {"orderId": {"S": "o-1001"}},
        "NewImage": {
            "orderId": {"S": "o-1001"},
            "total": {"N": "129.90"},
            "placedAt": {"S": "2025-11-01T13:26:40+01:00"},
            "tags": {"SS": ["gift", "new"]},
            "giftMessage": {"S": "no column takes this: it is rescued"}
        },
        "SizeBytes": 142
    },
    "eventSource": "aws:dynamodb"
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(&Schema::parse(SCHEMA)?);
    let options = Options::new(&plan);
    let mut records = RecordTransformer::new(plan, options);

    let mut row = Vec::new();
    let sequence_number = b"49590338271490256608559692538361571095921575989136588898";
    match records.transform(RECORD.as_bytes(), Some(sequence_number), &mut row).outcome {
        Outcome::Row { rescued, .. } => {
            print!("{}", String::from_utf8(row)?);
            println!("{}", if rescued { "something is in _rescued" } else { "all of it fitted" });
        }
        Outcome::Dropped => println!("a change of another table"),
        Outcome::Failed(failure) => println!("failed: {}", failure.explain(records.plan())),
    }
    Ok(())
}
