//! Reads a file back by the low-level reader of the `parquet` crate, and puts records together from
//! definition and repetition levels, by the file's own physical schema alone.

use dynalake_parquet::Form;
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int96};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::Type;
use std::collections::VecDeque;

/// A value as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Unscaled.
    Decimal(i128),
    /// A float's bits.
    Float(u32),
    /// A double's bits.
    Double(u64),
    /// Nanoseconds since 1970.
    Timestamp(i128),
    /// Days since 1970.
    Date(i32),
    Text(String),
    Array(Vec<Value>),
    Map(Vec<(String, Value)>),
    Struct(Vec<(String, Value)>),
}

/// A leaf's next value, with its levels.
struct Cell {
    definition: i16,
    repetition: i16,
    value: Option<Value>,
}

type Leaf = VecDeque<Cell>;

pub(crate) fn open(file: Vec<u8>) -> SerializedFileReader<bytes::Bytes> {
    SerializedFileReader::new(bytes::Bytes::from(file)).expect("it is a Parquet file")
}

/// The rows of a file, each with its columns' names and values.
pub(crate) fn rows(file: &impl FileReader) -> Vec<Vec<(String, Value)>> {
    let root = file.metadata().file_metadata().schema_descr().root_schema_ptr();
    let mut rows = Vec::new();
    for at in 0..file.num_row_groups() {
        let group = file.get_row_group(at).expect("it can be read");
        let count = group.metadata().num_rows();
        let mut leaves: Vec<Leaf> =
            (0..group.num_columns()).map(|at| cells(group.as_ref(), at)).collect();
        for _ in 0..count {
            let mut rest = leaves.as_mut_slice();
            let row = root.get_fields().iter().map(|field| {
                let (own, others) = std::mem::take(&mut rest).split_at_mut(leaf_count(field));
                rest = others;
                (field.name().to_owned(), assemble(field, own, 0, 0))
            });
            rows.push(row.collect());
        }
        assert!(leaves.iter().all(Leaf::is_empty), "values are left over");
    }
    rows
}

/// The physical schema of a file, in the form's notation.
pub(crate) fn message_type(file: &impl FileReader) -> String {
    let mut text = Vec::new();
    let schema = file.metadata().file_metadata().schema();
    parquet::schema::printer::print_schema(&mut text, schema);
    String::from_utf8(text).expect("it is text")
}

/// Says that a file has this form.
pub(crate) fn assert_form(file: &impl FileReader, form: &Form) {
    assert_eq!(message_type(file), form.message_type());
}

fn leaf_count(field: &Type) -> usize {
    if field.is_primitive() {
        return 1;
    }
    field.get_fields().iter().map(|field| leaf_count(field)).sum()
}

/// The value of a field inside `defined` optional or repeated ones, of which `repeated` are
/// repeated.
fn assemble(field: &Type, leaves: &mut [Leaf], defined: i16, repeated: i16) -> Value {
    let is_optional = field.get_basic_info().repetition() == Repetition::OPTIONAL;
    let defined = defined + i16::from(is_optional);
    let next = leaves[0].front().expect("each row has a value").definition;
    if next < defined {
        take_all(leaves);
        return Value::Null;
    }
    if field.is_primitive() {
        let cell = leaves[0].pop_front().expect("it was there");
        return cell.value.expect("a defined value is there");
    }
    match field.get_basic_info().converted_type() {
        ConvertedType::LIST => {
            let [bag] = field.get_fields() else { panic!("a list has one field") };
            let [element] = bag.get_fields() else { panic!("a bag has one field") };
            let element =
                |leaves: &mut [Leaf]| assemble(element, leaves, defined + 1, repeated + 1);
            Value::Array(repeat(leaves, defined, repeated, element))
        }
        ConvertedType::MAP => {
            let [entries] = field.get_fields() else { panic!("a map has one field") };
            let [key, value] = entries.get_fields() else { panic!("an entry has two fields") };
            Value::Map(repeat(leaves, defined, repeated, |leaves| {
                let (keys, values) = leaves.split_at_mut(1);
                let key = assemble(key, keys, defined + 1, repeated + 1);
                let Value::Text(key) = key else { panic!("a key is a string: {key:?}") };
                (key, assemble(value, values, defined + 1, repeated + 1))
            }))
        }
        _ => {
            let mut rest = leaves;
            let member = |member: &std::sync::Arc<Type>| {
                let (own, others) = std::mem::take(&mut rest).split_at_mut(leaf_count(member));
                rest = others;
                (member.name().to_owned(), assemble(member, own, defined, repeated))
            };
            Value::Struct(field.get_fields().iter().map(member).collect())
        }
    }
}

/// The elements of an array or map that is there.
fn repeat<T>(
    leaves: &mut [Leaf],
    defined: i16,
    repeated: i16,
    mut element: impl FnMut(&mut [Leaf]) -> T,
) -> Vec<T> {
    if leaves[0].front().is_some_and(|cell| cell.definition == defined) {
        take_all(leaves);
        return Vec::new();
    }
    let mut elements = vec![element(leaves)];
    while leaves[0].front().is_some_and(|cell| cell.repetition == repeated + 1) {
        elements.push(element(leaves));
    }
    elements
}

/// Takes a null off each leaf.
fn take_all(leaves: &mut [Leaf]) {
    for leaf in leaves {
        let cell = leaf.pop_front().expect("each leaf has a value");
        assert_eq!(cell.value, None, "a null has no value");
    }
}

fn cells(group: &dyn RowGroupReader, at: usize) -> Leaf {
    let descriptor = group.metadata().column(at).column_descr_ptr();
    let ty = descriptor.self_type();
    let converted = ty.get_basic_info().converted_type();
    let micros =
        matches!(ty.get_basic_info().logical_type_ref(), Some(LogicalType::Timestamp { .. }));
    match group.get_column_reader(at).expect("the column can be read") {
        ColumnReader::BoolColumnReader(reader) => levels(reader, |value| Value::Boolean(*value)),
        ColumnReader::Int32ColumnReader(reader) => levels(reader, |value| match converted {
            ConvertedType::DATE => Value::Date(*value),
            _ => Value::Integer((*value).into()),
        }),
        ColumnReader::Int64ColumnReader(reader) => levels(reader, |value| {
            if micros {
                Value::Timestamp(i128::from(*value) * 1_000)
            } else {
                Value::Integer(*value)
            }
        }),
        ColumnReader::Int96ColumnReader(reader) => {
            levels(reader, |value| Value::Timestamp(nanoseconds(value)))
        }
        ColumnReader::FloatColumnReader(reader) => {
            levels(reader, |value| Value::Float(value.to_bits()))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            levels(reader, |value| Value::Double(value.to_bits()))
        }
        ColumnReader::ByteArrayColumnReader(reader) => levels(reader, |value| {
            Value::Text(value.as_utf8().expect("a string is UTF-8").to_owned())
        }),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => levels(reader, |value| {
            let sign = if value.data()[0] < 0x80 { 0 } else { -1 };
            let add = |number, byte: &u8| number << 8 | i128::from(*byte);
            Value::Decimal(value.data().iter().fold(sign, add))
        }),
    }
}

/// An INT96: nanoseconds of the day in the first eight bytes, then the Julian day.
fn nanoseconds(value: &Int96) -> i128 {
    let [low, high, day] = [0, 1, 2].map(|at| i128::from(value.data()[at]));
    let of_day = high << 32 | low;
    assert!(of_day < 86_400_000_000_000, "a day has no more");
    (day - 2_440_588) * 86_400_000_000_000 + of_day
}

fn levels<T: DataType>(mut reader: ColumnReaderImpl<T>, value: impl Fn(&T::T) -> Value) -> Leaf {
    let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (records, _, _) = reader
            .read_records(1_000, Some(&mut definition), Some(&mut repetition), &mut values)
            .expect("values can be read");
        if records == 0 {
            break;
        }
    }
    // Nothing is repeated where there are no levels.
    repetition.resize(definition.len(), 0);
    let defined = definition.iter().copied().max().unwrap_or(0);
    let mut values = values.iter();
    let mut cells = Leaf::new();
    // The highest level is a value's, unless the column has nulls alone.
    let has_values = values.len() > 0;
    for (definition, repetition) in definition.into_iter().zip(repetition) {
        let is_there = has_values && definition == defined;
        let value = is_there.then(|| value(values.next().expect("there are as many values")));
        cells.push_back(Cell { definition, repetition, value });
    }
    assert!(values.next().is_none(), "more values than levels say");
    cells
}
