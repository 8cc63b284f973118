//! A file holds what the lines of JSON hold, value by value, and nothing of records that fail.

use crate::edges::{self, insert};
use crate::generate;
use crate::read::{self, Value};
use crate::rows::{self, Written};
use dynalake::schema::{Column, Schema};
use dynalake_parquet::{Limits, Timestamps};
use parquet::file::reader::FileReader;
use proptest::prelude::*;
use proptest::test_runner::Config;

const INT96_AND_MICROS: [Timestamps; 2] = [Timestamps::Int96, Timestamps::Micros];

fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    Config { cases, max_shrink_iters: 10_000, failure_persistence: None, ..Config::default() }
}

/// From a row in each batch and row group to all rows in one.
fn limits() -> impl Strategy<Value = Limits> {
    let sizes = prop::sample::select(vec![1, 100, 1_000, 10_000, usize::MAX]);
    (sizes.clone(), sizes, 1_usize..6).prop_map(|(row_group_bytes, batch_bytes, batch_rows)| {
        Limits { row_group_bytes, batch_bytes, batch_rows }
    })
}

fn timestamps() -> impl Strategy<Value = Timestamps> {
    prop::sample::select(INT96_AND_MICROS.to_vec())
}

/// A column of `write`'s rows, where the file has one row group after another.
fn column(written: &Written, name: &str) -> Vec<Value> {
    let rows = read::rows(&read::open(written.file.clone()));
    let value = |row: Vec<(String, Value)>| {
        row.into_iter().find(|(other, _)| other == name).expect("there is such a column").1
    };
    rows.into_iter().map(value).collect()
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn a_file_holds_what_the_lines_hold(
        case in generate::case_of(1..12),
        timestamps in timestamps(),
        limits in limits(),
        too_small in prop::collection::vec(0_usize..600, 0..3),
    ) {
        let schema = case.schema.as_deref().map(Schema::parse);
        if let Some(Ok(schema)) = schema {
            let written = rows::write(&schema, timestamps, limits, &too_small, &case.records);
            rows::compare(&schema, &written).map_err(TestCaseError::fail)?;
        }
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn rows_taken_back_make_the_same_file(
        case in generate::case_of(1..12),
        timestamps in timestamps(),
        limits in limits(),
    ) {
        let schema = case.schema.as_deref().map(Schema::parse);
        let hides_inside = |column: &Column| {
            // Such a row does not say all that has to be hidden in it; `properties/rows.rs` has it.
            column.protect.is_some() && column.path.as_ref().is_some_and(|path| path.len() > 1)
        };
        if let Some(Ok(schema)) = schema
            && !schema.columns.iter().any(hides_inside)
        {
            let written = rows::write(&schema, timestamps, limits, &[], &case.records);
            let again = rows::write_back(&schema, timestamps, limits, &written.lines);
            prop_assert!(again == written.file, "{:?}", written.lines);
        }
    }
}

#[test]
fn generated_changes_make_rows_and_failures() {
    let (mut records, mut lines, mut nested) = (0, 0, 0);
    for case in generate::samples(&generate::case_of(1..12), 200) {
        if let Some(Ok(schema)) = case.schema.as_deref().map(Schema::parse) {
            let limits = Limits::default();
            let written = rows::write(&schema, Timestamps::Int96, limits, &[], &case.records);
            records += case.records.len();
            lines += written.lines.len();
            nested += written.form.message_type().matches("(LIST)").count();
        }
    }
    assert!(lines > records / 3 && lines < records, "{lines} rows of {records} records");
    assert!(nested > 50, "{nested} arrays");
}

#[test]
fn edge_values_agree() {
    for edge in edges::edges() {
        let schema = Schema::parse(&edge.schema).expect(edge.name);
        for timestamps in INT96_AND_MICROS {
            for limits in [
                Limits::default(),
                Limits { row_group_bytes: 1, batch_bytes: usize::MAX, batch_rows: 1 },
                Limits { row_group_bytes: 2_000, batch_bytes: 300, batch_rows: 7 },
            ] {
                let written = rows::write(&schema, timestamps, limits, &[40, 300], &edge.records);
                assert!(written.lines.len() >= edge.records.len(), "{}", edge.name);
                rows::compare(&schema, &written)
                    .unwrap_or_else(|difference| panic!("{}: {difference}", edge.name));
            }
        }
    }
}

/// The edges are in the file as numbers that are written down here, not only equal to the line.
#[test]
fn edge_values_are_these() {
    let edge = |name: &str, timestamps| {
        let edge = edges::edges().into_iter().find(|edge| edge.name == name).expect(name);
        let schema = Schema::parse(&edge.schema).expect(name);
        rows::write(&schema, timestamps, Limits::default(), &[], &edge.records)
    };
    let times = edge("times", Timestamps::Int96);
    let instants = column(&times, "c0");
    for nanoseconds in [
        -9_214_560_000_000_000_000, // 1678-01-01T00:00:00Z
        -9_214_559_999_999_999_999,
        9_214_646_399_999_999_999, // 2261-12-31T23:59:59.999999999Z
        -1,
        0,
        1,
    ] {
        assert!(instants.contains(&Value::Timestamp(nanoseconds)), "{nanoseconds}");
    }
    let days = column(&times, "c1");
    for day in [-141_427, 2_932_896, -1, 0] {
        assert!(days.contains(&Value::Date(day)), "{day}");
    }
    assert!(!days.contains(&Value::Date(-141_428)), "1582-10-14 is rescued");

    let micros = edge("times", Timestamps::Micros);
    let instants = column(&micros, "c0");
    assert!(instants.contains(&Value::Timestamp(-9_214_560_000_000_000_000)));
    // Of 2024-07-12T00:00:00.000000999Z.
    assert!(!instants.contains(&Value::Timestamp(1_720_742_400_000_000_000)), "nothing is cut");
    assert!(instants.contains(&Value::Timestamp(1_720_742_400_000_001_000)));
    let rescued = |name: &str| micros.lines.iter().filter(|line| line.contains(name)).count();
    assert!(rescued(r#"{\"c0\":{\"reason\":\"range\""#) >= 5, "finer digits are rescued");

    let decimals = edge("decimals", Timestamps::Int96);
    let largest = 10_i128.pow(38) - 1;
    // decimal(38,0), and decimal(38,38)
    for name in ["c74", "c75"] {
        let values = column(&decimals, name);
        for value in [largest, -largest, 1, -1, 0] {
            // 1E-38 is one only behind the point.
            let value = Value::Decimal(value);
            assert!(values.contains(&value), "{name}: {value:?}");
        }
    }

    let nothing = edge("nothing", Timestamps::Int96);
    let arrays = column(&nothing, "c0");
    let null = Value::Null;
    for value in [
        null.clone(),
        Value::Array(vec![]),
        Value::Array(vec![null.clone()]),
        Value::Array(vec![null.clone(), Value::Integer(1), null.clone()]),
    ] {
        assert!(arrays.contains(&value), "{value:?}");
    }
    let maps = column(&nothing, "c2");
    assert!(maps.contains(&Value::Map(vec![])), "{maps:?}");
    assert!(maps.contains(&Value::Map(vec![("a".to_owned(), null)])), "{maps:?}");

    let texts = column(&edge("texts", Timestamps::Int96), "c0");
    assert!(texts.iter().any(|text| matches!(text, Value::Text(text) if text.len() == 1 << 20)));
}

#[test]
fn failed_records_leave_no_trace() {
    let columns = edges::all_types();
    let schema = Schema::parse(&edges::schema(&columns)).expect("it is valid");
    let edges = edges::edges();
    let nested = edges.iter().find(|edge| edge.name == "nested").expect("there is one");
    let mut records = Vec::new();
    for (at, record) in nested.records.iter().enumerate() {
        // Without its key, in the image and in `Keys`.
        let (mut keyless, number) = insert(100 + at, &[("a_string", r#"{"L":[{"S":"trace"}]}"#)]);
        let key = format!(r#""pk":{{"S":"k{}"}}"#, 100 + at);
        keyless = String::from_utf8(keyless).unwrap().replace(&key, r#""no":{"S":"trace"}"#).into();
        records.extend([(keyless, number), record.clone(), (b"{".to_vec(), None)]);
    }
    for batch_rows in [1, 2, 5, 1_000] {
        // Rows of each size up to the whole one fail at each place.
        let limits = Limits { batch_rows, ..Limits::default() };
        let too_small: Vec<_> = (0..2_000).step_by(37).collect();
        let written = rows::write(&schema, Timestamps::Int96, limits, &too_small, &records);
        let failed = records.len() * (too_small.len() + 1) - written.lines.len();
        assert!(failed > records.len() * 10, "{failed} failures");
        rows::compare(&schema, &written).unwrap_or_else(|difference| panic!("{difference}"));
        assert!(written.lines.iter().all(|line| !line.contains("trace")));
    }
}

#[test]
fn row_groups_end_by_their_bytes() {
    let edges = edges::edges();
    let edge = edges.iter().find(|edge| edge.name == "nested").expect("there is one");
    let schema = Schema::parse(&edge.schema).expect("it is valid");
    let groups = |row_group_bytes| {
        let limits = Limits { row_group_bytes, batch_bytes: 1, batch_rows: 1 };
        let written = rows::write(&schema, Timestamps::Int96, limits, &[], &edge.records);
        read::open(written.file).num_row_groups()
    };
    assert_eq!(groups(usize::MAX), 1);
    assert_eq!(groups(1), edge.records.len());
    assert!((2..edge.records.len()).contains(&groups(4_000)), "{}", groups(4_000));
}
