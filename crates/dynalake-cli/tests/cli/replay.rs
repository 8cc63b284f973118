//! `dynalake replay`: what failed on its way to the lake, as rows after all.
//!
//! Each folder of `tests/data/replay` is a case: a schema, objects as AWS or the direct function
//! wrote them, and `expected.json` with the files' rows, what was rejected and what is said.
//! `DYNALAKE_BLESS=1 cargo test -p dynalake-cli replay` writes that.

mod bad_values;
mod objects;
mod second_run;

use crate::*;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Map;
use std::collections::BTreeMap;
use std::fs::{self, File};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/replay");

/// When what the tests make arrived: 2024-07-12T00:00:02.333Z.
const ARRIVAL_MS: u64 = 1_720_742_402_333;

fn replay(out: &Folder, errors: &[&str]) -> Done {
    dynalake(&[&["replay", "--schema", "orders.json", "--out", out.path()], errors].concat())
}

/// A line of an error prefix.
fn failed(record: &Value) -> String {
    json!({"rawData": BASE64_STANDARD.encode(record.to_string()), "arrivalTimestamp": ARRIVAL_MS,
        "errorCode": "Lambda.FunctionError", "lambdaARN": "arn"})
    .to_string()
}

/// A value of a file; `None` if it is null.
fn value(field: &Field) -> Option<Value> {
    let or_null = |field: &Field| value(field).unwrap_or(Value::Null);
    Some(match field {
        Field::Null => return None,
        Field::Str(text) => json!(text),
        Field::Bool(value) => json!(value),
        Field::ListInternal(list) => list.elements().iter().map(or_null).collect(),
        Field::Group(group) => {
            let members = group.get_column_iter();
            let members = members.filter_map(|(name, field)| Some((name.clone(), value(field)?)));
            Value::Object(members.collect())
        }
        other => json!(other.to_string()),
    })
}

/// The rows of a file.
fn rows(file: &Path) -> Vec<Value> {
    let file = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let row = |row: parquet::record::Row| {
        let columns = row.get_column_iter();
        let columns = columns.filter_map(|(name, field)| Some((name.clone(), value(field)?)));
        columns.collect::<Map<_, _>>().into()
    };
    file.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
}

/// All rows of a folder's files.
pub(crate) fn all_rows(out: &Folder) -> Vec<Value> {
    let files = file_names(&out.0);
    let parquet = files.iter().filter(|file| file.ends_with(".parquet"));
    parquet.flat_map(|file| rows(&out.0.join(file))).collect()
}

fn ids(out: &Folder) -> Vec<String> {
    let mut ids: Vec<_> = all_rows(out)
        .iter()
        .map(|row| row["order_id"].as_str().expect("a key").to_owned())
        .collect();
    ids.sort();
    ids
}

/// The bytes of all files.
fn bytes(out: &Folder) -> BTreeMap<String, Vec<u8>> {
    file_names(&out.0)
        .into_iter()
        .map(|file| (file.clone(), fs::read(out.0.join(file)).unwrap()))
        .collect()
}

#[test]
fn every_case_gives_what_it_expects() {
    let mut cases: Vec<_> = fs::read_dir(CASES).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 18, "{cases:?}");
    let mut wrong = Vec::new();
    for case in cases {
        let out = Folder::new(&[]);
        let schema = case.join("schema.json");
        let mut inputs: Vec<_> = fs::read_dir(&case)
            .unwrap()
            .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
            .filter(|path| !path.ends_with("/schema.json") && !path.ends_with("/expected.json"))
            .collect();
        inputs.sort();
        let mut args = vec!["replay", "--schema", schema.to_str().unwrap(), "--out", out.path()];
        args.extend(inputs.iter().map(String::as_str));
        let done = dynalake(&args);
        let before = bytes(&out);
        dynalake(&args).exits_with(done.code);
        assert_eq!(bytes(&out), before, "a second run changes nothing: {}", case.display());
        let mut written = Map::new();
        for file in before.keys() {
            let path = out.0.join(file);
            let content = if file.ends_with(".parquet") {
                rows(&path).into()
            } else {
                json!(String::from_utf8(fs::read(path).unwrap()).unwrap())
            };
            written.insert(file.clone(), content);
        }
        let said: Vec<String> = done
            .stderr
            .replace(out.path(), "OUT")
            .replace(case.to_str().unwrap(), "CASE")
            .lines()
            .map(str::to_owned)
            .collect();
        let got = json!({"exit": done.code, "said": said, "files": written});
        let text = serde_json::to_string_pretty(&got).unwrap() + "\n";
        let expected = case.join("expected.json");
        if std::env::var_os("DYNALAKE_BLESS").is_some() {
            fs::write(&expected, &text).unwrap();
            continue;
        }
        // As values: their members' order is that of a feature of serde_json.
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if serde_json::from_str::<Value>(&expected).ok() != Some(got) {
            wrong.push(format!("{}:\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn half_a_value_at_the_end_costs_no_other() {
    let lines = [failed(&change("o-1")), failed(&change("o-2")), failed(&change("o-3"))];
    let whole = lines[..2].concat();
    let cut = format!("{whole}{}", &lines[2][..lines[2].len() - 20]);
    for object in [cut.clone(), cut.replace("}{", "}\n{")] {
        let at = thousands(object.len() - (lines[2].len() - 20));
        let errors = Folder::new(&[("object-1", object.as_bytes())]);
        let out = Folder::new(&[]);
        let done = replay(&out, &[errors.path()])
            .exits_with(1)
            .says(&format!("in the middle of a JSON value, which begins at byte {at}; fetch"))
            .says("2 in: 2 rows, 0 rejected, 0 dropped, 0 control messages");
        assert!(!done.stderr.contains("o-3"));
        assert_eq!(ids(&out), ["o-1", "o-2"], "what was readable is there");
        // Once the object is whole, it takes the place of what was there.
        fs::write(errors.0.join("object-1"), lines.concat()).unwrap();
        replay(&out, &[errors.path()]).exits_with(0);
        assert_eq!(ids(&out), ["o-1", "o-2", "o-3"]);
    }
}

#[test]
fn a_truncated_gzip_costs_only_what_is_cut_off() {
    // Texts that don't compress, so that the first records are whole in what is left.
    let mut random = 1_u64;
    let records: Vec<String> = (0..200)
        .map(|at| {
            let mut change = change(&format!("o-{at:03}"));
            let memo: Vec<u8> = (0..1_000)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    b'a' + (random >> 33) as u8 % 26
                })
                .collect();
            change["dynamodb"]["NewImage"]["memo"] = json!({"S": String::from_utf8(memo).unwrap()});
            failed(&change)
        })
        .collect();
    let object = gzip(records.concat().as_bytes());
    for part in [1, 2, 3] {
        let errors = Folder::new(&[("object-1", &object[..object.len() * part / 4])]);
        let out = Folder::new(&[]);
        let done = replay(&out, &[errors.path()])
            .exits_with(1)
            .says("its gzip is cut off or damaged")
            .says("read up to byte ");
        let rows = ids(&out).len();
        let all: usize = 200;
        assert!((all * part / 4).abs_diff(rows) < 20, "{rows} rows of {part}/4");
        // Each record that was unzipped whole is a row.
        let at = done.stderr.split("read up to byte ").nth(1).unwrap();
        let at: usize = at.split('\n').next().unwrap().replace(',', "").parse().unwrap();
        assert_eq!(at, records[..rows].concat().len());
    }
}

#[test]
fn a_killed_process_leaves_whole_files_and_a_second_run_all() {
    let objects: Vec<(String, String)> = (0..300)
        .map(|at| (format!("object-{at:03}"), failed(&change(&format!("o-{at:03}")))))
        .collect();
    let objects: Vec<(&str, &[u8])> =
        objects.iter().map(|(name, text)| (&**name, text.as_bytes())).collect();
    let errors = Folder::new(&objects);
    let (out, other) = (Folder::new(&[]), Folder::new(&[]));
    let mut child =
        start(&["replay", "--schema", "orders.json", "--out", out.path(), errors.path()]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    for file in file_names(&out.0).iter().filter(|file| file.ends_with(".parquet")) {
        assert_eq!(rows(&out.0.join(file)).len(), 1, "{file}");
    }
    replay(&out, &[errors.path()]).exits_with(0);
    replay(&other, &[errors.path()]).exits_with(0);
    let whole = |folder: &Folder| {
        let mut files = bytes(folder);
        // What the killed run has left behind; readers pass over it.
        files.retain(|name, _| !name.contains("/."));
        files
    };
    assert_eq!(whole(&out), bytes(&other));
}

#[test]
fn objects_of_one_name_share_their_files() {
    let one = failed(&change("o-1"));
    let two = failed(&change("o-2"));
    let errors = Folder::new(&[
        ("processing-failed/shard-1-2.json", one.as_bytes()),
        ("others/processing-failed/shard-1-2.json", two.as_bytes()),
    ]);
    let out = Folder::new(&[]);
    replay(&out, &[errors.path()]).exits_with(0).says("2 in: 2 rows");
    assert_eq!(ids(&out), ["o-1", "o-2"]);
    assert_eq!(file_names(&out.0).len(), 1);
}

#[test]
fn what_was_rejected_can_be_replayed_apart() {
    let mut keyless = change("o-2");
    keyless["dynamodb"]["NewImage"].as_object_mut().unwrap().remove("orderId");
    let object = [failed(&change("o-1")), failed(&keyless)].concat();
    let errors = Folder::new(&[("object-1", object.as_bytes())]);
    let out = Folder::new(&[]);
    replay(&out, &[errors.path()])
        .exits_with(1)
        .says("2 in: 1 row, 1 rejected, 0 dropped")
        .says("rejected  1 key_not_filled: key column")
        .says("rejected, as it was:\n  key_not_filled: change the schema and run this again\n");
    let kept = fs::read_to_string(out.0.join("rejected/object-1.rejected")).unwrap();
    assert_eq!(kept, failed(&keyless) + "\n", "as it was");

    // By a schema that it fits it is a row, and the other is there still.
    let lenient = json!({"table": "orders", "keys": ["total"], "columns": [
        {"name": "order_id", "type": "string"}, {"name": "total", "type": "decimal(38,9)"}]});
    let lenient = TempFile::new("lenient.json", lenient.to_string());
    let rejected = out.0.join("rejected/object-1.rejected");
    let args = ["replay", "--schema", lenient.path(), "--out", out.path()];
    dynalake(&[&args[..], &[rejected.to_str().unwrap()]].concat()).exits_with(0);
    assert_eq!(all_rows(&out).len(), 2);

    // And where the object itself is replayed, what is rejected no more is named.
    dynalake(&[&args[..], &[errors.path()]].concat())
        .exits_with(0)
        .says("warning: 1 file is of an earlier run")
        .says("object-1.rejected");
}

#[test]
fn standard_input_is_named_by_its_contents() {
    let out = Folder::new(&[]);
    let args = ["replay", "--schema", "orders.json", "--out", out.path(), "-"];
    for id in ["o-1", "o-2", "o-1"] {
        dynalake_with(&args, failed(&change(id))).exits_with(0).says("1 in: 1 row");
    }
    assert_eq!(ids(&out), ["o-1", "o-2"]);
}

#[test]
fn attribute_values_never_reach_stderr() {
    let mut secret = change("secret-1");
    secret["dynamodb"]["NewImage"]["orderId"] = json!({"M": {"secret": {"S": "secret"}}});
    secret["dynamodb"]["Keys"] = json!({});
    let text = [failed(&secret), "{\"secret\": ".to_owned()].concat();
    let errors = Folder::new(&[("object-1", text.as_bytes())]);
    let out = Folder::new(&[]);
    let done = replay(&out, &[errors.path()]).exits_with(1);
    assert!(!done.stderr.contains("secret"), "{}", done.stderr);
}

#[test]
fn what_can_not_be_done_is_rejected_with_the_fix() {
    let errors = Folder::new(&[("object-1", failed(&change("o-1")).as_bytes())]);
    let inside = errors.0.join("rows");
    let empty = Folder::new(&[("object-1", b"")]);
    let parquet = Folder::new(&[("object-1", b"PAR1...")]);
    let out = Folder::new(&[]);
    for (out, errors, reason) in [
        ("-", errors.path(), "--out is \"-\", and has to be a folder"),
        (inside.to_str().unwrap(), errors.path(), "which is read; give a folder of its own"),
        (out.path(), empty.path(), "there is nothing to replay: no object has a record"),
        (out.path(), parquet.path(), "is Parquet, which holds rows and not change records; give"),
        (out.path(), "no-such-file", "can't read no-such-file"),
        ("orders.json", errors.path(), "can't write orders.json"),
    ] {
        dynalake(&["replay", "--schema", "orders.json", "--out", out, errors])
            .exits_with(2)
            .says(reason);
    }
    dynalake(&["replay", "--schema", "orders.json", "--out", out.path(), "-", "-"])
        .exits_with(2)
        .says("\"-\" is given twice");
    // One that can't be read costs no other.
    replay(&out, &[errors.path(), "no-such-file"]).exits_with(1).says("1 in: 1 row");
}

#[test]
fn a_bad_folder_of_rejected_values_is_said_before_anything_is_made() {
    let errors = Folder::new(&[("object-1", failed(&change("o-1")).as_bytes())]);
    let parent = Folder::new(&[]);
    let out = parent.0.join("out");
    let args = ["replay", "--schema", "orders.json", "--out", out.to_str().unwrap()];
    for rejected in ["-", "s3://"] {
        dynalake(&[&args[..], &["--rejected", rejected, errors.path()]].concat()).exits_with(2);
        assert!(!out.exists(), "--rejected {rejected}");
    }
}

#[test]
fn microseconds_rescue_what_is_finer() {
    let schema = orders(&json!([{"name": "order_id", "type": "string"},
        {"name": "placed_at", "type": "timestamp"}]));
    let schema = TempFile::new("replay-micros.json", schema.to_string());
    let mut change = change("o-1");
    change["dynamodb"]["NewImage"] =
        json!({"orderId": {"S": "o-1"}, "placedAt": {"S": "2024-06-01T00:00:00.123456789Z"}});
    for (timestamps, rescued) in [("int96", "rescued   0 rows"), ("micros", "rescued   1 row")] {
        let out = Folder::new(&[]);
        let args = ["replay", "--timestamps", timestamps, "--schema", schema.path(), "--out"];
        dynalake_with(&[&args[..], &[out.path(), "-"]].concat(), failed(&change))
            .exits_with(0)
            .says(rescued);
    }
}
