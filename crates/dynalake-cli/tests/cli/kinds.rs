//! Each kind of input, told by its content.

use crate::*;

/// The rows of an input, without a schema.
fn rows(args: &[&str]) -> Vec<Value> {
    dynalake(&[&["transform", "--format", "jsonl"], args].concat()).exits_with(0).rows()
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["order_id"].as_str().unwrap()).collect()
}

#[test]
fn records_need_no_line_breaks_between_them() {
    // As Firehose joins them in a backup.
    assert_eq!(ids(&rows(&["concatenated.json"])), ["o-1", "o-2", "o-3"]);
    let bad = change("o-2").to_string().replace("INSERT", "UPSERT");
    transform(format!("\n{}{bad} {}\n{bad}", change("o-1"), change("o-3")))
        .exits_with(1)
        .says("line-2#2: failed: eventName")
        .says("line-3: failed: eventName")
        .says("4 in: 2 ok, 0 dropped, 2 failed");
}

#[test]
fn records_may_be_in_one_list() {
    let list = json!([change("o-1"), change("o-2"), change("o-3")]);
    for text in [list.to_string(), format!("{list:#}"), format!("{list}\n{}", change("o-4"))] {
        let rows = transform(text).exits_with(0).rows();
        assert_eq!(ids(&rows)[..3], ["o-1", "o-2", "o-3"]);
    }
    let bad = change("o-2").to_string().replace("INSERT", "UPSERT");
    transform(format!("[\n{},\n{bad}, 7, null,\n{}]", change("o-1"), change("o-3")))
        .exits_with(1)
        .says("line-3: failed: eventName")
        .says("line-3#2: failed: the data is JSON that is not an object")
        .says("line-3#3: failed: the data is JSON that is not an object")
        .says("5 in: 2 ok");
    transform("[]").exits_with(0).says("0 in");
    transform(format!("[{},", change("o-1")))
        .exits_with(1)
        .says("error: standard input ends in the middle of its JSON list")
        .says("1 in: 1 ok");
}

#[test]
fn several_events_may_follow_each_other() {
    let firehose = event(&[change("o-1").to_string(), "SECRET".into()]);
    let lambda = json!({"Records": [change("o-2"), {"kinesis": {}}]});
    let done = transform(format!("{firehose}{lambda}\n{firehose}\n{}", change("o-4")))
        .exits_with(1)
        .says("\nline-1#2.Records[1]: failed: the record has no data in base64")
        .says("\nline-2.r-1: failed: the data is not one JSON object")
        .says("7 in: 4 ok, 0 dropped, 3 failed");
    assert!(done.stderr.starts_with("r-1: failed: "), "{}", done.stderr);
    assert!(!done.stderr.contains("SECRET") && !done.stderr.contains("at most"));
}

#[test]
fn an_event_that_can_not_be_answered_fails_alone() {
    let bad = b"{\"records\":[{\"recordId\":\"1\",\"data\":\"\xff\"}]}\n";
    let good = event(&[change("o-1").to_string()]).to_string();
    transform([&bad[..], good.as_bytes()].concat())
        .exits_with(1)
        .says("line-1: failed: this is not a Firehose transformation event: not UTF-8")
        .says("2 in: 1 ok");
    transform(format!("{good}\n{{\"records\":[7]}}")).exits_with(1).says(
        "line-2: failed: the data is JSON with \"records\" that is no Firehose event: records[0]",
    );
}

#[test]
fn an_object_of_an_error_prefix_holds_records() {
    let done = dynalake(&["transform", "--format", "jsonl", "failed-records.json"])
        .exits_with(1)
        .says("line-1#4: failed: the data is gzip")
        .says("line-1#5: failed: the data is a row that was made already, and not a change record")
        .says("line-1#6: failed: the data is empty")
        .says("line-1#7: failed: the record has no data in base64")
        .says("7 in: 3 ok, 0 dropped, 4 failed");
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    let rows = done.rows();
    assert_eq!(ids(&rows), ["o-1", "o-2", "o-3"]);
    let sequence = |row: &Value| row["_sequence"].as_str().unwrap().to_owned();
    assert!(
        sequence(&rows[0]).ends_with("-00000000000000000000000000000000000000000000000000000000")
    );
    assert!(sequence(&rows[2]).ends_with("00495903"), "where the line has a number it is taken");
}

#[test]
fn what_the_aws_command_line_gets_of_dynamodb_streams_is_read() {
    let file = "dynamodbstreams-get-records.json";
    dynalake(&["transform", file])
        .exits_with(1)
        .says("Records[0]: failed: the change record has neither tableName")
        .says("; --table names it\n");
    let row = &rows(&["--table", "orders", file])[0];
    assert_eq!(row["_table"], "orders");
    assert_eq!(row["_event_time"], "2021-11-26T17:36:07.000000Z");
    assert!(
        row["_sequence"]
            .as_str()
            .unwrap()
            .ends_with("-00000000000000000000000000000000000000000000000000000100")
    );
    assert_eq!(row["blob"], "Wm05dg==", "DynamoDB Streams encode binary once");
    let schema = TempFile::new(
        "double.json",
        json!({"table": "orders", "keys": ["orderId"], "binary": "double", "columns": [
            {"name": "order_id", "type": "string"}, {"name": "blob", "type": "string"}]})
        .to_string(),
    );
    let row = &rows(&["--schema", schema.path(), file])[0];
    assert_eq!((&row["_table"], &row["blob"]), (&json!("orders"), &json!("Wm05dg==")));
}

#[test]
fn records_of_kinesis_are_read_one_per_line_too() {
    let data = BASE64_STANDARD.encode(change("o-1").to_string());
    let lambda = json!({"eventID": "shardId-0:1", "eventSource": "aws:kinesis",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:0:stream/s",
        "kinesis": {"sequenceNumber": "495901", "data": data}});
    let cli = json!({"SequenceNumber": "495902", "Data": data, "PartitionKey": "p"});
    let rows = transform(format!("{lambda}\n{cli}")).exits_with(0).rows();
    assert!(rows[0]["_sequence"].as_str().unwrap().ends_with("00495901"));
    assert!(rows[1]["_sequence"].as_str().unwrap().ends_with("00495902"));
}

#[test]
fn an_event_of_eventbridge_is_read() {
    let event = json!({"version": "0", "id": "i", "source": "s", "detail-type": "t",
        "detail": change("o-1")});
    assert_eq!(ids(&transform(event.to_string()).exits_with(0).rows()), ["o-1"]);
}

#[test]
fn gzip_and_a_byte_order_mark_are_read() {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/concatenated.json"));
    let text = text.unwrap();
    let marked = [b"\xef\xbb\xbf", &*text].concat();
    let two_members = [gzip(&text), gzip(&text)].concat();
    for (input, count) in
        [(marked.clone(), 3), (gzip(&text), 3), (gzip(&marked), 3), (two_members, 6)]
    {
        assert_eq!(transform(input).exits_with(0).rows().len(), count);
    }
    let large = text.repeat(10_000);
    let zipped = gzip(&large);
    let read = format!("bytes       {} read, ", thousands(zipped.len()));
    assert_eq!(transform(&zipped).exits_with(0).says(&read).rows().len(), 30_000);
    // The rows before the damage are there.
    let cut = transform(&zipped[..zipped.len() / 2])
        .exits_with(1)
        .says("error: standard input: its gzip is cut off or damaged");
    assert!(cut.rows().len() > 10_000);
    transform(&gzip(&text)[..40]).exits_with(2).says("its gzip is cut off or damaged");
}

#[test]
fn a_record_that_says_no_table_is_of_the_schemas() {
    let mut change = change("o-1");
    change.as_object_mut().unwrap().remove("tableName");
    let args = ["transform", "--format", "jsonl", "--schema", "orders.json"];
    let rows = dynalake_with(&args, change.to_string()).exits_with(0).rows();
    assert_eq!(rows[0]["_table"], "orders");
    let args = [&args[..], &["--table", "orders-dev"]].concat();
    dynalake_with(&args, change.to_string())
        .exits_with(0)
        .says("warning: --table is \"orders-dev\", and wanted are only changes of orders")
        .says("0 ok, 1 dropped");
    let args = [&args[..], &["--tables", "orders-dev"]].concat();
    assert_eq!(dynalake_with(&args, change.to_string()).rows()[0]["_table"], "orders-dev");
    // A name that is there and can't be read is not replaced.
    change["eventSourceARN"] = json!("arn:aws:dynamodb:eu-west-1:0:index/x");
    let done = dynalake_with(&args, change.to_string()).exits_with(1).says("has neither tableName");
    assert!(!done.stderr.contains("--table names"), "{}", done.stderr);
}
