//! Without a schema: every attribute that is not a map makes its own column, named by the
//! normalised names on the way to it, joined with `_`.

use super::contest::Contest;
use super::names::{Context, EMPTY, EntryId, MAX_NAMES, NONE, Names, Slot};
use crate::failure::Failure;
use crate::item::{Descriptor, Mark, NodeId, Tape};
use crate::schema::{Plan, is_metadata};
use crate::text::json::Text;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::ops::Range;

/// What the joined names of one record may take; those of an item within DynamoDB's 400 KB and 32
/// levels never take more, unless its row could never be returned.
const MAX_JOINED_BYTES: usize = 16 << 20;

/// The names of an item would take more room than any row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamesTooLong;

impl From<NamesTooLong> for Failure {
    fn from(_: NamesTooLong) -> Self {
        Failure::RowTooLarge
    }
}

/// Finds the columns of items, and remembers names.
#[derive(Debug)]
pub(crate) struct Flattener {
    names: Names,
    contest: Contest,
    hasher: DefaultHashBuilder,
    /// Counts images, so that a slot of an earlier one counts as empty.
    image: u64,
    /// The columns found so far, as ranges of the names' bytes.
    found: Vec<Range<usize>>,
    found_lookup: HashTable<u32>,
    slots: Vec<Slot>,
    /// The attributes of the image that fill a column, or did until another won it.
    filled: Vec<(NodeId, u32)>,
    /// How many bytes of joined names the image has taken to learn.
    joined_bytes: usize,
    leftover: bool,
}

impl Flattener {
    /// A flattener that has seen no names yet.
    pub(crate) fn new(plan: &Plan) -> Flattener {
        Flattener {
            names: Names::new(plan),
            contest: Contest::default(),
            hasher: DefaultHashBuilder::default(),
            image: 0,
            found: Vec::new(),
            found_lookup: HashTable::new(),
            slots: Vec::new(),
            filled: Vec::new(),
            joined_bytes: 0,
            leftover: false,
        }
    }

    /// Begins a change record.
    pub(crate) fn begin(&mut self, plan: &Plan) {
        if self.names.is_full() || self.contest.is_full() {
            self.names.forget(plan);
            self.contest.forget();
            self.found.clear();
            self.found.shrink_to(MAX_NAMES);
            self.found_lookup.clear();
            self.found_lookup.shrink_to(MAX_NAMES, |_| 0);
            self.slots.clear();
            self.slots.shrink_to(MAX_NAMES);
        }
        self.names.begin();
    }

    /// Gives memory back that only a large item needs; what is remembered of names has its own
    /// bounds.
    pub(crate) fn shrink(&mut self, kept_bytes: usize) {
        self.names.shrink(kept_bytes);
        self.filled.clear();
        self.filled.shrink_to(kept_bytes / size_of::<(NodeId, u32)>());
    }

    /// Finds the columns of an image, given by its root, and marks what lost a collision.
    pub(crate) fn bind(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        root: NodeId,
    ) -> Result<(), NamesTooLong> {
        self.image += 1;
        self.leftover = false;
        self.filled.clear();
        self.joined_bytes = 0;
        self.flatten(plan, tape, root, 0)
    }

    /// Whether an attribute of the image bound last is in no column.
    pub(crate) fn leftover(&self) -> bool {
        self.leftover
    }

    /// The bound attributes in the order of the item, and their columns' names.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (NodeId, &[u8])> {
        self.filled
            .iter()
            .filter(|&&(node, column)| self.slots[column as usize].node == node)
            .map(|&(node, column)| (node, &self.names.bytes[self.found[column as usize].clone()]))
    }

    fn flatten(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        map: NodeId,
        context: u32,
    ) -> Result<(), NamesTooLong> {
        let end = tape.node(map).end;
        let mut id = map + 1;
        while id < end {
            let node = *tape.node(id);
            let is_map = node.descriptor == Descriptor::M;
            // An empty map makes nothing.
            if !is_map || node.end > id + 1 {
                let entry = self.entry(plan, context, node.name, tape.text(), is_map);
                if self.joined_bytes > MAX_JOINED_BYTES {
                    return Err(NamesTooLong);
                }
                if is_map {
                    tape.mark(id, Mark::PARTLY);
                    let inside = self.names.entry(entry).inside;
                    self.flatten(plan, tape, id, inside)?;
                } else {
                    self.contend(tape, id, entry);
                }
            }
            id = node.end;
        }
        Ok(())
    }

    /// The entry of an attribute, complete with its column, or with its context if it is a map.
    fn entry(
        &mut self,
        plan: &Plan,
        context: u32,
        name: Text,
        text: &[u8],
        is_map: bool,
    ) -> EntryId {
        let id = self.names.look_up(plan, context, name, text);
        let entry = self.names.entry(id);
        if (is_map && entry.inside != NONE) || (!is_map && (entry.target != NONE || entry.loses)) {
            return id;
        }
        let from = self.names.push_joined(id);
        self.joined_bytes += self.names.bytes.len() - from;
        if is_map {
            self.names.bytes.push(b'_');
            let place = *self.names.context(context);
            let inside = self.names.add_context(Context {
                prefix: Some((from, self.names.bytes.len())),
                map: id,
                depth: place.depth + 1,
                ..place
            });
            self.names.entry_mut(id).inside = inside;
        } else if is_metadata(&self.names.bytes[from..]) {
            self.names.entry_mut(id).loses = true;
        } else {
            let exact = self.names.is_exact(id, &self.names.bytes[from..]);
            let target = self.column(from);
            let entry = self.names.entry_mut(id);
            (entry.exact, entry.target) = (exact, target);
        }
        id
    }

    /// The column whose name is at the end of the names' bytes.
    fn column(&mut self, from: usize) -> u32 {
        let (bytes, found, hasher) = (&self.names.bytes, &self.found, &self.hasher);
        let name = &bytes[from..];
        let hash = hasher.hash_one(name);
        let known = self.found_lookup.find(hash, |&at| bytes[found[at as usize].clone()] == *name);
        if let Some(&column) = known {
            self.names.bytes.truncate(from);
            return column;
        }
        let column = self.found.len() as u32;
        self.found.push(from..self.names.bytes.len());
        self.slots.push(EMPTY);
        let found = &self.found;
        self.found_lookup
            .insert_unique(hash, column, |&at| hasher.hash_one(&bytes[found[at as usize].clone()]));
        column
    }

    /// Gives a column to an attribute, or to the better of two.
    fn contend(&mut self, tape: &mut Tape, id: NodeId, entry_id: EntryId) {
        let entry = *self.names.entry(entry_id);
        if entry.loses {
            tape.mark(id, Mark::LOSER);
            self.leftover = true;
            return;
        }
        let slot = self.slots[entry.target as usize];
        if slot.image == self.image {
            self.leftover = true;
            if !self.contest.beats(&self.names, entry_id, slot.entry) {
                tape.mark(id, Mark::LOSER);
                return;
            }
            tape.mark(slot.node, Mark::LOSER);
        }
        let slot = Slot { image: self.image, node: id, entry: entry_id };
        self.slots[entry.target as usize] = slot;
        self.filled.push((id, entry.target));
    }
}
