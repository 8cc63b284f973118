//! Lines of a table's export to S3.

use crate::*;

const JSONL: [&str; 5] = ["transform", "--format", "jsonl", "--table", "orders"];

#[test]
fn a_full_exports_items_are_rows_of_its_time() {
    let time = ["--export-time", "2024-05-27T08:11:47.5+02:00", "export-full.jsonl"];
    let rows = dynalake(&[&JSONL[..], &time].concat()).exits_with(0).rows();
    assert_eq!(
        rows[0],
        json!({"order_id": "o-1", "total": 12.50, "blob": "Wm05dg==",
            "_event_type": "EXPORT", "_event_time": "2024-05-27T06:06:47.500000Z",
            "_table": "orders",
            "_sequence": format!("00001716790007500000-{}", "0".repeat(56))}),
        "five minutes earlier; binary is encoded once"
    );
    assert_eq!(rows.len(), 2);
    // With a schema the table is its own.
    let time = ["--export-time", "2024-05-27T06:11:47Z", "export-full.jsonl"];
    let args = [&["transform", "--format", "jsonl", "--schema", "orders.json"], &time[..]].concat();
    let rows = dynalake(&args).exits_with(0).rows();
    assert_eq!((&rows[1]["total"], &rows[1]["_table"]), (&json!("100"), &json!("orders")));
}

#[test]
fn an_incremental_exports_lines_are_dated_by_themselves() {
    let rows = dynalake(&[&JSONL[..], &["export-incremental.jsonl"]].concat()).exits_with(0).rows();
    let names: Vec<_> = rows.iter().map(|row| row["_event_type"].as_str().unwrap()).collect();
    assert_eq!(names, ["MODIFY", "INSERT", "REMOVE"]);
    assert_eq!(rows[0]["_event_time"], "2023-03-29T17:09:24.000001Z");
    assert_eq!(rows[0]["_sequence"], format!("00001680109764000000-{}1", "0".repeat(55)));
    assert_eq!(rows[2]["order_id"], "o-3");
    let response = ["transform", "--format", "response", "export-incremental.jsonl"];
    dynalake(&response)
        .exits_with(2)
        .says("begins with a line of an export, which never passes the function");
}

#[test]
fn an_export_needs_a_table_and_a_full_one_its_time() {
    dynalake(&["transform", "export-incremental.jsonl"]).exits_with(2).says(
        "error: export-incremental.jsonl begins with a line of an export, which does not say its \
         table; add --table NAME, or --schema\n",
    );
    dynalake(&[&JSONL[..], &["export-full.jsonl"]].concat()).exits_with(2).says(
        "error: export-full.jsonl begins with a line of a full export, which has no time; add \
         --export-time with exportTime from the export's manifest-summary.json",
    );
    // One among others fails alone.
    let text = format!("{}\n{}\n{}", change("o-1"), json!({"Item": {}}), change("o-2"));
    dynalake_with(&JSONL, text)
        .exits_with(1)
        .says("line-2: failed: the data is a line of a full export, which has no time; add")
        .says("3 in: 2 ok");
    for (time, why) in [
        ("2024-05-27", "it is not an ISO 8601 time with Z or an offset"),
        ("2024-05-27T06:11:47", "it is not an ISO 8601 time with Z or an offset"),
        ("yesterday", "it is not an ISO 8601 time"),
        ("1970-01-01T00:04:59Z", "it is outside 1970 to 2261"),
        ("2262-01-01T00:00:00Z", "it is outside 1970 to 2261"),
    ] {
        let done = dynalake(&["transform", "--export-time", time, "export-full.jsonl"]);
        done.exits_with(2)
            .says(&format!("--export-time is \"{time}\": {why}"))
            .says("; write it as 2026-01-31T12:00:00Z");
    }
}

#[test]
fn a_bad_line_of_an_export_fails_alone() {
    let lines = [
        json!({"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "NewImage": {"id": {"S": "a"}}}),
        json!({"Metadata": {}, "Keys": {"id": {"S": "a"}}}),
        json!({"Metadata": {"WriteTimestampMicros": true}, "Keys": {"id": {"S": "a"}}}),
        json!({"Item": {"id": "SECRET"}}),
        json!({"orderId": {"S": "SECRET"}}),
        json!({"Item": {"id": {"S": "a"}}}),
    ];
    let text = lines.map(|line| line.to_string()).join("\n");
    let args = [&JSONL[..], &["--export-time", "2024-05-27T06:11:47Z"]].concat();
    let done = dynalake_with(&args, text)
        .exits_with(1)
        .says("line-1: failed: Keys is absent or empty")
        .says("line-2: failed: Metadata.WriteTimestampMicros is absent")
        .says("line-3: failed: Metadata.WriteTimestampMicros is not a whole number of microseconds")
        .says("line-4: failed: an attribute value is not DynamoDB JSON")
        .says("line-5: failed: the data is an item in DynamoDB JSON without a change record")
        .says("6 in: 1 ok, 0 dropped, 5 failed");
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
}

#[test]
fn an_exports_folder_is_read_as_it_was_copied() {
    let full = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/export-full.jsonl"));
    let full = full.unwrap();
    let folder = Folder::new(&[
        ("AWSDynamoDB/0171/_started", b""),
        ("AWSDynamoDB/0171/manifest-summary.json", br#"{"manifestFilesS3Key":"k"}"#),
        ("AWSDynamoDB/0171/manifest-summary.md5", b"1B2M2Y8AsgTpgAmY7PhCfg=="),
        ("AWSDynamoDB/0171/manifest-files.json", br#"{"dataFileS3Key":"k","itemCount":2}"#),
        ("AWSDynamoDB/0171/data/a.json.gz", &gzip(&full)),
        ("AWSDynamoDB/0171/data/b.json.gz", &gzip(b"")),
    ]);
    let time = ["--export-time", "2024-05-27T06:11:47Z"];
    let done = dynalake(&[&JSONL[..], &time, &[folder.path()]].concat())
        .exits_with(0)
        .says("manifest-summary.json is the summary of an export, without its items\n")
        .says("manifest-files.json is the list of an export's files, without its items\n")
        .says("manifest-summary.md5 is a checksum\n");
    assert_eq!(done.rows().len(), 2);
    let named = format!("{}/AWSDynamoDB/0171/manifest-files.json", folder.path());
    dynalake(&["transform", &named])
        .exits_with(2)
        .says("; give the files in the export's folder data");
}
