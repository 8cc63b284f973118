//! The lower bound: the `parquet` crate writing the same values from ready columns. Values and
//! levels are read from our file beforehand; encodings and statistics are those of our file.

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type, Int96Type,
};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::TypePtr;
use std::sync::Arc;

pub(crate) struct LowerBound {
    root: TypePtr,
    properties: Arc<WriterProperties>,
    /// Row groups of columns.
    groups: Vec<Vec<Box<dyn Column>>>,
}

trait Column {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>);
}

struct Ready<T: DataType> {
    values: Vec<T::T>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

impl<T: DataType> Column for Ready<T> {
    fn write(&self, writer: &mut SerializedColumnWriter<'_>) {
        let repetition = Some(self.repetition.as_slice()).filter(|levels| !levels.is_empty());
        writer
            .typed::<T>()
            .write_batch(&self.values, Some(&self.definition), repetition)
            .expect("memory takes every write");
    }
}

impl LowerBound {
    /// For what this file has.
    pub(crate) fn new(file: Vec<u8>) -> LowerBound {
        let reader = SerializedFileReader::new(Bytes::from(file)).expect("it is a Parquet file");
        let metadata = reader.metadata();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_offset_index_disabled(true);
        for column in metadata.row_groups().iter().take(1).flat_map(RowGroupMetaData::columns) {
            let path = column.column_path().clone();
            let statistics = match column.statistics() {
                Some(_) => EnabledStatistics::Chunk,
                None => EnabledStatistics::None,
            };
            properties = properties
                .set_column_statistics_enabled(path.clone(), statistics)
                .set_column_dictionary_enabled(path, column.dictionary_page_offset().is_some());
        }
        let groups = (0..metadata.num_row_groups()).map(|group| {
            let group = reader.get_row_group(group).expect("it is there");
            let rows = group.metadata().num_rows() as usize;
            let columns = (0..group.num_columns())
                .map(|column| read(group.get_column_reader(column).expect("it is there"), rows));
            columns.collect()
        });
        LowerBound {
            root: metadata.file_metadata().schema_descr().root_schema_ptr(),
            properties: Arc::new(properties.build()),
            groups: groups.collect(),
        }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let (root, properties) = (Arc::clone(&self.root), Arc::clone(&self.properties));
        let mut file = SerializedFileWriter::new(Vec::new(), root, properties)
            .expect("memory takes every write");
        for columns in &self.groups {
            let mut group = file.next_row_group().expect("memory takes every write");
            for column in columns {
                let mut writer =
                    group.next_column().expect("memory takes every write").expect("it has columns");
                column.write(&mut writer);
                writer.close().expect("memory takes every write");
            }
            group.close().expect("memory takes every write");
        }
        file.into_inner().expect("memory takes every write")
    }
}

fn read(reader: ColumnReader, rows: usize) -> Box<dyn Column> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => ready::<BoolType>(reader, rows),
        ColumnReader::Int32ColumnReader(reader) => ready::<Int32Type>(reader, rows),
        ColumnReader::Int64ColumnReader(reader) => ready::<Int64Type>(reader, rows),
        ColumnReader::Int96ColumnReader(reader) => ready::<Int96Type>(reader, rows),
        ColumnReader::FloatColumnReader(reader) => ready::<FloatType>(reader, rows),
        ColumnReader::DoubleColumnReader(reader) => ready::<DoubleType>(reader, rows),
        ColumnReader::ByteArrayColumnReader(reader) => ready::<ByteArrayType>(reader, rows),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            ready::<FixedLenByteArrayType>(reader, rows)
        }
    }
}

fn ready<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize) -> Box<dyn Column> {
    let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = rows;
    while left > 0 {
        let read =
            reader.read_records(left, Some(&mut definition), Some(&mut repetition), &mut values);
        left -= read.expect("it is a Parquet file").0;
    }
    Box::new(Ready::<T> { values, definition, repetition })
}
