//! Idiomatic Rust with Arrow: `serde_json::Value`, `serde_dynamo`, arrow-json, and the `parquet`
//! crate's Arrow writer. What does not fit its column goes to `_rescued`, a whole attribute at a
//! time; numbers go through a double.

use super::Record;
use arrow_cast::parse::string_to_timestamp_nanos;
use arrow_json::ReaderBuilder;
use arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema, TimeUnit};
use dynalake::schema::{Schema, Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// How many rows become a batch.
const BATCH_ROWS: usize = 1_024;

pub(crate) struct Peer {
    schema: Arc<ArrowSchema>,
    types: HashMap<String, DataType>,
}

impl Peer {
    pub(crate) fn new(schema: &Schema) -> Peer {
        let columns = schema.columns.iter();
        let mut fields: Vec<_> =
            columns.map(|column| Field::new(&column.name, data_type(&column.ty), true)).collect();
        let types = fields.iter().map(|field| (field.name().clone(), field.data_type().clone()));
        let types = types.collect();
        for name in ["_event_type", "_event_id", "_table", "_sequence", "_rescued"] {
            fields.push(Field::new(name, DataType::Utf8, true));
        }
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
        fields.push(Field::new("_event_time", timestamp, true));
        Peer { schema: Arc::new(ArrowSchema::new(fields)), types }
    }

    pub(crate) fn write(&self, records: &[Record]) -> Vec<u8> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let schema = || Arc::clone(&self.schema);
        let mut writer = ArrowWriter::try_new(Vec::new(), schema(), Some(properties))
            .expect("Parquet has its types");
        let mut decoder = ReaderBuilder::new(schema())
            .with_batch_size(BATCH_ROWS)
            .build_decoder()
            .expect("arrow-json reads its types");
        for records in records.chunks(BATCH_ROWS) {
            let rows: Vec<Value> = records.iter().map(|record| self.row(record)).collect();
            decoder.serialize(&rows).expect("what does not fit was rescued");
            let batch = decoder.flush().expect("what does not fit was rescued");
            writer.write(&batch.expect("there are rows")).expect("memory takes every write");
        }
        writer.into_inner().expect("memory takes every write")
    }

    fn row(&self, record: &Record) -> Value {
        let mut change: Value = serde_json::from_slice(&record.data).expect("it is JSON");
        let remove = change["eventName"] == "REMOVE";
        let image = change["dynamodb"][if remove { "Keys" } else { "NewImage" }].take();
        let item: serde_dynamo::Item = serde_json::from_value(image).expect("it is an item");
        let item: Map<String, Value> = serde_dynamo::from_item(item).expect("it has no binary");
        let (mut row, mut rescued) = (Map::new(), Map::new());
        for (name, mut value) in item {
            if self.types.get(&name).is_some_and(|ty| coerce(&mut value, ty)) {
                row.insert(name, value);
            } else {
                rescued.insert(name, value);
            }
        }
        if !rescued.is_empty() {
            row.insert("_rescued".into(), Value::Object(rescued).to_string().into());
        }
        let time = change["dynamodb"]["ApproximateCreationDateTime"].take();
        let sequence = format!("{:020}-{:0>56}", time.as_u64().unwrap(), record.sequence_number);
        row.insert("_event_type".into(), change["eventName"].take());
        row.insert("_event_time".into(), time);
        row.insert("_event_id".into(), change["eventID"].take());
        row.insert("_table".into(), change["tableName"].take());
        row.insert("_sequence".into(), sequence.into());
        Value::Object(row)
    }
}

/// Makes a value one that arrow-json takes as this type, or says that it isn't of it.
fn coerce(value: &mut Value, ty: &DataType) -> bool {
    match (ty, value) {
        (_, Value::Null) => true,
        (DataType::Utf8, value) => value.is_string(),
        (DataType::Boolean, value) => value.is_boolean(),
        (DataType::Int32, value) => {
            value.as_i64().is_some_and(|value| i32::try_from(value).is_ok())
        }
        (DataType::Int64, value) => value.is_i64(),
        (DataType::Decimal128(..) | DataType::Float64, value) => value.is_number(),
        (DataType::Timestamp(..), value) => {
            let nanoseconds = match &*value {
                Value::String(text) => string_to_timestamp_nanos(text).ok(),
                value => value.as_i64().map(|seconds| seconds * 1_000_000_000),
            };
            nanoseconds.map(|nanoseconds| *value = nanoseconds.into()).is_some()
        }
        (DataType::List(field), Value::Array(elements)) => {
            elements.iter_mut().all(|element| coerce(element, field.data_type()))
        }
        (DataType::Struct(fields), Value::Object(members)) => {
            members.iter_mut().all(|(name, member)| {
                fields.find(name).is_some_and(|(_, field)| coerce(member, field.data_type()))
            })
        }
        (DataType::Map(entries, _), Value::Object(members)) => match entries.data_type() {
            DataType::Struct(fields) => {
                members.values_mut().all(|member| coerce(member, fields[1].data_type()))
            }
            _ => false,
        },
        _ => false,
    }
}

fn data_type(ty: &Type) -> DataType {
    match ty {
        Type::Boolean => DataType::Boolean,
        Type::Integer(64) => DataType::Int64,
        Type::Integer(_) => DataType::Int32,
        Type::Double => DataType::Float64,
        Type::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale as i8),
        Type::Timestamp => DataType::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into())),
        Type::Array(element) => {
            DataType::List(Arc::new(Field::new("element", data_type(element), true)))
        }
        Type::Map(value) => {
            let key = Field::new("key", DataType::Utf8, false);
            let value = Field::new("value", data_type(value), true);
            let entries = DataType::Struct(Fields::from(vec![key, value]));
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        Type::Struct(members) => {
            let fields = members.iter();
            let fields =
                fields.map(|member| Field::new(member.name.as_str(), data_type(&member.ty), true));
            DataType::Struct(fields.collect())
        }
        _ => DataType::Utf8,
    }
}
