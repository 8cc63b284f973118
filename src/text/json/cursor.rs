//! A cursor over JSON text.

use super::text::{Escapes, Text, decode_hex4};
use crate::text::bytes::{ahead, digits_ahead, find_special, specials_ahead};
use std::fmt;

/// Where the input stops being JSON, as a byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Offset of the first byte that does not belong.
    pub at: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON at byte {}", self.at)
    }
}

impl std::error::Error for SyntaxError {}
/// Walks through JSON text from left to right, checking its grammar.
///
/// A copy is cheap, and in a loop much faster than a reference: its offset stays in a register.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the beginning of `input`, which must be no longer than
    /// [`MAX_INPUT_BYTES`](super::MAX_INPUT_BYTES).
    pub fn new(input: &'a [u8]) -> Self {
        Cursor { input, at: 0 }
    }

    /// The whole input.
    pub fn input(&self) -> &'a [u8] {
        self.input
    }

    /// The offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// An error at the next byte.
    pub fn error<T>(&self) -> Result<T, SyntaxError> {
        Err(SyntaxError { at: self.at })
    }

    /// Steps over white space and returns the byte after it without taking it; 0 at the end.
    #[inline(always)]
    pub fn peek(&mut self) -> u8 {
        match self.input.get(self.at) {
            Some(&byte) if byte > b' ' => byte,
            _ => {
                self.at = skip_whitespace(self.input, self.at);
                self.input.get(self.at).copied().unwrap_or(0)
            }
        }
    }

    /// The next bytes, white space and all.
    #[inline(always)]
    pub(crate) fn ahead<const N: usize>(&self) -> Option<&'a [u8; N]> {
        ahead(self.input, self.at)
    }

    /// Steps over bytes that [`Cursor::ahead`] has shown.
    #[inline(always)]
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes `byte`, after white space, where it is next.
    #[inline(always)]
    pub fn eat(&mut self, byte: u8) -> bool {
        if self.peek() != byte {
            return false;
        }
        self.at += 1;
        true
    }

    /// Takes `byte`, after white space.
    #[inline(always)]
    pub fn expect(&mut self, byte: u8) -> Result<(), SyntaxError> {
        if self.eat(byte) { Ok(()) } else { self.error() }
    }

    /// Nothing but white space may follow.
    pub fn finish(&mut self) -> Result<(), SyntaxError> {
        self.peek();
        if self.at == self.input.len() { Ok(()) } else { self.error() }
    }

    /// Takes a string, quotes and all.
    #[inline(always)]
    pub fn string(&mut self) -> Result<Text, SyntaxError> {
        self.expect(b'"')?;
        let start = self.at;
        self.at = find_special(self.input, start);
        if self.input.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Text::plain(start, self.at - 1));
        }
        let (text, behind) = self.string_with_escapes(start)?;
        *self = behind;
        Ok(text)
    }

    /// Takes the rest of a string that began at `start`, from its first escape. Where there is one
    /// there are more: of 64 bytes all are found at once.
    #[inline(never)]
    fn string_with_escapes(mut self, start: usize) -> Result<(Text, Self), SyntaxError> {
        let mut escapes = Escapes::None;
        let mut from = self.at;
        while let Some(mut specials) = specials_ahead(self.input, from) {
            while specials != 0 {
                self.at = from + specials.trailing_zeros() as usize;
                match self.input.get(self.at) {
                    Some(b'"') => return Ok((Text::new(start, self.at, escapes), self.behind())),
                    Some(b'\\') => escapes = escapes.max(self.escape()?),
                    _ => return self.error(),
                }
                // What an escape takes counts no more; it may reach beyond these 64.
                let taken = self.at - from;
                specials = if taken < 64 { specials & (u64::MAX << taken) } else { 0 };
            }
            from = self.at.max(from + 64);
        }
        self.at = find_special(self.input, from);
        loop {
            match self.input.get(self.at) {
                Some(b'"') => return Ok((Text::new(start, self.at, escapes), self.behind())),
                Some(b'\\') => escapes = escapes.max(self.escape()?),
                _ => return self.error(),
            }
            self.at = find_special(self.input, self.at);
        }
    }

    /// The cursor one byte further.
    fn behind(self) -> Self {
        Cursor { at: self.at + 1, ..self }
    }

    /// Takes one escape sequence, or a pair of them for a surrogate pair.
    fn escape(&mut self) -> Result<Escapes, SyntaxError> {
        match self.input.get(self.at + 1) {
            Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(Escapes::Canonical)
            }
            Some(b'/') => {
                self.at += 2;
                Ok(Escapes::Other)
            }
            Some(b'u') => {
                let unit = self.hex4(self.at + 2)?;
                match unit {
                    0xD800..=0xDBFF => {
                        if self.input.get(self.at + 6..self.at + 8) != Some(b"\\u") {
                            return self.error();
                        }
                        if !(0xDC00..=0xDFFF).contains(&self.hex4(self.at + 8)?) {
                            return self.error();
                        }
                        self.at += 12;
                    }
                    0xDC00..=0xDFFF => return self.error(),
                    _ => self.at += 6,
                }
                Ok(Escapes::Other)
            }
            _ => self.error(),
        }
    }

    fn hex4(&self, at: usize) -> Result<u32, SyntaxError> {
        let digits = self.input.get(at..at + 4).ok_or(SyntaxError { at: self.at })?;
        decode_hex4(digits).ok_or(SyntaxError { at: self.at })
    }

    /// Takes an object member's name and the colon behind it.
    #[inline(always)]
    pub fn name(&mut self) -> Result<Text, SyntaxError> {
        let name = self.string()?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Takes a `,` and says that a member or element follows, or takes `close` and says that none
    /// does.
    #[inline(always)]
    pub fn more(&mut self, close: u8) -> Result<bool, SyntaxError> {
        match self.peek() {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            byte if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.error(),
        }
    }

    /// Takes an object, handing each member's name, decoded, to `take`, which takes the value.
    pub fn object<E: From<SyntaxError>>(
        &mut self,
        mut take: impl FnMut(&mut Self, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{')?;
        let mut more = !self.eat(b'}');
        while more {
            let name = self.name()?;
            take(self, name.decoded(self.input, &mut Vec::new()))?;
            more = self.more(b'}')?;
        }
        Ok(())
    }

    /// Takes any value; what a string holds.
    pub fn text(&mut self) -> Result<Option<Text>, SyntaxError> {
        if self.peek() == b'"' {
            return self.string().map(Some);
        }
        self.skip_value()?;
        Ok(None)
    }

    /// Takes a number and returns its text.
    pub fn number(&mut self) -> Result<Text, SyntaxError> {
        self.peek();
        let mut cursor = *self;
        cursor.at += usize::from(cursor.next_is(b'-'));
        match cursor.input.get(cursor.at) {
            Some(b'0') => cursor.at += 1,
            Some(b'1'..=b'9') => cursor.digits()?,
            _ => return cursor.error(),
        }
        if cursor.next_is(b'.') {
            cursor.at += 1;
            cursor.digits()?;
        }
        if cursor.next_is(b'e') || cursor.next_is(b'E') {
            cursor.at += 1;
            cursor.at += usize::from(cursor.next_is(b'+') || cursor.next_is(b'-'));
            cursor.digits()?;
        }
        let text = Text::plain(self.at, cursor.at);
        *self = cursor;
        Ok(text)
    }

    #[inline(always)]
    fn next_is(&self, byte: u8) -> bool {
        self.input.get(self.at) == Some(&byte)
    }

    #[inline(always)]
    fn digits(&mut self) -> Result<(), SyntaxError> {
        let digits = digits_ahead(self.input, self.at);
        self.at += digits;
        if digits == 0 { self.error() } else { Ok(()) }
    }

    /// Takes `true`, `false` or `null`, whichever `literal` is.
    pub fn literal(&mut self, literal: &[u8]) -> Result<Text, SyntaxError> {
        self.peek();
        if self.input[self.at..].starts_with(literal) {
            self.at += literal.len();
            Ok(Text::plain(self.at - literal.len(), self.at))
        } else {
            self.error()
        }
    }

    /// Takes members of the form `"name":{"X":"text"}` without escapes and white space, as most
    /// are, and hands name, `X` and text to `take`, which may reject what it doesn't know.
    /// Stops before the first member of another form, or behind the last one where the object
    /// ends: then it says so.
    ///
    /// Two searches and two comparisons a member: half of the time of the way that takes each token
    /// by itself.
    #[inline(always)]
    pub(crate) fn plain_members(&mut self, mut take: impl FnMut(Text, u8, Text) -> bool) -> bool {
        let (input, mut at) = (self.input, self.at);
        let ended = loop {
            if input.get(at) != Some(&b'"') {
                break false;
            }
            let name = Text::plain(at + 1, find_special(input, at + 1));
            let end = name.range().end;
            let Some([b'"', b':', b'{', b'"', letter, b'"', b':', b'"']) = ahead(input, end) else {
                break false;
            };
            let text = Text::plain(end + 8, find_special(input, end + 8));
            let end = text.range().end;
            let last = match ahead(input, end) {
                Some([b'"', b'}', b',', _]) => false,
                Some([b'"', b'}', b'}', _]) => true,
                _ => break false,
            };
            if !take(name, *letter, text) {
                break false;
            }
            at = end + 3;
            if last {
                break true;
            }
        };
        self.at = at;
        ended
    }

    /// Takes one value of any kind and depth, checked and not kept. Not recursive: depth costs one
    /// bit a level.
    #[inline(always)]
    pub fn skip_value(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            b'"' => drop(self.string()?),
            b'0'..=b'9' => drop(self.number()?),
            _ => self.skip_nested()?,
        }
        Ok(())
    }

    #[inline(never)]
    fn skip_nested(&mut self) -> Result<(), SyntaxError> {
        let mut cursor = *self;
        let mut nesting = Nesting::default();
        'value: loop {
            match cursor.peek() {
                b'"' => drop(cursor.string()?),
                b'{' => {
                    cursor.at += 1;
                    if !cursor.eat(b'}') {
                        nesting.push(true);
                        if !cursor.skip_plain_members() {
                            cursor.name()?;
                            continue;
                        }
                        nesting.pop();
                    }
                }
                b'[' => {
                    cursor.at += 1;
                    if !cursor.eat(b']') {
                        nesting.push(false);
                        continue;
                    }
                }
                b't' => drop(cursor.literal(b"true")?),
                b'f' => drop(cursor.literal(b"false")?),
                b'n' => drop(cursor.literal(b"null")?),
                _ => drop(cursor.number()?),
            }
            // Behind a value.
            while let Some(object) = nesting.innermost_is_object() {
                if cursor.more(if object { b'}' } else { b']' })? {
                    if !object {
                        continue 'value;
                    }
                    if !cursor.skip_plain_members() {
                        cursor.name()?;
                        continue 'value;
                    }
                }
                nesting.pop();
            }
            *self = cursor;
            return Ok(());
        }
    }

    /// Of an image that no row needs, what is of the usual form.
    #[inline(always)]
    fn skip_plain_members(&mut self) -> bool {
        // One ASCII letter, as no other single byte between quotes is sure to be a string.
        self.plain_members(|_, letter, _| letter.is_ascii_alphabetic())
    }
}

/// The offset of the next byte that is no white space.
#[inline(never)]
fn skip_whitespace(input: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = input.get(at) {
        at += 1;
    }
    at
}

/// The open objects and arrays around a place, a bit each: 1 for an object.
#[derive(Default)]
struct Nesting {
    depth: usize,
    bits: u64,
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or(0);
        }
    }

    fn innermost_is_object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }
}
