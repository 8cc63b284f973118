//! What a name leads to, worked out once and remembered.

use crate::failure::MAX_DEPTH;
use crate::item::NodeId;
use crate::schema::{Plan, normalise};
use crate::text::bytes::equal_at;
use crate::text::json::{Escapes, Text};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// In place of an index: nothing is there.
pub(super) const NONE: u32 = u32::MAX;

/// What is remembered of names is forgotten where it passes one of these between two records.
pub(super) const MAX_NAMES: usize = 1 << 15;
const MAX_NAME_BYTES: usize = 1 << 20;

/// Index of an [`Entry`].
pub(super) type EntryId = u32;

/// The names on the way from the root to the deepest attribute.
const CHAIN: usize = MAX_DEPTH as usize + 1;

/// Where names are looked up: an item's root, a map inside it, or a struct type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// The branch of explicit paths; `None` where no path leads this way.
    pub(super) branch: Option<u32>,
    /// The normalised names on the way, each with a `_` behind it, as a range of [`Names::bytes`];
    /// `None` where nothing is flattened.
    pub(super) prefix: Option<(usize, usize)>,
    /// The struct type whose members these are.
    pub(super) of_struct: Option<u32>,
    /// The entry of the map itself; [`NONE`] at the root.
    pub(super) map: EntryId,
    /// Whether a column hides the map, so that nothing inside can be bound.
    pub(super) hidden: bool,
    /// How many maps are around it.
    pub(super) depth: u32,
}

/// What a name leads to in a context.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) context: u32,
    /// The raw name, as a range of [`Names::bytes`].
    name: (usize, usize),
    /// The column or struct member that the attribute reaches.
    pub(super) target: u32,
    /// Whether it reaches the column only to lose it: to a key, or to a metadata column.
    pub(super) loses: bool,
    /// Whether the raw name is that of what it reaches.
    pub(super) exact: bool,
    /// The context of its members, if it is a map.
    pub(super) inside: u32,
    /// The entry that came after this one last time.
    follower: EntryId,
}

/// The attribute that a column or struct member has got so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The image that the attribute is of, by its number: of an earlier one, the slot is empty.
    pub(super) image: u64,
    pub(super) node: NodeId,
    pub(super) entry: EntryId,
}

pub(super) const EMPTY: Slot = Slot { image: 0, node: NONE, entry: NONE };

/// The names seen so far and what they lead to. Names repeat from record to record, mostly in the
/// same order, so each entry also remembers the one that came after it.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) bytes: Vec<u8>,
    contexts: Vec<Context>,
    entries: Vec<Entry>,
    lookup: HashTable<EntryId>,
    hasher: DefaultHashBuilder,
    last: EntryId,
    scratch: Vec<u8>,
    joined: Vec<u8>,
}

impl Names {
    pub(super) fn new(plan: &Plan) -> Names {
        let mut names = Names {
            bytes: Vec::new(),
            contexts: Vec::new(),
            entries: Vec::new(),
            lookup: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last: 0,
            scratch: Vec::new(),
            joined: Vec::new(),
        };
        names.forget(plan);
        names
    }

    /// Whether so much is remembered that it is better forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() > MAX_NAMES || self.bytes.len() > MAX_NAME_BYTES
    }

    pub(super) fn forget(&mut self, plan: &Plan) {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_NAME_BYTES);
        self.contexts.clear();
        self.contexts.shrink_to(MAX_NAMES);
        self.entries.clear();
        self.entries.shrink_to(MAX_NAMES);
        self.lookup.clear();
        self.lookup.shrink_to(MAX_NAMES, |_| 0);
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

    /// Begins a change record, whose first name is likely the first one of the record before.
    pub(super) fn begin(&mut self) {
        self.last = 0;
    }

    /// Gives memory back that only a large item needs; what is remembered has its own bounds.
    pub(super) fn shrink(&mut self, kept_bytes: usize) {
        for buffer in [&mut self.scratch, &mut self.joined] {
            buffer.clear();
            buffer.shrink_to(kept_bytes);
        }
    }

    #[inline(always)]
    pub(super) fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id as usize]
    }

    pub(super) fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id as usize]
    }

    #[inline(always)]
    pub(super) fn context(&self, id: u32) -> &Context {
        &self.contexts[id as usize]
    }

    /// The context of a struct type's members.
    pub(super) fn struct_context(id: u32) -> u32 {
        1 + id
    }

    pub(super) fn add_context(&mut self, context: Context) -> u32 {
        self.contexts.push(context);
        self.contexts.len() as u32 - 1
    }

    /// How many maps are around the attribute of an entry.
    pub(super) fn depth(&self, id: EntryId) -> u32 {
        self.context(self.entry(id).context).depth
    }

    /// The raw name of an entry.
    pub(super) fn name(&self, id: EntryId) -> &[u8] {
        let (start, end) = self.entry(id).name;
        &self.bytes[start..end]
    }

    /// What a name in `text` leads to in a context. Mostly what followed the last one in the
    /// record before.
    #[inline(always)]
    pub(super) fn look_up(
        &mut self,
        plan: &Plan,
        context: u32,
        name: Text,
        text: &[u8],
    ) -> EntryId {
        let follower = self.entries[self.last as usize].follower;
        if let Some(entry) = self.entries.get(follower as usize)
            && entry.context == context
            && name.escapes() == Escapes::None
        {
            let (range, (start, end)) = (name.range(), entry.name);
            if range.len() == end - start
                && equal_at(text, range.start, &self.bytes, start, range.len())
            {
                self.last = follower;
                return follower;
            }
        }
        self.look_up_by_hash(plan, context, name, text)
    }

    #[inline(never)]
    fn look_up_by_hash(&mut self, plan: &Plan, context: u32, name: Text, text: &[u8]) -> EntryId {
        let mut scratch = std::mem::take(&mut self.scratch);
        let name = name.decoded(text, &mut scratch);
        let matches = |id: EntryId| self.entry(id).context == context && self.name(id) == name;
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
            // At the root a column also takes the attribute that has its name to the letter.
            let by_raw_name = plan.column_named(name).filter(|_| place.map == NONE);
            if let Some(column) = by_raw_name.or_else(|| plan.column_named(&self.joined)) {
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
            entry.inside = self.add_context(Context {
                branch: step.branch,
                prefix,
                of_struct: None,
                map: id,
                hidden,
                depth: place.depth + 1,
            });
        }
    }

    /// Appends an entry's normalised name, behind those on the way, to `bytes`; where it begins.
    pub(super) fn push_joined(&mut self, id: EntryId) -> usize {
        let (start, end) = self.context(self.entry(id).context).prefix.unwrap_or_default();
        let from = self.bytes.len();
        self.bytes.extend_from_within(start..end);
        let mut normal = std::mem::take(&mut self.joined);
        normal.clear();
        normalise(self.name(id), &mut normal);
        self.bytes.extend_from_slice(&normal);
        self.joined = normal;
        from
    }

    /// Hands the entries on the way from the root to this one to `take`.
    pub(super) fn with_chain<T>(&self, mut id: EntryId, take: impl FnOnce(&[EntryId]) -> T) -> T {
        let mut chain = [NONE; CHAIN];
        let mut from = CHAIN;
        while id != NONE && from > 0 {
            from -= 1;
            chain[from] = id;
            id = self.context(self.entry(id).context).map;
        }
        debug_assert!(id == NONE, "no attribute is deeper than MAX_DEPTH");
        take(&chain[from..])
    }

    /// The raw names of a chain joined with `_`, without the first `skipped` bytes.
    pub(super) fn joined_raw<'a>(
        &'a self,
        chain: &'a [EntryId],
        mut skipped: usize,
    ) -> impl Iterator<Item = u8> + 'a {
        let pieces = chain.iter().enumerate().flat_map(|(at, &id)| {
            let separator: &[u8] = if at > 0 { b"_" } else { b"" };
            [separator, self.name(id)]
        });
        pieces.flat_map(move |piece| {
            let (skip, rest) = piece.split_at(skipped.min(piece.len()));
            skipped -= skip.len();
            rest.iter().copied()
        })
    }

    /// Whether an entry's raw names, joined, are the name of what they reach.
    pub(super) fn is_exact(&self, id: EntryId, name: &[u8]) -> bool {
        self.with_chain(id, |chain| self.joined_raw(chain, 0).eq(name.iter().copied()))
    }
}
