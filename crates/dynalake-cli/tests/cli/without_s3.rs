//! A build without S3 says so.

use crate::*;

#[test]
fn an_address_on_s3_is_named() {
    let reason = "s3://b/k: this build of dynalake has no S3; install one that has: cargo install";
    dynalake(&["transform", "s3://b/k"]).exits_with(2).says(reason);
    let args = ["transform", "--format", "parquet", "--schema", "orders.json", "--out", "s3://b/k"];
    dynalake_with(&args, change("o-1").to_string()).exits_with(2).says(reason);
    dynalake(&["check", "s3://b/k"]).exits_with(2).says(reason);
}
