//! JSON as it is written by many hands.

use super::{Tape, next};
use std::fmt::Write;

#[derive(Clone, Debug)]
pub(super) enum Json {
    Raw(String),
    Str(String),
    Arr(Vec<Json>),
    Obj(Vec<(String, Json)>),
}

pub(super) fn raw(text: &str) -> Json {
    Json::Raw(text.into())
}

pub(super) fn string(text: &str) -> Json {
    Json::Str(text.into())
}

pub(super) fn obj(members: Vec<(&str, Json)>) -> Json {
    Json::Obj(members.into_iter().map(|(name, json)| (name.to_string(), json)).collect())
}

/// The text of a document, in one of several hands: plain, with white space, with needless escapes.
pub(super) fn write(json: &Json, tape: &mut Tape) -> String {
    let style = tape.below(8);
    let mut writer = Writer {
        seed: tape.below(1 << 30) as u64,
        spaces: matches!(style, 5 | 7),
        escapes: matches!(style, 6 | 7),
        text: String::new(),
    };
    writer.json(json);
    writer.space();
    writer.text
}

pub(super) struct Writer {
    seed: u64,
    spaces: bool,
    escapes: bool,
    text: String,
}

impl Writer {
    pub(super) fn space(&mut self) {
        while self.spaces && next(&mut self.seed).is_multiple_of(4) {
            self.text.push([' ', '\n', '\t', '\r'][next(&mut self.seed) as usize % 4]);
        }
    }

    pub(super) fn json(&mut self, json: &Json) {
        self.space();
        match json {
            Json::Raw(raw) => self.text += raw,
            Json::Str(text) => self.string(text),
            Json::Arr(list) => {
                self.text.push('[');
                for (i, json) in list.iter().enumerate() {
                    self.text += if i > 0 { "," } else { "" };
                    self.json(json);
                    self.space();
                }
                self.space();
                self.text.push(']');
            }
            Json::Obj(members) => {
                self.text.push('{');
                for (i, (name, json)) in members.iter().enumerate() {
                    self.text += if i > 0 { "," } else { "" };
                    self.space();
                    self.string(name);
                    self.space();
                    self.text.push(':');
                    self.json(json);
                    self.space();
                }
                self.space();
                self.text.push('}');
            }
        }
    }

    pub(super) fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            let needless = self.escapes && next(&mut self.seed).is_multiple_of(4);
            match c {
                '"' => self.text += "\\\"",
                '\\' => self.text += "\\\\",
                '/' if needless => self.text += "\\/",
                '\n' if !needless => self.text += "\\n",
                '\t' if !needless => self.text += "\\t",
                '\u{8}' if !needless => self.text += "\\b",
                '\u{c}' if !needless => self.text += "\\f",
                '\r' if !needless => self.text += "\\r",
                c if needless || c < ' ' => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let written = if needless {
                            write!(self.text, "\\u{unit:04X}")
                        } else {
                            write!(self.text, "\\u{unit:04x}")
                        };
                        written.expect("a String takes every write");
                    }
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}
