//! The envelope of a change record: all of it but the images' contents.

use super::{Change, EventName};
use crate::failure::Failure;
use crate::item::{NodeId, Nodes, ParseError, Tape};
use crate::schema::Binary;
use crate::text::json::{Cursor, SyntaxError, Text, unescape};
use crate::text::number::{self, Decimal};
use crate::text::time;

/// What stands in a change record, before anything is made of it: a record of another table may hold what it
/// likes.
#[derive(Debug)]
pub(crate) struct Envelope {
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

/// Members by which a change record of either shape is recognized.
pub const MEMBERS: [&str; 5] = ["dynamodb", "eventName", "tableName", "eventSourceARN", "eventID"];

impl From<SyntaxError> for Failure {
    fn from(_: SyntaxError) -> Self {
        Failure::NotJson
    }
}

impl Envelope {
    /// Reads one change record, all of the tape's text, and its images; the old one only where
    /// `old_image` asks for it.
    ///
    /// # Errors
    ///
    /// If the text is not one JSON object. Anything else that is wrong is kept for
    /// [`Envelope::change`]: a record of another table may hold what it likes.
    pub(crate) fn parse(tape: &mut Tape, old_image: bool) -> Result<Self, SyntaxError> {
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
        let (mut cursor, nodes) = tape.reader();
        cursor.object(|cursor, name| {
            match name {
                b"eventID" => envelope.event_id = cursor.text()?,
                b"eventName" => envelope.event_name = cursor.text()?,
                b"tableName" => envelope.table_name = member(cursor)?,
                b"eventSourceARN" => envelope.source_arn = member(cursor)?,
                b"userIdentity" if cursor.peek() == b'{' => envelope.parse_identity(cursor)?,
                b"dynamodb" if cursor.peek() == b'{' => {
                    envelope.parse_dynamodb(cursor, nodes, old_image)?;
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
        nodes: &mut Nodes,
        old_image: bool,
    ) -> Result<(), SyntaxError> {
        cursor.object(|cursor, name| {
            match name {
                b"ApproximateCreationDateTime" => self.time = number(cursor)?,
                b"ApproximateCreationDateTimePrecision" => self.precision = cursor.text()?,
                b"SequenceNumber" => self.sequence_number = cursor.text()?,
                b"Keys" => self.keys = parse_image(cursor, nodes)?,
                b"NewImage" => self.new_image = parse_image(cursor, nodes)?,
                b"OldImage" if old_image => self.old_image = parse_image(cursor, nodes)?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
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
    pub(crate) fn read_table(&self, tape: &Tape, table: &mut Vec<u8>) -> Result<(), Failure> {
        let member = if self.is_kinesis_shape() { self.table_name } else { self.source_arn };
        let Member::Text(text) = member else { return Err(Failure::NoTable) };
        table.clear();
        unescape(text.raw(tape.text()), table);
        if !self.is_kinesis_shape() {
            let name = table_of_arn(table).ok_or(Failure::NoTable)?;
            table.drain(name.end..);
            table.drain(..name.start);
        }
        if table.is_empty() { Err(Failure::NoTable) } else { Ok(()) }
    }

    /// Takes the outer layer of base64 off the binary values that have two: where the schema
    /// says so, else where the record has Kinesis' shape. Spans read before stay as they are.
    pub(crate) fn unwrap_binaries(
        &self,
        tape: &mut Tape,
        stated: Option<Binary>,
        scratch: &mut Vec<u8>,
    ) {
        let double = match stated {
            Some(binary) => binary == Binary::Double,
            None => self.is_kinesis_shape(),
        };
        if double {
            tape.unwrap_binaries(scratch);
        }
    }

    /// Makes a change of what was read. `sequence_number` is Kinesis'; where there is none,
    /// DynamoDB's is taken.
    ///
    /// # Errors
    ///
    /// What is missing, or wrong with it.
    pub(crate) fn change<'a>(
        &self,
        tape: &Tape,
        table: &'a [u8],
        sequence_number: Option<&'a [u8]>,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Change<'a>, Failure> {
        let text = tape.text();
        let is = |span: Option<Text>, value: &[u8]| span.is_some_and(|span| span.is(text, value));
        let event_name = [EventName::Insert, EventName::Modify, EventName::Remove]
            .into_iter()
            .find(|name| is(self.event_name, name.as_bytes()))
            .ok_or(Failure::NoEventName)?;
        let time_us = self.time_us(tape).ok_or(Failure::NoTime)?;
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
            sequence_number: match (sequence_number, self.sequence_number) {
                (Some(kinesis), _) => kinesis,
                (None, Some(dynamodb)) => {
                    scratch.clear();
                    unescape(dynamodb.raw(text), scratch);
                    scratch
                }
                (None, None) => b"",
            },
            is_ttl: event_name == EventName::Remove
                && is(self.identity_type, b"Service")
                && is(self.identity_principal, b"dynamodb.amazonaws.com"),
            keys,
            new_image,
            old_image: self.old_image?,
        })
    }

    /// `eventID`, where there is one.
    pub(crate) fn event_id(&self) -> Option<Text> {
        self.event_id
    }

    /// Creation time in microseconds since 1970. Where the precision is not stated the unit follows from the
    /// magnitude; finer digits are cut.
    pub(crate) fn time_us(&self, tape: &Tape) -> Option<u64> {
        let text = tape.text();
        let time = self.time?.raw(text);
        let stated = |precision: &[u8]| self.precision.is_some_and(|span| span.is(text, precision));
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
fn parse_image(cursor: &mut Cursor<'_>, nodes: &mut Nodes) -> Result<Image, SyntaxError> {
    if cursor.peek() == b'n' {
        cursor.literal(b"null")?;
        return Ok(Ok(None));
    }
    let start = *cursor;
    match nodes.parse_image(cursor) {
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
