//! DynamoDB JSON: the ten attribute types, borrowed from the change record, and written out again.
//!
//! An attribute value is an object with one descriptor, such as `{"S": "text"}` or `{"M": {…}}`
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>); members
//! that are null beside it are ignored. Numbers stay text, binary stays base64.
//!
//! Nodes lie on a [`Tape`] in document order, each followed by what it contains. This module alone knows
//! DynamoDB JSON; it knows nothing of envelopes, schemas or columns.

use crate::json::{self, Cursor, Escapes, SyntaxError, Text};
use crate::number;
use sha2::{Digest, Sha256};

/// How deep maps and lists may nest. DynamoDB allows 32 levels.
pub const MAX_DEPTH: u32 = 64;

/// Index of a [`Node`] on its [`Tape`].
pub type NodeId = u32;

/// An attribute's type. `{"NULL": true}` is the only null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// `{"S": "text"}`
    S,
    /// `{"N": "12.5"}`
    N,
    /// `{"B": "base64"}`
    B,
    /// `{"BOOL": true}`
    Bool,
    /// `{"NULL": true}`
    Null,
    /// `{"M": {"name": value, …}}`
    M,
    /// `{"L": [value, …]}`
    L,
    /// `{"SS": ["text", …]}`; the elements are nodes of type S.
    Ss,
    /// `{"NS": ["1", …]}`; the elements are nodes of type N.
    Ns,
    /// `{"BS": ["base64", …]}`; the elements are nodes of type B.
    Bs,
}

impl Descriptor {
    fn parse(text: &[u8]) -> Option<Descriptor> {
        Some(match text {
            b"S" => Descriptor::S,
            b"N" => Descriptor::N,
            b"B" => Descriptor::B,
            b"BOOL" => Descriptor::Bool,
            b"NULL" => Descriptor::Null,
            b"M" => Descriptor::M,
            b"L" => Descriptor::L,
            b"SS" => Descriptor::Ss,
            b"NS" => Descriptor::Ns,
            b"BS" => Descriptor::Bs,
            _ => return None,
        })
    }

    /// The type whose descriptor is this letter and whose value is text.
    #[inline(always)]
    fn of_text(letter: u8) -> Option<Descriptor> {
        match letter {
            b'S' => Some(Descriptor::S),
            b'N' => Some(Descriptor::N),
            b'B' => Some(Descriptor::B),
            _ => None,
        }
    }

    /// What `{"M":{` and the like begin, and how many bytes lie before its value.
    #[inline(always)]
    fn of_head(head: &[u8; 9]) -> Option<(Descriptor, usize)> {
        match head {
            [b'{', b'"', b'M', b'"', b':', b'{', ..] => Some((Descriptor::M, 5)),
            [b'{', b'"', b'L', b'"', b':', b'[', ..] => Some((Descriptor::L, 5)),
            [b'{', b'"', letter, b'"', b':', b'"', ..] => Some((Descriptor::of_text(*letter)?, 5)),
            b"{\"BOOL\":t" | b"{\"BOOL\":f" => Some((Descriptor::Bool, 8)),
            b"{\"NULL\":t" => Some((Descriptor::Null, 8)),
            [b'{', b'"', b'S', b'S', b'"', b':', b'[', ..] => Some((Descriptor::Ss, 6)),
            [b'{', b'"', b'N', b'S', b'"', b':', b'[', ..] => Some((Descriptor::Ns, 6)),
            _ => None,
        }
    }

    fn as_bytes(self) -> &'static [u8] {
        match self {
            Descriptor::S => b"S",
            Descriptor::N => b"N",
            Descriptor::B => b"B",
            Descriptor::Bool => b"BOOL",
            Descriptor::Null => b"NULL",
            Descriptor::M => b"M",
            Descriptor::L => b"L",
            Descriptor::Ss => b"SS",
            Descriptor::Ns => b"NS",
            Descriptor::Bs => b"BS",
        }
    }

    /// The type of a set's elements.
    fn element(self) -> Option<Descriptor> {
        match self {
            Descriptor::Ss => Some(Descriptor::S),
            Descriptor::Ns => Some(Descriptor::N),
            Descriptor::Bs => Some(Descriptor::B),
            _ => None,
        }
    }
}

/// What binding found out about a node: a set of the flags below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(u8);

impl Mark {
    /// A column takes it.
    pub const BOUND: Mark = Mark(1);
    /// It lost a collision for a column.
    pub const LOSER: Mark = Mark(2);
    /// It contains a node that is bound or lost a collision.
    pub const PARTLY: Mark = Mark(4);
    /// Only its hash may be shown.
    pub const HASH: Mark = Mark(8);
    /// It may not be shown at all.
    pub const DROP: Mark = Mark(16);

    /// Whether any flag of `other` is set.
    #[inline]
    pub fn has(self, other: Mark) -> bool {
        self.0 & other.0 != 0
    }

    /// The flags of both.
    #[must_use]
    pub fn with(self, other: Mark) -> Mark {
        Mark(self.0 | other.0)
    }

    /// The flags of this without those of `other`.
    #[must_use]
    pub fn without(self, other: Mark) -> Mark {
        Mark(self.0 & !other.0)
    }
}

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

/// Why a map of attributes can't be used. Whether the rest of it is JSON is known for `Syntax` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It isn't JSON.
    Syntax(SyntaxError),
    /// An attribute value is not an object with exactly one descriptor and a fitting value.
    Malformed,
    /// Maps and lists nest deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl From<SyntaxError> for ParseError {
    fn from(error: SyntaxError) -> Self {
        ParseError::Syntax(error)
    }
}

/// The attributes of one change record's images, one after the other.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    /// The B nodes, set elements among them.
    binaries: Vec<NodeId>,
}

impl Tape {
    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.binaries.clear();
    }

    /// Gives memory back that only a large item needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        self.clear();
        self.nodes.shrink_to(kept_bytes / size_of::<Node>());
        self.binaries.shrink_to(kept_bytes / size_of::<NodeId>());
    }

    /// The node with this index.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Adds flags to a node.
    pub fn mark(&mut self, id: NodeId, mark: Mark) {
        let node = &mut self.nodes[id as usize];
        node.mark = node.mark.with(mark);
    }

    /// Takes flags from a node.
    pub fn unmark(&mut self, id: NodeId, mark: Mark) {
        let node = &mut self.nodes[id as usize];
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

    /// Reads a map of attributes, `{"name": value, …}`, and returns its root, an M.
    ///
    /// # Errors
    ///
    /// [`ParseError`]; what was read of the map stays on the tape, unused.
    pub fn parse_image(&mut self, cursor: &mut Cursor<'_>) -> Result<NodeId, ParseError> {
        let root = self.push(Text::default(), Text::default(), Descriptor::M);
        self.parse_members(cursor, 0)?;
        self.close(root);
        Ok(root)
    }

    #[inline(always)]
    fn push(&mut self, name: Text, value: Text, descriptor: Descriptor) -> NodeId {
        let id = self.nodes.len() as NodeId;
        self.nodes.push(Node { name, value, end: id + 1, descriptor, mark: Mark::default() });
        id
    }

    fn close(&mut self, id: NodeId) {
        self.nodes[id as usize].end = self.nodes.len() as NodeId;
    }

    fn parse_members(&mut self, cursor: &mut Cursor<'_>, depth: u32) -> Result<(), ParseError> {
        if !cursor.eat(b'{') {
            return Err(ParseError::Malformed);
        }
        if cursor.eat(b'}') {
            return Ok(());
        }
        loop {
            let ended = cursor.plain_members(|name, letter, text| {
                let descriptor = Descriptor::of_text(letter);
                if let Some(descriptor) = descriptor {
                    self.push_text(name, text, descriptor);
                }
                descriptor.is_some()
            });
            if ended {
                return Ok(());
            }
            let name = cursor.name()?;
            self.parse_value(cursor, name, depth)?;
            if !cursor.more(b'}')? {
                return Ok(());
            }
        }
    }

    #[inline(always)]
    fn parse_value(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        depth: u32,
    ) -> Result<(), ParseError> {
        // As DynamoDB writes it, without white space and with nothing beside the one descriptor.
        if let Some(head) = cursor.ahead()
            && let Some((descriptor, bytes)) = Descriptor::of_head(head)
        {
            cursor.advance(bytes);
            self.parse_described(cursor, name, descriptor, depth)?;
            if cursor.ahead() == Some(b"}") {
                cursor.advance(1);
                return Ok(());
            }
            return self.parse_descriptors(cursor, name, depth, true);
        }
        if !cursor.eat(b'{') || cursor.peek() == b'}' {
            return Err(ParseError::Malformed);
        }
        self.parse_descriptors(cursor, name, depth, false)
    }

    /// Takes what an attribute value holds behind its first brace, or, where the descriptor has been `found`, behind
    /// that.
    #[inline(never)]
    fn parse_descriptors(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        depth: u32,
        mut found: bool,
    ) -> Result<(), ParseError> {
        if found && !cursor.more(b'}')? {
            return Ok(());
        }
        loop {
            let name_of_type = cursor.name()?;
            let descriptor =
                Descriptor::parse(name_of_type.decoded(cursor.input(), &mut Vec::new()));
            match descriptor {
                Some(_) if cursor.peek() == b'n' => drop(cursor.literal(b"null")?),
                Some(_) if found => return Err(ParseError::Malformed),
                Some(descriptor) => {
                    found = true;
                    self.parse_described(cursor, name, descriptor, depth)?;
                }
                None => cursor.skip_value()?,
            }
            if !cursor.more(b'}')? {
                return if found { Ok(()) } else { Err(ParseError::Malformed) };
            }
        }
    }

    #[inline(always)]
    fn parse_described(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        descriptor: Descriptor,
        depth: u32,
    ) -> Result<(), ParseError> {
        match descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B => {
                self.parse_text(cursor, name, descriptor)
            }
            _ => self.parse_others(cursor, name, descriptor, depth),
        }
    }

    #[inline(never)]
    fn parse_others(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        descriptor: Descriptor,
        depth: u32,
    ) -> Result<(), ParseError> {
        let id = self.push(name, Text::default(), descriptor);
        match descriptor {
            Descriptor::Bool => {
                let literal: &[u8] = if cursor.peek() == b't' { b"true" } else { b"false" };
                self.nodes[id as usize].value =
                    cursor.literal(literal).map_err(|_| ParseError::Malformed)?;
            }
            Descriptor::Null => {
                cursor.literal(b"true").map_err(|_| ParseError::Malformed)?;
            }
            Descriptor::M | Descriptor::L if depth == MAX_DEPTH => return Err(ParseError::TooDeep),
            Descriptor::M => self.parse_members(cursor, depth + 1)?,
            Descriptor::L => self.parse_elements(cursor, |tape, cursor| {
                tape.parse_value(cursor, Text::default(), depth + 1)
            })?,
            _ => {
                let element = descriptor.element().unwrap_or(descriptor);
                self.parse_elements(cursor, |tape, cursor| {
                    tape.parse_text(cursor, Text::default(), element)
                })?;
            }
        }
        self.close(id);
        Ok(())
    }

    #[inline(always)]
    fn parse_text(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        descriptor: Descriptor,
    ) -> Result<(), ParseError> {
        if cursor.peek() != b'"' {
            return Err(ParseError::Malformed);
        }
        let value = cursor.string()?;
        self.push_text(name, value, descriptor);
        Ok(())
    }

    #[inline(always)]
    fn push_text(&mut self, name: Text, value: Text, descriptor: Descriptor) {
        let id = self.push(name, value, descriptor);
        if descriptor == Descriptor::B {
            self.binaries.push(id);
        }
    }

    #[inline(always)]
    fn parse_elements(
        &mut self,
        cursor: &mut Cursor<'_>,
        parse: impl Fn(&mut Self, &mut Cursor<'_>) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        if !cursor.eat(b'[') {
            return Err(ParseError::Malformed);
        }
        if cursor.eat(b']') {
            return Ok(());
        }
        loop {
            parse(self, cursor)?;
            if !cursor.more(b']')? {
                return Ok(());
            }
        }
    }

    /// Takes one layer of base64 off each binary value where what it decodes to is itself canonical base64:
    /// Kinesis Data Streams for DynamoDB encodes twice
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html>). The inner text is
    /// shorter and takes the outer one's place in `input`.
    pub fn unwrap_binaries(&mut self, input: &mut [u8], scratch: &mut Vec<u8>) {
        for &id in &self.binaries {
            let value = &mut self.nodes[id as usize].value;
            let mut unescaped = Vec::new();
            let outer = value.decoded(input, &mut unescaped);
            scratch.clear();
            if base64_simd::STANDARD.decode_append(outer, scratch).is_ok()
                && is_canonical_base64(scratch)
            {
                let start = value.range().start;
                input[start..start + scratch.len()].copy_from_slice(scratch);
                *value = Text::plain(start, start + scratch.len());
            }
        }
    }

    /// Writes a value as plain JSON: numbers as they are written, binary as base64, sets as arrays, members
    /// in the order given, without insignificant white space. Protected members are hashed or left out.
    pub fn write_plain(&self, id: NodeId, input: &[u8], out: &mut Vec<u8>) {
        if self.node(id).mark.has(Mark::HASH) {
            json::write_string(&self.hash(id, input), out);
        } else {
            self.write_plain_value(id, input, out);
        }
    }

    fn write_plain_value(&self, id: NodeId, input: &[u8], out: &mut Vec<u8>) {
        let node = self.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::B => json::write_text(node.value, input, out),
            Descriptor::N => write_number(node.value, input, out),
            Descriptor::Bool => out.extend_from_slice(node.value.raw(input)),
            Descriptor::Null => out.extend_from_slice(b"null"),
            Descriptor::M => self.write_members(id, input, out, Tape::write_plain),
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {
                let mut separator = b'[';
                for (child, _) in self.children(id) {
                    out.push(separator);
                    self.write_plain(child, input, out);
                    separator = b',';
                }
                close(separator, *b"[]", out);
            }
        }
    }

    /// Writes a value as DynamoDB JSON. What is protected is an S with its hash, or left out.
    pub fn write_dynamodb(&self, id: NodeId, input: &[u8], out: &mut Vec<u8>) {
        let node = self.node(id);
        if node.mark.has(Mark::HASH) {
            out.extend_from_slice(b"{\"S\":\"");
            out.extend_from_slice(&self.hash(id, input));
            out.extend_from_slice(b"\"}");
            return;
        }
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(node.descriptor.as_bytes());
        out.extend_from_slice(b"\":");
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B => {
                json::write_text(node.value, input, out);
            }
            Descriptor::Bool => out.extend_from_slice(node.value.raw(input)),
            Descriptor::Null => out.extend_from_slice(b"true"),
            Descriptor::M => self.write_members(id, input, out, Tape::write_dynamodb),
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {
                let mut separator = b'[';
                for (child, element) in self.children(id) {
                    out.push(separator);
                    if node.descriptor == Descriptor::L {
                        self.write_dynamodb(child, input, out);
                    } else {
                        json::write_text(element.value, input, out);
                    }
                    separator = b',';
                }
                close(separator, *b"[]", out);
            }
        }
        out.push(b'}');
    }

    fn write_members(
        &self,
        id: NodeId,
        input: &[u8],
        out: &mut Vec<u8>,
        write: impl Fn(&Tape, NodeId, &[u8], &mut Vec<u8>),
    ) {
        let mut separator = b'{';
        for (child, node) in self.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            out.push(separator);
            json::write_text(node.name, input, out);
            out.push(b':');
            write(self, child, input, out);
            separator = b',';
        }
        close(separator, *b"{}", out);
    }

    /// Writes the text that a string column holds for a value, unescaped: an S as it is, an N's digits,
    /// `true` or `false`, base64, or plain JSON.
    pub fn write_string_text(&self, id: NodeId, input: &[u8], out: &mut Vec<u8>) {
        let node = self.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B => {
                json::unescape(node.value.raw(input), out);
            }
            _ => self.write_plain_value(id, input, out),
        }
    }

    /// The lower-case hexadecimal SHA-256 of the text that a string column would hold.
    pub fn hash(&self, id: NodeId, input: &[u8]) -> [u8; 64] {
        let node = self.node(id);
        let is_text = matches!(node.descriptor, Descriptor::S | Descriptor::N | Descriptor::B);
        let digest = if is_text && node.value.escapes() == Escapes::None {
            Sha256::digest(node.value.raw(input))
        } else {
            let mut text = Vec::new();
            self.write_string_text(id, input, &mut text);
            Sha256::digest(&text)
        };
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
            }
        }
        hex
    }
}

/// Ends an array or object that `separator` shows to be empty or not.
fn close(separator: u8, brackets: [u8; 2], out: &mut Vec<u8>) {
    if separator == brackets[0] {
        out.push(separator);
    }
    out.push(brackets[1]);
}

/// Writes an N as a JSON number, or as a JSON string where its text isn't one.
fn write_number(value: Text, input: &[u8], out: &mut Vec<u8>) {
    let mut scratch = Vec::new();
    let text = value.decoded(input, &mut scratch);
    if number::is_json_number(text) {
        out.extend_from_slice(text);
    } else {
        json::write_text(value, input, out);
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
