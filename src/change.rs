//! The change record: what happened to one item, in either of two shapes.
//!
//! * Kinesis Data Streams for DynamoDB
//!   (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html>): `tableName`, a time in
//!   milliseconds or microseconds, binary encoded twice.
//! * DynamoDB Streams (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>), which pipes, older
//!   relays and emulators send: `eventSourceARN`, a time in seconds, `SequenceNumber`.
//!
//! This module alone knows the envelope. `aws_lambda_events`' own `dynamodb::EventRecord` rejects
//! microseconds, so it can't be the type of this record.

use crate::attribute::{NodeId, ParseError, Tape};
use crate::failure::Failure;
use crate::json::{Cursor, SyntaxError, Text};
use crate::number::{self, Decimal};
use crate::schema::Binary;
use crate::time;
use std::borrow::Cow;

/// What happened to the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventName {
    /// It is new.
    Insert,
    /// It changed.
    Modify,
    /// It is gone.
    Remove,
}

impl EventName {
    /// As it stands in the record.
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            EventName::Insert => b"INSERT",
            EventName::Modify => b"MODIFY",
            EventName::Remove => b"REMOVE",
        }
    }
}

/// One change, ready to be made a row.
#[derive(Debug)]
pub struct Change<'a> {
    /// What happened.
    pub event_name: EventName,
    /// `eventID`: equal on duplicates.
    pub event_id: Option<Text>,
    /// The table's name.
    pub table: &'a [u8],
    /// Creation time, in microseconds since 1970.
    pub time_us: u64,
    /// Kinesis', else DynamoDB's; empty where there is none.
    pub sequence_number: Cow<'a, [u8]>,
    /// Whether the deletion was Time to Live's.
    pub by_service: bool,
    /// The root of `Keys`.
    pub keys: NodeId,
    /// `NewImage`; none of a REMOVE.
    pub new_image: Option<NodeId>,
    /// `OldImage`, where it was asked for.
    pub old_image: Option<NodeId>,
}

/// What stands in a change record, before anything is made of it: a record of another table may hold what it
/// likes.
#[derive(Debug)]
pub struct Envelope {
    event_id: Option<Text>,
    event_name: Option<Text>,
    table_name: Member,
    source_arn: Member,
    identity_type: Option<Text>,
    identity_principal: Option<Text>,
    time: Option<Text>,
    precision: Option<Text>,
    sequence_number: Option<Text>,
    keys: Image,
    new_image: Image,
    old_image: Image,
}

/// An image's root, or why there is none; an image that a row doesn't need may be bad.
type Image = Result<Option<NodeId>, Failure>;

/// A member that counts by being there, whatever it holds.
#[derive(Clone, Copy, Debug, Default)]
enum Member {
    #[default]
    Absent,
    Text(Text),
    Other,
}

impl Envelope {
    /// Reads one change record, all of it, and puts its images on the tape; the old one only where
    /// `old_image` asks for it.
    ///
    /// # Errors
    ///
    /// Where `input` is not one JSON object. All else that is wrong is kept for [`Envelope::change`].
    pub fn parse(input: &[u8], tape: &mut Tape, old_image: bool) -> Result<Self, SyntaxError> {
        let mut envelope = Envelope {
            event_id: None,
            event_name: None,
            table_name: Member::Absent,
            source_arn: Member::Absent,
            identity_type: None,
            identity_principal: None,
            time: None,
            precision: None,
            sequence_number: None,
            keys: Ok(None),
            new_image: Ok(None),
            old_image: Ok(None),
        };
        let mut cursor = Cursor::new(input);
        cursor.object(|cursor, name| {
            match name {
                b"eventID" => envelope.event_id = cursor.text()?,
                b"eventName" => envelope.event_name = cursor.text()?,
                b"tableName" => envelope.table_name = member(cursor)?,
                b"eventSourceARN" => envelope.source_arn = member(cursor)?,
                b"userIdentity" if cursor.peek() == b'{' => envelope.parse_identity(cursor)?,
                b"dynamodb" if cursor.peek() == b'{' => {
                    envelope.parse_dynamodb(cursor, tape, old_image)?;
                }
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })?;
        cursor.finish()?;
        Ok(envelope)
    }

    fn parse_identity(&mut self, cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
        cursor.object(|cursor, name| {
            match name {
                b"type" | b"Type" => self.identity_type = cursor.text()?,
                b"principalId" | b"PrincipalId" => self.identity_principal = cursor.text()?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
    }

    fn parse_dynamodb(
        &mut self,
        cursor: &mut Cursor<'_>,
        tape: &mut Tape,
        old_image: bool,
    ) -> Result<(), SyntaxError> {
        cursor.object(|cursor, name| {
            match name {
                b"ApproximateCreationDateTime" => self.time = number(cursor)?,
                b"ApproximateCreationDateTimePrecision" => self.precision = cursor.text()?,
                b"SequenceNumber" => self.sequence_number = cursor.text()?,
                b"Keys" => self.keys = parse_image(cursor, tape)?,
                b"NewImage" => self.new_image = parse_image(cursor, tape)?,
                b"OldImage" if old_image => self.old_image = parse_image(cursor, tape)?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
    }

    /// Whether binary values come in two layers of base64: the schema's word, else the shape's.
    pub fn has_double_binary(&self, stated: Option<Binary>) -> bool {
        match stated {
            Some(binary) => binary == Binary::Double,
            None => self.is_kinesis_shape(),
        }
    }

    fn is_kinesis_shape(&self) -> bool {
        !matches!(
            (self.table_name, self.source_arn),
            (Member::Absent, Member::Text(_) | Member::Other)
        )
    }

    /// The table's name, decoded into `table`.
    ///
    /// # Errors
    ///
    /// [`Failure::NoTable`].
    pub fn read_table(&self, input: &[u8], table: &mut Vec<u8>) -> Result<(), Failure> {
        let member = if self.is_kinesis_shape() { self.table_name } else { self.source_arn };
        let Member::Text(text) = member else { return Err(Failure::NoTable) };
        table.clear();
        crate::json::unescape(text.raw(input), table);
        if !self.is_kinesis_shape() {
            let name = table_of_arn(table).ok_or(Failure::NoTable)?;
            table.drain(name.end..);
            table.drain(..name.start);
        }
        if table.is_empty() { Err(Failure::NoTable) } else { Ok(()) }
    }

    /// Makes a change of what was read.
    ///
    /// # Errors
    ///
    /// What is missing, or wrong with it.
    pub fn change<'a>(
        &self,
        input: &'a [u8],
        tape: &Tape,
        table: &'a [u8],
        kinesis_sequence_number: Option<Cow<'a, [u8]>>,
    ) -> Result<Change<'a>, Failure> {
        let is = |text: Option<Text>, value: &[u8]| text.is_some_and(|text| text.is(input, value));
        let event_name = [EventName::Insert, EventName::Modify, EventName::Remove]
            .into_iter()
            .find(|name| is(self.event_name, name.as_bytes()))
            .ok_or(Failure::NoEventName)?;
        let time_us = self.time_us(input).ok_or(Failure::NoTime)?;
        let keys = self.keys?.filter(|&keys| tape.children(keys).next().is_some());
        let keys = keys.ok_or(Failure::NoKeys)?;
        let new_image = match event_name {
            EventName::Remove => None,
            _ => Some(self.new_image?.ok_or(Failure::NoNewImage)?),
        };
        Ok(Change {
            event_name,
            event_id: self.event_id,
            table,
            time_us,
            sequence_number: kinesis_sequence_number
                .or_else(|| self.sequence_number.map(|number| number.to_cow(input)))
                .unwrap_or_default(),
            by_service: is(self.identity_type, b"Service")
                && is(self.identity_principal, b"dynamodb.amazonaws.com"),
            keys,
            new_image,
            old_image: self.old_image?,
        })
    }

    /// `eventID`, where there is one.
    pub fn event_id(&self) -> Option<Text> {
        self.event_id
    }

    /// Creation time in microseconds since 1970. Where the precision is not stated the unit follows from the
    /// magnitude; finer digits are cut.
    pub fn time_us(&self, input: &[u8]) -> Option<u64> {
        let time = self.time?.raw(input);
        let stated =
            |precision: &[u8]| self.precision.is_some_and(|text| text.is(input, precision));
        let microseconds = stated(b"MICROSECOND");
        if microseconds && let Some(time_us) = number::small_integer(time) {
            // Whole microseconds, as Kinesis sends them.
            return time::representable(i128::from(time_us) * 1_000).map(|_| time_us);
        }
        let time = Decimal::parse(time)?;
        let scale = if microseconds {
            0
        } else if stated(b"MILLISECOND") {
            3
        } else {
            let whole = time.to_scaled_integer_cut(0)?;
            if whole < 100_000_000_000 {
                6
            } else if whole < 100_000_000_000_000 {
                3
            } else {
                0
            }
        };
        let time_us = time.to_scaled_integer_cut(scale)?;
        time::representable(time_us.checked_mul(1_000)?)?;
        u64::try_from(time_us).ok()
    }
}

/// Where the table's name stands in `…:table/NAME/stream/…`.
fn table_of_arn(arn: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = memchr::memmem::find(arn, b":table/")? + b":table/".len();
    let end = start + memchr::memchr(b'/', &arn[start..])?;
    (end > start && arn[end..].starts_with(b"/stream/")).then_some(start..end)
}

/// Takes an image, or `null` in its place.
fn parse_image(cursor: &mut Cursor<'_>, tape: &mut Tape) -> Result<Image, SyntaxError> {
    if cursor.peek() == b'n' {
        cursor.literal(b"null")?;
        return Ok(Ok(None));
    }
    let start = *cursor;
    match tape.parse_image(cursor) {
        Ok(root) => Ok(Ok(Some(root))),
        Err(ParseError::Syntax(error)) => Err(error),
        Err(problem) => {
            // The rest of the record may still tell that it is another table's.
            *cursor = start;
            cursor.skip_value()?;
            Ok(Err(problem.into()))
        }
    }
}

/// Takes any value that counts by being there.
fn member(cursor: &mut Cursor<'_>) -> Result<Member, SyntaxError> {
    Ok(match cursor.peek() {
        b'"' => Member::Text(cursor.string()?),
        b'n' => {
            cursor.literal(b"null")?;
            Member::Absent
        }
        _ => {
            cursor.skip_value()?;
            Member::Other
        }
    })
}

/// Takes any value; the text of a number.
fn number(cursor: &mut Cursor<'_>) -> Result<Option<Text>, SyntaxError> {
    if matches!(cursor.peek(), b'-' | b'0'..=b'9') {
        return cursor.number().map(Some);
    }
    cursor.skip_value()?;
    Ok(None)
}
