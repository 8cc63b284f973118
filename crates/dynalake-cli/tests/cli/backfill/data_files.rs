//! Some of an export's data files: what a task of the Spark job does.

use super::support::*;
use crate::*;
use std::collections::BTreeMap;

/// Items, and of the second file one that can't be a row.
fn export() -> Written {
    let item = |id: u32| json!({"Item": {"orderId": {"S": format!("o-{id}")}}}).to_string() + "\n";
    let a: String = (0..3).map(item).collect();
    let b: String = (3..5).map(item).collect();
    Export::full(&[("a", &a), ("a-b", &(b + "{\"Item\":{}}\n")), ("c", &item(9))]).write()
}

/// The line of counts.
fn counts(done: &Done) -> Value {
    let [line] = done.rows().try_into().expect("one line");
    line
}

/// Runs over these data files, into a folder of rejected lines of their own.
fn run(export: &Written, names: &[&str]) -> Done {
    let mut args = vec!["--json"];
    for name in names {
        args.extend(["--data-file", name]);
    }
    export.run(&args)
}

#[test]
fn the_files_one_by_one_are_those_of_one_run() {
    let whole = export();
    let all = whole.run(&["--json"]).exits_with(1);
    let expected = json!({"data_files": 3, "left_out": 0, "items": 7, "rows": 6, "rejected": 1,
        "dropped": 0, "rescued": 0, "files": 3, "rows_of_known_keys": null});
    assert_eq!(counts(&all), expected);

    let export = export();
    // By its key or the last part of it, one or several at a time, and twice the same.
    let key = format!("{ROOT}/{ID}/data/a-b.json.gz");
    let both = run(&export, &["a.json.gz", "c.json.gz", "a.json.gz"]).exits_with(0);
    assert_eq!(
        counts(&both),
        json!({"data_files": 2, "left_out": 0, "items": 4, "rows": 4, "rejected": 0, "dropped": 0,
            "rescued": 0, "files": 2, "rows_of_known_keys": null})
    );
    let both = both.says(": 4 items in 2 files; rows are dated ");
    let both = both.says("files     2 of 2 read, 0 left out\n");
    assert!(!both.stderr.contains("earlier run"), "{}", both.stderr);
    for run_number in 1..=2 {
        let one = run(&export, &[&key]).exits_with(1);
        assert_eq!((&counts(&one)["rows"], &counts(&one)["rejected"]), (&json!(2), &json!(1)));
        assert_eq!(export.files(), whole.files(), "run {run_number}: names and bytes");
        // Nor is another file's output taken for this one's.
        let again = run(&export, &["a.json.gz"]).exits_with(0);
        assert!(!again.stderr.contains("earlier run"), "{}", again.stderr);
    }
}

#[test]
fn what_an_earlier_run_left_of_the_same_file_is_named() {
    let export = export();
    run(&export, &["a-b.json.gz"]).exits_with(1);
    let schema = json!({"table": "orders", "keys": ["orderId"], "where": {"type": ["x"]},
        "columns": [{"name": "order_id", "type": "string"}]});
    let schema = TempFile::new("data-files.json", schema.to_string());
    export
        .backfill(schema.path(), &["--data-file", "a-b.json.gz"])
        .exits_with(0)
        .says("warning: 2 files are of an earlier run");
}

#[test]
fn a_data_file_that_is_left_out_is_counted() {
    let export = export();
    put(&export.folder, &format!("{ID}/data/a.json.gz"), b"damaged");
    let done = run(&export, &["a.json.gz", "c.json.gz"]).exits_with(1);
    let done = done.says("does not have the MD5 in the manifest");
    let counts = counts(&done);
    let members = ["data_files", "left_out", "items", "rows", "files"];
    assert_eq!(members.map(|name| counts[name].as_u64().unwrap()), [1, 1, 1, 1, 1]);
    // Of a file that others take, nothing is asked.
    run(&export, &["c.json.gz"]).exits_with(0);
    std::fs::remove_file(export.folder.0.join(format!("{ID}/data/a.json.gz"))).unwrap();
    run(&export, &["c.json.gz"]).exits_with(0);
    run(&export, &["a.json.gz"]).exits_with(2).says("1 of the export's 1 data files is missing");
}

#[test]
fn data_files_that_can_not_be_chosen_are_rejected() {
    let export = export();
    for name in ["", "b.json.gz", "data/a.json.gz", "a", "A.json.gz", "\u{1b}"] {
        let done = run(&export, &["c.json.gz", name]).exits_with(2);
        let done = done.says("--data-file: the export has no data file \"");
        assert_eq!(done.says("give a dataFileS3Key of its manifest-files.json").stdout, "");
    }
    let keys = TempFile::new("data-files.csv", "order_id\no-1\n");
    export
        .run(&["--known-keys", keys.path(), "--data-file", "a.json.gz"])
        .exits_with(2)
        .says("--known-keys needs all of the export's files, and --data-file leaves some out");
    assert_eq!(export.files(), BTreeMap::new());
    // Deletes are not looked for where an item could not be read: its key may be any of those.
    let all = export.run(&["--known-keys", keys.path(), "--json"]).exits_with(1);
    assert_eq!(counts(&all)["rows_of_known_keys"], Value::Null);
    let export = Export::full(&[("a", "{\"Item\":{\"orderId\":{\"S\":\"o-2\"}}}")]).write();
    let all = export.run(&["--known-keys", keys.path(), "--json"]).exits_with(0);
    assert_eq!(
        (&counts(&all)["rows_of_known_keys"], &counts(&all)["files"]),
        (&json!(1), &json!(2))
    );
}
