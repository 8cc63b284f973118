//! Kinds of input.

use crate::*;

#[test]
fn change_records_come_one_per_line() {
    let done =
        dynalake(&["transform", "--schema", "orders.json", "--format", "jsonl", "changes.jsonl"])
            .exits_with(1)
            .says("line-3: rescued: total: type\n")
            .says("line-3: rescued: colour: unknown\n")
            .says("line-3: rescued: items[0].qty: range\n")
            .says("line-5: failed: the data is not one JSON object\n")
            .says("5 in: 3 ok, 1 dropped, 1 failed")
            .says("rescued     1 row\n")
            .says("duplicates  1\n");
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    assert!(!done.stderr.contains("ada@"), "{}", done.stderr);
    assert!(!done.stdout.contains("ada@"), "the e-mail is hashed");
    let rows = done.rows();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["total"], "12.5");
    assert_eq!(rows[0]["customer_city"], "London");
    assert_eq!(rows[2]["_ttl_delete"], true);
}

#[test]
fn one_change_record_may_be_on_several_lines() {
    let pretty = format!("\n\n{:#}\n", change("o-1"));
    let rows = transform(&pretty).exits_with(0).says("1 in: 1 ok").rows();
    assert_eq!(rows[0]["order_id"], "o-1");
    transform(pretty.replace("INSERT", "UPSERT"))
        .exits_with(1)
        .says("line-3: failed: eventName is not INSERT, MODIFY or REMOVE");
    let two = format!("{pretty}{}", pretty.replace("INSERT", "UPSERT"));
    let lines = pretty.lines().count();
    transform(two).exits_with(1).says(&format!("line-{}: failed: eventName", lines + 3)).rows();
}

#[test]
fn a_firehose_event_is_taken_as_it_is() {
    let data = [change("o-1").to_string(), "Hello World".into(), change("o-3").to_string()];
    for text in [event(&data).to_string(), format!("{:#}\n", event(&data))] {
        let rows = transform(text)
            .exits_with(1)
            .says("r-1: failed: the data is not one JSON object")
            .says("of at most 6,291,456")
            .rows();
        assert_eq!(rows.len(), 2);
        assert!(rows[1]["_sequence"].as_str().unwrap().ends_with("00049592"));
    }
}

#[test]
fn the_consoles_firehose_template_is_read() {
    dynalake(&["transform", "console-firehose.json"])
        .exits_with(1)
        .says("49546986683135544286507457936321625675700192471156785154: failed: the data is not one JSON");
}

#[test]
fn the_consoles_dynamodb_template_is_read() {
    let done = dynalake(&["transform", "--format", "jsonl", "console-dynamodb.json"]).exits_with(0);
    let rows = done.rows();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["_table"], "ExampleTableWithStream");
    assert_eq!(rows[0]["message"], "New item!");
    assert_eq!(rows[2]["_event_type"], "REMOVE");
}

#[test]
fn a_kinesis_test_event_is_read() {
    let record = |id: &str, sequence: &str| {
        json!({"eventID": "shardId-0:1", "eventSource": "aws:kinesis", "kinesis": {
            "partitionKey": "p", "sequenceNumber": sequence,
            "data": BASE64_STANDARD.encode(change(id).to_string())}})
    };
    let mut event = json!({"Records": [record("o-1", "495901"), record("o-2", "495902")]});
    let rows = transform(format!("{event:#}")).exits_with(0).rows();
    assert_eq!(rows[1]["order_id"], "o-2");
    assert!(rows[1]["_sequence"].as_str().unwrap().ends_with("000495902"));
    event["Records"][0]["kinesis"]["data"] = json!("no base64!");
    event["Records"][1] = json!({"kinesis": {}});
    transform(event.to_string())
        .exits_with(1)
        .says("Records[0]: failed: the record has no data in base64")
        .says("Records[1]: failed: the record has no data in base64");
}

#[test]
fn what_the_aws_command_line_gets_of_kinesis_is_read() {
    let data = BASE64_STANDARD.encode(change("o-1").to_string());
    let records = json!({"Records": [{"SequenceNumber": "495901", "Data": data}],
        "NextShardIterator": "x", "MillisBehindLatest": 0});
    let rows = transform(format!("{records:#}")).exits_with(0).rows();
    assert!(rows[0]["_sequence"].as_str().unwrap().ends_with("000495901"));
}

#[test]
fn a_bad_first_line_costs_itself_only() {
    for bad in ["no JSON", "[1]", "{}", "{\"dynamodb\": {", "{\"a\":1} {\"b\":2}", "\u{1}"] {
        // Each JSON value is one.
        let (records, failed) = if bad.contains("} {") { (3, 2) } else { (2, 1) };
        let rows = transform(format!("{bad}\n{}\n", change("o-1")))
            .exits_with(1)
            .says("line-1: failed: ")
            .says(&format!("{records} in: 1 ok, 0 dropped, {failed} failed"))
            .rows();
        assert_eq!(rows.len(), 1, "{bad}");
    }
}

#[test]
fn standard_input_is_named_or_meant() {
    for args in [&["transform", "--format", "jsonl"][..], &["transform", "--format", "jsonl", "-"]]
    {
        let done = dynalake_with(args, format!("{}\r\n\r\n{}", change("o-1"), change("o-2")));
        assert_eq!(done.exits_with(0).rows().len(), 2);
    }
}

#[test]
fn twenty_megabytes_stream_through() {
    let mut text = Vec::new();
    let mut lines = 0;
    while text.len() < 20_000_000 {
        lines += 1;
        writeln!(text, "{}", change(&format!("o-{lines}"))).unwrap();
    }
    let file = TempFile::new("long.jsonl", &text);
    for format in ["jsonl", "table"] {
        let done = dynalake(&["transform", "--format", format, file.path()]).exits_with(0);
        let rows = done.stdout.lines().filter(|line| line.contains("INSERT")).count();
        assert_eq!(rows, lines, "{format}");
        let read = format!(
            "{},{:03},{:03} read",
            text.len() / 1_000_000,
            text.len() / 1_000 % 1_000,
            text.len() % 1_000
        );
        assert!(done.stderr.contains(&read), "{}", done.stderr);
    }
    let done = dynalake(&["transform", "--format", "response", file.path()]).exits_with(0);
    let responses: Vec<Value> = done.rows();
    assert!(responses.len() > 5, "about 4 MB each");
    let records = responses.iter().map(|response| response["records"].as_array().unwrap().len());
    assert_eq!(records.sum::<usize>(), lines);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    // As lines, as one line, as one list, and as lines that all fail.
    let good = change("o-1").to_string();
    let bad = good.replace("\"dynamodb\":", "\"dynamodb\":tru");
    for (begins, record, separator, ends, code) in [
        ("", &good, "\n", "", 0),
        ("", &good, "", "", 0),
        ("[", &good, ",", "null]", 1),
        (&*good, &bad, "\n", "", 1),
        (&*good, &bad, " ", "", 1),
    ] {
        let mut child = start(&["transform", "--format", "jsonl"]);
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let block = format!("{record}{separator}").repeat(4096);
        stdin.write_all(begins.as_bytes()).unwrap();
        for _ in 0..100 {
            stdin.write_all(block.as_bytes()).unwrap();
        }
        stdin.write_all(ends.as_bytes()).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{separator:?}");
        reader.join().unwrap().unwrap();
        let megabytes = (block.len() * 100) >> 20;
        assert!(peak < 64 << 10, "{megabytes} MB with {separator:?} took {peak} kB");
    }
}

#[test]
fn a_reader_that_goes_ends_the_run_quietly() {
    let mut child = start(&["transform", "--format", "jsonl"]);
    let mut stdin = child.stdin.take().unwrap();
    let text = format!("{}\n", change("o-1")).repeat(100_000);
    let writer = std::thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(stderr, "");
    writer.join().unwrap();
}
