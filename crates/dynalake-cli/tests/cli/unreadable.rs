//! What can't be read: the program says what it saw, and the command that makes it readable.

use crate::*;

#[track_caller]
fn says(input: &[u8], what: &str, fix: &str) {
    let done =
        transform(input).exits_with(2).says(&format!("error: standard input {what}; ")).says(fix);
    assert_eq!(done.stdout, "");
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
}

#[test]
fn files_of_other_kinds_are_named() {
    for (input, what, fix) in [
        (&b"PAR1\x15\x04"[..], "is Parquet, which holds rows and not change records", "duckdb"),
        (b"ORC\n", "is ORC, which holds rows and not change records", "duckdb"),
        (b"Obj\x01\x04", "is Avro, which neither DynamoDB nor Firehose writes", "fastavro"),
        (b"\xe0\x01\x00\xea", "is Amazon Ion", "--export-format DYNAMODB_JSON"),
        (b"$ion_1_0 {Item:{id:\"SECRET\"}}", "is Amazon Ion", "--export-format DYNAMODB_JSON"),
        (b"\x28\xb5\x2f\xfd\0", "is compressed with zstd", "… | zstd -dc | dynalake transform … -"),
        (b"BZh91AY", "is compressed with bzip2", "bzip2 -dc"),
        (b"\xfd7zXZ\0", "is compressed with xz", "xz -dc"),
        (b"\xff\x06\0\0sNaPpY", "is compressed with Snappy", "snzip -dc"),
        (b"PK\x03\x04", "is a zip archive", "funzip"),
        (&gzip(&gzip(b"{}")), "is gzip inside gzip", "gunzip -c"),
        (b"\xff\xfe{\0", "is UTF-16", "iconv -f UTF-16 -t UTF-8"),
        (b"{\0\"\0", "is UTF-16", "iconv -f UTF-16LE -t UTF-8"),
        (b"\0{\0\"", "is UTF-16", "iconv -f UTF-16BE -t UTF-8"),
        (b"<?xml version=\"1.0\"?><Error>", "is XML or HTML, such as an error page", "fetch"),
        (b"id,name\n1,SECRET\n", "is CSV, or text like it", "csv.DictReader"),
        (b"{'Item': {'id': 'SECRET'}}", "is Python's notation and not JSON", "ast.literal_eval"),
        (b"eyJTRUNSRVQiOjF9Cg==\n", "is base64", "jq -Rr '@base64d'"),
        (b"\"{\\\"a\\\":\\\"SECRET\\\"}\"", "is JSON inside JSON strings", "jq -r ."),
        (b"\x01\x02\x03", "is binary of a kind that is not known here", "give change records"),
        (b"SECRET", "is not JSON, at line 1, byte 1", "give change records"),
        (b"{\"a\":\n \"SECRET\",}", "is not JSON, at line 2, byte 11", "give change records"),
        (b"{\"a\": \"SECRET", "is JSON that ends in the middle", "fetch the whole file"),
    ] {
        says(input, what, fix);
    }
}

#[test]
fn json_of_other_kinds_is_named() {
    for (input, what, fix) in [
        (
            json!({"Records": [{"messageId": "m", "body": "SECRET", "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q"}]}),
            "messages of SQS",
            "… | jq -r '.Records[].body' | dynalake transform … -",
        ),
        (
            json!({"messageId": "m", "body": "SECRET", "eventSourceARN": "arn:aws:sqs:x"}),
            "a message of SQS",
            "jq -r .body",
        ),
        (json!({"Messages": [{"Body": "SECRET"}]}), "messages of SQS", "jq -r '.Messages[].Body'"),
        (json!({"MessageId": "m", "Body": "SECRET"}), "a message of SQS", "jq -r .Body"),
        (
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "SECRET"}}]}),
            "messages of SNS",
            "jq -r '.Records[].Sns.Message'",
        ),
        (json!({"TopicArn": "t", "Message": "SECRET"}), "a message of SNS", "jq -r .Message"),
        (
            json!({"Records": [{"eventSource": "aws:s3", "eventName": "x", "s3": {}}]}),
            "a notification of S3",
            "aws s3 cp s3://BUCKET/KEY -",
        ),
        (
            json!({"Records": [{"a": "SECRET"}]}),
            "JSON whose \"Records\" holds no changes of DynamoDB and no records of Kinesis",
            "give change records",
        ),
        (json!({"Records": 1}), "JSON with \"Records\" that is not a list", "give change records"),
        (
            json!({"records": 1}),
            "JSON with \"records\" that is no Firehose event: it has no list \"records\"",
            "Lambda's console",
        ),
        (
            json!({"records": [{"data": "SECRET"}]}),
            "JSON with \"records\" that is no Firehose event: records[0] has no string \"record",
            "Lambda's console",
        ),
        (
            json!({"recordId": "1", "data": "SECRET"}),
            "a record of a Firehose event without the event",
            "jq -s '{records: .}'",
        ),
        (
            json!({"messageType": "DATA_MESSAGE", "logGroup": "SECRET", "logEvents": []}),
            "CloudWatch Logs, which hold no change records",
            "give change records",
        ),
        (
            json!({"requestContext": {}, "payload": "SECRET"}),
            "what Lambda writes of an event that failed",
            "jq -r .payload",
        ),
        (
            json!({"Items": [{"id": {"S": "SECRET"}}], "Count": 1}),
            "what a scan or a query printed",
            "jq -c '.Items[] | {Item: .}' | dynalake transform … --export-time TIME -",
        ),
        (
            json!({"id": {"S": "SECRET"}, "tags": {"L": []}}),
            "an item in DynamoDB JSON without a change record around it",
            "jq -c '{Item: .}' | dynalake transform … --export-time TIME -",
        ),
        (
            json!({"id": "SECRET", "total": 1}),
            "plain JSON, without DynamoDB's types and without a change record around it",
            "jq -c 'def d: ",
        ),
        (json!({"message": "{SECRET"}), "JSON with a record in \"message\"", "jq -r .message"),
        (
            json!({"order_id": "SECRET", "_event_type": "INSERT", "_sequence": "1"}),
            "a row that was made already, and not a change record",
            "there is nothing to transform",
        ),
        (json!({"table": "t", "keys": ["id"], "columns": []}), "a schema file", "with --schema"),
        (
            json!({"manifestFilesS3Key": "k"}),
            "the summary of an export",
            "the export's folder data",
        ),
        (
            json!({"dataFileS3Key": "k"}),
            "the list of an export's files",
            "the export's folder data",
        ),
        (json!({}), "an empty object", "give change records"),
        (json!([1, 2]), "JSON that is not an object", "give change records"),
    ] {
        let done = transform(input.to_string()).exits_with(2);
        let done = done.says(&format!("error: standard input begins with {what}")).says(fix);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        assert!(!done.stderr.contains("SECRET"), "{}", done.stderr);
    }
}

#[test]
fn a_command_names_the_file() {
    let file = TempFile::new("it's.json", "{\"id\":{\"S\":\"a\"}}");
    let quoted = file.path().replace('\'', "'\\''");
    dynalake(&["transform", file.path()])
        .exits_with(2)
        .says(&format!("jq -c '{{Item: .}}' < '{quoted}' | dynalake transform …"));
}

/// What the messages advise, done with the tools that are everywhere.
#[test]
fn the_commands_do_make_it_readable() {
    let export = ["--table", "t", "--export-time", "2024-05-27T06:11:47Z"];
    for (input, count) in [
        ("id,total\na,12.5\nb,\n".to_owned(), 2),
        ("{'Item': {'id': {'S': 'a'}}}\n".to_owned(), 1),
        (BASE64_STANDARD.encode(change("o-1").to_string()) + "\n", 1),
        (json!({"Records": [{"body": change("o-1").to_string()}]}).to_string(), 1),
        (json!({"Items": [{"id": {"S": "a"}}, {"id": {"S": "b"}}]}).to_string(), 2),
        ("{\"id\":{\"S\":\"a\"}}\n{\"id\":{\"S\":\"b\"}}\n".to_owned(), 2),
        ("{\"id\":\"a\",\"n\":[1.5,true,null,{}]}\n".to_owned(), 1),
        (json!(change("o-1").to_string()).to_string(), 1),
    ] {
        let said = transform(&input).exits_with(2).stderr;
        let command = said.split("… | ").nth(1).unwrap().split(" | dynalake").next().unwrap();
        let Some(readable) = shell(command, &input) else { continue };
        let args = [&["transform", "--format", "jsonl"], &export[..]].concat();
        let rows = dynalake_with(&args, &readable).exits_with(0).rows();
        assert_eq!(rows.len(), count, "{command}\n{readable}");
    }
}

/// What a command prints of an input; nothing where its program is not installed.
fn shell(command: &str, input: &str) -> Option<String> {
    let program = command.split(' ').next().unwrap();
    let is_there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    if !is_there.unwrap().status.success() {
        eprintln!("not tried, for {program} is not installed: {command}");
        return None;
    }
    let file = TempFile::new(&format!("pipe-{}", input.len()), input);
    let line = format!("{command} < {}", file.path());
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}
