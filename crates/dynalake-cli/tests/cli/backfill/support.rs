//! Exports as DynamoDB lays them out, and what is made of them.

use crate::*;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

// The writer's own tests read its files so.
#[path = "../../../../dynalake-parquet/tests/files/read.rs"]
#[expect(dead_code, reason = "the form of files is checked there")]
mod read;

use read::Value as Read;

/// The key of the folder in which DynamoDB puts exports.
pub(crate) const ROOT: &str = "exports/AWSDynamoDB";

/// The time of full exports that don't say another.
pub(crate) const TIME: &str = "2024-05-27T06:11:47.000Z";

/// The folder of the files' rows of such an export, dated five minutes earlier.
pub(crate) const HOUR: &str = "dt=2024-05-27/hour=06";

/// The export's id.
pub(crate) const ID: &str = "01716790307109-cfa31da1";

/// An export before it is written.
pub(crate) struct Export {
    pub(crate) summary: Value,
    /// Name and stored bytes of each data file.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The lines of `manifest-files.json`.
    pub(crate) manifest: Vec<Value>,
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(Md5::digest(bytes))
}

impl Export {
    /// A full export of `orders`, whose files have these lines.
    pub(crate) fn full(files: &[(&str, &str)]) -> Export {
        let named = json!({"exportTime": TIME, "exportType": "FULL_EXPORT"});
        Export::new("orders", &named, files)
    }

    /// An incremental one.
    pub(crate) fn incremental(files: &[(&str, &str)]) -> Export {
        let named = json!({"exportFromTime": "2023-03-29T16:00:00.000Z",
            "exportToTime": "2023-03-29T18:00:00.000Z", "exportType": "INCREMENTAL_EXPORT",
            "outputView": "NEW_AND_OLD_IMAGES"});
        Export::new("orders", &named, files)
    }

    /// One of a table with these members in its summary.
    pub(crate) fn new(table: &str, named: &Value, files: &[(&str, &str)]) -> Export {
        let is_full = named["exportType"] == "FULL_EXPORT";
        let folder = if is_full { format!("{ROOT}/{ID}") } else { ROOT.to_owned() };
        let arn = format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}");
        let count = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
        let mut summary = json!({
            "version": "2020-06-30",
            "exportArn": format!("{arn}/export/{ID}"),
            "tableArn": arn,
            "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
            "s3Bucket": "my-exports",
            "s3Prefix": "exports",
            "manifestFilesS3Key": format!("{ROOT}/{ID}/manifest-files.json"),
            "itemCount": files.iter().map(|(_, text)| count(text)).sum::<usize>(),
            "outputFormat": "DYNAMODB_JSON",
        });
        summary.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        let manifest = files.iter().map(|(name, text)| {
            let stored = gzip(text.as_bytes());
            json!({"itemCount": count(text), "md5Checksum": md5(&stored), "etag": "x-1",
                "dataFileS3Key": format!("{folder}/data/{name}.json.gz")})
        });
        let stored = files.iter().map(|(name, text)| (name.to_string(), gzip(text.as_bytes())));
        Export { summary, manifest: manifest.collect(), files: stored.collect() }
    }

    /// Writes it as `aws s3 sync` copies the bucket's folder `AWSDynamoDB`.
    pub(crate) fn write(&self) -> Written {
        let folder = Folder::new(&[]);
        let lines: String = self.manifest.iter().map(|line| line.to_string() + "\n").collect();
        let summary = self.summary.to_string();
        let is_full = self.summary["exportType"] == "FULL_EXPORT";
        let data = if is_full { format!("{ID}/data") } else { "data".to_owned() };
        put(&folder, &format!("{ID}/_started"), b"");
        for (name, text) in [("manifest-summary", summary), ("manifest-files", lines)] {
            put(&folder, &format!("{ID}/{name}.json"), text.as_bytes());
            put(&folder, &format!("{ID}/{name}.checksum"), md5(text.as_bytes()).as_bytes());
        }
        fs::create_dir_all(folder.0.join(&data)).unwrap();
        for (name, stored) in &self.files {
            put(&folder, &format!("{data}/{name}.json.gz"), stored);
        }
        Written { folder, out: Folder::new(&[]) }
    }
}

pub(crate) fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    let path = folder.0.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// An export in a folder, and the folder for its rows.
pub(crate) struct Written {
    /// The copy of the bucket's folder `AWSDynamoDB`.
    pub(crate) folder: Folder,
    pub(crate) out: Folder,
}

impl Written {
    /// The export's own folder.
    pub(crate) fn home(&self) -> String {
        format!("{}/{ID}", self.folder.path())
    }

    pub(crate) fn backfill(&self, schema: &str, args: &[&str]) -> Done {
        let home = self.home();
        let fixed = ["backfill", "--schema", schema, &home, "--out", self.out.path()];
        dynalake(&[&fixed[..], args].concat())
    }

    /// With the schema of the other tests.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.backfill("orders.json", args)
    }

    /// What was written, by name.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.out.0)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// All rows, in the order of the files' names.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let files = self.files().into_iter();
        let parquet = files.filter(|(name, _)| name.ends_with(".parquet"));
        parquet.flat_map(|(_, bytes)| rows(bytes)).collect()
    }

    /// The rejected lines: where each was, its code and itself.
    pub(crate) fn rejected(&self) -> Vec<Value> {
        let files = self.files().into_iter();
        let rejected = files.filter(|(name, _)| name.starts_with("rejected/"));
        let texts = rejected.map(|(_, bytes)| String::from_utf8(bytes).unwrap());
        let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
    }
}

/// The files below a folder, by name.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    if folder.is_dir() {
        walk(folder, folder, &mut found);
    }
    found
}

/// The rows of a file, as JSON without nulls.
pub(crate) fn rows(file: Vec<u8>) -> Vec<Value> {
    let rows = read::rows(&read::open(file)).into_iter();
    rows.map(members).collect()
}

fn members(members: Vec<(String, Read)>) -> Value {
    let members = members.into_iter().filter(|(_, value)| *value != Read::Null);
    Value::Object(members.map(|(name, value)| (name, plain(value))).collect())
}

fn plain(value: Read) -> Value {
    match value {
        Read::Null => Value::Null,
        Read::Boolean(value) => json!(value),
        Read::Integer(value) => json!(value),
        // Without its point.
        Read::Decimal(value) => json!(value.to_string()),
        Read::Float(bits) => json!(f32::from_bits(bits)),
        Read::Double(bits) => json!(f64::from_bits(bits)),
        Read::Timestamp(nanoseconds) => {
            let mut text = Vec::new();
            dynalake::text::time::write_timestamp(nanoseconds.try_into().unwrap(), &mut text);
            json!(String::from_utf8(text).unwrap())
        }
        Read::Date(days) => json!(days),
        Read::Text(text) => json!(text),
        Read::Array(elements) => elements.into_iter().map(plain).collect(),
        Read::Map(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
        Read::Struct(fields) => members(fields),
    }
}

/// What the line of items says: in, rows, rejected, dropped; and that they add up.
#[track_caller]
pub(crate) fn items(done: &Done) -> [u64; 4] {
    let line = done.stderr.lines().find(|line| line.starts_with("items ")).expect("it says items");
    let numbers = line.replace(',', "");
    let numbers = numbers.split_whitespace().filter_map(|word| word.parse().ok());
    let numbers: [u64; 4] = numbers.collect::<Vec<_>>().try_into().expect("four numbers");
    let [all, rows, rejected, dropped] = numbers;
    assert_eq!(all, rows + rejected + dropped, "{line}");
    numbers
}
