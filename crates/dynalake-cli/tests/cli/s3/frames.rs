//! A stream of frames to S3, and some of an export's files.

use super::server::Fault;
use super::*;
use crate::backfill::support::{Export, ID, ROOT};
use crate::framed::{Record, counts, frames};

const OUT: &str = "s3://lake/data/orders/";
const REJECTED: &str = "s3://lake/errors/orders/spark-failed/";
const ARGS: [&str; 6] = ["transform", "--format", "parquet", "--framed", "--schema", "orders.json"];

fn framed(s3: &S3, stream: Vec<u8>) -> Done {
    let url = s3.url();
    let mut child =
        command(&[&ARGS[..], &["--out", OUT, "--rejected", REJECTED, "--name", "n"]].concat())
            .env("AWS_ENDPOINT_URL_S3", url)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || drop(pipe.write_all(&stream)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Rows of several MB, and records that can't be rows.
fn records() -> Vec<Record> {
    let changes = many_changes(8_000);
    let changes = changes.lines().zip(0..).map(|(line, at)| Record::new(line, at));
    changes
        .chain([Record::new("no JSON", 9_000), Record::new(vec![b'x'; 9 << 20], 9_001)])
        .collect()
}

#[test]
fn a_stream_to_s3_gives_the_same_files_as_to_folders() {
    let stream = frames(&records());
    let (out, rejected) = (Folder::new(&[]), Folder::new(&[]));
    let local = ["--out", out.path(), "--rejected", rejected.path(), "--name", "n"];
    let expected = dynalake_with(&[&ARGS[..], &local].concat(), &stream).exits_with(1);
    let s3 = S3::start();
    s3.put("data/orders/dt=2024-05-27/hour=06/theirs.parquet", "theirs");
    for run in 1..=2 {
        let done = framed(&s3, stream.clone()).exits_with(1);
        assert_eq!(counts(&done), counts(&expected), "run {run}");
        let mut rows = s3.objects("data/orders/");
        assert_eq!(rows.remove("dt=2024-05-27/hour=06/theirs.parquet").unwrap(), b"theirs");
        assert!(rows == files_of(&out.0), "run {run}: the bytes differ");
        assert!(rows.values().next().unwrap().len() > 8 << 20, "it has several parts");
        assert!(s3.objects("errors/orders/spark-failed/") == files_of(&rejected.0), "run {run}");
        assert_eq!(s3.open_uploads(), 0);
    }
}

#[test]
fn nothing_of_a_stream_that_is_cut_off_gets_to_s3() {
    let mut stream = frames(&records());
    stream.truncate(stream.len() - 1);
    let s3 = S3::start();
    framed(&s3, stream).exits_with(2).says("standard input is cut off");
    assert_eq!(s3.objects(""), BTreeMap::new());
    assert_eq!(s3.open_uploads(), 0);
}

#[test]
fn some_files_of_an_export_on_s3_are_those_of_a_run_over_all() {
    let item = |id: &str| json!({"Item": {"orderId": {"S": id}}}).to_string();
    let export = Export::full(&[("a", &item("o-1")), ("b", &item("o-2"))]).write();
    export.run(&[]).exits_with(0);
    let s3 = S3::start();
    for (name, bytes) in files_of(&export.folder.0) {
        s3.put(&format!("{ROOT}/{name}"), bytes);
    }
    s3.denies_absent();
    let from = format!("s3://lake/{ROOT}/{ID}");
    for (name, files) in [("a.json.gz", 1), ("b.json.gz", 2)] {
        let args = ["backfill", "--schema", "orders.json", &from, "--out", OUT, "--json"];
        let args = [&args[..], &["--rejected", REJECTED, "--data-file", name]].concat();
        let done = run_on(&s3, &args).exits_with(0);
        let [line] = done.rows().try_into().unwrap();
        assert_eq!((&line["rows"], &line["files"]), (&json!(1), &json!(1)));
        assert_eq!(s3.objects("data/orders/").len(), files);
    }
    assert!(s3.objects("data/orders/") == export.files());
}

#[test]
fn storage_that_fails_is_not_a_rejected_record() {
    let s3 = S3::start();
    s3.fails("PUT /lake/data/", 100, Fault::Error(403, "AccessDenied", "no"));
    let done = framed(&s3, frames(&[Record::new(change("o-1").to_string(), 1)])).exits_with(2);
    assert_eq!(done.stdout, "");
    done.says("error: can't write s3://lake/data/orders/dt=2023-11-14/hour=22/n.parquet");
}
