//! Rows as Parquet files in a folder, by hours: `OUT/dt=2026-01-31/hour=23/part-00000.parquet`.

mod options;
#[cfg(test)]
mod tests;

pub(crate) use options::{Names, Options, Publish, Timestamps};

use crate::exit::Exit;
use crate::report::say;
use crate::store::{Folder, NewFile};
use crate::text::{count, printable, thousands};
use crate::trouble::quoted;
use dynalake::row::Rows;
use dynalake::text::time::Civil;
use dynalake_parquet::{Columns, FileWriter, Form, Limits, ParquetError};
use std::collections::HashMap;
use std::io;

/// At most this many files are open at once. With rows of more hours than that, mixed, or if files
/// hold too much in memory, the largest is finished, and its hour goes on in another file.
const MAX_OPEN: usize = 256;

/// All rows together that are in memory, encoded or not, take no more than this; then the largest
/// row group is written.
const MAX_MEMORY: usize = 64 << 20;

/// At most this many written bytes stay in memory as incomplete parts of uploads. Beyond that,
/// finished files are sent off, and if need be the largest open one is finished.
const MAX_HELD: usize = 128 << 20;

/// The system's code where a process has as many files open as it may.
const TOO_MANY_OPEN_FILES: i32 = 24;

/// The files of one run, or of one of its inputs.
pub(crate) struct Files {
    folder: Folder,
    form: Form,
    options: Options,
    /// The hour of all rows, counted from 1970, where it isn't that of each one's change.
    hour: Option<u64>,
    open: Vec<OpenFile>,
    /// The one of `open` that the last row went to.
    current: usize,
    /// Of all open files together.
    memory: usize,
    /// Of all files that have no name yet. It is counted for these files alone, and not for those
    /// of other threads too: equal rows give equal files, however many threads there are.
    held: usize,
    max_held: usize,
    parts: usize,
    parts_of_hours: HashMap<u64, usize>,
    closed: Vec<ClosedFile>,
    finished: Vec<WrittenFile>,
    has_finished: bool,
}

/// A finished file.
#[derive(Clone, Debug)]
pub(crate) struct WrittenFile {
    /// What messages call it.
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

struct OpenFile {
    hour: u64,
    name: String,
    writer: FileWriter<NewFile>,
    /// Of its rows that are not written yet.
    memory: usize,
    /// Of what is written.
    held: usize,
}

/// A file that is whole and has no name yet.
struct ClosedFile {
    name: String,
    file: NewFile,
    rows: u64,
}

impl WrittenFile {
    /// A line about it, for standard output.
    pub(crate) fn line(&self) -> String {
        let WrittenFile { name, rows, bytes } = self;
        let [rows, bytes] = [count(*rows, "row", "rows"), thousands(*bytes)];
        format!("{}  {rows}, {bytes} bytes", printable(name))
    }
}

impl Files {
    /// Files in this folder.
    pub(crate) fn new(folder: Folder, form: Form, options: Options) -> Files {
        Files {
            folder,
            form,
            options,
            hour: None,
            open: Vec::new(),
            current: 0,
            memory: 0,
            held: 0,
            max_held: MAX_HELD,
            parts: 0,
            parts_of_hours: HashMap::new(),
            closed: Vec::new(),
            finished: Vec::new(),
            has_finished: false,
        }
    }

    /// Rows from now on are of this hour, counted from 1970, whatever the times of their changes.
    pub(crate) fn set_hour(&mut self, hour: u64) {
        self.hour = Some(hour);
    }

    /// Writes what there is enough of, after each record or each row.
    pub(crate) fn advance(&mut self) -> Result<(), Exit> {
        let done = self.write();
        done.map_err(|exit| self.after_some(exit))
    }

    /// Finishes all files. With [`Publish::Together`] they have no names before
    /// [`Files::publish`].
    pub(crate) fn finish(&mut self) -> Result<(), Exit> {
        // A file may have been opened only for records that failed.
        self.open.retain(|file| file.writer.rows() > 0);
        while !self.open.is_empty() {
            self.end(self.open.len() - 1).map_err(|exit| self.after_some(exit))?;
        }
        Ok(())
    }

    /// Gives their names to the files that are finished, in the order of their names.
    pub(crate) fn publish(&mut self) -> Result<(), Exit> {
        self.closed.sort_by(|a, b| a.name.cmp(&b.name));
        for closed in std::mem::take(&mut self.closed) {
            self.held -= closed.file.held();
            self.name(closed).map_err(|exit| self.after_some(exit))?;
        }
        Ok(())
    }

    /// The files that are finished since this was last asked, in the order of their names.
    pub(crate) fn take_finished(&mut self) -> Vec<WrittenFile> {
        let mut finished = std::mem::take(&mut self.finished);
        finished.sort_by(|a, b| a.name.cmp(&b.name));
        finished
    }

    fn write(&mut self) -> Result<(), Exit> {
        let Some(file) = self.open.get_mut(self.current) else { return Ok(()) };
        if file.writer.rows() == 0 {
            // It was opened last, for a record that failed: the next one takes its number.
            let OpenFile { hour, .. } = self.open.remove(self.current);
            self.current = usize::MAX;
            self.parts -= 1;
            *self.parts_of_hours.entry(hour).or_insert(1) -= 1;
            return Ok(());
        }
        file.writer.advance().map_err(|error| lost(&self.folder, &file.name, &error))?;
        let is_full = file.writer.bytes_written() >= self.options.file_bytes;
        self.measure(self.current);
        if is_full {
            self.end(self.current)?;
        }
        if self.held > self.max_held {
            self.seal_closed()?;
        }
        while self.open.len() > MAX_OPEN || (self.held > self.max_held && !self.open.is_empty()) {
            let bytes = |file: &OpenFile| file.writer.bytes_written() + file.memory;
            let largest = (0..self.open.len()).max_by_key(|&at| bytes(&self.open[at]));
            self.end(largest.unwrap_or_default())?;
        }
        if self.memory > MAX_MEMORY
            && let Some(at) = (0..self.open.len()).max_by_key(|&at| self.open[at].memory)
        {
            let largest = &mut self.open[at];
            largest.writer.flush().map_err(|error| lost(&self.folder, &largest.name, &error))?;
            self.measure(at);
        }
        Ok(())
    }

    /// Counts again what an open file has in memory.
    fn measure(&mut self, at: usize) {
        let file = &mut self.open[at];
        let (memory, held) = (file.writer.memory(), file.writer.out().held());
        self.memory = self.memory + memory - std::mem::replace(&mut file.memory, memory);
        self.held = self.held + held - std::mem::replace(&mut file.held, held);
    }

    /// Lets go of what is in memory of the files that are whole. It changes neither their names nor
    /// their bytes.
    fn seal_closed(&mut self) -> Result<(), Exit> {
        for ClosedFile { name, file, .. } in &mut self.closed {
            self.held -= file.held();
            file.seal().map_err(|error| unwritable(&self.folder, name, &error))?;
        }
        Ok(())
    }

    fn end(&mut self, at: usize) -> Result<(), Exit> {
        let file = self.open.remove(at);
        self.current = usize::MAX;
        self.memory -= file.memory;
        self.held -= file.held;
        let OpenFile { name, writer, .. } = file;
        let rows = writer.rows();
        let mut file = writer.close().map_err(|error| lost(&self.folder, &name, &error))?;
        if self.options.publish == Publish::AtOnce {
            return self.name(ClosedFile { name, file, rows });
        }
        file.close().map_err(|error| unwritable(&self.folder, &name, &error))?;
        self.held += file.held();
        self.closed.push(ClosedFile { name, file, rows });
        if self.held > self.max_held { self.seal_closed() } else { Ok(()) }
    }

    fn name(&mut self, closed: ClosedFile) -> Result<(), Exit> {
        let ClosedFile { name, file, rows } = closed;
        let bytes = file.publish().map_err(|error| unwritable(&self.folder, &name, &error))?;
        self.finished.push(WrittenFile { name: self.folder.name_of(&name), rows, bytes });
        self.has_finished = true;
        Ok(())
    }

    /// Why the run ends; some files may be finished before.
    fn after_some(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Rejected(reason) if self.has_finished => {
                Exit::Partly(match self.options.publish {
                    Publish::AtOnce => format!("{reason}; the files that are printed are whole"),
                    Publish::Together => format!("{reason}; run it again to have all"),
                })
            }
            other => other,
        }
    }

    fn open(&mut self, hour: u64) -> usize {
        let partition = partition(hour);
        let part_of_hour = self.parts_of_hours.entry(hour).or_default();
        let name = match (&self.options.names, *part_of_hour) {
            (Names::Numbered(stem), _) => format!("{stem}-{:05}", self.parts),
            (Names::ByHour(stem), 0) => stem.clone(),
            (Names::ByHour(stem), part) => format!("{stem}-{part}"),
        };
        let name = format!("{partition}/{name}.parquet");
        *part_of_hour += 1;
        self.parts += 1;
        let row_group_bytes = self.options.file_bytes.min(MAX_MEMORY);
        let limits = Limits { row_group_bytes, ..Limits::default() };
        let file = self.folder.write(&name, self.options.replace);
        let writer = FileWriter::new(file, &self.form, limits)
            .expect("a file takes its first bytes into memory");
        self.open.push(OpenFile { hour, name, writer, memory: 0, held: 0 });
        self.open.len() - 1
    }
}

impl Rows for Files {
    type Sink = Columns;

    fn sink(&mut self, time_us: u64) -> &mut Columns {
        let hour = self.hour.unwrap_or(time_us / 3_600_000_000);
        if self.open.get(self.current).is_none_or(|file| file.hour != hour) {
            let at = self.open.iter().position(|file| file.hour == hour);
            self.current = at.unwrap_or_else(|| self.open(hour));
        }
        self.open[self.current].writer.columns()
    }
}

/// The folder of an hour, counted from 1970.
pub(crate) fn partition(hour: u64) -> String {
    let Civil { year, month, day, hour, .. } = Civil::from_seconds((hour * 3600) as i64);
    format!("dt={year:04}-{month:02}-{day:02}/hour={hour:02}")
}

/// Says how the rows in a folder of this machine get to the table's location.
pub(crate) fn say_upload(out: &Folder, lake_name: &str) {
    if !out.is_on_s3() {
        say(&format!(
            "next: aws s3 sync {} s3://BUCKET/data/{lake_name}/ --exclude '*' --include \
             '*.parquet'   # the table's location",
            quoted(&out.name())
        ));
    }
}

fn unwritable(folder: &Folder, name: &str, error: &io::Error) -> Exit {
    let fix = if error.raw_os_error() == Some(TOO_MANY_OPEN_FILES) {
        "; allow more, as by ulimit -n 1024"
    } else {
        ""
    };
    Exit::Rejected(format!("can't write {}: {error}{fix}", folder.name_of(name)))
}

fn lost(folder: &Folder, name: &str, error: &ParquetError) -> Exit {
    // The crate puts what the system says behind a word of its own.
    match error {
        ParquetError::External(error) => match error.downcast_ref() {
            Some(error) => unwritable(folder, name, error),
            None => Exit::Rejected(format!("can't write {}: {error}", folder.name_of(name))),
        },
        other => Exit::Rejected(format!("can't write {}: {other}", folder.name_of(name))),
    }
}
