//! What an input holds that is no record, in a person's words, and the command that makes it
//! readable. Never an attribute's value.

use super::reads::Reads;
use super::shape::{Elements, Found, Shape, find};
use super::values::Place;
use crate::spans::{Members, has, member, members, string};
use crate::text::thousands;
use crate::trouble::quoted;
use dynalake::firehose::Event;
use dynalake::text::json::Cursor;

/// What was seen in place of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saw {
    /// A noun: `CSV`, `an SQS message`.
    pub(super) what: String,
    fix: Fix,
    /// Whether it lies beside data where AWS writes it: a manifest, a checksum.
    pub(super) is_companion: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fix {
    /// To give what can be read.
    Readable,
    /// What to do.
    Do(&'static str),
    /// A command that reads it and prints what this program reads.
    Pipe(&'static str),
    /// The same; it prints lines of a full export.
    PipeItems(&'static str),
}

fn saw(what: impl Into<String>, fix: Fix) -> Saw {
    Saw { what: what.into(), fix, is_companion: false }
}

/// What a command reads.
pub(super) fn readable(reads: Reads) -> &'static str {
    match reads {
        Reads::Records => concat!(
            "give change records, an event of Firehose or Lambda, an object of an error prefix, ",
            "or lines of an export"
        ),
        Reads::WithItems => concat!(
            "give change records, an event of Firehose or Lambda, an object of an error prefix, ",
            "lines of an export, or items in DynamoDB JSON"
        ),
    }
}

const EXPORT_AGAIN: &str = concat!(
    "export the table again with aws dynamodb export-table-to-point-in-time … ",
    "--export-format DYNAMODB_JSON"
);

const ROWS: &str = "there is nothing to transform: query it, as with duckdb -c \"from 'FILE'\"";

const CSV_TO_ITEMS: &str = concat!(
    "python3 -c 'import csv, json, sys; ",
    r#"[print(json.dumps({"Item": {k: {"S": v} for k, v in row.items() if v}})) "#,
    "for row in csv.DictReader(sys.stdin)]'"
);

const JSON_TO_ITEMS: &str = concat!(
    r#"jq -c 'def d: if type == "string" then {S: .} elif type == "number" then {N: tostring} "#,
    r#"elif type == "boolean" then {BOOL: .} elif type == "null" then {NULL: true} "#,
    r#"elif type == "array" then {L: map(d)} else {M: map_values(d)} end; "#,
    "{Item: map_values(d)}'"
);

const PYTHON_TO_JSON: &str = concat!(
    "python3 -c 'import ast, json, sys; ",
    "[print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]'"
);

impl Saw {
    /// The message for the input of this name.
    pub(super) fn message(&self, name: &str, verb: &str, reads: Reads) -> String {
        let (subcommand, of_items) = match reads {
            Reads::Records => ("transform", "--export-time TIME "),
            Reads::WithItems => ("infer", "--table NAME --keys NAMES "),
        };
        let is_file = name != "standard input";
        let from = |command: &str, options: &str| {
            let whence = if is_file { String::new() } else { "… | ".to_owned() };
            let file = if is_file { format!(" < {}", quoted(name)) } else { String::new() };
            format!(
                "make it readable: {whence}{command}{file} | dynalake {subcommand} … {options}-"
            )
        };
        let fix = match self.fix {
            Fix::Readable => readable(reads).to_owned(),
            Fix::Do(what) if is_file => what.replace("FILE", &quoted(name)),
            Fix::Do(what) => what.to_owned(),
            Fix::Pipe(command) => from(command, ""),
            Fix::PipeItems(command) => from(command, of_items),
        };
        format!("{name} {verb} {}; {fix}", self.what)
    }
}

/// What a file is by its first bytes, where it is no text that this program reads.
pub(super) fn by_magic(head: &[u8]) -> Option<Saw> {
    let known: [(&[u8], &str, Fix); 15] = [
        (b"PAR1", "Parquet, which holds rows and not change records", Fix::Do(ROWS)),
        (b"ORC", "ORC, which holds rows and not change records", Fix::Do(ROWS)),
        (b"Obj\x01", "Avro, which neither DynamoDB nor Firehose writes", Fix::Pipe("fastavro -")),
        (b"\xe0\x01\x00\xea", "Amazon Ion", Fix::Do(EXPORT_AGAIN)),
        (b"$ion_1_0", "Amazon Ion", Fix::Do(EXPORT_AGAIN)),
        (b"\x1f\x8b", "gzip inside gzip", Fix::Pipe("gunzip -c")),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd", Fix::Pipe("zstd -dc")),
        (b"BZh", "compressed with bzip2", Fix::Pipe("bzip2 -dc")),
        (b"\xfd7zXZ\0", "compressed with xz", Fix::Pipe("xz -dc")),
        (b"\xff\x06\0\0sNaPpY", "compressed with Snappy", Fix::Pipe("snzip -dc")),
        (b"PK\x03\x04", "a zip archive", Fix::Pipe("funzip")),
        (b"\xff\xfe", "UTF-16", Fix::Pipe("iconv -f UTF-16 -t UTF-8")),
        (b"\xfe\xff", "UTF-16", Fix::Pipe("iconv -f UTF-16 -t UTF-8")),
        (b"{\0", "UTF-16", Fix::Pipe("iconv -f UTF-16LE -t UTF-8")),
        (b"\0{", "UTF-16", Fix::Pipe("iconv -f UTF-16BE -t UTF-8")),
    ];
    let found = known.into_iter().find(|(magic, ..)| head.starts_with(magic));
    found.map(|(_, what, fix)| saw(what, fix))
}

/// What text is that stops being JSON at a place.
pub(super) fn no_json(text: &[u8], place: Place) -> Saw {
    let text = text.trim_ascii_start();
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let next = text.split(|&byte| byte == b'\n').nth(1).unwrap_or(line);
    let separates =
        |byte: &u8| line.contains(byte) && (next.contains(byte) || next.trim_ascii().is_empty());
    let is_binary = line.iter().any(|&byte| byte < b' ' && byte != b'\t');
    if text.starts_with(b"<") {
        return saw("XML or HTML, such as an error page", Fix::Do("fetch the file again"));
    }
    if text.starts_with(b"{'") {
        return saw("Python's notation and not JSON", Fix::Pipe(PYTHON_TO_JSON));
    }
    if text.starts_with(b"\"{") {
        return saw("JSON inside JSON strings", Fix::Pipe("jq -r ."));
    }
    if is_checksum(text.trim_ascii()) {
        return Saw { is_companion: true, ..saw("a checksum", Fix::Do("give the file itself")) };
    }
    if is_base64(line) {
        return saw("base64", Fix::Pipe("jq -Rr '@base64d'"));
    }
    if is_binary {
        return saw("binary of a kind that is not known here", Fix::Readable);
    }
    if !line.starts_with(b"{") && b",;\t".iter().any(separates) {
        return saw("CSV, or text like it", Fix::PipeItems(CSV_TO_ITEMS));
    }
    if place.is_end {
        return saw("JSON that ends in the middle", Fix::Do("fetch the whole file"));
    }
    let (line, byte) = (thousands(place.line), thousands(place.byte));
    saw(format!("not JSON, at line {line}, byte {byte}"), Fix::Readable)
}

/// An MD5 in base64 or hexadecimal, as an export has beside its manifests.
fn is_checksum(text: &[u8]) -> bool {
    let is_hex = text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit);
    is_hex || (text.len() == 24 && text.ends_with(b"==") && decodes(text).is_some())
}

fn decodes(text: &[u8]) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

fn is_base64(line: &[u8]) -> bool {
    let data = decodes(line).unwrap_or_default();
    data.trim_ascii_start().starts_with(b"{")
}

/// What a JSON value is that is no record.
pub(super) fn json(value: &[u8]) -> Saw {
    if value.trim_ascii().is_empty() {
        return saw("empty", Fix::Readable);
    }
    let Ok(members) = members(&mut Cursor::new(value)) else {
        return saw("JSON that is not an object", Fix::Readable);
    };
    of_aws(&members, value).unwrap_or_else(|| other(&members, value))
}

/// What services and their command lines write.
fn of_aws(members: &Members, value: &[u8]) -> Option<Saw> {
    if has(members, &["records"]) {
        let error = Event::parse(value).err()?.to_string();
        let why = error.split_once(": ").map_or(&*error, |(_, why)| why);
        let what = format!("JSON with \"records\" that is no Firehose event: {why}");
        return Some(saw(
            what,
            Fix::Do("compare it with the test event that Lambda's console has"),
        ));
    }
    if let Some(list) = member(members, "Records", value) {
        return Some(lambda_event(list));
    }
    let export = Fix::Do("give the files in the export's folder data");
    let known: [(&[&str], &str, Fix, bool); 12] = [
        (
            &["_event_type", "_sequence"],
            "a row that was made already, and not a change record",
            Fix::Do("there is nothing to transform"),
            false,
        ),
        (
            &["Items"],
            "what a scan or a query printed",
            Fix::PipeItems("jq -c '.Items[] | {Item: .}'"),
            false,
        ),
        (&["Messages"], "messages of SQS", Fix::Pipe("jq -r '.Messages[].Body'"), false),
        (&["messageId", "body"], "a message of SQS", Fix::Pipe("jq -r .body"), false),
        (&["MessageId", "Body"], "a message of SQS", Fix::Pipe("jq -r .Body"), false),
        (&["TopicArn", "Message"], "a message of SNS", Fix::Pipe("jq -r .Message"), false),
        (
            &["logGroup", "logEvents"],
            "CloudWatch Logs, which hold no change records",
            Fix::Readable,
            false,
        ),
        (
            &["requestContext", "payload"],
            "what Lambda writes of an event that failed",
            Fix::Pipe("jq -r .payload"),
            false,
        ),
        (
            &["recordId", "data"],
            "a record of a Firehose event without the event",
            Fix::Pipe("jq -s '{records: .}'"),
            false,
        ),
        (
            &["manifestFilesS3Key"],
            "the summary of an export, without its items",
            export.clone(),
            true,
        ),
        (&["dataFileS3Key"], "the list of an export's files, without its items", export, true),
        (
            &["table", "keys", "columns"],
            "a schema file",
            Fix::Do("give it with --schema, and change records as the input"),
            false,
        ),
    ];
    let (_, what, fix, is_companion) = known.into_iter().find(|(names, ..)| has(members, names))?;
    Some(Saw { is_companion, ..saw(what, fix) })
}

/// What a list in `Records` holds that is neither DynamoDB's nor Kinesis'.
fn lambda_event(list: &[u8]) -> Saw {
    if !list.starts_with(b"[") {
        return saw("JSON with \"Records\" that is not a list", Fix::Readable);
    }
    let first = Elements::new(list).next(list).map_or(&b""[..], |first| &list[first]);
    let first = members(&mut Cursor::new(first)).unwrap_or_default();
    if has(&first, &["body"]) {
        return saw("messages of SQS", Fix::Pipe("jq -r '.Records[].body'"));
    }
    if has(&first, &["Sns"]) {
        return saw("messages of SNS", Fix::Pipe("jq -r '.Records[].Sns.Message'"));
    }
    if has(&first, &["s3"]) {
        let fix =
            "read the objects that it names: aws s3 cp s3://BUCKET/KEY - | dynalake transform … -";
        return saw("a notification of S3", Fix::Do(fix));
    }
    let what = "JSON whose \"Records\" holds no changes of DynamoDB and no records of Kinesis";
    saw(what, Fix::Readable)
}

/// An object that no service writes around something.
fn other(members: &Members, value: &[u8]) -> Saw {
    if members.is_empty() {
        return saw("an empty object", Fix::Readable);
    }
    let found = find(value, 0);
    if matches!(found, Found::Value(Shape::Item, _)) {
        let fix = Fix::PipeItems("jq -c '{Item: .}'");
        return saw("an item in DynamoDB JSON without a change record around it", fix);
    }
    if matches!(found, Found::Value(Shape::Export { .. }, _)) {
        let fix = Fix::Do("read its whole export: dynalake backfill … EXPORT");
        return saw("a line of an export, which dynalake backfill reads", fix);
    }
    let holds_json = |name| {
        let text = member(members, name, value).and_then(string);
        text.is_some_and(|text| text.starts_with('{'))
    };
    if holds_json("message") {
        return saw("JSON with a record in \"message\"", Fix::Pipe("jq -r .message"));
    }
    let fix = Fix::PipeItems(JSON_TO_ITEMS);
    saw("plain JSON, without DynamoDB's types and without a change record around it", fix)
}
