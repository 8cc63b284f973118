//! What a stream becomes, and its options.

use super::*;
use crate::replay::all_rows;

/// A change of a time in seconds since 1970.
fn change_at(id: &str, seconds: u64) -> String {
    let mut change = change(id);
    change["dynamodb"]["ApproximateCreationDateTime"] = json!(seconds * 1_000);
    change.to_string()
}

/// Three rows in two hours, one of them with a `_rescued`; a change of another table; two records
/// that can't be rows.
fn records() -> Vec<Record> {
    let mut rescued = change("o-2");
    rescued["dynamodb"]["NewImage"]["unknown"] = json!({"S": "SECRET"});
    [
        change_at("o-1", 1_720_742_399),
        "not JSON: SECRET".to_owned(),
        rescued.to_string(),
        change("o-3").to_string().replace("\"orders\"", "\"audit\""),
        change("o-4").to_string().replace("INSERT", "UPSERT"),
        change_at("o-5", 1_720_742_400),
    ]
    .iter()
    .zip(1..)
    .map(|(data, number)| Record::new(data, number))
    .collect()
}

#[test]
fn rows_go_to_hours_and_the_rest_to_the_error_prefix() {
    let places = Places::new();
    // The place of what is rejected is that of the first record's arrival.
    let mut records = records();
    records[0].arrival_us -= 3_600_000_000;
    let done = places.take(frames(&records)).exits_with(1);
    assert_eq!(
        counts(&done),
        json!({"records": 6, "rows": 3, "rejected": 2, "dropped": 1, "rescued": 1, "files": 3})
    );
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    let done = done.says("records   6 records in: 3 rows, 2 rejected, 1 dropped\n");
    let done = done.says("rejected  1 not_json: ").says("rescued   1 unknown: unknown\n");
    done.says(&format!("the rejected records are in {}", places.rejected.path()));

    let [rows, rejected] = places.files();
    assert_eq!(
        rows.keys().collect::<Vec<_>>(),
        [
            "dt=2023-11-14/hour=22/spark-q-7-0.parquet",
            "dt=2024-07-11/hour=23/spark-q-7-0.parquet",
            "dt=2024-07-12/hour=00/spark-q-7-0.parquet"
        ],
        "by the hours of the changes, and nothing unfinished"
    );
    assert_eq!(rejected.keys().collect::<Vec<_>>(), ["dt=2024-07-11/hour=23/spark-q-7-0.json"]);
    let lines: Vec<Value> = rejected["dt=2024-07-11/hour=23/spark-q-7-0.json"]
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let line = |code: &str, message: &str, record: &Record| {
        json!({"attemptsMade": 1, "arrivalTimestamp": 1_720_742_402_333_u64,
            "errorCode": format!("dynalake.{code}"), "errorMessage": message,
            "attemptEndingTimestamp": 1_720_742_402_333_u64,
            "rawData": BASE64_STANDARD.encode(&record.data), "sequenceNumber": record.number})
    };
    for (found, (code, record)) in
        lines.iter().zip([("not_json", &records[1]), ("no_event_name", &records[4])])
    {
        assert_eq!(*found, line(code, found["errorMessage"].as_str().unwrap(), record));
    }
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_second_run_writes_the_same_beside_what_is_there() {
    let places = Places::new();
    places.take(frames(&records())).exits_with(1);
    let first = places.files();
    let theirs = places.out.0.join("dt=2024-07-12/hour=00/dynalake-orders-1.parquet");
    fs::write(&theirs, "theirs").unwrap();
    places.take(frames(&records())).exits_with(1);
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    fs::remove_file(theirs).unwrap();
    assert_eq!(places.files(), first);
    // Under another name they have the same bytes.
    let other = Places::new();
    let fixed = ["transform", "--format", "parquet", "--framed", "--schema", "orders.json"];
    let args = ["--out", other.out.path(), "--rejected", other.rejected.path(), "--name", "B.1_x"];
    dynalake_with(&[&fixed[..], &args].concat(), frames(&records())).exits_with(1);
    for (first, other) in first.iter().zip(other.files()) {
        let renamed =
            first.iter().map(|(name, bytes)| (name.replace("spark-q-7-0", "B.1_x"), bytes));
        assert!(renamed.eq(other.iter().map(|(name, bytes)| (name.clone(), bytes))));
    }
}

#[test]
fn a_replay_takes_what_is_rejected() {
    let places = Places::new();
    // Another schema could not fill the key.
    let schema = json!({"table": "orders", "keys": ["orderId"], "columns": [
        {"name": "order_id", "type": "int"}, {"name": "total", "type": "decimal(38,9)"}]});
    let file = TempFile::new("framed-replay.json", schema.to_string());
    let records = [Record::new(change("o-1").to_string(), 1), Record::new(b"", 2)];
    let done = places.run(file.path(), &[], frames(&records)).exits_with(1);
    assert_eq!(counts(&done)["rejected"], 2);
    done.says("rejected  1 key_not_filled: ")
        .says("  key_not_filled: change the schema and run this again\n");
    let out = Folder::new(&[]);
    let replay = |schema: &str| {
        let args = ["replay", "--schema", schema, "--out", out.path(), places.rejected.path()];
        dynalake(&args)
    };
    replay(file.path())
        .exits_with(1)
        .says("2 in: 0 rows, 1 rejected, 0 dropped, 1 control message");
    replay("orders.json")
        .exits_with(0)
        .says("2 in: 1 row, 0 rejected, 0 dropped, 1 control message");
    // As if it had been one in the first place.
    let right = Places::new();
    right.take(frames(&records[..1])).exits_with(0);
    assert_eq!(all_rows(&out), all_rows(&right.out));
    assert_eq!(all_rows(&out).len(), 1);
    let sequence = all_rows(&out)[0]["_sequence"].as_str().unwrap().to_owned();
    assert!(sequence.ends_with("495903382714902566000001"), "{sequence}");
    assert!(file_names(&out.0)[0].starts_with("dt=2024-07-12/hour=00/"), "by arrival");
}

#[test]
fn a_record_has_to_say_its_table() {
    let mut without = change("o-1");
    without.as_object_mut().unwrap().remove("tableName");
    let places = Places::new();
    let done = places.take(frames(&[Record::new(without.to_string(), 1)])).exits_with(1);
    assert_eq!(counts(&done)["rejected"], 1);
    done.says("rejected  1 no_table: ");
}

#[test]
fn an_empty_stream_gives_no_files() {
    let places = Places::new();
    let done = places.take(frames(&[])).exits_with(0);
    assert_eq!(
        counts(&done),
        json!({"records": 0, "rows": 0, "rejected": 0, "dropped": 0, "rescued": 0, "files": 0})
    );
    assert_eq!(places.files(), <[BTreeMap<_, _>; 2]>::default());
    // Nor does one of nothing but other tables' changes, and the input is standard input anyway.
    let other = change("o-1").to_string().replace("\"orders\"", "\"audit\"");
    let done = places.run("orders.json", &[], frames(&[Record::new(other, 1)])).exits_with(0);
    assert_eq!(counts(&done)["dropped"], 1);
    assert_eq!(places.files(), <[BTreeMap<_, _>; 2]>::default());
}

#[test]
fn a_large_record_is_a_row_and_a_file_has_all_timestamps_in_one_form() {
    let mut large = change("o-1");
    large["dynamodb"]["NewImage"]["memo"] = json!({"S": "x".repeat(10 << 20)});
    large["dynamodb"]["NewImage"]["placedAt"] = json!({"S": "2024-07-12T00:00:00.123456789Z"});
    let records = [Record::new(large.to_string(), 1), Record::new(change("o-2").to_string(), 2)];
    let schema = json!({"table": "orders", "keys": ["orderId"], "columns": [
        {"name": "order_id", "type": "string"}, {"name": "placed_at", "type": "timestamp"},
        {"name": "memo", "type": "string"}, {"name": "total", "type": "decimal(38,9)"}]});
    let file = TempFile::new("framed-large.json", schema.to_string());
    for (args, rescued) in [(&[][..], 0), (&["--timestamps", "micros"][..], 1)] {
        let places = Places::new();
        let done = places.run(file.path(), args, frames(&records)).exits_with(0);
        let counts = counts(&done);
        assert_eq!((&counts["rows"], &counts["rescued"]), (&json!(2), &json!(rescued)), "{args:?}");
    }
}

#[test]
fn options_that_do_not_go_together_are_named() {
    let all = ["--schema", "orders.json", "--out", "rows", "--rejected", "errors", "--name", "n"];
    let framed = [&["--format", "parquet", "--framed"][..], &all].concat();
    for (args, reason) in [
        (&["changes.jsonl"][..], "--framed reads standard input; give - as the input, or none"),
        (&["-", "-"], "\"-\" is given twice"),
        (&["--table", "orders"], "--table does not go with --framed: each record has to say"),
        (&["--tables", "orders"], "--tables does not go with --framed"),
        (&["--export-time", "2024-07-12T00:00:00Z"], "--export-time does not go with --framed"),
        (&["--partition-keys", "event_time"], "--partition-keys does not go with --framed"),
        (&["--file-mib", "1"], "--file-mib does not go with --framed"),
    ] {
        let args = [&["transform"][..], &framed, args].concat();
        dynalake_with(&args, frames(&[])).exits_with(2).says(reason);
    }
    for (absent, reason) in [
        ("--schema", "add --schema FILE"),
        ("--out", "add --out FOLDER"),
        ("--rejected", "add --rejected FOLDER"),
        ("--name", "add --name NAME"),
        ("--format", "--framed writes Parquet files; add --format parquet"),
    ] {
        let at = framed.iter().position(|arg| *arg == absent).unwrap();
        let args = [&["transform"][..], &framed[..at], &framed[at + 2..]].concat();
        dynalake_with(&args, frames(&[])).exits_with(2).says(reason);
    }
    for (option, value) in [("--name", "n"), ("--rejected", "errors")] {
        let args = ["transform", "--schema", "orders.json", option, value, "changes.jsonl"];
        dynalake(&args).exits_with(2).says(&format!("{option} is for --framed; add it"));
    }
    for name in ["", "-a", ".a", "_a", "a/b", "a b", "é", "../a", "a\u{1b}[2J", &"a".repeat(201)] {
        let named = format!("--name={name}");
        let args = [&["transform"][..], &framed[..framed.len() - 2], &[&named]].concat();
        let done = dynalake_with(&args, frames(&[])).exits_with(2);
        done.says("give at most 200 letters, digits, -, _ and .");
    }
    let args = ["transform", "--format", "parquet", "--framed", "--schema", "orders.json", "--out"];
    let args = [&args[..], &["rows", "--name", "n", "--rejected", "-"]].concat();
    dynalake_with(&args, frames(&[]))
        .exits_with(2)
        .says("--rejected is \"-\", and has to be a folder");
}
