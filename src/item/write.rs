//! Attribute values written out again: as plain JSON, as DynamoDB JSON, and hashed.

use super::descriptor::Descriptor;
use super::mark::Mark;
use super::tape::{NodeId, Tape};
use crate::text::json::{self, Escapes, Text};
use crate::text::number;
use sha2::{Digest, Sha256};

impl Tape {
    /// Writes a value as plain JSON: numbers as they are written, binary as base64, sets as arrays,
    /// members in the order given, without insignificant white space. Protected members are
    /// hashed or left out.
    pub fn write_plain(&self, id: NodeId, out: &mut Vec<u8>) {
        if self.node(id).mark.has(Mark::HASH) {
            json::write_string(&self.hash(id), out);
        } else {
            self.write_plain_value(id, out);
        }
    }

    fn write_plain_value(&self, id: NodeId, out: &mut Vec<u8>) {
        let node = self.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::B => json::write_text(node.value, self.text(), out),
            Descriptor::N => write_number(node.value, self.text(), out),
            Descriptor::Bool => out.extend_from_slice(node.value.raw(self.text())),
            Descriptor::Null => out.extend_from_slice(b"null"),
            Descriptor::M => self.write_members(id, out, Tape::write_plain),
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {
                let mut separator = b'[';
                for (child, _) in self.children(id) {
                    out.push(separator);
                    self.write_plain(child, out);
                    separator = b',';
                }
                close(separator, *b"[]", out);
            }
        }
    }

    /// Writes a value as DynamoDB JSON. What is protected is an S with its hash, or left out.
    pub fn write_dynamodb(&self, id: NodeId, out: &mut Vec<u8>) {
        let node = self.node(id);
        if node.mark.has(Mark::HASH) {
            out.extend_from_slice(b"{\"S\":\"");
            out.extend_from_slice(&self.hash(id));
            out.extend_from_slice(b"\"}");
            return;
        }
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(node.descriptor.as_bytes());
        out.extend_from_slice(b"\":");
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B => {
                json::write_text(node.value, self.text(), out);
            }
            Descriptor::Bool => out.extend_from_slice(node.value.raw(self.text())),
            Descriptor::Null => out.extend_from_slice(b"true"),
            Descriptor::M => self.write_members(id, out, Tape::write_dynamodb),
            Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => {
                let mut separator = b'[';
                for (child, element) in self.children(id) {
                    out.push(separator);
                    if node.descriptor == Descriptor::L {
                        self.write_dynamodb(child, out);
                    } else {
                        json::write_text(element.value, self.text(), out);
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
        out: &mut Vec<u8>,
        write: impl Fn(&Tape, NodeId, &mut Vec<u8>),
    ) {
        let mut separator = b'{';
        for (child, node) in self.children(id) {
            if node.mark.has(Mark::DROP) {
                continue;
            }
            out.push(separator);
            json::write_text(node.name, self.text(), out);
            out.push(b':');
            write(self, child, out);
            separator = b',';
        }
        close(separator, *b"{}", out);
    }

    /// Writes the text that a string column holds for a value, unescaped: an S as it is, an N's
    /// digits, `true` or `false`, base64, or plain JSON.
    pub fn write_string_text(&self, id: NodeId, out: &mut Vec<u8>) {
        let node = self.node(id);
        match node.descriptor {
            Descriptor::S | Descriptor::N | Descriptor::B => {
                json::unescape(node.value.raw(self.text()), out);
            }
            _ => self.write_plain_value(id, out),
        }
    }

    /// The lower-case hexadecimal SHA-256 of the text that a string column would hold.
    pub fn hash(&self, id: NodeId) -> [u8; 64] {
        let node = self.node(id);
        let is_text = matches!(node.descriptor, Descriptor::S | Descriptor::N | Descriptor::B);
        let digest = if is_text && node.value.escapes() == Escapes::None {
            Sha256::digest(node.value.raw(self.text()))
        } else {
            let mut text = Vec::new();
            self.write_string_text(id, &mut text);
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
