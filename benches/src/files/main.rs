//! The Rust side of the bench of files: change records to Parquet bytes, by ours and what it is
//! compared with. `python3 benches --files` calls it; it measures nothing but memory itself.

mod arrow;
mod lower_bound;

use base64_simd::STANDARD;
use dynalake::record::{Options, RecordTransformer};
use dynalake::schema::{Plan, Schema};
use dynalake_parquet::{FileWriter, Form, Limits, Timestamps};
use std::collections::HashMap;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write, sink, stdin, stdout};
use std::path::{Path, PathBuf};
use std::{env, fs};

const USAGE: &str = "\
files serve FOLDER              runs what each line of standard input names: PEER NAME [FILE]
files records FOLDER NAME       makes NAME.records.jsonl, for `rows`
files rows FOLDER NAME COUNT    writes so many rows to nowhere; prints the bytes of the largest row
                                group and of the peak memory
files once FOLDER NAME TIMES    runs ours so often and nothing else";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", folder] => serve(PathBuf::from(folder)),
        ["records", folder, name] => {
            let records = Input::read(Path::new(folder), name).records;
            let lines: Vec<_> = records.iter().map(|record| record.data.as_slice()).collect();
            let file = Path::new(folder).join(format!("{name}.records.jsonl"));
            fs::write(file, lines.join(&b'\n')).expect("FOLDER can be written");
        }
        ["rows", folder, name, count] => {
            rows(Path::new(folder), name, count.parse().expect("COUNT is a number"));
        }
        ["once", folder, name, times] => {
            let mut input = Input::read(Path::new(folder), name);
            for _ in 0..times.parse().expect("TIMES is a number") {
                black_box(input.ours());
            }
        }
        _ => panic!("{USAGE}"),
    }
}

/// A change record, with Kinesis' number.
pub(crate) struct Record {
    sequence_number: String,
    data: Vec<u8>,
}

/// Change records, and what works on them.
struct Input {
    records: Vec<Record>,
    transformer: RecordTransformer,
    form: Form,
    lines: Vec<u8>,
    arrow: arrow::Peer,
    lower_bound: Option<lower_bound::LowerBound>,
}

impl Input {
    fn read(folder: &Path, name: &str) -> Input {
        let read = |what: &str| {
            fs::read(folder.join(format!("{name}.{what}.json")))
                .expect("`worker write` has made the file")
        };
        let event: serde_json::Value = serde_json::from_slice(&read("event")).expect("it is JSON");
        let record = |record: &serde_json::Value| Record {
            sequence_number: record["kinesisRecordMetadata"]["sequenceNumber"]
                .as_str()
                .expect("it is Kinesis'")
                .to_owned(),
            data: STANDARD
                .decode_to_vec(record["data"].as_str().expect("it has data"))
                .expect("it is base64"),
        };
        let records = event["records"].as_array().expect("it is an event").iter().map(record);
        let schema = String::from_utf8(read("schema")).expect("the schema is UTF-8");
        let schema = Schema::parse(&schema).expect("the schema is good");
        let plan = Plan::new(&schema);
        let options = Options::new(&plan);
        Input {
            records: records.collect(),
            transformer: RecordTransformer::new(plan, options),
            form: Form::new(&schema, Timestamps::Int96).expect("its types have a form"),
            lines: Vec::new(),
            arrow: arrow::Peer::new(&schema),
            lower_bound: None,
        }
    }

    /// Ours, to a file.
    fn ours(&mut self) -> Vec<u8> {
        let mut file = FileWriter::new(Vec::new(), &self.form, Limits::default())
            .expect("memory takes every write");
        for record in &self.records {
            let number = Some(record.sequence_number.as_bytes());
            self.transformer.transform(black_box(&record.data), number, file.columns());
            file.advance().expect("memory takes every write");
        }
        file.close().expect("memory takes every write")
    }

    /// Ours, to lines of JSON.
    fn json(&mut self) -> &[u8] {
        self.lines.clear();
        for record in &self.records {
            let number = Some(record.sequence_number.as_bytes());
            self.transformer.transform(black_box(&record.data), number, &mut self.lines);
        }
        &self.lines
    }
}

/// Answers each line with the size of what was made.
fn serve(folder: PathBuf) {
    let mut inputs: HashMap<String, Input> = HashMap::new();
    for line in stdin().lines() {
        let line = line.expect("commands are UTF-8");
        let words: Vec<&str> = line.split(' ').collect();
        let (peer, name) = (words[0], words[1]);
        let input = inputs.entry(name.to_owned()).or_insert_with(|| Input::read(&folder, name));
        let made = match peer {
            "load" => Vec::new(),
            "ours" => input.ours(),
            "json" => {
                let lines = black_box(input.json());
                // Copied where they are wanted only: the copy is not part of the job.
                if words.len() > 2 { lines.to_vec() } else { Vec::new() }
            }
            "arrow" => input.arrow.write(&input.records),
            "lower_bound" => {
                if input.lower_bound.is_none() {
                    let ours = input.ours();
                    input.lower_bound = Some(lower_bound::LowerBound::new(ours));
                }
                input.lower_bound.as_ref().expect("it was made above").write()
            }
            _ => panic!("no peer {peer}"),
        };
        if let Some(file) = words.get(2) {
            fs::write(file, &made).expect("FILE can be written");
        }
        let mut out = stdout().lock();
        writeln!(out, "{}", black_box(made).len())
            .and_then(|()| out.flush())
            .expect("somebody listens");
    }
}

/// Writes so many rows, the input's again and again, each with a sequence number of its own. The
/// input is read as it is needed, so that the peak is the writer's.
fn rows(folder: &Path, name: &str, count: usize) {
    let schema = fs::read_to_string(folder.join(format!("{name}.schema.json")));
    let schema = Schema::parse(&schema.expect("`worker write` has made the file"));
    let schema = schema.expect("the schema is good");
    let plan = Plan::new(&schema);
    let options = Options::new(&plan);
    let mut transformer = RecordTransformer::new(plan, options);
    let form = Form::new(&schema, Timestamps::Int96).expect("its types have a form");
    let mut file =
        FileWriter::new(sink(), &form, Limits::default()).expect("nowhere takes every write");
    let (mut written, mut largest, mut line) = (file.bytes_written(), 0, Vec::new());
    let open = || {
        let file = fs::File::open(folder.join(format!("{name}.records.jsonl")));
        BufReader::new(file.expect("`records` has made the file"))
    };
    let mut records = open();
    for at in 0..count {
        line.clear();
        if records.read_until(b'\n', &mut line).expect("the file can be read") == 0 {
            records = open();
            records.read_until(b'\n', &mut line).expect("the file can be read");
        }
        let number = format!("{at:056}");
        transformer.transform(&line, Some(number.as_bytes()), file.columns());
        file.advance().expect("nowhere takes every write");
        largest = largest.max(file.bytes_written() - written);
        written = file.bytes_written();
    }
    assert_eq!(file.rows(), count as u64, "each record is a row");
    file.close().expect("nowhere takes every write");
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).expect("Linux has it");
    println!("{largest} {}", peak.parse::<usize>().expect("it is a number") << 10);
}
