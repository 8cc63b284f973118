//! What each thread works by, and one data file taken to rows.

use super::data_file::{Fault, Lines};
use super::export::{DataFile, Export};
use super::key::{Key, Keyed};
use super::known_keys::KnownKeys;
use super::places::Found;
use crate::exit::Exit;
use crate::files::{Files, Names, Options, Timestamps, WrittenFile};
use crate::rejected::RejectedFile;
use crate::spans;
use crate::store::Folder;
use crate::totals::Totals;
use crate::trouble::quoted;
use crate::warnings::is_key;
use dynalake::change::export::Kind;
use dynalake::firehose::ErrorLine;
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::row::Rows;
use dynalake::schema::{Events, Plan, Schema};
use dynalake::text::json::{Cursor, write_string};
use dynalake_parquet::Form;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Lines are added to the shared count in batches of this size.
const COUNTED: u64 = 1_024;

/// Buffers shrink to this after a large line.
const KEPT_BYTES: usize = 1 << 20;

/// Longer lines are large.
const LARGE_LINE: usize = 512 << 10;

/// What is to be done, and with what.
pub(super) struct Job {
    pub(super) schema: Schema,
    pub(super) export: Export,
    /// Where each of its files is.
    pub(super) found: Vec<Found>,
    /// How a file is copied again: `s3://bucket`.
    pub(super) bucket: String,
    pub(super) out: Folder,
    /// Where rejected lines go.
    pub(super) rejected: Folder,
    pub(super) form: Form,
    pub(super) timestamps: Timestamps,
    /// What the lines are.
    pub(super) kind: Kind,
    /// The time that the files are dated by, in microseconds since 1970.
    pub(super) time_us: u64,
    pub(super) known: Option<KnownKeys>,
    /// Whether other runs take other files of the export.
    pub(super) is_selection: bool,
    /// Whether standard output gets the counts, and not the files' names.
    pub(super) prints_counts: bool,
    /// Lines so far, of files that will be left out too.
    pub(super) lines: AtomicU64,
    /// Whether all threads are to stop.
    pub(super) stops: AtomicBool,
}

/// What became of a data file.
pub(super) enum Done {
    /// Its rows are there.
    Written(Written),
    /// It has no rows, for this reason.
    LeftOut(String),
    /// The run is stopping.
    Stopped,
}

/// What a data file became.
pub(super) struct Written {
    pub(super) totals: Totals,
    pub(super) files: Vec<WrittenFile>,
    /// The file of its rejected lines.
    pub(super) rejected: Option<String>,
    /// How many of these have no key that can be read.
    pub(super) without_key: u64,
}

impl Job {
    /// The schema's plan.
    pub(super) fn plan(&self) -> Plan {
        self.timestamps.plan(&self.schema)
    }

    fn records(&self, schema: &Schema) -> RecordTransformer {
        let plan = self.timestamps.plan(schema);
        let options = record::Options {
            default_table: Some(schema.table.clone()),
            ..record::Options::new(&plan)
        };
        RecordTransformer::new(plan, options)
    }

    /// New files by this name, dated as all of the export's.
    pub(super) fn files(&self, stem: &str) -> Files {
        let options = Options::repeatable(Names::Numbered(stem.to_owned()));
        let mut files = Files::new(self.out.clone(), self.form.clone(), options);
        files.set_hour(self.time_us / 3_600_000_000);
        files
    }

    /// What the files' names begin with: `backfill-<export>-`.
    pub(super) fn stem(&self) -> String {
        format!("backfill-{}-", self.export.id)
    }

    /// What the names of the files of REMOVE rows begin with.
    pub(super) fn known_stem(&self) -> String {
        self.stem() + "known-keys"
    }
}

/// Takes data files to rows, one after the other.
pub(super) struct Worker<'a> {
    job: &'a Job,
    records: RecordTransformer,
    keys: Option<Keys<'a>>,
    /// Memory for lines.
    buffer: Vec<u8>,
}

/// What notes which of the known keys the export has.
struct Keys<'a> {
    known: &'a KnownKeys,
    schema: &'a Schema,
    key: Key,
    /// For items that are in the view and whose rows `events` doesn't want.
    of_view: Option<RecordTransformer>,
    /// For the keys of items that can't be rows.
    of_rejected: RecordTransformer,
    key_of_rejected: Key,
    without_key: u64,
    item: Vec<u8>,
    row: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(job: &'a Job) -> Worker<'a> {
        Worker {
            job,
            records: job.records(&job.schema),
            keys: job.known.as_ref().map(|known| Keys::new(job, known)),
            buffer: Vec::new(),
        }
    }

    /// Takes a data file to rows, and gives them their names if the file is as the manifest says.
    ///
    /// # Errors
    ///
    /// If a file can't be written.
    pub(super) fn file(&mut self, at: usize) -> Result<Done, Exit> {
        let job = self.job;
        let (file, found) = (&job.export.files[at], &job.found[at]);
        let stem = job.stem() + &file.stem;
        let mut files = job.files(&stem);
        let mut rejected = RejectedFile::new(job.rejected.clone(), format!("{stem}.json"));
        let mut totals = Totals::default();
        let left_out = |fault: &Fault| Ok(Done::LeftOut(reason(job, at, fault)));
        let mut lines = match found.folder.read(&found.name) {
            Ok(input) => match Lines::new(input, std::mem::take(&mut self.buffer)) {
                Ok(lines) => lines,
                Err(fault) => return left_out(&fault),
            },
            Err(error) => return left_out(&Fault::Unreadable(error)),
        };
        let fault = loop {
            match lines.next() {
                Ok(Some(line)) => self.line(file, line, &mut totals, &mut files, &mut rejected)?,
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
            if totals.records.is_multiple_of(COUNTED) {
                job.lines.fetch_add(COUNTED, Ordering::Relaxed);
                if job.stops.load(Ordering::Relaxed) {
                    return Ok(Done::Stopped);
                }
            }
        };
        job.lines.fetch_add(totals.records % COUNTED, Ordering::Relaxed);
        if let Some(fault @ Fault::Unreadable(_)) = &fault {
            return left_out(fault);
        }
        // A wrong MD5 goes first: it explains why the file can't be unzipped.
        let (md5, buffer) = match lines.finish() {
            Ok(finished) => finished,
            Err(fault) => return left_out(&fault),
        };
        self.buffer = buffer;
        let fault = if md5 == file.md5 {
            fault.or_else(|| (totals.records != file.items).then_some(Fault::Count(totals.records)))
        } else {
            Some(Fault::Md5)
        };
        if let Some(fault) = fault {
            return left_out(&fault);
        }
        files.finish()?;
        let rejected = rejected.publish()?;
        files.publish()?;
        Ok(Done::Written(Written {
            totals,
            files: files.take_finished(),
            rejected,
            without_key: self.keys.as_mut().map_or(0, |keys| std::mem::take(&mut keys.without_key)),
        }))
    }

    fn line(
        &mut self,
        file: &DataFile,
        line: &[u8],
        totals: &mut Totals,
        files: &mut Files,
        rejected: &mut RejectedFile,
    ) -> Result<(), Exit> {
        let Job { kind, time_us, .. } = *self.job;
        totals.records += 1;
        let outcome = match &mut self.keys {
            None => self.records.transform_export_line(line, kind, files).outcome,
            Some(keys) => {
                let mut keyed = Keyed::new(files.sink(time_us), &mut keys.key);
                let outcome = self.records.transform_export_line(line, kind, &mut keyed).outcome;
                keys.note(line, kind, outcome);
                outcome
            }
        };
        match outcome {
            Outcome::Row { rescued, .. } => {
                totals.rows += 1;
                if rescued {
                    totals.rescue(self.records.rescued());
                }
                files.advance()?;
            }
            Outcome::Dropped => totals.dropped += 1,
            Outcome::Failed(failure) => {
                totals.reject(failure);
                let reason = failure.explain_export_line(self.records.plan());
                let message = format!("{}, item {}: {reason}", file.key, totals.records);
                let line = ErrorLine {
                    // The time of the export's rows, so that a second run writes the same bytes.
                    time_ms: time_us / 1_000,
                    failure,
                    message: &message,
                    data: line,
                    lambda_arn: None,
                    sequence_number: None,
                    shard_id: None,
                };
                rejected.add(|out| line.write(out))?;
            }
        }
        if line.len() > LARGE_LINE {
            self.records.shrink(KEPT_BYTES);
        }
        Ok(())
    }
}

impl<'a> Keys<'a> {
    fn new(job: &'a Job, known: &'a KnownKeys) -> Keys<'a> {
        let all = Schema { events: Events::default(), ..job.schema.clone() };
        let columns = all.columns.iter().zip(is_key(&all)).filter(|(_, is_key)| *is_key);
        let columns = columns.map(|(column, _)| column.clone()).collect();
        let keys_only = Schema { filter: None, columns, ..all.clone() };
        let of_rejected = job.records(&keys_only);
        Keys {
            known,
            schema: &job.schema,
            key: Key::new(&job.plan()),
            of_view: (!job.schema.events.insert).then(|| job.records(&all)),
            key_of_rejected: Key::new(of_rejected.plan()),
            of_rejected,
            without_key: 0,
            item: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Notes an item's key, if the item is in the view or can't be a row.
    fn note(&mut self, line: &[u8], kind: Kind, outcome: Outcome) {
        match outcome {
            Outcome::Row { .. } => {
                self.known.meet(self.key.bytes());
            }
            Outcome::Dropped => {
                let Some(records) = &mut self.of_view else { return };
                self.row.clear();
                let mut keyed = Keyed::new(&mut self.row, &mut self.key);
                let outcome = records.transform_export_line(line, kind, &mut keyed).outcome;
                if matches!(outcome, Outcome::Row { .. }) {
                    self.known.meet(self.key.bytes());
                }
            }
            Outcome::Failed(_) if self.read_key(line, kind).is_some() => {
                self.known.meet(self.key_of_rejected.bytes());
            }
            Outcome::Failed(_) => self.without_key += 1,
        }
    }

    /// Reads the key of an item that can't be a row: that of an item of its key attributes alone.
    fn read_key(&mut self, line: &[u8], kind: Kind) -> Option<()> {
        let line = std::str::from_utf8(line).ok()?.as_bytes();
        let mut cursor = Cursor::new(line);
        let members = spans::members(&mut cursor).ok()?;
        cursor.finish().ok()?;
        let item = spans::member(&members, "Item", line)?;
        let attributes = spans::members(&mut Cursor::new(item)).ok()?;
        self.item.clear();
        self.item.extend_from_slice(b"{\"Item\":{");
        let mut comma = &b""[..];
        for (name, value) in attributes {
            if self.schema.keys.contains(&name) {
                self.item.extend_from_slice(comma);
                write_string(name.as_bytes(), &mut self.item);
                self.item.push(b':');
                self.item.extend_from_slice(&item[value]);
                comma = b",";
            }
        }
        self.item.extend_from_slice(b"}}");
        self.row.clear();
        let mut keyed = Keyed::new(&mut self.row, &mut self.key_of_rejected);
        let outcome = self.of_rejected.transform_export_line(&self.item, kind, &mut keyed).outcome;
        matches!(outcome, Outcome::Row { .. }).then_some(())
    }
}

/// Why a data file is left out, and what to do.
fn reason(job: &Job, at: usize, fault: &Fault) -> String {
    let (file, found) = (&job.export.files[at], &job.found[at]);
    let name = found.folder.name_of(&found.name);
    match fault {
        Fault::Unreadable(error) => format!("{name} can't be read: {error}"),
        Fault::Md5 => {
            let fix = if found.folder.is_on_s3() {
                "restore it if the bucket keeps versions, else make another export".to_owned()
            } else {
                let from = quoted(&format!("{}/{}", job.bucket, file.key));
                format!("copy it again: aws s3 cp {from} {}", quoted(&name))
            };
            format!("{name} does not have the MD5 in the manifest: it is cut off or damaged; {fix}")
        }
        Fault::Gzip(error) => format!(
            "{name} has the MD5 of the manifest, but can't be unzipped ({error}): it was damaged \
             before it was stored; make another export"
        ),
        Fault::LongLine => format!(
            "{name} has the MD5 of the manifest, but a line that is longer than any item; make \
             another export"
        ),
        Fault::Count(items) => format!(
            "{name} has {items} items, and the manifest counts {}; make another export",
            file.items
        ),
    }
}
