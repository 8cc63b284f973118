//! A line of an error prefix, in the form that Firehose has for records that failed in processing
//! (<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>).

use crate::failure::Failure;
use crate::text::json::write_string;
use std::io::Write;

/// One failed record.
///
/// It is one JSON object: `attemptsMade`, `arrivalTimestamp`, `errorCode`, `errorMessage`,
/// `attemptEndingTimestamp`, `rawData`, and, where they are known, `lambdaArn`, and
/// `sequenceNumber` and `shardId`, which Firehose leaves out and a replay uses.
#[derive(Clone, Copy, Debug)]
pub struct ErrorLine<'a> {
    /// When the record came, in milliseconds since 1970. It is the end of the attempt too, so that
    /// who writes the line again writes the same bytes.
    pub time_ms: u64,
    /// Why it failed.
    pub failure: Failure,
    /// Where, and what is wrong; never a value.
    pub message: &'a str,
    /// The record as it came.
    pub data: &'a [u8],
    /// The function.
    pub lambda_arn: Option<&'a str>,
    /// Kinesis' or DynamoDB's number of the record.
    pub sequence_number: Option<&'a [u8]>,
    /// The shard that it came from.
    pub shard_id: Option<&'a str>,
}

impl ErrorLine<'_> {
    /// Appends the line, with its newline.
    pub fn write(&self, out: &mut Vec<u8>) {
        let ErrorLine { time_ms, failure, message, data, .. } = *self;
        let code = failure.code();
        // A Vec takes every write.
        let _ = write!(
            out,
            "{{\"attemptsMade\":1,\"arrivalTimestamp\":{time_ms},\"errorCode\":\"dynalake.{code}\",\
             \"errorMessage\":"
        );
        write_string(message.as_bytes(), out);
        let _ = write!(out, ",\"attemptEndingTimestamp\":{time_ms},\"rawData\":\"");
        base64_simd::STANDARD.encode_append(data, out);
        out.push(b'"');
        for (name, text) in [
            ("lambdaArn", self.lambda_arn.map(str::as_bytes)),
            ("sequenceNumber", self.sequence_number),
            ("shardId", self.shard_id.map(str::as_bytes)),
        ] {
            if let Some(text) = text {
                let _ = write!(out, ",\"{name}\":");
                write_string(text, out);
            }
        }
        out.extend_from_slice(b"}\n");
    }
}
