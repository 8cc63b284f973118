//! Reading from S3 and writing to it.

mod credentials;
mod exports;
mod faults;
mod frames;
mod out;
#[path = "../../../../../tests/support/percent.rs"]
mod percent;
mod server;

use crate::*;
use server::{ACCESS_KEY, S3, SECRET, TOKEN};
use std::collections::BTreeMap;
use std::path::Path;

/// The program, with an environment that gives no credentials.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynalake"));
    command
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

/// Runs the program with this environment and nothing else.
fn run(args: &[&str], environment: &[(&str, &str)]) -> Done {
    let output = command(args).envs(environment.iter().copied()).output().unwrap();
    let done = Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for secret in [SECRET, TOKEN] {
        assert!(!done.stderr.contains(secret) && !done.stdout.contains(secret), "{}", done.stderr);
    }
    done
}

/// Runs it with the credentials that the server knows.
fn run_on(s3: &S3, args: &[&str]) -> Done {
    let keys = [("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    run(args, &[&[("AWS_ENDPOINT_URL_S3", s3.url().as_str())], &keys[..]].concat())
}

const TO_PARQUET: [&str; 5] = ["transform", "--format", "parquet", "--schema", "orders.json"];

/// Changes with text that compresses badly, so that there are bytes to send.
fn many_changes(count: u64) -> String {
    let mut random = 1_u64;
    let mut changes = String::new();
    for at in 0..count {
        let mut change = change(&format!("o-{at:05}"));
        let memo = (0..1_500).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (random >> 33) as u8 % 26)
        });
        let memo: String = memo.collect();
        change["dynamodb"]["NewImage"]["memo"] = json!({"S": memo});
        changes += &change.to_string();
        changes += "\n";
    }
    changes
}

/// The files of a folder, by their names there.
fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// Files for a folder or a prefix: plain ones, gzip, a large one of several ranges, hidden ones.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let line = |id: &str| format!("{}\n", change(id)).into_bytes();
    vec![
        ("a.jsonl", line("o-0")),
        ("a/1.jsonl", line("o-1")),
        ("a/2 &.jsonl.gz", gzip(&line("o-2"))),
        ("a/deep/=3", line("o-3")),
        ("a/_SUCCESS", b"no JSON".to_vec()),
        ("a/.hidden/4", b"no JSON".to_vec()),
        ("large.jsonl", many_changes(6_000).into_bytes()),
        ("z.jsonl", line("o-4")),
    ]
}

#[test]
fn a_prefix_gives_the_same_files_as_a_folder() {
    let inputs = inputs();
    let borrowed: Vec<_> = inputs.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    let folder = Folder::new(&borrowed);
    let local = Folder::new(&[]);
    dynalake(&[&TO_PARQUET[..], &["--out", local.path(), folder.path()]].concat()).exits_with(0);
    let expected = files_of(&local.0);
    assert_eq!(expected.len(), 1);
    assert!(expected.values().next().unwrap().len() > 8 << 20, "it has several parts");

    let s3 = S3::start();
    for (name, bytes) in &inputs {
        s3.put(&format!("in/{name}"), bytes);
    }
    // Objects beside the prefix are not read, nor the empty objects that the console makes for
    // folders.
    s3.put("in2/b.jsonl", "no JSON");
    s3.put("in/", "");
    s3.put("in/empty/", "");
    s3.put("out/rows/", "");
    let schema = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/orders.json"));
    s3.put("schemas/orders.json", schema.unwrap());
    let args = ["--schema", "s3://lake/schemas/orders.json", "--out", "s3://lake/out/rows/"];
    let args = [&["transform", "--format", "parquet"], &args[..], &["s3://lake/in/"]].concat();
    let done = run_on(&s3, &args).exits_with(0).says("inputs      6 read, 0 failed");
    let mut found = s3.objects("out/rows/");
    found.remove("");
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(found == expected, "the bytes differ");
    assert_eq!(s3.open_uploads(), 0);
    let file = expected.keys().next().unwrap();
    assert!(done.stdout.starts_with(&format!("s3://lake/out/rows/{file}  6,005 rows, ")));
    // What is there stays.
    run_on(&s3, &args).exits_with(2).says("--out: s3://lake/out/rows/ is not empty");
}

#[test]
fn objects_are_read_by_their_keys() {
    let s3 = S3::start();
    s3.put("a b+c/é=1.jsonl", change("o-1").to_string());
    s3.put("empty", "");
    let args = ["transform", "--format", "jsonl", "s3://lake/a b+c/é=1.jsonl"];
    assert_eq!(run_on(&s3, &args).exits_with(0).rows()[0]["order_id"], "o-1");
    run_on(&s3, &["transform", "s3://lake/empty"])
        .exits_with(2)
        .says("error: s3://lake/empty is empty");
    // The whole bucket, with and without a slash.
    for address in ["s3://lake", "s3://lake/"] {
        run_on(&s3, &["transform", "--format", "jsonl", address]).exits_with(0).says("1 in: 1 ok");
    }
    // A bad input costs no other.
    let args = ["transform", "--format", "jsonl", "s3://lake/no", "changes.jsonl", "s3://lake/no/"];
    run_on(&s3, &args)
        .exits_with(1)
        .says("error: can't read s3://lake/no: there is no such object; check the key. The address")
        .says("error: s3://lake/no/ has no objects below it; check the prefix");
}

#[test]
fn a_reader_that_stops_early_leaves_the_rest() {
    let s3 = S3::start();
    // 24 MiB that begin with what is no record.
    s3.put("big.csv", "id,total\n".repeat(24 << 20 >> 3));
    run_on(&s3, &["transform", "s3://lake/big.csv"]).exits_with(2).says("is CSV, or text like it");
    let ranges = s3.count("GET /lake/big.csv");
    assert!((1..=4).contains(&ranges), "{ranges} ranges of 7 were fetched");
}

#[test]
fn bad_addresses_are_named() {
    for (address, message) in [
        ("s3://", "s3:// names no bucket; write it as s3://bucket/prefix/"),
        ("s3://b u/k", "s3://b u/k names no bucket"),
        ("s3://arn:aws:s3:::b/k", "names no bucket"),
        ("s3://b/a//b/", "s3://b/a//b/: a key there has an empty part (//)"),
        ("s3://b/a/../b/", "the part . or .."),
    ] {
        run(&["transform", address], &[]).exits_with(2).says(message);
    }
    for (setting, value, message) in [
        (
            "AWS_ENDPOINT_URL_S3",
            "localhost:9000",
            "AWS_ENDPOINT_URL_S3 is \"localhost:9000\"; write it",
        ),
        ("AWS_ENDPOINT_URL", "http://u:Secret@h/", "AWS_ENDPOINT_URL; write it as https://host"),
        ("AWS_REGION", "eu west", "the region is \"eu west\"; set AWS_REGION to one such as"),
        ("AWS_MAX_ATTEMPTS", "none", "AWS_MAX_ATTEMPTS is \"none\"; set it to 1 to 100"),
        ("AWS_CA_BUNDLE", "absent.pem", "can't read AWS_CA_BUNDLE absent.pem: "),
        ("AWS_CA_BUNDLE", "orders.json", "AWS_CA_BUNDLE orders.json holds no certificates in PEM"),
    ] {
        let done = run(&["transform", "s3://lake/k"], &[(setting, value)]).exits_with(2);
        let done = done.says(&format!("can't read s3://lake/k: {message}"));
        assert!(!done.stderr.contains("Secret"), "{}", done.stderr);
    }
}

#[test]
fn no_other_object_is_replaced() {
    let s3 = S3::start();
    s3.put("in/a.jsonl", change("o-1").to_string());
    s3.put("in/b.jsonl", many_changes(6_000));
    for name in ["a.jsonl", "b.jsonl"] {
        let [input, out] = ["in", "out"].map(|folder| format!("s3://lake/{folder}/{name}"));
        // Another run writes the file, behind the look into the folder.
        let key = format!("out/{name}/dt=2023-11-14/hour=22/part-00000.parquet");
        s3.put(&key, "theirs");
        s3.hides(&key);
        let done = run_on(&s3, &[&TO_PARQUET[..], &["--out", &out, &input]].concat());
        done.exits_with(2).says("parquet: another run has written it meanwhile; give each run a");
        assert_eq!(s3.objects(&key)[""], b"theirs");
        assert_eq!(s3.open_uploads(), 0, "and nothing is left");
    }
    assert_eq!(s3.count("POST /lake/out/b.jsonl/"), 2, "one went by an upload");
}
