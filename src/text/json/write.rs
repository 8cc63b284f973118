//! Writing JSON strings.

use super::text::{Escapes, Text, pieces};
use crate::text::bytes::find_special;

/// Writes text as the contents of a JSON string, escaped as serde_json does it: two-character
/// escapes where there is one, `\u00xx` for other control characters, all else as it is.
pub fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    loop {
        let at = find_special(text, from);
        out.extend_from_slice(&text[from..at]);
        let Some(&byte) = text.get(at) else { return };
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => 0,
        };
        if short == 0 {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            out.extend([b'\\', short]);
        }
        from = at + 1;
    }
}

/// Writes text as a JSON string.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Writes a string of the input as a JSON string, in canonical escapes.
#[inline]
pub fn write_text(text: Text, input: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if text.escapes() == Escapes::Other {
        pieces(text.raw(input), |piece| write_escaped(piece, out));
    } else {
        text.append_raw(input, out);
    }
    out.push(b'"');
}
