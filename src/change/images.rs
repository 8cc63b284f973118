//! What change records and exports say of items, for those who look at items and make no rows.

use super::envelope::Envelope;
use super::{EventName, check_text, export};
use crate::failure::Failure;
use crate::item::{NodeId, Tape};
use crate::schema::Binary;

/// Reads change records, lines of an export and items, one at a time, with memory that it reuses.
/// A record that could be no row fails here for the same reason. Binary values stay as they are
/// encoded.
///
/// ```
/// use dynalake::change::ImageReader;
///
/// let mut reader = ImageReader::default();
/// reader.buffer().extend_from_slice(
///     br#"{"tableName": "orders", "eventName": "REMOVE", "dynamodb": {
///         "ApproximateCreationDateTime": 1720742302, "Keys": {"orderId": {"S": "o-1"}}}}"#,
/// );
/// let images = reader.read_record().expect("it is a change record");
/// assert_eq!((reader.table(), images.new), (&b"orders"[..], None));
/// let (_, key) = reader.tape().children(images.keys).next().expect("there is one");
/// assert_eq!(key.name.raw(reader.tape().text()), b"orderId");
/// ```
#[derive(Debug, Default)]
pub struct ImageReader {
    tape: Tape,
    table: Vec<u8>,
    scratch: Vec<u8>,
    number: Vec<u8>,
}

/// The roots of a record's images, on the tape of its [`ImageReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Images {
    /// `Keys`; of an item that comes without them the item itself.
    pub keys: NodeId,
    /// The item as it is; `None` where it is gone.
    pub new: Option<NodeId>,
    /// Of an item that is gone, what it was, where the record says it.
    pub old: Option<NodeId>,
}

impl ImageReader {
    /// The buffer for the next record's bytes, empty.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.table.clear();
        self.tape.begin()
    }

    /// The attributes of the record that was read last.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The table of the record that was read last, also where the rest of it is wrong; empty
    /// where it says none.
    pub fn table(&self) -> &[u8] {
        &self.table
    }

    /// Reads the bytes in [`ImageReader::buffer`] as a change record.
    ///
    /// # Errors
    ///
    /// Why it could be no row.
    pub fn read_record(&mut self) -> Result<Images, Failure> {
        let ImageReader { tape, table, scratch, number } = self;
        check_text(tape.text())?;
        let mut envelope = Envelope::default();
        envelope.parse(tape, false)?;
        envelope.read_table(tape, Some(b""), table)?;
        let change = envelope.change(tape, table, envelope.time_us(tape), None, number)?;
        let (keys, new) = (change.keys, change.new_image);
        let old = match change.event_name {
            // No row needs it, so it may be bad.
            EventName::Remove => {
                envelope.old_image(tape, Some(Binary::Single), scratch).ok().flatten()
            }
            _ => None,
        };
        Ok(Images { keys, new, old })
    }

    /// Reads the bytes in [`ImageReader::buffer`] as a line of an export. It names no table, and its
    /// old image is never used for a row. `is_full`: whether its export is a full one.
    ///
    /// # Errors
    ///
    /// Why it could be no row.
    pub fn read_export_line(&mut self, is_full: bool) -> Result<Images, Failure> {
        check_text(self.tape.text())?;
        let line = export::Line::parse(&mut self.tape)?;
        let kind =
            if is_full { export::Kind::Full { time_us: 0 } } else { export::Kind::Incremental };
        let change = line.change(&self.tape, b"", kind, &mut self.number)?;
        Ok(Images { keys: change.keys, new: change.new_image, old: None })
    }

    /// Reads the bytes in [`ImageReader::buffer`] as an item, `{"name": {"S": "text"}, …}`.
    ///
    /// # Errors
    ///
    /// Why it is not an item.
    pub fn read_item(&mut self) -> Result<Images, Failure> {
        check_text(self.tape.text())?;
        let (mut cursor, nodes) = self.tape.reader();
        let item = nodes.parse_image(&mut cursor)?;
        cursor.finish()?;
        Ok(Images { keys: item, new: Some(item), old: None })
    }

    /// Gives memory back that only a large record needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        for buffer in [&mut self.table, &mut self.scratch, &mut self.number] {
            buffer.clear();
            buffer.shrink_to(kept_bytes);
        }
        self.tape.shrink(kept_bytes);
    }
}
