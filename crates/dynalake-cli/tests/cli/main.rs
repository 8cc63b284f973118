//! The command line, run as its users run it: a file for each subject.

mod backfill;
mod bad_values;
mod check;
mod ddl;
mod diff;
mod exports;
mod files;
mod formats;
mod framed;
mod help;
mod infer;
mod input;
mod kinds;
mod rejected;
mod replay;
#[cfg(feature = "s3")]
mod s3;
mod several;
mod unreadable;
mod warnings;
#[cfg(not(feature = "s3"))]
mod without_s3;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a run left behind.
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn exits_with(self, code: i32) -> Done {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Done {
        assert!(self.stderr.contains(text), "no {text:?} in stderr:\n{}", self.stderr);
        self
    }

    #[track_caller]
    fn prints(self, text: &str) -> Done {
        assert!(self.stdout.contains(text), "no {text:?} in stdout:\n{}", self.stdout);
        self
    }

    /// Each row as JSON.
    #[track_caller]
    fn rows(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn start(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dynalake"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn dynalake(args: &[&str]) -> Done {
    dynalake_with(args, "")
}

fn dynalake_with(args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
    let mut child = start(args);
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.as_ref().to_vec();
    // Nobody may be reading, if the arguments are rejected.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Rows of an input, without a schema.
fn transform(stdin: impl AsRef<[u8]>) -> Done {
    dynalake_with(&["transform", "--format", "jsonl"], stdin)
}

/// A change of the table `orders`.
fn change(id: &str) -> Value {
    json!({
        "eventID": format!("e-{id}"),
        "eventName": "INSERT",
        "tableName": "orders",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000_123_u64,
            "Keys": {"orderId": {"S": id}},
            "NewImage": {"orderId": {"S": id}, "total": {"N": "12.50"}}
        }
    })
}

/// A Firehose event of records with this data.
fn event(data: &[String]) -> Value {
    let records = data.iter().enumerate().map(|(at, data)| {
        json!({"recordId": format!("r-{at}"), "data": BASE64_STANDARD.encode(data),
            "kinesisRecordMetadata": {"sequenceNumber": format!("4959{at}"), "subsequenceNumber": ""}})
    });
    json!({"invocationId": "i", "region": "eu-central-1", "records": records.collect::<Vec<_>>()})
}

/// A file that is gone with the test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: impl AsRef<[u8]>) -> TempFile {
        let path = std::env::temp_dir().join(format!("dynalake-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        TempFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dynalake-{}-folder-{number}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        for (name, text) in files {
            let path = folder.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The files below a folder, each with its path from there, sorted.
fn file_names(folder: &Path) -> Vec<String> {
    fn walk(at: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

/// A number as the program writes it.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| std::str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(",")
}

fn check(schema: &Value) -> Done {
    dynalake_with(&["check", "-"], schema.to_string())
}

fn orders(columns: &Value) -> Value {
    json!({"table": "orders", "keys": ["orderId"], "columns": columns})
}
