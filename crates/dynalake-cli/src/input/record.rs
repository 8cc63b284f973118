//! What an input is made of.

use dynalake::firehose::Data;
use dynalake::text::json::unescape;
use std::fmt;

/// A piece of an input.
pub(crate) enum Piece<'a> {
    /// A change record.
    Record(Record<'a>),
    /// A line of an export.
    ExportLine {
        /// What it is called.
        id: RecordId<'a>,
        /// The line.
        line: &'a [u8],
        /// Whether it is one of a full export, which needs the export's time.
        is_full: bool,
    },
    /// An item in DynamoDB JSON; only where they are asked for.
    Item {
        /// What it is called.
        id: RecordId<'a>,
        /// The item.
        item: &'a [u8],
    },
    /// An event as Firehose sends it.
    FirehoseEvent {
        /// What it is called.
        id: RecordId<'a>,
        /// The event.
        event: &'a [u8],
    },
}

/// A change record, or what is there in place of one.
pub(crate) struct Record<'a> {
    /// What it is called.
    pub(crate) id: RecordId<'a>,
    /// Its bytes.
    pub(crate) data: Data<'a>,
    /// Kinesis' sequence number, as it is between its quotes.
    pub(crate) sequence_number: Option<&'a [u8]>,
    /// How often its binary values are encoded.
    pub(crate) encoding: Encoding,
    /// Whether it is JSON, and no change record.
    pub(crate) is_other_json: bool,
}

/// How often binary values are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As the schema says, else as the record's shape has it.
    AsTheRecordSays,
    /// Once: it comes from DynamoDB Streams, whatever the schema says.
    Once,
}

/// What a record is called in messages, and as the `recordId` of an event.
#[derive(Clone, Copy)]
pub(crate) struct RecordId<'a> {
    pub(super) input: Option<&'a str>,
    pub(super) line: u64,
    pub(super) nth: u64,
    pub(super) is_first: bool,
    pub(super) element: Option<usize>,
}

impl RecordId<'_> {
    /// Whether its input begins with it.
    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }

    /// What goes in front of the `recordId`s of an event of this name.
    pub(crate) fn prefix(&self) -> String {
        let input = self.input.map_or(String::new(), |input| format!("{input}:"));
        if self.is_first { input } else { format!("{self}.") }
    }
}

impl fmt::Display for RecordId<'_> {
    /// `line-17`, `line-17#2` for the second value that begins on that line, `Records[0]` for an
    /// element of the first value, `line-17.Records[0]` for one of another; with `a.jsonl:` in
    /// front where there are several inputs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = self.input {
            write!(f, "{input}:")?;
        }
        if let (Some(element), true) = (self.element, self.is_first) {
            return write!(f, "Records[{element}]");
        }
        write!(f, "line-{}", self.line)?;
        if self.nth > 1 {
            write!(f, "#{}", self.nth)?;
        }
        self.element.map_or(Ok(()), |element| write!(f, ".Records[{element}]"))
    }
}

/// Puts a record's bytes into a buffer; says whether it has any.
pub(crate) fn fill(buffer: &mut Vec<u8>, data: Data<'_>) -> bool {
    match data {
        Data::Plain(bytes) => buffer.extend_from_slice(bytes),
        Data::Encoded(text) if !text.contains(&b'\\') => {
            return base64_simd::STANDARD.decode_append(text, buffer).is_ok();
        }
        Data::Encoded(text) => {
            let mut unescaped = Vec::new();
            unescape(text, &mut unescaped);
            return base64_simd::STANDARD.decode_append(&unescaped, buffer).is_ok();
        }
        Data::Absent => return false,
    }
    true
}
