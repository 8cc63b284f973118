//! Streams of frames, as the Spark job writes them: `dynalake transform --framed`.

mod agreement;
mod stream;
mod wrong;

use crate::*;
use std::collections::BTreeMap;
use std::fs;

/// When what the tests make arrived: 2024-07-12T00:00:02.333456Z.
const ARRIVAL_US: u64 = 1_720_742_402_333_456;

/// A record as the job hands it on.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) data: Vec<u8>,
    pub(crate) number: Option<String>,
    pub(crate) arrival_us: u64,
}

impl Record {
    /// With this data, the record of this number of a stream.
    pub(crate) fn new(data: impl AsRef<[u8]>, number: u32) -> Record {
        let number = Some(format!("4959033827149025660{number:05}"));
        Record { data: data.as_ref().to_vec(), number, arrival_us: ARRIVAL_US }
    }
}

/// Sixteen bytes: of a record, or of the end.
fn head(data_len: u32, number_len: u16, kind: u8, reserved: u8, value: u64) -> Vec<u8> {
    let mut head = data_len.to_le_bytes().to_vec();
    head.extend(number_len.to_le_bytes());
    head.extend([kind, reserved]);
    head.extend(value.to_le_bytes());
    head
}

fn frame(record: &Record) -> Vec<u8> {
    let number = record.number.as_deref().unwrap_or_default();
    let mut frame = head(record.data.len() as u32, number.len() as u16, 1, 0, record.arrival_us);
    frame.extend(number.as_bytes());
    frame.extend(&record.data);
    frame
}

fn end(count: u64) -> Vec<u8> {
    head(0, 0, 2, 0, count)
}

/// A whole stream.
pub(crate) fn frames(records: &[Record]) -> Vec<u8> {
    let mut stream = b"dynalak1".to_vec();
    stream.extend(records.iter().flat_map(frame));
    stream.extend(end(records.len() as u64));
    stream
}

/// Two folders: of rows, and of what is rejected.
struct Places {
    out: Folder,
    rejected: Folder,
}

impl Places {
    fn new() -> Places {
        Places { out: Folder::new(&[]), rejected: Folder::new(&[]) }
    }

    fn run(&self, schema: &str, args: &[&str], stream: impl AsRef<[u8]>) -> Done {
        let places = ["--out", self.out.path(), "--rejected", self.rejected.path()];
        let fixed = ["transform", "--format", "parquet", "--framed", "--schema", schema];
        dynalake_with(&[&fixed[..], &places, &["--name", "spark-q-7-0"], args].concat(), stream)
    }

    /// Of the other tests' schema.
    fn take(&self, stream: impl AsRef<[u8]>) -> Done {
        self.run("orders.json", &["-"], stream)
    }

    /// All files, those of `out` and those of `rejected`.
    fn files(&self) -> [BTreeMap<String, Vec<u8>>; 2] {
        [&self.out, &self.rejected].map(files)
    }
}

fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    if !folder.0.exists() {
        return BTreeMap::new();
    }
    let names = file_names(&folder.0).into_iter();
    names.map(|name| (name.clone(), fs::read(folder.0.join(name)).unwrap())).collect()
}

/// The one line on standard output.
#[track_caller]
pub(crate) fn counts(done: &Done) -> Value {
    let [line] = done.rows().try_into().expect("one line");
    let count = |name: &str| line[name].as_u64().unwrap();
    assert_eq!(count("records"), count("rows") + count("rejected") + count("dropped"), "{line}");
    line
}
