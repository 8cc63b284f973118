//! The JSON values of an input, one after the other: with or without line breaks between them, or
//! as the elements of one list, however long it is.
//!
//! A place that is not JSON costs what is there only. Reading goes on behind the brace that closes
//! the bad value, or at an object on the same line that can be a record, else at the next line;
//! where the bad value goes on over several lines, at the next line that begins with a bracket no
//! further right than the value did.

use super::braces::Braces;
use super::reader::Reader;
use super::shape::{Found, Shape, find};
use crate::trouble::Trouble;
use std::ops::Range;

/// An escape or a literal that is cut off is not JSON from its first byte on: with more bytes it
/// may be. None is longer than a pair of surrogates.
const LONGEST_TOKEN: usize = 12;

/// Of a line that is not JSON so much is kept, to say what it is, where not all of it is.
const SHOWN_BYTES: usize = 64 << 10;

/// After so many values that go on over several lines and are not JSON, each line is taken by
/// itself. Else each of a million lines might be read to the input's end.
const MAX_MISSES: u32 = 8;

/// No further ahead than this a value begins that is looked at beforehand.
const MAX_BYTES_AHEAD: usize = 1 << 20;

/// The values of an input.
pub(super) struct Values {
    reader: Reader,
    scan: Scan,
    /// Whether reading will begin again at the start.
    looks_ahead: bool,
    /// Whether what is not JSON is kept to its end, and not only so far that it can be named.
    keeps_bad: bool,
    /// Where in the reader's bytes the bad value is that is being read to its end.
    kept: Option<usize>,
    /// What ended reading, behind the bad value that was handed on last.
    trouble: Option<Trouble>,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// In the reader's bytes.
    at: usize,
    line: u64,
    /// Of the next byte, counted from 0.
    column: usize,
    /// Values that begin on this line so far.
    nth: u64,
    list: List,
    resume: Resume,
    misses: u32,
}

/// Where in a list reading is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum List {
    /// In none.
    #[default]
    Outside,
    /// A value or the end may follow.
    Inside,
    /// Behind a value: a comma or the end must follow.
    BehindValue,
}

/// Where to go on behind what was not JSON.
#[derive(Clone, Copy, Debug, Default)]
enum Resume {
    /// Right here.
    #[default]
    Here,
    /// On this line: where the braces close, or at an object that can be a record, if it is behind
    /// the end of another. Text that begins with no brace has none that close, and there the first
    /// object may be one too.
    SameLine { behind_object: bool, braces: Option<Braces> },
    /// Where the braces close, or on a line that begins with a bracket, no further right than this.
    Line { column: usize, braces: Option<Braces> },
}

/// What was behind a bracket on a line that is not JSON as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// What can be a record.
    Record,
    /// Another object.
    Object,
    /// No JSON.
    Nothing,
}

/// A value, or what is there in place of one.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// The line on which it begins.
    pub(super) line: u64,
    /// Which of the values that begin on that line it is, from 1.
    pub(super) nth: u64,
    /// Where it is in [`Values::bytes`], until the next is asked for.
    pub(super) range: Range<usize>,
    /// What it is; `Err` with the place where it stops being JSON.
    pub(super) shape: Result<Shape, Place>,
}

/// A place in an input, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) byte: u64,
    /// Whether the input ends there.
    pub(super) is_end: bool,
}

impl Values {
    pub(super) fn new(reader: Reader) -> Values {
        Values {
            reader,
            scan: Scan { line: 1, ..Scan::default() },
            looks_ahead: true,
            keeps_bad: false,
            kept: None,
            trouble: None,
        }
    }

    /// From now on keeps what is not JSON to its end, up to where the next value may begin.
    pub(super) fn keep_bad_values(&mut self) {
        self.keeps_bad = true;
    }

    /// Begins again at the input's start, this time without keeping what was read.
    pub(super) fn rewind(&mut self) {
        self.scan = Scan { line: 1, ..Scan::default() };
        self.looks_ahead = false;
    }

    /// What of the input is in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.reader.bytes()
    }

    /// What messages call the input.
    pub(super) fn name(&self) -> &str {
        &self.reader.name
    }

    /// How many bytes of the file have been read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    /// Where a place in [`Values::bytes`] is in the input, unzipped.
    pub(super) fn offset(&self, at: usize) -> u64 {
        self.reader.forgotten() + at as u64
    }

    /// The same of where reading has come to.
    pub(super) fn at(&self) -> u64 {
        self.offset(self.scan.at)
    }

    /// The next value.
    pub(super) fn next(&mut self) -> Result<Option<Value>, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        self.resume()?;
        loop {
            let Some(byte) = self.next_byte()? else {
                if self.scan.list == List::Outside || !self.reader.ended() {
                    return Ok(None);
                }
                let name = self.name();
                return Err(Trouble(format!("{name} ends in the middle of its JSON list")));
            };
            match (self.scan.list, byte) {
                (_, b' ' | b'\t' | b'\r' | b'\n') => {}
                (List::Outside, b'[') | (List::Inside | List::BehindValue, b',') => {
                    self.scan.list = List::Inside;
                }
                (List::Inside | List::BehindValue, b']') => self.scan.list = List::Outside,
                // Without a comma it is no list.
                (List::BehindValue, _) => {
                    self.scan.list = List::Outside;
                    continue;
                }
                (List::Outside | List::Inside, _) => break,
            }
            self.step(self.scan.at + 1);
        }
        self.scan.nth += 1;
        let is_record = self.scan.list == List::Inside || self.bytes()[self.scan.at] == b'{';
        let value = if is_record { self.value()? } else { self.no_value(self.scan.at)? };
        Ok(Some(value))
    }

    /// The value that begins here.
    fn value(&mut self) -> Result<Value, Trouble> {
        let (shape, end) = match self.look()? {
            Ok(found) => found,
            Err(broken) => return self.no_value(broken),
        };
        let Scan { at, line, nth, .. } = self.scan;
        self.scan.misses = 0;
        if self.scan.list == List::Inside {
            self.scan.list = List::BehindValue;
        }
        self.step(end);
        Ok(Value { line, nth, range: at..end, shape: Ok(shape) })
    }

    /// What is here, once enough has been read to say it: a value and its end, or where it stops
    /// being JSON.
    fn look(&mut self) -> Result<Result<(Shape, usize), usize>, Trouble> {
        loop {
            let alone = self.scan.misses >= MAX_MISSES;
            let limit = if alone { self.end_of_line(usize::MAX)? } else { self.bytes().len() };
            let start = self.scan.at;
            let may_go_on = !alone && !self.reader.ended();
            match find(&self.bytes()[..limit], start) {
                // A number may go on.
                Found::Value(_, end)
                    if end == limit && may_go_on && self.bytes()[end - 1].is_ascii_digit() => {}
                Found::Value(shape, end) => return Ok(Ok((shape, end))),
                Found::Unfinished if may_go_on => {}
                Found::Broken(at) if may_go_on && at + LONGEST_TOKEN > limit => {}
                Found::Unfinished => return Ok(Err(limit)),
                Found::Broken(at) => return Ok(Err(at)),
            }
            // Twice as much each time: a long value is not looked at over and over.
            self.fill((limit - start).saturating_sub(SHOWN_BYTES))?;
        }
    }

    /// What is here, which stops being JSON at `broken`: the rest of the line.
    fn no_value(&mut self, broken: usize) -> Result<Value, Trouble> {
        let broken = broken - self.scan.at;
        let end = self.end_of_line(SHOWN_BYTES)?;
        let start = self.scan.at;
        let broken = start + broken;
        let Scan { line, nth, column, .. } = self.scan;
        let place = {
            let bytes = self.bytes();
            let before = &bytes[start..broken];
            let breaks = count_breaks(before);
            let byte = match before.iter().rposition(|&byte| byte == b'\n') {
                Some(at) => before.len() - at,
                None => column + before.len() + 1,
            };
            let is_end = bytes[broken..].trim_ascii().is_empty() && self.reader.ended();
            Place { line: line + breaks, byte: byte as u64, is_end }
        };
        let is_object = self.bytes()[start] == b'{';
        let goes_on = broken > end;
        let to = if goes_on { end } else { broken.max(start + 1).min(end) };
        let passed = &self.bytes()[start..to];
        let behind_object = passed.trim_ascii_end().ends_with(b"}");
        let braces = is_object.then(|| {
            let mut braces = Braces::default();
            braces.pass(passed);
            braces
        });
        self.step(to);
        self.scan.resume = if goes_on {
            self.scan.misses += 1;
            Resume::Line { column, braces }
        } else {
            Resume::SameLine { behind_object, braces }
        };
        if self.scan.list == List::BehindValue {
            self.scan.list = List::Inside;
        }
        let range = if self.keeps_bad { self.rest_of_bad(start) } else { start..end };
        Ok(Value { line, nth, range, shape: Err(place) })
    }

    /// Goes on to where the next value may begin: what is not JSON from `start` up to there.
    fn rest_of_bad(&mut self, start: usize) -> Range<usize> {
        self.kept = Some(start);
        self.trouble = self.resume().err();
        let start = self.kept.take().unwrap_or_default();
        let text = &self.bytes()[start..self.scan.at];
        start..start + text.trim_ascii_end().len()
    }

    /// Goes to where the next value may begin.
    fn resume(&mut self) -> Result<(), Trouble> {
        match std::mem::take(&mut self.scan.resume) {
            Resume::Here => Ok(()),
            Resume::SameLine { behind_object, braces } => {
                self.resume_on_line(behind_object, braces)
            }
            Resume::Line { column, braces } => self.resume_on_next_line(column, braces),
        }
    }

    fn resume_on_line(
        &mut self,
        mut behind_object: bool,
        mut braces: Option<Braces>,
    ) -> Result<(), Trouble> {
        let mut at_any_object = braces.is_none();
        while let Some(byte) = self.next_byte()? {
            match byte {
                b'\n' => break,
                b'{' if behind_object || at_any_object => {
                    let Some(closed) = self.resume_at_object(&mut braces)? else { break };
                    if closed == Closed::Record {
                        return Ok(());
                    }
                    (behind_object, at_any_object) = (closed == Closed::Object, false);
                    continue;
                }
                b'}' => behind_object = true,
                b' ' | b'\t' | b'\r' | b',' => {}
                _ => behind_object = false,
            }
            self.step(self.scan.at + 1);
            if closes(&mut braces, byte) {
                break;
            }
        }
        Ok(())
    }

    /// Goes past the object that begins here, unless it can be a record; `None` where it is not
    /// JSON before the line's end.
    fn resume_at_object(&mut self, braces: &mut Option<Braces>) -> Result<Option<Closed>, Trouble> {
        let broken = match self.look()? {
            Ok((Shape::Unknown | Shape::Item, end)) => {
                self.step(end);
                return Ok(Some(Closed::Object));
            }
            Ok(_) => return Ok(Some(Closed::Record)),
            Err(broken) => broken,
        };
        let start = self.scan.at;
        if let Some(len) = self.bytes()[start..broken].iter().position(|&byte| byte == b'\n') {
            self.scan.misses += 1;
            self.step(start + len);
            return Ok(None);
        }
        let to = broken.max(start + 1);
        if let Some(braces) = braces {
            braces.pass(&self.bytes()[start..to]);
        }
        self.step(to);
        Ok(Some(Closed::Nothing))
    }

    fn resume_on_next_line(
        &mut self,
        column: usize,
        mut braces: Option<Braces>,
    ) -> Result<(), Trouble> {
        let mut is_indent = false;
        while let Some(byte) = self.next_byte()? {
            let ends_list = byte == b']' && self.scan.list != List::Outside;
            match byte {
                b'\n' => is_indent = true,
                b' ' | b'\t' | b'\r' => {}
                b'{' | b'[' if is_indent && self.scan.column <= column => break,
                _ if is_indent && ends_list && self.scan.column <= column => break,
                _ => is_indent = false,
            }
            self.step(self.scan.at + 1);
            if closes(&mut braces, byte) {
                break;
            }
        }
        Ok(())
    }

    /// The next byte, which is not taken.
    fn next_byte(&mut self) -> Result<Option<u8>, Trouble> {
        if self.scan.at == self.bytes().len()
            && !(self.looks_ahead && self.bytes().len() > MAX_BYTES_AHEAD)
        {
            self.fill(1)?;
        }
        Ok(self.bytes().get(self.scan.at).copied())
    }

    /// Where this line ends, or so many bytes of it or more.
    fn end_of_line(&mut self, max: usize) -> Result<usize, Trouble> {
        loop {
            let rest = &self.bytes()[self.scan.at..];
            if let Some(len) = rest.iter().position(|&byte| byte == b'\n') {
                return Ok(self.scan.at + len);
            }
            if rest.len() >= max || self.reader.ended() {
                return Ok(self.bytes().len());
            }
            let more = rest.len();
            self.fill(more)?;
        }
    }

    /// Reads so many bytes more, and one at the least.
    fn fill(&mut self, more: usize) -> Result<(), Trouble> {
        let used = if self.looks_ahead { 0 } else { self.kept.unwrap_or(self.scan.at) };
        self.scan.at -= used;
        self.kept = self.kept.map(|kept| kept - used);
        self.reader.fill(more.max(1), used)
    }

    /// Goes on to a place in the bytes.
    fn step(&mut self, to: usize) {
        let passed = &self.reader.bytes()[self.scan.at..to];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.scan.line += count_breaks(passed);
                self.scan.nth = 0;
                self.scan.column = passed.len() - last - 1;
            }
            None => self.scan.column += passed.len(),
        }
        self.scan.at = to;
    }
}

/// Whether a byte closes the braces, if there are any.
fn closes(braces: &mut Option<Braces>, byte: u8) -> bool {
    braces.as_mut().is_some_and(|braces| braces.closes(byte))
}

fn count_breaks(text: &[u8]) -> u64 {
    text.split(|&byte| byte == b'\n').count() as u64 - 1
}
