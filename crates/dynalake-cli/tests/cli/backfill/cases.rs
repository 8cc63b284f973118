//! Exports beside what they become: each folder of tests/exports is a case.
//!
//! ```text
//! schema.json      the table's schema
//! export.json      what the manifest says of the table and the time; the options, the exit code,
//!                  what standard error says
//! data/….jsonl     the lines of each data file
//! known-keys.csv   the keys that the lake has, if there is a --known-keys
//! rows.jsonl       the rows of all files, in the order of their names; decimals without their point
//! ```

use super::support::*;
use crate::*;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn exports_become_the_rows_beside_them() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports"));
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        check(&case);
    }
}

fn check(case: &Path) {
    let name = case.file_name().unwrap().to_str().unwrap();
    let read = |file: &str| fs::read_to_string(case.join(file)).unwrap();
    let stated: Value = serde_json::from_str(&read("export.json")).unwrap();
    let lines = super::support::files(&case.join("data"));
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(name, text)| {
            (name.strip_suffix(".jsonl").unwrap(), std::str::from_utf8(text).unwrap())
        })
        .collect();
    let export = Export::new("orders", &stated["summary"], &lines).write();
    let schema = case.join("schema.json");
    let keys = case.join("known-keys.csv");
    let mut args: Vec<&str> = stated["args"]
        .as_array()
        .map(|args| args.iter().map(|arg| arg.as_str().unwrap()).collect())
        .unwrap_or_default();
    if keys.is_file() {
        args.extend(["--known-keys", keys.to_str().unwrap()]);
    }
    let run = || export.backfill(schema.to_str().unwrap(), &args);
    let mut done = run().exits_with(stated["exit"].as_i64().unwrap_or(0) as i32);
    for text in stated["says"].as_array().into_iter().flatten() {
        done = done.says(text.as_str().unwrap());
    }
    assert!(!done.stderr.contains("SECRET"), "{name}: a value is shown:\n{}", done.stderr);
    let rows: String = export.rows().iter().map(|row| row.to_string() + "\n").collect();
    if std::env::var_os("DYNALAKE_BLESS").is_some() {
        fs::write(case.join("rows.jsonl"), &rows).unwrap();
    }
    // As values: their members' order is that of a feature of serde_json.
    let expected = read("rows.jsonl");
    let expected = expected.lines().map(|row| serde_json::from_str(row).unwrap());
    assert_eq!(export.rows(), expected.collect::<Vec<Value>>(), "{name}");

    let lines_in = export_lines(&lines);
    let [all, in_rows, rejected, _] = items(&done);
    assert_eq!(all as usize, lines_in, "{name}: {}", done.stderr);
    let removed = rows.lines().filter(|row| row.contains("\"REMOVE\"")).count() as u64;
    let removed = if keys.is_file() { removed } else { 0 };
    assert_eq!(in_rows + removed, export.rows().len() as u64, "{name}");
    let kept = export.rejected();
    assert_eq!(rejected, kept.len() as u64, "{name}");
    for line in kept {
        let original = BASE64_STANDARD.decode(line["rawData"].as_str().unwrap()).unwrap();
        let original = String::from_utf8(original).unwrap();
        assert!(lines.iter().any(|(_, text)| text.lines().any(|line| line == original)), "{name}");
        assert!(line["errorCode"].as_str().unwrap().starts_with("dynalake."), "{line}");
    }

    let before = export.files();
    run();
    assert!(before == export.files(), "{name}: a second run writes other names or bytes");
}

fn export_lines(files: &[(&str, &str)]) -> usize {
    files.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.trim().is_empty()).count()
}
