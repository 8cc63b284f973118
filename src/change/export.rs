//! A line of a table's export to S3, full or incremental, in DynamoDB JSON
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>).
//!
//! ```json
//! {"Item": {"id": {"S": "o-1"}, "total": {"N": "12.5"}}}
//! {"Metadata": {"WriteTimestampMicros": {"N": "1680109764000000"}},
//!  "Keys": {"id": {"S": "o-1"}}, "OldImage": {…}, "NewImage": {…}}
//! ```
//!
//! Binary is encoded once in both.

use super::envelope::{Image, Member, member, parse_image};
use super::{Change, EventName, Sequence};
use crate::failure::{Failure, TimeFault};
use crate::item::Tape;
use crate::text::json::SyntaxError;
use crate::text::number;
use crate::text::time;

/// Members by which a line of an export is recognized, either of them with an object.
pub const MEMBERS: [&str; 2] = ["Item", "Metadata"];

/// What an export's lines are, as its manifest says or a line itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A full export's: the items as they were at a time.
    Full {
        /// The time of their rows, in microseconds since 1970.
        time_us: u64,
    },
    /// An incremental export's: what became of the items that changed, each with its own time.
    Incremental,
}

/// What a line says, before anything is made of it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    item: Image,
    keys: Image,
    new_image: Image,
    has_old_image: bool,
    write_timestamp: Member,
}

impl Line {
    /// Reads one line, all of the tape's text, and its images but the old one, which is the state
    /// before the export's window and no row's.
    ///
    /// # Errors
    ///
    /// If the text is not one JSON object.
    pub(crate) fn parse(tape: &mut Tape) -> Result<Line, SyntaxError> {
        let (mut cursor, nodes) = tape.reader();
        let mut line = Line::default();
        cursor.object(|cursor, name| {
            match name {
                b"Item" => line.item = parse_image(cursor, nodes)?,
                b"Keys" => line.keys = parse_image(cursor, nodes)?,
                b"NewImage" => line.new_image = parse_image(cursor, nodes)?,
                b"OldImage" => {
                    line.has_old_image = cursor.peek() != b'n';
                    cursor.skip_value()?;
                }
                b"Metadata" if cursor.peek() == b'{' => cursor.object(|cursor, name| {
                    match name {
                        b"WriteTimestampMicros" if cursor.peek() == b'{' => {
                            cursor.object(|cursor, name| {
                                match name {
                                    b"N" => line.write_timestamp = member(cursor)?,
                                    _ => cursor.skip_value()?,
                                }
                                Ok::<_, SyntaxError>(())
                            })?;
                        }
                        b"WriteTimestampMicros" => line.write_timestamp = member(cursor)?,
                        _ => cursor.skip_value()?,
                    }
                    Ok::<_, SyntaxError>(())
                })?,
                _ => cursor.skip_value()?,
            }
            Ok::<_, SyntaxError>(())
        })?;
        cursor.finish()?;
        Ok(line)
    }

    /// The change that the line says. An item of a full export is there since the time of that:
    /// any change that the stream has from then on wins over it. `sequence_number` is scratch.
    ///
    /// # Errors
    ///
    /// What is missing, or wrong with it.
    pub(crate) fn change<'a>(
        &self,
        tape: &Tape,
        table: &'a [u8],
        kind: Kind,
        sequence_number: &'a mut Vec<u8>,
    ) -> Result<Change<'a>, Failure> {
        sequence_number.clear();
        if let Kind::Full { time_us } = kind {
            let item = self.item.root()?.ok_or(Failure::NoNewImage)?;
            return Ok(Change {
                event_name: EventName::Export,
                event_id: None,
                table,
                time_us,
                sequence: Sequence { time_us, number: sequence_number },
                is_ttl: false,
                // The schema says which of its attributes are the key.
                keys: item,
                new_image: Some(item),
                old_image: None,
            });
        }
        let time_us = self.write_timestamp_us(tape).map_err(Failure::NoWriteTime)?;
        let keys = self.keys.keys(tape)?;
        let new_image = self.new_image.root()?;
        let event_name = match new_image {
            None => EventName::Remove,
            Some(_) if self.has_old_image => EventName::Modify,
            Some(_) => EventName::Insert,
        };
        // DynamoDB Streams' times are whole seconds. Of a write and of a later change of the same
        // second in the stream, the change must win: any real sequence number is larger.
        let of_second = time_us % 1_000_000;
        sequence_number.extend_from_slice(of_second.to_string().as_bytes());
        Ok(Change {
            event_name,
            event_id: None,
            table,
            time_us,
            sequence: Sequence { time_us: time_us - of_second, number: sequence_number },
            is_ttl: false,
            keys,
            new_image,
            old_image: None,
        })
    }

    fn write_timestamp_us(&self, tape: &Tape) -> Result<u64, TimeFault> {
        let (Member::Text(span) | Member::Number(span)) = self.write_timestamp else {
            return Err(match self.write_timestamp {
                Member::Absent => TimeFault::Absent,
                _ => TimeFault::WrongKind,
            });
        };
        let text = span.to_cow(tape.text());
        let time_us = number::small_integer(&text).ok_or(TimeFault::WrongKind)?;
        time::representable_us(time_us).ok_or(TimeFault::OutOfRange)
    }
}
