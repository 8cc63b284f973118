//! --known-keys that is rejected, before anything is written.

use super::support::*;
use crate::*;

fn item(id: &str) -> String {
    json!({"Item": {"orderId": {"S": id}}}).to_string()
}

fn orders_with(member: &str, value: Value) -> TempFile {
    let mut schema = orders(&json!([{"name": "order_id", "type": "string"}]));
    schema[member] = value;
    TempFile::new(&format!("{member}.json"), schema.to_string())
}

#[test]
fn files_that_are_not_keys_are_rejected() {
    let export = Export::full(&[("a", &item("o-1"))]).write();
    for (name, text, reason) in [
        (
            "empty",
            "",
            "its first line has to name the key columns and nothing else; write order_id",
        ),
        ("other", "orderId\no-1\n", "its first line has to name the key columns"),
        ("more", "order_id,total\no-1,1\n", "its first line has to name the key columns"),
        ("uneven", "order_id\no-1\no-2,x\n", "found record with 2 fields"),
        ("blank", "order_id\no-1\n\"\"\n", "line 3: order_id is empty"),
    ] {
        let keys = TempFile::new(&format!("{name}.csv"), text);
        export.run(&["--known-keys", keys.path()]).exits_with(2).says(reason);
    }
    export
        .run(&["--known-keys", "nowhere/keys.csv"])
        .exits_with(2)
        .says("can't read --known-keys nowhere/keys.csv");
    export.run(&["--known-keys", "-"]).exits_with(2).says("can't be \"-\"; give a file");
    assert!(export.files().is_empty(), "nothing is written");
}

#[test]
fn values_that_no_column_holds_are_rejected() {
    let export = Export::full(&[("a", &json!({"Item": {"orderId": {"N": "1"}}}).to_string())]);
    let export = export.write();
    let schema = orders(&json!([{"name": "order_id", "type": "bigint"}]));
    let schema = TempFile::new("bigint.json", schema.to_string());
    let keys = TempFile::new("bigint.csv", "order_id\n1\nSECRET\n");
    let done = export.backfill(schema.path(), &["--known-keys", keys.path()]).exits_with(2);
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    done.says("line 3: order_id is no bigint; write values as the column holds them");

    let hashed = orders(&json!([{"name": "order_id", "type": "string", "protect": "sha256"}]));
    let hashed = TempFile::new("hashed.json", hashed.to_string());
    for value in ["o-1", &"A".repeat(64), &"a".repeat(63)] {
        let keys = TempFile::new("hashes.csv", format!("order_id\n{value}\n"));
        export
            .backfill(hashed.path(), &["--known-keys", keys.path()])
            .exits_with(2)
            .says("line 2: order_id is hashed in the lake")
            .says("take the values from the lake, not from DynamoDB");
    }
    assert!(export.files().is_empty(), "nothing is written");
}

#[test]
fn remove_rows_have_to_be_wanted_and_possible() {
    let keys = TempFile::new("keys.csv", "order_id\no-9\n");
    let args = ["--known-keys", keys.path()];
    let export = Export::full(&[("a", &item("o-1"))]).write();
    let schema = orders_with("events", json!(["INSERT", "MODIFY", "TTL"]));
    export
        .backfill(schema.path(), &args)
        .exits_with(2)
        .says("the schema's \"events\" leaves REMOVE out; add it there, or remove --known-keys");
    let incremental = Export::incremental(&[("a", "")]).write();
    incremental.run(&args).exits_with(2).says("--known-keys is for full exports");
}

#[test]
fn a_file_that_is_left_out_may_have_any_key() {
    let mut export = Export::full(&[("a", &item("o-1")), ("b", &item("o-2"))]);
    export.files[1].1[12] ^= 1;
    let export = export.write();
    let keys = TempFile::new("keys-left-out.csv", "order_id\no-1\no-2\no-9\n");
    export.run(&["--known-keys", keys.path()]).exits_with(1).says(
        "error: 3 known keys: no REMOVE rows were made: a data file was left out, and any of",
    );
    let names = export.names();
    assert_eq!(names, [format!("{HOUR}/backfill-{ID}-a-00000.parquet")], "those of the other stay");
}

#[test]
fn remove_rows_of_an_earlier_run_stay_where_none_can_be_made() {
    let whole = Export::full(&[("a", &item("o-1")), ("b", &item("o-2"))]);
    let export = whole.write();
    let keys = TempFile::new("keys-stay.csv", "order_id\no-1\no-2\no-9\n");
    let args = ["--known-keys", keys.path()];
    export.run(&args).exits_with(0).says("3 known keys: 1 REMOVE row for those that the export");
    let mut damaged = whole.files[1].1.clone();
    damaged[12] ^= 1;
    put(&export.folder, &format!("{ID}/data/b.json.gz"), &damaged);
    let done = export.run(&args).exits_with(1).says("no REMOVE rows were made");
    assert!(!done.stderr.contains("remove: "), "{}", done.stderr);

    // Once all files are whole again, and no known key is lacking, they are named.
    put(&export.folder, &format!("{ID}/data/b.json.gz"), &whole.files[1].1);
    let keys = TempFile::new("keys-none.csv", "order_id\no-1\n");
    export
        .run(&["--known-keys", keys.path()])
        .exits_with(0)
        .says("; remove: ")
        .says("-known-keys-00000.parquet");
}

#[test]
fn files_may_be_zipped_and_have_a_byte_order_mark() {
    let export = Export::full(&[("a", &item("o-1"))]).write();
    for (name, bytes) in [
        ("zipped.csv", gzip(b"\xef\xbb\xbforder_id\r\no-9\r\n")),
        ("quoted.csv", b"\xef\xbb\xbf\"order_id\"\n\"o-9\"".to_vec()),
    ] {
        let keys = TempFile::new(name, bytes);
        export
            .run(&["--known-keys", keys.path()])
            .exits_with(0)
            .says("1 known key: 1 REMOVE row for those that the export lacks");
    }
    let file = format!("{HOUR}/backfill-{ID}-known-keys-00000.parquet");
    let rows = rows(export.files()[&file].clone());
    assert_eq!(
        rows,
        [json!({"order_id": "o-9", "_event_type": "REMOVE", "_table": "orders",
            "_event_time": "2024-05-27T06:06:47Z",
            "_sequence": format!("00001716790007000000-{}", "0".repeat(56))})],
        "with time and sequence of the export's rows"
    );
}
