//! `_rescued`: what did not fit into the columns, as JSON text.
//!
//! An object from path to `{"reason": …, "value": <DynamoDB JSON>}`, in the order of the item:
//! `{"total": {"reason": "type", "value": {"S": "n/a"}}}`. What to rescue is read from the marks
//! that `row::bind` left on the nodes, and added by `row::values` for what did not fit its column.

use super::path::push_name;
use crate::item::{Descriptor, Mark, NodeId, ParseError, Tape};
use crate::text::Misfit;
use crate::text::json::{self, Text};
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;

/// Why a value is rescued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// No column takes it.
    Unknown,
    /// It is of another type than its column.
    Type,
    /// It is out of its column's range.
    Range,
    /// Another attribute has its column.
    Collision,
}

impl Reason {
    /// Its spelling in `_rescued`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Reason::Unknown => "unknown",
            Reason::Type => "type",
            Reason::Range => "range",
            Reason::Collision => "collision",
        }
    }
}

impl From<Misfit> for Reason {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Type => Reason::Type,
            Misfit::Range => Reason::Range,
        }
    }
}

/// A node, the attribute of the column that it did not fit, and why it is rescued.
type Entry = (NodeId, NodeId, Reason);

/// What has to be rescued of one item.
#[derive(Debug, Default)]
pub(super) struct Rescue {
    entries: Vec<Entry>,
    /// What the `_rescued` of a row that was written before holds already.
    pub(super) kept: Vec<Kept>,
    attribute: NodeId,
    path: Vec<u8>,
}

/// An entry of a `_rescued` that was written before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) path: Text,
    reason: Text,
    pub(super) value: NodeId,
}

/// Reads the text of a `_rescued`, the rest of the tape's from `start`, and its values onto the
/// tape.
///
/// # Errors
///
/// If it is not an object of such entries.
pub(super) fn parse(
    tape: &mut Tape,
    start: usize,
    entries: &mut Vec<Kept>,
) -> Result<(), ParseError> {
    let (mut cursor, nodes) = tape.reader();
    cursor.advance(start);
    cursor.expect(b'{')?;
    let mut more = !cursor.eat(b'}');
    while more {
        let path = cursor.name()?;
        let (mut reason, mut value) = (None, None);
        cursor.object(|cursor, name| {
            match name {
                b"reason" if reason.is_none() => reason = Some(cursor.string()?),
                b"value" if value.is_none() => value = Some(nodes.parse_attribute(cursor)?),
                _ => return Err(ParseError::Malformed),
            }
            Ok(())
        })?;
        let (Some(reason), Some(value)) = (reason, value) else {
            return Err(ParseError::Malformed);
        };
        entries.push(Kept { path, reason, value });
        more = cursor.more(b'}')?;
    }
    Ok(cursor.finish()?)
}

impl Rescue {
    /// Forgets the last item.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Gives memory back that only a large item needs.
    pub(super) fn shrink(&mut self, kept_bytes: usize) {
        self.entries.clear();
        self.entries.shrink_to(kept_bytes / size_of::<Entry>());
        self.kept.clear();
        self.kept.shrink_to(kept_bytes / size_of::<Kept>());
        self.path.clear();
        self.path.shrink_to(kept_bytes);
    }

    /// Says which attribute a column takes, until the next: what is added belongs to it.
    pub(super) fn enter_column(&mut self, attribute: NodeId) {
        self.attribute = attribute;
    }

    /// Adds a value that did not fit its column: all of it, or each part where something inside is
    /// bound.
    pub(super) fn add_misfit(&mut self, tape: &Tape, id: NodeId, misfit: Misfit) {
        if tape.node(id).mark.has(Mark::PARTLY) {
            for (child, _) in tape.children(id) {
                self.add_unbound(tape, child, misfit.into());
            }
        } else {
            self.add(id, misfit.into());
        }
    }

    fn add(&mut self, id: NodeId, reason: Reason) {
        self.entries.push((id, self.attribute, reason));
    }

    /// Adds of an attribute what no column takes: all of it, or each part where something inside is
    /// bound.
    pub(super) fn add_unbound(&mut self, tape: &Tape, id: NodeId, reason: Reason) {
        let mark = tape.node(id).mark;
        if mark.has(Mark::BOUND) {
            return;
        }
        let reason = if mark.has(Mark::LOSER) { Reason::Collision } else { reason };
        if mark.has(Mark::PARTLY) {
            for (child, _) in tape.children(id) {
                self.add_unbound(tape, child, reason);
            }
        } else if !mark.has(Mark::DROP) {
            self.add(id, reason);
        }
    }

    /// Adds what lost a collision, where nothing else can be left over.
    pub(super) fn add_losers(&mut self, tape: &Tape, id: NodeId) {
        let mark = tape.node(id).mark;
        if mark.has(Mark::LOSER) {
            self.add(id, Reason::Collision);
        } else if mark.has(Mark::PARTLY) {
            for (child, _) in tape.children(id) {
                self.add_losers(tape, child);
            }
        }
    }

    /// Whether everything fitted.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.kept.is_empty()
    }

    /// Writes the JSON text for the item at `root` into `out`, which must be empty; stops soon
    /// after `max_bytes`, for many entries under one long name could take any room.
    pub(super) fn write(&mut self, tape: &Tape, root: NodeId, max_bytes: usize, out: &mut Vec<u8>) {
        // Where one value did not fit two columns, the reason of the outer attribute's counts.
        self.entries.sort_by_key(|&(id, attribute, _)| (id, attribute));
        self.entries.dedup_by_key(|&mut (id, ..)| id);
        let mut taken = HashSet::new();
        for Kept { path, reason, value } in &self.kept {
            out.extend_from_slice(if out.is_empty() { b"{" } else { b"," });
            json::write_text(*path, tape.text(), out);
            out.extend_from_slice(b":{\"reason\":");
            json::write_text(*reason, tape.text(), out);
            out.extend_from_slice(b",\"value\":");
            tape.write_dynamodb(*value, out);
            out.push(b'}');
            taken.insert(path.to_cow(tape.text()));
        }
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        write_inside(tape, root, (&self.entries, &mut path, max_bytes), &taken, out);
        out.push(b'}');
        self.path = path;
    }
}

/// Writes the entries inside a node, except those whose paths are `taken`, and returns those after
/// it.
fn write_inside<'a>(
    tape: &Tape,
    parent: NodeId,
    (mut entries, path, max_bytes): (&'a [Entry], &mut Vec<u8>, usize),
    taken: &HashSet<Cow<'_, [u8]>>,
    out: &mut Vec<u8>,
) -> &'a [Entry] {
    let in_map = tape.node(parent).descriptor == Descriptor::M;
    for (at, (id, node)) in tape.children(parent).enumerate() {
        let Some(&(first, _, reason)) = entries.first() else { break };
        if out.len() > max_bytes {
            break;
        }
        if first >= node.end {
            continue;
        }
        let len = path.len();
        if in_map {
            push_name(node.name.decoded(tape.text(), &mut Vec::new()), path);
        } else {
            let _ = write!(path, "[{at}]");
        }
        if first == id {
            entries = &entries[1..];
        }
        if first == id && !taken.contains(path.as_slice()) {
            out.extend_from_slice(if out.is_empty() { b"{" } else { b"," });
            json::write_string(path, out);
            out.extend_from_slice(b":{\"reason\":\"");
            out.extend_from_slice(reason.as_str().as_bytes());
            out.extend_from_slice(b"\",\"value\":");
            tape.write_dynamodb(id, out);
            out.push(b'}');
        }
        entries = write_inside(tape, id, (entries, path, max_bytes), taken, out);
        path.truncate(len);
    }
    entries
}
