//! A row that was written before: its metadata say which change it is of.
//!
//! ```json
//! {"order_id":"o-1","total":"12.5","_event_type":"INSERT",
//!  "_event_time":"2024-07-11T23:58:22.233719Z","_event_id":"e-1","_table":"orders",
//!  "_sequence":"00001720742302233719-0…4959","_rescued":"{\"note\":{…}}"}
//! ```

use super::{Change, EventName, Sequence};
use crate::failure::Failure;
use crate::item::{NodeId, Tape};
use crate::schema::{METADATA_COLUMNS, Metadata, is_metadata, metadata_named};
use crate::text::json::{Cursor, SyntaxError, Text, unescape};
use crate::text::time;

/// The metadata that a row has; what its columns hold is read later, for the row may be another
/// table's.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Indexed by [`Metadata`].
    members: [Member; 8],
}

/// A metadata column's member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Member {
    #[default]
    Absent,
    Text(Text),
    Boolean(bool),
    /// Of a type that no metadata column has, or given twice.
    Other,
}

impl Row {
    /// Reads the metadata of one row, all of the tape's text.
    ///
    /// # Errors
    ///
    /// If the text is not one JSON object.
    pub(crate) fn parse(tape: &Tape) -> Result<Row, SyntaxError> {
        let mut cursor = Cursor::new(tape.text());
        let mut row = Row::default();
        cursor.object(|cursor, name| {
            let Some(column) = metadata_named(name) else { return cursor.skip_value() };
            let found = match cursor.peek() {
                b'"' => Member::Text(cursor.string()?),
                b't' => cursor.literal(b"true").map(|_| Member::Boolean(true))?,
                b'f' => cursor.literal(b"false").map(|_| Member::Boolean(false))?,
                b'n' => cursor.literal(b"null").map(|_| Member::Absent)?,
                _ => cursor.skip_value().map(|()| Member::Other)?,
            };
            let member = &mut row.members[Metadata::named(&column.name) as usize];
            *member = if *member == Member::Absent { found } else { Member::Other };
            Ok(())
        })?;
        cursor.finish()?;
        Ok(row)
    }

    /// The table's name, decoded into `table`.
    ///
    /// # Errors
    ///
    /// If the row has no table.
    pub(crate) fn read_table(&self, tape: &Tape, table: &mut Vec<u8>) -> Result<(), Failure> {
        table.clear();
        unescape(self.required(Metadata::Table)?.raw(tape.text()), table);
        if table.is_empty() { Err(malformed(Metadata::Table)) } else { Ok(()) }
    }

    /// `_event_id`, where there is one.
    pub(crate) fn event_id(&self) -> Option<Text> {
        self.optional(Metadata::EventId).unwrap_or_default()
    }

    /// `_rescued`, where there is one.
    ///
    /// # Errors
    ///
    /// If it is no string.
    pub(crate) fn rescued(&self) -> Result<Option<Text>, Failure> {
        self.optional(Metadata::Rescued)
    }

    /// The change that the row is of: its columns are the new image, whatever happened, and its
    /// `_old` the old one; both get onto the tape. `number` is scratch.
    ///
    /// # Errors
    ///
    /// What is missing, or wrong with it.
    pub(crate) fn change<'a>(
        &self,
        tape: &mut Tape,
        table: &'a [u8],
        number: &'a mut Vec<u8>,
    ) -> Result<Change<'a>, Failure> {
        let event_name = self.required(Metadata::EventType)?;
        let event_name =
            [EventName::Insert, EventName::Modify, EventName::Remove, EventName::Export]
                .into_iter()
                .find(|name| event_name.is(tape.text(), name.as_bytes()))
                .ok_or_else(|| malformed(Metadata::EventType))?;
        let time = self.required(Metadata::EventTime)?.to_cow(tape.text());
        let time_us = time::parse_instant_us(&time).map_err(|_| malformed(Metadata::EventTime))?;
        number.clear();
        unescape(self.required(Metadata::Sequence)?.raw(tape.text()), number);
        let sequence_us = split_sequence(number).ok_or_else(|| malformed(Metadata::Sequence))?;
        let is_ttl = match self.members[Metadata::TtlDelete as usize] {
            Member::Absent => false,
            Member::Boolean(is_ttl) => is_ttl,
            _ => return Err(malformed(Metadata::TtlDelete)),
        };
        let (mut cursor, nodes) = tape.reader();
        let columns = nodes.parse_plain(&mut cursor, |name| !is_metadata(name))?;
        Ok(Change {
            event_name,
            event_id: self.optional(Metadata::EventId)?,
            table,
            time_us,
            sequence: Sequence { time_us: sequence_us, number: &number[SEQUENCE_TIME + 1..] },
            is_ttl,
            keys: columns,
            new_image: Some(columns),
            old_image: self.old_image(tape)?,
        })
    }

    /// The root of `_old`, which is the text of the old image.
    fn old_image(&self, tape: &mut Tape) -> Result<Option<NodeId>, Failure> {
        let Some(old) = self.optional(Metadata::Old)? else { return Ok(None) };
        let root = tape.parse_text(old)?;
        root.map(Some).ok_or_else(|| malformed(Metadata::Old))
    }

    fn required(&self, column: Metadata) -> Result<Text, Failure> {
        self.optional(column)?.ok_or_else(|| malformed(column))
    }

    /// The text of a metadata column that is a string.
    fn optional(&self, column: Metadata) -> Result<Option<Text>, Failure> {
        match self.members[column as usize] {
            Member::Absent => Ok(None),
            Member::Text(text) => Ok(Some(text)),
            _ => Err(malformed(column)),
        }
    }
}

/// How many digits of `_sequence` are its time, and how many its number.
const SEQUENCE_TIME: usize = 20;
const SEQUENCE_NUMBER: usize = 56;

/// The time in microseconds that a `_sequence` begins with, if it is one.
fn split_sequence(text: &[u8]) -> Option<u64> {
    let (time, number) = text.split_at_checked(SEQUENCE_TIME)?;
    let (dash, number) = number.split_first()?;
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let is_one = digits(time) && *dash == b'-' && number.len() == SEQUENCE_NUMBER && digits(number);
    std::str::from_utf8(time).ok().filter(|_| is_one)?.parse().ok()
}

/// The failure of a row with such a metadata column.
pub(crate) fn malformed(column: Metadata) -> Failure {
    let mut columns = METADATA_COLUMNS.iter();
    let known = columns.find(|known| Metadata::named(&known.name) == column);
    Failure::MalformedRow { column: known.map_or("", |known| &known.name) }
}
