//! Input of any kind, made the events that the Lambda would get.
//!
//! * A Firehose transformation event, an object with `records`, is handed on byte for byte.
//! * `{"Records": […]}` is a Lambda test event of DynamoDB Streams or Kinesis, or what
//!   `aws kinesis get-records` prints. Each element becomes a record of an event, named `Records[0]`.
//! * Change records, one per line or a single one on several lines, become records named `line-1`. A line
//!   that is no change record costs itself only.
//!
//! Change records go into events of about [`BATCH_BYTES`], so that memory stays bounded however long the
//! input is. What is inside a change record is not looked at here.

use crate::json::{Members, elements, member, members, quoted};
use crate::report::size;
use crate::stop::Stop;
use crate::text::thousands;
use dynalake::json::{Cursor, SyntaxError};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

/// An event is complete when it has grown to this.
const BATCH_BYTES: usize = 4 << 20;

/// The longest line, and the largest event. Lambda's own limit for an event is 6 MiB, Kinesis' for a record
/// is 10 MiB.
const MAX_BYTES: usize = 256 << 20;

/// So many lines are looked at to find out whether lines are change records.
const LINES_LOOKED_AT: usize = 8;

/// Members by which a change record of either shape is known.
const CHANGE_MEMBERS: [&str; 5] =
    ["dynamodb", "eventName", "tableName", "eventSourceARN", "eventID"];

/// An open input whose kind is known.
pub(crate) struct Input {
    name: String,
    len: Option<u64>,
    reader: Counted,
    source: Source,
}

/// Where events come from.
enum Source {
    /// One event, as it is; none once it was taken.
    Event(Option<Vec<u8>>),
    /// Records that stand in one document.
    Document { text: Vec<u8>, records: std::vec::IntoIter<Wanted> },
    /// Change records, one per line: those read already, then the reader's. Counts lines.
    Lines { head: io::Cursor<Vec<u8>>, line: u64 },
}

/// A record of an event to be.
struct Wanted {
    record_id: String,
    data: Data,
    /// As it stands between its quotes.
    sequence_number: Option<Vec<u8>>,
}

/// What becomes a record's `data`.
enum Data {
    /// A change record, to be encoded.
    Plain(Range<usize>),
    /// Base64 already, as it stands between its quotes.
    Encoded(Vec<u8>),
    /// There is none.
    Absent,
}

impl Input {
    /// Opens a file, or standard input for `-`, and finds out what it holds.
    pub(crate) fn open(path: &Path) -> Result<Input, Stop> {
        let stdin = path.as_os_str() == "-";
        let name = if stdin { "standard input".into() } else { path.display().to_string() };
        let unreadable = |error| Stop::unreadable(&name, &error);
        let mut len = None;
        let reader: Box<dyn BufRead> = if stdin {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(path).map_err(unreadable)?;
            len = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
            Box::new(BufReader::with_capacity(1 << 16, file))
        };
        let mut reader = Counted { reader, bytes: 0 };
        let source =
            Detector { name: &name, head: Vec::new(), from: 0, reader: &mut reader }.run()?;
        Ok(Input { name, len, reader, source })
    }

    /// Whether it holds an event as Firehose sends it, to which the limit of the response applies.
    pub(crate) fn is_firehose_event(&self) -> bool {
        matches!(self.source, Source::Event(_))
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its size, where it is a file.
    pub(crate) fn len(&self) -> Option<u64> {
        self.len
    }

    /// How many bytes have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.reader.bytes
    }

    /// The next event.
    pub(crate) fn next_event(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        let mut batch = Batch::default();
        match &mut self.source {
            Source::Event(event) => return Ok(event.take()),
            Source::Document { text, records } => {
                while !batch.is_full() {
                    let Some(record) = records.next() else { break };
                    batch.push(&record, text);
                }
            }
            Source::Lines { head, line } => {
                let mut bytes = Vec::new();
                while !batch.is_full() {
                    bytes.clear();
                    let read = match head.read_until(b'\n', &mut bytes) {
                        Ok(0) => read_line(&mut self.reader, &self.name, &mut bytes)?,
                        Ok(read) => read,
                        Err(error) => return Err(Stop::unreadable(&self.name, &error)),
                    };
                    if read == 0 {
                        break;
                    }
                    *line += 1;
                    let text = bytes.trim_ascii();
                    if !text.is_empty() {
                        let record_id = format!("line-{line}");
                        let data = Data::Plain(0..text.len());
                        batch.push(&Wanted { record_id, data, sequence_number: None }, text);
                    }
                }
            }
        }
        Ok(batch.finish())
    }
}

/// A reader that counts.
struct Counted {
    reader: Box<dyn BufRead>,
    bytes: u64,
}

/// Reads a line, its end included, onto `out`; how long it is.
fn read_line(reader: &mut Counted, name: &str, out: &mut Vec<u8>) -> Result<usize, Stop> {
    let start = out.len();
    let read = (&mut reader.reader)
        .take((MAX_BYTES + 1) as u64)
        .read_until(b'\n', out)
        .map_err(|error| Stop::unreadable(name, &error))?;
    reader.bytes += read as u64;
    if out.len() - start > MAX_BYTES {
        let max = size(MAX_BYTES as u64);
        return Stop::refuse(format!(
            "{name} has a line of more than {max}; write a change a line"
        ));
    }
    Ok(read)
}

/// An event that is being made of change records.
#[derive(Default)]
struct Batch {
    event: Vec<u8>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.event.len() >= BATCH_BYTES
    }

    fn push(&mut self, record: &Wanted, text: &[u8]) {
        let out = &mut self.event;
        let separator: &[u8] = if out.is_empty() { b"{\"records\":[" } else { b"," };
        out.extend_from_slice(separator);
        out.extend_from_slice(b"{\"recordId\":");
        dynalake::json::write_string(record.record_id.as_bytes(), out);
        match &record.data {
            Data::Absent => {}
            Data::Encoded(data) => {
                out.extend_from_slice(b",\"data\":\"");
                out.extend_from_slice(data);
                out.push(b'"');
            }
            Data::Plain(range) => {
                out.extend_from_slice(b",\"data\":\"");
                base64_simd::STANDARD.encode_append(&text[range.clone()], out);
                out.push(b'"');
            }
        }
        if let Some(number) = &record.sequence_number {
            out.extend_from_slice(b",\"kinesisRecordMetadata\":{\"sequenceNumber\":\"");
            out.extend_from_slice(number);
            out.extend_from_slice(b"\"}");
        }
        out.push(b'}');
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.event.is_empty() {
            return None;
        }
        self.event.extend_from_slice(b"]}");
        Some(self.event)
    }
}

/// Finds out what an input holds, reading no more of it than that takes.
struct Detector<'a> {
    name: &'a str,
    /// What has been read so far.
    head: Vec<u8>,
    /// Where the first thing that isn't blank begins.
    from: usize,
    reader: &'a mut Counted,
}

/// What stands at the beginning of an input.
enum First {
    /// A JSON value, up to here; of an object, the members.
    Json(usize, Option<Members>),
    /// The beginning of one.
    Unfinished,
    /// Something else, from here on.
    NotJson(usize),
}

impl Detector<'_> {
    fn run(mut self) -> Result<Source, Stop> {
        self.skip_blank_lines()?;
        self.check_encoding()?;
        let first_line = self.head.len();
        let (end, members) = match self.first()? {
            First::Json(end, members) => (end, members),
            First::NotJson(at) if !self.has_change_line()? => {
                return self.refuse(&format!("not JSON at {}", self.place(at)));
            }
            First::Unfinished if !self.has_change_line()? => {
                return self.refuse("it ends in the middle of its JSON");
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
        } else if CHANGE_MEMBERS.into_iter().any(has) {
            self.read_all(end, "each change record on a line of its own, as jq -c . prints it")?;
            let line = 1 + count_lines(&self.head[..self.from]);
            let data = Data::Plain(self.from..end);
            let record = Wanted { record_id: format!("line-{line}"), data, sequence_number: None };
            return Ok(Source::Document { text: self.head, records: vec![record].into_iter() });
        }
        self.refuse(match members {
            Some(_) => {
                "it is JSON without \"records\", \"Records\" or a change record's \"dynamodb\""
            }
            None => "it begins with JSON that is not an object",
        })
    }

    fn read_line(&mut self) -> Result<bool, Stop> {
        let read = read_line(self.reader, self.name, &mut self.head)?;
        if self.head.len() > MAX_BYTES {
            let (name, max) = (self.name, size(MAX_BYTES as u64));
            return Stop::refuse(format!(
                "{name} is one document of more than {max}; write change records one per line"
            ));
        }
        Ok(read > 0)
    }

    fn skip_blank_lines(&mut self) -> Result<(), Stop> {
        loop {
            self.from = self.head.len();
            if !self.read_line()? {
                return Stop::refuse(format!(
                    "{} is empty; give a Firehose event, a Lambda test event or change records",
                    self.name
                ));
            }
            let line = &self.head[self.from..];
            if !line.trim_ascii().is_empty() {
                self.from += line.len() - line.trim_ascii_start().len();
                return Ok(());
            }
        }
    }

    fn check_encoding(&self) -> Result<(), Stop> {
        let name = self.name;
        for (bytes, what, fix) in [
            (&b"\x1f\x8b"[..], "is gzip", "pipe it in with gunzip -c"),
            (b"\xef\xbb\xbf", "begins with a byte order mark", "save it as UTF-8 without one"),
            (b"\xff\xfe", "is UTF-16", "save it as UTF-8"),
            (b"\xfe\xff", "is UTF-16", "save it as UTF-8"),
        ] {
            if self.head.starts_with(bytes) {
                return Stop::refuse(format!("{name} {what}; {fix}"));
            }
        }
        Ok(())
    }

    /// Reads on until the first JSON value is complete, or can't become so.
    fn first(&mut self) -> Result<First, Stop> {
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
    fn has_change_line(&mut self) -> Result<bool, Stop> {
        let mut at = self.from;
        for _ in 0..LINES_LOOKED_AT {
            if at >= self.head.len() && !self.read_line()? {
                return Ok(false);
            }
            let rest = &self.head[at..];
            let line = &rest[..rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())];
            at += line.len() + 1;
            if let Ok(members) = whole_object(line)
                && members.iter().any(|(name, _)| CHANGE_MEMBERS.contains(&name.as_str()))
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
    fn read_all(&mut self, end: usize, fix: &str) -> Result<(), Stop> {
        while self.read_line()? {}
        let rest = &self.head[end..];
        if rest.trim_ascii().is_empty() {
            return Ok(());
        }
        let place = self.place(end + rest.len() - rest.trim_ascii_start().len());
        Stop::refuse(format!("{} goes on after its JSON, at {place}; give {fix}", self.name))
    }

    /// The elements of `Records`, in either of the shapes that Lambda sends, or as the command line for AWS
    /// prints them.
    fn test_event(self, document: &Members) -> Result<Source, Stop> {
        let Some((_, list)) = document.iter().rev().find(|(name, _)| name == "Records") else {
            return self.refuse("it has no \"Records\"");
        };
        let list = list.clone();
        let Ok(elements) = elements(&self.head[list.clone()]) else {
            return self.refuse("its \"Records\" is not a list");
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
            let (data, sequence_number) = kinesis.unwrap_or((Data::Plain(range), None));
            records.push(Wanted { record_id: format!("Records[{at}]"), data, sequence_number });
        }
        if !known {
            return self
                .refuse("\"Records\" holds no changes of DynamoDB and no records of Kinesis");
        }
        Ok(Source::Document { text: self.head, records: records.into_iter() })
    }

    fn place(&self, at: usize) -> String {
        let before = &self.head[..at.min(self.head.len())];
        let column = before.len() - before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let line = thousands(1 + count_lines(before));
        format!("line {line}, byte {}", thousands(1 + column as u64))
    }

    fn refuse<T>(&self, why: &str) -> Result<T, Stop> {
        Stop::refuse(format!(
            "{} is neither a Firehose event, nor a Lambda test event, nor change records, one per \
             line: {why}",
            self.name
        ))
    }
}

/// Data and sequence number, if an element is a record of Kinesis: under `kinesis` as Lambda gets it, or as
/// `aws kinesis get-records` prints it.
fn kinesis_record(fields: &Members, text: &[u8]) -> Option<(Data, Option<Vec<u8>>)> {
    let taken = |fields: &Members, text, name| {
        member(fields, name, text).and_then(quoted).map(<[u8]>::to_vec)
    };
    if let Some(text) = member(fields, "kinesis", text) {
        let fields = whole_object(text).unwrap_or_default();
        let data = taken(&fields, text, "data").map_or(Data::Absent, Data::Encoded);
        return Some((data, taken(&fields, text, "sequenceNumber")));
    }
    let data = taken(fields, text, "Data")?;
    Some((Data::Encoded(data), taken(fields, text, "SequenceNumber")))
}

fn count_lines(text: &[u8]) -> u64 {
    text.split(|&byte| byte == b'\n').count() as u64 - 1
}

/// What stands in `text` at `from`.
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
