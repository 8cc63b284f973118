//! Changes as a file and as lines of JSON, and what the lines say that the file has to hold.

use crate::json::Json;
use crate::read::{self, Value};
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{METADATA_COLUMNS, Plan, Protect, Schema, Type};
use dynalake_parquet::{FileWriter, Form, Limits, Timestamps};
use std::str::FromStr;

/// Change records, each with Kinesis' sequence number, where it has one.
pub(crate) type Records = [(Vec<u8>, Option<String>)];

/// A table's changes in both forms.
pub(crate) struct Written {
    pub(crate) form: Form,
    pub(crate) file: Vec<u8>,
    /// A line for each row.
    pub(crate) lines: Vec<String>,
}

pub(crate) fn plan(schema: &Schema, timestamps: Timestamps) -> Plan {
    let mut plan = Plan::new(schema);
    plan.set_precision(timestamps.precision());
    plan
}

/// Writes rows again that were written as lines before.
#[allow(dead_code)] // The fuzzers include this file and don't call it.
pub(crate) fn write_back(
    schema: &Schema,
    timestamps: Timestamps,
    limits: Limits,
    lines: &[String],
) -> Vec<u8> {
    let plan = plan(schema, timestamps);
    let options = Options { tables: None, ..Options::new(&plan) };
    let mut records = RecordTransformer::new(plan, options);
    let form = Form::new(schema, timestamps).expect("each schema has a form");
    let mut file = FileWriter::new(Vec::new(), &form, limits).expect("memory takes it");
    for line in lines {
        let outcome = records.transform_row(line.as_bytes(), file.columns()).outcome;
        assert!(matches!(outcome, Outcome::Row { .. }), "{outcome:?} of {line}");
        file.advance().expect("memory takes it");
    }
    file.close().expect("memory takes it")
}

/// Writes the rows of records. Each record comes also with the limits of `too_small` as the largest
/// row that is taken: what fails for it must leave no trace.
pub(crate) fn write(
    schema: &Schema,
    timestamps: Timestamps,
    limits: Limits,
    too_small: &[usize],
    records: &Records,
) -> Written {
    let transformer = |max_row_bytes| {
        let plan = plan(schema, timestamps);
        let options = Options { max_row_bytes, tables: None, default_table: None };
        RecordTransformer::new(plan, options)
    };
    let mut whole = transformer(usize::MAX);
    let mut limited: Vec<_> = too_small.iter().map(|bytes| transformer(*bytes)).collect();
    let form = Form::new(schema, timestamps).expect("each schema has a form");
    let mut file = FileWriter::new(Vec::new(), &form, limits).expect("memory takes it");
    let mut lines = Vec::new();
    for (record, number) in records {
        let number = number.as_deref().map(str::as_bytes);
        let mut line = Vec::new();
        whole.transform(record, number, &mut line);
        let line = String::from_utf8(line).expect("a row is UTF-8");
        let mut is_row = false;
        for records in limited.iter_mut().chain([&mut whole]) {
            let rows = file.rows();
            let outcome = records.transform(record, number, file.columns()).outcome;
            is_row = matches!(outcome, Outcome::Row { .. });
            assert_eq!(file.rows() - rows, u64::from(is_row), "{outcome:?}");
            assert!(!is_row || !line.is_empty(), "a row in one form, and none in the other");
            lines.extend(is_row.then(|| line.clone()));
            file.advance().expect("memory takes it");
        }
        assert_eq!(is_row, !line.is_empty(), "without a limit both forms have it, or none");
    }
    assert_eq!(file.rows(), lines.len() as u64);
    Written { form, file: file.close().expect("memory takes it"), lines }
}

/// Reads a file back, and compares it with the lines, value by value.
pub(crate) fn compare(schema: &Schema, written: &Written) -> Result<(), String> {
    let file = read::open(written.file.clone());
    read::assert_form(&file, &written.form);
    let rows = read::rows(&file);
    if rows.len() != written.lines.len() {
        return Err(format!("{} rows, and {} lines", rows.len(), written.lines.len()));
    }
    let columns = columns(schema);
    for (at, (row, line)) in rows.iter().zip(&written.lines).enumerate() {
        let line = Json::parse(line).map_err(|error| format!("line {at}: {error}"))?;
        let known = |name: &String| columns.iter().any(|(column, _)| column == name);
        if let Some((name, _)) = line.members().iter().find(|(name, _)| !known(name)) {
            return Err(format!("row {at}: the line has {name}, and the schema has not"));
        }
        let names = row.iter().map(|(name, _)| name);
        if !names.eq(columns.iter().map(|(name, _)| name)) {
            return Err(format!("row {at}: not the schema's columns"));
        }
        for ((name, ty), (_, value)) in columns.iter().zip(row) {
            let expected = expected(line.get(name), ty);
            if *value != expected {
                return Err(format!("row {at}, {name} {ty:?}: {value:?}, not {expected:?}"));
            }
        }
    }
    Ok(())
}

/// The columns of a schema's files.
fn columns(schema: &Schema) -> Vec<(String, Type)> {
    let declared = schema.columns.iter().filter(|column| column.protect != Some(Protect::Drop));
    let declared = declared.map(|column| (column.name.clone(), column.ty.clone()));
    let metadata = METADATA_COLUMNS.iter().map(|column| {
        (column.name.clone(), Type::parse(&column.ty).expect("a metadata column has a type"))
    });
    declared.chain(metadata).collect()
}

/// What a line's value is as a column's type.
fn expected(json: Option<&Json>, ty: &Type) -> Value {
    let json = match json {
        None | Some(Json::Null) => return Value::Null,
        Some(json) => json,
    };
    match (ty, json) {
        (Type::String, Json::String(text)) => Value::Text(text.clone()),
        (Type::Boolean, Json::Bool(value)) => Value::Boolean(*value),
        (Type::Integer(_), Json::Number(text)) => Value::Integer(parse(text)),
        (Type::Double, Json::Number(text)) => Value::Double(parse::<f64>(text).to_bits()),
        (Type::Float, Json::Number(text)) => Value::Float(parse::<f32>(text).to_bits()),
        (Type::Decimal { scale, .. }, Json::String(text) | Json::Number(text)) => {
            Value::Decimal(unscaled(text, (*scale).into()))
        }
        (Type::Timestamp, Json::String(text)) => {
            Value::Timestamp(parse::<jiff::Timestamp>(text).as_nanosecond())
        }
        (Type::Date, Json::String(text)) => {
            let day: jiff::civil::Date = parse(text);
            let since = jiff::civil::date(1970, 1, 1).until(day).expect("a span of days");
            Value::Date(since.get_days())
        }
        (Type::Array(element), Json::Array(elements)) => {
            Value::Array(elements.iter().map(|json| expected(Some(json), element)).collect())
        }
        (Type::Map(value), Json::Object(members)) => {
            let member = |(key, json): &(String, Json)| (key.clone(), expected(Some(json), value));
            Value::Map(members.iter().map(member).collect())
        }
        (Type::Struct(fields), Json::Object(members)) => {
            let known = |name: &String| fields.iter().any(|field| field.name == *name);
            assert!(members.iter().all(|(name, _)| known(name)), "{json} in {ty:?}");
            let member = |field: &dynalake::schema::Field| {
                (field.name.clone(), expected(json.get(&field.name), &field.ty))
            };
            Value::Struct(fields.iter().map(member).collect())
        }
        _ => panic!("{json} in a column {ty:?}"),
    }
}

fn parse<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} in a line of JSON"))
}

/// A decimal's text without its point.
fn unscaled(text: &str, scale: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<scale$}");
    digits.parse().unwrap_or_else(|_| panic!("{text} with {scale} digits after the point"))
}
