//! The records of one object, or of several of one name, to files.

use super::totals::Totals;
use crate::exit::Exit;
use crate::files::{Files, Names, Options, WrittenFile};
use crate::input::{Content, Encoding, Failed, Object, fill, is_row, look_at};
use crate::rejected::RejectedFile;
use crate::store::Folder;
use crate::text::thousands;
use dynalake::failure::Failure;
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::row::Rows;
use dynalake::schema::{Binary, Plan};
use dynalake::text::json::unescape;
use dynalake_parquet::{Columns, Form};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The code of an on-failure object without the batch.
pub(super) const NO_PAYLOAD: &str = "no_payload";

/// What is kept of a buffer from object to object.
const KEPT_BYTES: usize = 1 << 20;

/// Where rows go, and how records become rows.
pub(super) struct Target {
    pub(super) out: Folder,
    /// Where rejected values go.
    pub(super) rejected: Folder,
    form: Form,
    records: RecordTransformer,
    /// For records whose binary is encoded once, whatever the schema says.
    encoded_once: RecordTransformer,
    /// A record's bytes.
    data: Vec<u8>,
    scratch: Vec<u8>,
}

/// The files of one object.
pub(super) struct ObjectFiles {
    files: Files,
    rejected: RejectedFile,
}

/// What an object has left behind.
pub(super) struct Written {
    pub(super) files: Vec<WrittenFile>,
    /// What messages call the file of what was rejected.
    pub(super) rejected: Option<String>,
}

impl Target {
    pub(super) fn new(out: Folder, rejected: Folder, form: Form, plan: Plan) -> Target {
        let records = |plan: Plan| {
            let options = record::Options::new(&plan);
            RecordTransformer::new(plan, options)
        };
        let mut once = plan.clone();
        once.binary = Some(Binary::Single);
        Target {
            out,
            rejected,
            form,
            records: records(plan),
            encoded_once: records(once),
            data: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The files of the object that is called so.
    pub(super) fn files(&self, name: &str) -> ObjectFiles {
        let options = Options::repeatable(Names::ByHour(stem(name)));
        ObjectFiles {
            files: Files::new(self.out.clone(), self.form.clone(), options),
            rejected: RejectedFile::new(self.rejected.clone(), rejected_file(name)),
        }
    }

    /// Reads an object to its end, or as far as it can be read; a message for each part that can't
    /// be. `advance` gets the bytes read so far.
    pub(super) fn read(
        &mut self,
        object: &mut Object,
        name: &str,
        files: &mut ObjectFiles,
        totals: &mut Totals,
        mut advance: impl FnMut(u64),
    ) -> Result<Vec<String>, Exit> {
        let mut unreadable = Vec::new();
        loop {
            let part = match object.next() {
                Ok(None) => return Ok(unreadable),
                Ok(Some(part)) => part,
                Err(trouble) => {
                    let at = thousands(object.at());
                    unreadable.push(format!("{}; read up to byte {at}", trouble.0));
                    return Ok(unreadable);
                }
            };
            let reason = match part.content {
                Content::Records(records) => {
                    let mut is_rejected = false;
                    for record in &records {
                        is_rejected |= self.record(record, files, totals)?;
                    }
                    if is_rejected {
                        reject(&mut files.rejected, part.text)?;
                    }
                    advance(object.bytes_read());
                    continue;
                }
                Content::NoJson { is_end: true } => {
                    unreadable.push(format!(
                        "{name} ends in the middle of a JSON value, which begins at byte {}; fetch \
                         the whole object",
                        thousands(part.at)
                    ));
                    continue;
                }
                Content::NoJson { is_end: false } => ("not_json", "it is not JSON"),
                Content::WithoutPayload => (
                    NO_PAYLOAD,
                    "Lambda's message of a batch that it gave up is without the batch: set an \
                     on-failure destination on S3, which gets it whole",
                ),
                Content::OtherJson => (
                    "not_a_record",
                    "it is neither a line of an error prefix nor a change record nor a row",
                ),
            };
            totals.record(None);
            totals.reject(reason.0, reason.1);
            reject(&mut files.rejected, part.text)?;
        }
    }

    /// Takes a record to its row; says whether it failed again.
    fn record(
        &mut self,
        record: &Failed<'_>,
        files: &mut ObjectFiles,
        totals: &mut Totals,
    ) -> Result<bool, Exit> {
        totals.record(record.error_code.as_deref());
        self.data.clear();
        if !fill(&mut self.data, record.data) {
            let failure = Failure::NotBase64;
            totals.reject(failure.code(), &failure.explain(self.records.plan()));
            return Ok(true);
        }
        if self.data.trim_ascii().is_empty() {
            totals.control += 1;
            return Ok(false);
        }
        let transformer = match record.encoding {
            Encoding::AsTheRecordSays => &mut self.records,
            Encoding::Once => &mut self.encoded_once,
        };
        let mut rows = ByArrival { files: &mut files.files, arrival_us: record.arrival_us };
        let is_row = is_row(&self.data);
        let outcome = if is_row {
            transformer.transform_row(&self.data, &mut rows).outcome
        } else {
            let number = record.sequence_number.map(|number| {
                self.scratch.clear();
                unescape(number, &mut self.scratch);
                &*self.scratch
            });
            transformer.transform(&self.data, number, &mut rows).outcome
        };
        match outcome {
            Outcome::Row { rescued, .. } => {
                totals.rows += 1;
                totals.rescued += u64::from(rescued);
            }
            Outcome::Dropped => totals.dropped += 1,
            Outcome::Failed(failure) => {
                let what = look_at(&self.data).filter(|_| !is_row);
                let reason = match what {
                    Some(what) => format!("the data is {what}"),
                    None => failure.explain(transformer.plan()),
                };
                totals.reject(failure.code(), &reason);
            }
        }
        files.files.advance()?;
        Ok(matches!(outcome, Outcome::Failed(_)))
    }

    /// Gives memory back that only a large object needs.
    pub(super) fn shrink(&mut self) {
        self.records.shrink(KEPT_BYTES);
        self.encoded_once.shrink(KEPT_BYTES);
        for buffer in [&mut self.data, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
    }
}

impl ObjectFiles {
    /// Gives all their names.
    pub(super) fn publish(mut self) -> Result<Written, Exit> {
        self.files.finish()?;
        self.files.publish()?;
        let rejected = self.rejected.publish()?;
        Ok(Written { files: self.files.take_finished(), rejected })
    }
}

/// The files of the hour in which a record arrived, else of that of its change.
struct ByArrival<'a> {
    files: &'a mut Files,
    arrival_us: Option<u64>,
}

impl Rows for ByArrival<'_> {
    type Sink = Columns;

    fn sink(&mut self, time_us: u64) -> &mut Columns {
        self.files.sink(self.arrival_us.unwrap_or(time_us))
    }
}

/// Keeps a value as it was, on a line.
fn reject(file: &mut RejectedFile, text: &[u8]) -> Result<(), Exit> {
    file.add(|out| {
        out.extend_from_slice(text);
        out.push(b'\n');
    })
}

/// The file of what is rejected of the object of this name.
///
/// It has a name of its own: if it is replayed in its turn, its rows don't take the place of those
/// that the object gave.
pub(super) fn rejected_file(object: &str) -> String {
    format!("{object}.rejected")
}

/// How long each [`stem`] is.
pub(super) const STEM_LEN: usize = "replay-".len() + 32;

/// What the files' names of the object of this name begin with.
pub(super) fn stem(name: &str) -> String {
    format!("replay-{}", hash(name.as_bytes()))
}

/// 32 digits of the SHA-256 of a name, or of the contents of an object without a name.
pub(super) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // A String takes every write.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
