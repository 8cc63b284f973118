//! Firehose's transformation: an event of records in, a response out
//! (<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>).
//!
//! This module alone knows Firehose: base64, the results `Ok`, `Dropped` and `ProcessingFailed`,
//! partition keys, and the 6 MiB that a response may take.

mod error_line;
mod event;
mod response;
mod transform;

pub use error_line::ErrorLine;
pub use event::{Data, Event, EventError, EventWriter, MAX_RESPONSE_BYTES, Record, UNKNOWN_STREAM};
pub use response::{Answer, answers};
pub use transform::{MAX_ROW_BYTES, Options, Transformed, Transformer};
