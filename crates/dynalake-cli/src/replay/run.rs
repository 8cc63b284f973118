//! All objects, then what is said of them.

use super::object::{NO_PAYLOAD, STEM_LEN, Target, Written, hash, rejected_file, stem};
use super::totals::Totals;
use crate::exit::Exit;
use crate::files::say_upload;
use crate::input::{Object, Source};
use crate::rejected::{say_fixes, warn_if_beside_rows};
use crate::report::{Progress, say};
use crate::text::{count, thousands};
use crate::trouble::Trouble;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Write};
use std::process::ExitCode;

/// So many names are printed of a kind.
const SHOWN: usize = 20;

/// What helps with an on-failure message without its batch.
const GET_THE_BATCH: &str =
    "get the batch by the sequence numbers in it, while the stream keeps it";

/// What helps with values that hold no change record or row.
const NO_SCHEMA_HELPS: &str = "no schema makes rows of these; fetch the object again if it is damaged, else find what wrote them";

/// What came of a run.
struct Outcome {
    totals: Totals,
    progress: Progress,
    /// Of the objects that are read.
    bytes: u64,
    objects: u64,
    /// How many errors there were in reading objects.
    unreadable: u64,
    /// The names of the files of rejected values.
    rejected: BTreeSet<String>,
    /// The names of the files of rows.
    files: BTreeSet<String>,
    /// The names of the objects that are read to their end.
    whole: Vec<String>,
}

/// Takes each object to files, then says what became of them all. `lake_name` is the table's in the
/// lake.
pub(super) fn run(
    sources: Vec<Result<Source, Trouble>>,
    mut target: Target,
    lake_name: &str,
) -> Result<ExitCode, Exit> {
    let lens = sources.iter().flatten().map(|source| source.len);
    let mut outcome = Outcome {
        totals: Totals::default(),
        progress: Progress::new(lens.sum(), false),
        bytes: 0,
        objects: 0,
        unreadable: 0,
        rejected: BTreeSet::new(),
        files: BTreeSet::new(),
        whole: Vec::new(),
    };
    // Objects of one name share their files: else one would take the place of the other's.
    let mut objects: BTreeMap<String, Vec<Opened>> = BTreeMap::new();
    let mut order = Vec::new();
    for source in sources {
        match source.and_then(Opened::new) {
            Err(trouble) => outcome.unreadable(&trouble.0),
            Ok((name, opened)) => {
                let same = objects.entry(name.clone()).or_default();
                if same.is_empty() {
                    order.push(name);
                }
                same.push(opened);
            }
        }
    }
    for name in &order {
        let same = objects.remove(name).unwrap_or_default();
        outcome.objects(name, same, &mut target)?;
    }
    outcome.finish(&target, lake_name)
}

/// An object before it is read.
enum Opened {
    File(Source),
    /// What standard input or a pipe has, and what messages call it.
    Contents(String, Vec<u8>),
}

impl Opened {
    /// The object and its name; without a name of its own, the hash of its contents.
    fn new(source: Source) -> Result<(String, Opened), Trouble> {
        if let Some(name) = source.base_name() {
            return Ok((name.to_owned(), Opened::File(source)));
        }
        let mut bytes = Vec::new();
        let read = source.read()?.read_to_end(&mut bytes);
        read.map_err(|error| Trouble::unreadable(source.name(), &error))?;
        let name = source.name().to_owned();
        Ok((format!("stdin-{}", hash(&bytes)), Opened::Contents(name, bytes)))
    }

    fn name(&self) -> &str {
        match self {
            Opened::File(source) => source.name(),
            Opened::Contents(name, _) => name,
        }
    }

    fn open(&mut self) -> Result<Object, Trouble> {
        match self {
            Opened::File(source) => Object::open(source),
            Opened::Contents(name, bytes) => Object::of(name, Cursor::new(std::mem::take(bytes))),
        }
    }
}

impl Outcome {
    /// Takes the objects of one name to their files.
    fn objects(&mut self, name: &str, same: Vec<Opened>, target: &mut Target) -> Result<(), Exit> {
        let unreadable = self.unreadable;
        let mut files = target.files(name);
        for mut opened in same {
            let object_name = opened.name().to_owned();
            let mut object = match opened.open() {
                Ok(object) => object,
                Err(trouble) => {
                    self.unreadable(&trouble.0);
                    continue;
                }
            };
            let Outcome { totals, progress, bytes, .. } = self;
            let advance = |read| progress.advance(*bytes + read);
            let read = target.read(&mut object, &object_name, &mut files, totals, advance);
            self.bytes += object.bytes_read();
            self.objects += 1;
            for message in read.map_err(|exit| self.after_some(exit))? {
                self.unreadable(&message);
            }
        }
        let Written { files, rejected } = files.publish().map_err(|exit| self.after_some(exit))?;
        target.shrink();
        if self.unreadable == unreadable {
            self.whole.push(name.to_owned());
        }
        self.rejected.extend(rejected);
        let mut out = io::stdout().lock();
        for file in files {
            let printed = writeln!(out, "{}", file.line());
            self.files.insert(file.name);
            match printed {
                // The rows are in files, whoever reads their names.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    return Err(self.after_some(Exit::unwritable(&error, ExitCode::from(1))));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Names what can't be read.
    fn unreadable(&mut self, message: &str) {
        self.unreadable += 1;
        self.progress.say(&format!("error: {message}"));
    }

    /// Why the run ends; some files may be there already.
    fn after_some(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Rejected(reason) if !self.files.is_empty() || !self.rejected.is_empty() => {
                Exit::Partly(format!(
                    "{reason}; the files that are printed are whole; run it again to have all"
                ))
            }
            other => other,
        }
    }

    fn finish(self, target: &Target, lake_name: &str) -> Result<ExitCode, Exit> {
        self.progress.end();
        let totals = &self.totals;
        if totals.records == 0 && self.unreadable == 0 {
            return Exit::reject("there is nothing to replay: no object has a record");
        }
        let objects = thousands(self.objects);
        say(&format!("objects   {objects} read, {} bytes", thousands(self.bytes)));
        totals.say();
        if self.unreadable > 0 {
            let troubles = count(self.unreadable, "error", "errors");
            say(&format!("objects   {troubles} in reading them, named above"));
        }
        let mut is_whole = self.unreadable == 0 && totals.rejected() == 0;
        if !totals.add_up() {
            is_whole = false;
            say("error: records in are not rows, rejected, dropped and control messages together");
        }
        if totals.rejected() > 0 {
            say(&format!("what was rejected is in {}, as it was:", target.rejected.name()));
            say_fixes(totals.rejected_codes(), |code| match code {
                NO_PAYLOAD => GET_THE_BATCH,
                _ => NO_SCHEMA_HELPS,
            });
            warn_if_beside_rows(&target.rejected, &target.out);
        }
        self.say_leftover(target);
        if !self.files.is_empty() {
            say_upload(&target.out, lake_name);
        }
        let is_nothing = self.objects == 0 && totals.records == 0;
        Ok(ExitCode::from(match (is_whole, is_nothing) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }))
    }

    /// Names the files of an earlier run of the same objects that this one does not write, such as
    /// rows that another schema gave: readers would find them beside this run's own. An object that
    /// was not read to its end may still give them.
    fn say_leftover(&self, target: &Target) {
        let rejected: BTreeSet<String> =
            self.whole.iter().map(|name| rejected_file(name)).collect();
        let stems: BTreeSet<String> = self.whole.iter().map(|name| stem(name)).collect();
        let is_rejected = |file: &str| {
            rejected.contains(file) && !self.rejected.contains(&target.rejected.name_of(file))
        };
        let has_rows = |file: &str| {
            let base = file.rsplit('/').next().unwrap_or_default();
            base.get(..STEM_LEN).is_some_and(|at| stems.contains(at))
                && !self.files.contains(&target.out.name_of(file))
        };
        let mut leftover = Vec::new();
        for (folder, prefix, is_leftover) in [
            (&target.rejected, "", &is_rejected as &dyn Fn(&str) -> bool),
            (&target.out, "dt=", &has_rows),
        ] {
            // A missing folder has no files.
            let found = folder.list_if(prefix, is_leftover).unwrap_or_default();
            leftover.extend(found.into_iter().map(|file| folder.name_of(&file.name)));
        }
        if !leftover.is_empty() {
            let files = count(leftover.len() as u64, "file is", "files are");
            let shown = leftover.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            say(&format!(
                "warning: {files} of an earlier run, of these objects or of others that had their \
                 names, which this run does not write; remove what is of these: {shown}"
            ));
        }
    }
}
