//! The transformation event, on the wire.
//!
//! Only `records`, and of each record `recordId` and `data`, are needed; all else is read
//! leniently, as the console's test template asks for
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html>).

use crate::text::json::{Cursor, MAX_INPUT_BYTES, SyntaxError, Text, write_string};
use std::fmt;

/// The most that Lambda takes as the response of a synchronous invocation: 6 MiB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub const MAX_RESPONSE_BYTES: usize = 6_291_456;

/// Takes the place of the delivery stream's name where an event has none.
pub const UNKNOWN_STREAM: &str = "unknown";

/// An event, as spans of its bytes.
#[derive(Debug, Default)]
pub struct Event {
    /// The records, in order.
    pub records: Vec<Record>,
    delivery_stream_arn: Option<Text>,
}

/// One record of an event.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Firehose's name for it, to be returned as it is.
    pub record_id: Text,
    /// The data in base64; `None` where the member is absent or not a string.
    pub data: Option<Text>,
    /// Kinesis' sequence number, absent when the source is Direct PUT.
    pub sequence_number: Option<Text>,
}

impl Record {
    /// Whether data that is not base64 is text at least.
    ///
    /// # Errors
    ///
    /// [`EventError::NotUtf8`], which concerns the event.
    pub fn check_data(&self, event: &[u8]) -> Result<(), EventError> {
        let is_text = self.data.is_none_or(|data| is_utf8(data.raw(event)));
        if is_text { Ok(()) } else { Err(EventError::NotUtf8) }
    }
}

/// Why an event can't be answered record by record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// It is not JSON.
    Syntax(SyntaxError),
    /// It is not UTF-8.
    NotUtf8,
    /// It is larger than [`MAX_INPUT_BYTES`].
    TooLarge,
    /// It is no object with a list of `records`.
    NoRecords,
    /// An element of `records` is no object.
    NotAnObject {
        /// Its index.
        record: usize,
    },
    /// A record has no `recordId` that is a string.
    NoRecordId {
        /// Its index.
        record: usize,
    },
    /// Even without any data the answer would be too large for Lambda.
    TooManyRecords {
        /// How many there are.
        records: usize,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not a Firehose transformation event: ")?;
        match self {
            EventError::Syntax(error) => write!(f, "{error}"),
            EventError::NotUtf8 => f.write_str("not UTF-8"),
            EventError::TooLarge => f.write_str("larger than 1 GiB"),
            EventError::NoRecords => f.write_str("it has no list \"records\""),
            EventError::NotAnObject { record } => {
                write!(f, "records[{record}] is not an object")
            }
            EventError::NoRecordId { record } => {
                write!(f, "records[{record}] has no string \"recordId\"")
            }
            EventError::TooManyRecords { records } => write!(
                f,
                "an answer to its {records} records can't fit into {MAX_RESPONSE_BYTES} bytes"
            ),
        }
    }
}

impl std::error::Error for EventError {}

impl From<SyntaxError> for EventError {
    fn from(error: SyntaxError) -> Self {
        EventError::Syntax(error)
    }
}

impl Event {
    /// Reads an event. Everything but the records' `data` is checked to be UTF-8. Base64 is ASCII;
    /// for data that is not, see [`Record::check_data`].
    ///
    /// # Errors
    ///
    /// [`EventError`], where no answer record by record is possible.
    pub fn parse(input: &[u8]) -> Result<Event, EventError> {
        if input.len() > MAX_INPUT_BYTES {
            return Err(EventError::TooLarge);
        }
        // Grammar is only of interest in text.
        Event::parse_text(input)
            .map_err(|error| if is_utf8(input) { error } else { EventError::NotUtf8 })
    }

    fn parse_text(input: &[u8]) -> Result<Event, EventError> {
        let mut cursor = Cursor::new(input);
        if cursor.peek() != b'{' {
            cursor.skip_value()?;
            return Err(EventError::NoRecords);
        }
        let mut records = None;
        let mut delivery_stream_arn = None;
        let mut checked = 0;
        cursor.object(|cursor, name| {
            match name {
                b"records" if cursor.peek() == b'[' => {
                    // The data of a list that this one replaces is never decoded.
                    checked = 0;
                    records = Some(parse_records(cursor, &mut checked)?);
                }
                b"records" => {
                    cursor.skip_value()?;
                    records = None;
                }
                b"deliveryStreamArn" => delivery_stream_arn = cursor.text()?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, EventError>(())
        })?;
        cursor.finish()?;
        if !is_utf8(&input[checked..]) {
            return Err(EventError::NotUtf8);
        }
        let records = records.ok_or(EventError::NoRecords)?;
        Ok(Event { records, delivery_stream_arn })
    }

    /// The delivery stream's name, from its ARN; [`UNKNOWN_STREAM`] without one.
    pub fn delivery_stream(&self, input: &[u8]) -> String {
        let Some(arn) = self.delivery_stream_arn else { return UNKNOWN_STREAM.to_owned() };
        let mut scratch = Vec::new();
        let arn = String::from_utf8_lossy(arn.decoded(input, &mut scratch)).into_owned();
        match arn.rsplit_once('/') {
            Some((_, name)) if !name.is_empty() => name.to_owned(),
            _ => UNKNOWN_STREAM.to_owned(),
        }
    }
}

pub(super) fn is_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Reads the records; what is between their data, from `checked` on, is checked to be UTF-8 on the
/// way, while it is in the cache. Data is most of an event, and this reads it once less: a tenth of
/// the time of large records.
fn parse_records(cursor: &mut Cursor<'_>, checked: &mut usize) -> Result<Vec<Record>, EventError> {
    let input = cursor.input();
    let mut records = Vec::new();
    cursor.expect(b'[')?;
    let mut more = !cursor.eat(b']');
    while more {
        if cursor.peek() != b'{' {
            cursor.skip_value()?;
            return Err(EventError::NotAnObject { record: records.len() });
        }
        let record = parse_record(cursor, records.len())?;
        if let Some(data) = record.data {
            let unchecked = &input[*checked..data.range().start];
            if !unchecked.is_ascii() && !is_utf8(unchecked) {
                return Err(EventError::NotUtf8);
            }
            *checked = data.range().end;
        }
        records.push(record);
        more = cursor.more(b']')?;
    }
    Ok(records)
}

fn parse_record(cursor: &mut Cursor<'_>, at: usize) -> Result<Record, EventError> {
    let (mut record_id, mut data, mut sequence_number) = (None, None, None);
    cursor.object(|cursor, name| {
        match name {
            b"recordId" => record_id = cursor.text()?,
            b"data" => data = cursor.text()?,
            b"kinesisRecordMetadata" if cursor.peek() == b'{' => {
                cursor.object(|cursor, name| {
                    match name {
                        b"sequenceNumber" => sequence_number = cursor.text()?,
                        _ => cursor.skip_value()?,
                    }
                    Ok::<_, SyntaxError>(())
                })?;
            }
            _ => cursor.skip_value()?,
        }
        Ok::<_, SyntaxError>(())
    })?;
    let record_id = record_id.ok_or(EventError::NoRecordId { record: at })?;
    Ok(Record { record_id, data, sequence_number })
}

/// What becomes a record's `data`.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// These bytes, to be encoded.
    Plain(&'a [u8]),
    /// Base64 already, as it is between its quotes.
    Encoded(&'a [u8]),
    /// Nothing: the member is left out.
    Absent,
}

/// Writes an event, record by record: for those who have change records and want to see the
/// response that Firehose would get.
#[derive(Debug, Default)]
pub struct EventWriter {
    bytes: Vec<u8>,
}

impl EventWriter {
    /// Adds a record. `sequence_number` is Kinesis', as it is between its quotes.
    pub fn push(&mut self, record_id: &str, data: Data<'_>, sequence_number: Option<&[u8]>) {
        let out = &mut self.bytes;
        let separator: &[u8] = if out.is_empty() { b"{\"records\":[" } else { b"," };
        out.extend_from_slice(separator);
        out.extend_from_slice(b"{\"recordId\":");
        write_string(record_id.as_bytes(), out);
        if !matches!(data, Data::Absent) {
            out.extend_from_slice(b",\"data\":\"");
            match data {
                Data::Plain(bytes) => {
                    base64_simd::STANDARD.encode_append(bytes, out);
                }
                Data::Encoded(text) => push_text(text, out),
                Data::Absent => {}
            }
            out.push(b'"');
        }
        if let Some(number) = sequence_number {
            out.extend_from_slice(b",\"kinesisRecordMetadata\":{\"sequenceNumber\":\"");
            push_text(number, out);
            out.extend_from_slice(b"\"}");
        }
        out.push(b'}');
    }

    /// How many bytes it has so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has no records.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The event; `None` where it has no records.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if self.bytes.is_empty() {
            return None;
        }
        self.bytes.extend_from_slice(b"]}");
        Some(self.bytes)
    }
}

/// Appends what is between quotes. An event that is not UTF-8 is rejected as a whole, so bytes that
/// are not are replaced: they cost their own record only.
fn push_text(raw: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(String::from_utf8_lossy(raw).as_bytes());
}
