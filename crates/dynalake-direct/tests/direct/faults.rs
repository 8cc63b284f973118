//! S3 fails, or the function is killed: nothing is lost, nothing half written, and the answer comes
//! in time.

use crate::events::{ORDERS, change, event, key, number, row};
use crate::runtime_api::{Function, Next, is_emulated};
use crate::s3::{Fault, PASSING, S3};
use crate::{SCHEMA, check_output, compare, failures, metric_lines, start, stop};
use dynalake::schema::Schema;
use serde_json::json;
use std::time::{Duration, Instant};

/// Has changes handled within some time; says what is to come again, and how long it took.
fn invoke(
    function: &mut Function,
    changes: std::ops::Range<usize>,
    time: Duration,
) -> (Vec<String>, Duration) {
    let started = Instant::now();
    let next = Next { time, ..Next::new("r", event(changes.map(change))) };
    let failures = failures(&function.invoke_as(next));
    (failures, started.elapsed())
}

/// Says that an object has the rows of these changes.
fn assert_rows(s3: &S3, changes: std::ops::Range<usize>) {
    let schema = Schema::parse(ORDERS).expect("it is one");
    let lines: Vec<String> = changes.clone().map(row).collect();
    let objects = s3.objects();
    let object = objects.get(&key(changes.start, changes.end - 1)).expect("the object is there");
    compare(&schema, object, &lines).expect("the rows are those of the changes");
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn what_passes_heals_within_the_invocation() {
    for fault in PASSING {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails("orders", 2, fault);
        assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0], "{fault:?}");
        assert_eq!(s3.seen().len(), 3, "{fault:?}");
        assert_rows(&s3, 0..3);
        let output = stop(function);
        let [metrics] = &metric_lines(&output)[..] else { panic!("{output}") };
        assert_eq!((&metrics["StoreRetries"], &metrics["ObjectsWritten"]), (&json!(2), &json!(1)));
        assert!(output.stdout.contains("all objects are stored, not at once: S3"), "{output}");
    }
}

#[test]
fn a_stalled_connection_is_left_and_another_tried() {
    for fault in [Fault::Stall, Fault::StallStored] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails("orders", 1, fault);
        let time = Duration::from_secs(5);
        let (failures, taken) = invoke(&mut function, 0..3, time);
        assert_eq!(failures, [""; 0], "{fault:?}");
        assert!(is_in_time(taken, time), "{taken:?}");
        assert_rows(&s3, 0..3);
        stop(function);
    }
}

/// Whether an answer came a second before the deadline. An emulated function is too slow to be held
/// to that second.
fn is_in_time(taken: Duration, time: Duration) -> bool {
    let rest = if is_emulated() { Duration::ZERO } else { Duration::from_secs(1) };
    taken + rest < time
}

/// What an outage does: the answer comes a second before the deadline, whatever S3 does.
#[test]
fn an_outage_is_answered_in_time_and_the_batch_comes_again() {
    for fault in [
        Fault::Error(503, "SlowDown", "slow"),
        Fault::ResetBeforeBody,
        Fault::Stall,
        Fault::StallStored,
    ] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails("orders", usize::MAX, fault);
        let time = Duration::from_secs(3);
        let (again, taken) = invoke(&mut function, 0..3, time);
        assert_eq!(again, [number(0)], "{fault:?}");
        assert!(is_in_time(taken, time), "{fault:?}: {taken:?}");
        assert!(s3.seen().len() > 1, "it was tried again");
        s3.heals();
        assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0]);
        assert_rows(&s3, 0..3);
        assert!(s3.changed().is_empty());
        let output = stop(function);
        // The records count when they are done.
        let [failed, done] = &metric_lines(&output)[..] else { panic!("{output}") };
        let counts = |line: &serde_json::Value| {
            ["RecordsIn", "RecordsOk", "ObjectsWritten"].map(|name| line[name].as_u64())
        };
        assert_eq!(counts(failed), [3, 0, 0].map(Some));
        assert_eq!(counts(done), [3, 3, 1].map(Some));
        assert!(output.stdout.contains("not stored: S3"), "{output}");
        assert!(output.stdout.contains("Lambda gives the batch again"), "{output}");
    }
}

#[test]
fn an_s3_that_is_not_there_is_answered_in_time() {
    let s3 = S3::start();
    // Nothing listens there, and nothing that speaks TLS.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let nowhere = format!("http://{}", closed.local_addr().expect("it has an address"));
    drop(closed);
    let tls = s3.url().replace("http:", "https:");
    for url in [nowhere, tls] {
        let mut function = start(&s3, &[(SCHEMA, ORDERS), ("AWS_ENDPOINT_URL_S3", &url)]);
        let time = Duration::from_secs(2);
        let (again, taken) = invoke(&mut function, 0..3, time);
        assert_eq!(again, [number(0)]);
        assert!(is_in_time(taken, time), "{taken:?}");
        let output = stop(function);
        assert!(output.stdout.contains("S3 can't be reached, or broke off"), "{output}");
    }
}

#[test]
fn without_time_nothing_is_begun() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    let (again, _) = invoke(&mut function, 0..3, Duration::from_millis(900));
    assert_eq!(again, [number(0)]);
    assert!(s3.seen().is_empty());
    let output = stop(function);
    assert!(output.stdout.contains("raise the function's timeout"), "{output}");
}

/// What somebody has to put right is said at once, and the batch comes again until it is.
#[test]
fn what_does_not_pass_is_said_with_what_to_do() {
    let denied = "User: arn:aws:sts::1:assumed-role/direct is not authorized";
    for (fault, messages) in [
        (
            Fault::Error(403, "AccessDenied", denied),
            &[
                "S3 answered 403 AccessDenied: give the function's role s3:PutObject on \
               arn:aws:s3:::lake/data/orders/",
                "kms:GenerateDataKey",
                "S3 says: User: arn:aws:sts",
            ][..],
        ),
        (
            Fault::Error(403, "SignatureDoesNotMatch", "no"),
            &["403 SignatureDoesNotMatch: S3 does not know the function's credentials"],
        ),
        (
            Fault::Redirect(301),
            &["S3 answered 301 PermanentRedirect: the bucket lake is in us-west-2, and the \
                 function in eu-central-1; put both into one region"],
        ),
        (
            Fault::Error(404, "NoSuchBucket", "gone"),
            &["404 NoSuchBucket: there is no bucket lake; check DYNALAKE_BUCKET"],
        ),
        (Fault::Error(405, "MethodNotAllowed", "no"), &["S3 answered 405 MethodNotAllowed"]),
    ] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails("orders", usize::MAX, fault);
        let (again, taken) = invoke(&mut function, 0..3, LONG);
        assert_eq!(again, [number(0)]);
        assert!(taken < Duration::from_secs(5), "at once: {taken:?}");
        assert_eq!(s3.seen().len(), 1, "{fault:?}");
        s3.heals();
        assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0]);
        assert_rows(&s3, 0..3);
        let output = stop(function);
        for message in messages {
            assert!(output.stdout.contains(message), "{message}\n{output}");
        }
        let retries = metric_lines(&output)
            .iter()
            .map(|line| line["StoreRetries"].clone())
            .collect::<Vec<_>>();
        assert_eq!(retries, [1, 0], "what is not stored counts, that an alarm may ring");
    }
}

#[test]
fn a_temporary_redirect_is_not_followed_and_said() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    s3.fails("orders", usize::MAX, Fault::Redirect(307));
    assert_eq!(invoke(&mut function, 0..3, LONG).0, [number(0)]);
    assert!(s3.seen().iter().all(|seen| *seen == key(0, 2)));
    assert!(s3.objects().is_empty());
    let output = stop(function);
    assert!(output.stdout.contains("S3 answered 307 TemporaryRedirect: S3 sends elsewhere"));
    assert!(output.stdout.contains("put bucket and function into one region"), "{output}");
}

/// Lambda gives new credentials to a new process alone.
#[test]
fn credentials_that_are_too_old_end_the_process_behind_the_answer() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0]);
    s3.fails("orders", usize::MAX, Fault::Error(400, "ExpiredToken", "old"));
    assert_eq!(invoke(&mut function, 3..6, LONG).0, [number(3)]);
    let (status, _, output) = function.exit();
    assert!(!status.success(), "{output}");
    check_output(&output);
    assert!(output.stdout.contains("400 ExpiredToken: the function's credentials are too old"));
    s3.heals();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    assert_eq!(invoke(&mut function, 3..6, LONG).0, [""; 0]);
    stop(function);
    assert_rows(&s3, 3..6);
}

/// Rows and the lines of failed records are two objects; where one is not stored, the batch is not
/// done.
#[test]
fn a_batch_is_done_when_all_its_objects_are_stored() {
    for part in ["data/", "errors/"] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails(part, 1, Fault::Error(403, "AccessDenied", "no"));
        let batch = || {
            let mut bad = change(1);
            bad["dynamodb"]["NewImage"] = json!(null);
            event([change(0), bad, change(2)])
        };
        assert_eq!(failures(&function.invoke(batch())), [number(0)], "{part}");
        assert_eq!(s3.objects().len(), 1);
        assert_eq!(failures(&function.invoke(batch())), [""; 0]);
        assert_eq!(s3.objects().len(), 2);
        assert!(s3.changed().is_empty());
        stop(function);
    }
}

/// Whenever the process ends, objects are whole or not there, and the batch that comes again, whole
/// or in parts, completes them.
#[test]
fn a_process_that_is_killed_leaves_no_half_of_an_object() {
    let whole = S3::start();
    let mut function = start(&whole, &[(SCHEMA, ORDERS)]);
    invoke(&mut function, 0..30, LONG);
    stop(function);
    for fault in [Fault::Stall, Fault::StallStored, Fault::ResetBeforeBody] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        s3.fails("orders", usize::MAX, fault);
        function.queue(Next::new("killed", event((0..30).map(change))));
        assert!(s3.wait_for(1, LONG), "it sends the object");
        drop(function);
        let left = s3.objects();
        assert!(left.is_empty() || left == whole.objects(), "{fault:?}: {:?}", left.keys());
        s3.heals();
        let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
        // After a bisect: its parts overlap with what is there.
        for range in [0..15, 15..30] {
            assert_eq!(invoke(&mut function, range, LONG).0, [""; 0]);
        }
        assert_rows(&s3, 0..15);
        assert_rows(&s3, 15..30);
        assert_eq!(invoke(&mut function, 0..30, LONG).0, [""; 0]);
        assert_eq!(s3.objects()[&key(0, 29)], whole.objects()[&key(0, 29)]);
        assert!(s3.changed().is_empty());
        stop(function);
    }
}

/// A function that was frozen finds its connections ended.
#[test]
fn a_connection_that_was_ended_meanwhile_costs_nothing() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, ORDERS)]);
    s3.fails("orders", usize::MAX, Fault::CloseAfter);
    for at in 0..5 {
        assert_eq!(invoke(&mut function, at..at + 1, LONG).0, [""; 0]);
    }
    assert_eq!((s3.seen().len(), s3.objects().len(), s3.connections()), (5, 5, 5));
    let output = stop(function);
    assert!(metric_lines(&output).iter().all(|line| line["StoreRetries"] == 0), "{output}");
}

/// Twenty tables, more than there are requests at once.
fn tables() -> String {
    let schema: serde_json::Value = serde_json::from_str(ORDERS).expect("it is JSON");
    let named = |at: usize| {
        let mut schema = schema.clone();
        schema["name"] = json!(format!("t{at:02}"));
        schema
    };
    json!((0..20).map(named).collect::<Vec<_>>()).to_string()
}

#[test]
fn an_outage_of_many_objects_is_answered_in_time() {
    for fault in [Fault::Error(503, "SlowDown", "slow"), Fault::Stall] {
        let s3 = S3::start();
        let mut function = start(&s3, &[(SCHEMA, &tables())]);
        s3.fails("data/", usize::MAX, fault);
        let time = Duration::from_secs(3);
        let (again, taken) = invoke(&mut function, 0..3, time);
        assert_eq!(again, [number(0)], "{fault:?}");
        assert!(is_in_time(taken, time), "{fault:?}: {taken:?}");
        s3.heals();
        assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0]);
        assert_eq!(s3.objects().len(), 20);
        let output = stop(function);
        let metrics = metric_lines(&output);
        let [failed, done] = &metrics[..] else { panic!("{output}") };
        assert!(failed["StoreRetries"].as_u64() >= Some(20), "{failed}");
        assert_eq!((&done["StoreRetries"], &done["ObjectsWritten"]), (&json!(0), &json!(20)));
        assert!(!output.stdout.contains("raise the function's timeout"), "{output}");
    }
}

/// Where some tables' objects are stored and others' are not, all of them are written again.
#[test]
fn one_table_that_is_denied_keeps_the_batch_for_all() {
    let s3 = S3::start();
    let mut function = start(&s3, &[(SCHEMA, &tables())]);
    s3.fails("t07", 1, Fault::Error(403, "AccessDenied", "no"));
    assert_eq!(invoke(&mut function, 0..3, LONG).0, [number(0)]);
    assert_eq!(s3.objects().len(), 19);
    assert_eq!(invoke(&mut function, 0..3, LONG).0, [""; 0]);
    assert_eq!((s3.objects().len(), s3.seen().len()), (20, 40));
    assert!(s3.changed().is_empty());
    stop(function);
}
