//! One process and its invocations: what comes in is what is answered.

use super::{SCHEMA, assert_alive, metric_lines, read};
use crate::firehose::{READINGS, event, reading, row_of_reading};
use crate::runtime_api::{Function, Kind, Next};
use std::time::Duration;

#[test]
fn one_process_answers_several_invocations_each_with_its_own_rows() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    println!("exec to first poll: {:?}", function.until_first_poll());
    for (number, texts) in [
        vec!["one"],
        vec!["two \"quoted\" \\ \u{1F980}", "", "x\n\u{0}y"],
        vec![],
        vec!["four"; 40],
    ]
    .into_iter()
    .enumerate()
    {
        let id = |at: usize| format!("invocation {number}, item {at}");
        let timestamp = |at: usize| i64::MAX - (number * 100 + at) as i64;
        let records = texts.iter().enumerate();
        let data = records.map(|(at, text)| reading(&id(at), timestamp(at), text).to_string());
        let request_id = format!("8476a536-e9f4-11e8-9739-2dfe598c3f{number:02}");
        let post = function.invoke_as(Next::new(&*request_id, event(data)));
        assert_eq!(post.kind, Kind::Response { request_id });
        for (at, answer) in read(&post, texts.len()).iter().enumerate() {
            let row = row_of_reading(at, &id(at), timestamp(at), texts[at]);
            assert_eq!(answer.row(), Some(row));
        }
    }
    let output = function.stop();
    assert_eq!(output.stderr, "");
    assert_eq!(metric_lines(&output).len(), 4, "{output}");
}

#[test]
fn events_that_wait_are_answered_in_order_each_under_its_request_id() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let ids: Vec<String> = (0..20).map(|at| format!("request-{at}")).collect();
    for id in &ids {
        function.queue(Next::new(id, event([reading(id, 0, id).to_string()])));
    }
    for id in &ids {
        let post = function.answer();
        assert_eq!(post.kind, Kind::Response { request_id: id.clone() });
        assert_eq!(read(&post, 1)[0].row(), Some(row_of_reading(0, id, 0, id)));
    }
    function.stop();
}

#[test]
fn the_invocation_id_goes_back_as_it_came_and_only_where_it_came() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let good = event([reading("a", 0, "").to_string()]);
    for (request_id, invocation_id, event) in [
        ("first", Some("invocation-id-1"), good.as_str()),
        ("second", None, &good),
        ("third", Some("invocation-id-3"), "{}"),
        ("fourth", None, "{}"),
        ("fifth", Some("invocation-id-5"), &good),
    ] {
        let invocation_id = invocation_id.map(str::to_owned);
        let next = Next::new(request_id, event);
        let post = function.invoke_as(Next { invocation_id: invocation_id.clone(), ..next });
        let request_id = request_id.into();
        let kind =
            if event == "{}" { Kind::Error { request_id } } else { Kind::Response { request_id } };
        assert_eq!((post.kind, post.invocation_id), (kind, invocation_id));
    }
    function.stop();
}

#[test]
fn a_runtime_api_that_is_beyond_recovery_ends_the_process() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let next = Next::new("1", "{\"records\":[]}");
    function.invoke_as(Next { status: Some("500 Internal Server Error"), ..next });
    let (status, _, output) = function.exit();
    assert!(!status.success(), "{status}\n{output}");
    assert!(output.stdout.contains("500"), "{output}");
}

#[test]
fn a_response_that_lambda_rejects_is_logged_and_the_next_event_is_answered() {
    let mut function = Function::start(&[(SCHEMA, READINGS)]);
    let next = Next::new("rejected", event([reading("a", 0, "").to_string()]));
    function.invoke_as(Next { status: Some("413 Content Too Large"), ..next });
    assert_alive(&mut function);
    let output = function.stop();
    let logged = output.stdout.lines().any(|line| line.contains("ERROR") && line.contains("413"));
    assert!(logged, "{output}");
}

#[test]
fn the_first_poll_comes_soon_after_exec() {
    let function = Function::start(&[(SCHEMA, READINGS)]);
    let taken = function.until_first_poll();
    println!("exec to first poll: {taken:?} (in this profile, beside other tests)");
    // What is wanted is 15 ms of the release build on an idle machine: for a bench to measure.
    assert!(taken < Duration::from_secs(2), "{taken:?}");
    function.stop();
}
