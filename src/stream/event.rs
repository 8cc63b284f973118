//! The event, on the wire.
//!
//! | `eventSource` | a record | its data | its position |
//! |---|---|---|---|
//! | `aws:dynamodb` | the change record itself | all of it | `dynamodb.SequenceNumber`; the shard is not said |
//! | `aws:kinesis` | an envelope | `kinesis.data`, in base64 | `kinesis.sequenceNumber`; the shard begins `eventID` |
//!
//! ```json
//! {"Records": [{"eventSource": "aws:kinesis",
//!               "eventID": "shardId-000000000006:49590338271490256608",
//!               "kinesis": {"sequenceNumber": "49590338271490256608",
//!                           "approximateArrivalTimestamp": 1720742302.5, "data": "eyJ0…"}}]}
//! ```
//!
//! Members come in any order, and all others are skipped. Of a change record, only its sequence number
//! and its time are read here.

use crate::change::{CreationTime, member};
use crate::failure::Failure;
use crate::text::json::{Cursor, MAX_INPUT_BYTES, SyntaxError, Text};
use std::borrow::Cow;
use std::fmt;

/// The longest sequence number and shard id that are taken: they are parts of objects' names.
const MAX_NAME_BYTES: usize = 128;

/// What stands for the shard in names and lines where the event doesn't say it.
const SHARD_OF_STREAMS: &str = "dynamodb";

/// How much of an unknown source is shown.
const SHOWN_CHARS: usize = 40;

/// An event, as spans of its bytes.
#[derive(Debug, Default)]
pub struct Event {
    /// Where its records come from; `None` without records.
    pub source: Option<Source>,
    /// The records, in order.
    pub records: Vec<Record>,
}

/// Where records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// DynamoDB Streams.
    Streams,
    /// Kinesis Data Streams.
    Kinesis,
}

impl Source {
    /// Its `eventSource`.
    pub fn name(self) -> &'static str {
        match self {
            Source::Streams => "aws:dynamodb",
            Source::Kinesis => "aws:kinesis",
        }
    }
}

/// One record of an event.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The element of `Records`.
    element: Text,
    /// Of Kinesis: the data in base64; `None` where the member is absent or not a string.
    data: Option<Text>,
    /// The sequence number: decoded, it is of letters, digits, `-`, `_` and `.`.
    pub sequence_number: Text,
    /// Of Kinesis: the shard's id, of the same characters.
    shard_id: Option<Text>,
    /// When the record arrived, of DynamoDB Streams when the change was made, in microseconds since
    /// 1970; `None` where that can't be read.
    pub arrival_us: Option<u64>,
}

impl Record {
    /// Its shard's id; `dynamodb` where the event doesn't say it.
    pub fn shard_id<'a>(&self, event: &'a [u8]) -> &'a str {
        let id = self.shard_id.and_then(|id| str::from_utf8(id.raw(event)).ok());
        id.unwrap_or(SHARD_OF_STREAMS)
    }

    /// Kinesis' sequence number. That of DynamoDB Streams is in the change record itself.
    pub fn kinesis_number<'a>(&self, event: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        self.shard_id.map(|_| self.sequence_number.to_cow(event))
    }

    /// Appends the change record's bytes to `out`. `scratch` is memory for base64 that has escapes.
    ///
    /// # Errors
    ///
    /// [`Failure::NotBase64`].
    pub fn append_to(
        &self,
        event: &[u8],
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if self.shard_id.is_none() {
            out.extend_from_slice(self.element.raw(event));
            return Ok(());
        }
        let data = self.data.ok_or(Failure::NotBase64)?.decoded(event, scratch);
        let appended = base64_simd::STANDARD.decode_append(data, out);
        appended.map(drop).map_err(|_| Failure::NotBase64)
    }

    /// The record's bytes as they came: the change record's, or, where these are not base64, the
    /// element's.
    pub fn to_original<'a>(&self, event: &'a [u8]) -> Cow<'a, [u8]> {
        let element = self.element.raw(event);
        if self.shard_id.is_none() {
            return Cow::Borrowed(element);
        }
        let mut bytes = Vec::new();
        match self.append_to(event, &mut Vec::new(), &mut bytes) {
            Ok(()) => Cow::Owned(bytes),
            Err(_) => Cow::Borrowed(element),
        }
    }
}

/// Why an event can't be taken record by record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventError {
    /// It is not JSON.
    Syntax(SyntaxError),
    /// It is larger than [`MAX_INPUT_BYTES`].
    TooLarge,
    /// It is no object with a list of `Records`.
    NoRecords,
    /// An element of `Records` is no object.
    NotAnObject {
        /// Its index.
        record: usize,
    },
    /// A record is of another source, or doesn't say its own.
    OtherSource {
        /// Its index.
        record: usize,
        /// What it says.
        source: Option<String>,
    },
    /// A record is of another source than the first.
    Mixed {
        /// Its index.
        record: usize,
    },
    /// A record lacks its sequence number, or its shard, or has one that can't be part of a name.
    NoPosition {
        /// Its index.
        record: usize,
        /// Which member it is.
        member: &'static str,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an event of DynamoDB Streams or Kinesis: ")?;
        match self {
            EventError::Syntax(error) => write!(f, "{error}"),
            EventError::TooLarge => f.write_str("larger than 1 GiB"),
            EventError::NoRecords => f.write_str(
                "it has no list \"Records\"; let an event source mapping invoke this function",
            ),
            EventError::NotAnObject { record } => write!(f, "Records[{record}] is not an object"),
            EventError::OtherSource { record, source: None } => {
                write!(f, "Records[{record}] has no eventSource")
            }
            EventError::OtherSource { record, source: Some(source) } => write!(
                f,
                "the eventSource of Records[{record}] is {source:?}; this function takes \
                 aws:dynamodb and aws:kinesis"
            ),
            EventError::Mixed { record } => {
                write!(f, "the eventSource of Records[{record}] is not that of Records[0]")
            }
            EventError::NoPosition { record, member } => {
                write!(f, "{member} of Records[{record}] is absent, or not as AWS has it")
            }
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
    /// Reads an event. It need not be UTF-8 where its records' contents are: that costs the record.
    ///
    /// # Errors
    ///
    /// [`EventError`], where it can't be taken record by record.
    pub fn parse(input: &[u8]) -> Result<Event, EventError> {
        if input.len() > MAX_INPUT_BYTES {
            return Err(EventError::TooLarge);
        }
        let mut cursor = Cursor::new(input);
        if cursor.peek() != b'{' {
            cursor.skip_value()?;
            return Err(EventError::NoRecords);
        }
        let mut event = None;
        cursor.object(|cursor, name| {
            match name {
                b"Records" if cursor.peek() == b'[' => event = Some(Event::parse_records(cursor)?),
                b"Records" => {
                    cursor.skip_value()?;
                    event = None;
                }
                _ => cursor.skip_value()?,
            }
            Ok::<_, EventError>(())
        })?;
        cursor.finish()?;
        event.ok_or(EventError::NoRecords)
    }

    fn parse_records(cursor: &mut Cursor<'_>) -> Result<Event, EventError> {
        let mut event = Event::default();
        cursor.expect(b'[')?;
        let mut more = !cursor.eat(b']');
        while more {
            let at = event.records.len();
            if cursor.peek() != b'{' {
                cursor.skip_value()?;
                return Err(EventError::NotAnObject { record: at });
            }
            let (source, record) = parse_record(cursor, at)?;
            if *event.source.get_or_insert(source) != source {
                return Err(EventError::Mixed { record: at });
            }
            event.records.push(record);
            more = cursor.more(b']')?;
        }
        Ok(event)
    }
}

/// What is needed of an element, wherever it is.
#[derive(Default)]
struct Members {
    source: Option<Text>,
    event_id: Option<Text>,
    /// `dynamodb.SequenceNumber`, and the time beside it.
    of_streams: (Option<Text>, CreationTime),
    /// `kinesis.sequenceNumber`, and the arrival beside it.
    of_kinesis: (Option<Text>, CreationTime),
    data: Option<Text>,
}

fn parse_record(cursor: &mut Cursor<'_>, at: usize) -> Result<(Source, Record), EventError> {
    let input = cursor.input();
    let start = cursor.at();
    let mut members = Members::default();
    cursor.object(|cursor, name| {
        match name {
            b"eventSource" => members.source = cursor.text()?,
            b"eventID" => members.event_id = cursor.text()?,
            b"dynamodb" if cursor.peek() == b'{' => members.parse_dynamodb(cursor)?,
            b"kinesis" if cursor.peek() == b'{' => members.parse_kinesis(cursor)?,
            _ => cursor.skip_value()?,
        }
        Ok::<_, SyntaxError>(())
    })?;
    let element = Text::plain(start, cursor.at());
    let Some(name) = members.source else {
        return Err(EventError::OtherSource { record: at, source: None });
    };
    let source = [Source::Streams, Source::Kinesis]
        .into_iter()
        .find(|source| name.is(input, source.name().as_bytes()));
    let Some(source) = source else {
        let name = String::from_utf8_lossy(&name.to_cow(input)).chars().take(SHOWN_CHARS).collect();
        return Err(EventError::OtherSource { record: at, source: Some(name) });
    };
    let no_position = |member| EventError::NoPosition { record: at, member };
    let ((number, time), member) = match source {
        Source::Streams => (members.of_streams, "dynamodb.SequenceNumber"),
        Source::Kinesis => (members.of_kinesis, "kinesis.sequenceNumber"),
    };
    let sequence_number = number
        .filter(|number| is_name(&number.to_cow(input)))
        .ok_or_else(|| no_position(member))?;
    let shard_id = match source {
        Source::Streams => None,
        Source::Kinesis => {
            let shard_id = members.event_id.and_then(|id| shard_id(id, input));
            Some(shard_id.ok_or_else(|| no_position("the shard in eventID"))?)
        }
    };
    let record = Record {
        element,
        data: members.data,
        sequence_number,
        shard_id,
        arrival_us: time.to_us(input).ok(),
    };
    Ok((source, record))
}

impl Members {
    fn parse_dynamodb(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
        let (number, time) = &mut self.of_streams;
        cursor.object(|cursor, name| {
            match name {
                b"SequenceNumber" => *number = cursor.text()?,
                b"ApproximateCreationDateTime" => time.time = member(cursor)?,
                b"ApproximateCreationDateTimePrecision" => time.precision = cursor.text()?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
    }

    fn parse_kinesis(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
        let (number, arrival) = &mut self.of_kinesis;
        cursor.object(|cursor, name| {
            match name {
                b"sequenceNumber" => *number = cursor.text()?,
                b"approximateArrivalTimestamp" => arrival.time = member(cursor)?,
                b"data" => self.data = cursor.text()?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
    }
}

/// The shard in an event id, `shardId-000000000006:49590338271490256608…`.
fn shard_id(event_id: Text, input: &[u8]) -> Option<Text> {
    let raw = event_id.raw(input);
    let len = memchr::memchr(b':', raw)?;
    let start = event_id.range().start;
    is_name(&raw[..len]).then(|| Text::plain(start, start + len))
}

/// Whether a text can be part of an object's name as it is.
fn is_name(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.iter().all(is_plain)
}
