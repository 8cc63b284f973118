//! Rows as Parquet files in a folder, by the hours of their changes:
//! `OUT/dt=2026-01-31/hour=23/part-00000.parquet`.

use crate::exit::Exit;
use dynalake::row::Rows;
use dynalake::text::time::Civil;
use dynalake_parquet::{Columns, FileWriter, Form, Limits, ParquetError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// So many files are open at once; with more hours than that the one which has waited longest is
/// ended, and goes on in another file.
const MAX_OPEN: usize = 16;

/// All open row groups together have no more than this, before they are encoded.
const MAX_GROUP_BYTES: usize = 64 << 20;

/// The files of one run.
pub(super) struct Files {
    folder: PathBuf,
    form: Form,
    file_bytes: usize,
    open: Vec<OpenFile>,
    /// The one of `open` that the last row went to.
    current: usize,
    /// Counts up with each change of `current`.
    turn: u64,
    parts: usize,
}

/// A file that is there.
pub(super) struct WrittenFile {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    pub(super) bytes: usize,
}

struct OpenFile {
    hour: u64,
    path: PathBuf,
    writer: FileWriter<Unfinished>,
    /// When a row last came after one of another hour.
    turn: u64,
}

impl Files {
    /// Files in a folder that has none yet.
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
            turn: 0,
            parts: 0,
        })
    }

    /// Writes what there is enough of; returns the files that are done with it.
    pub(super) fn advance(&mut self) -> Result<Vec<WrittenFile>, Exit> {
        let Some(file) = self.open.get_mut(self.current) else { return Ok(Vec::new()) };
        file.advance()?;
        let mut written = Vec::new();
        if file.writer.bytes_written() >= self.file_bytes {
            self.end(self.current, &mut written)?;
        }
        while self.open.len() > MAX_OPEN {
            let oldest = (0..self.open.len()).min_by_key(|&at| self.open[at].turn);
            self.end(oldest.unwrap_or_default(), &mut written)?;
        }
        let group_bytes = |file: &OpenFile| file.writer.group_bytes();
        if self.open.iter().map(group_bytes).sum::<usize>() > MAX_GROUP_BYTES
            && let Some(largest) = self.open.iter_mut().max_by_key(|file| group_bytes(file))
        {
            largest.flush()?;
        }
        Ok(written)
    }

    /// Ends all files.
    pub(super) fn finish(&mut self) -> Result<Vec<WrittenFile>, Exit> {
        let mut written = Vec::new();
        while !self.open.is_empty() {
            self.end(0, &mut written)?;
        }
        Ok(written)
    }

    fn end(&mut self, at: usize, written: &mut Vec<WrittenFile>) -> Result<(), Exit> {
        let file = self.open.remove(at);
        self.current = usize::MAX;
        written.extend(file.finish()?);
        Ok(())
    }

    fn open(&mut self, hour: u64) -> usize {
        let time = Civil::from_seconds((hour * 3600) as i64);
        let Civil { year, month, day, hour: of_day, .. } = time;
        let partition = format!("dt={year:04}-{month:02}-{day:02}/hour={of_day:02}");
        let path = self.folder.join(partition).join(format!("part-{:05}.parquet", self.parts));
        self.parts += 1;
        let row_group_bytes = self.file_bytes.min(MAX_GROUP_BYTES);
        let limits = Limits { row_group_bytes, ..Limits::default() };
        let writer = FileWriter::new(Unfinished::new(&path), &self.form, limits)
            .expect("nothing is written before a row group");
        self.open.push(OpenFile { hour, path, writer, turn: 0 });
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
            self.turn += 1;
            self.open[self.current].turn = self.turn;
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

    /// Ends the file and gives it its name; none where it has no rows.
    fn finish(self) -> Result<Option<WrittenFile>, Exit> {
        let OpenFile { path, writer, .. } = self;
        let rows = writer.rows();
        if rows == 0 {
            return Ok(None);
        }
        let unfinished = writer.close().map_err(|error| lost(&path, &error))?;
        let bytes = unfinished.publish(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(Some(WrittenFile { path, rows, bytes }))
    }
}

/// A file under another name, from its first byte on; without [`Unfinished::publish`] it is removed
/// again.
struct Unfinished {
    path: PathBuf,
    file: Option<File>,
}

impl Unfinished {
    fn new(path: &Path) -> Unfinished {
        // Readers of such folders pass over names that begin with a dot.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Unfinished { path: path.with_file_name(format!(".{name}.unfinished")), file: None }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            self.file = Some(File::create(&self.path)?);
        }
        Ok(self.file.as_mut().expect("it is open"))
    }

    /// Gives the file its name, once its bytes are on the disk; says how many they are.
    fn publish(mut self, path: &Path) -> io::Result<usize> {
        let file = self.file()?;
        file.sync_all()?;
        let bytes = file.metadata()?.len() as usize;
        fs::rename(&self.path, path)?;
        self.file = None;
        Ok(bytes)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
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
    Exit::Rejected(format!(
        "can't write {}: {error}; the files printed so far are whole",
        path.display()
    ))
}
