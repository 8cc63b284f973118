//! Binding: which attribute of an item fills which column.
//!
//! Explicit paths claim their attributes first. Every other attribute reaches a column by its normalised
//! name, or, inside a map that no column takes, by the names on the way joined with `_`. What a name leads
//! to is worked out once and remembered: names repeat from record to record, mostly in the same order.

use crate::attribute::{Descriptor, Mark, NodeId, Tape};
use crate::bytes::are_at;
use crate::json::{Escapes, Text};
use crate::schema::{Plan, PlannedStruct, Protect, is_metadata, normalise};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

/// Stands for "none" where an index is expected.
const NONE: u32 = u32::MAX;

/// What is remembered of names is forgotten where it passes one of these between two records.
const MAX_NAMES: usize = 1 << 15;
const MAX_NAME_BYTES: usize = 1 << 20;

/// Joined names of one record may take this much, which those of no item within DynamoDB's 400 KB and 32 levels
/// do, unless its row could never be returned.
const MAX_JOINED_BYTES: usize = 16 << 20;

/// Index of an [`Entry`].
type EntryId = u32;

/// Where names are looked up: an item's root, a map inside it, or a struct type.
#[derive(Clone, Copy, Debug)]
struct Context {
    /// The branch of explicit paths; none where no path leads this way.
    branch: Option<u32>,
    /// The normalised names on the way, each with a `_` behind it; none where nothing is flattened.
    prefix: Option<(usize, usize)>,
    /// The struct type whose members these are.
    of_struct: Option<u32>,
    /// The entry of the map itself; none at the root.
    map: EntryId,
    /// Whether a column hides the map, so that nothing inside can be bound.
    hidden: bool,
    /// How many maps are around.
    depth: u32,
}

/// What a name leads to in a context.
#[derive(Clone, Copy, Debug)]
struct Entry {
    context: u32,
    name: (usize, usize),
    /// The column or struct member that the attribute reaches.
    target: u32,
    /// Whether it reaches the column only to lose it: to a key, or to a metadata column.
    loses: bool,
    /// Whether the raw name is that of what it reaches.
    exact: bool,
    /// The context of its members, if it is a map.
    inside: u32,
    /// The entry that came after this one last time.
    follower: EntryId,
}

/// The attribute that a column or struct member has got so far.
#[derive(Clone, Copy, Debug)]
struct Slot {
    record: u64,
    node: NodeId,
    entry: EntryId,
}

const EMPTY: Slot = Slot { record: 0, node: NONE, entry: NONE };

/// The names of an item would take more room than any row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesTooLong;

/// Binds items to a plan's columns, and remembers names.
#[derive(Debug)]
pub struct Binder {
    bytes: Vec<u8>,
    contexts: Vec<Context>,
    entries: Vec<Entry>,
    lookup: HashTable<EntryId>,
    hasher: DefaultHashBuilder,
    last: EntryId,
    scratch: Vec<u8>,
    joined: Vec<u8>,
    /// Counts images, so that a slot of an earlier one counts as empty.
    record: u64,
    slots: Vec<Slot>,
    /// Without a schema: the columns found so far, and where the attributes that fill them are.
    found: Vec<Range<usize>>,
    found_lookup: HashTable<u32>,
    filled: Vec<(NodeId, u32)>,
    /// How many bytes of joined names the image has taken to learn.
    joined_bytes: usize,
    /// Pairs of maps whose names have been compared: see [`Binder::compare_maps`].
    compared: HashMap<(u32, u32), (usize, Ordering)>,
    /// Members of the structs that are being written, inner ones last.
    members: Vec<Slot>,
    /// Whether an attribute of the image is in no column.
    pub leftover: bool,
}

impl Binder {
    /// A binder that has seen no names yet.
    pub fn new(plan: &Plan) -> Binder {
        let mut binder = Binder {
            bytes: Vec::new(),
            contexts: Vec::new(),
            entries: Vec::new(),
            lookup: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last: 0,
            scratch: Vec::new(),
            joined: Vec::new(),
            record: 0,
            slots: vec![EMPTY; plan.columns.len()],
            found: Vec::new(),
            found_lookup: HashTable::new(),
            filled: Vec::new(),
            joined_bytes: 0,
            compared: HashMap::new(),
            members: Vec::new(),
            leftover: false,
        };
        binder.forget(plan);
        binder
    }

    fn forget(&mut self, plan: &Plan) {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_NAME_BYTES);
        self.contexts.clear();
        self.contexts.shrink_to(MAX_NAMES);
        self.entries.clear();
        self.entries.shrink_to(MAX_NAMES);
        self.compared.clear();
        self.compared.shrink_to(MAX_NAMES);
        self.lookup.clear();
        self.lookup.shrink_to(MAX_NAMES, |_| 0);
        self.found.clear();
        self.found.shrink_to(MAX_NAMES);
        self.found_lookup.clear();
        self.found_lookup.shrink_to(MAX_NAMES, |_| 0);
        if plan.schemaless {
            self.slots.clear();
            self.slots.shrink_to(MAX_NAMES);
        }
        let root = Context {
            branch: Some(0),
            prefix: Some((0, 0)),
            of_struct: None,
            map: NONE,
            hidden: false,
            depth: 0,
        };
        self.contexts.push(root);
        self.contexts.extend((0..plan.struct_count()).map(|id| Context {
            branch: None,
            prefix: None,
            of_struct: Some(id),
            ..root
        }));
        // The first entry only holds a follower: the name that records begin with.
        self.entries.push(Entry {
            context: NONE,
            name: (0, 0),
            target: NONE,
            loses: false,
            exact: false,
            inside: NONE,
            follower: NONE,
        });
        self.last = 0;
    }

    /// Makes ready for a change record.
    pub fn begin(&mut self, plan: &Plan) {
        if self.entries.len() > MAX_NAMES
            || self.bytes.len() > MAX_NAME_BYTES
            || self.compared.len() > MAX_NAMES
        {
            self.forget(plan);
        }
        self.last = 0;
    }

    /// Gives memory back that only a large item needs; what is remembered of names has its own bounds.
    pub fn shrink(&mut self, kept_bytes: usize) {
        self.scratch.clear();
        self.scratch.shrink_to(kept_bytes);
        self.joined.clear();
        self.joined.shrink_to(kept_bytes);
        self.filled.clear();
        self.filled.shrink_to(kept_bytes / size_of::<(NodeId, u32)>());
        self.members.clear();
        self.members.shrink_to(kept_bytes / size_of::<Slot>());
    }

    /// Binds an image, given by its root, and marks its nodes.
    ///
    /// # Errors
    ///
    /// [`NamesTooLong`], without a schema only.
    pub fn bind(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        input: &[u8],
        root: NodeId,
    ) -> Result<(), NamesTooLong> {
        self.record += 1;
        self.leftover = false;
        self.filled.clear();
        self.members.clear();
        if plan.schemaless {
            self.joined_bytes = 0;
            self.flatten(plan, tape, input, (root, 0))?;
        } else {
            self.bind_members(plan, tape, input, root, 0);
        }
        Ok(())
    }

    /// The attribute bound to a column, in the image bound last.
    pub fn bound(&self, column: usize) -> Option<NodeId> {
        let slot = self.slots[column];
        (slot.record == self.record).then_some(slot.node)
    }

    /// Without a schema: the bound attributes in the order of the item, and their columns' names.
    pub fn flattened(&self) -> impl Iterator<Item = (NodeId, &[u8])> {
        self.filled
            .iter()
            .filter(|&&(node, column)| self.slots[column as usize].node == node)
            .map(|&(node, column)| (node, &self.bytes[self.found[column as usize].clone()]))
    }

    /// Binds the members of a map; says whether anything in it is bound or lost a collision.
    fn bind_members(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        input: &[u8],
        map: NodeId,
        context: u32,
    ) -> bool {
        let hidden = self.contexts[context as usize].hidden;
        let mut touched = false;
        let end = tape.node(map).end;
        let mut id = map + 1;
        while id < end {
            let node = *tape.node(id);
            let entry_id = self.entry(plan, context, node.name, input);
            let entry = self.entries[entry_id as usize];
            if entry.target != NONE && hidden {
                protect(plan, tape, id, entry.target);
            } else if entry.target != NONE {
                touched = true;
                self.contend(plan, tape, id, entry_id);
            }
            let mut partly = false;
            if node.descriptor == Descriptor::M && entry.inside != NONE {
                partly = self.bind_members(plan, tape, input, id, entry.inside);
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
        let Entry { target, loses, .. } = self.entries[entry_id as usize];
        protect(plan, tape, id, target);
        let slot = self.slots[target as usize];
        let taken = slot.record == self.record;
        if loses || (taken && !self.beats(entry_id, slot.entry)) {
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
        self.slots[target as usize] = Slot { record: self.record, node: id, entry: entry_id };
    }

    /// Whether `a` wins a column or member against `b`, which came first: shallower, else the exact raw name,
    /// else first in byte order of the raw names, joined, else one by one.
    fn beats(&mut self, a: EntryId, b: EntryId) -> bool {
        let (a_entry, b_entry) = (self.entries[a as usize], self.entries[b as usize]);
        let depth = |entry: Entry| self.contexts[entry.context as usize].depth;
        let by_depth = depth(a_entry).cmp(&depth(b_entry));
        let order = by_depth.then(b_entry.exact.cmp(&a_entry.exact)).then_with(|| {
            if a_entry.context == b_entry.context {
                return self.name_of(a).cmp(self.name_of(b));
            }
            // What the names of both maps have in common is compared once for all their members.
            let key = (a_entry.context, b_entry.context);
            let known = self.compared.get(&key).copied();
            let (common, by_list) = known.unwrap_or_else(|| {
                let found = self.compare_maps(key);
                self.compared.insert(key, found);
                found
            });
            let (mut a_names, mut b_names) = ([NONE; 65], [NONE; 65]);
            let (a, b) = (self.chain(a, &mut a_names), self.chain(b, &mut b_names));
            self.joined_raw(a, common).cmp(self.joined_raw(b, common)).then(by_list)
        });
        order == Ordering::Less
    }

    /// How many bytes the joined raw names of two maps' members surely share, and the order of the maps' names
    /// one by one.
    fn compare_maps(&self, (a, b): (u32, u32)) -> (usize, Ordering) {
        let (mut a_names, mut b_names) = ([NONE; 65], [NONE; 65]);
        let a = self.chain(self.contexts[a as usize].map, &mut a_names);
        let b = self.chain(self.contexts[b as usize].map, &mut b_names);
        let pairs = self.joined_raw(a, 0).zip(self.joined_raw(b, 0));
        let name = |id: &EntryId| self.name_of(*id);
        (pairs.take_while(|(a, b)| a == b).count(), a.iter().map(name).cmp(b.iter().map(name)))
    }

    /// The entries on the way from the root to this one.
    fn chain<'a>(&self, mut id: EntryId, names: &'a mut [EntryId; 65]) -> &'a [EntryId] {
        let mut from = names.len();
        while id != NONE && from > 0 {
            from -= 1;
            names[from] = id;
            id = self.contexts[self.entries[id as usize].context as usize].map;
        }
        &names[from..]
    }

    /// The raw names of a chain joined with `_`, without the first `skipped` bytes.
    fn joined_raw<'a>(
        &'a self,
        chain: &'a [EntryId],
        mut skipped: usize,
    ) -> impl Iterator<Item = u8> + 'a {
        let pieces = chain.iter().enumerate().flat_map(|(at, &id)| {
            let separator: &[u8] = if at > 0 { b"_" } else { b"" };
            [separator, self.name_of(id)]
        });
        pieces.flat_map(move |piece| {
            let (skip, rest) = piece.split_at(skipped.min(piece.len()));
            skipped -= skip.len();
            rest.iter().copied()
        })
    }

    /// Whether an entry's raw names, joined, are the name of what they reach.
    fn is_exact(&self, id: EntryId, name: &[u8]) -> bool {
        let mut names = [NONE; 65];
        self.joined_raw(self.chain(id, &mut names), 0).eq(name.iter().copied())
    }

    fn name_of(&self, id: EntryId) -> &[u8] {
        let (start, end) = self.entries[id as usize].name;
        &self.bytes[start..end]
    }

    /// What a name leads to in a context. Mostly what followed the last one in the record before.
    #[inline(always)]
    fn entry(&mut self, plan: &Plan, context: u32, name: Text, input: &[u8]) -> EntryId {
        let follower = self.entries[self.last as usize].follower;
        if let Some(entry) = self.entries.get(follower as usize)
            && entry.context == context
            && name.escapes() == Escapes::None
        {
            let (range, (start, end)) = (name.range(), entry.name);
            if range.len() == end - start
                && are_at(input, range.start, &self.bytes, start, range.len())
            {
                self.last = follower;
                return follower;
            }
        }
        self.entry_looked_up(plan, context, name, input)
    }

    #[inline(never)]
    fn entry_looked_up(&mut self, plan: &Plan, context: u32, name: Text, input: &[u8]) -> EntryId {
        let mut scratch = std::mem::take(&mut self.scratch);
        let name = name.decoded(input, &mut scratch);
        let matches =
            |id: EntryId| self.entries[id as usize].context == context && self.name_of(id) == name;
        let hash = self.hasher.hash_one((context, name));
        let found = self.lookup.find(hash, |&id| matches(id)).copied();
        let id = found.unwrap_or_else(|| self.learn(plan, context, name, hash));
        self.entries[self.last as usize].follower = id;
        self.last = id;
        self.scratch = scratch;
        id
    }

    /// Works out what a name leads to.
    fn learn(&mut self, plan: &Plan, context: u32, name: &[u8], hash: u64) -> EntryId {
        let id = self.entries.len() as EntryId;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let mut entry = Entry {
            context,
            name: (start, self.bytes.len()),
            target: NONE,
            loses: false,
            exact: false,
            inside: NONE,
            follower: NONE,
        };
        let place = self.contexts[context as usize];
        self.joined.clear();
        if let Some(id) = place.of_struct {
            normalise(name, &mut self.joined);
            if let Some((member, declared)) = plan.member_named(id, &self.joined) {
                entry.target = member;
                entry.exact = declared.as_bytes() == name;
            }
        } else if !plan.schemaless {
            self.learn_column(plan, &place, name, id, &mut entry);
        }
        self.entries.push(entry);
        if let Some(column) = plan.columns.get(entry.target as usize)
            && place.of_struct.is_none()
        {
            self.entries[id as usize].exact = self.is_exact(id, column.name.as_bytes());
        }
        let (entries, bytes, hasher) = (&self.entries, &self.bytes, &self.hasher);
        self.lookup.insert_unique(hash, id, |&id| {
            let Entry { context, name: (start, end), .. } = entries[id as usize];
            hasher.hash_one((context, &bytes[start..end]))
        });
        id
    }

    fn learn_column(
        &mut self,
        plan: &Plan,
        place: &Context,
        name: &[u8],
        id: EntryId,
        entry: &mut Entry,
    ) {
        let step = place.branch.map(|branch| plan.step(branch, name)).unwrap_or_default();
        let mut prefix = None;
        if let Some(column) = step.column {
            entry.target = column;
        } else if let Some((start, end)) = place.prefix {
            self.joined.extend_from_slice(&self.bytes[start..end]);
            normalise(name, &mut self.joined);
            if let Some(column) = plan.column_named(&self.joined) {
                entry.target = column;
                entry.loses = plan.columns[column as usize].is_key;
            } else {
                self.joined.push(b'_');
                if plan.has_columns_below(&self.joined) {
                    let start = self.bytes.len();
                    self.bytes.extend_from_slice(&self.joined);
                    prefix = Some((start, self.bytes.len()));
                }
            }
        }
        // A column that hides its attribute hides what is inside from other columns as well.
        let hidden = place.hidden
            || (entry.target != NONE && plan.columns[entry.target as usize].protect.is_some());
        if prefix.is_some() || step.branch.is_some() {
            entry.inside = self.contexts.len() as u32;
            self.contexts.push(Context {
                branch: step.branch,
                prefix,
                of_struct: None,
                map: id,
                hidden,
                depth: place.depth + 1,
            });
        }
    }

    /// Without a schema: lets every attribute that is no map make its column.
    fn flatten(
        &mut self,
        plan: &Plan,
        tape: &mut Tape,
        input: &[u8],
        (map, context): (NodeId, u32),
    ) -> Result<(), NamesTooLong> {
        let end = tape.node(map).end;
        let mut id = map + 1;
        while id < end {
            let node = *tape.node(id);
            let is_map = node.descriptor == Descriptor::M;
            if !is_map || node.end > id + 1 {
                let entry = self.flat_entry(plan, context, node.name, input, is_map);
                if self.joined_bytes > MAX_JOINED_BYTES {
                    return Err(NamesTooLong);
                }
                if is_map {
                    tape.mark(id, Mark::PARTLY);
                    let inside = self.entries[entry as usize].inside;
                    self.flatten(plan, tape, input, (id, inside))?;
                } else {
                    self.contend_flat(tape, id, entry);
                }
            }
            id = node.end;
        }
        Ok(())
    }

    /// The entry of an attribute, complete with its column, or with its context where it is a map.
    fn flat_entry(
        &mut self,
        plan: &Plan,
        context: u32,
        name: Text,
        input: &[u8],
        is_map: bool,
    ) -> EntryId {
        let id = self.entry(plan, context, name, input);
        let entry = self.entries[id as usize];
        if (is_map && entry.inside != NONE) || (!is_map && (entry.target != NONE || entry.loses)) {
            return id;
        }
        let place = self.contexts[context as usize];
        let (start, end) = place.prefix.unwrap_or_default();
        let from = self.bytes.len();
        self.bytes.extend_from_within(start..end);
        let mut normal = std::mem::take(&mut self.joined);
        normal.clear();
        normalise(self.name_of(id), &mut normal);
        self.bytes.extend_from_slice(&normal);
        self.joined = normal;
        self.joined_bytes += self.bytes.len() - from;
        if is_map {
            self.bytes.push(b'_');
            self.entries[id as usize].inside = self.contexts.len() as u32;
            self.contexts.push(Context {
                prefix: Some((from, self.bytes.len())),
                map: id,
                depth: place.depth + 1,
                ..place
            });
        } else if is_metadata(&self.bytes[from..]) {
            self.entries[id as usize].loses = true;
        } else {
            self.entries[id as usize].exact = self.is_exact(id, &self.bytes[from..]);
            self.entries[id as usize].target = self.found_column(from);
        }
        id
    }

    /// The column whose name was just put at the end of `bytes`.
    fn found_column(&mut self, from: usize) -> u32 {
        let (bytes, found, hasher) = (&self.bytes, &self.found, &self.hasher);
        let name = &bytes[from..];
        let hash = hasher.hash_one(name);
        let known = self.found_lookup.find(hash, |&at| bytes[found[at as usize].clone()] == *name);
        if let Some(&column) = known {
            self.bytes.truncate(from);
            return column;
        }
        let column = self.found.len() as u32;
        self.found.push(from..self.bytes.len());
        self.slots.push(EMPTY);
        let (bytes, found) = (&self.bytes, &self.found);
        self.found_lookup
            .insert_unique(hash, column, |&at| hasher.hash_one(&bytes[found[at as usize].clone()]));
        column
    }

    fn contend_flat(&mut self, tape: &mut Tape, id: NodeId, entry_id: EntryId) {
        let Entry { target, loses, .. } = self.entries[entry_id as usize];
        if loses {
            tape.mark(id, Mark::LOSER);
            self.leftover = true;
            return;
        }
        let slot = self.slots[target as usize];
        if slot.record == self.record {
            self.leftover = true;
            if !self.beats(entry_id, slot.entry) {
                tape.mark(id, Mark::LOSER);
                return;
            }
            tape.mark(slot.node, Mark::LOSER);
        }
        self.slots[target as usize] = Slot { record: self.record, node: id, entry: entry_id };
        self.filled.push((id, target));
    }

    /// Makes room for the members of a struct, inside the structs that are open already.
    pub(crate) fn open_struct(&mut self, planned: &PlannedStruct) -> usize {
        let base = self.members.len();
        self.members.resize(base + planned.members.len(), EMPTY);
        base
    }

    /// Lets an attribute fill a member of the struct that was opened last, at `base`.
    pub(crate) fn offer_member(
        &mut self,
        plan: &Plan,
        planned: &PlannedStruct,
        base: usize,
        (id, name): (NodeId, Text),
        input: &[u8],
    ) -> Offer {
        let entry = self.entry(plan, 1 + planned.id, name, input);
        let target = self.entries[entry as usize].target;
        if target == NONE {
            return Offer::Unknown;
        }
        let slot = self.members[base + target as usize];
        if slot.node != NONE && !self.beats(entry, slot.entry) {
            return Offer::Lost(id);
        }
        self.members[base + target as usize] = Slot { record: self.record, node: id, entry };
        if slot.node == NONE { Offer::Taken } else { Offer::Lost(slot.node) }
    }

    /// The attribute that fills a member of the struct opened at `base`.
    pub(crate) fn member(&self, base: usize, member: usize) -> Option<NodeId> {
        let node = self.members[base + member].node;
        (node != NONE).then_some(node)
    }

    /// Gives the room of a struct back.
    pub(crate) fn close_struct(&mut self, base: usize) {
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

/// What came of an attribute that was offered to a struct.
pub(crate) enum Offer {
    /// It fills a member.
    Taken,
    /// It, or the attribute that had the member before, lost.
    Lost(NodeId),
    /// The struct has no such member.
    Unknown,
}
