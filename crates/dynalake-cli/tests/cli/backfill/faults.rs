//! What can be wrong with an export, and what can happen on the way.

use super::support::*;
use crate::*;
use std::fs;

fn items_of(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| json!({"Item": {"orderId": {"S": format!("o-{id}")}}}).to_string() + "\n")
        .collect()
}

fn two_files() -> Export {
    Export::full(&[("a", &items_of(0..3)), ("b", &items_of(3..5))])
}

/// What is there where only the first file was right.
fn only_a() -> [String; 1] {
    [format!("{HOUR}/backfill-{ID}-a-00000.parquet")]
}

/// The export is rejected with this, before anything is written.
#[track_caller]
fn rejects(export: &Written, args: &[&str], reason: &str) {
    export.run(args).exits_with(2).says(reason);
    assert!(export.files().is_empty(), "nothing is written");
}

#[test]
fn a_missing_file_is_named_with_the_command_that_copies_it() {
    let export = two_files().write();
    let home = export.home();
    fs::remove_file(format!("{home}/data/b.json.gz")).unwrap();
    rejects(
        &export,
        &[],
        &format!(
            "error: 1 of the export's 2 data files is missing: {ROOT}/{ID}/data/b.json.gz; copy what \
             is missing: aws s3 cp s3://my-exports/{ROOT}/{ID}/data/b.json.gz {home}/data/b.json.gz\n"
        ),
    );
    fs::remove_dir_all(format!("{home}/data")).unwrap();
    rejects(
        &export,
        &[],
        &format!(
            "copy what is missing: aws s3 sync s3://my-exports/{ROOT}/{ID}/data/ {home}/data\n"
        ),
    );

    let line = json!({"Metadata": {"WriteTimestampMicros": 1_680_109_764_000_000_u64},
        "Keys": {"orderId": {"S": "o-1"}}});
    let export = Export::incremental(&[("a", &line.to_string())]).write();
    let (folder, home) = (export.folder.path(), export.home());
    fs::rename(format!("{folder}/data"), format!("{folder}/elsewhere")).unwrap();
    rejects(
        &export,
        &[],
        &format!("aws s3 cp s3://my-exports/{ROOT}/data/a.json.gz {folder}/data/a.json.gz\n"),
    );
    // Copied into the export's own folder it is found too.
    fs::rename(format!("{folder}/elsewhere"), format!("{home}/data")).unwrap();
    export.run(&[]).exits_with(0);
}

#[test]
fn a_damaged_file_is_left_out() {
    let mut export = two_files();
    let stored = &mut export.files[1].1;
    stored.truncate(stored.len() - 9);
    let export = export.write();
    let done = export.run(&[]).exits_with(1).says(&format!(
        "data/b.json.gz does not have the MD5 in the manifest: it is cut off or damaged; copy it again: \
         aws s3 cp s3://my-exports/{ROOT}/{ID}/data/b.json.gz "
    ));
    assert_eq!(items(&done), [3, 3, 0, 0]);
    done.says("files     1 of 2 read, 1 left out\n");
    assert_eq!(export.names(), only_a());

    // Copied again, it is as if nothing had been.
    put(&export.folder, &format!("{ID}/data/b.json.gz"), &two_files().files[1].1);
    export.run(&[]).exits_with(0);
    assert_eq!(export.rows().len(), 5);
    let other = two_files().write();
    other.run(&[]).exits_with(0);
    assert!(export.files() == other.files());
}

#[test]
fn a_file_that_was_stored_damaged_is_left_out() {
    // Cut off, cut off in its trailer, followed by something else, a bit wrong.
    for damage in ["cut", "trailer", "more", "bit"] {
        let mut export = two_files();
        let stored = &mut export.files[1].1;
        match damage {
            "cut" => stored.truncate(stored.len() / 2),
            "trailer" => stored.truncate(stored.len() - 3),
            "more" => stored.extend_from_slice(b"more"),
            _ => {
                let crc = stored.len() - 8;
                stored[crc] ^= 1;
            }
        }
        export.manifest[1]["md5Checksum"] = json!(md5(stored));
        let export = export.write();
        export
            .run(&[])
            .exits_with(1)
            .says("b.json.gz has the MD5 of the manifest, but can't be unzipped (");
        assert_eq!(export.names(), only_a(), "{damage}");
    }
}

#[test]
fn a_wrong_count_leaves_a_file_out() {
    let mut export = two_files();
    export.manifest[1]["itemCount"] = json!(7);
    export.summary["itemCount"] = json!(10);
    let export = export.write();
    export
        .run(&[])
        .exits_with(1)
        .says("b.json.gz has 2 items, and the manifest counts 7; make another export");
    assert_eq!(export.names(), only_a());
}

#[test]
fn a_file_that_is_not_zipped_is_read_as_it_is() {
    let mut export = two_files();
    export.files[1].1 = items_of(3..5).into_bytes();
    export.manifest[1]["md5Checksum"] = json!(md5(&export.files[1].1));
    let export = export.write();
    export.run(&[]).exits_with(0);
    assert_eq!(export.rows().len(), 5);
}

#[test]
fn half_a_value_at_the_end_is_an_item_that_is_rejected() {
    let text = items_of(0..1) + "{\"Item\":{\"orderId\":{\"S\":\"o-";
    let export = Export::full(&[("a", &text)]).write();
    let done = export
        .run(&[])
        .exits_with(1)
        .says("rejected  1 not_json")
        .says("rejected, one on a line:\n  not_json: no schema helps; make another export\n");
    assert_eq!(items(&done), [2, 1, 1, 0]);
}

#[test]
fn another_format_table_or_view_is_rejected() {
    let with = |member: &str, value: Value| {
        let mut export = two_files();
        export.summary[member] = value;
        export.write()
    };
    rejects(&with("outputFormat", json!("ION")), &[], "the export's outputFormat is ION");
    rejects(
        &with("tableArn", json!("arn:aws:dynamodb:eu-central-1:123456789012:table/others")),
        &[],
        "the export is of the table \"others\"",
    );
    for view in [json!("KEYS_ONLY"), Value::Null] {
        let mut export = Export::incremental(&[("a", "")]);
        export.summary["outputView"] = view;
        rejects(&export.write(), &[], "; export again with ExportViewType=NEW_AND_OLD_IMAGES");
    }
    let mut export = Export::incremental(&[("a", "")]);
    export.summary["outputView"] = json!("NEW_IMAGE");
    let mut schema = orders(&json!([{"name": "order_id", "type": "string"}]));
    schema["events"] = json!(["MODIFY", "REMOVE"]);
    let schema = TempFile::new("modify.json", schema.to_string());
    export
        .write()
        .backfill(schema.path(), &[])
        .exits_with(2)
        .says("outputView is NEW_IMAGE")
        .says("does not tell INSERT from MODIFY");
    rejects(
        &Export::incremental(&[("a", "")]).write(),
        &["--margin", "1m"],
        "--margin is for full",
    );
}

#[test]
fn manifests_have_to_be_whole_and_of_one_export() {
    for (member, reason) in [
        ("itemCount", "has no \"itemCount\": the export is not complete"),
        ("exportArn", "has no \"exportArn\": it is not the summary of an export"),
        ("exportTime", "has no \"exportTime\""),
        ("tableArn", "has no \"tableArn\""),
        ("manifestFilesS3Key", "has no \"manifestFilesS3Key\""),
    ] {
        let mut export = two_files();
        export.summary.as_object_mut().unwrap().remove(member);
        rejects(&export.write(), &[], reason);
    }
    let mut export = two_files();
    export.summary["itemCount"] = json!(4);
    rejects(&export.write(), &[], "counts 4 items, and the files in manifest-files.json have 5");
    let mut export = two_files();
    export.manifest[1]["itemCount"] = json!(u64::MAX);
    rejects(&export.write(), &[], "manifest-files.json: the itemCounts of its lines are more than");
    let mut export = two_files();
    export.manifest[1] = export.manifest[0].clone();
    rejects(&export.write(), &[], "line 2: a file of this name was on a line before");
    for key in ["../../data/b.json.gz", "", "exports/.hidden.json.gz"] {
        let mut export = two_files();
        export.manifest[1]["dataFileS3Key"] = json!(key);
        rejects(&export.write(), &[], "line 2: \"dataFileS3Key\" is not the key of a data file");
    }

    let export = two_files().write();
    let home = export.home();
    let files = fs::read(format!("{home}/manifest-files.json")).unwrap();
    fs::write(format!("{home}/manifest-files.json"), &files[..files.len() - 5]).unwrap();
    rejects(
        &export,
        &[],
        "manifest-files.json is not the file whose MD5 is in manifest-files.checksum",
    );
    fs::remove_file(format!("{home}/manifest-files.checksum")).unwrap();
    rejects(&export, &[], "line 2: it is not JSON: it is cut off");
    fs::remove_file(format!("{home}/manifest-files.json")).unwrap();
    rejects(&export, &[], "has no manifest-files.json, which DynamoDB writes when an export is");
    fs::remove_file(format!("{home}/manifest-summary.json")).unwrap();
    rejects(&export, &[], "has no manifest-summary.json, which DynamoDB writes when an export is");
}

#[test]
fn the_folder_has_to_be_the_exports_own() {
    let export = two_files().write();
    let folder = export.folder.path();
    let run = |address: &str| {
        let args = ["backfill", "--schema", "orders.json", address, "--out", export.out.path()];
        dynalake(&args)
    };
    run(folder).exits_with(2).says(&format!(
        "{folder} has no manifest-summary.json, but folders in it have; give that: {folder}/{ID}\n"
    ));
    run(&format!("{folder}/{ID}/manifest-summary.json"))
        .exits_with(2)
        .says("is a file; give the folder that it is in");
    run(&format!("{folder}/{ID}/data")).exits_with(2).says("has no manifest-summary.json");
    run("nowhere").exits_with(2).says("nowhere has no manifest-summary.json, nor any file");
    run("-").exits_with(2).says("EXPORT is \"-\", and has to be a folder");
    for margin in ["5", "m", "+5m", "25h", "5 m", "5µ", "99999999999999999999h"] {
        let done = export.run(&["--margin", margin]);
        done.exits_with(2).says("write a time of at most 24h as 90s, 5m or 1h");
    }
    assert!(export.files().is_empty());
}

#[test]
fn a_full_disk_leaves_no_half_of_a_file() {
    let export = two_files().write();
    let program = env!("CARGO_BIN_EXE_dynalake");
    // Files of at most one block of 512 bytes, without the signal.
    let command = format!(
        "trap '' XFSZ; ulimit -f 1; exec {program} backfill --schema orders.json {} --out {}",
        export.home(),
        export.out.path()
    );
    let done = Command::new("sh")
        .args(["-c", &command])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("can't write ") && stderr.contains(".parquet: "), "{stderr}");
    assert!(export.files().is_empty(), "{:?}", export.names());
    export.run(&[]).exits_with(0);
    assert_eq!(export.rows().len(), 5);
}

#[test]
fn a_killed_process_leaves_whole_files_only_and_runs_again() {
    let texts: Vec<String> = (0..40).map(|at| items_of(at * 1_000..(at + 1) * 1_000)).collect();
    let names: Vec<String> = (0..40).map(|at| format!("f{at:02}")).collect();
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (&**name, &**text)).collect();
    let export = Export::full(&files).write();
    let mut child =
        start(&["backfill", "--schema", "orders.json", &export.home(), "--out", export.out.path()]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = export.files().into_iter().filter(|(name, _)| name.ends_with(".parquet"));
    for (name, bytes) in whole {
        assert_eq!(rows(bytes).len(), 1_000, "{name}");
    }
    let done = export.run(&[]).exits_with(0);
    assert_eq!(items(&done), [40_000, 40_000, 0, 0]);
    assert_eq!(export.names().len(), 40, "and nothing unfinished: {:?}", export.names());
    assert_eq!(export.rows().len(), 40_000);
}

#[test]
fn files_that_can_not_be_read_cost_no_other() {
    let export = two_files().write();
    let file = format!("{}/data/b.json.gz", export.home());
    fs::remove_file(&file).unwrap();
    // A regular file, whose first byte is never there.
    std::os::unix::fs::symlink("/proc/self/mem", &file).unwrap();
    export.run(&[]).exits_with(1).says("b.json.gz can't be read: ");
    assert_eq!(export.names(), only_a());
}
