//! A value that is no record, and a place that is not JSON, cost themselves only.

use crate::*;

/// `#` is a good record of its own; how many rows there are, and which records fail.
#[track_caller]
fn outcome(text: &str) -> (usize, Vec<String>) {
    let mut input = String::new();
    for (at, piece) in text.split('#').enumerate() {
        if at > 0 {
            input.push_str(&change(&format!("o-{at}")).to_string());
        }
        input.push_str(piece);
    }
    let done = transform(&input);
    assert_eq!(done.code, i32::from(done.stderr.contains("failed: ")), "{}", done.stderr);
    let failed = done.stderr.lines().filter_map(|line| line.split_once(": failed: "));
    let failed = failed.map(|(id, _)| id.to_owned()).collect();
    (done.rows().len(), failed)
}

#[test]
fn a_bad_value_costs_itself() {
    for (text, rows, failed) in [
        // On a line of its own.
        ("#\nno JSON, {\"a\":1}\n#", 2, &["line-2"][..]),
        ("#\n{\"a\":1}\n#", 2, &["line-2"]),
        ("#\n{\"a\":tru}\n#", 2, &["line-2"]),
        ("#\n{\"a\":\"b\n#", 2, &["line-2"]),
        ("#\n{\"dynamodb\":{\"Keys\":[\n#", 2, &["line-2"]),
        ("#\n1\n\"text\"\nnull\n#", 2, &["line-2", "line-3", "line-4"]),
        ("#\n}\n#", 2, &["line-2"]),
        // Among others on a line, as Firehose joins them.
        ("#Hello World#", 2, &["line-1#2"]),
        ("#{\"a\":tru}#", 2, &["line-1#2"]),
        ("#{\"a\":tru, \"b\":[{}]} #{}#", 3, &["line-1#2", "line-1#4"]),
        ("#{\"a\":#", 1, &["line-1#2"]),
        ("#,\n#,", 2, &["line-1#2", "line-2#2"]),
        // Over several lines.
        ("{\n \"dynamodb\": {\n  \"Keys\": tru\n }\n}\n#\n#", 2, &["line-1"]),
        ("#\n{\n \"dynamodb\": {\n", 1, &["line-2"]),
        // In a list.
        ("[\n #,\n {\n  \"a\": {\n   \"b\": tru\n  }\n },\n #\n]\n#", 3, &["line-3"]),
        ("[#,{\"a\":tru},#]", 2, &["line-1#2"]),
        ("[#,\nno JSON,\n#]", 2, &["line-2"]),
        ("[#, #, ]", 2, &[]),
        ("[# #]", 2, &["line-1#3"]),
    ] {
        let failed = failed.iter().map(|&id| id.to_owned()).collect();
        assert_eq!(outcome(text), (rows, failed), "{text}");
    }
}

#[test]
fn text_of_any_bytes_fails_alone() {
    let record = change("o-1").to_string();
    for (bad, reason) in [
        (&b"\xff\xfe\xfd"[..], "the data is not UTF-8"),
        (b"\x1f\x8b\x08\0\xff", "the data is gzip"),
        (b"{\"a\":\"\xff\"}\n{\"dynamodb\":\"\xff\"}", "line-3: failed: the data is not UTF-8"),
        (b"\0\x01\x02", "the data is not one JSON object"),
    ] {
        let text = [record.as_bytes(), b"\n", bad, b"\n", record.as_bytes()].concat();
        assert_eq!(transform(text).exits_with(1).says(reason).rows().len(), 2);
    }
}

#[test]
fn records_are_whole_wherever_reading_stops() {
    // Values of every size around the size of a read, with escapes and literals at every place.
    let mut text = String::new();
    let mut count = 0;
    while text.len() < 3 << 20 {
        let mut change = change(&format!("o-{count}"));
        change["dynamodb"]["NewImage"]["text"] =
            json!({"S": "\\\"\u{1}💶é".repeat(count * 37 % 4_001)});
        change["userIdentity"] = json!([null, true, false, -1.5e3, [], {}]);
        text.push_str(&change.to_string().replace('💶', "\\ud83d\\udcb6"));
        count += 1;
    }
    assert_eq!(transform(&text).exits_with(0).rows().len(), count);
    assert_eq!(transform(format!("[{}]", text.replace("}{", "},{"))).rows().len(), count);
}

#[test]
fn text_that_goes_on_and_on_takes_no_longer_for_it() {
    // Each line could be the beginning of a value that reaches to the end.
    let nested = "{\"a\":[\n".repeat(200_000);
    let (rows, failed) = outcome(&format!("#\n{nested}#\n"));
    assert_eq!(
        (rows, failed.len()),
        (2, 20 + 1),
        "the first of each reason are named, then counted"
    );
    let junk = format!("{}\n", "x{\"a\":{".repeat(100_000));
    assert_eq!(outcome(&format!("#\n{junk}#\n")), (2, vec!["line-2".to_owned()]));
}
