//! What is printed.

use crate::*;

#[test]
fn a_table_has_the_columns_that_are_filled() {
    let done = dynalake(&["transform", "--schema", "orders.json", "changes.jsonl"]).exits_with(1);
    let header = done.stdout.lines().nth(1).unwrap();
    let columns: Vec<&str> = header.trim_matches('│').split('┆').map(str::trim).collect();
    assert_eq!(
        columns,
        [
            "order_id",
            "total",
            "expires_at",
            "customer_city",
            "customer_email",
            "items",
            "_event_type",
            "_event_time",
            "_event_id",
            "_table",
            "_sequence",
            "_ttl_delete",
            "_rescued"
        ]
    );
    done.prints(" 12.5 ").prints(" London ").prints("…");
}

#[test]
fn a_table_shows_nothing_that_a_terminal_obeys() {
    let mut change = change("o-1");
    change["dynamodb"]["NewImage"]["note"] = json!({"S": "a\u{1b}[2Jb\nc\u{202e}d"});
    change["dynamodb"]["NewImage"]["empty"] = json!({"S": ""});
    dynalake_with(&["transform"], change.to_string())
        .exits_with(0)
        .prints(" a\\u{1b}[2Jb\\nc\\u{202e}d ")
        .prints(" \"\" ");
}

#[test]
fn values_never_reach_stderr() {
    let schema = TempFile::new(
        "id.json",
        orders(&json!([{"name": "order_id", "type": "string"}])).to_string(),
    );
    let mut change = change("o-1");
    change["dynamodb"]["NewImage"]["\u{1b}c\u{202e}"] = json!({"S": "SECRET"});
    let done = dynalake_with(&["transform", "--schema", schema.path()], change.to_string())
        .exits_with(0)
        .says("line-1: rescued: \\u{1b}c\\u{202e}: unknown");
    assert!(!done.stderr.contains("SECRET"));
}

#[test]
fn the_response_is_firehoses() {
    let data = [change("o-1").to_string(), change("o-2").to_string().replace("orders", "audit")];
    let args = [
        "transform",
        "--format",
        "response",
        "--tables",
        " x , orders",
        "--partition-keys",
        "event_time",
    ];
    let done = dynalake_with(&args, event(&data).to_string()).exits_with(0);
    let response: Value = serde_json::from_str(&done.stdout).unwrap();
    let records = &response["records"];
    assert_eq!(records[0]["result"], "Ok");
    assert_eq!(
        records[0]["metadata"]["partitionKeys"],
        json!({"table": "orders", "year": "2023", "month": "11", "day": "14", "hour": "22"})
    );
    assert_eq!(records[1], json!({"recordId": "r-1", "result": "Dropped"}));
    let row = BASE64_STANDARD.decode(records[0]["data"].as_str().unwrap()).unwrap();
    let rows = dynalake_with(&["transform", "--format", "jsonl"], event(&data[..1]).to_string());
    assert_eq!(String::from_utf8(row).unwrap(), rows.stdout);
}

#[test]
fn the_responses_limit_is_that_of_an_event_only() {
    let mut big = change("o-1");
    big["dynamodb"]["NewImage"]["text"] = json!({"S": "x".repeat(1_000_000)});
    let changes: Vec<String> = (0..8).map(|_| big.to_string()).collect();
    let args = ["transform", "--format", "response"];
    let done = dynalake_with(&args, event(&changes).to_string())
        .exits_with(1)
        .says("r-7: failed: the row no longer fits into the response; lower Firehose's Buffer");
    assert!(done.stdout.len() <= 6_291_456 + 1);
    dynalake_with(&args, changes.join("\n")).exits_with(0).says("8 in: 8 ok");
    big["dynamodb"]["NewImage"]["text"] = json!({"S": "x".repeat(8_000_000)});
    // A row that Lambda could never return is not printed here either.
    let failure =
        "line-1: failed: the row is larger than any response can hold; leave out attributes";
    let done = transform(big.to_string()).exits_with(1).says(failure);
    assert!(!done.stderr.contains("BufferSizeInMBs"), "no buffer makes it fit");
}

#[test]
fn of_many_failures_the_first_are_named_and_all_counted() {
    let bad = change("o").to_string().replace("INSERT", "UPSERT");
    let done = transform(format!("{bad}\n").repeat(1_000))
        .exits_with(1)
        .says("line-20: failed: eventName")
        .says("… and 980 more records: failed: eventName is not")
        .says("1,000 in: 0 ok, 0 dropped, 1,000 failed");
    assert_eq!(done.stderr.matches("failed: ").count(), 21);
}

#[test]
fn of_many_rescues_the_first_are_named_and_all_counted() {
    let schema = TempFile::new(
        "key.json",
        orders(&json!([{"name": "order_id", "type": "string"}])).to_string(),
    );
    let text = format!("{}\n", change("o-1")).repeat(30);
    let done = dynalake_with(&["transform", "--schema", schema.path()], text)
        .exits_with(0)
        .says("line-20: rescued: total: unknown")
        .says("… and 10 more values: rescued: unknown")
        .says("rescued     30 rows");
    assert!(!done.stderr.contains("line-21"));
}
