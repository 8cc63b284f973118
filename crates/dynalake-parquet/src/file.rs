//! A file: row groups, as rows come.

use crate::chunks::Chunks;
use crate::columns::Columns;
use crate::form::Form;
use parquet::errors::Result;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::Arc;

/// How much goes into one piece.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A row group ends when its values have so many bytes, before they are encoded.
    pub row_group_bytes: usize,
    /// Rows are encoded when they take so many bytes of memory,
    pub batch_bytes: usize,
    /// or are so many.
    pub batch_rows: usize,
}

impl Default for Limits {
    /// Row groups of 64 MiB, encoded in steps of 1,024 rows or 4 MiB.
    fn default() -> Limits {
        Limits { row_group_bytes: 64 << 20, batch_bytes: 4 << 20, batch_rows: 1_024 }
    }
}

/// What the encoder of a column takes before it has a value: the table of its dictionary.
const ENCODER_BYTES: usize = 75 << 10;

/// Writes a Parquet file row by row. Memory: the encoded pages of one row group, and a batch of
/// rows.
pub struct FileWriter<W: Write + Send> {
    form: Form,
    limits: Limits,
    file: SerializedFileWriter<W>,
    columns: Columns,
    /// The row group that is being made, once it has rows.
    chunks: Option<Chunks>,
    /// Of the values in `chunks`.
    group_bytes: usize,
    rows: u64,
}

impl<W: Write + Send> FileWriter<W> {
    /// Begins a file on `out`.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn new(out: W, form: &Form, limits: Limits) -> Result<FileWriter<W>> {
        let (root, properties) = (Arc::clone(&form.root), Arc::clone(&form.properties));
        Ok(FileWriter {
            file: SerializedFileWriter::new(out, root, properties)?,
            columns: Columns::new(form),
            form: form.clone(),
            limits,
            chunks: None,
            group_bytes: 0,
            rows: 0,
        })
    }

    /// Where rows go. After each, or after a few, comes [`FileWriter::advance`].
    pub fn columns(&mut self) -> &mut Columns {
        &mut self.columns
    }

    /// What the file is written to.
    pub fn out(&self) -> &W {
        self.file.inner()
    }

    /// How many rows the file has.
    pub fn rows(&self) -> u64 {
        self.rows + self.columns.rows() as u64
    }

    /// How many bytes are written to `out`: those of whole row groups.
    pub fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    /// Encodes the rows, and writes a row group, where there are enough for it.
    ///
    /// # Errors
    ///
    /// Those of `out`. The file is lost then.
    pub fn advance(&mut self) -> Result<()> {
        let Limits { batch_bytes, batch_rows, row_group_bytes } = self.limits;
        if self.columns.rows() < batch_rows && self.columns.memory() < batch_bytes {
            return Ok(());
        }
        self.encode()?;
        if self.group_bytes >= row_group_bytes {
            self.end_group()?;
        }
        Ok(())
    }

    /// Writes what is left, and the footer; returns `out`. A file without rows has no row groups and
    /// is still valid.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn close(mut self) -> Result<W> {
        self.flush()?;
        self.file.into_inner()
    }

    /// What the rows that are not written yet take in memory, roughly: at most so much.
    pub fn memory(&self) -> usize {
        let encoders =
            if self.chunks.is_some() { self.form.leaves.len() * ENCODER_BYTES } else { 0 };
        self.columns.memory() + self.group_bytes + encoders
    }

    /// Writes the rows so far as a row group, and gives back all memory.
    ///
    /// # Errors
    ///
    /// Those of `out`. The file is lost then.
    pub fn flush(&mut self) -> Result<()> {
        self.encode()?;
        self.columns = Columns::new(&self.form);
        self.end_group()
    }

    fn encode(&mut self) -> Result<()> {
        if self.columns.rows() == 0 {
            return Ok(());
        }
        let chunks =
            self.chunks.get_or_insert_with(|| Chunks::new(&self.form, &self.columns.leaves));
        chunks.write(&self.columns.leaves)?;
        self.rows += self.columns.rows() as u64;
        self.group_bytes += self.columns.bytes();
        self.columns.clear();
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        self.group_bytes = 0;
        let Some(chunks) = self.chunks.take() else { return Ok(()) };
        chunks.finish(self.file.next_row_group()?)
    }
}
