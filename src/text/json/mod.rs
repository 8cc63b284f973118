//! JSON text: a cursor that validates while it finds its way, and the escaping of strings.
//!
//! Accepts RFC 8259 and nothing else: no byte order mark, no lone surrogates, no `NaN`. A
//! [`Cursor`] checks grammar and takes any bytes in strings: its caller checks that they are UTF-8.
//! Nothing is unescaped or copied here without need: a string is a [`Text`], a span of the input
//! with a note on its escapes.
//!
//! Knows nothing of DynamoDB, except for one shape that it takes at one go because most members
//! have it: `"name":{"X":"text"}` (`Cursor::plain_members`).

mod cursor;
mod text;
mod write;

pub use cursor::{Cursor, SyntaxError};
pub use text::{Escapes, MAX_INPUT_BYTES, Text, unescape};
pub use write::{write_escaped, write_string, write_text};
