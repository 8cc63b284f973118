//! What is not JSON is kept as it was, and costs no other.

use super::*;

/// Replays an object; its output, the keys of its rows, and the values that were rejected.
#[track_caller]
fn outcome(object: &str) -> (Done, Vec<String>, String) {
    let errors = Folder::new(&[("object-1", object.as_bytes())]);
    let out = Folder::new(&[]);
    let done = replay(&out, &[errors.path()]).exits_with(1);
    let rejected = fs::read_to_string(out.0.join("rejected/object-1.rejected")).unwrap();
    (done, ids(&out), rejected)
}

#[test]
fn each_bad_value_is_kept_alone() {
    let [one, two, three] = ["o-1", "o-2", "o-3"].map(|id| failed(&change(id)));
    for (bad, other) in [
        // Each ends by its own brace.
        ("{\"a\":tru}", "{\"b\":{\"c\":\"}{\\\"}\"},,}"),
        ("{\"a\":[{},{\"b\":1}] \"c\"}", "{}{\"a\":01}"),
        // It goes on over several lines.
        ("{\n \"a\": {\n  \"b\": tru\n }\n}", "{\"a\"}"),
    ] {
        let object = format!("{one}{bad}{other}{two}{{\"foo\":1}}{three}\n");
        let (done, ids, rejected) = outcome(&object);
        assert_eq!(ids, ["o-1", "o-2", "o-3"], "{object}");
        let expected = format!("{bad}\n{}\n{{\"foo\":1}}\n", other.replace("{}{", "{}\n{"));
        assert_eq!(rejected, expected, "{object}");
        let count = if other.starts_with("{}") { 4 } else { 3 };
        done.says(&format!("{} in: 3 rows, {count} rejected, 0 dropped", count + 3));
    }
}

#[test]
fn a_bad_value_is_kept_up_to_the_next_record() {
    let [one, two] = ["o-1", "o-2"].map(|id| failed(&change(id)));
    for bad in ["no JSON ", "{\"a\":{\"b\":1}", "{\"a\":[{\"b\":tru}", "{\"a\":\"b} {\"c\":1}"] {
        let (done, ids, rejected) = outcome(&format!("{one}{bad}{two}\n"));
        assert_eq!(ids, ["o-1", "o-2"], "{bad}");
        assert_eq!(rejected, format!("{}\n", bad.trim_end()));
        done.says("3 in: 2 rows, 1 rejected, 0 dropped");
    }
}

#[test]
fn a_long_bad_value_is_kept_whole() {
    let [one, two] = ["o-1", "o-2"].map(|id| failed(&change(id)));
    for bad in [
        format!("{{\"a\":tru,\"b\":\"{}\"}}", "x".repeat(300_000)),
        format!("{{\"b\":\"{}\",,}}", "x".repeat(3 << 20)),
        format!("no JSON {}", "x".repeat(300_000)),
        format!("{{\n\"b\":[\n{} tru\n]}}", "  \"x\",\n".repeat(100_000)),
    ] {
        let (done, ids, rejected) = outcome(&format!("{one}\n{bad}\n{two}\n"));
        assert_eq!(ids, ["o-1", "o-2"]);
        assert!(rejected == format!("{bad}\n"), "{} of {} bytes", rejected.len(), bad.len());
        done.says("3 in: 2 rows, 1 rejected, 0 dropped");
    }
}

#[test]
fn a_bad_value_that_is_cut_off_is_kept_as_far_as_it_goes() {
    // Text that does not compress, so that half of it is in half of the object.
    let mut random = 1_u64;
    let text = (0..400_000).map(|_| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + (random >> 33) as u8 % 26)
    });
    let bad = format!("{{\"a\":tru {}", text.collect::<String>());
    let object = gzip(format!("{}\n{bad}", failed(&change("o-1"))).as_bytes());
    let errors = Folder::new(&[("object-1", &object[..object.len() / 2])]);
    let out = Folder::new(&[]);
    replay(&out, &[errors.path()])
        .exits_with(1)
        .says("2 in: 1 row, 1 rejected, 0 dropped")
        .says("its gzip is cut off or damaged");
    let kept = fs::read_to_string(out.0.join("rejected/object-1.rejected")).unwrap();
    assert!(kept.len() > 100_000 && bad.starts_with(kept.trim_end()), "{} bytes", kept.len());
}

#[test]
fn what_was_rejected_is_rejected_alike() {
    let text = "{\"a\":tru}{\"b\":\"}\",,} no JSON {\"c\":1} [\n{\n \"a\": tru\n}\n";
    let (_, _, rejected) = outcome(&format!("{text}{}", failed(&change("o-1"))));
    let errors = Folder::new(&[("object-1", rejected.as_bytes())]);
    let out = Folder::new(&[]);
    replay(&out, &[errors.path()]).exits_with(1);
    assert_eq!(fs::read_to_string(out.0.join("rejected/object-1.rejected")).unwrap(), rejected);
}
