//! One row: the columns that the plan declares, then the metadata, as a line of JSON.

use crate::attribute::{Descriptor, Mark, NodeId, Tape};
use crate::bind::{Binder, NamesTooLong, Offer};
use crate::change::{Change, EventName};
use crate::coerce::{self, Misfit};
use crate::failure::Failure;
use crate::json;
use crate::rescue::{Reason, Rescue};
use crate::schema::{Kind, Plan, PlannedStruct};
use crate::time;

/// What a metadata column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    EventType,
    EventTime,
    EventId,
    Table,
    Sequence,
    TtlDelete,
    Old,
    Rescued,
}

impl Metadata {
    /// The content that a name in the metadata columns' file stands for.
    ///
    /// # Panics
    ///
    /// On a name that the code doesn't know, which only an edit of that file can bring about.
    pub(crate) fn named(name: &str) -> Metadata {
        match name {
            "_event_type" => Metadata::EventType,
            "_event_time" => Metadata::EventTime,
            "_event_id" => Metadata::EventId,
            "_table" => Metadata::Table,
            "_sequence" => Metadata::Sequence,
            "_ttl_delete" => Metadata::TtlDelete,
            "_old" => Metadata::Old,
            "_rescued" => Metadata::Rescued,
            _ => panic!("metadata column {name} is not written by this version"),
        }
    }
}

/// Writes rows, with memory that it reuses.
#[derive(Debug)]
pub struct RowWriter {
    binder: Binder,
    rescue: Rescue,
    text: Vec<u8>,
    max_bytes: usize,
}

impl RowWriter {
    /// A writer of rows of at most `max_bytes`.
    pub fn new(plan: &Plan, max_bytes: usize) -> RowWriter {
        RowWriter {
            binder: Binder::new(plan),
            rescue: Rescue::default(),
            text: Vec::new(),
            max_bytes,
        }
    }

    /// Gives memory back that only a large item needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        self.binder.shrink(kept_bytes);
        self.rescue.shrink(kept_bytes);
        self.text.clear();
        self.text.shrink_to(kept_bytes);
    }

    /// Writes the row of a change onto `out`; says whether something in it was rescued.
    ///
    /// # Errors
    ///
    /// [`Failure::KeyNotFilled`], and [`Failure::ResponseFull`] for a row that no response could hold.
    pub fn write(
        &mut self,
        plan: &Plan,
        change: &Change,
        tape: &mut Tape,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        let start = out.len();
        let remove = change.event_name == EventName::Remove;
        let image = change.new_image.unwrap_or(change.keys);
        self.binder.begin(plan);
        self.rescue.clear();
        self.binder.bind(plan, tape, input, image)?;
        if plan.schemaless {
            self.write_flattened(tape, input, out)?;
        } else {
            self.write_columns(plan, tape, input, remove, out)?;
        }
        if self.binder.leftover && (plan.schemaless || !remove) {
            for (id, _) in tape.children(image) {
                if plan.schemaless {
                    self.rescue.add_losers(tape, id);
                } else {
                    self.rescue.add_unbound(tape, id, Reason::Unknown);
                }
            }
        }
        self.write_metadata(plan, change, tape, input, image, out)?;
        out[start] = b'{';
        out.extend_from_slice(b"}\n");
        if out.len() - start > self.max_bytes {
            return Err(Failure::ResponseFull);
        }
        Ok(!self.rescue.is_empty())
    }

    fn write_columns(
        &mut self,
        plan: &Plan,
        tape: &Tape,
        input: &[u8],
        keys_only: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let first = out.len();
        for (at, column) in plan.columns.iter().enumerate() {
            if column.protect == Some(crate::schema::Protect::Drop) || (keys_only && !column.is_key)
            {
                continue;
            }
            let start = out.len();
            let written = match self.binder.bound(at) {
                None => Ok(false),
                Some(id) => {
                    column.prefix.append_to(out);
                    self.rescue.enter_column(id);
                    let written =
                        Values { plan, tape, input, writer: self }.write(id, &column.kind, out);
                    if let Err(misfit) = written {
                        self.rescue.add_misfit(tape, id, misfit);
                    }
                    written
                }
            };
            if written != Ok(true) {
                out.truncate(start);
                if column.is_key {
                    return Err(Failure::KeyNotFilled { column: at });
                }
            }
            if out.len() - first > self.max_bytes {
                return Err(Failure::ResponseFull);
            }
        }
        Ok(())
    }

    fn write_flattened(
        &mut self,
        tape: &Tape,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let first = out.len();
        for (id, name) in self.binder.flattened() {
            if tape.node(id).descriptor == Descriptor::Null {
                continue;
            }
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":");
            tape.write_plain(id, input, out);
            if out.len() - first > self.max_bytes {
                return Err(Failure::ResponseFull);
            }
        }
        Ok(())
    }

    fn write_metadata(
        &mut self,
        plan: &Plan,
        change: &Change,
        tape: &mut Tape,
        input: &[u8],
        image: NodeId,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        for (metadata, prefix) in &plan.metadata {
            let start = out.len();
            prefix.append_to(out);
            let value = out.len();
            match metadata {
                Metadata::EventType => {
                    json::write_string(change.event_name.as_bytes(), out);
                }
                Metadata::EventTime => {
                    out.push(b'"');
                    time::write_microseconds(change.time_us, out);
                    out.push(b'"');
                }
                Metadata::EventId => {
                    if let Some(id) = change.event_id {
                        json::write_text(id, input, out);
                    }
                }
                Metadata::Table => json::write_string(change.table, out),
                Metadata::Sequence => write_sequence(change, out),
                Metadata::TtlDelete => {
                    let ttl = change.by_service && change.event_name == EventName::Remove;
                    out.extend_from_slice(if ttl { b"true" } else { b"" });
                }
                Metadata::Old => {
                    if let Some(old) = change.old_image.filter(|_| plan.old_image) {
                        self.write_old(plan, tape, input, old, out)?;
                    }
                }
                Metadata::Rescued => {
                    if !self.rescue.is_empty() {
                        self.text.clear();
                        self.rescue.write(tape, input, image, self.max_bytes, &mut self.text);
                        json::write_string(&self.text, out);
                    }
                }
            }
            if out.len() == value {
                out.truncate(start);
            }
        }
        Ok(())
    }

    fn write_old(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        input: &[u8],
        old: NodeId,
        out: &mut Vec<u8>,
    ) -> Result<(), NamesTooLong> {
        if plan.protects {
            // The old image is an item of its own: what is protected in it, its own binding tells.
            self.binder.bind(plan, tape, input, old)?;
        }
        self.text.clear();
        tape.write_plain(old, input, &mut self.text);
        json::write_string(&self.text, out);
        Ok(())
    }
}

/// Event time in microseconds, 20 digits, `-`, sequence number, 56 digits: text that sorts in the order of
/// changes to one item.
fn write_sequence(change: &Change, out: &mut Vec<u8>) {
    let mut text = [b'0'; 79];
    (text[0], text[21], text[78]) = (b'"', b'-', b'"');
    time::put(&mut text[1..21], change.time_us);
    let number = &change.sequence_number;
    // All digits are looked at, whatever they are: a loop that goes many at a time.
    let digits = number.iter().fold(true, |digits, byte| digits & byte.is_ascii_digit());
    if number.len() <= 56 && digits {
        text[78 - number.len()..78].copy_from_slice(number);
    }
    out.extend_from_slice(&text);
}

/// Writes attribute values as their columns' types.
struct Values<'a> {
    plan: &'a Plan,
    tape: &'a Tape,
    input: &'a [u8],
    writer: &'a mut RowWriter,
}

impl Values<'_> {
    /// Writes a value; `false`, and nothing written, for a NULL. What most values are, text in a string column, first.
    #[inline(always)]
    fn write(&mut self, id: NodeId, kind: &Kind, out: &mut Vec<u8>) -> Result<bool, Misfit> {
        let node = self.tape.node(id);
        if matches!(kind, Kind::String)
            && matches!(node.descriptor, Descriptor::S | Descriptor::N | Descriptor::B)
            && !node.mark.has(Mark::HASH)
        {
            json::write_text(node.value, self.input, out);
            return Ok(true);
        }
        self.write_any(id, kind, out)
    }

    #[inline(never)]
    fn write_any(&mut self, id: NodeId, kind: &Kind, out: &mut Vec<u8>) -> Result<bool, Misfit> {
        let node = self.tape.node(id);
        if node.descriptor == Descriptor::Null {
            return Ok(false);
        }
        if node.mark.has(Mark::HASH) {
            if !matches!(kind, Kind::String) {
                return Err(Misfit::Type);
            }
            json::write_string(&self.tape.hash(id, self.input), out);
            return Ok(true);
        }
        match kind {
            Kind::String => self.write_string(id, out),
            Kind::Array(element) => self.write_array(id, element, out)?,
            Kind::Map(value) => self.write_map(id, value, out)?,
            Kind::Struct(planned) => self.write_struct(id, planned, out)?,
            _ => {
                let mut text = std::mem::take(&mut self.writer.text);
                let plain = node.value.decoded(self.input, &mut text);
                let written = coerce::write_scalar(kind, node.descriptor, plain, out);
                self.writer.text = text;
                written?;
            }
        }
        Ok(true)
    }

    fn write_string(&mut self, id: NodeId, out: &mut Vec<u8>) {
        let node = self.tape.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B | Descriptor::Bool => {
                json::write_text(node.value, self.input, out);
            }
            _ => {
                self.writer.text.clear();
                self.tape.write_string_text(id, self.input, &mut self.writer.text);
                json::write_string(&self.writer.text, out);
            }
        }
    }

    /// Writes an element or a map's value, `null` where there is none or it does not fit.
    fn write_or_null(&mut self, id: NodeId, kind: &Kind, out: &mut Vec<u8>) {
        match self.write(id, kind, out) {
            Ok(true) => return,
            Ok(false) => {}
            Err(misfit) => self.writer.rescue.add_misfit(self.tape, id, misfit),
        }
        out.extend_from_slice(b"null");
    }

    fn write_array(&mut self, id: NodeId, kind: &Kind, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let tape = self.tape;
        match tape.node(id).descriptor {
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {}
            _ => return Err(Misfit::Type),
        }
        out.push(b'[');
        for (at, (element, _)) in tape.children(id).enumerate() {
            out.extend((at > 0).then_some(b','));
            self.write_or_null(element, kind, out);
        }
        out.push(b']');
        Ok(())
    }

    fn write_map(&mut self, id: NodeId, kind: &Kind, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let tape = self.tape;
        if tape.node(id).descriptor != Descriptor::M {
            return Err(Misfit::Type);
        }
        let start = out.len();
        for (member, node) in tape.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            out.push(b',');
            json::write_text(node.name, self.input, out);
            out.push(b':');
            self.write_or_null(member, kind, out);
        }
        enclose(start, out);
        Ok(())
    }

    fn write_struct(
        &mut self,
        id: NodeId,
        planned: &PlannedStruct,
        out: &mut Vec<u8>,
    ) -> Result<(), Misfit> {
        let tape = self.tape;
        if tape.node(id).descriptor != Descriptor::M {
            return Err(Misfit::Type);
        }
        let base = self.writer.binder.open_struct(planned);
        for (child, node) in tape.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            let attribute = (child, node.name);
            match self.writer.binder.offer_member(self.plan, planned, base, attribute, self.input) {
                Offer::Taken => {}
                Offer::Lost(loser) => {
                    self.writer.rescue.add_unbound(tape, loser, Reason::Collision);
                }
                Offer::Unknown => self.writer.rescue.add_unbound(tape, child, Reason::Unknown),
            }
        }
        let start = out.len();
        for (at, (prefix, kind)) in planned.members.iter().enumerate() {
            let Some(member) = self.writer.binder.member(base, at) else { continue };
            let before = out.len();
            prefix.append_to(out);
            match self.write(member, kind, out) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(misfit) => self.writer.rescue.add_misfit(tape, member, misfit),
            }
            out.truncate(before);
        }
        self.writer.binder.close_struct(base);
        enclose(start, out);
        Ok(())
    }
}

/// Makes `,"a":1,"b":2`, written from `start`, an object.
fn enclose(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}
