//! Walks `fixtures/`, a folder per case, and reports all that differ.
//!
//! `DYNALAKE_CASE=rescue/ cargo test --test fixtures` runs the cases whose `group/name` has that
//! text in it.
//!
//! `DYNALAKE_BLESS=1 cargo test --test fixtures -- --nocapture` rewrites what the cases expect and
//! shows what changed.

#[path = "support/case.rs"]
mod case;
#[path = "support/ddl_case.rs"]
mod ddl_case;
#[path = "support/pretty.rs"]
mod pretty;

use case::{Actual, Case, METRICS, OUTPUTS};
use similar::TextDiff;
use std::fs;
use std::path::{Path, PathBuf};

/// Entries of fixtures/ that are not groups.
const BESIDE_GROUPS: [&str; 5] = ["README.md", ".gitattributes", "diff", "direct", "parquet"];

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

/// A file that holds something else than it should.
struct Difference {
    file: &'static str,
    now: String,
    /// Nothing where the file should not be.
    then: Option<String>,
}

/// Runs a case; of the files that it should have, those that differ.
fn differences(name: &str, folder: &Path) -> Result<Vec<Difference>, String> {
    if name.starts_with("ddl/") {
        let files = ddl_case::run(folder)?.into_iter().filter(|(_, now, then)| now != then);
        return Ok(files
            .map(|(file, now, then)| Difference { file, now, then: Some(then) })
            .collect());
    }
    let case = Case::read(folder)?;
    let actual = case.run()?;
    Ok(case_differences(&case, actual))
}

fn case_differences(case: &Case, actual: Actual) -> Vec<Difference> {
    let mut files: Vec<_> = OUTPUTS
        .into_iter()
        .map(|file| (file, (file == actual.file).then(|| actual.text.clone())))
        .collect();
    if case.file(METRICS).is_some() {
        files.push((METRICS, actual.metrics));
    }
    files
        .into_iter()
        .filter(|(file, then)| case.file(file) != then.as_deref())
        .map(|(file, then)| {
            let now = case.file(file).unwrap_or_default().to_owned();
            Difference { file, now, then }
        })
        .collect()
}

#[test]
fn every_case_gives_what_it_expects() {
    let bless = std::env::var_os("DYNALAKE_BLESS").is_some_and(|value| value != "0");
    let mut problems = Vec::new();
    let mut cases = cases(&mut problems);
    if let Ok(filter) = std::env::var("DYNALAKE_CASE") {
        cases.retain(|(name, _)| name.contains(&filter));
        assert!(!cases.is_empty(), "DYNALAKE_CASE is {filter:?}: no case has that in its name");
        println!("{} cases with {filter:?} in their names", cases.len());
    }
    for (name, folder) in &cases {
        let differences = match differences(name, folder) {
            Ok(differences) => differences,
            Err(problem) => {
                problems.push(format!("fixtures/{name}: {problem}"));
                continue;
            }
        };
        for Difference { file, now, then } in differences {
            let diff = diff(&now, then.as_deref().unwrap_or_default());
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
        if folder.is_dir() && !BESIDE_GROUPS.contains(&group.as_str()) {
            let prefix = format!("{group}/");
            assert!(
                cases.iter().any(|(name, _)| name.starts_with(&prefix)),
                "fixtures/{group} has no cases"
            );
        }
    }
}
