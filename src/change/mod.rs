//! The change record: what happened to one item, in either of two shapes.
//!
//! * Kinesis Data Streams for DynamoDB
//!   (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html>): `tableName`, a
//!   time in milliseconds or microseconds, binary encoded twice.
//!
//!   ```json
//!   {"tableName": "orders", "eventName": "INSERT", "eventID": "0c7…",
//!    "dynamodb": {"ApproximateCreationDateTime": 1720742302233719,
//!                 "ApproximateCreationDateTimePrecision": "MICROSECOND",
//!                 "Keys": {"id": {"S": "o-1"}},
//!                 "NewImage": {"id": {"S": "o-1"}, "total": {"N": "12.5"}}}}
//!   ```
//! * DynamoDB Streams (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>), which pipes,
//!   older relays and emulators send: `eventSourceARN`, a time in seconds, `SequenceNumber`.
//!
//!   ```json
//!   {"eventSourceARN": "arn:aws:dynamodb:…:table/orders/stream/…", "eventName": "REMOVE",
//!    "dynamodb": {"ApproximateCreationDateTime": 1720742302,
//!                 "SequenceNumber": "4421584500000000017450439091",
//!                 "Keys": {"id": {"S": "o-1"}}}}
//!   ```
//!
//! A line of an export to S3 is made the same: [`export`]. So is a row that was written before:
//! `written`.
//!
//! This module alone knows the envelope. `aws_lambda_events`' own `dynamodb::EventRecord` rejects
//! microseconds, so it can't be the type of this record.

mod envelope;
pub mod export;
mod images;
pub(crate) mod written;

pub use envelope::MEMBERS;
pub(crate) use envelope::{CreationTime, Envelope, member};
pub use images::{ImageReader, Images};

use crate::failure::Failure;
use crate::item::NodeId;
use crate::schema::Events;
use crate::text::json::{MAX_INPUT_BYTES, Text};

/// What happened to the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventName {
    /// It is new.
    Insert,
    /// It changed.
    Modify,
    /// It is gone, or has left the view.
    Remove,
    /// It is there, and a full export says so.
    Export,
}

impl EventName {
    /// Its spelling in the record.
    pub(crate) fn as_bytes(self) -> &'static [u8] {
        match self {
            EventName::Insert => b"INSERT",
            EventName::Modify => b"MODIFY",
            EventName::Remove => b"REMOVE",
            EventName::Export => b"EXPORT",
        }
    }
}

/// What orders the changes to one item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequence<'a> {
    /// Microseconds since 1970.
    pub(crate) time_us: u64,
    /// Kinesis' sequence number, else DynamoDB's; empty without either.
    pub(crate) number: &'a [u8],
}

/// One change, ready to be made a row.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// What happened.
    pub(crate) event_name: EventName,
    /// `eventID`: equal on duplicates.
    pub(crate) event_id: Option<Text>,
    /// The table's name.
    pub(crate) table: &'a [u8],
    /// Creation time, in microseconds since 1970.
    pub(crate) time_us: u64,
    /// Its place among the changes to the item.
    pub(crate) sequence: Sequence<'a>,
    /// Whether Time to Live deleted the item.
    pub(crate) is_ttl: bool,
    /// The root of `Keys`.
    pub(crate) keys: NodeId,
    /// `NewImage`; a REMOVE has none.
    pub(crate) new_image: Option<NodeId>,
    /// `OldImage`, where the row needs it.
    pub(crate) old_image: Option<NodeId>,
}

impl Change<'_> {
    /// Makes it a REMOVE: the item is no longer in the view. No Time to Live deleted it, unless the
    /// record says so.
    pub(crate) fn leave_view(&mut self) {
        self.event_name = EventName::Remove;
        self.new_image = None;
    }

    /// Whether rows of what happened are wanted.
    pub(crate) fn is_wanted(&self, events: Events) -> bool {
        match self.event_name {
            EventName::Insert | EventName::Export => events.insert,
            EventName::Modify => events.modify,
            EventName::Remove if self.is_ttl => events.ttl,
            EventName::Remove => events.remove,
        }
    }
}

/// Whether the bytes of a record are text, and no more than spans can point into.
pub(crate) fn check_text(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.len() > MAX_INPUT_BYTES {
        return Err(Failure::RowTooLarge);
    }
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    // gzip's magic bytes are not UTF-8.
    Err(if bytes.starts_with(b"\x1f\x8b") { Failure::Compressed } else { Failure::NotUtf8 })
}
