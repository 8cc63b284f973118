//! From plain JSON to nodes, as [`Tape::write_plain`](super::Tape::write_plain) writes it: strings
//! are S, numbers N, booleans BOOL, null NULL, arrays L and objects M.

use super::descriptor::Descriptor;
use super::parse::ParseError;
use super::tape::{NodeId, Nodes};
use crate::failure::MAX_DEPTH;
use crate::text::json::{Cursor, Text};

impl Nodes {
    /// Reads an object, of its own members only those whose names `is_taken` says, and returns its
    /// root, an M.
    ///
    /// # Errors
    ///
    /// [`ParseError`]; what was read of the object stays on the tape, unused.
    pub(crate) fn parse_plain(
        &mut self,
        cursor: &mut Cursor<'_>,
        is_taken: impl Fn(&[u8]) -> bool,
    ) -> Result<NodeId, ParseError> {
        let root = self.push(Text::default(), Text::default(), Descriptor::M);
        self.parse_plain_members(cursor, 0, is_taken)?;
        self.close(root);
        Ok(root)
    }

    fn parse_plain_members(
        &mut self,
        cursor: &mut Cursor<'_>,
        depth: u32,
        is_taken: impl Fn(&[u8]) -> bool,
    ) -> Result<(), ParseError> {
        cursor.expect(b'{')?;
        let mut more = !cursor.eat(b'}');
        while more {
            let name = cursor.name()?;
            if is_taken(&name.to_cow(cursor.input())) {
                self.parse_plain_value(cursor, name, depth)?;
            } else {
                cursor.skip_value()?;
            }
            more = cursor.more(b'}')?;
        }
        Ok(())
    }

    fn parse_plain_value(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: Text,
        depth: u32,
    ) -> Result<(), ParseError> {
        let descriptor = match cursor.peek() {
            b'"' => {
                let value = cursor.string()?;
                self.push_text(name, value, Descriptor::S);
                return Ok(());
            }
            b't' | b'f' => Descriptor::Bool,
            b'n' => Descriptor::Null,
            b'{' => Descriptor::M,
            b'[' => Descriptor::L,
            _ => Descriptor::N,
        };
        let id = self.push(name, Text::default(), descriptor);
        match descriptor {
            Descriptor::Bool => {
                let literal: &[u8] = if cursor.peek() == b't' { b"true" } else { b"false" };
                let value = cursor.literal(literal)?;
                self.set_value(id, value);
            }
            Descriptor::Null => drop(cursor.literal(b"null")?),
            Descriptor::M | Descriptor::L if depth == MAX_DEPTH => return Err(ParseError::TooDeep),
            Descriptor::M => self.parse_plain_members(cursor, depth + 1, |_| true)?,
            Descriptor::L => self.parse_elements(cursor, |nodes, cursor| {
                nodes.parse_plain_value(cursor, Text::default(), depth + 1)
            })?,
            _ => {
                let value = cursor.number()?;
                self.set_value(id, value);
            }
        }
        self.close(id);
        Ok(())
    }
}
