//! `dynalake diff`, by the cases in `fixtures/diff`.

use crate::*;
use std::path::Path;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/diff");

/// What the case's two schemas print, and its exit code in front.
fn expected(folder: &Path) -> String {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let done = dynalake(&["diff", &file("old.json"), &file("new.json")]);
    format!("exit {}\n\n{}{}", done.code, done.stdout, done.stderr)
}

#[test]
fn each_difference_says_what_it_means() {
    let bless = std::env::var_os("DYNALAKE_BLESS").is_some();
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 10, "{} cases", cases.len());
    let mut different = Vec::new();
    for case in cases {
        let found = expected(&case);
        let file = case.join("expected.txt");
        if std::fs::read_to_string(&file).unwrap_or_default() != found {
            if bless {
                std::fs::write(&file, &found).unwrap();
            }
            different.push(format!("{}\n{found}", case.display()));
        }
    }
    assert!(bless || different.is_empty(), "other than expected:\n{}", different.join("\n"));
}

#[test]
fn a_schema_is_no_different_from_itself() {
    let done = dynalake(&["diff", "orders.json", "orders.json"]).exits_with(0);
    assert_eq!((&*done.stdout, &*done.stderr), ("no difference\n", ""));
}

#[test]
fn what_can_not_be_read_is_rejected() {
    dynalake(&["diff", "orders.json", "none.json"])
        .exits_with(2)
        .says("can't read schema none.json");
    dynalake_with(&["diff", "orders.json", "-"], "{}").exits_with(2).says("schema -: ");
    dynalake(&["diff", "-", "-"]).exits_with(2).says("\"-\" is given twice");
    dynalake(&["diff", "orders.json"]).exits_with(2).says("Usage");
}

#[test]
fn one_side_may_be_standard_input() {
    let old = orders(&json!([{"name": "order_id", "type": "string"}]));
    let new =
        orders(&json!([{"name": "order_id", "type": "string"}, {"name": "a", "type": "int"}]));
    let file = TempFile::new("diff.json", new.to_string());
    dynalake_with(&["diff", "-", file.path()], old.to_string())
        .exits_with(0)
        .prints("column a: new, int\n")
        .prints("1 difference, nothing has to be done\n");
}

#[test]
fn many_differences_are_summed_up() {
    let columns = |ty: &str| {
        json!([{"name": "order_id", "type": "string"}, {"name": "a", "type": ty},
            {"name": "b", "type": "int"}])
    };
    let old = TempFile::new("diff-old.json", orders(&columns("int")).to_string());
    let mut new = orders(&columns("string"));
    new["columns"][2]["comment"] = json!("how many");
    dynalake_with(&["diff", old.path(), "-"], new.to_string())
        .exits_with(1)
        .prints("2 differences, 1 of them with something to do\n");
}
