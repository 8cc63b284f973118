//! The Firehose transformation event and its response, on the wire
//! (<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>).
//!
//! Only `records`, and of each record `recordId` and `data`, are needed; all else is read leniently, as the
//! console's test template asks for (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html>).
//! This module alone names Firehose's results `Ok`, `Dropped` and `ProcessingFailed`.

use crate::json::{Cursor, MAX_INPUT_BYTES, SyntaxError, Text};
use std::fmt;

/// The most that Lambda takes as the response of a synchronous invocation: 6 MiB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub const MAX_RESPONSE_BYTES: usize = 6_291_456;

/// Stands for the delivery stream's name where an event has none.
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
    /// The data in base64; none where the member is absent or no string.
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
    /// Reads an event. All of it is checked to be UTF-8 but for the records' data: what is base64 is ASCII, and of what
    /// isn't [`Record::check_data`] tells.
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
                    // Nobody will decode the data of a list that this one replaces.
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

    /// The delivery stream's name, from its ARN; [`UNKNOWN_STREAM`] where there is none.
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

fn is_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Reads the records; what lies between their data, from `checked` on, is checked to be UTF-8 on the way, while it is in
/// the cache. Data is most of an event, and is read once less so: a tenth of the time of large records.
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

/// The partition keys of a row, for `!{partitionKeyFromLambda:…}` in Firehose's prefix.
#[derive(Clone, Copy, Debug)]
pub struct PartitionKeys<'a> {
    /// The source table.
    pub table: &'a [u8],
    /// Year, month, day and hour of the event time, in UTC.
    pub time: crate::time::Civil,
}

/// The response, written record by record, with room kept so that every record can be answered.
#[derive(Debug)]
pub struct ResponseWriter<'e> {
    event: &'e [u8],
    bytes: Vec<u8>,
    max_bytes: usize,
    /// What the records without an answer yet take at the least.
    reserved: usize,
}

const FAILED: &[u8] = b"\",\"result\":\"ProcessingFailed\"}";
const DROPPED: &[u8] = b"\",\"result\":\"Dropped\"}";
const OK: &[u8] = b"\",\"result\":\"Ok\",\"data\":\"";
const RECORD: &[u8] = b"{\"recordId\":\"";
const END: &[u8] = b"]}";

/// The least that an answer takes, its separator included.
fn least(record: &Record) -> usize {
    1 + RECORD.len() + record.record_id.range().len() + FAILED.len()
}

impl<'e> ResponseWriter<'e> {
    /// A response to these records of at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// [`EventError::TooManyRecords`].
    pub fn new(
        input: &'e [u8],
        event: &Event,
        max_bytes: usize,
    ) -> Result<ResponseWriter<'e>, EventError> {
        let reserved: usize = event.records.iter().map(least).sum();
        let head = b"{\"records\":";
        // Each answer's separator is reserved; the bracket takes the first one's place.
        if head.len() + reserved.max(1) + END.len() > max_bytes {
            let records = event.records.len();
            // That is what is wrong with an event which is text; its data has not been looked at.
            return Err(if is_utf8(input) {
                EventError::TooManyRecords { records }
            } else {
                EventError::NotUtf8
            });
        }
        let mut bytes = Vec::with_capacity((input.len() / 2 + reserved).min(max_bytes));
        bytes.extend_from_slice(head);
        if event.records.is_empty() {
            bytes.push(b'[');
        }
        Ok(ResponseWriter { event: input, bytes, max_bytes, reserved })
    }

    fn begin(&mut self, record: &Record) {
        self.reserved -= least(record);
        self.bytes.push(if self.bytes.last() == Some(&b':') { b'[' } else { b',' });
        self.bytes.extend_from_slice(RECORD);
        self.bytes.extend_from_slice(record.record_id.raw(self.event));
    }

    /// Answers `ProcessingFailed`.
    pub fn failed(&mut self, record: &Record) {
        self.begin(record);
        self.bytes.extend_from_slice(FAILED);
    }

    /// Answers `Dropped`.
    pub fn dropped(&mut self, record: &Record) {
        self.begin(record);
        self.bytes.extend_from_slice(DROPPED);
    }

    /// Answers `Ok` with a row, if that and the least for all records behind it fit; says whether it did.
    #[must_use]
    pub fn ok(&mut self, record: &Record, row: &[u8], keys: Option<&PartitionKeys<'_>>) -> bool {
        let before = self.bytes.len();
        let encoded = row.len().div_ceil(3) * 4;
        let room = self.max_bytes - END.len() - (self.reserved - least(record));
        if before + least(record) - FAILED.len() + OK.len() + encoded + 2 > room {
            return false;
        }
        let reserved = self.reserved;
        self.begin(record);
        self.bytes.extend_from_slice(OK);
        base64_simd::STANDARD.encode_append(row, &mut self.bytes);
        self.bytes.push(b'"');
        if let Some(keys) = keys {
            write_partition_keys(keys, &mut self.bytes);
        }
        self.bytes.push(b'}');
        if self.bytes.len() > room {
            // The partition keys were too long: a table's name may hold anything here.
            self.bytes.truncate(before);
            self.reserved = reserved;
            return false;
        }
        true
    }

    /// The whole response.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(END);
        self.bytes
    }
}

fn write_partition_keys(keys: &PartitionKeys<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"metadata\":{\"partitionKeys\":{\"table\":");
    crate::json::write_string(keys.table, out);
    let mut digits = [0; 4];
    for (name, value, width) in [
        (&b",\"year\":\""[..], keys.time.year as u32, 4),
        (b"\",\"month\":\"", keys.time.month, 2),
        (b"\",\"day\":\"", keys.time.day, 2),
        (b"\",\"hour\":\"", keys.time.hour, 2),
    ] {
        out.extend_from_slice(name);
        crate::time::put(&mut digits[..width], value.into());
        out.extend_from_slice(&digits[..width]);
    }
    out.extend_from_slice(b"\"}}");
}
