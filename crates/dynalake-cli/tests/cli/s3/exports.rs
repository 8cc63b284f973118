//! Exports and error objects on S3, loaded into the prefix of a table that is in use.

use super::server::Fault;
use super::*;
use crate::backfill::support::{Export, ID, ROOT, Written, items, put};
use std::time::{Duration, Instant};

const TABLE: &str = "data/orders/";
/// What the pipeline wrote before.
const THEIRS: &str = "data/orders/dt=2024-05-27/hour=06/dynalake-orders-1.parquet";

/// Two data files, of which one has a line that is no item.
fn export() -> Written {
    let items = |from: u64| -> String {
        let item = |id| json!({"Item": {"orderId": {"S": format!("o-{id}")}}}).to_string() + "\n";
        (from..from + 3).map(item).collect()
    };
    let export = Export::full(&[("a", &items(0)), ("b", &(items(3) + "{\"Item\":1}\n"))]).write();
    // Both endings that AWS has used, and each alone.
    let summary = std::fs::read(export.folder.0.join(format!("{ID}/manifest-summary.checksum")));
    std::fs::remove_file(export.folder.0.join(format!("{ID}/manifest-summary.checksum"))).unwrap();
    put(&export.folder, &format!("{ID}/manifest-summary.md5"), &summary.unwrap());
    export
}

/// The same on S3, which gives no more rights than the Terraform module `export_access` does: an
/// absent object is denied.
fn on_s3(export: &Written) -> S3 {
    let s3 = S3::start();
    for (name, bytes) in files_of(&export.folder.0) {
        s3.put(&format!("{ROOT}/{name}"), bytes);
    }
    s3.put(THEIRS, "theirs");
    s3.denies_absent();
    s3
}

fn backfill(s3: &S3) -> Done {
    let (from, out) = (format!("s3://lake/{ROOT}/{ID}"), format!("s3://lake/{TABLE}"));
    run_on(s3, &["backfill", "--schema", "orders.json", &from, "--out", &out])
}

/// What is under the table's prefix and was not there before.
fn written(s3: &S3) -> BTreeMap<String, Vec<u8>> {
    let mut objects = s3.objects(TABLE);
    assert_eq!(objects.remove(&THEIRS[TABLE.len()..]).unwrap(), b"theirs");
    assert_eq!(s3.open_uploads(), 0);
    objects
}

#[test]
fn an_export_on_s3_gives_the_same_files_as_in_a_folder() {
    let export = export();
    export.run(&[]).exits_with(1);
    let expected = export.files();
    assert_eq!(expected.keys().filter(|name| name.ends_with(".parquet")).count(), 2);
    let s3 = on_s3(&export);
    for run in 1..=2 {
        let done = backfill(&s3).exits_with(1);
        let done = done.says("warning: s3://lake/data/orders/rejected/ has original records");
        assert_eq!(items(&done), [7, 6, 1, 0], "run {run}");
        let found = written(&s3);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert!(found == expected, "run {run}: the bytes differ");
    }
}

#[test]
fn what_an_export_on_s3_lacks_is_named_though_it_is_denied() {
    let export = export();
    let files = files_of(&export.folder.0);
    for (absent, message) in [
        ("manifest-summary.json", "has no manifest-summary.json, which DynamoDB writes when"),
        ("manifest-files.json", "has no manifest-files.json, which DynamoDB writes when"),
        ("data/b.json.gz", "1 of the export's 2 data files is missing: exports/AWSDynamoDB/"),
    ] {
        let s3 = S3::start();
        for (name, bytes) in &files {
            if !name.ends_with(absent) {
                s3.put(&format!("{ROOT}/{name}"), bytes);
            }
        }
        s3.denies_absent();
        backfill(&s3).exits_with(2).says(message);
        assert!(s3.objects(TABLE).is_empty());
    }
}

#[test]
fn error_objects_on_s3_give_the_same_files_as_in_a_folder() {
    let failed = |change: &str| {
        let data = BASE64_STANDARD.encode(change);
        json!({"rawData": data, "arrivalTimestamp": 1_720_742_402_333_u64,
            "errorCode": "Lambda.FunctionError"})
        .to_string()
    };
    let good = failed(&change("o-1").to_string());
    let bad = failed("no change");
    let objects = [
        ("processing-failed/2024/07/12/00/a-1", good.clone() + &bad),
        ("processing-failed/2024/07/12/01/a-2", good),
    ];
    let borrowed = objects.each_ref().map(|(name, text)| (*name, text.as_bytes()));
    let (folder, local) = (Folder::new(&borrowed), Folder::new(&[]));
    let fixed = ["replay", "--schema", "orders.json", "--out"];
    dynalake(&[&fixed[..], &[local.path(), folder.path()]].concat()).exits_with(1);
    let expected = files_of(&local.0);
    assert_eq!(expected.len(), 3, "{:?}", expected.keys());

    let s3 = S3::start();
    s3.put(THEIRS, "theirs");
    s3.denies_absent();
    for (name, text) in &objects {
        s3.put(&format!("errors/orders/{name}"), text);
    }
    for run in 1..=2 {
        let out = format!("s3://lake/{TABLE}");
        run_on(&s3, &[&fixed[..], &[&out, "s3://lake/errors/orders/"]].concat())
            .exits_with(1)
            .says("warning: s3://lake/data/orders/rejected/ has original records");
        let found = written(&s3);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert!(found == expected, "run {run}: the bytes differ");
    }
}

/// Original records are not for those who read the table.
#[test]
fn what_is_rejected_goes_where_it_is_told() {
    let export = export();
    let errors = [("a-1", b"{\"rawData\":\"bm8gY2hhbmdl\",\"errorCode\":\"x\"}".as_slice())];
    let (errors, here) = (Folder::new(&errors), Folder::new(&[]));
    for (rejected, name) in [(here.path(), ""), ("s3://lake/rejected/orders/", "rejected/orders/")]
    {
        for (command, from, file) in [
            ("backfill", export.home(), format!("backfill-{ID}-b.json")),
            ("replay", errors.path().to_owned(), "a-1.rejected".to_owned()),
        ] {
            let s3 = S3::start();
            let out = format!("s3://lake/{TABLE}");
            let args = ["--schema", "orders.json", &from, "--out", &out, "--rejected", rejected];
            let done = run_on(&s3, &[&[command], &args[..]].concat()).exits_with(1);
            assert!(!done.stderr.contains("original records"), "{}", done.stderr);
            let objects = s3.objects("");
            let found = if name.is_empty() { files_of(&here.0) } else { s3.objects(name) };
            assert!(found.contains_key(&file), "{:?}", found.keys());
            assert!(objects.keys().all(|key| key.ends_with(".parquet") || !name.is_empty()));
            assert!(objects.keys().all(|key| !key.starts_with("data/orders/rejected")));
        }
    }
    let inside = format!("{}/again", errors.path());
    let out = Folder::new(&[]);
    let args = ["--out", out.path(), "--rejected", &inside, errors.path()];
    dynalake(&[&["replay", "--schema", "orders.json"], &args[..]].concat())
        .exits_with(2)
        .says("--rejected is in ")
        .says(", which is read; give a folder of its own");
}

#[test]
fn a_process_killed_in_an_upload_leaves_nothing_to_read_and_runs_again() {
    // Text that compresses badly, so that its file goes up in parts.
    let memos = many_changes(8_000);
    let items: String = memos
        .lines()
        .map(|line| {
            let change: Value = serde_json::from_str(line).unwrap();
            json!({"Item": change["dynamodb"]["NewImage"]}).to_string() + "\n"
        })
        .collect();
    let export = Export::full(&[("a", &items)]).write();
    let s3 = on_s3(&export);
    s3.fails("partNumber=2", 100, Fault::Error(503, "SlowDown", "slow"));
    let (from, out) = (format!("s3://lake/{ROOT}/{ID}"), format!("s3://lake/{TABLE}"));
    let mut child = command(&["backfill", "--schema", "orders.json", &from, "--out", &out])
        .envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)])
        .env("AWS_ENDPOINT_URL_S3", s3.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while s3.count("partNumber=2") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no second part was sent");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(s3.objects(TABLE).len(), 1, "only what was there before");
    assert_eq!(s3.open_uploads(), 1, "S3 keeps its parts until a lifecycle rule aborts it");

    let again = on_s3(&export);
    backfill(&again).exits_with(0);
    s3.heals();
    backfill(&s3).exits_with(0);
    assert!(s3.objects(TABLE) == again.objects(TABLE), "the bytes differ");
}
