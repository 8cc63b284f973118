//! Input of any kind, as an event or as change records.
//!
//! * A Firehose transformation event, an object with `records`, is handed on byte for byte.
//! * `{"Records": […]}` is a Lambda test event of DynamoDB Streams or Kinesis, or what
//!   `aws kinesis get-records` prints. Each element is a record, named `Records[0]`.
//! * Change records, one per line or a single one on several lines, are records named `line-1`. A
//!   line that is no change record costs itself only.
//!
//! Change records are read one by one, so that memory stays bounded however long the input is.
//! What is inside a change record is not looked at here.

mod detect;
mod reader;
mod source;

use crate::exit::Exit;
use detect::Detector;
use dynalake::firehose::Data;
use reader::CountingReader;
use source::{PendingData, RecordId, Source};
use std::io::BufRead;
use std::path::Path;

/// An open input whose kind is known.
pub(crate) struct Input {
    reader: CountingReader,
    source: Source,
    line: Vec<u8>,
}

/// A record of the input.
pub(crate) struct Record<'a> {
    pub(crate) id: RecordId,
    pub(crate) data: Data<'a>,
    /// Kinesis' sequence number, as it is between its quotes.
    pub(crate) sequence_number: Option<&'a [u8]>,
}

impl Input {
    /// Opens a file, or standard input for `-`, and finds out what it holds.
    pub(crate) fn open(path: &Path) -> Result<Input, Exit> {
        let mut reader = CountingReader::open(path)?;
        let source = Detector::new(&mut reader).run()?;
        Ok(Input { reader, source, line: Vec::new() })
    }

    /// Whether it holds an event as Firehose sends it, to which the limit of the response applies.
    pub(crate) fn is_firehose_event(&self) -> bool {
        matches!(self.source, Source::Event(_))
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.reader.name
    }

    /// Its size, where it is a file.
    pub(crate) fn len(&self) -> Option<u64> {
        self.reader.len
    }

    /// How many bytes have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.reader.bytes
    }

    /// The Firehose event that it holds, the first time.
    pub(crate) fn take_event(&mut self) -> Option<Vec<u8>> {
        match &mut self.source {
            Source::Event(event) => event.take(),
            Source::Document { .. } | Source::Lines { .. } => None,
        }
    }

    /// The next change record.
    pub(crate) fn next_record(&mut self) -> Result<Option<Record<'_>>, Exit> {
        match &mut self.source {
            Source::Event(_) => Ok(None),
            Source::Document { text, records, next } => {
                let Some(record) = records.get(*next) else { return Ok(None) };
                *next += 1;
                let data = match &record.data {
                    PendingData::Plain(range) => Data::Plain(&text[range.clone()]),
                    PendingData::Encoded(data) => Data::Encoded(data),
                    PendingData::Absent => Data::Absent,
                };
                let sequence_number = record.sequence_number.as_deref();
                Ok(Some(Record { id: record.id, data, sequence_number }))
            }
            Source::Lines { head, line } => {
                loop {
                    self.line.clear();
                    let read = match head.read_until(b'\n', &mut self.line) {
                        Ok(0) => self.reader.read_line(&mut self.line)?,
                        Ok(read) => read,
                        Err(error) => return Err(Exit::unreadable(&self.reader.name, &error)),
                    };
                    if read == 0 {
                        return Ok(None);
                    }
                    *line += 1;
                    if !self.line.trim_ascii().is_empty() {
                        break;
                    }
                }
                let data = Data::Plain(self.line.trim_ascii());
                Ok(Some(Record { id: RecordId::Line(*line), data, sequence_number: None }))
            }
        }
    }
}
