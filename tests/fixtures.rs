//! Walks `fixtures/`, a folder per case, and tells of all that differ.
//!
//! `DYNALAKE_BLESS=1 cargo test --test fixtures -- --nocapture` rewrites what the cases expect and shows
//! what changed.

#[path = "support/case.rs"]
mod case;
#[path = "support/pretty.rs"]
mod pretty;

use case::{Actual, Case, METRICS, OUTPUTS};
use similar::TextDiff;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands beside the groups.
const BESIDE_GROUPS: [&str; 2] = ["README.md", ".gitattributes"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// What is in a folder, sorted by name.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let path = entry.expect("a folder's entry can be read").path();
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path)
        })
        .collect();
    entries.sort();
    entries
}

/// The cases as `group/name` and folder; all else that lies about is a problem.
fn cases(problems: &mut Vec<String>) -> Vec<(String, PathBuf)> {
    let mut cases = Vec::new();
    for (group, folder) in entries(&fixtures()) {
        if BESIDE_GROUPS.contains(&group.as_str()) {
            continue;
        }
        if !folder.is_dir() {
            problems.push(format!("fixtures/{group}: a file that belongs to no case"));
            continue;
        }
        for (name, folder) in entries(&folder) {
            let case = format!("{group}/{name}");
            if folder.is_dir() {
                cases.push((case, folder));
            } else {
                problems.push(format!("fixtures/{case}: a file that belongs to no case"));
            }
        }
    }
    cases
}

fn diff(expected: &str, actual: &str) -> String {
    TextDiff::from_lines(expected, actual)
        .unified_diff()
        .context_radius(4)
        .header("expected", "actual")
        .to_string()
}

/// Each file that a case should have, what it holds now, and what it should hold: nothing where it should
/// not be.
fn differences<'a>(case: &'a Case, actual: &'a Actual) -> Vec<(&'a str, &'a str, Option<&'a str>)> {
    let mut differences = Vec::new();
    for name in OUTPUTS {
        let now = case.file(name);
        let then = (name == actual.file).then_some(actual.text.as_str());
        if now != then {
            differences.push((name, now.unwrap_or_default(), then));
        }
    }
    if let Some(now) = case.file(METRICS)
        && actual.metrics.as_deref() != Some(now)
    {
        differences.push((METRICS, now, actual.metrics.as_deref()));
    }
    differences
}

#[test]
fn every_case_gives_what_it_expects() {
    let bless = std::env::var_os("DYNALAKE_BLESS").is_some_and(|value| value != "0");
    let mut problems = Vec::new();
    let cases = cases(&mut problems);
    for (name, folder) in &cases {
        let run = Case::read(folder).and_then(|case| case.run().map(|actual| (case, actual)));
        let (case, actual) = match run {
            Ok(run) => run,
            Err(problem) => {
                problems.push(format!("fixtures/{name}: {problem}"));
                continue;
            }
        };
        for (file, now, then) in differences(&case, &actual) {
            let diff = diff(now, then.unwrap_or_default());
            let difference = format!("fixtures/{name}/{file}\n{diff}");
            if !bless {
                problems.push(difference);
                continue;
            }
            let path = folder.join(file);
            match then {
                Some(text) => fs::write(&path, text),
                None => fs::remove_file(&path),
            }
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            println!("{difference}");
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems in {} cases\n\n{}\n\
         If the new output is right: DYNALAKE_BLESS=1 cargo test --test fixtures -- --nocapture",
        problems.len(),
        cases.len(),
        problems.join("\n")
    );
}

#[test]
fn there_are_cases_in_every_group() {
    let cases = cases(&mut Vec::new());
    assert!(!cases.is_empty(), "no cases were found in fixtures/");
    for (group, folder) in entries(&fixtures()) {
        if folder.is_dir() {
            let prefix = format!("{group}/");
            assert!(
                cases.iter().any(|(name, _)| name.starts_with(&prefix)),
                "fixtures/{group} has no cases"
            );
        }
    }
}
