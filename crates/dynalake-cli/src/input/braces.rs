//! The braces of an object that stops being JSON somewhere: where it ends all the same.

/// Counts braces outside of strings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Braces {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Braces {
    /// Takes a byte; says whether it closes the first brace of all.
    pub(super) fn closes(&mut self, byte: u8) -> bool {
        let is_escaped = std::mem::take(&mut self.is_escaped);
        match byte {
            // No string goes on over the end of a line.
            b'\n' => self.in_string = false,
            _ if is_escaped => {}
            b'\\' => self.is_escaped = self.in_string,
            b'"' => self.in_string = !self.in_string,
            b'{' if !self.in_string => self.depth += 1,
            b'}' if !self.in_string && self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    /// Takes bytes that don't close it.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.closes(byte);
        }
    }
}
