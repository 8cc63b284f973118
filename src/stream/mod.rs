//! A stream's event: what Lambda's event source mappings bring of DynamoDB Streams
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>) and of Kinesis
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>).
//!
//! This module alone knows these events. It knows no response: what becomes of the records is a
//! matter of the direct function.

mod event;

pub use event::{Event, EventError, Record, Source};
