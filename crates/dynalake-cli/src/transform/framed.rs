//! A stream of frames to files: all of them, or none.

use super::frames::{Frame, FrameError, Frames};
use crate::exit::Exit;
use crate::files::{Files, Names, Options, partition};
use crate::rejected::{RejectedFile, say_fixes, warn_if_beside_rows};
use crate::report::say;
use crate::store::Folder;
use crate::totals::Totals;
use dynalake::firehose::ErrorLine;
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::schema::Plan;
use dynalake_parquet::Form;
use std::io::{self, BufReader, Read, Write};
use std::process::ExitCode;

/// So much of standard input is read at once.
const CHUNK: usize = 128 << 10;

/// Buffers shrink to this after a large record.
const KEPT_BYTES: usize = 1 << 20;

/// Longer records are large.
const LARGE_RECORD: usize = 512 << 10;

/// What helps with records that no schema makes rows of.
const NO_SCHEMA_HELPS: &str = "no schema makes rows of these; find what wrote them";

/// A run over one stream.
pub(super) struct Framed<'a> {
    records: RecordTransformer,
    files: Files,
    totals: Totals,
    name: &'a str,
    out: Folder,
    /// The folder of what can't be rows.
    rejected: Folder,
}

impl<'a> Framed<'a> {
    /// A run by this plan, whose files have this name in these folders.
    pub(super) fn new(
        plan: Plan,
        form: Form,
        name: &'a str,
        out: Folder,
        rejected: Folder,
    ) -> Framed<'a> {
        let options = record::Options::new(&plan);
        let names = Options::repeatable(Names::ByHour(name.to_owned()));
        Framed {
            records: RecordTransformer::new(plan, options),
            files: Files::new(out.clone(), form, names),
            totals: Totals::default(),
            name,
            out,
            rejected,
        }
    }

    /// Takes standard input to files, and prints what became of it.
    ///
    /// # Errors
    ///
    /// A stream that is wrong, and files that can't be written. Nothing of this run counts then.
    pub(super) fn run(self) -> Result<ExitCode, Exit> {
        let input = BufReader::with_capacity(CHUNK, io::stdin().lock());
        self.stream(Frames::new(input)).map_err(|exit| match exit {
            // Whoever started this wants all or nothing, and runs it again.
            Exit::Partly(reason) => Exit::Rejected(reason),
            other => other,
        })
    }

    fn stream(mut self, mut frames: Frames<impl Read>) -> Result<ExitCode, Exit> {
        let mut rejected = None;
        frames.begin()?;
        while let Some(frame) = frames.next()? {
            let rejected = rejected.get_or_insert_with(|| {
                // Of one name, whatever of it is rejected.
                let partition = partition(frame.arrival_us / 3_600_000_000);
                let name = format!("{partition}/{}.json", self.name);
                RejectedFile::new(self.rejected.clone(), name)
            });
            self.record(frame, rejected)?;
            if frame.data.len() > LARGE_RECORD {
                self.records.shrink(KEPT_BYTES);
                frames.shrink(KEPT_BYTES);
            }
        }
        self.files.finish()?;
        // What is rejected first: a run that ends here is run again, and nothing is missing then.
        if let Some(rejected) = rejected {
            rejected.publish()?;
        }
        self.files.publish()?;
        self.say()
    }

    /// Takes one record to its row, or to the line that keeps it.
    fn record(&mut self, frame: Frame<'_>, rejected: &mut RejectedFile) -> Result<(), Exit> {
        let Frame { arrival_us, sequence_number, data } = frame;
        self.totals.records += 1;
        match self.records.transform(data, sequence_number, &mut self.files).outcome {
            Outcome::Row { rescued, .. } => {
                self.totals.rows += 1;
                if rescued {
                    self.totals.rescue(self.records.rescued());
                }
            }
            Outcome::Dropped => self.totals.dropped += 1,
            Outcome::Failed(failure) => {
                self.totals.reject(failure);
                let line = ErrorLine {
                    time_ms: arrival_us / 1_000,
                    failure,
                    message: &failure.explain(self.records.plan()),
                    data,
                    lambda_arn: None,
                    sequence_number,
                    shard_id: None,
                };
                rejected.add(|out| line.write(out))?;
            }
        }
        self.files.advance()
    }

    /// Says what became of the stream: to people, and to the program that started this.
    fn say(mut self) -> Result<ExitCode, Exit> {
        let totals = &self.totals;
        totals.say(["record", "records"], |failure| failure.explain(self.records.plan()));
        let is_whole = totals.rejected() == 0;
        if !is_whole {
            let folder = self.rejected.name();
            say(&format!("the rejected records are in {folder}, one on a line:"));
            say_fixes(totals.rejected_codes(), |_| NO_SCHEMA_HELPS);
            warn_if_beside_rows(&self.rejected, &self.out);
        }
        let code = ExitCode::from(u8::from(!is_whole));
        let files = self.files.take_finished().len();
        let counts = totals.to_members("records");
        let printed = writeln!(io::stdout(), "{{{counts},\"files\":{files}}}");
        printed.map_err(|error| Exit::unwritable(&error, code))?;
        Ok(code)
    }
}

impl From<FrameError> for Exit {
    fn from(error: FrameError) -> Exit {
        Exit::Rejected(format!("{error}; nothing was written"))
    }
}
