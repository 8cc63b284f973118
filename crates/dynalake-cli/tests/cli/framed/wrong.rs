//! Streams that are wrong: nothing of them may count.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Rows, and a record that can't be one.
fn records() -> Vec<Record> {
    let mut records: Vec<Record> =
        (0..3).map(|at| Record::new(change(&format!("o-{at}")).to_string(), at)).collect();
    records.insert(1, Record::new("no JSON", 9));
    records
}

/// A run that must not leave anything.
#[track_caller]
fn is_rejected(stream: &[u8], reason: &str) {
    let places = Places::new();
    let done = places.take(stream).exits_with(2).says("error: ").says(reason);
    assert_eq!(done.stdout, "");
    assert_eq!(places.files(), <[BTreeMap<_, _>; 2]>::default(), "{reason}");
}

#[test]
fn a_stream_that_is_cut_off_anywhere_leaves_nothing() {
    let whole = frames(&records());
    let places = Places::new();
    places.take(&whole).exits_with(1);
    let head = 8 + 16;
    let cuts = [0, 1, 7, 8, 9, head - 1, head, head + 1, head + 24, head + 25];
    for cut in cuts.into_iter().chain((1..=17).map(|from_end| whole.len() - from_end)) {
        is_rejected(&whole[..cut], "standard input is cut off: it ends in frame ");
    }
    // Between the frames: all are there, and the end frame is not.
    is_rejected(
        &whole[..whole.len() - 16],
        "it ends in frame 5 or before it, without the end frame",
    );
}

#[test]
fn a_stream_of_another_form_is_rejected() {
    let records = records();
    let begin = &b"dynalak1"[..];
    let one = frame(&records[0]);
    let bad = "this one are not of one version";
    for (stream, reason) in [
        (change("o-1").to_string().into_bytes(), "does not begin with dynalak1"),
        ([&b"dynalak2"[..], &one, &end(1)].concat(), "records without frames are read without"),
        ([begin, &one, &end(0)].concat(), "the end frame counts 0 records, and 1 came"),
        ([begin, &one, &end(u64::MAX)].concat(), "counts 18446744073709551615 records"),
        ([begin, &one, &end(1), b"\n"].concat(), "goes on behind the end frame"),
        ([begin, &one, &end(1), begin].concat(), bad),
        ([begin, &one, &head(1, 0, 2, 0, 1)].concat(), "frame 2: an end frame with data"),
        ([begin, &one, &head(0, 1, 2, 0, 1)].concat(), "frame 2: an end frame with data"),
        ([begin, &head(0, 0, 0, 0, 0), &end(1)].concat(), "frame 1: kind 0, reserved 0"),
        ([begin, &head(0, 0, 3, 0, 0), &end(1)].concat(), bad),
        ([begin, &head(0, 0, 1, 1, 0), &end(1)].concat(), "kind 1, reserved 1"),
        (
            [begin, &head(u32::MAX, 0, 1, 0, 0), &one].concat(),
            "data of 4294967295 bytes, and a record has at most 16777216",
        ),
        ([begin, &head((16 << 20) + 1, 0, 1, 0, 0), &one].concat(), "data of 16777217 bytes"),
        ([begin, &head(0, 130, 1, 0, 0), &[b'1'; 130], &end(1)].concat(), "number of 130 bytes"),
        ([begin, &head(0, 3, 1, 0, 0), b"12a", &end(1)].concat(), "other characters than digits"),
        ([begin, &head(0, 2, 1, 0, 0), "é".as_bytes(), &end(1)].concat(), bad),
        ([begin, &head(0, 0, 1, 0, u64::MAX), &end(1)].concat(), "beyond 2261"),
    ] {
        is_rejected(&stream, reason);
    }
}

#[test]
fn what_is_at_the_limits_is_taken() {
    let places = Places::new();
    let mut record = Record::new(vec![b'x'; 16 << 20], 1);
    record.number = Some("1".repeat(129));
    record.arrival_us = 0;
    let mut without = Record::new(change("o-1").to_string(), 2);
    without.number = None;
    let done = places.take(frames(&[record, without])).exits_with(1);
    assert_eq!((&counts(&done)["rejected"], &counts(&done)["rows"]), (&json!(1), &json!(1)));
    let [_, rejected] = places.files();
    let lines = &rejected["dt=1970-01-01/hour=00/spark-q-7-0.json"];
    assert!(lines.len() > 20 << 20);
    assert!(lines.ends_with(format!(",\"sequenceNumber\":\"{}\"}}\n", "1".repeat(129)).as_bytes()));
}

#[test]
fn files_that_can_not_be_written_leave_nothing_that_counts() {
    for is_rejected in [false, true] {
        let places = Places::new();
        let folder = if is_rejected { &places.rejected } else { &places.out };
        // A file has the folder's place.
        fs::write(&folder.0, "").unwrap();
        let done = places.take(frames(&records())).exits_with(2).says("error: can't write ");
        assert_eq!(done.stdout, "");
        let other = if is_rejected { &places.out } else { &places.rejected };
        // What is rejected is published first; that alone is no harm.
        assert!(!files(other).keys().any(|name| name.ends_with(".parquet")));
        fs::remove_file(&folder.0).unwrap();
    }
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    if !cfg!(target_os = "linux") {
        return;
    }
    // 200 MB of frames, half of them rejected.
    let places = Places::new();
    let mut large = change("o-1");
    large["dynamodb"]["NewImage"]["memo"] = json!({"S": "x".repeat(100_000)});
    let pair =
        [frame(&Record::new(large.to_string(), 1)), frame(&Record::new(vec![b'x'; 100_000], 2))]
            .concat();
    let args = ["transform", "--format", "parquet", "--framed", "--schema", "orders.json"];
    let to = ["--out", places.out.path(), "--rejected", places.rejected.path(), "--name", "n"];
    let mut child = start(&[&args[..], &to].concat());
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(b"dynalak1").unwrap();
    for _ in 0..1_000 {
        pipe.write_all(&pair).unwrap();
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(peak < 150_000, "{peak} KB of 200 MB");
    pipe.write_all(&end(2_000)).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// Bytes that are changed somewhere.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    prop::collection::vec(change, 1..6).prop_map(|changes| {
        let mut stream = frames(&records());
        for (at, byte, how) in changes {
            let at = at.index(stream.len());
            match how {
                0 => stream[at] = byte,
                1 => stream.insert(at, byte),
                2 => drop(stream.remove(at)),
                _ => stream.truncate(at.max(1)),
            }
        }
        stream
    })
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_bytes_end_the_run_in_order(
        stream in prop_oneof![
            damaged(),
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| {
                [&b"dynalak1"[..], &bytes].concat()
            }),
        ],
    ) {
        let places = Places::new();
        let done = places.take(stream);
        prop_assert!((0..=2).contains(&done.code), "{} {}", done.code, done.stderr);
        prop_assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
        if done.code == 2 {
            prop_assert_eq!(&done.stdout, "");
            prop_assert_eq!(places.files(), <[BTreeMap<_, _>; 2]>::default());
        } else {
            counts(&done);
        }
    }
}
