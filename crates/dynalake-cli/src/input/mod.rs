//! Input of any kind, as change records, lines of an export and Firehose events.
//!
//! What an input holds is told by its content: it is JSON values one after the other, and each is
//! looked at by itself.
//!
//! | value | is handed on as |
//! |---|---|
//! | a change record, of either shape or in `detail` of one of `EventBridge` | a record |
//! | `{"records": […]}` | a Firehose event, byte for byte |
//! | `{"Records": […]}` as Lambda gets it or the AWS CLI prints it | its elements, as records |
//! | `{"rawData": …}`, a line of an error prefix | the record in it |
//! | `{"Item": …}`, `{"Metadata": …}` | a line of an export |
//! | `{"name": {"S": …}, …}` | an item, where a command reads these |
//!
//! Any other value, and a place that is not JSON, is a record that fails, unless the
//! input begins with so many of them that it is of another kind as a whole. Memory stays bounded
//! however long the input is. What is inside a change record is not looked at here.
//!
//! A replay reads its objects by [`Object`], which keeps each value as it is.

mod braces;
mod failed;
mod files;
mod reader;
mod reads;
mod record;
mod saw;
mod shape;
mod values;

pub(crate) use failed::{Content, Failed, Object, is_row};
pub(crate) use files::{Source, sources};
pub(crate) use reads::Reads;
pub(crate) use record::{Encoding, Piece, Record, RecordId, fill};

use crate::exit::Exit;
use crate::report::{Report, say};
use crate::trouble::Trouble;
use dynalake::failure::Failure;
use dynalake::firehose::Data;
use dynalake::schema::Plan;
use reader::Reader;
use saw::Saw;
use shape::{Change, Elements, Found, Shape, find};
use std::io::{self, IsTerminal};
use std::ops::Range;
use std::path::{Path, PathBuf};
use values::{Value, Values};

/// So many values are looked at to find out whether an input holds records.
const VALUES_LOOKED_AT: usize = 8;

/// Rejects `-` given twice, and says at a terminal that standard input is read. Returns whether `-` is
/// among the inputs.
pub(crate) fn check_standard_input(inputs: &[PathBuf]) -> Result<bool, Exit> {
    let is_stdin = |path: &&PathBuf| path.as_path() == Path::new("-");
    let count = inputs.iter().filter(is_stdin).count();
    if count > 1 {
        return Exit::reject("\"-\" is given twice; standard input can be read once");
    }
    if count == 1 && io::stdin().is_terminal() {
        say("reading standard input; end it with Ctrl-D, or give a file");
    }
    Ok(count == 1)
}

/// Why an input is not opened.
#[derive(Debug)]
enum Unopened {
    /// It can't be read, or holds no records.
    Trouble(Trouble),
    /// It is empty, and the message where that is wrong.
    Empty(Trouble),
    /// AWS writes it beside data: what it is, with its name.
    Companion(String),
}

impl From<Trouble> for Unopened {
    fn from(trouble: Trouble) -> Unopened {
        Unopened::Trouble(trouble)
    }
}

/// An open input that holds records.
pub(crate) struct Input {
    values: Values,
    /// Goes in front of its records' ids, where there are several inputs.
    prefix: Option<String>,
    /// A Lambda event that is being taken apart.
    event: Option<OpenEvent>,
    has_begun: bool,
    reads: Reads,
}

/// A Lambda event: where its list is, what of it is left, and what its records are called.
struct OpenEvent {
    list: Range<usize>,
    elements: Elements,
    /// Without the input's name.
    id: RecordId<'static>,
}

impl Input {
    /// Opens an input, or says in the report why it is passed over. `is_one_of_several`: whether its
    /// name goes in front of its records' ids.
    pub(crate) fn open_or_say(
        source: Result<Source, Trouble>,
        is_one_of_several: bool,
        reads: Reads,
        report: &mut Report,
    ) -> Option<Input> {
        let opened = source
            .map_err(Unopened::Trouble)
            .and_then(|source| Input::open(&source, is_one_of_several, reads));
        match opened {
            Ok(input) => return Some(input),
            Err(Unopened::Empty(_)) if is_one_of_several => {}
            Err(Unopened::Empty(trouble) | Unopened::Trouble(trouble)) => {
                report.input_failed(&trouble.0);
            }
            Err(Unopened::Companion(what)) => report.skipped(&what),
        }
        None
    }

    /// Opens an input and finds out whether it holds records.
    fn open(source: &Source, is_one_of_several: bool, reads: Reads) -> Result<Input, Unopened> {
        let mut values = Values::new(Reader::open(source)?);
        let unknown = |saw: &Saw, verb| unknown(saw, source, verb, reads);
        if let Some(saw) = saw::by_magic(values.bytes()) {
            return Err(unknown(&saw, "is"));
        }
        let mut seen = None;
        for _ in 0..VALUES_LOOKED_AT {
            let Some(value) = values.next()? else { break };
            let text = &values.bytes()[value.range.start..];
            let (saw, verb) = match value.shape {
                Ok(shape @ (Shape::Unknown | Shape::Item))
                    if shape == Shape::Unknown || reads == Reads::Records =>
                {
                    (saw::json(&text[..value.range.len()]), "begins with")
                }
                Ok(_) => {
                    seen = None;
                    break;
                }
                Err(place) => (saw::no_json(text, place), "is"),
            };
            seen.get_or_insert((saw, verb));
        }
        if let Some((saw, verb)) = seen {
            return Err(unknown(&saw, verb));
        }
        if values.bytes().trim_ascii().is_empty() {
            let message = format!("{} is empty; {}", source.name, saw::readable(reads));
            return Err(Unopened::Empty(Trouble(message)));
        }
        values.rewind();
        let prefix = is_one_of_several.then(|| source.name.clone());
        Ok(Input { values, prefix, event: None, has_begun: false, reads })
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        self.values.name()
    }

    /// How many bytes of the file have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.values.bytes_read()
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'_>>, Trouble> {
        loop {
            if let Some(event) = &mut self.event {
                let list = &self.values.bytes()[event.list.clone()];
                if let Some(element) = event.elements.next(list) {
                    let start = event.list.start;
                    let range = start + element.start..start + element.end;
                    let index = event.id.element.map_or(0, |index| index + 1);
                    event.id.element = Some(index);
                    let id = event.id;
                    let shape = match find(self.values.bytes(), range.start) {
                        Found::Value(shape, _) => shape,
                        Found::Unfinished | Found::Broken(_) => Shape::Unknown,
                    };
                    return Ok(Some(self.piece(id, range, &shape)));
                }
                self.event = None;
            }
            let Some(Value { line, nth, range, shape }) = self.values.next()? else {
                return Ok(None);
            };
            let is_first = !std::mem::replace(&mut self.has_begun, true);
            let id = RecordId { input: None, line, nth, is_first, element: None };
            match shape {
                Ok(Shape::LambdaEvent(list)) => {
                    let elements = Elements::new(&self.values.bytes()[list.clone()]);
                    self.event = Some(OpenEvent { list, elements, id });
                }
                Ok(shape) => return Ok(Some(self.piece(id, range, &shape))),
                Err(_) => {
                    let id = self.id(id);
                    let data = Data::Plain(&self.values.bytes()[range]);
                    return Ok(Some(Piece::Record(Record {
                        id,
                        data,
                        sequence_number: None,
                        encoding: Encoding::AsTheRecordSays,
                        is_other_json: false,
                    })));
                }
            }
        }
    }

    fn id(&self, id: RecordId<'static>) -> RecordId<'_> {
        RecordId { input: self.prefix.as_deref(), ..id }
    }

    fn piece(&self, id: RecordId<'static>, range: Range<usize>, shape: &Shape) -> Piece<'_> {
        let bytes = self.values.bytes();
        let is_element = id.element.is_some();
        let id = self.id(id);
        let text = &bytes[range];
        let record = |data, sequence_number| Record {
            id,
            data,
            sequence_number,
            encoding: Encoding::AsTheRecordSays,
            is_other_json: false,
        };
        match shape {
            Shape::Item if !is_element && self.reads == Reads::WithItems => {
                Piece::Item { id, item: text }
            }
            Shape::FirehoseEvent if !is_element => Piece::FirehoseEvent { id, event: text },
            Shape::Export { is_full } if !is_element => {
                Piece::ExportLine { id, line: text, is_full: *is_full }
            }
            Shape::Carrier { data, sequence_number } => {
                let data = data.clone();
                let data = data.map_or(Data::Absent, |data| Data::Encoded(&bytes[data]));
                Piece::Record(record(data, sequence_number.clone().map(|number| &bytes[number])))
            }
            Shape::Change(Change { has_table_name: false, .. }) if is_element => {
                Piece::Record(Record {
                    encoding: Encoding::Once,
                    ..record(Data::Plain(text), None)
                })
            }
            Shape::Change(_) => Piece::Record(record(Data::Plain(text), None)),
            _ => Piece::Record(Record { is_other_json: true, ..record(Data::Plain(text), None) }),
        }
    }
}

/// An input without records.
fn unknown(saw: &Saw, source: &Source, verb: &str, reads: Reads) -> Unopened {
    if saw.is_companion && source.in_folder {
        return Unopened::Companion(format!("{} is {}", source.name, saw.what));
    }
    Unopened::Trouble(Trouble(saw.message(&source.name, verb, reads)))
}

/// What the data of a record is that can't be a row, where that says more than the failure does.
pub(crate) fn look_at(data: &[u8]) -> Option<String> {
    if data.trim_ascii().is_empty() {
        return Some("empty".to_owned());
    }
    match find(data, 0) {
        Found::Value(Shape::Change(_), _) | Found::Unfinished | Found::Broken(_) => None,
        Found::Value(_, end) if !data[end..].trim_ascii().is_empty() => None,
        Found::Value(..) => Some(saw::json(data).what),
    }
}

/// Whether a record that is a change record says its table, itself or in its `detail`.
fn says_table(data: &[u8]) -> bool {
    match find(data, 0) {
        Found::Value(Shape::Change(change), _) => change.has_table_name || change.has_arn,
        _ => true,
    }
}

/// Why a record has no row, with what it is instead of a change record, or the option that helps.
pub(crate) fn reason(failure: Failure, data: &[u8], plan: &Plan) -> String {
    if failure != Failure::NotBase64
        && let Some(what) = look_at(data)
    {
        return format!("the data is {what}");
    }
    let reason = failure.explain(plan);
    if failure == Failure::NoTable && !says_table(data) {
        return reason + "; --table names it";
    }
    reason
}
