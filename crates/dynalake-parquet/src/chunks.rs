//! A row group in the making: each column is encoded as its rows come, so that only encoded pages
//! wait in memory.

use crate::columns::{LeafValues, Values};
use crate::form::Form;
use bytes::Bytes;
use parquet::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// The column chunks of one row group.
pub(crate) struct Chunks(Vec<Chunk>);

struct Chunk {
    writer: ColumnWriter<'static>,
    pages: Pages,
}

/// The encoded pages of a column chunk. The crate's own page writer borrows what it writes to; this
/// one shares it, so that all columns can be open at once.
#[derive(Clone)]
struct Pages(Arc<Mutex<TrackedWrite<Vec<u8>>>>);

impl Chunks {
    /// Those of a row group that begins with these values. Columns without a value twice among
    /// them get no dictionary: it would be given up after a megabyte, which costs more than all
    /// else.
    pub(crate) fn new(form: &Form, leaves: &[LeafValues]) -> Chunks {
        let mut properties = form.properties.as_ref().clone().into_builder();
        for (column, leaf) in form.descriptor.columns().iter().zip(leaves) {
            if !leaf.values.may_repeat() {
                let path = column.path().clone();
                properties = properties.set_column_dictionary_enabled(path, false);
            }
        }
        let properties = Arc::new(properties.build());
        let chunk = |column: &Arc<_>| {
            let pages = Pages(Arc::new(Mutex::new(TrackedWrite::new(Vec::new()))));
            let writer = Box::new(pages.clone());
            let writer = get_column_writer(Arc::clone(column), Arc::clone(&properties), writer);
            Chunk { writer, pages }
        };
        Chunks(form.descriptor.columns().iter().map(chunk).collect())
    }

    /// Encodes values: a list for each leaf.
    pub(crate) fn write(&mut self, leaves: &[LeafValues]) -> Result<()> {
        self.0.iter_mut().zip(leaves).try_for_each(|(chunk, leaf)| chunk.write(leaf))
    }

    /// Writes the row group.
    pub(crate) fn finish<W: Write + Send>(
        self,
        mut group: SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        for Chunk { writer, pages } in self.0 {
            let closed = writer.close()?;
            group.append_column(&Bytes::from(pages.into_inner()?), closed)?;
        }
        group.close().map(drop)
    }
}

impl Chunk {
    fn write(&mut self, leaf: &LeafValues) -> Result<()> {
        let definition = Some(leaf.definition.as_slice());
        let repetition = Some(leaf.repetition.as_slice()).filter(|levels| !levels.is_empty());
        match (&mut self.writer, &leaf.values) {
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Strings(values)) => {
                writer.write_batch(&values.encodable(), definition, repetition)
            }
            (ColumnWriter::BoolColumnWriter(writer), Values::Booleans(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::Int32ColumnWriter(writer), Values::Int32(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::Int64ColumnWriter(writer), Values::Int64(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::Int96ColumnWriter(writer), Values::Int96(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::FloatColumnWriter(writer), Values::Floats(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::DoubleColumnWriter(writer), Values::Doubles(values)) => {
                writer.write_batch(values, definition, repetition)
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Values::Fixed(values, _)) => {
                writer.write_batch(&values.encodable(), definition, repetition)
            }
            _ => unreachable!("values and writer are of one form"),
        }
        .map(drop)
    }
}

impl Pages {
    /// The pages, once their writer is closed.
    fn into_inner(self) -> Result<Vec<u8>> {
        let shared = |_| ParquetError::General("the column is still being written".to_owned());
        let pages = Arc::try_unwrap(self.0).map_err(shared)?;
        pages.into_inner().unwrap_or_else(PoisonError::into_inner).into_inner()
    }
}

impl PageWriter for Pages {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        SerializedPageWriter::new(&mut pages).write_page(page)
    }

    fn close(&mut self) -> Result<()> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        SerializedPageWriter::new(&mut pages).close()
    }
}
