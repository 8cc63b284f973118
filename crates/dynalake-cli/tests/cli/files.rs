//! Rows as Parquet files.

use crate::*;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::fs::File;
use std::path::Path;

/// A folder that is not there yet.
fn new_folder() -> Folder {
    Folder::new(&[])
}

/// The first column of each row: the order's id.
fn ids(folder: &Folder, file: &str) -> Vec<String> {
    let file = SerializedFileReader::new(File::open(folder.0.join(file)).unwrap()).unwrap();
    let rows = file.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_string(0).unwrap().clone()).collect()
}

fn parquet(out: &Folder, args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
    let fixed = ["transform", "--format", "parquet", "--schema", "orders.json", "--out"];
    dynalake_with(&[&fixed[..], &[out.path()], args].concat(), stdin)
}

/// A change of a time in seconds since 1970.
fn change_at(id: &str, seconds: u64) -> Value {
    let mut change = change(id);
    change["dynamodb"]["ApproximateCreationDateTime"] = json!(seconds * 1_000);
    change
}

#[test]
fn rows_are_in_the_hours_of_their_changes() {
    let out = new_folder();
    let changes: String = [("a", 0), ("b", 3_599), ("c", 3_600), ("d", 1)]
        .map(|(id, second)| change_at(id, 1_717_200_000 + second).to_string() + "\n")
        .concat();
    let done = parquet(&out, &[], changes).exits_with(0).says("4 in: 4 ok");
    let expected =
        ["dt=2024-06-01/hour=00/part-00000.parquet", "dt=2024-06-01/hour=01/part-00001.parquet"];
    assert_eq!(file_names(&out.0), expected, "and nothing unfinished");
    assert_eq!(ids(&out, expected[0]), ["a", "b", "d"], "in the order in which they came");
    assert_eq!(ids(&out, expected[1]), ["c"]);
    for (line, (file, rows)) in
        done.stdout.lines().zip([(expected[0], "3 rows"), (expected[1], "1 row")])
    {
        assert!(line.contains(file) && line.contains(rows), "{line}");
    }
    // What is there stays.
    parquet(&out, &[], change("e").to_string())
        .exits_with(2)
        .says("is not empty, and files of the same names would be replaced; give a new folder");
    assert_eq!(file_names(&out.0), expected);
}

#[test]
fn each_kind_of_input_gives_files() {
    let records = ["o-1", "o-2"].map(|id| change(id).to_string());
    let bad = change("o-3").to_string().replace("INSERT", "UPSERT");
    let firehose = event(&[records[0].clone(), bad.clone(), records[1].clone()]).to_string();
    let kinesis = json!({"Records": [{"kinesis": {"data": BASE64_STANDARD.encode(&records[0]),
        "sequenceNumber": "4959"}}]});
    let failed = json!({"rawData": BASE64_STANDARD.encode(&records[1])});
    for (input, code, expected) in [
        (firehose, 1, vec!["o-1", "o-2"]),
        (kinesis.to_string(), 0, vec!["o-1"]),
        (failed.to_string(), 0, vec!["o-2"]),
        (format!("{}\n{bad}", records[0]), 1, vec!["o-1"]),
    ] {
        let out = new_folder();
        let done = parquet(&out, &[], &input).exits_with(code);
        assert_eq!(code == 1, done.stderr.contains("failed: eventName"), "{}", done.stderr);
        assert_eq!(ids(&out, &file_names(&out.0)[0]), expected, "{input}");
    }
    let out = new_folder();
    parquet(&out, &["--export-time", "2024-05-27T06:11:47Z", "export-full.jsonl"], "")
        .exits_with(0);
    assert_eq!(
        file_names(&out.0),
        ["dt=2024-05-27/hour=06/part-00000.parquet"],
        "less five minutes"
    );
    // Without rows there is no file.
    let out = new_folder();
    parquet(&out, &["--tables", "others"], change("o-1").to_string())
        .exits_with(0)
        .says("1 in: 0 ok, 1 dropped");
    assert!(file_names(&out.0).is_empty());
}

#[test]
fn many_hours_and_many_bytes_make_several_files() {
    let out = new_folder();
    // 40 hours, mixed.
    let changes: String = (0..400)
        .map(|at| change_at(&format!("o-{at:03}"), 1_717_200_000 + at * 7 % 40 * 3_600).to_string())
        .collect();
    parquet(&out, &[], changes).exits_with(0).says("400 in: 400 ok");
    assert_eq!(file_names(&out.0).len(), 40, "one file an hour");
    let mut all: Vec<String> = file_names(&out.0).iter().flat_map(|file| ids(&out, file)).collect();
    all.sort();
    assert_eq!(all, (0..400).map(|at| format!("o-{at:03}")).collect::<Vec<_>>());

    let out = new_folder();
    let mut changes = String::new();
    let mut random = 1_u64;
    for at in 0..3_000 {
        let mut change = change(&format!("o-{at:04}"));
        // Text that compresses badly, so that there are bytes to count.
        let memo: String = (0..1_500)
            .map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b' ' + 1 + (random >> 33) as u8 % 90)
            })
            .filter(|letter| !matches!(letter, '"' | '\\'))
            .collect();
        change["dynamodb"]["NewImage"]["memo"] = json!({"S": memo});
        changes += &change.to_string();
    }
    parquet(&out, &["--file-mib", "1"], changes).exits_with(0);
    let parts = file_names(&out.0);
    assert!((3..=6).contains(&parts.len()), "{parts:?}");
    let all: Vec<String> = parts.iter().flat_map(|file| ids(&out, file)).collect();
    assert_eq!(all, (0..3_000).map(|at| format!("o-{at:04}")).collect::<Vec<_>>());
}

#[test]
fn records_that_fail_leave_no_folders() {
    let out = new_folder();
    let schema = orders(&json!([{"name": "order_id", "type": "bigint"}]));
    let schema = TempFile::new("wrong-key.json", schema.to_string());
    let args = ["transform", "--format", "parquet", "--schema", schema.path(), "--out", out.path()];
    dynalake_with(&args, change("o-1").to_string()).exits_with(1).says("1 failed");
    assert_eq!(std::fs::read_dir(&out.0).unwrap().count(), 0);
}

#[test]
fn rows_are_written_whoever_reads_their_names() {
    let out = new_folder();
    let args = ["transform", "--format", "parquet", "--schema", "orders.json", "--out", out.path()];
    let mut child = start(&args);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    for at in 0..3 {
        writeln!(stdin, "{}", change_at(&format!("o-{at}"), 1_717_200_000 + at * 3_600)).unwrap();
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(file_names(&out.0).len(), 3);
}

#[test]
fn a_firehose_events_records_must_say_their_table() {
    let mut nameless = change("o-1");
    nameless.as_object_mut().unwrap().remove("tableName");
    let event = event(&[nameless.to_string()]).to_string();
    for format in [&["jsonl"][..], &["parquet", "--out"]] {
        let out = new_folder();
        let mut args = vec!["transform", "--schema", "orders.json", "--format"];
        args.extend(format);
        args.extend((format.len() > 1).then_some(out.path()));
        dynalake_with(&args, &event)
            .exits_with(1)
            .says("r-0: failed: the change record has neither tableName");
    }
}

#[test]
fn microseconds_rescue_what_is_finer() {
    let schema = orders(&json!([{"name": "order_id", "type": "string"},
        {"name": "placed_at", "type": "timestamp"}]));
    let schema = TempFile::new("micros.json", schema.to_string());
    let mut change = change("o-1");
    change["dynamodb"]["NewImage"] =
        json!({"orderId": {"S": "o-1"}, "placedAt": {"S": "2024-06-01T00:00:00.123456789Z"}});
    for (timestamps, rescued) in [("int96", 0), ("micros", 1)] {
        let out = new_folder();
        let args = ["transform", "--format", "parquet", "--timestamps", timestamps, "--schema"];
        let args = [&args[..], &[schema.path(), "--out", out.path()]].concat();
        let done = dynalake_with(&args, change.to_string()).exits_with(0);
        let says = done.stderr.contains("line-1: rescued: placedAt: range");
        assert_eq!(says, rescued == 1, "{}", done.stderr);
    }
}

#[test]
fn options_of_files_go_together() {
    let base = ["transform", "--schema", "orders.json"];
    for (options, reason) in [
        (&["--format", "parquet"][..], "--format parquet writes files; add --out FOLDER"),
        (&["--out", "x"], "--out is for --format parquet; add it"),
        (&["--timestamps", "micros"], "--timestamps is for --format parquet; add it"),
        (&["--file-mib", "1"], "--file-mib is for --format parquet; add it"),
        (&["--format", "parquet", "--out", "orders.json"], "can't write orders.json"),
    ] {
        dynalake(&[&base[..], options].concat()).exits_with(2).says(reason);
    }
    dynalake(&["transform", "--format", "parquet", "--out", "x"])
        .exits_with(2)
        .says("--format parquet needs the columns' types; add --schema FILE");
}

#[test]
fn a_full_disk_leaves_no_half_of_a_file() {
    let out = new_folder();
    // Files of at most one block of 512 bytes, without the signal.
    let program = env!("CARGO_BIN_EXE_dynalake");
    let command = format!(
        "trap '' XFSZ; ulimit -f 1; exec {program} transform --format parquet --schema orders.json \
         --out {}",
        out.path()
    );
    let mut child = Command::new("sh")
        .args(["-c", &command])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(change("o-1").to_string().as_bytes()).unwrap();
    drop(stdin);
    let done = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("can't write ") && stderr.contains("part-00000.parquet"), "{stderr}");
    assert!(file_names(&out.0).is_empty(), "{:?}", file_names(&out.0));
}

#[test]
fn a_killed_process_leaves_whole_files_only() {
    let out = new_folder();
    let args = ["transform", "--format", "parquet", "--schema", "orders.json", "--out", out.path()];
    let mut child = start(&args);
    let mut stdin = child.stdin.take().unwrap();
    // Of 400 hours 256 files are open; a batch's names are printed at 3 MB.
    for at in 0..40_000_u64 {
        let change = change_at(&format!("o-{at}"), 1_717_200_000 + at / 50 * 3_600);
        if stdin.write_all(change.to_string().as_bytes()).is_err() {
            break;
        }
    }
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let printed = line.split("  ").next().unwrap();
    assert!(Path::new(printed).is_file(), "{line}");
    for file in file_names(&out.0).iter().filter(|file| file.ends_with(".parquet")) {
        assert_eq!(ids(&out, file).len(), 50, "{file}");
    }
}
