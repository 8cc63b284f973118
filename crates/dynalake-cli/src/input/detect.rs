//! Finding out what an input holds, by its content.

use super::reader::{CountingReader, MAX_BYTES};
use super::source::{PendingData, PendingRecord, RecordId, Source};
use crate::exit::Exit;
use crate::report::size;
use crate::spans::{Members, elements, member, members, quoted};
use crate::text::thousands;
use dynalake::change::MEMBERS;
use dynalake::text::json::{Cursor, SyntaxError};
use std::io;

/// So many lines are looked at to find out whether lines are change records.
const LINES_LOOKED_AT: usize = 8;

/// Finds out what an input holds, reading no more of it than that takes.
pub(super) struct Detector<'a> {
    /// What has been read so far.
    head: Vec<u8>,
    /// Where the first thing that isn't blank begins.
    from: usize,
    reader: &'a mut CountingReader,
}

/// What is at the beginning of an input.
enum First {
    /// A JSON value, up to here; of an object, the members.
    Json(usize, Option<Members>),
    /// The beginning of one.
    Unfinished,
    /// Something else, from here on.
    NotJson(usize),
}

impl<'a> Detector<'a> {
    pub(super) fn new(reader: &'a mut CountingReader) -> Detector<'a> {
        Detector { head: Vec::new(), from: 0, reader }
    }

    pub(super) fn run(mut self) -> Result<Source, Exit> {
        self.skip_blank_lines()?;
        self.check_encoding()?;
        let first_line = self.head.len();
        let (end, members) = match self.first()? {
            First::Json(end, members) => (end, members),
            First::NotJson(at) if !self.has_change_line()? => {
                return self.reject(&format!("not JSON at {}", self.place(at)));
            }
            First::Unfinished if !self.has_change_line()? => {
                return self.reject("it ends in the middle of its JSON");
            }
            First::NotJson(_) | First::Unfinished => return Ok(self.lines()),
        };
        let has =
            |name| members.as_ref().is_some_and(|m| m.iter().any(|(member, _)| member == name));
        if has("records") {
            self.read_all(end, "one Firehose event at a time")?;
            return Ok(Source::Event(Some(self.head)));
        }
        if has("Records") {
            self.read_all(end, "one test event at a time")?;
            return self.test_event(&members.unwrap_or_default());
        }
        if end <= first_line {
            if self.has_change_line()? {
                return Ok(self.lines());
            }
        } else if MEMBERS.into_iter().any(has) {
            self.read_all(end, "each change record on a line of its own, as jq -c . prints it")?;
            let line = 1 + count_lines(&self.head[..self.from]);
            let data = PendingData::Plain(self.from..end);
            let id = RecordId::Line(line);
            let records = vec![PendingRecord { id, data, sequence_number: None }];
            return Ok(Source::Document { text: self.head, records, next: 0 });
        }
        self.reject(match members {
            Some(_) => {
                "it is JSON without \"records\", \"Records\" or a change record's \"dynamodb\""
            }
            None => "it begins with JSON that is not an object",
        })
    }

    fn name(&self) -> &str {
        &self.reader.name
    }

    fn read_line(&mut self) -> Result<bool, Exit> {
        let read = self.reader.read_line(&mut self.head)?;
        if self.head.len() > MAX_BYTES {
            let (name, max) = (self.name(), size(MAX_BYTES as u64));
            return Exit::reject(format!(
                "{name} is one document of more than {max}; write change records one per line"
            ));
        }
        Ok(read > 0)
    }

    fn skip_blank_lines(&mut self) -> Result<(), Exit> {
        loop {
            self.from = self.head.len();
            if !self.read_line()? {
                return Exit::reject(format!(
                    "{} is empty; give a Firehose event, a Lambda test event or change records",
                    self.name()
                ));
            }
            let line = &self.head[self.from..];
            if !line.trim_ascii().is_empty() {
                self.from += line.len() - line.trim_ascii_start().len();
                return Ok(());
            }
        }
    }

    fn check_encoding(&self) -> Result<(), Exit> {
        let name = self.name();
        for (bytes, what, fix) in [
            (&b"\x1f\x8b"[..], "is gzip", "pipe it in with gunzip -c"),
            (b"\xef\xbb\xbf", "begins with a byte order mark", "save it as UTF-8 without one"),
            (b"\xff\xfe", "is UTF-16", "save it as UTF-8"),
            (b"\xfe\xff", "is UTF-16", "save it as UTF-8"),
        ] {
            if self.head.starts_with(bytes) {
                return Exit::reject(format!("{name} {what}; {fix}"));
            }
        }
        Ok(())
    }

    /// Reads on until the first JSON value is complete, or can't become so.
    fn first(&mut self) -> Result<First, Exit> {
        let mut looked_at = 0;
        loop {
            // Twice as much each time: a long value is not read over and over.
            while self.head.len() < 2 * looked_at && self.read_line()? {}
            let more = self.head.len() > looked_at;
            looked_at = self.head.len();
            let first = first_value(&self.head, self.from);
            if !matches!(first, First::Unfinished) || !more {
                return Ok(first);
            }
            self.read_line()?;
        }
    }

    /// Whether one of the first lines is a change record by itself.
    fn has_change_line(&mut self) -> Result<bool, Exit> {
        let mut at = self.from;
        for _ in 0..LINES_LOOKED_AT {
            if at >= self.head.len() && !self.read_line()? {
                return Ok(false);
            }
            let rest = &self.head[at..];
            let line = &rest[..rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())];
            at += line.len() + 1;
            if let Ok(members) = whole_object(line)
                && members.iter().any(|(name, _)| MEMBERS.contains(&name.as_str()))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn lines(self) -> Source {
        Source::Lines { head: io::Cursor::new(self.head), line: 0 }
    }

    /// Reads to the end, where nothing may follow the document.
    fn read_all(&mut self, end: usize, fix: &str) -> Result<(), Exit> {
        while self.read_line()? {}
        let rest = &self.head[end..];
        if rest.trim_ascii().is_empty() {
            return Ok(());
        }
        let place = self.place(end + rest.len() - rest.trim_ascii_start().len());
        Exit::reject(format!("{} goes on after its JSON, at {place}; give {fix}", self.name()))
    }

    /// The elements of `Records`, in either of the shapes that Lambda sends, or as the command line for AWS
    /// prints them.
    fn test_event(self, document: &Members) -> Result<Source, Exit> {
        let Some((_, list)) = document.iter().rev().find(|(name, _)| name == "Records") else {
            return self.reject("it has no \"Records\"");
        };
        let list = list.clone();
        let Ok(elements) = elements(&self.head[list.clone()]) else {
            return self.reject("its \"Records\" is not a list");
        };
        let mut known = elements.is_empty();
        let mut records = Vec::with_capacity(elements.len());
        for (at, element) in elements.into_iter().enumerate() {
            let range = list.start + element.start..list.start + element.end;
            let text = &self.head[range.clone()];
            let fields = whole_object(text).unwrap_or_default();
            let is_change = member(&fields, "dynamodb", text).is_some();
            let kinesis = kinesis_record(&fields, text);
            known |= is_change || kinesis.is_some();
            let (data, sequence_number) = kinesis.unwrap_or((PendingData::Plain(range), None));
            records.push(PendingRecord { id: RecordId::Element(at), data, sequence_number });
        }
        if !known {
            return self
                .reject("\"Records\" holds no changes of DynamoDB and no records of Kinesis");
        }
        Ok(Source::Document { text: self.head, records, next: 0 })
    }

    fn place(&self, at: usize) -> String {
        let before = &self.head[..at.min(self.head.len())];
        let column = before.len() - before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let line = thousands(1 + count_lines(before));
        format!("line {line}, byte {}", thousands(1 + column as u64))
    }

    fn reject<T>(&self, why: &str) -> Result<T, Exit> {
        Exit::reject(format!(
            "{} is neither a Firehose event, nor a Lambda test event, nor change records, one per \
             line: {why}",
            self.name()
        ))
    }
}

/// Data and sequence number, if an element is a record of Kinesis: under `kinesis` as Lambda gets it, or as
/// `aws kinesis get-records` prints it.
fn kinesis_record(fields: &Members, text: &[u8]) -> Option<(PendingData, Option<Vec<u8>>)> {
    let taken = |fields: &Members, text, name| {
        member(fields, name, text).and_then(quoted).map(<[u8]>::to_vec)
    };
    if let Some(text) = member(fields, "kinesis", text) {
        let fields = whole_object(text).unwrap_or_default();
        let data = taken(&fields, text, "data").map_or(PendingData::Absent, PendingData::Encoded);
        return Some((data, taken(&fields, text, "sequenceNumber")));
    }
    let data = taken(fields, text, "Data")?;
    Some((PendingData::Encoded(data), taken(fields, text, "SequenceNumber")))
}

fn count_lines(text: &[u8]) -> u64 {
    text.split(|&byte| byte == b'\n').count() as u64 - 1
}

/// What `text` has at `from`.
fn first_value(text: &[u8], from: usize) -> First {
    // The cursor counts from its own beginning.
    let text = &text[from..];
    let mut cursor = Cursor::new(text);
    match cursor.skip_value() {
        Ok(()) => {
            let end = cursor.at();
            let members = members(&mut Cursor::new(text)).ok().map(|mut members| {
                for (_, range) in &mut members {
                    *range = range.start + from..range.end + from;
                }
                members
            });
            First::Json(from + end, members)
        }
        Err(SyntaxError { at }) if at >= text.len() => First::Unfinished,
        Err(SyntaxError { at }) => First::NotJson(from + at),
    }
}

/// The members of an object, behind which nothing may follow.
fn whole_object(text: &[u8]) -> Result<Members, SyntaxError> {
    let mut cursor = Cursor::new(text);
    let members = members(&mut cursor)?;
    cursor.finish()?;
    Ok(members)
}
