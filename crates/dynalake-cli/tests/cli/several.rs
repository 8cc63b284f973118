//! Several inputs, folders, and what a bad one costs.

use crate::*;

fn line(id: &str) -> Vec<u8> {
    format!("{}\n", change(id)).into_bytes()
}

#[test]
fn files_and_folders_are_read_in_order() {
    let folder = Folder::new(&[
        ("b.jsonl", &line("o-3")),
        ("a/z.txt", &line("o-1")),
        ("a/y", &line("o-0")),
        ("a.jsonl", &line("o-2")),
        (".hidden", b"no JSON"),
        ("_SUCCESS", b""),
        (".git/config", b"no JSON"),
        ("empty.jsonl", b"\n"),
    ]);
    let args = ["transform", "--format", "jsonl", "-", folder.path(), "concatenated.json"];
    let done = dynalake_with(&args, line("o-9"))
        .exits_with(0)
        .says("inputs      6 read, 0 failed")
        .says("8 in: 8 ok");
    let rows = done.rows();
    let ids: Vec<_> = rows.iter().map(|row| row["order_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["o-9", "o-0", "o-1", "o-2", "o-3", "o-1", "o-2", "o-3"]);
}

#[test]
fn a_bad_input_costs_no_other() {
    let bad = change("o-0").to_string().replace("INSERT", "UPSERT");
    let folder = Folder::new(&[
        ("a.jsonl", &[line("o-1"), b"\n\nno JSON\n".to_vec(), line("o-2")].concat()),
        ("b.csv", b"id,total\no-3,SECRET\n"),
        ("c.json", bad.as_bytes()),
        ("d.jsonl", &line("o-4")),
    ]);
    let inputs = [folder.path(), "absent.jsonl", "s3://"];
    let done = dynalake(&[&["transform", "--format", "jsonl"], &inputs[..]].concat())
        .exits_with(1)
        .says("/a.jsonl:line-4: failed: the data is not one JSON object")
        .says("/b.csv is CSV, or text like it; ")
        .says("/c.json:line-1: failed: eventName")
        .says("error: can't read absent.jsonl: ")
        .says("error: s3://")
        .says("inputs      3 read, 3 failed")
        .says("5 in: 3 ok, 0 dropped, 2 failed");
    assert_eq!(done.rows().len(), 3);
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
}

#[test]
fn a_response_names_files_too() {
    let folder = Folder::new(&[("a.jsonl", &line("o-1")), ("b.jsonl", &line("o-2"))]);
    let done = dynalake(&["transform", "--format", "response", folder.path()]).exits_with(0);
    let records = &done.rows()[0]["records"];
    assert!(records[1]["recordId"].as_str().unwrap().ends_with("/b.jsonl:line-1"), "{records}");
}

#[test]
fn nothing_done_is_exit_code_2() {
    let folder = Folder::new(&[("a.jsonl", b""), ("b.jsonl", b" \n")]);
    dynalake(&["transform", folder.path()])
        .exits_with(2)
        .says("error: there is nothing to read: no input has a record");
    let folder = Folder::new(&[("_only/hidden.jsonl", b"")]);
    dynalake(&["transform", folder.path()]).exits_with(2).says("is a folder without files");
    dynalake(&["transform", "absent.jsonl", "absent.csv"])
        .exits_with(2)
        .says("absent.jsonl")
        .says("absent.csv");
    dynalake(&["transform", "-", "concatenated.json", "-"])
        .exits_with(2)
        .says("\"-\" is given twice");
}
