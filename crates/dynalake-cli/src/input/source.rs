//! What an input turned out to hold.

use std::fmt;
use std::io;
use std::ops::Range;

/// Where records come from.
pub(super) enum Source {
    /// One event, as it is; `None` once it was taken.
    Event(Option<Vec<u8>>),
    /// Records that are in one document.
    Document { text: Vec<u8>, records: Vec<PendingRecord>, next: usize },
    /// Change records, one per line: those read already, then the reader's. Counts lines.
    Lines { head: io::Cursor<Vec<u8>>, line: u64 },
}

/// A record of a document.
pub(super) struct PendingRecord {
    pub(super) id: RecordId,
    pub(super) data: PendingData,
    /// As it is between its quotes.
    pub(super) sequence_number: Option<Vec<u8>>,
}

/// What a [`PendingRecord`] holds.
pub(super) enum PendingData {
    /// A change record, in the document's text.
    Plain(Range<usize>),
    /// Base64, as it is between its quotes.
    Encoded(Vec<u8>),
    /// There is none.
    Absent,
}

/// What a record is called in messages, and as the `recordId` of an event.
#[derive(Clone, Copy)]
pub(crate) enum RecordId {
    /// `line-17`
    Line(u64),
    /// `Records[0]`
    Element(usize),
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordId::Line(line) => write!(f, "line-{line}"),
            RecordId::Element(at) => write!(f, "Records[{at}]"),
        }
    }
}
