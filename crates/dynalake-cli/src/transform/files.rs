//! Rows as Parquet files in a folder, by the hours of their changes:
//! `OUT/dt=2026-01-31/hour=23/part-00000.parquet`.

use crate::exit::Exit;
use dynalake::row::Rows;
use dynalake::text::time::Civil;
use dynalake_parquet::{Columns, FileWriter, Form, Limits, ParquetError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// So many files are open at once. With rows of more hours than that, mixed, the largest is finished,
/// and its hour goes on in another file.
const MAX_OPEN: usize = 256;

/// All rows together that are in memory, encoded or not, take no more than this; then the largest
/// row group is written.
const MAX_MEMORY: usize = 64 << 20;

/// The files of one run.
pub(super) struct Files {
    folder: PathBuf,
    form: Form,
    file_bytes: usize,
    open: Vec<OpenFile>,
    /// The one of `open` that the last row went to.
    current: usize,
    /// Of all open files together.
    memory: usize,
    parts: usize,
    finished: Vec<WrittenFile>,
    has_finished: bool,
}

/// A finished file.
pub(super) struct WrittenFile {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    pub(super) bytes: usize,
}

struct OpenFile {
    hour: u64,
    path: PathBuf,
    writer: FileWriter<Unfinished>,
    /// Of its rows that are not written yet.
    memory: usize,
}

impl Files {
    /// Files in a new or empty folder.
    ///
    /// # Errors
    ///
    /// A folder that has something in it, or can't be made.
    pub(super) fn new(folder: &Path, form: Form, file_bytes: usize) -> Result<Files, Exit> {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        let mut inside = fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?;
        if inside.next().is_some() {
            return Exit::reject(format!(
                "--out: {} is not empty, and files of the same names would be replaced; give a new \
                 folder",
                folder.display()
            ));
        }
        Ok(Files {
            folder: folder.to_owned(),
            form,
            file_bytes,
            open: Vec::new(),
            current: 0,
            memory: 0,
            parts: 0,
            finished: Vec::new(),
            has_finished: false,
        })
    }

    /// Writes what there is enough of, after each record.
    pub(super) fn advance(&mut self) -> Result<(), Exit> {
        let done = self.write();
        done.map_err(|exit| self.after_some(exit))
    }

    /// Finishes all files.
    pub(super) fn finish(&mut self) -> Result<(), Exit> {
        while !self.open.is_empty() {
            self.end(self.open.len() - 1).map_err(|exit| self.after_some(exit))?;
        }
        Ok(())
    }

    /// The files that are finished since this was last asked, in the order of their names.
    pub(super) fn take_finished(&mut self) -> Vec<WrittenFile> {
        self.has_finished |= !self.finished.is_empty();
        let mut finished = std::mem::take(&mut self.finished);
        finished.sort_by(|a, b| a.path.cmp(&b.path));
        finished
    }

    fn write(&mut self) -> Result<(), Exit> {
        let Some(file) = self.open.get_mut(self.current) else { return Ok(()) };
        if file.writer.rows() == 0 {
            // It was opened for a record that failed.
            self.open.remove(self.current);
            self.current = usize::MAX;
            return Ok(());
        }
        file.advance()?;
        let memory = file.writer.memory();
        self.memory = self.memory + memory - std::mem::replace(&mut file.memory, memory);
        if file.writer.bytes_written() >= self.file_bytes {
            self.end(self.current)?;
        }
        while self.open.len() > MAX_OPEN {
            let bytes = |file: &OpenFile| file.writer.bytes_written() + file.memory;
            let largest = (0..self.open.len()).max_by_key(|&at| bytes(&self.open[at]));
            self.end(largest.unwrap_or_default())?;
        }
        if self.memory > MAX_MEMORY
            && let Some(largest) = self.open.iter_mut().max_by_key(|file| file.memory)
        {
            largest.flush()?;
            self.memory -= std::mem::take(&mut largest.memory);
        }
        Ok(())
    }

    fn end(&mut self, at: usize) -> Result<(), Exit> {
        let file = self.open.remove(at);
        self.current = usize::MAX;
        self.memory -= file.memory;
        self.finished.push(file.finish()?);
        Ok(())
    }

    /// Why the run ends; some files may be finished before.
    fn after_some(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Rejected(reason) if self.has_finished || !self.finished.is_empty() => {
                Exit::Partly(format!("{reason}; the files that are printed are whole"))
            }
            other => other,
        }
    }

    fn open(&mut self, hour: u64) -> usize {
        let time = Civil::from_seconds((hour * 3600) as i64);
        let Civil { year, month, day, hour: of_day, .. } = time;
        let partition = format!("dt={year:04}-{month:02}-{day:02}/hour={of_day:02}");
        let path = self.folder.join(partition).join(format!("part-{:05}.parquet", self.parts));
        self.parts += 1;
        let row_group_bytes = self.file_bytes.min(MAX_MEMORY);
        let limits = Limits { row_group_bytes, ..Limits::default() };
        let writer = FileWriter::new(Unfinished::new(&path), &self.form, limits)
            .expect("nothing is written before a row group");
        self.open.push(OpenFile { hour, path, writer, memory: 0 });
        self.open.len() - 1
    }
}

impl Rows for Files {
    type Sink = Columns;

    fn sink(&mut self, time_us: u64) -> &mut Columns {
        let hour = time_us / 3_600_000_000;
        if self.open.get(self.current).is_none_or(|file| file.hour != hour) {
            let at = self.open.iter().position(|file| file.hour == hour);
            self.current = at.unwrap_or_else(|| self.open(hour));
        }
        self.open[self.current].writer.columns()
    }
}

impl OpenFile {
    fn advance(&mut self) -> Result<(), Exit> {
        self.writer.advance().map_err(|error| lost(&self.path, &error))
    }

    fn flush(&mut self) -> Result<(), Exit> {
        self.writer.flush().map_err(|error| lost(&self.path, &error))
    }

    /// Finishes the file and gives it its name.
    fn finish(self) -> Result<WrittenFile, Exit> {
        let OpenFile { path, writer, .. } = self;
        let rows = writer.rows();
        let unfinished = writer.close().map_err(|error| lost(&path, &error))?;
        let bytes = unfinished.publish(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(WrittenFile { path, rows, bytes })
    }
}

/// A file under another name; without [`Unfinished::publish`] it is removed again.
struct Unfinished {
    path: PathBuf,
    file: Option<File>,
    /// The first bytes, as long as they are no more than Parquet's magic: a file without rows is
    /// never made.
    held: Vec<u8>,
}

/// `PAR1`
const MAGIC_BYTES: usize = 4;

impl Unfinished {
    fn new(path: &Path) -> Unfinished {
        // Readers of such folders pass over names that begin with a dot.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = path.with_file_name(format!(".{name}.unfinished"));
        Unfinished { path, file: None, held: Vec::new() }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            // Another run that writes here has it, or one that was killed had it.
            let mut file = File::create_new(&self.path)?;
            file.write_all(&self.held)?;
            self.file = Some(file);
        }
        Ok(self.file.as_mut().expect("it is open"))
    }

    /// Gives the file its name, once its bytes are on the disk; says how many they are.
    fn publish(mut self, path: &Path) -> io::Result<usize> {
        let file = self.file()?;
        file.sync_all()?;
        let bytes = file.metadata()?.len() as usize;
        if path.exists() {
            let reason = "another run has written it meanwhile; give each run a folder of its own";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        }
        fs::rename(&self.path, path)?;
        self.file = None;
        Ok(bytes)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.held.len() + bytes.len() <= MAGIC_BYTES {
            self.held.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Exit {
    Exit::Rejected(format!("can't write {}: {error}", path.display()))
}

fn lost(path: &Path, error: &ParquetError) -> Exit {
    // The crate puts what the system says behind a word of its own.
    let error = match error {
        ParquetError::External(error) => error.to_string(),
        other => other.to_string(),
    };
    Exit::Rejected(format!("can't write {}: {error}", path.display()))
}
