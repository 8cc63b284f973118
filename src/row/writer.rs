//! One row: the columns that the plan declares, then the metadata.

use super::bind::{Binder, Flattener};
use super::rescue::{Reason, Rescue};
use super::sink::{Scalar, Sink};
use super::values::ValueWriter;
use crate::change::Change;
use crate::failure::Failure;
use crate::item::{Descriptor, NodeId, Tape};
use crate::schema::{Metadata, OnRemove, Plan, Protect};
use crate::text::time;

/// Writes rows, with memory that it reuses.
#[derive(Debug)]
pub(crate) struct RowWriter {
    columns: Columns,
    pub(super) rescue: Rescue,
    /// Of a REMOVE that holds the item as it was: the attributes of `Keys` that fill the key
    /// columns.
    keys: Vec<(usize, NodeId)>,
    text: Vec<u8>,
    max_bytes: usize,
}

/// How attributes find their columns.
#[derive(Debug)]
enum Columns {
    /// By a schema.
    Declared(Binder),
    /// Without one: each makes its own.
    Found(Flattener),
}

impl RowWriter {
    /// A writer of rows of at most `max_bytes`.
    pub(crate) fn new(plan: &Plan, max_bytes: usize) -> RowWriter {
        let columns = if plan.schemaless {
            Columns::Found(Flattener::new(plan))
        } else {
            Columns::Declared(Binder::new(plan))
        };
        RowWriter {
            columns,
            rescue: Rescue::default(),
            keys: Vec::new(),
            text: Vec::new(),
            max_bytes,
        }
    }

    /// Gives memory back that only a large item needs.
    pub(crate) fn shrink(&mut self, kept_bytes: usize) {
        match &mut self.columns {
            Columns::Declared(binder) => binder.shrink(kept_bytes),
            Columns::Found(flattener) => flattener.shrink(kept_bytes),
        }
        self.rescue.shrink(kept_bytes);
        self.text.clear();
        self.text.shrink_to(kept_bytes);
    }

    /// The `_rescued` of the row that was written last, as JSON, if something in it was rescued.
    pub(crate) fn rescued(&self) -> &[u8] {
        // It is the last column for which the buffer is used.
        &self.text
    }

    /// Adds the row of a change to `out`; says whether something in it was rescued.
    ///
    /// # Errors
    ///
    /// [`Failure::KeyNotFilled`], and [`Failure::RowTooLarge`] for a row over `max_bytes`; `out` is
    /// as it was.
    pub(crate) fn write(
        &mut self,
        plan: &Plan,
        change: &Change<'_>,
        tape: &mut Tape,
        out: &mut impl Sink,
    ) -> Result<bool, Failure> {
        let start = out.begin_row();
        let written = self.write_from(plan, change, tape, start, out);
        match written {
            Ok(()) => Ok(!self.rescue.is_empty()),
            Err(failure) => {
                out.discard_row(start);
                Err(failure)
            }
        }
    }

    #[inline]
    fn write_from(
        &mut self,
        plan: &Plan,
        change: &Change<'_>,
        tape: &mut Tape,
        start: usize,
        out: &mut impl Sink,
    ) -> Result<(), Failure> {
        // The item that fills the columns; a tombstone has the key columns only.
        let item = match change.new_image {
            None if plan.on_remove == OnRemove::Item => change.old_image,
            new_image => new_image,
        };
        let image = item.unwrap_or(change.keys);
        // The key columns are a REMOVE's `Keys`, whatever the old image says.
        let keys_apart = item.is_some() && change.new_image.is_none();
        self.rescue.clear();
        self.keys.clear();
        match &mut self.columns {
            Columns::Declared(binder) => {
                binder.begin(plan);
                if keys_apart {
                    binder.bind(plan, tape, change.keys);
                    let keys = (0..plan.columns.len()).filter(|&at| plan.columns[at].is_key);
                    self.keys.extend(keys.filter_map(|at| Some((at, binder.bound(at)?))));
                }
                binder.bind(plan, tape, image);
                self.write_columns(plan, item, keys_apart, tape, out)?;
            }
            Columns::Found(flattener) => {
                flattener.begin(plan);
                flattener.bind(plan, tape, image)?;
                self.write_flattened(tape, image, out)?;
            }
        }
        self.write_metadata(plan, change, tape, image, out);
        out.end_row(start);
        if out.taken() - start > self.max_bytes {
            return Err(Failure::RowTooLarge);
        }
        Ok(())
    }

    /// Writes the declared columns, and notes what of the item is in none of them; without an item
    /// only the key columns. With `keys_apart` these are [`RowWriter::keys`].
    fn write_columns(
        &mut self,
        plan: &Plan,
        item: Option<NodeId>,
        keys_apart: bool,
        tape: &Tape,
        out: &mut impl Sink,
    ) -> Result<(), Failure> {
        let Columns::Declared(binder) = &mut self.columns else { return Ok(()) };
        let first = out.taken();
        let (rescue, text) = (&mut self.rescue, &mut self.text);
        let mut values = ValueWriter { plan, tape, binder, rescue, text };
        for (at, column) in plan.columns.iter().enumerate() {
            if column.protect == Some(Protect::Drop) {
                continue;
            }
            let start = out.taken();
            if item.is_none() && !column.is_key {
                out.leave_out(start);
                continue;
            }
            let bound = if keys_apart && column.is_key {
                self.keys.iter().find(|(key, _)| *key == at).map(|(_, id)| *id)
            } else {
                values.binder.bound(at)
            };
            let written = match bound {
                None => Ok(false),
                Some(id) => {
                    out.field(&column.field);
                    values.rescue.enter_column(id);
                    let written = values.write(id, &column.kind, out);
                    if let Err(misfit) = written {
                        values.rescue.add_misfit(tape, id, misfit);
                    }
                    written
                }
            };
            if written != Ok(true) {
                out.leave_out(start);
                if column.is_key {
                    return Err(Failure::KeyNotFilled { column: at });
                }
            }
            if out.taken() - first > self.max_bytes {
                return Err(Failure::RowTooLarge);
            }
        }
        if values.binder.leftover()
            && let Some(item) = item
        {
            for (id, _) in tape.children(item) {
                values.rescue.add_unbound(tape, id, Reason::Unknown);
            }
        }
        Ok(())
    }

    /// Writes the columns that the attributes make into a line of JSON, and notes what lost a
    /// collision.
    fn write_flattened(
        &mut self,
        tape: &Tape,
        image: NodeId,
        out: &mut impl Sink,
    ) -> Result<(), Failure> {
        let (Columns::Found(flattener), Some(out)) = (&self.columns, out.line()) else {
            return Ok(());
        };
        let first = out.len();
        for (id, name) in flattener.columns() {
            if tape.node(id).descriptor == Descriptor::Null {
                continue;
            }
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":");
            tape.write_plain(id, out);
            if out.len() - first > self.max_bytes {
                return Err(Failure::RowTooLarge);
            }
        }
        if flattener.leftover() {
            for (id, _) in tape.children(image) {
                self.rescue.add_losers(tape, id);
            }
        }
        Ok(())
    }

    fn write_metadata(
        &mut self,
        plan: &Plan,
        change: &Change<'_>,
        tape: &mut Tape,
        image: NodeId,
        out: &mut impl Sink,
    ) {
        for (metadata, field) in &plan.metadata {
            let start = out.taken();
            out.field(field);
            let mut is_there = true;
            match metadata {
                Metadata::EventType => out.plain(change.event_name.as_bytes()),
                Metadata::EventTime => out.scalar(&Scalar::Microseconds(change.time_us)),
                Metadata::EventId => match change.event_id {
                    Some(id) => out.text(id, tape.text()),
                    None => is_there = false,
                },
                Metadata::Table => out.string(change.table),
                Metadata::Sequence => write_sequence(change, out),
                Metadata::TtlDelete if change.is_ttl => out.scalar(&Scalar::Boolean(true)),
                Metadata::TtlDelete => is_there = false,
                Metadata::Old => match change.old_image.filter(|_| plan.old_image) {
                    Some(old) => self.write_old(plan, tape, image, old, out),
                    None => is_there = false,
                },
                Metadata::Rescued if self.rescue.is_empty() => is_there = false,
                Metadata::Rescued => {
                    self.text.clear();
                    self.rescue.write(tape, image, self.max_bytes, &mut self.text);
                    out.string(&self.text);
                }
            }
            if !is_there {
                out.leave_out(start);
            }
        }
    }

    /// Writes the old image as plain JSON text.
    fn write_old(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        image: NodeId,
        old: NodeId,
        out: &mut impl Sink,
    ) {
        if plan.protects
            && old != image
            && let Columns::Declared(binder) = &mut self.columns
        {
            // Binding it finds what is protected in it; the image of the row is bound already.
            binder.bind(plan, tape, old);
        }
        self.text.clear();
        tape.write_plain(old, &mut self.text);
        out.string(&self.text);
    }
}

/// Event time in microseconds, 20 digits, `-`, sequence number, 56 digits: text that sorts in the
/// order of changes to one item.
fn write_sequence(change: &Change<'_>, out: &mut impl Sink) {
    let mut text = [b'0'; 77];
    text[20] = b'-';
    time::write_padded(&mut text[..20], change.sequence.time_us);
    let number = change.sequence.number;
    // All digits are looked at, whatever they are: a loop that goes many at a time.
    let digits = number.iter().fold(true, |digits, byte| digits & byte.is_ascii_digit());
    if number.len() <= 56 && digits {
        text[77 - number.len()..].copy_from_slice(number);
    }
    out.plain(&text);
}
