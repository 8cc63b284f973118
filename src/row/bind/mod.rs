//! Binding: which attribute of an item fills which column.
//!
//! Explicit paths claim their attributes first. Every other attribute reaches a column by its
//! normalised name, or, inside a map that no column takes, by the names on the way joined with `_`.
//! An example, with the columns `order_id` (a key), `customer_address_city` and `customer_name`,
//! where the last has the path `["customer", "name"]`:
//!
//! ```text
//! {"orderId": …,                              → order_id
//!  "customer": {"name": …,                    → customer_name, by its path
//!               "address": {"city": …,        → customer_address_city, by its names joined
//!                           "zip": …}},       → no column: rescued as unknown
//!  "customerAddressCity": …}                  → customer_address_city too: a collision, which the
//!                                               shallower one wins; the other is rescued
//! ```
//!
//! What a name leads to depends on the *context* in which it is found: the root, each map that
//! leads on (`customer`, `customer.address`), each struct type. In a context each name has an
//! *entry*: the column that it reaches, and the context inside it. [`names`] works an entry out
//! once and remembers it; [`contest`] decides collisions; [`flatten`] is the way without a schema.
//! What came of each attribute is left on its node as a [`Mark`], from which `row::rescue` reads
//! what has to be rescued.

mod contest;
mod flatten;
mod names;

pub(super) use flatten::Flattener;

use crate::item::{Descriptor, Mark, NodeId, Tape};
use crate::schema::{Plan, PlannedStruct, Protect};
use crate::text::json::Text;
use contest::Contest;
use names::{EMPTY, EntryId, NONE, Names, Slot};

/// Binds items to a plan's columns, and remembers names.
#[derive(Debug)]
pub(super) struct Binder {
    names: Names,
    contest: Contest,
    /// Counts images, so that a slot of an earlier one counts as empty.
    image: u64,
    /// A slot for each column.
    slots: Vec<Slot>,
    /// Members of the structs that are being written, inner ones last.
    members: Vec<Slot>,
    leftover: bool,
}

impl Binder {
    /// A binder that has seen no names yet.
    pub(super) fn new(plan: &Plan) -> Binder {
        Binder {
            names: Names::new(plan),
            contest: Contest::default(),
            image: 0,
            slots: vec![EMPTY; plan.columns.len()],
            members: Vec::new(),
            leftover: false,
        }
    }

    /// Begins a change record.
    pub(super) fn begin(&mut self, plan: &Plan) {
        if self.names.is_full() || self.contest.is_full() {
            self.names.forget(plan);
            self.contest.forget();
        }
        self.names.begin();
    }

    /// Gives memory back that only a large item needs; what is remembered of names has its own
    /// bounds.
    pub(super) fn shrink(&mut self, kept_bytes: usize) {
        self.names.shrink(kept_bytes);
        self.members.clear();
        self.members.shrink_to(kept_bytes / size_of::<Slot>());
    }

    /// Binds an image, given by its root, and marks its nodes.
    pub(super) fn bind(&mut self, plan: &Plan, tape: &mut Tape, root: NodeId) {
        self.image += 1;
        self.leftover = false;
        self.members.clear();
        self.bind_members(plan, tape, root, 0);
    }

    /// Marks what is to be hidden of an attribute whose value was taken out of its item, by the
    /// names on the way to it, without binding it; it may be in a list behind them. What is a hash
    /// stays as it is.
    pub(super) fn protect(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        (names, in_list): (&[impl AsRef<[u8]>], bool),
        id: NodeId,
    ) {
        let mut context = 0;
        for name in names {
            let name = name.as_ref();
            let entry = self.names.look_up(plan, context, Text::plain(0, name.len()), name);
            let entry = *self.names.entry(entry);
            if entry.target != NONE {
                protect_unless_hash(plan, tape, id, entry.target);
            }
            context = entry.inside;
            if context == NONE {
                return;
            }
        }
        if !in_list {
            self.protect_inside(plan, tape, id, context);
        }
    }

    fn protect_inside(&mut self, plan: &Plan, tape: &mut Tape, map: NodeId, context: u32) {
        if context == NONE || tape.node(map).descriptor != Descriptor::M {
            return;
        }
        let end = tape.node(map).end;
        let mut id = map + 1;
        while id < end {
            let node = *tape.node(id);
            let entry = self.names.look_up(plan, context, node.name, tape.text());
            let entry = *self.names.entry(entry);
            if entry.target != NONE {
                protect_unless_hash(plan, tape, id, entry.target);
            }
            self.protect_inside(plan, tape, id, entry.inside);
            id = node.end;
        }
    }

    /// Whether an attribute of the image bound last is in no column.
    pub(super) fn leftover(&self) -> bool {
        self.leftover
    }

    /// The attribute bound to a column, in the image bound last.
    #[inline]
    pub(super) fn bound(&self, column: usize) -> Option<NodeId> {
        let slot = self.slots[column];
        (slot.image == self.image).then_some(slot.node)
    }

    /// Binds the members of a map; says whether anything in it is bound or lost a collision.
    fn bind_members(&mut self, plan: &Plan, tape: &mut Tape, map: NodeId, context: u32) -> bool {
        let hidden = self.names.context(context).hidden;
        let mut touched = false;
        let end = tape.node(map).end;
        let mut id = map + 1;
        while id < end {
            let node = *tape.node(id);
            let entry_id = self.names.look_up(plan, context, node.name, tape.text());
            let entry = *self.names.entry(entry_id);
            if entry.target != NONE && hidden {
                protect(plan, tape, id, entry.target);
            } else if entry.target != NONE {
                touched = true;
                self.contend(plan, tape, id, entry_id);
            }
            let mut partly = false;
            if node.descriptor == Descriptor::M && entry.inside != NONE {
                partly = self.bind_members(plan, tape, id, entry.inside);
                if partly {
                    tape.mark(id, Mark::PARTLY);
                    touched = true;
                }
            }
            self.leftover |= entry.target == NONE && !partly && !hidden;
            id = node.end;
        }
        touched
    }

    /// Gives a column to an attribute, or to the better of two.
    fn contend(&mut self, plan: &Plan, tape: &mut Tape, id: NodeId, entry_id: EntryId) {
        let entry = *self.names.entry(entry_id);
        protect(plan, tape, id, entry.target);
        let slot = self.slots[entry.target as usize];
        let taken = slot.image == self.image;
        if entry.loses || (taken && !self.contest.beats(&self.names, entry_id, slot.entry)) {
            tape.mark(id, Mark::LOSER);
            self.leftover = true;
            return;
        }
        if taken {
            tape.unmark(slot.node, Mark::BOUND);
            tape.mark(slot.node, Mark::LOSER);
            self.leftover = true;
        }
        tape.mark(id, Mark::BOUND);
        let slot = Slot { image: self.image, node: id, entry: entry_id };
        self.slots[entry.target as usize] = slot;
    }

    /// Makes room for the members of a struct, inside the structs that are open already.
    pub(super) fn open_struct(&mut self, planned: &PlannedStruct) -> usize {
        let base = self.members.len();
        self.members.resize(base + planned.members.len(), EMPTY);
        base
    }

    /// Lets an attribute fill a member of the struct that was opened last, at `base`.
    pub(super) fn offer_member(
        &mut self,
        plan: &Plan,
        planned: &PlannedStruct,
        base: usize,
        (id, name): (NodeId, Text),
        tape: &Tape,
    ) -> Offer {
        let context = Names::struct_context(planned.id);
        let entry = self.names.look_up(plan, context, name, tape.text());
        let target = self.names.entry(entry).target;
        if target == NONE {
            return Offer::Unknown;
        }
        let slot = self.members[base + target as usize];
        if slot.node != NONE && !self.contest.beats(&self.names, entry, slot.entry) {
            return Offer::Lost(id);
        }
        self.members[base + target as usize] = Slot { image: self.image, node: id, entry };
        if slot.node == NONE { Offer::Taken } else { Offer::Lost(slot.node) }
    }

    /// The attribute that fills a member of the struct opened at `base`.
    pub(super) fn member(&self, base: usize, member: usize) -> Option<NodeId> {
        let node = self.members[base + member].node;
        (node != NONE).then_some(node)
    }

    /// Gives the room of a struct back.
    pub(super) fn close_struct(&mut self, base: usize) {
        self.members.truncate(base);
    }
}

/// Marks an attribute that reaches a column which hides it.
fn protect(plan: &Plan, tape: &mut Tape, id: NodeId, column: u32) {
    match plan.columns[column as usize].protect {
        // A NULL stays one: there is nothing to hide, and no text to hash.
        Some(Protect::Sha256) if tape.node(id).descriptor != Descriptor::Null => {
            tape.mark(id, Mark::HASH);
        }
        Some(Protect::Drop) => tape.mark(id, Mark::DROP),
        _ => {}
    }
}

/// The same of a value that may have been hidden before: a hash is not hashed again.
pub(super) fn protect_unless_hash(plan: &Plan, tape: &mut Tape, id: NodeId, column: u32) {
    let node = tape.node(id);
    let text = node.value.raw(tape.text());
    let is_hash = node.descriptor == Descriptor::S
        && text.len() == 64
        && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hash || plan.columns[column as usize].protect == Some(Protect::Drop) {
        protect(plan, tape, id, column);
    }
}

/// What came of an attribute that was offered to a struct.
pub(super) enum Offer {
    /// It fills a member.
    Taken,
    /// It, or the attribute that had the member before, lost.
    Lost(NodeId),
    /// The struct has no such member.
    Unknown,
}
