//! The envelope of a change record: all of it but the images' contents. The order in which it is
//! read and judged is in `record`.

use super::{Change, EventName, Sequence};
use crate::failure::{Failure, TimeFault};
use crate::item::{NodeId, Nodes, ParseError, Tape};
use crate::schema::Binary;
use crate::text::Misfit;
use crate::text::json::{Cursor, SyntaxError, Text, unescape};
use crate::text::number::{self, Decimal};
use crate::text::time;

/// What a change record says, before anything is made of it: a record of another table may hold
/// what it likes.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    event_id: Option<Text>,
    event_name: Option<Text>,
    table_name: Member,
    source_arn: Member,
    identity_type: Option<Text>,
    identity_principal: Option<Text>,
    time: CreationTime,
    sequence_number: Option<Text>,
    keys: Image,
    new_image: Image,
    old_image: OldImage,
    /// Whether there is a `dynamodb` that is not null.
    has_dynamodb: bool,
}

/// When a change was made, as its record says it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CreationTime {
    /// `ApproximateCreationDateTime`
    pub(crate) time: Member,
    /// `ApproximateCreationDateTimePrecision`
    pub(crate) precision: Option<Text>,
}

/// An image, or why it can't be read; an image that a row doesn't need may be bad.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Image {
    #[default]
    Absent,
    Root(NodeId),
    Bad(Failure),
}

/// The old image, which few rows need.
#[derive(Clone, Copy, Debug)]
enum OldImage {
    /// Parsed with the rest.
    Parsed(Image),
    /// Where it begins in the text, to be parsed when it is needed.
    At(usize),
}

impl Default for OldImage {
    fn default() -> Self {
        OldImage::Parsed(Image::Absent)
    }
}

impl Image {
    pub(super) fn root(self) -> Result<Option<NodeId>, Failure> {
        match self {
            Image::Absent => Ok(None),
            Image::Root(root) => Ok(Some(root)),
            Image::Bad(failure) => Err(failure),
        }
    }

    /// The image of `Keys`, which has at least one.
    pub(super) fn keys(self, tape: &Tape) -> Result<NodeId, Failure> {
        let keys = self.root()?.filter(|&keys| tape.children(keys).next().is_some());
        keys.ok_or(Failure::NoKeys)
    }
}

/// A member that counts by being there, whatever it holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Member {
    #[default]
    Absent,
    Text(Text),
    Number(Text),
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
    /// Reads one change record, all of the tape's text, into an empty envelope, and its images onto
    /// the tape; the old one only where
    /// `old_image` says that most rows need it.
    ///
    /// # Errors
    ///
    /// If the text is not one JSON object. Anything else that is wrong is kept for
    /// [`Envelope::change`]: a record of another table may hold what it likes.
    pub(crate) fn parse(&mut self, tape: &mut Tape, old_image: bool) -> Result<(), SyntaxError> {
        let (mut cursor, nodes) = tape.reader();
        let detail = self.parse_object(&mut cursor, nodes, old_image)?;
        cursor.finish()?;
        if let (false, Some(mut cursor)) = (self.has_dynamodb, detail) {
            let mut inner = Envelope::default();
            inner.parse_object(&mut cursor, nodes, old_image)?;
            if inner.has_dynamodb {
                *self = inner;
            }
        }
        Ok(())
    }

    /// Takes one object; where in it the `detail` of an `EventBridge` event begins.
    fn parse_object<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        nodes: &mut Nodes,
        old_image: bool,
    ) -> Result<Option<Cursor<'a>>, SyntaxError> {
        let mut detail = None;
        cursor.object(|cursor, name| {
            match name {
                b"eventID" => self.event_id = cursor.text()?,
                b"eventName" => self.event_name = cursor.text()?,
                b"tableName" => self.table_name = member(cursor)?,
                b"eventSourceARN" => self.source_arn = member(cursor)?,
                b"userIdentity" if cursor.peek() == b'{' => self.parse_identity(cursor)?,
                b"dynamodb" if cursor.peek() == b'{' => {
                    self.has_dynamodb = true;
                    self.parse_dynamodb(cursor, nodes, old_image)?;
                }
                b"dynamodb" => {
                    self.has_dynamodb = cursor.peek() != b'n';
                    cursor.skip_value()?;
                }
                b"detail" if cursor.peek() == b'{' => {
                    detail = Some(*cursor);
                    cursor.skip_value()?;
                }
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })?;
        Ok(detail)
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
                b"ApproximateCreationDateTime" => self.time.time = member(cursor)?,
                b"ApproximateCreationDateTimePrecision" => {
                    self.time.precision = cursor.text()?;
                }
                b"SequenceNumber" => self.sequence_number = cursor.text()?,
                b"Keys" => self.keys = parse_image(cursor, nodes)?,
                b"NewImage" => self.new_image = parse_image(cursor, nodes)?,
                b"OldImage" if !old_image && cursor.peek() != b'n' => {
                    self.old_image = OldImage::At(cursor.at());
                    cursor.skip_value()?;
                }
                b"OldImage" => self.old_image = OldImage::Parsed(parse_image(cursor, nodes)?),
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })
    }

    fn is_kinesis_shape(&self) -> bool {
        !matches!(
            (self.table_name, self.source_arn),
            (Member::Absent, Member::Text(_) | Member::Number(_) | Member::Other)
        )
    }

    /// The table's name, decoded into `table`; `default` where the record says none at all.
    ///
    /// # Errors
    ///
    /// [`Failure::NoTable`].
    pub(crate) fn read_table(
        &self,
        tape: &Tape,
        default: Option<&[u8]>,
        table: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        table.clear();
        if let (Member::Absent, Member::Absent, Some(default)) =
            (self.table_name, self.source_arn, default)
        {
            table.extend_from_slice(default);
            return Ok(());
        }
        let member = if self.is_kinesis_shape() { self.table_name } else { self.source_arn };
        let Member::Text(text) = member else { return Err(Failure::NoTable) };
        unescape(text.raw(tape.text()), table);
        if !self.is_kinesis_shape() {
            let Some(name) = table_of_arn(table) else {
                table.clear();
                return Err(Failure::NoTable);
            };
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

    /// Makes a change of what was read, [`Envelope::time_us`] included. `sequence_number` is
    /// Kinesis'; without one DynamoDB's is taken.
    ///
    /// # Errors
    ///
    /// What is missing, or wrong with it.
    pub(crate) fn change<'a>(
        &self,
        tape: &Tape,
        table: &'a [u8],
        time_us: Result<u64, TimeFault>,
        sequence_number: Option<&'a [u8]>,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Change<'a>, Failure> {
        let text = tape.text();
        let is = |span: Option<Text>, value: &[u8]| span.is_some_and(|span| span.is(text, value));
        let event_name = [EventName::Insert, EventName::Modify, EventName::Remove]
            .into_iter()
            .find(|name| is(self.event_name, name.as_bytes()))
            .ok_or(Failure::NoEventName)?;
        let time_us = time_us.map_err(Failure::NoTime)?;
        let keys = self.keys.keys(tape)?;
        let new_image = match event_name {
            EventName::Remove => None,
            _ => Some(self.new_image.root()?.ok_or(Failure::NoNewImage)?),
        };
        Ok(Change {
            event_name,
            event_id: self.event_id,
            table,
            time_us,
            sequence: Sequence {
                time_us,
                number: match (sequence_number, self.sequence_number) {
                    (Some(kinesis), _) => kinesis,
                    (None, Some(dynamodb)) => {
                        scratch.clear();
                        unescape(dynamodb.raw(text), scratch);
                        scratch
                    }
                    (None, None) => b"",
                },
            },
            is_ttl: event_name == EventName::Remove
                && is(self.identity_type, b"Service")
                && is(self.identity_principal, b"dynamodb.amazonaws.com"),
            keys,
            new_image,
            old_image: None,
        })
    }

    /// The old image, which a change leaves aside until it is known to be needed.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn old_image(
        &mut self,
        tape: &mut Tape,
        stated: Option<Binary>,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<NodeId>, Failure> {
        if let OldImage::At(at) = self.old_image {
            let (mut cursor, nodes) = tape.reader();
            cursor.advance(at);
            let parsed = nodes.parse_image(&mut cursor);
            self.old_image = OldImage::Parsed(match parsed {
                Ok(root) => Image::Root(root),
                Err(problem) => Image::Bad(problem.into()),
            });
            self.unwrap_binaries(tape, stated, scratch);
        }
        match self.old_image {
            OldImage::Parsed(image) => image.root(),
            OldImage::At(_) => Ok(None),
        }
    }

    /// `eventID`, where there is one.
    pub(crate) fn event_id(&self) -> Option<Text> {
        self.event_id
    }

    /// Creation time in microseconds since 1970.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn time_us(&self, tape: &Tape) -> Result<u64, TimeFault> {
        self.time.to_us(tape.text())
    }
}

impl CreationTime {
    /// The time in microseconds since 1970, from the record's text. Where the precision is not
    /// stated the unit follows from the magnitude; finer digits are cut.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn to_us(self, text: &[u8]) -> Result<u64, TimeFault> {
        let time = match self.time {
            Member::Number(span) => span.raw(text),
            Member::Text(span) => {
                // What the AWS CLI prints.
                return time::parse_instant_us(&span.to_cow(text)).map_err(|misfit| match misfit {
                    Misfit::Type => TimeFault::WrongKind,
                    Misfit::Range => TimeFault::OutOfRange,
                });
            }
            Member::Absent => return Err(TimeFault::Absent),
            Member::Other => return Err(TimeFault::WrongKind),
        };
        let stated = |precision: &[u8]| self.precision.is_some_and(|span| span.is(text, precision));
        let microseconds = stated(b"MICROSECOND");
        if microseconds && let Some(time_us) = number::small_integer(time) {
            // Whole microseconds, as Kinesis sends them.
            return time::representable_us(time_us).ok_or(TimeFault::OutOfRange);
        }
        let time = Decimal::parse(time).ok_or(TimeFault::WrongKind)?;
        let stated_scale = if microseconds { Some(0) } else { stated(b"MILLISECOND").then_some(3) };
        epoch_us(time, stated_scale).ok_or(TimeFault::OutOfRange)
    }
}

/// An epoch as microseconds, by the power of ten that takes it there, or by its magnitude.
fn epoch_us(time: Decimal, stated_scale: Option<u32>) -> Option<u64> {
    let scale = if let Some(scale) = stated_scale {
        scale
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

/// Where the table's name is in `…:table/NAME` or `…:table/NAME/stream/…`.
fn table_of_arn(arn: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = memchr::memmem::find(arn, b":table/")? + b":table/".len();
    let end = memchr::memchr(b'/', &arn[start..]).map_or(arn.len(), |len| start + len);
    let goes_on_well = end == arn.len() || arn[end..].starts_with(b"/stream/");
    (end > start && goes_on_well).then_some(start..end)
}

/// Takes an image, or `null` in its place.
pub(super) fn parse_image(
    cursor: &mut Cursor<'_>,
    nodes: &mut Nodes,
) -> Result<Image, SyntaxError> {
    if cursor.peek() == b'n' {
        cursor.literal(b"null")?;
        return Ok(Image::Absent);
    }
    let start = *cursor;
    match nodes.parse_image(cursor) {
        Ok(root) => Ok(Image::Root(root)),
        Err(ParseError::Syntax(error)) => Err(error),
        Err(problem) => {
            // The rest of the record may still say that it is another table's.
            *cursor = start;
            cursor.skip_value()?;
            Ok(Image::Bad(problem.into()))
        }
    }
}

/// Takes any value that counts by being there.
pub(crate) fn member(cursor: &mut Cursor<'_>) -> Result<Member, SyntaxError> {
    Ok(match cursor.peek() {
        b'"' => Member::Text(cursor.string()?),
        b'-' | b'0'..=b'9' => Member::Number(cursor.number()?),
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
