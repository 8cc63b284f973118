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
//!    "dynamodb": {"ApproximateCreationDateTime": 1720742302, "SequenceNumber": "4421584500000000017450439091",
//!                 "Keys": {"id": {"S": "o-1"}}}}
//!   ```
//!
//! This module alone knows the envelope. `aws_lambda_events`' own `dynamodb::EventRecord` rejects
//! microseconds, so it can't be the type of this record.

mod envelope;

pub(crate) use envelope::Envelope;
pub use envelope::MEMBERS;

use crate::item::NodeId;
use crate::text::json::Text;

/// What happened to the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventName {
    /// It is new.
    Insert,
    /// It changed.
    Modify,
    /// It is gone.
    Remove,
}

impl EventName {
    /// Its spelling in the record.
    pub(crate) fn as_bytes(self) -> &'static [u8] {
        match self {
            EventName::Insert => b"INSERT",
            EventName::Modify => b"MODIFY",
            EventName::Remove => b"REMOVE",
        }
    }
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
    /// Kinesis' sequence number, else DynamoDB's; empty where there is none.
    pub(crate) sequence_number: &'a [u8],
    /// Whether Time to Live deleted the item.
    pub(crate) is_ttl: bool,
    /// The root of `Keys`.
    pub(crate) keys: NodeId,
    /// `NewImage`; a REMOVE has none.
    pub(crate) new_image: Option<NodeId>,
    /// `OldImage`, where it was asked for.
    pub(crate) old_image: Option<NodeId>,
}
