//! Change records in both shapes.

use super::Tape;
use super::fault::{deep, malformed};
use super::item::{item, keys_of};
use super::json::{Json, obj, raw, string, write};
use super::schema::Schema;
use super::value::{Value, item_json, put};

// One list of all that a record can be, in order.
#[allow(clippy::too_many_lines)]
pub(super) fn record(tape: &mut Tape, schema: Option<&Schema>) -> (Vec<u8>, Option<String>) {
    let streams = tape.chance(30);
    let double = match schema.and_then(|schema| schema.binary) {
        Some(binary) => binary == "double",
        None => !streams,
    };
    // 0: as it should be.
    let fault = if tape.chance(9) { 1 + tape.below(28) } else { 0 };
    let event = tape.pick(&["INSERT", "MODIFY", "MODIFY", "REMOVE", "INSERT"]);
    let mut keys = keys_of(schema, tape, double);
    let mut new = item(&keys, schema, tape, double);
    let mut old = match tape.below(5) {
        0 => new.clone(),
        1..=3 => item(&keys, schema, tape, double),
        _ => Vec::new(),
    };
    if tape.chance(5) {
        // Looked at only where it is needed.
        put(&mut old, "bad".into(), malformed(tape), tape);
    }
    if tape.chance(2) {
        let value = deep(tape.pick(&[32, 63, 64]), tape);
        put(&mut new, "deep".into(), value, tape);
    }
    if tape.chance(5) {
        let beside = r#"{"N":null,"S":"odd","unknown":[1]}"#;
        put(&mut new, tape.pick(&["c", "odd"]).into(), Value::Odd(raw(beside)), tape);
    }
    match fault {
        1 | 2 => {
            let value = malformed(tape);
            put(&mut new, "bad".into(), value, tape);
        }
        3 => {
            let value = Value::M(vec![("a".into(), Value::L(vec![malformed(tape)]))]);
            put(&mut new, "bad".into(), value, tape);
        }
        4 => {
            let value = deep(65, tape);
            put(&mut new, "deep".into(), value, tape);
        }
        5 => keys.clear(),
        6 if !new.is_empty() => drop(new.remove(0)),
        7 => {
            let value = malformed(tape);
            if let Some(key) = keys.first_mut() {
                key.1 = value;
            }
        }
        _ => {}
    }
    if event == "REMOVE" && tape.chance(20) {
        put(&mut keys, "extra".into(), Value::S("x".into()), tape);
    }

    let mut dynamodb: Vec<(&str, Json)> = Vec::new();
    let (time, precision) = creation_time(tape, streams);
    if fault != 8 {
        dynamodb.push(("ApproximateCreationDateTime", raw(&time)));
    }
    if let Some(precision) = precision {
        dynamodb.push(("ApproximateCreationDateTimePrecision", precision));
    }
    if fault != 9 {
        dynamodb.push(("Keys", item_json(&keys)));
    }
    match (event, fault) {
        (_, 10) => {}
        (_, 11) => dynamodb
            .push(("NewImage", tape.pick(&[raw("null"), raw("[]"), raw("\"x\""), raw("5")]))),
        ("REMOVE", _) if !tape.chance(20) => {
            dynamodb.extend(tape.chance(20).then(|| ("NewImage", raw("null"))));
        }
        _ => dynamodb.push(("NewImage", item_json(&new))),
    }
    match event {
        "INSERT" => dynamodb.extend(tape.chance(20).then(|| ("OldImage", raw("null")))),
        _ => dynamodb.extend((!tape.chance(15)).then(|| ("OldImage", item_json(&old)))),
    }
    dynamodb.push(("SizeBytes", raw(if tape.chance(3) { "1e999" } else { "161" })));
    if streams {
        dynamodb.push(("StreamViewType", string("NEW_AND_OLD_IMAGES")));
        if !tape.chance(15) {
            let odd = [
                "1234567890123456789012345678901234567890123456789012345",
                "12x",
                "123456789012345678901234567890123456789012345678901234567",
                "",
            ];
            let number = if tape.chance(15) { tape.pick(&odd) } else { "111000000000012345678" };
            dynamodb.push(("SequenceNumber", string(number)));
        }
    }
    tape.shuffle(&mut dynamodb);

    let table =
        tape.pick(&["orders"; 14].into_iter().chain(["other", "Orders"]).collect::<Vec<_>>());
    let mut record: Vec<(&str, Json)> = Vec::new();
    if streams {
        let of_stream = tape.pick(&["/stream/2024-07-11T00:00:00.000", "/stream/x", "", ""]);
        let arn = format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}{of_stream}");
        let bad = [
            "arn:aws:kinesis:eu-central-1:1:stream/x",
            "arn:aws:dynamodb:eu-central-1:1:table/orders/index/x",
            "arn:aws:dynamodb:eu-central-1:1:table/",
            "arn:aws:dynamodb:eu-central-1:1:table//stream/x",
            "orders",
        ];
        let arn = if fault == 12 { tape.pick(&bad) } else { &arn };
        record.push(("eventSourceARN", string(arn)));
        record.push(("eventVersion", string("1.1")));
        if tape.chance(10) {
            record.push(("tableName", raw("null")));
        }
    } else {
        match fault {
            12 => {}
            13 => record.push(("tableName", tape.pick(&[raw("null"), raw("5"), raw("{}")]))),
            _ => record.push(("tableName", string(table))),
        }
        record.push(("recordFormat", string("application/json")));
        if tape.chance(5) && !matches!(fault, 12 | 13) {
            record.push((
                "eventSourceARN",
                string("arn:aws:dynamodb:eu-central-1:1:table/wrong/stream/x"),
            ));
        } else if tape.chance(5) {
            record.push(("eventSourceARN", raw("null")));
        }
    }
    match fault {
        14 => {}
        15 => record.push((
            "eventName",
            tape.pick(&[
                string("insert"),
                string("UPDATE"),
                raw("null"),
                raw("1"),
                string(""),
                string("EXPORT"),
                string("TTL"),
            ]),
        )),
        _ => record.push(("eventName", string(event))),
    }
    match tape.below(8) {
        0..=5 => record.push((
            "eventID",
            string(tape.pick(&["24757579-ebfd-480a-956d-a1287d2ef707", "e\"1", "é"])),
        )),
        6 => record.push(("eventID", raw("null"))),
        _ => {}
    }
    let identity = |a: &'static str, b: &'static str, kind: &str, principal: &str| {
        obj(vec![(a, string(kind)), (b, string(principal))])
    };
    match tape.below(10) {
        0..=3 => record.push(("userIdentity", raw("null"))),
        4..=5 => record.push((
            "userIdentity",
            identity("type", "principalId", "Service", "dynamodb.amazonaws.com"),
        )),
        6 => record.push((
            "userIdentity",
            identity("PrincipalId", "Type", "dynamodb.amazonaws.com", "Service"),
        )),
        7 => record.push((
            "userIdentity",
            identity("type", "principalId", "Service", "replication.amazonaws.com"),
        )),
        8 => record.push((
            "userIdentity",
            identity("type", "principalId", "User", "dynamodb.amazonaws.com"),
        )),
        _ => {}
    }
    match fault {
        16 => {}
        17 => record.push(("dynamodb", tape.pick(&[raw("null"), raw("[]"), raw("\"x\"")]))),
        _ => record.push(("dynamodb", obj(dynamodb))),
    }
    record.push(("awsRegion", string("eu-central-1")));
    if tape.chance(15) {
        record.push((
            "unknown",
            raw(tape.pick(&[
                r#"{"a":[1,2.50,{}],"b":"\/"}"#,
                "[[[[[]]]]]",
                "-1.5E+7",
                r#""\ud83d\ude00""#,
            ])),
        ));
    }
    if fault == 18 {
        record.push((
            "unknown2",
            raw(tape.pick(&[r#""\ud800""#, r#""\udc00x""#, r#"{"\ud800\u0041":1}"#])),
        ));
    }
    if fault == 19 {
        record.push((
            "unknown3",
            raw(tape.pick(&[
                "01",
                "1.",
                "+1",
                "NaN",
                "'x'",
                "\"a\nb\"",
                "[1,]",
                "tru",
                r#""\x""#,
                r#""\u12""#,
            ])),
        ));
    }
    tape.shuffle(&mut record);
    if tape.chance(8) {
        record = of_event_bridge(record, tape);
    } else if tape.chance(3) {
        // The record has `dynamodb` itself.
        record.push(("detail", raw(r#"{"dynamodb":{},"tableName":"other"}"#)));
    }

    let mut data = write(&obj(record), tape).into_bytes();
    match fault {
        20 => data = [&b"\xef\xbb\xbf"[..], &data].concat(),
        21 => data.extend(tape.pick(&[&b"x"[..], b"{}", b"\0", b",", b"}"])),
        22 => {
            let length = data.len();
            data.truncate(length - 1 - tape.below(length));
        }
        23 => {
            // Broken UTF-8 somewhere.
            let at = tape.below(data.len() + 1);
            data.insert(at, 0xff);
        }
        24 => {
            data = tape
                .pick(&[
                    &b""[..],
                    b"[]",
                    b"null",
                    b"5",
                    b"\"x\"",
                    b" ",
                    b"{}",
                    b"not JSON",
                    b"{\"a\":}",
                ])
                .to_vec();
        }
        25 => data = [b"[", &data[..], b"]"].concat(),
        26 => data = [b"[".repeat(5000), data].concat(),
        27 => data = [&b"\x1f\x8b\x08"[..], &data].concat(),
        28 => data = tape.pick(&[&b"\x1f\x8b"[..], b"\x1f", b"\x8b\x1f", b"\x1f{}"]).to_vec(),
        _ => {}
    }
    let sequence = match tape.below(10) {
        0..=5 => Some("49615332175504399275388999519764255559777264071916650498"),
        6 => Some("123"),
        7 => Some(tape.pick(&[
            "",
            "12a",
            "496153321755043992753889995197642555597772640719166504981",
            "-1",
            "٣",
        ])),
        _ => None,
    };
    (data, sequence.map(str::to_string))
}

/// The envelope of an event bridge around a record.
pub(super) fn of_event_bridge<'a>(
    record: Vec<(&'a str, Json)>,
    tape: &mut Tape,
) -> Vec<(&'a str, Json)> {
    let mut event = vec![
        ("version", string("0")),
        ("id", string("d8b1a2c4-0000-4000-8000-000000000000")),
        ("detail-type", string("Event from aws:dynamodb")),
        ("source", string("Pipe orders")),
        ("time", string("2024-07-11T23:58:23Z")),
        ("resources", Json::Arr(Vec::new())),
    ];
    // What is beside the detail is not the record's.
    if tape.chance(30) {
        event.push(("dynamodb", raw("null")));
        event.push(("tableName", string("other")));
        event.push(("eventName", string("REMOVE")));
        event.push(("eventID", string("outer")));
    }
    event.push(("detail", obj(record)));
    tape.shuffle(&mut event);
    event
}

/// The text of the number, and the precision.
pub(super) fn creation_time(tape: &mut Tape, streams: bool) -> (String, Option<Json>) {
    let micros = 1_720_742_302_233_719u64 - tape.below(1 << 31) as u64;
    let stated = |unit: &str| Some(string(unit));
    if tape.chance(12) {
        // The ends of the range and of the magnitudes; some are out of range, some no number.
        let text = tape.pick(&[
            "0",
            "99999999999",
            "100000000000",
            "99999999999999",
            "100000000000000",
            "9214646399",
            "9214646400",
            "9214646399999",
            "9214646400000",
            "9214646399999999",
            "9214646400000000",
            "-1",
            "1e999999999",
            "1E-5",
            "1.7207423022337199e9",
            "1720742302233719.999",
            "0.0000019",
            "99999999999.9",
            "\"1720742302\"",
            "null",
            "1720742302233.7191",
        ]);
        let precision = tape.pick(&["", "MILLISECOND", "MICROSECOND"]);
        return (text.into(), stated(precision).filter(|_| !precision.is_empty()));
    }
    if tape.chance(12) {
        let good = [
            "2021-11-26T17:36:07+00:00",
            "2021-11-26T17:36:07Z",
            "2021-11-26t17:36:07.123456z",
            "2021-11-26 17:36:07.1234569-03:30",
            "2021-11-26T17:36:07.9999999999999Z",
            "2021-11-26T17:36+0100",
            "2021-11-26T17:36:07.5+05",
            "1970-01-01T00:00:00Z",
            "2261-12-31T23:59:59.9999999Z",
        ];
        let bad = [
            "2021-11-26T17:36:07",
            "2021-11-26",
            "2021-11-26Z",
            "2021-11-26T17:36:60Z",
            "1970-01-01T00:00:00+00:01",
            "1969-12-31T23:59:59.9999999Z",
            "2261-12-31T23:59:59-00:01",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "2021-02-29T00:00:00Z",
            "1637948167",
            "Fri, 26 Nov 2021 17:36:07 GMT",
            "",
        ];
        let text = tape.mostly(&good, &bad);
        let precision = tape.pick(&["", "", "MILLISECOND", "MICROSECOND"]);
        return (format!("{text:?}"), stated(precision).filter(|_| !precision.is_empty()));
    }
    match (streams, tape.below(6)) {
        (true, 0..=2) => ((micros / 1_000_000).to_string(), None),
        (true, 3) => (format!("{}.{}", micros / 1_000_000, micros % 1_000_000), None),
        (true, 4) => (
            format!("{}.{}E9", micros / 1_000_000_000_000_000, micros % 1_000_000_000_000_000),
            None,
        ),
        (_, 0) => (micros.to_string(), stated("MICROSECOND")),
        (_, 1) => ((micros / 1000).to_string(), stated("MILLISECOND")),
        (_, 2) => (micros.to_string(), None),
        (_, 3) => ((micros / 1000).to_string(), None),
        (_, 4) => ((micros / 1000).to_string(), Some(raw("null"))),
        _ => (format!("{micros}.0"), stated("MICROSECOND")),
    }
}
