//! The physical schema is the contract's, and the real service's where that was seen; footers say
//! what older readers know.
//!
//! `DYNALAKE_BLESS=1 cargo test --package dynalake-parquet --test files form` rewrites ours.

use crate::edges;
use crate::read;
use crate::rows;
use dynalake::schema::Schema;
use dynalake_parquet::{Form, Limits, Timestamps};
use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::file::reader::FileReader;
use std::fs;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/parquet")
}

fn fixture(name: &str) -> String {
    fs::read_to_string(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn all_types() -> Schema {
    Schema::parse(&fixture("all-types.schema.json")).expect("it is valid")
}

#[test]
fn the_physical_schema_is_the_contracts() {
    for (timestamps, name) in
        [(Timestamps::Int96, "all-types.txt"), (Timestamps::Micros, "all-types-micros.txt")]
    {
        let actual = Form::new(&all_types(), timestamps).expect("it has a form").message_type();
        if std::env::var_os("DYNALAKE_BLESS").is_some() {
            fs::write(fixtures().join(name), &actual).expect("it can be written");
        }
        assert_eq!(actual, fixture(name), "{name}");
    }
}

/// The file's columns, as types of a schema.
fn firehose_columns(message: &str) -> Vec<(String, String)> {
    let column = |line: &str| {
        let words: Vec<_> = line.trim().trim_end_matches(';').split(' ').collect();
        let ty = match words[..] {
            ["OPTIONAL", "BYTE_ARRAY", _, "(UTF8)"] => "string",
            ["OPTIONAL", "INT32", _] => "int",
            ["OPTIONAL", "FLOAT", _] => "float",
            ["OPTIONAL", "INT96", _] => "timestamp",
            _ => panic!("{line}: add its type here"),
        };
        (words[2].to_owned(), ty.to_owned())
    };
    message.lines().filter(|line| line.starts_with("  ")).map(column).collect()
}

#[test]
fn the_physical_schema_is_that_of_a_file_of_firehose() {
    let message = fixture("firehose-2022.txt");
    let columns = firehose_columns(&message);
    assert!(columns.len() > 3, "{columns:?}");
    let schema = Schema::parse(&edges::schema(&columns)).expect("it is valid");
    let ours = Form::new(&schema, Timestamps::Int96).expect("it has a form").message_type();
    let (theirs, ours) = (message.lines(), ours.lines().map(str::to_owned).collect::<Vec<_>>());
    for line in theirs {
        assert!(ours.iter().any(|other| other == line), "{line}\nis not in\n{}", ours.join("\n"));
    }
}

#[test]
fn footers_are_those_that_older_readers_know() {
    let edges = edges::edges();
    let edge = edges.iter().find(|edge| edge.name == "nested").expect("there is one");
    let schema = Schema::parse(&edge.schema).expect("it is valid");
    let limits = Limits::default();
    let written = rows::write(&schema, Timestamps::Int96, limits, &[], &edge.records);
    let file = read::open(written.file);
    let metadata = file.metadata();
    let expected = concat!("dynalake version ", env!("CARGO_PKG_VERSION"));
    assert_eq!(metadata.file_metadata().created_by(), Some(expected));
    assert_eq!(metadata.file_metadata().version(), 1);
    assert_eq!(metadata.file_metadata().schema().name(), "hive_schema");
    let [group] = metadata.row_groups() else { panic!("more than one row group") };
    let mut with_statistics = 0;
    for chunk in group.columns() {
        let path = chunk.column_path();
        assert_eq!(chunk.compression(), Compression::SNAPPY, "{path}");
        assert_eq!((chunk.offset_index_offset(), chunk.column_index_offset()), (None, None));
        let unordered = [Physical::INT96, Physical::FLOAT, Physical::DOUBLE];
        let has_statistics = chunk.statistics().is_some_and(|it| it.min_bytes_opt().is_some());
        if unordered.contains(&chunk.column_type()) {
            assert!(!has_statistics, "{path}");
        }
        with_statistics += usize::from(has_statistics);
        let column = chunk.column_descr_ptr();
        let is_key = path.parts().last().is_some_and(|name| name == "key");
        let optional = column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
        assert!(optional || is_key && path.parts().len() > 1, "{path}");
    }
    assert!(with_statistics > 40, "{with_statistics} columns with statistics");
}

#[test]
fn a_file_without_rows_is_whole() {
    for timestamps in [Timestamps::Int96, Timestamps::Micros] {
        let written = rows::write(&all_types(), timestamps, Limits::default(), &[], &[]);
        let file = read::open(written.file);
        assert_eq!((file.num_row_groups(), file.metadata().file_metadata().num_rows()), (0, 0));
        read::assert_form(&file, &written.form);
    }
}
