//! Which objects are read, and what their files are called.

use super::*;

/// Runs the program in a shell with these words behind it.
fn in_shell(shell: &str, before: &str, args: &str) -> Done {
    let line = format!("{before} exec {} {args}", env!("CARGO_BIN_EXE_dynalake"));
    let output = Command::new(shell)
        .args(["-c", &line])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
        .output()
        .unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn pipes_are_named_by_their_contents() {
    let errors = Folder::new(&[
        ("one", failed(&change("o-1")).as_bytes()),
        ("two", failed(&change("o-2")).as_bytes()),
    ]);
    let out = Folder::new(&[]);
    // A shell gives each the same name, such as /dev/fd/63.
    for object in ["one", "two", "one"] {
        let object = errors.0.join(object);
        let args =
            format!("replay --schema orders.json --out {} <(cat {})", out.path(), object.display());
        in_shell("bash", "", &args).exits_with(0).says("1 in: 1 row");
    }
    assert_eq!(ids(&out), ["o-1", "o-2"]);
}

#[test]
fn files_by_a_number_are_named_by_their_contents() {
    let errors = Folder::new(&[
        ("one", failed(&change("o-1")).as_bytes()),
        ("two", failed(&change("o-2")).as_bytes()),
    ]);
    let out = Folder::new(&[]);
    for (object, number) in [("one", "stdin"), ("two", "stdin"), ("two", "fd/0")] {
        let object = errors.0.join(object);
        let args = format!(
            "replay --schema orders.json --out {} /dev/{number} < {}",
            out.path(),
            object.display()
        );
        in_shell("bash", "", &args).exits_with(0).says("1 in: 1 row");
    }
    assert_eq!(ids(&out), ["o-1", "o-2"]);
}

#[test]
fn what_fails_again_does_not_go_among_what_is_read() {
    let errors = Folder::new(&[("part", b"{}")]);
    let at = |name: &str| format!("{}/{name}", errors.path());
    let replay = |args: &[&str]| {
        dynalake(&[&["replay", "--schema", "orders.json"], args].concat()).exits_with(2)
    };
    let out = Folder::new(&[]);
    // Most of these folders are not there yet.
    for inside in
        [at("a"), at("a/b"), at("./a"), at("../") + errors.0.file_name().unwrap().to_str().unwrap()]
    {
        replay(&[errors.path(), "--out", &inside]).says("--out is in ");
        replay(&[errors.path(), "--out", out.path(), "--rejected", &inside])
            .says("--rejected is in ");
    }
    std::fs::create_dir_all(out.0.join("rejected")).unwrap();
    replay(&[&format!("{}/rejected", out.path()), "--out", out.path()])
        .says("what fails again would go to ")
        .says("; give --rejected a folder of its own");
}

/// Changes with 110 KB of text that compresses badly, each in its hour.
fn large_changes(hours: impl Iterator<Item = u64>) -> String {
    let mut random = 1_u64;
    let mut changes = String::new();
    for hour in hours {
        let mut change = change(&format!("o-{hour}"));
        change["dynamodb"]["ApproximateCreationDateTime"] = json!((480_000 + hour) * 3_600_000);
        let memo = (0..110_000).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (random >> 33) as u8 % 26)
        });
        change["dynamodb"]["NewImage"]["memo"] = json!({"S": memo.collect::<String>()});
        changes += &change.to_string();
    }
    changes
}

#[test]
fn files_that_wait_for_their_names_are_closed() {
    let errors = Folder::new(&[("object-1", large_changes(0..100).as_bytes())]);
    let out = Folder::new(&[]);
    let args = format!("replay --schema orders.json --out {} {}", out.path(), errors.path());
    in_shell("sh", "ulimit -n 40;", &args).exits_with(0).says("100 in: 100 rows");
    let files = file_names(&out.0);
    assert_eq!(files.len(), 100, "and nothing unfinished");
    let len = |file: &String| fs::metadata(out.0.join(file)).unwrap().len();
    assert!(files.iter().all(|file| len(file) > 64 << 10), "they are too small for the test");
    assert_eq!(ids(&out).len(), 100);
}

#[test]
fn too_many_open_files_are_named_with_the_fix() {
    let changes = large_changes(std::iter::repeat_n(0, 40));
    let input = Folder::new(&[("changes.jsonl", changes.as_bytes())]);
    let out = Folder::new(&[]);
    let args = format!(
        "transform --format parquet --file-mib 1 --schema orders.json --out {} {}",
        out.path(),
        input.path()
    );
    in_shell("sh", "ulimit -n 4;", &args)
        .exits_with(2)
        .says(".parquet: Too many open files (os error 24); allow more, as by ulimit -n 1024");
}

#[test]
fn names_that_can_not_be_printed_end_the_run() {
    let errors = Folder::new(&[("object-1", failed(&change("o-1")).as_bytes())]);
    for (stdout, code) in [("/dev/full", 1), ("/dev/null", 0)] {
        let out = Folder::new(&[]);
        let args =
            format!("replay --schema orders.json --out {} {} >{stdout}", out.path(), errors.path());
        in_shell("sh", "", &args).exits_with(code);
        assert_eq!(ids(&out), ["o-1"], "what is not printed is written");
    }
}
