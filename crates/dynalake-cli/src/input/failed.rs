//! What is to be replayed: objects of error prefixes, value by value, each as it is in the object,
//! with the records in it.
//!
//! | value | its records |
//! |---|---|
//! | `{"rawData": …}`, a line of an error prefix of Firehose or of the direct function | what is in it |
//! | `{"requestContext": …, "payload": …}`, what Lambda writes of a batch that it gave up | those of the event in `payload` |
//! | `{"Records": […]}`, such an event | those in it |
//! | a change record, or a row | itself |
//!
//! Firehose's pages and real objects spell members differently (`lambdaArn`, `lambdaARN`;
//! `errorCode`, `ErrorCode`, `lastErrorCode`), and there may be no line breaks between them.

use super::files::Source;
use super::reader::Reader;
use super::record::Encoding;
use super::saw;
use super::shape::{Elements, Found, Shape, find};
use super::values::{Value, Values};
use crate::spans::{has, member, members, quoted, string};
use crate::trouble::Trouble;
use dynalake::firehose::Data;
use dynalake::text::json::Cursor;
use dynalake::text::time::representable_us;
use std::io::Read;
use std::ops::Range;

/// An open object of an error prefix.
pub(crate) struct Object {
    values: Values,
    /// An event out of a JSON string.
    payload: Vec<u8>,
}

/// A value of an object.
pub(crate) struct Part<'a> {
    /// The value as it is in the object.
    pub(crate) text: &'a [u8],
    /// Where it begins, in bytes; unzipped.
    pub(crate) at: u64,
    pub(crate) content: Content<'a>,
}

/// What a value is.
pub(crate) enum Content<'a> {
    /// These records.
    Records(Vec<Failed<'a>>),
    /// What Lambda writes of a batch that it gave up, without the batch.
    WithoutPayload,
    /// JSON of a kind that can't be replayed.
    OtherJson,
    /// No JSON.
    NoJson {
        /// Whether the object ends in the middle of it.
        is_end: bool,
    },
}

/// A record that is to be replayed.
pub(crate) struct Failed<'a> {
    /// Its bytes.
    pub(crate) data: Data<'a>,
    /// Kinesis' or DynamoDB's, as it is between its quotes.
    pub(crate) sequence_number: Option<&'a [u8]>,
    /// How often its binary values are encoded.
    pub(crate) encoding: Encoding,
    /// When it came, in microseconds since 1970, where that is said.
    pub(crate) arrival_us: Option<u64>,
    /// Why it failed before.
    pub(crate) error_code: Option<String>,
}

impl<'a> Failed<'a> {
    /// A record without anything around it.
    fn plain(text: &'a [u8]) -> Failed<'a> {
        Failed {
            data: Data::Plain(text),
            sequence_number: None,
            encoding: Encoding::AsTheRecordSays,
            arrival_us: None,
            error_code: None,
        }
    }
}

impl Object {
    /// Opens an object.
    ///
    /// # Errors
    ///
    /// One that can't be read, or is of a kind that is known to hold no records.
    pub(crate) fn open(source: &Source) -> Result<Object, Trouble> {
        Object::new(Reader::open(source)?)
    }

    /// The object of these bytes, which messages call so.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn of(name: &str, bytes: impl Read + 'static) -> Result<Object, Trouble> {
        Object::new(Reader::new(name, Box::new(bytes))?)
    }

    fn new(reader: Reader) -> Result<Object, Trouble> {
        let mut values = Values::new(reader);
        if let Some(saw) = saw::by_magic(values.bytes()) {
            let name = values.name();
            return Err(Trouble(format!(
                "{name} is {}; give objects of an error prefix, or change records",
                saw.what
            )));
        }
        // Nothing is looked at beforehand.
        values.rewind();
        // What fails again is kept as it is.
        values.keep_bad_values();
        Ok(Object { values, payload: Vec::new() })
    }

    /// How many bytes of the file have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.values.bytes_read()
    }

    /// Where reading is, in bytes; unzipped.
    pub(crate) fn at(&self) -> u64 {
        self.values.at()
    }

    /// The next value.
    ///
    /// # Errors
    ///
    /// If the rest of the object can't be read.
    pub(crate) fn next(&mut self) -> Result<Option<Part<'_>>, Trouble> {
        let Some(Value { range, shape, .. }) = self.values.next()? else { return Ok(None) };
        let (start, at) = (range.start, self.values.offset(range.start));
        let text = &self.values.bytes()[range];
        let content = match shape {
            Err(place) => Content::NoJson { is_end: place.is_end },
            Ok(shape) => content(text, &shape.within(start), &mut self.payload),
        };
        Ok(Some(Part { text, at, content }))
    }
}

/// Members that only rows have.
const ROW: [&str; 2] = ["_event_type", "_sequence"];

/// Whether the data of a record is a row that was written before.
pub(crate) fn is_row(data: &[u8]) -> bool {
    has(&members(&mut Cursor::new(data)).unwrap_or_default(), &ROW)
}

/// What a JSON value of this shape is.
fn content<'a>(text: &'a [u8], shape: &Shape, payload: &'a mut Vec<u8>) -> Content<'a> {
    let found = members(&mut Cursor::new(text)).unwrap_or_default();
    if has(&found, &ROW) {
        return Content::Records(vec![Failed::plain(text)]);
    }
    if let Some(records) = records(text, shape) {
        return Content::Records(records);
    }
    if !has(&found, &["requestContext"]) {
        return Content::OtherJson;
    }
    // The event as JSON in a string, or as it is.
    let event = match member(&found, "payload", text) {
        Some(event) if event.starts_with(b"{") => event,
        event => match event.and_then(string) {
            Some(event) => {
                *payload = event.into_bytes();
                payload
            }
            None => return Content::WithoutPayload,
        },
    };
    match find(event, 0) {
        Found::Value(shape @ Shape::LambdaEvent(_), _) => {
            records(event, &shape).map_or(Content::OtherJson, Content::Records)
        }
        _ => Content::OtherJson,
    }
}

/// The records that a value holds, if it is of a kind that holds any.
fn records<'a>(text: &'a [u8], shape: &Shape) -> Option<Vec<Failed<'a>>> {
    match shape {
        Shape::Change(_) => Some(vec![Failed::plain(text)]),
        Shape::Carrier { data, sequence_number } => {
            Some(vec![carried(text, data.clone(), sequence_number.clone())])
        }
        Shape::LambdaEvent(list) => {
            let list = &text[list.clone()];
            let mut elements = Elements::new(list);
            let mut records = Vec::new();
            while let Some(element) = elements.next(list) {
                records.push(record_of_event(&list[element]));
            }
            Some(records)
        }
        Shape::Export { .. } | Shape::Item | Shape::FirehoseEvent | Shape::Unknown => None,
    }
}

/// A record of a Lambda event.
fn record_of_event(element: &[u8]) -> Failed<'_> {
    match find(element, 0) {
        Found::Value(Shape::Carrier { data, sequence_number }, _) => {
            carried(element, data, sequence_number)
        }
        // Of DynamoDB Streams.
        Found::Value(Shape::Change(change), _) if !change.has_table_name => {
            Failed { encoding: Encoding::Once, ..Failed::plain(element) }
        }
        _ => Failed::plain(element),
    }
}

/// A record in base64 in an object: in a line of an error prefix, or from Kinesis.
fn carried(
    text: &[u8],
    data: Option<Range<usize>>,
    sequence_number: Option<Range<usize>>,
) -> Failed<'_> {
    let found = members(&mut Cursor::new(text)).unwrap_or_default();
    let kinesis = member(&found, "kinesis", text).unwrap_or_default();
    let inside = members(&mut Cursor::new(kinesis)).unwrap_or_default();
    let arrival_us = number(member(&found, "arrivalTimestamp", text), 1_000.0)
        .or_else(|| number(member(&inside, "approximateArrivalTimestamp", kinesis), 1_000_000.0));
    // The direct function's errors say so of changes that came from DynamoDB Streams.
    let is_of_streams = member(&found, "shardId", text).and_then(quoted) == Some(b"dynamodb");
    let error_code = ["errorCode", "ErrorCode", "lastErrorCode", "LastErrorCode"]
        .iter()
        .find_map(|name| member(&found, name, text).and_then(string));
    Failed {
        data: data.map_or(Data::Absent, |data| Data::Encoded(&text[data])),
        sequence_number: sequence_number.map(|number| &text[number]),
        encoding: if is_of_streams { Encoding::Once } else { Encoding::AsTheRecordSays },
        arrival_us,
        error_code,
    }
}

/// A time, as a number or its text, in microseconds since 1970: to the hour it is exact.
fn number(value: Option<&[u8]>, microseconds: f64) -> Option<u64> {
    let value = value?;
    let text = std::str::from_utf8(quoted(value).unwrap_or(value)).ok()?;
    let time_us = text.parse::<f64>().ok()? * microseconds;
    (time_us >= 0.0).then_some(time_us as u64).and_then(representable_us)
}
