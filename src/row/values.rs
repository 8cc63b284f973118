//! Attribute values as their columns' types.

use super::bind::{Binder, Offer};
use super::coerce;
use super::rescue::{Reason, Rescue};
use super::sink::Sink;
use crate::item::{Descriptor, Mark, NodeId, Tape};
use crate::schema::{Kind, Plan, PlannedStruct};
use crate::text::Misfit;
use crate::text::json::Text;
use hashbrown::HashSet;
use std::borrow::Cow;

/// Writes attribute values as their columns' types.
pub(super) struct ValueWriter<'a> {
    pub(super) plan: &'a Plan,
    pub(super) tape: &'a Tape,
    pub(super) binder: &'a mut Binder,
    pub(super) rescue: &'a mut Rescue,
    /// Scratch.
    pub(super) text: &'a mut Vec<u8>,
}

impl ValueWriter<'_> {
    /// Writes a value; `false`, and nothing written, for a NULL. Text in a string column, which
    /// most values are, comes first.
    #[inline(always)]
    pub(super) fn write(
        &mut self,
        id: NodeId,
        kind: &Kind,
        out: &mut impl Sink,
    ) -> Result<bool, Misfit> {
        let node = self.tape.node(id);
        if matches!(kind, Kind::String)
            && matches!(node.descriptor, Descriptor::S | Descriptor::N | Descriptor::B)
            && !node.mark.has(Mark::HASH)
        {
            out.text(node.value, self.tape.text());
            return Ok(true);
        }
        self.write_any(id, kind, out)
    }

    #[inline(never)]
    fn write_any(&mut self, id: NodeId, kind: &Kind, out: &mut impl Sink) -> Result<bool, Misfit> {
        let node = self.tape.node(id);
        if node.descriptor == Descriptor::Null {
            return Ok(false);
        }
        if node.mark.has(Mark::HASH) {
            if !matches!(kind, Kind::String) {
                return Err(Misfit::Type);
            }
            out.plain(&self.tape.hash(id));
            return Ok(true);
        }
        match kind {
            Kind::String => self.write_string(id, out),
            Kind::Array(element) => self.write_array(id, element, out)?,
            Kind::Map(value) => self.write_map(id, value, out)?,
            Kind::Struct(planned) => self.write_struct(id, planned, out)?,
            _ => {
                let text = node.value.decoded(self.tape.text(), self.text);
                coerce::write_scalar(kind, node.descriptor, text, out)?;
            }
        }
        Ok(true)
    }

    fn write_string(&mut self, id: NodeId, out: &mut impl Sink) {
        let node = self.tape.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B | Descriptor::Bool => {
                out.text(node.value, self.tape.text());
            }
            _ => {
                self.text.clear();
                self.tape.write_string_text(id, self.text);
                out.string(self.text);
            }
        }
    }

    /// Writes an element or a map's value, null for a NULL and for a value that does not fit.
    fn write_or_null(&mut self, id: NodeId, kind: &Kind, out: &mut impl Sink) {
        match self.write(id, kind, out) {
            Ok(true) => return,
            Ok(false) => {}
            Err(misfit) => self.rescue.add_misfit(self.tape, id, misfit),
        }
        out.null();
    }

    fn write_array(&mut self, id: NodeId, kind: &Kind, out: &mut impl Sink) -> Result<(), Misfit> {
        let tape = self.tape;
        match tape.node(id).descriptor {
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {}
            _ => return Err(Misfit::Type),
        }
        out.begin_array();
        for (at, (element, _)) in tape.children(id).enumerate() {
            out.element(at);
            self.write_or_null(element, kind, out);
        }
        out.end_array();
        Ok(())
    }

    fn write_map(&mut self, id: NodeId, kind: &Kind, out: &mut impl Sink) -> Result<(), Misfit> {
        let tape = self.tape;
        if tape.node(id).descriptor != Descriptor::M {
            return Err(Misfit::Type);
        }
        let start = out.begin_map();
        let mut names = MemberNames::default();
        for (member, node) in tape.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            if !names.is_new(node.name, tape.text()) {
                self.rescue.add_unbound(tape, member, Reason::Collision);
                continue;
            }
            out.key(node.name, tape.text());
            self.write_or_null(member, kind, out);
        }
        out.end_map(start);
        Ok(())
    }

    fn write_struct(
        &mut self,
        id: NodeId,
        planned: &PlannedStruct,
        out: &mut impl Sink,
    ) -> Result<(), Misfit> {
        let tape = self.tape;
        if tape.node(id).descriptor != Descriptor::M {
            return Err(Misfit::Type);
        }
        let base = self.binder.open_struct(planned);
        for (child, node) in tape.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            let attribute = (child, node.name);
            match self.binder.offer_member(self.plan, planned, base, attribute, tape) {
                Offer::Taken => {}
                Offer::Lost(loser) => {
                    self.rescue.add_unbound(tape, loser, Reason::Collision);
                }
                Offer::Unknown => self.rescue.add_unbound(tape, child, Reason::Unknown),
            }
        }
        let start = out.begin_struct();
        for (at, (name, kind)) in planned.members.iter().enumerate() {
            let before = out.taken();
            if let Some(member) = self.binder.member(base, at) {
                out.field(name);
                match self.write(member, kind, out) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(misfit) => self.rescue.add_misfit(tape, member, misfit),
                }
            }
            out.leave_out(before);
        }
        self.binder.close_struct(base);
        out.end_struct(start);
        Ok(())
    }
}

/// The names of a map's members, of which DynamoDB sends each once: of two of one name the first
/// counts.
#[derive(Default)]
struct MemberNames<'t> {
    few: [Text; FEW],
    len: usize,
    many: Option<HashSet<Cow<'t, [u8]>>>,
}

/// So many names are compared one by one.
const FEW: usize = 8;

impl<'t> MemberNames<'t> {
    /// Adds a name; says whether it is not there yet.
    fn is_new(&mut self, name: Text, text: &'t [u8]) -> bool {
        let decoded = name.to_cow(text);
        if self.len < FEW {
            if self.few[..self.len].iter().any(|earlier| earlier.is(text, &decoded)) {
                return false;
            }
            self.few[self.len] = name;
            self.len += 1;
            return true;
        }
        let few = &self.few;
        let many =
            self.many.get_or_insert_with(|| few.iter().map(|name| name.to_cow(text)).collect());
        many.insert(decoded)
    }
}
