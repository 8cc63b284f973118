//! From DynamoDB JSON to nodes.

use super::descriptor::Descriptor;
use super::tape::{NodeId, Nodes};
use crate::failure::{Failure, MAX_DEPTH};
use crate::text::json::{Cursor, SyntaxError, Text};

/// Why a map of attributes can't be used. Whether the rest of it is JSON is known for `Syntax`
/// only.
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
impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Syntax(_) => Failure::NotJson,
            ParseError::Malformed => Failure::Malformed,
            ParseError::TooDeep => Failure::TooDeep,
        }
    }
}

impl Nodes {
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

    /// Reads one attribute value, `{"S": "text"}`, that has no name.
    ///
    /// # Errors
    ///
    /// [`ParseError`].
    pub(crate) fn parse_attribute(
        &mut self,
        cursor: &mut Cursor<'_>,
    ) -> Result<NodeId, ParseError> {
        let id = self.next();
        self.parse_value(cursor, Text::default(), 0)?;
        Ok(id)
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

    /// Takes what an attribute value holds behind its first brace, or, where the descriptor has
    /// been `found`, behind that.
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
                let value = cursor.literal(literal).map_err(|_| ParseError::Malformed)?;
                self.set_value(id, value);
            }
            Descriptor::Null => {
                cursor.literal(b"true").map_err(|_| ParseError::Malformed)?;
            }
            Descriptor::M | Descriptor::L if depth == MAX_DEPTH => return Err(ParseError::TooDeep),
            Descriptor::M => self.parse_members(cursor, depth + 1)?,
            Descriptor::L => self.parse_elements(cursor, |nodes, cursor| {
                nodes.parse_value(cursor, Text::default(), depth + 1)
            })?,
            _ => {
                let element = descriptor.element().unwrap_or(descriptor);
                self.parse_elements(cursor, |nodes, cursor| {
                    nodes.parse_text(cursor, Text::default(), element)
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
    pub(super) fn parse_elements(
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
}
