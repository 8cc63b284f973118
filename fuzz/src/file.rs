//! Whether a Parquet file holds the rows that JSON has, as the `parquet` crate reads it.

use bytes::Bytes;
use dynalake::text::time::{parse_date, parse_timestamp};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value};

/// Compares a file with lines of JSON, row by row. Timestamps are compared to the millisecond:
/// that is how the crate's rows have INT96.
pub fn check(file: Vec<u8>, lines: &[u8]) {
    let file = SerializedFileReader::new(Bytes::from(file)).expect("it is a Parquet file");
    let mut rows = file.get_row_iter(None).expect("it has rows");
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let json: Map<String, Value> = serde_json::from_slice(line).expect("a row is JSON");
        let row = rows.next().expect("a row for each line").expect("it can be read");
        let columns = row.into_columns();
        let is_there = |name: &String| columns.iter().any(|(column, _)| column == name);
        assert!(json.keys().all(is_there), "a column is missing of {json:?}");
        assert!(are_same(&columns, &json), "{columns:?} of {json:?}");
    }
    assert!(rows.next().is_none(), "more rows than lines");
}

fn are_same(members: &[(String, Field)], json: &Map<String, Value>) -> bool {
    members.iter().all(|(name, field)| is_same(field, json.get(name).unwrap_or(&Value::Null)))
}

fn is_same(field: &Field, json: &Value) -> bool {
    match (field, json) {
        (Field::Null, Value::Null) => true,
        (Field::Bool(value), Value::Bool(json)) => value == json,
        (Field::Byte(value), Value::Number(json)) => value.to_string() == json.to_string(),
        (Field::Short(value), Value::Number(json)) => value.to_string() == json.to_string(),
        (Field::Int(value), Value::Number(json)) => value.to_string() == json.to_string(),
        (Field::Long(value), Value::Number(json)) => value.to_string() == json.to_string(),
        (Field::Float(value), Value::Number(json)) => json.to_string().parse() == Ok(*value),
        (Field::Double(value), Value::Number(json)) => json.to_string().parse() == Ok(*value),
        (Field::Decimal(value), json) => {
            let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            unscaled(&text, value.scale()) == Some(integer(value.data()))
        }
        (Field::Str(value), Value::String(json)) => value == json,
        (Field::Date(days), Value::String(json)) => {
            parse_date(json.as_bytes()) == Ok(i64::from(*days))
        }
        (Field::TimestampMillis(value), Value::String(json)) => {
            parse_timestamp(json.as_bytes()).map(|json| json.div_euclid(1_000_000)) == Ok(*value)
        }
        (Field::Group(row), Value::Object(json)) => {
            let members = row.clone().into_columns();
            json.len() <= members.len() && are_same(&members, json)
        }
        (Field::ListInternal(list), Value::Array(json)) => {
            let elements = list.elements();
            elements.len() == json.len()
                && elements.iter().zip(json).all(|(element, json)| is_same(element, json))
        }
        (Field::MapInternal(map), Value::Object(json)) => {
            let same = |(key, value): &(Field, Field)| match key {
                Field::Str(key) => json.get(key).is_some_and(|json| is_same(value, json)),
                _ => false,
            };
            map.entries().len() == json.len() && map.entries().iter().all(same)
        }
        _ => false,
    }
}

/// The integer of big-endian two's complement.
fn integer(bytes: &[u8]) -> i128 {
    let sign = if bytes.first().is_some_and(|byte| *byte > 127) { -1 } else { 0 };
    bytes.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte))
}

/// A decimal's text, of at most `scale` digits behind the point, times 10 to the power of `scale`.
fn unscaled(text: &str, scale: i32) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = "0".repeat((scale as usize).checked_sub(fraction.len())?);
    format!("{whole}{fraction}{zeros}").parse().ok()
}
