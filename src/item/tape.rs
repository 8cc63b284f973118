//! The tape: a change record's text, and a node for each attribute value in it.

use super::descriptor::Descriptor;
use super::mark::Mark;
use crate::failure::Failure;
use crate::text::json::{self, Cursor, MAX_INPUT_BYTES, Text};

/// Index of a [`Node`] on its [`Tape`].
pub type NodeId = u32;

/// One attribute value, or one element of a set.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The name it has in its map; empty in lists and sets.
    pub name: Text,
    /// The contents of an S, N or B, `true` or `false` of a BOOL; empty otherwise.
    pub value: Text,
    /// The node behind this one and all that it contains.
    pub end: NodeId,
    /// Its type.
    pub descriptor: Descriptor,
    /// What binding found out.
    pub mark: Mark,
}
/// One change record's text, and the attributes of its images, one after the other. Nodes are spans
/// of the text, so the two belong together.
#[derive(Debug, Default)]
pub struct Tape {
    text: Vec<u8>,
    nodes: Nodes,
}

/// The nodes of a [`Tape`].
#[derive(Debug, Default)]
pub struct Nodes {
    nodes: Vec<Node>,
    /// The B nodes not unwrapped yet, set elements among them.
    binaries: Vec<NodeId>,
}

impl Nodes {
    /// The index that the next node gets.
    pub(super) fn next(&self) -> NodeId {
        self.nodes.len() as NodeId
    }

    #[inline(always)]
    pub(super) fn push(&mut self, name: Text, value: Text, descriptor: Descriptor) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node { name, value, end: id + 1, descriptor, mark: Mark::default() });
        id
    }

    #[inline(always)]
    pub(super) fn push_text(&mut self, name: Text, value: Text, descriptor: Descriptor) {
        let id = self.push(name, value, descriptor);
        if descriptor == Descriptor::B {
            self.binaries.push(id);
        }
    }

    pub(super) fn set_value(&mut self, id: NodeId, value: Text) {
        self.nodes[id as usize].value = value;
    }

    /// Ends a node: what was pushed since is inside it.
    pub(super) fn close(&mut self, id: NodeId) {
        self.nodes[id as usize].end = self.nodes.len() as NodeId;
    }
}

impl Tape {
    /// Forgets the last record, and hands out the buffer for the next one's text.
    pub fn begin(&mut self) -> &mut Vec<u8> {
        self.nodes.nodes.clear();
        self.nodes.binaries.clear();
        self.text.clear();
        &mut self.text
    }

    /// Gives memory back that only a large item needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        self.begin().shrink_to(kept_bytes);
        self.nodes.nodes.shrink_to(kept_bytes / size_of::<Node>());
        self.nodes.binaries.shrink_to(kept_bytes / size_of::<NodeId>());
    }

    /// The text that all spans of the record point into.
    #[inline(always)]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// A cursor over the text, and where the nodes found in it go.
    pub fn reader(&mut self) -> (Cursor<'_>, &mut Nodes) {
        (Cursor::new(&self.text), &mut self.nodes)
    }

    /// Adds what a string holds, decoded, to the end of the text, so that it can be read in its
    /// turn; where it begins.
    ///
    /// # Errors
    ///
    /// [`Failure::RowTooLarge`] where the text would be longer than spans can point into.
    pub(crate) fn append_decoded(&mut self, string: Text) -> Result<usize, Failure> {
        let decoded = string.to_cow(&self.text).into_owned();
        self.append(&decoded)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let start = self.text.len();
        if bytes.len() > MAX_INPUT_BYTES.saturating_sub(start) {
            return Err(Failure::RowTooLarge);
        }
        self.text.extend_from_slice(bytes);
        Ok(start)
    }

    /// The object whose plain JSON a string is, if it is one.
    ///
    /// # Errors
    ///
    /// [`Failure::RowTooLarge`] as above.
    pub(crate) fn parse_text(&mut self, string: Text) -> Result<Option<NodeId>, Failure> {
        let start = self.append_decoded(string)?;
        let (mut cursor, nodes) = self.reader();
        cursor.advance(start);
        let root = nodes.parse_plain(&mut cursor, |_| true).ok();
        Ok(root.filter(|_| cursor.finish().is_ok()))
    }

    /// Makes a node a NULL, whatever it was.
    pub(crate) fn set_null(&mut self, id: NodeId) {
        self.nodes.nodes[id as usize].descriptor = Descriptor::Null;
    }

    /// Gives a node another text.
    ///
    /// # Errors
    ///
    /// [`Failure::RowTooLarge`] as above.
    pub(crate) fn set_text(&mut self, id: NodeId, text: &[u8]) -> Result<(), Failure> {
        let mut string = Vec::new();
        json::write_string(text, &mut string);
        let start = self.append(&string)?;
        let (mut cursor, nodes) = self.reader();
        cursor.advance(start);
        let value = cursor.string()?;
        nodes.set_value(id, value);
        Ok(())
    }

    /// The node with this index.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes.nodes[id as usize]
    }

    /// Adds flags to a node.
    pub fn mark(&mut self, id: NodeId, mark: Mark) {
        let node = &mut self.nodes.nodes[id as usize];
        node.mark = node.mark.with(mark);
    }

    /// Takes flags from a node.
    pub fn unmark(&mut self, id: NodeId, mark: Mark) {
        let node = &mut self.nodes.nodes[id as usize];
        node.mark = node.mark.without(mark);
    }

    /// The nodes directly inside a map, list or set, in order.
    #[inline]
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Node)> {
        let end = self.node(id).end;
        let mut next = id + 1;
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let (id, node) = (next, self.node(next));
            next = node.end;
            Some((id, node))
        })
    }

    /// Takes one layer of base64 off each binary value parsed since the last call, where what it
    /// decodes to is itself canonical base64:
    /// Kinesis Data Streams for DynamoDB encodes twice
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html>). The inner text is
    /// shorter and takes the outer one's place in the text.
    pub fn unwrap_binaries(&mut self, scratch: &mut Vec<u8>) {
        let Nodes { nodes, binaries } = &mut self.nodes;
        // Drained: what is parsed later is unwrapped by itself.
        for id in binaries.drain(..) {
            let value = &mut nodes[id as usize].value;
            let mut unescaped = Vec::new();
            let outer = value.decoded(&self.text, &mut unescaped);
            scratch.clear();
            if base64_simd::STANDARD.decode_append(outer, scratch).is_ok()
                && is_canonical_base64(scratch)
            {
                let start = value.range().start;
                self.text[start..start + scratch.len()].copy_from_slice(scratch);
                *value = Text::plain(start, start + scratch.len());
            }
        }
    }
}

/// Whether the bytes are base64 of the standard alphabet, padded, with no bits set beyond the data.
fn is_canonical_base64(text: &[u8]) -> bool {
    base64_simd::STANDARD.check(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_canonical_base64;

    #[test]
    fn canonical_base64_is_padded_and_has_no_stray_bits() {
        for text in ["", "QQ==", "QUE=", "QUFB", "+/+/"] {
            assert!(is_canonical_base64(text.as_bytes()), "{text}");
        }
        for text in ["Q", "QQ", "QQ=", "QR==", "QUF=", "QUE", "-_-_", "QUFB\n", "QQ==QQ==", "===="]
        {
            assert!(!is_canonical_base64(text.as_bytes()), "{text}");
        }
    }
}
