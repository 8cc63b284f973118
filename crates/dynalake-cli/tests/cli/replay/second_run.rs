//! A second run after the schema was changed: it takes the place of the first.

use super::*;

/// A schema of `orders` whose key has this type, with these members beside.
fn schema(name: &str, key_type: &str, more: &Value) -> TempFile {
    let mut schema = orders(&json!([{"name": "order_id", "type": key_type}]));
    schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    TempFile::new(name, schema.to_string())
}

fn replay_with(schema: &TempFile, out: &Folder, errors: &Folder) -> Done {
    dynalake(&["replay", "--schema", schema.path(), "--out", out.path(), errors.path()])
}

/// The names of the files of rows, without their folders.
fn parquet_names(out: &Folder) -> Vec<String> {
    let files = file_names(&out.0).into_iter();
    let base = |file: String| file.rsplit('/').next().unwrap().to_owned();
    files.filter(|file| file.ends_with(".parquet")).map(base).collect()
}

#[test]
fn a_schema_that_is_changed_gives_no_row_twice() {
    let object = ["abc", "5", "6"].map(|id| failed(&change(id)) + "\n").concat();
    let errors = Folder::new(&[("object-1", object.as_bytes())]);
    let out = Folder::new(&[]);
    let wrong = schema("second-run-int.json", "int", &json!({}));
    replay_with(&wrong, &out, &errors).exits_with(1).says("3 in: 2 rows, 1 rejected");
    let names = parquet_names(&out);
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].len(), "replay-.parquet".len() + 32, "without a number: {names:?}");

    let right = schema("second-run-string.json", "string", &json!({}));
    replay_with(&right, &out, &errors)
        .exits_with(0)
        .says("warning: 1 file is of an earlier run, of these objects or of others that had their names")
        .says("rejected/object-1.rejected");
    assert_eq!(parquet_names(&out), names);
    assert_eq!(ids(&out), ["5", "6", "abc"]);
}

#[test]
fn rows_that_another_schema_gave_are_named() {
    let object = failed(&change("o-1"));
    let errors = Folder::new(&[("object-1", object.as_bytes())]);
    let out = Folder::new(&[]);
    // Of another object, and not of these.
    let other = Folder::new(&[("object-2", object.as_bytes())]);
    let all = schema("leftover-all.json", "string", &json!({}));
    replay_with(&all, &out, &other).exits_with(0);
    let others = parquet_names(&out).remove(0);
    replay_with(&all, &out, &errors).exits_with(0);
    let none = schema("leftover-none.json", "string", &json!({"where": {"type": ["x"]}}));
    let done = replay_with(&none, &out, &errors)
        .exits_with(0)
        .says("1 in: 0 rows, 0 rejected, 1 dropped")
        .says("warning: 1 file is of an earlier run, of these objects")
        .says("/dt=2024-07-12/hour=00/replay-");
    assert!(!done.stderr.contains(&others), "{}", done.stderr);

    // An object that can't be read to its end may have given them.
    fs::write(errors.0.join("object-1"), &object[..object.len() - 9]).unwrap();
    let done = replay_with(&none, &out, &errors).exits_with(1);
    assert!(!done.stderr.contains("warning: "), "{}", done.stderr);
}
