//! The paths of all items, as a tree that holds at each what was seen there.
//!
//! A map has a node for each of its members' names, a list or set one for all its elements. A map
//! with very many names is *merged*: its members become one node, for its names are data, such as
//! the ids of users. So memory is bounded by [`MAX_PATHS`], not by the input.

use super::seen::{Origin, Seen};
use dynalake::item::{self, Descriptor, Tape};
use dynalake::text::json::{Escapes, Text};
use std::collections::HashMap;

/// With more paths than this the maps with the most names are merged.
const MAX_PATHS: usize = 2_000;

/// A map with more names than this is merged.
const MAX_NAMES: usize = 256;

/// So many paths may be there until an item is through.
const MAX_PATHS_WITHIN_AN_ITEM: usize = 1 << 16;

/// Up to so many names are compared one by one.
const FEW: usize = 8;

/// Index of a [`Node`].
pub(super) type NodeId = usize;

/// The item itself.
pub(super) const ROOT: NodeId = 0;

/// What was seen at one path, and inside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// What was seen.
    pub(super) seen: Seen,
    /// The members of maps, in the order in which their names came up.
    pub(super) members: Vec<(Box<[u8]>, NodeId)>,
    lookup: HashMap<Box<[u8]>, usize>,
    /// All members of merged maps.
    pub(super) merged: Option<NodeId>,
    /// The elements of lists and sets.
    pub(super) element: Option<NodeId>,
    /// Whether something inside was not looked at.
    pub(super) is_opaque: bool,
}

/// The tree.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    /// Maps with more than [`MAX_NAMES`].
    wide: Vec<NodeId>,
    /// With more paths than this maps are merged.
    enough: usize,
    /// Whether new attributes of items have no place.
    is_closed: bool,
    /// How many attributes had none.
    unplaced: u64,
    scratch: Vec<u8>,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree {
            nodes: vec![Node::default()],
            free: Vec::new(),
            wide: Vec::new(),
            enough: MAX_PATHS,
            is_closed: false,
            unplaced: 0,
            scratch: Vec::new(),
        }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// How many attributes of items had no place, because there were too many names.
    pub(super) fn unplaced(&self) -> u64 {
        self.unplaced
    }

    /// Whether items had more names than there was place for.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The node of an attribute of items.
    pub(super) fn attribute(&self, name: &[u8]) -> Option<NodeId> {
        let root = self.node(ROOT);
        Some(root.members[find(root, name)?].1)
    }

    /// Looks at an image, given by its root.
    pub(super) fn add_image(&mut self, tape: &Tape, image: item::NodeId, origin: Origin) {
        self.add_value(ROOT, tape, image, origin);
        if !self.wide.is_empty() || self.paths() > self.enough {
            self.shrink();
        }
    }

    fn paths(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    fn add_value(&mut self, at: NodeId, tape: &Tape, id: item::NodeId, origin: Origin) {
        let value = tape.node(id);
        let node = &mut self.nodes[at];
        node.seen.add_kind(origin, value.descriptor);
        match value.descriptor {
            Descriptor::S => {
                let text = value.value.decoded(tape.text(), &mut self.scratch);
                node.seen.add_text(origin, text);
            }
            Descriptor::N => {
                let text = value.value.decoded(tape.text(), &mut self.scratch);
                node.seen.add_number(origin, text);
            }
            Descriptor::M => self.add_members(at, tape, id, origin),
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {
                self.add_elements(at, tape, id, origin);
            }
            Descriptor::B | Descriptor::Bool | Descriptor::Null => {}
        }
    }

    fn add_members(&mut self, at: NodeId, tape: &Tape, id: item::NodeId, origin: Origin) {
        let mut is_empty = true;
        // Members mostly come in the order of the map before.
        let mut expected = 0;
        for (child, value) in tape.children(id) {
            is_empty = false;
            let member = match self.nodes[at].merged {
                Some(merged) => Some(merged),
                None => self.member(at, value.name, tape.text(), &mut expected),
            };
            if let Some(member) = member {
                self.add_value(member, tape, child, origin);
            } else if at == ROOT {
                self.is_closed = true;
                self.unplaced += u64::from(origin == Origin::Item);
            } else {
                self.nodes[at].is_opaque = true;
            }
        }
        self.nodes[at].seen.empty_maps += u64::from(is_empty);
    }

    fn add_elements(&mut self, at: NodeId, tape: &Tape, id: item::NodeId, origin: Origin) {
        for (child, _) in tape.children(id) {
            if self.nodes[at].element.is_none() {
                self.nodes[at].element = self.new_node();
            }
            match self.nodes[at].element {
                Some(element) => self.add_value(element, tape, child, origin),
                None => self.nodes[at].is_opaque = true,
            }
        }
    }

    /// The node of a member, which may be new.
    #[inline]
    fn member(
        &mut self,
        at: NodeId,
        name: Text,
        text: &[u8],
        expected: &mut usize,
    ) -> Option<NodeId> {
        let node = &self.nodes[at];
        if let Some((expected_name, member)) = node.members.get(*expected)
            && name.escapes() == Escapes::None
            && **expected_name == *name.raw(text)
        {
            *expected += 1;
            return Some(*member);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let decoded = name.decoded(text, &mut scratch);
        let place = find(node, decoded);
        let member = match place {
            Some(place) => {
                *expected = place + 1;
                Some(node.members[place].1)
            }
            None => self.new_member(at, decoded),
        };
        self.scratch = scratch;
        member
    }

    fn new_member(&mut self, at: NodeId, name: &[u8]) -> Option<NodeId> {
        if at == ROOT && self.is_closed {
            return None;
        }
        let member = self.new_node()?;
        self.push_member(at, name.into(), member);
        if at != ROOT && self.nodes[at].members.len() == MAX_NAMES + 1 {
            self.wide.push(at);
        }
        Some(member)
    }

    fn push_member(&mut self, at: NodeId, name: Box<[u8]>, member: NodeId) {
        let node = &mut self.nodes[at];
        let place = node.members.len();
        if place == FEW {
            let names = node.members.iter().map(|(name, _)| name.clone());
            node.lookup = names.zip(0..).collect();
        }
        if place >= FEW {
            node.lookup.insert(name.clone(), place);
        }
        node.members.push((name, member));
    }

    fn new_node(&mut self) -> Option<NodeId> {
        if let Some(id) = self.free.pop() {
            return Some(id);
        }
        if self.nodes.len() >= MAX_PATHS_WITHIN_AN_ITEM {
            return None;
        }
        self.nodes.push(Node::default());
        Some(self.nodes.len() - 1)
    }

    /// Merges maps until there are no more paths than there should be.
    #[cold]
    fn shrink(&mut self) {
        for at in std::mem::take(&mut self.wide) {
            // One inside another may be gone.
            if self.nodes[at].members.len() > MAX_NAMES {
                self.merge_members(at);
            }
        }
        while self.paths() > MAX_PATHS {
            let names = |at: &NodeId| (self.nodes[*at].members.len(), usize::MAX - at);
            let widest = (1..self.nodes.len()).max_by_key(names);
            let Some(at) = widest.filter(|&at| self.nodes[at].members.len() > 1) else {
                // They are the items' own attributes.
                self.is_closed = true;
                break;
            };
            self.merge_members(at);
        }
        self.enough = self.paths().max(MAX_PATHS);
    }

    /// Makes the members of a map one node.
    pub(super) fn merge_members(&mut self, at: NodeId) {
        if self.nodes[at].merged.is_some() {
            return;
        }
        let members = std::mem::take(&mut self.nodes[at].members);
        self.nodes[at].lookup = HashMap::new();
        let mut members = members.into_iter().map(|(_, member)| member);
        let first = members.next();
        let Some(first) = first.or_else(|| self.new_node()) else {
            self.nodes[at].is_opaque = true;
            return;
        };
        for member in members {
            self.merge(first, member);
        }
        self.nodes[at].merged = Some(first);
    }

    /// Adds one node to another, and removes it.
    fn merge(&mut self, into: NodeId, from: NodeId) {
        let Node { seen, members, merged, element, is_opaque, .. } =
            std::mem::take(&mut self.nodes[from]);
        self.free.push(from);
        self.nodes[into].seen.add(&seen);
        self.nodes[into].is_opaque |= is_opaque;
        if merged.is_some() {
            self.merge_members(into);
        }
        for (name, member) in members {
            let node = &self.nodes[into];
            let known = node.merged.or_else(|| Some(node.members[find(node, &name)?].1));
            match known {
                Some(known) => self.merge(known, member),
                None => self.push_member(into, name, member),
            }
        }
        for (inner, other) in
            [(self.nodes[into].merged, merged), (self.nodes[into].element, element)]
        {
            if let (Some(inner), Some(other)) = (inner, other) {
                self.merge(inner, other);
            }
        }
        let node = &mut self.nodes[into];
        node.element = node.element.or(element);
        if node.members.len() > MAX_NAMES {
            self.merge_members(into);
        }
    }
}

/// Where in its members a node has a name.
fn find(node: &Node, name: &[u8]) -> Option<usize> {
    if node.members.len() <= FEW {
        return node.members.iter().position(|(member, _)| **member == *name);
    }
    node.lookup.get(name).copied()
}
