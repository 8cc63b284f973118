//! A JSON printer for people and for diffs that keeps every token as it is written: the order of
//! members, the digits of numbers, the escapes in strings. Only white space between tokens is its
//! own.

/// How deep every container is broken into lines; deeper ones stay on a line where they fit.
const BROKEN_DEPTH: usize = 3;
/// The longest line that a container is put on.
const MAX_COLUMNS: usize = 100;

/// Whether there is no white space between the tokens of `json`.
pub(crate) fn is_compact(json: &str) -> bool {
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_whitespace() {
            return false;
        }
        rest = &rest[token(rest)..];
    }
    true
}

/// Prints JSON; text that is not JSON comes out in some form too.
pub(crate) fn print(json: &str) -> String {
    let mut printer = Printer { rest: json, out: String::new() };
    printer.value(0, 0);
    printer.out.push('\n');
    printer.out
}

/// A string as a JSON token.
pub(crate) fn string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// The length of the token that `json` begins with.
fn token(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes[0] {
        b'"' => {
            let mut at = 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => json
            .find(|c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c))
            .unwrap_or(json.len())
            .max(1),
    }
}

struct Printer<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Printer<'a> {
    fn peek(&mut self) -> u8 {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next().unwrap_or_default()
    }

    fn take(&mut self) -> &'a str {
        if self.peek() == 0 {
            return "";
        }
        let (token, rest) = self.rest.split_at(token(self.rest));
        self.rest = rest;
        token
    }

    /// Prints the next value, which stands `column` characters into its line.
    fn value(&mut self, depth: usize, column: usize) {
        if !matches!(self.peek(), b'{' | b'[') {
            let token = self.take();
            self.out.push_str(token);
            return;
        }
        let start = self.rest;
        let line = self.line();
        let is_empty = matches!(line.as_str(), "{}" | "[]");
        let fits = depth >= BROKEN_DEPTH && column + line.chars().count() <= MAX_COLUMNS;
        if is_empty || fits {
            self.out.push_str(&line);
            return;
        }
        self.rest = start;
        let opening = self.take();
        self.out.push_str(opening);
        loop {
            let indent = 2 * (depth + 1);
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent));
            let mut column = indent;
            if opening == "{" {
                let name = self.take();
                self.out.push_str(name);
                self.out.push_str(": ");
                self.take();
                column += name.chars().count() + 2;
            }
            // A comma may follow.
            self.value(depth + 1, column + 1);
            match self.take() {
                "," => self.out.push(','),
                closing => {
                    self.out.push('\n');
                    self.out.extend(std::iter::repeat_n(' ', 2 * depth));
                    self.out.push_str(closing);
                    return;
                }
            }
        }
    }

    /// Takes the next value, put on one line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let mut depth = 0;
        loop {
            let token = self.take();
            line.push_str(token);
            match token {
                "{" | "[" => depth += 1,
                "}" | "]" => depth -= 1,
                "," | ":" => line.push(' '),
                _ => {}
            }
            if depth == 0 || token.is_empty() {
                return line;
            }
        }
    }
}
