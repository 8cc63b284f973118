//! What is written to S3 by other commands than transform.

use super::*;

#[test]
fn a_replay_does_not_write_into_what_it_reads() {
    let s3 = S3::start();
    s3.put("errors/orders/object-1", change("o-1").to_string());
    for (errors, out, is_inside) in [
        ("s3://lake/errors/", "s3://lake/errors/rows/", true),
        ("s3://lake/errors/", "s3://lake/errors", true),
        ("s3://lake", "s3://lake/rows", true),
        ("s3://lake/", "s3://lake/", true),
        // Neither is in a prefix, whatever its letters.
        ("s3://lake/errors/", "s3://lake/errors-rows/", false),
        ("s3://lake/errors/orders/object-1", "s3://lake/errors/orders/rows/", false),
    ] {
        let done = run_on(&s3, &["replay", "--schema", "orders.json", "--out", out, errors]);
        if is_inside {
            done.exits_with(2)
                .says(&format!("--out is in {errors}, which is read; give a folder of its own"));
        } else {
            done.exits_with(0).says("1 in: 1 row");
        }
    }
}

#[test]
fn evidence_is_written_as_to_a_file() {
    let s3 = S3::start();
    let local = TempFile::new("evidence.json", "");
    let args = ["infer", "--table", "orders", "changes.jsonl", "--evidence"];
    let done = run_on(&s3, &[&args[..], &["s3://lake/seen/evidence.json"]].concat());
    let done = done.exits_with(1);
    let expected = dynalake(&[&args[..], &[local.path()]].concat()).exits_with(1);
    assert_eq!(done.stdout, expected.stdout);
    let text = std::fs::read(local.path()).unwrap();
    assert_eq!(s3.objects("seen/"), BTreeMap::from([("evidence.json".to_owned(), text)]));
    for (address, message) in [
        ("s3://lake/seen/", "--evidence is s3://lake/seen/, a folder; give a file's address"),
        ("s3://lake", "--evidence is s3://lake, a folder"),
        ("s3://l ake/k", "s3://l ake/k names no bucket"),
        ("s3://other/k", "can't write s3://other/k: there is no bucket other"),
    ] {
        run_on(&s3, &[&args[..], &[address]].concat()).exits_with(2).says(message);
    }
}
