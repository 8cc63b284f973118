//! What files are called, and what a run says.

use super::support::*;
use crate::*;

fn items_of(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| json!({"Item": {"orderId": {"S": format!("o-{id}")}}}).to_string() + "\n")
        .collect()
}

#[test]
fn files_are_named_by_export_and_data_file() {
    let export = Export::full(&[("a", &items_of(0..2)), ("b", &items_of(2..3)), ("none", "")]);
    let export = export.write();
    let done = export.run(&[]).exits_with(0);
    let [a, b] = ["a", "b"].map(|file| format!("{HOUR}/backfill-{ID}-{file}-00000.parquet"));
    assert_eq!(export.names(), [&*a, &*b], "none for a file without items");
    for (file, rows) in [(a, "2 rows"), (b, "1 row")] {
        let line = done.stdout.lines().find(|line| line.contains(&file)).expect("it is printed");
        assert!(line.contains(rows), "{line}");
    }
    assert_eq!(items(&done), [3, 3, 0, 0]);
    done.says(
        "of orders at 2024-05-27T06:11:47Z: 3 items in 3 files; rows are dated \
               2024-05-27T06:06:47Z\n",
    )
    .says("files     3 of 3 read, 0 left out\n")
    .says("the current state forgets deleted items after 14")
    .says("next: aws s3 sync ");

    // The end of an incremental one.
    let line = json!({"Metadata": {"WriteTimestampMicros": {"N": "1680109764000000"}},
        "Keys": {"orderId": {"S": "o-1"}}});
    let export = Export::incremental(&[("a", &line.to_string())]).write();
    export.run(&[]).exits_with(0).says("of orders up to 2023-03-29T18:00:00Z: 1 item in 1 file\n");
    assert_eq!(
        export.names(),
        [format!("dt=2023-03-29/hour=18/backfill-{ID}-a-00000.parquet")],
        "whatever the time of its changes"
    );
}

#[test]
fn an_export_of_today_is_not_too_old() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    for (days, is_old) in [(13, false), (15, true)] {
        let mut time = Vec::new();
        let nanoseconds = now.as_nanos() as i64 - days * 86_400_000_000_000;
        dynalake::text::time::write_timestamp(nanoseconds, &mut time);
        let mut export = Export::full(&[("a", &items_of(0..1))]);
        export.summary["exportTime"] = json!(String::from_utf8(time).unwrap());
        let done = export.write().run(&[]).exits_with(0);
        assert_eq!(done.stderr.contains("warning: the export is"), is_old, "{}", done.stderr);
    }
}

#[test]
fn what_an_earlier_run_left_is_named() {
    let export = Export::full(&[("a", "{\"Item\":{}}"), ("b", &items_of(0..1))]).write();
    export.run(&[]).exits_with(1);
    let rejected = format!("rejected/backfill-{ID}-a.json");
    assert!(export.files().contains_key(&rejected));
    let schema = json!({"table": "orders", "keys": ["orderId"], "where": {"type": ["x"]},
        "columns": [{"name": "order_id", "type": "string"}]});
    let schema = TempFile::new("leftover.json", schema.to_string());
    let done = export.backfill(schema.path(), &[]).exits_with(0);
    assert_eq!(items(&done), [2, 0, 0, 2]);
    done.says(
        "warning: 2 files are of an earlier run with another schema or other known keys, \
               which this run does not write; remove: ",
    )
    .says(&rejected)
    .says(&format!("backfill-{ID}-b-00000.parquet"));
}

#[test]
fn rejected_items_are_lines_of_an_error_prefix() {
    let text = items_of(0..1) + "{\"Item\":{\"total\":{\"N\":\"1\"}}}\n";
    let export = Export::full(&[("a", &text)]).write();
    export
        .run(&[])
        .exits_with(1)
        .says("rejected, one on a line:\n  key_not_filled: change the schema and run this again\n");
    assert_eq!(export.names()[1], format!("rejected/backfill-{ID}-a.json"));
    assert_eq!(
        export.rejected(),
        [json!({"attemptsMade": 1, "arrivalTimestamp": 1_716_790_007_000_u64,
            "errorCode": "dynalake.key_not_filled",
            "errorMessage": format!("{ROOT}/{ID}/data/a.json.gz, item 2: key column \"order_id\" \
                can't be filled: its attribute is absent or does not fit the type"),
            "attemptEndingTimestamp": 1_716_790_007_000_u64,
            "rawData": BASE64_STANDARD.encode("{\"Item\":{\"total\":{\"N\":\"1\"}}}")})],
        "dated as the export's rows"
    );
    // No change record is in it: the export's time is not there.
    let out = Folder::new(&[]);
    let rejected = format!("{}/rejected", export.out.path());
    dynalake(&["replay", "--schema", "orders.json", "--out", out.path(), &rejected])
        .exits_with(1)
        .says("1 no_table: the data is a line of an export, which dynalake backfill reads");
}
