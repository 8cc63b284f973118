//! Spans of JSON text, and the decoding of escapes.

use crate::text::bytes::append_from;
use std::borrow::Cow;
use std::ops::Range;

/// What escapes a string holds, and so how it may be copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escapes {
    /// None: the span is the text.
    #[default]
    None,
    /// Only escapes that this crate would write itself: the span may be copied into a JSON string.
    Canonical,
    /// `\/` or `\u…`: to be decoded and escaped again.
    Other,
}

/// The most bytes that a [`Cursor`](super::Cursor) can walk through: a [`Text`] has 30 bits for a
/// length.
pub const MAX_INPUT_BYTES: usize = (1 << 30) - 1;

/// The contents of a JSON string, or another token, as a span of the input. Eight bytes, for an
/// item may have a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    start: u32,
    /// The length, and above it two bits of [`Escapes`].
    len_and_escapes: u32,
}

impl Text {
    pub(super) fn new(start: usize, end: usize, escapes: Escapes) -> Text {
        Text { start: start as u32, len_and_escapes: (end - start) as u32 | (escapes as u32) << 30 }
    }

    /// A span without escapes.
    pub fn plain(start: usize, end: usize) -> Text {
        Text::new(start, end, Escapes::None)
    }

    /// The escapes found between the quotes.
    #[inline]
    pub fn escapes(&self) -> Escapes {
        match self.len_and_escapes >> 30 {
            0 => Escapes::None,
            1 => Escapes::Canonical,
            _ => Escapes::Other,
        }
    }

    /// The span in the input.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + (self.len_and_escapes & MAX_INPUT_BYTES as u32) as usize
    }

    /// The bytes between the quotes, escapes and all.
    #[inline]
    pub fn raw<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        &input[self.range()]
    }

    /// Appends the bytes between the quotes, escapes and all.
    #[inline(always)]
    pub fn append_raw(&self, input: &[u8], out: &mut Vec<u8>) {
        let range = self.range();
        append_from(input, range.start, range.len(), out);
    }

    /// The text itself: a piece of the input, or decoded into `scratch` where it holds escapes.
    #[inline]
    pub fn decoded<'a>(&self, input: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let raw = self.raw(input);
        if self.escapes() == Escapes::None {
            return raw;
        }
        scratch.clear();
        unescape(raw, scratch);
        scratch
    }

    /// The text itself: a piece of the input, or decoded where it holds escapes.
    pub fn to_cow<'a>(&self, input: &'a [u8]) -> Cow<'a, [u8]> {
        if self.escapes() == Escapes::None {
            return Cow::Borrowed(self.raw(input));
        }
        let mut decoded = Vec::new();
        unescape(self.raw(input), &mut decoded);
        Cow::Owned(decoded)
    }

    /// Whether the text, decoded, equals `other`.
    pub fn is(&self, input: &[u8], other: &[u8]) -> bool {
        match self.escapes() {
            Escapes::None => self.raw(input) == other,
            _ => self.to_cow(input) == other,
        }
    }
}
/// Decodes the escapes of a string's contents, which a [`Cursor`](super::Cursor) has checked, onto
/// `out`.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    pieces(raw, |piece| out.extend_from_slice(piece));
}
/// Hands the decoded text of a string's contents, which a cursor has checked, to `take`, piece by
/// piece.
pub(super) fn pieces(raw: &[u8], mut take: impl FnMut(&[u8])) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        take(&rest[..at]);
        let unit = |from: usize| rest.get(from..from + 4).and_then(decode_hex4).unwrap_or(0xFFFD);
        let (scalar, taken) = match rest.get(at + 1) {
            Some(b'u') => match unit(at + 2) {
                high @ 0xD800..=0xDBFF => {
                    (0x10000 + ((high & 0x3FF) << 10 | unit(at + 8) & 0x3FF), 12)
                }
                unit => (unit, 6),
            },
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0C, 2),
            Some(b'n') => (0x0A, 2),
            Some(b'r') => (0x0D, 2),
            Some(b't') => (0x09, 2),
            Some(&other) => (u32::from(other), 2),
            None => return,
        };
        let scalar = char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
        take(scalar.encode_utf8(&mut [0; 4]).as_bytes());
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    take(rest);
}
/// The value of four hexadecimal digits.
pub(super) fn decode_hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | (digit as char).to_digit(16)?))
}
