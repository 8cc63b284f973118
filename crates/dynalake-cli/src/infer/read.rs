//! Inputs, looked at record by record.

use super::seen::Origin;
use super::tree::Tree;
use crate::exit::Exit;
use crate::input::{Input, Piece, Reads, Record, RecordId, Source, fill, reason};
use crate::report::Report;
use crate::trouble::Trouble;
use dynalake::change::{ImageReader, Images};
use dynalake::failure::Failure;
use dynalake::firehose::{self, Data};
use dynalake::item::{self, Descriptor, Tape};
use dynalake::schema::Plan;
use std::fmt::Display;

/// After so many bytes of records memory is given back that only a large one needs.
const BATCH_BYTES: usize = 3 << 20;

/// What is kept of a buffer then.
const KEPT_BYTES: usize = 1 << 20;

/// So many tables are told apart.
const MAX_TABLES: usize = 100;

/// Looks at all records of one table.
pub(super) struct Reading {
    /// What was seen.
    pub(super) tree: Tree,
    /// Tables that records name, with how many do.
    pub(super) tables: Vec<(Vec<u8>, u64)>,
    /// The names that `Keys` has in every record.
    pub(super) keys: Option<Vec<String>>,
    /// How many items were looked at: as they are, and as they were when they were deleted.
    pub(super) items: u64,
    pub(super) deleted_items: u64,
    pub(super) report: Report,
    /// `--table`.
    wanted: Option<String>,
    /// `--keys`.
    stated_keys: Option<Vec<String>>,
    reader: ImageReader,
    /// For messages, which name no column.
    plan: Plan,
    scratch: Vec<u8>,
    batch_bytes: usize,
}

/// How the bytes of a record are to be read.
#[derive(Clone, Copy)]
enum Form {
    Change,
    ExportLine { is_full: bool },
    Item,
}

impl Reading {
    pub(super) fn new(
        wanted: Option<String>,
        stated_keys: Option<Vec<String>>,
        report: Report,
    ) -> Reading {
        Reading {
            tree: Tree::new(),
            tables: Vec::new(),
            keys: None,
            items: 0,
            deleted_items: 0,
            report,
            wanted,
            stated_keys,
            reader: ImageReader::default(),
            plan: Plan::schemaless(),
            scratch: Vec::new(),
            batch_bytes: 0,
        }
    }

    /// Looks at each input. One that can't be read is named, and costs no other.
    pub(super) fn inputs(
        &mut self,
        sources: Vec<Result<Source, Trouble>>,
        is_one_of_several: bool,
    ) -> Result<(), Exit> {
        for source in sources {
            let report = &mut self.report;
            let Some(mut input) =
                Input::open_or_say(source, is_one_of_several, Reads::WithItems, report)
            else {
                continue;
            };
            let done = self.input(&mut input);
            self.report.close_input(input.bytes_read(), done.is_ok());
            if let Err(trouble) = done {
                self.report.input_failed(&trouble.0);
            }
        }
        if !self.report.has_done_something() && !self.report.has_failures() {
            return Exit::reject("there is nothing to read: no input has a record");
        }
        Ok(())
    }

    /// Whether any record was of use.
    pub(super) fn has_looked_at_something(&self) -> bool {
        self.keys.is_some() || self.items > 0
    }

    fn input(&mut self, input: &mut Input) -> Result<(), Trouble> {
        loop {
            let Some(piece) = input.next()? else { return Ok(()) };
            match piece {
                Piece::Record(Record { id, data, is_other_json, .. }) => {
                    self.record(&id, data, is_other_json);
                }
                Piece::ExportLine { id, line, is_full } => {
                    self.read(&id, Data::Plain(line), Form::ExportLine { is_full });
                }
                Piece::Item { id, item } => self.read(&id, Data::Plain(item), Form::Item),
                Piece::FirehoseEvent { id, event } => self.firehose_event(&id, event),
            }
            if self.batch_bytes >= BATCH_BYTES {
                self.batch_bytes = 0;
                self.reader.shrink(KEPT_BYTES);
                self.report.advance(input.bytes_read());
            }
        }
    }

    fn record(&mut self, id: &impl Display, data: Data<'_>, is_other_json: bool) {
        if is_other_json {
            self.failed(id, Failure::NotJson, data, Form::Change);
        } else {
            self.read(id, data, Form::Change);
        }
    }

    fn firehose_event(&mut self, id: &RecordId<'_>, event: &[u8]) {
        let parsed = match firehose::Event::parse(event) {
            Ok(parsed) => parsed,
            Err(error) => return self.report.failed(id, &error.to_string()),
        };
        for record in &parsed.records {
            let record_id = record.record_id.to_cow(event);
            let name = format!("{}{}", id.prefix(), String::from_utf8_lossy(&record_id));
            let data = record.data.map_or(Data::Absent, |data| Data::Encoded(data.raw(event)));
            self.read(&name, data, Form::Change);
        }
    }

    fn read(&mut self, id: &impl Display, data: Data<'_>, form: Form) {
        if let Data::Plain(bytes) | Data::Encoded(bytes) = data {
            self.batch_bytes += bytes.len();
        }
        if !fill(self.reader.buffer(), data) {
            return self.failed(id, Failure::NotBase64, data, form);
        }
        let read = match form {
            Form::Change => self.reader.read_record(),
            Form::ExportLine { is_full } => self.reader.read_export_line(is_full),
            Form::Item => self.reader.read_item(),
        };
        if !self.is_wanted() {
            return self.report.dropped();
        }
        match read {
            Err(failure) => self.failed(id, failure, data, form),
            Ok(images) => match self.lacks_key(images, form) {
                Some(name) => {
                    let reason = format!("the item has no key \"{name}\"");
                    self.report.failed(id, &reason);
                }
                None => self.add(images, form),
            },
        }
    }

    /// Counts the table of the record that was read; whether it is the wanted one: without
    /// `--table` the first that came up.
    fn is_wanted(&mut self) -> bool {
        let table = self.reader.table();
        if table.is_empty() {
            return true;
        }
        let place = self.tables.iter().position(|(name, _)| name == table);
        match place {
            Some(place) => self.tables[place].1 += 1,
            None if self.tables.len() < MAX_TABLES => self.tables.push((table.to_vec(), 1)),
            None => {}
        }
        match &self.wanted {
            Some(wanted) => wanted.as_bytes() == table,
            None => self.tables[0].0 == table,
        }
    }

    /// The key that a record would need, and lacks.
    fn lacks_key(&self, images: Images, form: Form) -> Option<String> {
        let tape = self.reader.tape();
        let image = images.new.unwrap_or(images.keys);
        if let Some(keys) = &self.stated_keys {
            let lacking = keys.iter().find(|key| !has(tape, image, key.as_bytes()));
            return lacking.cloned();
        }
        if !has_keys(images, form) {
            return None;
        }
        tape.children(images.keys).find_map(|(_, key)| {
            let name = key.name.to_cow(tape.text());
            (!has(tape, image, &name)).then(|| String::from_utf8_lossy(&name).into_owned())
        })
    }

    fn add(&mut self, images: Images, form: Form) {
        let tape = self.reader.tape();
        if has_keys(images, form) {
            narrow(&mut self.keys, tape, images.keys);
        }
        match images.new {
            Some(new) => {
                self.items += 1;
                self.tree.add_image(tape, new, Origin::Item);
            }
            None => self.tree.add_image(tape, images.keys, Origin::Deleted),
        }
        if let Some(old) = images.old {
            self.deleted_items += 1;
            self.tree.add_image(tape, old, Origin::Deleted);
        }
        self.report.looked_at();
    }

    fn failed(&mut self, id: &impl Display, failure: Failure, data: Data<'_>, form: Form) {
        self.scratch.clear();
        fill(&mut self.scratch, data);
        let reason = match form {
            Form::Change => reason(failure, &self.scratch, &self.plan),
            Form::ExportLine { .. } => failure.explain_export_line(&self.plan),
            Form::Item => failure.explain(&self.plan),
        };
        self.report.failed(id, &reason);
    }
}

/// Whether a record says which attributes are its key.
fn has_keys(images: Images, form: Form) -> bool {
    match form {
        Form::Change => true,
        Form::ExportLine { .. } => images.new != Some(images.keys),
        Form::Item => false,
    }
}

/// Whether a map has an attribute of this name with a value.
fn has(tape: &Tape, map: item::NodeId, name: &[u8]) -> bool {
    let mut members = tape.children(map);
    // Of two of one name the first counts.
    let member = members.find(|(_, member)| member.name.is(tape.text(), name));
    member.is_some_and(|(_, member)| member.descriptor != Descriptor::Null)
}

/// Keeps the names that this record's `Keys` has too.
fn narrow(keys: &mut Option<Vec<String>>, tape: &Tape, root: item::NodeId) {
    if let Some(keys) = keys {
        keys.retain(|key| has(tape, root, key.as_bytes()));
        return;
    }
    let names = tape.children(root).map(|(_, key)| key.name.to_cow(tape.text()));
    *keys = Some(names.map(|name| String::from_utf8_lossy(&name).into_owned()).collect());
}
