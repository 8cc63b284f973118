//! All data files on all cores, then the known keys, then what is said of it all.

use super::job::{Done, Job, Worker, Written};
use super::known_keys::KnownKeys;
use super::progress::{Progress, duration, rate};
use crate::exit::Exit;
use crate::files::{WrittenFile, partition, say_upload};
use crate::rejected::{say_fixes, warn_if_beside_rows};
use crate::report::say;
use crate::text::{count, thousands};
use crate::totals::Totals;
use std::collections::HashSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

/// So many names are printed of a kind.
const SHOWN: usize = 20;

/// What came of a run.
#[derive(Default)]
struct Outcome {
    totals: Totals,
    /// Names of all files that were written.
    names: HashSet<String>,
    rows_of_known: Option<u64>,
    /// Items of the files that were left out, as the manifest counts them.
    left_out_items: u64,
    /// The names of those files, as their rows would have them, and why.
    left_out: Vec<(String, String)>,
    rejected_files: u64,
    without_key: u64,
    /// How many data files were read.
    files: usize,
}

/// What a thread says: of which file, and what.
type Said = (usize, Result<Done, Exit>);

/// Runs the job.
pub(super) fn run(job: &Job) -> Result<ExitCode, Exit> {
    let mut outcome = Outcome::default();
    let done = outcome.all(job);
    if let Err(exit) = done {
        let files = outcome.names.len();
        return Err(match exit {
            Exit::Rejected(reason) if files > 0 => Exit::Partly(format!(
                "{reason}; the files that are printed are whole: run this again, and all are"
            )),
            other => other,
        });
    }
    let code = outcome.say(job);
    if job.prints_counts {
        outcome.print_counts()?;
    }
    Ok(code)
}

impl Outcome {
    fn all(&mut self, job: &Job) -> Result<(), Exit> {
        let mut progress = Progress::new(job.found.len(), job.export.items);
        let done = self.data_files(job, &mut progress);
        let took = progress.end();
        done?;
        if let Some(known) = &job.known
            && self.left_out.is_empty()
            && self.without_key == 0
        {
            self.known_keys(job, known)?;
        }
        let rate = thousands(rate(self.totals.records, took));
        say(&format!("time      {}, {rate} items/s", duration(took)));
        Ok(())
    }

    fn data_files(&mut self, job: &Job, progress: &mut Progress) -> Result<(), Exit> {
        // The largest first, so that the cores are done together.
        let mut order: Vec<usize> = (0..job.found.len()).collect();
        order.sort_by_key(|&at| (u64::MAX - job.found[at].bytes, at));
        let next = AtomicUsize::new(0);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let (said, all_said) = channel();
            for _ in 0..cores.min(order.len()) {
                let said = said.clone();
                let (order, next) = (&order, &next);
                scope.spawn(move || work(job, order, next, &said));
            }
            drop(said);
            let done = self.collect(job, &all_said, progress);
            if done.is_err() {
                job.stops.store(true, Ordering::Relaxed);
            }
            done
        })
    }

    /// Takes what the threads say until they are done.
    fn collect(
        &mut self,
        job: &Job,
        all_said: &Receiver<Said>,
        progress: &mut Progress,
    ) -> Result<(), Exit> {
        loop {
            match all_said.recv_timeout(progress.interval()) {
                Ok((at, done)) => match done? {
                    Done::Written(written) => progress.suspend(|| self.add(job, written))?,
                    Done::LeftOut(reason) => {
                        progress.suspend(|| say(&format!("error: left out: {reason}")));
                        let file = &job.export.files[at];
                        self.left_out_items += file.items;
                        self.left_out.push((job.stem() + &file.stem, reason));
                    }
                    Done::Stopped => {}
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            let files = self.files + self.left_out.len();
            progress.show(files, job.lines.load(Ordering::Relaxed));
        }
    }

    fn add(&mut self, job: &Job, written: Written) -> Result<(), Exit> {
        let Written { totals, files, rejected, without_key } = written;
        if !totals.add_up() {
            // This would be a bug.
            return Err(Exit::Partly("a data file's items are not all accounted for".to_owned()));
        }
        self.files += 1;
        self.totals.add(totals);
        self.without_key += without_key;
        self.rejected_files += u64::from(rejected.is_some());
        self.names.extend(rejected);
        self.print(job, files)
    }

    /// Prints the names of files that are there now.
    fn print(&mut self, job: &Job, files: Vec<WrittenFile>) -> Result<(), Exit> {
        for file in files {
            let line = file.line();
            self.names.insert(file.name);
            if !job.prints_counts {
                print_line(&line)?;
            }
        }
        Ok(())
    }

    /// Prints the counts for the program that started this.
    fn print_counts(&self) -> Result<(), Exit> {
        let known = self.rows_of_known.map_or("null".to_owned(), |rows| rows.to_string());
        print_line(&format!(
            "{{\"data_files\":{},\"left_out\":{},{},\"files\":{},\"rows_of_known_keys\":{known}}}",
            self.files,
            self.left_out.len(),
            self.totals.to_members("items"),
            self.names.len() as u64 - self.rejected_files,
        ))
    }

    fn known_keys(&mut self, job: &Job, known: &KnownKeys) -> Result<(), Exit> {
        let mut files = job.files(&job.known_stem());
        let rows = known.write_lacking(&job.schema, job.plan(), job.time_us, &mut files)?;
        files.finish()?;
        files.publish()?;
        self.rows_of_known = Some(rows);
        self.print(job, files.take_finished())
    }

    /// Says what came of it, and what to do next; the exit code.
    fn say(&self, job: &Job) -> ExitCode {
        let totals = &self.totals;
        let all = job.export.files.len();
        let left_out = self.left_out.len();
        say(&format!(
            "files     {} of {} read, {} left out",
            thousands(self.files as u64),
            thousands(all as u64),
            thousands(left_out as u64)
        ));
        let plan = job.plan();
        totals.say(["item", "items"], |failure| failure.explain_export_line(&plan));
        let mut is_whole = left_out == 0 && totals.rejected() == 0;
        if totals.records + self.left_out_items != job.export.items {
            is_whole = false;
            say("error: these are not all items that the manifest counts");
        }
        if let Some(known) = &job.known {
            let keys = count(known.len(), "known key", "known keys");
            if let Some(rows) = self.rows_of_known {
                let rows = count(rows, "REMOVE row", "REMOVE rows");
                say(&format!("known     {keys}: {rows} for those that the export lacks"));
            } else {
                is_whole = false;
                let why = if left_out > 0 {
                    "a data file was left out, and any of them may be in it"
                } else {
                    "the key of a rejected item can't be read, and it may be any of them"
                };
                say(&format!("error: {keys}: no REMOVE rows were made: {why}"));
            }
        }
        self.say_next(job);
        self.say_leftover(job);
        ExitCode::from(u8::from(!is_whole))
    }

    fn say_next(&self, job: &Job) {
        if !self.left_out.is_empty() {
            let files = count(self.left_out.len() as u64, "file was", "files were");
            say(&format!("{files} left out:"));
            for (_, reason) in self.left_out.iter().take(SHOWN) {
                say(&format!("  {reason}"));
            }
            if let more @ 1.. = self.left_out.len().saturating_sub(SHOWN) {
                say(&format!("  … and {} more", thousands(more as u64)));
            }
            say("then run this again; files that are there already are replaced by the same ones");
        }
        if self.totals.rejected() > 0 {
            let folder = job.rejected.name();
            say(&format!("the rejected items are in {folder}, one on a line:"));
            say_fixes(self.totals.rejected_codes(), |_| "no schema helps; make another export");
            warn_if_beside_rows(&job.rejected, &job.out);
        }
        if self.names.len() as u64 > self.rejected_files {
            say_upload(&job.out, &job.schema.lake_name());
        }
    }

    /// Names files of an earlier run that this one would not have written: they are read beside its
    /// own.
    fn say_leftover(&self, job: &Job) {
        let stem = job.stem();
        // If this run made no REMOVE rows, those of an earlier one are still right: the export lacks
        // their keys.
        let keeps_known = job.known.is_some() && self.rows_of_known.is_none();
        let known = job.known_stem();
        let hour = partition(job.time_us / 3_600_000_000);
        let prefixes = if job.is_selection {
            job.export.files.iter().map(|file| format!("{stem}{}", file.stem)).collect()
        } else {
            vec![stem]
        };
        let mut leftover = Vec::new();
        for prefix in &prefixes {
            let of_rows = (&job.out, format!("{hour}/{prefix}"));
            for (folder, listed) in [of_rows, (&job.rejected, prefix.clone())] {
                // A missing folder has no files.
                for file in folder.list(&listed).unwrap_or_default() {
                    let base = file.name.rsplit('/').next().unwrap_or_default();
                    let is_left_out =
                        self.left_out.iter().any(|(stem, _)| base.starts_with(&**stem));
                    let is_known = keeps_known && base.starts_with(&*known);
                    let is_of_others = job.is_selection && !is_of(base, prefix);
                    let name = folder.name_of(&file.name);
                    if !is_left_out && !is_known && !is_of_others && !self.names.contains(&name) {
                        leftover.push(name);
                    }
                }
            }
        }
        if !leftover.is_empty() {
            let named = leftover.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let files = count(leftover.len() as u64, "file is", "files are");
            say(&format!(
                "warning: {files} of an earlier run with another schema or other known keys, which \
                 this run does not write; remove: {named}"
            ));
        }
    }
}

fn work(job: &Job, order: &[usize], next: &AtomicUsize, said: &Sender<Said>) {
    let mut worker = Worker::new(job);
    while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
        let done = worker.file(at);
        let is_last = !matches!(done, Ok(Done::Written(_) | Done::LeftOut(_)));
        // Whoever no longer listens has stopped it all.
        if said.send((at, done)).is_err() || is_last {
            return;
        }
    }
}

/// Whether a file is made of the data file whose files' names begin so: `STEM-00000.parquet`, or
/// `STEM.json`. Another data file's name may begin with this one's.
fn is_of(file: &str, stem: &str) -> bool {
    let rest = file.strip_prefix(stem).unwrap_or_default();
    let part = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".parquet"));
    rest == ".json" || part.is_some_and(|part| part.bytes().all(|digit| digit.is_ascii_digit()))
}

fn print_line(line: &str) -> Result<(), Exit> {
    match writeln!(io::stdout(), "{line}") {
        // The rows are in files, whoever reads of them.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Exit::unwritable(&error, ExitCode::from(1)))
        }
        _ => Ok(()),
    }
}
