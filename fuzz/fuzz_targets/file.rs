//! Any bytes as change records, one per line, into a Parquet file that must hold the rows of JSON.
//!
//! The first byte chooses the schema, and how large batches and row groups are. A row that fails
//! half-way must leave nothing behind.
#![no_main]

use dynalake::record::{Options, RecordTransformer};
use dynalake::schema::Plan;
use dynalake_fuzz::{file, schema};
use dynalake_parquet::{FileWriter, Form, Limits, Timestamps};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [settings, lines @ ..] = input else { return };
    let schema = schema(*settings);
    let transformer = || {
        let plan = Plan::new(schema);
        let options = Options::new(&plan);
        RecordTransformer::new(plan, options)
    };
    let form = Form::new(schema, Timestamps::Int96).expect("each schema has a form");
    let batch_rows = usize::from(settings >> 2 & 3) + 1;
    let row_group_bytes = usize::from(settings >> 4) * 100;
    let limits = Limits { row_group_bytes, batch_rows, ..Limits::default() };
    let mut writer = FileWriter::new(Vec::new(), &form, limits).expect("memory takes it");

    let (mut to_json, mut to_columns) = (transformer(), transformer());
    let mut rows = Vec::new();
    for record in lines.split(|&byte| byte == b'\n').take(16) {
        let of_json = to_json.transform(record, Some(b"7"), &mut rows).outcome;
        let of_columns = to_columns.transform(record, Some(b"7"), writer.columns()).outcome;
        assert_eq!(of_json, of_columns);
        writer.advance().expect("memory takes it");
    }
    file::check(writer.close().expect("memory takes it"), &rows);
});
