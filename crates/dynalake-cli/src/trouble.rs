//! What ends the reading of one input, and of no other.

use std::io;

/// Why an input can't be read, or not to its end: its name, the reason and the fix.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

impl Trouble {
    /// An input that the system can't read.
    pub(crate) fn unreadable(name: &str, error: &io::Error) -> Trouble {
        Trouble(format!("can't read {name}: {error}"))
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':');
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
