//! The command line, run as its users run it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What a run left behind.
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn exits_with(self, code: i32) -> Done {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Done {
        assert!(self.stderr.contains(text), "no {text:?} in stderr:\n{}", self.stderr);
        self
    }

    #[track_caller]
    fn prints(self, text: &str) -> Done {
        assert!(self.stdout.contains(text), "no {text:?} in stdout:\n{}", self.stdout);
        self
    }

    /// Each row as JSON.
    #[track_caller]
    fn rows(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn start(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dynalake"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn dynalake(args: &[&str]) -> Done {
    dynalake_with(args, "")
}

fn dynalake_with(args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
    let mut child = start(args);
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.as_ref().to_vec();
    // Nobody may be reading, where the arguments are refused.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Rows of an input, without a schema.
fn transform(stdin: impl AsRef<[u8]>) -> Done {
    dynalake_with(&["transform", "--format", "jsonl"], stdin)
}

/// A change of the table `orders`.
fn change(id: &str) -> Value {
    json!({
        "eventID": format!("e-{id}"),
        "eventName": "INSERT",
        "tableName": "orders",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000_123_u64,
            "Keys": {"orderId": {"S": id}},
            "NewImage": {"orderId": {"S": id}, "total": {"N": "12.50"}}
        }
    })
}

/// A Firehose event of records with this data.
fn event(data: &[String]) -> Value {
    let records = data.iter().enumerate().map(|(at, data)| {
        json!({"recordId": format!("r-{at}"), "data": BASE64_STANDARD.encode(data),
            "kinesisRecordMetadata": {"sequenceNumber": format!("4959{at}"), "subsequenceNumber": ""}})
    });
    json!({"invocationId": "i", "region": "eu-central-1", "records": records.collect::<Vec<_>>()})
}

/// A file that is gone with the test.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, text: impl AsRef<[u8]>) -> TempFile {
        let path = std::env::temp_dir().join(format!("dynalake-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        TempFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn check(schema: &Value) -> Done {
    dynalake_with(&["check", "-"], schema.to_string())
}

fn orders(columns: &Value) -> Value {
    json!({"table": "orders", "keys": ["orderId"], "columns": columns})
}

// Help.

#[test]
fn no_arguments_print_help() {
    dynalake(&[]).exits_with(2).says("Usage: dynalake").says("transform").says("check").says("ddl");
}

#[test]
fn help_teaches_exit_codes_and_examples() {
    for args in
        [&["--help"][..], &["transform", "--help"], &["check", "--help"], &["ddl", "--help"]]
    {
        dynalake(args).exits_with(0).prints("Exit codes:").prints("Example");
    }
}

// Kinds of input.

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
    transform(format!("{pretty}{pretty}")).exits_with(2).says("goes on after its JSON");
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
        let rows = transform(format!("{bad}\n{}\n", change("o-1")))
            .exits_with(1)
            .says("line-1: failed: ")
            .says("2 in: 1 ok, 0 dropped, 1 failed")
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
    let mut child = start(&["transform", "--format", "jsonl"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let block = format!("{}\n", change("o-1")).repeat(4096);
    for _ in 0..100 {
        stdin.write_all(block.as_bytes()).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    reader.join().unwrap().unwrap();
    assert!(peak < 64 << 10, "{} MB of input took {peak} kB", (block.len() * 100) >> 20);
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

// Formats.

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
fn nor_does_standard_error() {
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
        .says("r-7: failed: the row does not fit into the response");
    assert!(done.stdout.len() <= 6_291_456 + 1);
    dynalake_with(&args, changes.join("\n")).exits_with(0).says("8 in: 8 ok");
    big["dynamodb"]["NewImage"]["text"] = json!({"S": "x".repeat(8_000_000)});
    // A row that Lambda could never return is none here either.
    let failure = "line-1: failed: the row does not fit into the response";
    transform(big.to_string()).exits_with(1).says(failure);
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

// Refusals.

#[test]
fn input_of_no_known_kind_is_refused() {
    for (input, reason) in [
        (&b""[..], "standard input is empty"),
        (b" \n\n", "standard input is empty"),
        (
            b"id,name\n1,SECRET\n",
            "neither a Firehose event, nor a Lambda test event, nor change records",
        ),
        (b"{\"orderId\": {\"S\": \"SECRET\"}}\n", "without \"records\""),
        (b"{\n\"orderId\": \"SECRET\"\n}\n", "without \"records\""),
        (b"[{\"dynamodb\": 1}]", "not an object"),
        (
            b"{\"Records\": [{\"messageId\": \"m\", \"body\": \"SECRET\"}]}",
            "no changes of DynamoDB",
        ),
        (b"{\"Records\": 1}", "not a list"),
        (b"{\"records\": 1}", "no list \"records\""),
        (b"{\"records\": [1]}", "records[0] is not an object"),
        (b"{\"records\": [{\"data\": \"\"}]}", "no string \"recordId\""),
        (b"{\"records\": [\n{\"recordId\": \"1\",}]}", "line 2, byte 18"),
        (b"{\"records\": [\n", "ends in the middle"),
        (
            b"{\"records\": []}\n{\"records\": []}",
            "line 2, byte 1; give one Firehose event at a time",
        ),
        (b"\xef\xbb\xbf{\"records\": []}", "byte order mark"),
        (b"\xff\xfe{\0", "UTF-16"),
        (b"\x1f\x8b\x08\0", "gunzip"),
    ] {
        let done = transform(input).exits_with(2).says("error: ").says(reason);
        assert_eq!(done.stdout, "");
        assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    }
}

#[test]
fn bad_files_and_settings_are_refused() {
    for (args, reason) in [
        (&["transform", "absent.jsonl"][..], "can't read absent.jsonl"),
        (&["transform", "."], "can't read ."),
        (
            &["transform", "--schema", "absent.json", "changes.jsonl"],
            "can't read schema absent.json",
        ),
        (
            &["transform", "--schema", "changes.jsonl", "changes.jsonl"],
            "schema changes.jsonl: it is not JSON",
        ),
        (
            &["transform", "--tables", "a,,b", "changes.jsonl"],
            "--tables is \"a,,b\": there is no name",
        ),
        (&["transform", "--tables", "", "changes.jsonl"], "--tables is \"\""),
        (&["transform", "--partition-keys", "hourly", "changes.jsonl"], "none, event_time"),
        (&["transform", "--format", "csv", "changes.jsonl"], "table, jsonl, response"),
        (&["transform", "--bogus"], "--bogus"),
        (&["transform", "--schema", "-"], "give one of them as a file"),
        (&["check"], "<SCHEMA>"),
        (&["check", "absent.json"], "can't read schema absent.json"),
        (&["ddl", "--dialect", "athena"], "<SCHEMA>"),
        (&["ddl", "orders.json"], "--dialect <DIALECT>"),
        (&["ddl", "absent.json", "--dialect", "athena"], "can't read schema absent.json"),
        (&["ddl", "orders.json", "--dialect", "hive"], "athena, databricks"),
    ] {
        dynalake(args).exits_with(2).says(reason);
    }
}

#[test]
fn a_schema_is_refused_with_column_reason_and_fix() {
    let bad = orders(&json!([{"name": "order_id", "type": "binary"}]));
    check(&bad).exits_with(2).says("column \"order_id\": type \"binary\": Firehose can't convert");
    let misspelt = orders(&json!([{"name": "order_id", "type": "string", "protekt": "drop"}]));
    check(&misspelt).exits_with(2).says("column \"order_id\": unknown member \"protekt\"");
}

#[test]
fn exit_code_0_is_for_ok_and_dropped() {
    let audit = change("o-1").to_string().replace("orders", "audit");
    dynalake_with(&["transform", "--schema", "orders.json"], audit)
        .exits_with(0)
        .says("1 in: 0 ok, 1 dropped, 0 failed");
}

// Check.

#[test]
fn check_explains_each_column() {
    let done = dynalake(&["check", "orders.json"]).exits_with(0);
    assert_eq!(done.stderr, "", "nothing to warn of");
    let cells = |name: &str| -> Vec<String> {
        let line =
            done.stdout.lines().find(|line| line.starts_with(&format!("│ {name} "))).unwrap();
        line.trim_matches('│').split('┆').map(|cell| cell.trim().to_owned()).collect()
    };
    assert_eq!(cells("order_id"), ["order_id", "string", "key orderId", "", "partition key"]);
    assert_eq!(cells("customer_city")[2], "path customer.address.city");
    assert_eq!(
        cells("customer_email")[2],
        "by name: customer_email, customerEmail, customer.email"
    );
    assert_eq!(cells("customer_email")[3], "sha256");
    assert_eq!(cells("note")[3], "drop: in no row");
    assert_eq!(cells("items")[1], "array<struct<sku:string,qty:int>>");
    assert!(cells("expires_at")[2].ends_with("; numbers are seconds"));
    assert_eq!(cells("_event_time")[1], "timestamp");
    assert!(cells("_old")[2].contains("old_image is false"));
    done.prints("DYNALAKE_SCHEMA takes ").prints(" of the 4,096 bytes");
}

#[test]
fn check_warns_of_a_schema_over_4_kb() {
    // Text that doesn't compress: hashes as digits.
    let mut seed: u64 = 1;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:x}", seed >> 8)
    };
    let columns = |count: usize, noise: &mut dyn FnMut() -> String| {
        let mut columns = vec![json!({"name": "order_id", "type": "string"})];
        columns.extend((0..count).map(
            |at| json!({"name": format!("c{at}"), "type": "string", "comment": noise() + &noise()}),
        ));
        orders(&json!(columns))
    };
    let small = check(&columns(40, &mut noise)).exits_with(0);
    assert_eq!(small.stderr, "");
    check(&columns(200, &mut noise))
        .exits_with(0)
        .says("warning: the schema takes ")
        .says("all environment variables together 4,096: it can't be deployed so");
}

#[test]
fn check_warns_of_what_is_surely_not_meant() {
    for (columns, warning) in [
        (
            json!([{"name": "customer", "type": "string"},
                {"name": "customer_email", "type": "string", "protect": "sha256"}]),
            "column \"customer_email\" may not protect what it should: if customer is a map, column \
             \"customer\" takes it whole, and what is inside appears there in clear; give \
             \"customer_email\" a path, as [\"customer\", \"email\"]",
        ),
        (
            json!([{"name": "buyer", "type": "map<string,string>", "path": ["Customer"]},
                {"name": "customer_email", "type": "string", "protect": "drop"}]),
            "if Customer is a map, column \"buyer\" takes it whole",
        ),
        (
            json!([{"name": "customer", "type": "struct<city:string>"},
                {"name": "customer_email", "type": "string"}]),
            "column \"customer_email\" takes nothing from inside customer",
        ),
        (
            json!([{"name": "mail", "type": "string", "path": ["customerEmail"]},
                {"name": "customer_email", "type": "string"}]),
            "column \"customer_email\" stays empty unless",
        ),
        (json!([{"name": "a__b", "type": "string"}]), "runs of _ collapse"),
        (
            json!([{"name": "customer", "type": "string", "protect": "sha256"},
                {"name": "city", "type": "string", "path": ["customer", "city"]}]),
            "column \"city\" can never be filled: its path customer.city leads through what column \
             \"customer\" hashes whole",
        ),
    ] {
        let mut columns = columns.as_array().unwrap().clone();
        columns.push(json!({"name": "order_id", "type": "string"}));
        let done = check(&orders(&json!(columns))).exits_with(0).says("warning: ").says(warning);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    }
    for ty in ["boolean", "array<string>", "map<string,string>", "struct<a:int>"] {
        check(&orders(&json!([{"name": "order_id", "type": ty}])))
            .exits_with(0)
            .says("warning: column \"order_id\" holds a key, and no key of DynamoDB fits ");
    }
    let columns = json!([{"name": "a", "type": "string"}, {"name": "b", "type": "string"},
        {"name": "c", "type": "string"}]);
    check(&json!({"table": "t", "keys": ["a", "b", "c"], "columns": columns}))
        .exits_with(0)
        .says("warning: \"keys\" lists 3");
}

#[test]
fn check_does_not_warn_of_a_path_into_a_map_that_is_taken_whole() {
    let columns = json!([{"name": "order_id", "type": "string"},
        {"name": "order_id_hash", "type": "string", "protect": "sha256"},
        {"name": "customer", "type": "map<string,string>"},
        {"name": "customer_email", "type": "string", "protect": "sha256",
            "path": ["customer", "email"]}]);
    assert_eq!(check(&orders(&columns)).exits_with(0).stderr, "");
}

// DDL.

fn ddl(dialect: &str, options: &[&str]) -> Done {
    dynalake(&[&["ddl", "orders.json", "--dialect", dialect], options].concat())
}

#[test]
fn ddl_explains_each_part_of_a_dialect() {
    let athena = ddl("athena", &[])
        .exits_with(0)
        .prints("\n-- 1. The table over the Parquet objects")
        .prints("\nCREATE EXTERNAL TABLE IF NOT EXISTS `dynalake_orders`.`orders` (\n")
        .prints("\n-- 2. The current state")
        .prints("scans the whole history")
        .prints("\nCREATE OR REPLACE VIEW \"dynalake_orders\".\"orders_current\" AS\n");
    assert!(!athena.stdout.contains("note"), "what is dropped is no column");
    ddl("databricks", &[])
        .exits_with(0)
        .prints("\n-- 1. Schema hints for Auto Loader")
        .prints("`items` ARRAY<STRUCT<`sku`: STRING, `qty`: INT>>")
        .prints("\nCREATE TABLE IF NOT EXISTS `orders_changes` (\n")
        .prints("\nCREATE OR REPLACE VIEW `orders_current` (\n");
}

#[test]
fn ddl_prints_one_part_as_a_machine_takes_it() {
    for (dialect, part, begins, ends) in [
        ("athena", "table", "CREATE EXTERNAL TABLE", "\n)\n"),
        ("athena", "view", "CREATE OR REPLACE VIEW", "<> 'REMOVE'\n"),
        ("databricks", "table", "CREATE TABLE", "one row each'\n"),
        ("databricks", "view", "CREATE OR REPLACE VIEW", "<> 'REMOVE'\n"),
    ] {
        let sql = ddl(dialect, &["--only", part]).exits_with(0).stdout;
        assert!(sql.starts_with(begins) && sql.ends_with(ends), "{sql}");
        assert!(!sql.contains("--"), "{sql}");
    }
    let hints = ddl("databricks", &["--only", "hints"]).exits_with(0).stdout;
    assert!(
        hints.starts_with("`order_id` STRING, `_event_type` STRING, `_event_time` TIMESTAMP, ")
    );
    assert!(hints.ends_with(", `_rescued` STRING\n") && hints.lines().count() == 1, "{hints}");
    let all = ddl("databricks", &["--only", "all-hints"]).exits_with(0).stdout;
    assert!(all.starts_with("`order_id` STRING, `total` DECIMAL(38,9), "), "{all}");
    ddl("athena", &["--only", "hints"])
        .exits_with(2)
        .says("with --dialect athena write table or view");
}

#[test]
fn ddl_takes_names_and_places() {
    let names = &["--database", "lake", "--table", "changes", "--view", "now"];
    ddl("athena", names)
        .exits_with(0)
        .prints("`lake`.`changes` (")
        .prints("\"lake\".\"now\" AS")
        .prints("FROM \"lake\".\"changes\"");
    ddl("databricks", &["--database", "main.my-shop"])
        .exits_with(0)
        .prints("TABLE IF NOT EXISTS `main`.`my-shop`.`orders_changes` (")
        .prints("VIEW `main`.`my-shop`.`orders_current` (")
        .prints("FROM `main`.`my-shop`.`orders_changes`");
    let location = &["--location", "s3://lake/o'rders/", "--partition-granularity", "day"];
    let day = ddl("athena", location)
        .exits_with(0)
        .prints("LOCATION 's3://lake/o\\'rders/'\n")
        .prints("'storage.location.template' = 's3://lake/o\\'rders/dt=${dt}/'\n");
    assert!(!day.stdout.contains("hour") && !day.stdout.contains("BUCKET"), "{}", day.stdout);
}

#[test]
fn ddl_refuses_what_the_engine_would() {
    for (dialect, options, reason) in [
        (
            "athena",
            &["--database", "a.b"][..],
            "--database is \"a.b\": Athena's database is one name",
        ),
        ("athena", &["--database", "Lake"], "--database is \"Lake\": a name in Athena is a-z, 0-9"),
        ("athena", &["--table", "my-orders"], "--table is \"my-orders\": a name in Athena is"),
        ("athena", &["--view", ""], "--view is \"\": a name in Athena is"),
        ("athena", &["--view", "orders"], "--view and --table are both \"orders\""),
        ("databricks", &["--database", "a.b.c"], "write schema or catalog.schema"),
        ("databricks", &["--database", "a."], "--database is \"\": a name has no blank"),
        ("databricks", &["--table", "my orders"], "--table is \"my orders\": a name has no blank"),
        ("databricks", &["--location", "s3://b/"], "--location is for --dialect athena"),
        (
            "databricks",
            &["--partition-granularity", "day"],
            "--partition-granularity is for --dialect athena",
        ),
        (
            "athena",
            &["--only", "view", "--location", "s3://b/"],
            "--location is for the table; with --only view remove it",
        ),
        (
            "athena",
            &["--only", "view", "--partition-granularity", "day"],
            "--partition-granularity is for the table; with --only view",
        ),
        ("athena", &["--location", "s3://bucket/prefix"], "with a slash at its end"),
        ("athena", &["--location", "s3:///prefix/"], "write it as s3://bucket/prefix/"),
        ("athena", &["--location", "/prefix/"], "write it as s3://bucket/prefix/"),
    ] {
        let done = ddl(dialect, options).exits_with(2).says("error: ").says(reason);
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn ddl_tells_of_a_bad_schema_as_check_does() {
    let athena = |columns: &Value, options: &[&str]| {
        let args = [&["ddl", "-", "--dialect", "athena"], options].concat();
        dynalake_with(&args, orders(columns).to_string())
    };
    let bad = json!([{"name": "order_id", "type": "binary"}]);
    let said = athena(&bad, &[]).exits_with(2).stderr;
    assert_eq!(said, check(&orders(&bad)).exits_with(2).stderr);
    let hour = json!([{"name": "order_id", "type": "string"}, {"name": "hour", "type": "int"}]);
    athena(&hour, &[])
        .exits_with(2)
        .says("error: schema -: column \"hour\": the table has a partition of that name");
    athena(&hour, &["--partition-granularity", "day"]).exits_with(0).prints("`hour` int,");
}
