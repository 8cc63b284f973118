//! Whatever the bytes: no panic, every record answered once and in order, as many as fit, and
//! nothing remembered that would show.

use crate::generate::{self, Case};
use crate::json::Json;
use crate::wire::{self, Answer};
use dynalake::firehose::EventError;
use dynalake::firehose::{Options, Transformer};
use dynalake::schema::{Plan, Schema};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::fmt;

// --------------------------------------------------------------------------------------- mutations

/// One change to some bytes, at a place given as a part of 2^32 of their length.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    Flip(u32, u8),
    Set(u32, u8),
    Insert(u32, u8),
    Delete(u32, u8),
    Repeat(u32, u8),
    Truncate(u32),
}

impl Mutation {
    fn apply(self, bytes: &mut Vec<u8>) {
        let length = bytes.len() as u64;
        let place = |at: u32| ((u64::from(at) * length) >> 32) as usize;
        let end = |from: usize, count: u8| bytes.len().min(from + usize::from(count));
        match self {
            _ if bytes.is_empty() => {}
            Mutation::Flip(at, bit) => bytes[place(at)] ^= 1 << (bit % 8),
            Mutation::Set(at, byte) => bytes[place(at)] = byte,
            Mutation::Insert(at, byte) => bytes.insert(place(at), byte),
            Mutation::Delete(at, count) => drop(bytes.drain(place(at)..end(place(at), count))),
            Mutation::Repeat(at, count) => {
                let piece = bytes[place(at)..end(place(at), count)].to_vec();
                bytes.splice(place(at)..place(at), piece);
            }
            Mutation::Truncate(at) => bytes.truncate(place(at)),
        }
    }
}

/// A few mutations; the bytes that are set are mostly some that mean something in JSON.
fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let byte = || {
        prop_oneof![
            3 => prop::sample::select(br#"{}[]",:\/u0e-.+ntfSNMLB="#.to_vec()),
            1 => any::<u8>(),
        ]
    };
    let mutation = prop_oneof![
        3 => (any::<u32>(), any::<u8>()).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        3 => (any::<u32>(), byte()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        3 => (any::<u32>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        3 => (any::<u32>(), 1..20_u8).prop_map(|(at, count)| Mutation::Delete(at, count)),
        2 => (any::<u32>(), any::<u8>()).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        1 => any::<u32>().prop_map(Mutation::Truncate),
    ];
    prop::collection::vec(mutation, 1..5)
}

fn mutated(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        mutation.apply(&mut bytes);
    }
    bytes
}

/// Bytes that a failure shows as text.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// A case, and its event with some mutations.
fn mutated_event() -> impl Strategy<Value = (Case, Shown)> {
    (generate::case(), mutations()).prop_map(|(case, mutations)| {
        let event = mutated(wire::event(&case.records), &mutations);
        (case, Shown(event))
    })
}

/// A case whose records' data have some mutations.
fn mutated_data() -> impl Strategy<Value = Case> {
    (generate::case(), prop::collection::vec(mutations(), 3)).prop_map(|(mut case, mutations)| {
        for ((data, _), mutations) in case.records.iter_mut().zip(&mutations) {
            *data = mutated(std::mem::take(data), mutations);
        }
        case
    })
}

// ---------------------------------------------------------------------------------- what must hold

/// A transformer as the settings would make it, with a limit; `None` if the schema is rejected.
fn transformer(case: &Case, max_response_bytes: usize) -> Option<Transformer> {
    let plan = match &case.schema {
        None => Plan::schemaless(),
        Some(text) => Plan::new(&Schema::parse(text).ok()?),
    };
    let tables = plan.table.clone().map(|table| vec![table]);
    Some(Transformer::new(
        plan,
        Options { tables, partition_keys: case.event_time, max_response_bytes },
    ))
}

const MAX: usize = dynalake::firehose::MAX_RESPONSE_BYTES;

/// The `recordId`s of an event; none where it isn't Firehose's.
fn record_ids(event: &[u8]) -> Option<Vec<String>> {
    let event = Json::parse(std::str::from_utf8(event).ok()?).ok()?;
    match event.get("records")? {
        Json::Array(records) => records
            .iter()
            .map(|record| record.get("recordId").and_then(Json::text).map(str::to_owned))
            .collect(),
        _ => None,
    }
}

/// The answers to an event, checked for what holds of any: each record once, in order; none where
/// it isn't Firehose's.
fn answer(
    transformer: &mut Transformer,
    event: &[u8],
) -> Result<Option<Vec<Answer>>, TestCaseError> {
    let ids = record_ids(event);
    match transformer.transform(event, 0) {
        Err(error) => {
            prop_assert!(ids.is_none(), "Firehose's, but rejected: {}", error);
            Ok(None)
        }
        Ok(answered) => {
            prop_assert!(answered.response.len() <= MAX);
            let answers = wire::answers(&answered.response);
            let answered_ids = answers.iter().map(|answer| answer.record_id.clone()).collect();
            prop_assert_eq!(Some(answered_ids), ids);
            let count =
                |result| answers.iter().filter(|answer| answer.result == result).count() as u64;
            let statistics = &answered.statistics;
            prop_assert_eq!(statistics.records_in, answers.len() as u64);
            prop_assert_eq!(statistics.records_ok, count("Ok"));
            prop_assert_eq!(statistics.records_dropped, count("Dropped"));
            prop_assert_eq!(statistics.failures.len() as u64, count("ProcessingFailed"));
            prop_assert_eq!(statistics.bytes_out, answered.response.len() as u64);
            Ok(Some(answers))
        }
    }
}

/// What was seen before does not show in the answer.
fn forgets(case: &Case, before: &[&[u8]]) -> TestCaseResult {
    let event = wire::event(&case.records);
    let (Some(mut fresh), Some(mut used)) = (transformer(case, MAX), transformer(case, MAX)) else {
        return Ok(());
    };
    for event in before {
        let _ = used.transform(event, 0);
    }
    let expected = fresh.transform(&event, 0).expect("it is a Firehose event");
    let answered = used.transform(&event, 0).expect("it is a Firehose event");
    prop_assert_eq!(Shown(answered.response).0, expected.response);
    prop_assert_eq!(answered.statistics, expected.statistics);
    Ok(())
}

/// A limit for a response.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Bytes(usize),
    /// What so many of the records take if they are not cut, and the least that the others take;
    /// and a few bytes more or less.
    After(usize, isize),
}

/// As many records as fit are `Ok`, and the others are as they are without a limit.
fn fills(case: &Case, limit: Limit) -> TestCaseResult {
    let event = wire::event(&case.records);
    let Some(mut unlimited) = transformer(case, MAX) else { return Ok(()) };
    let full = unlimited.transform(&event, 0).expect("it is a Firehose event").response;
    // No row holds another record's beginning: it is in base64.
    let texts = |response: &[u8]| -> Vec<String> {
        let text = std::str::from_utf8(response).expect("UTF-8");
        let list = text.strip_prefix(r#"{"records":["#).and_then(|text| text.strip_suffix("]}"));
        let list = list.expect("nothing but records").split(r#",{"recordId":"#);
        list.map(|record| record.trim_start_matches(r#"{"recordId":"#).to_owned()).collect()
    };
    let full = texts(&full);
    // Each record with a separator, of which the first has none.
    let size = |record: &str| r#",{"recordId":"#.len() + record.len();
    let failed = |at: usize| format!(r#""{at}","result":"ProcessingFailed"}}"#);
    let brackets = r#"{"records":[]}"#.len() - 1;
    let least = |from: usize| (from..full.len()).map(|at| size(&failed(at))).sum::<usize>();
    let limit = match limit {
        Limit::Bytes(limit) => limit,
        Limit::After(records, off) => {
            let records = records % (full.len() + 1);
            let sizes = full[..records].iter().map(|record| size(record));
            (brackets + sizes.sum::<usize>() + least(records)).saturating_add_signed(off)
        }
    };

    let mut limited = transformer(case, limit).expect("the same schema");
    let response = match limited.transform(&event, 0) {
        Ok(answered) => answered.response,
        Err(error) => {
            prop_assert_eq!(error, EventError::TooManyRecords { records: full.len() });
            prop_assert!(
                brackets + least(0) > limit,
                "rejected for a limit of {} bytes, but {} would do",
                limit,
                brackets + least(0)
            );
            return Ok(());
        }
    };
    prop_assert!(response.len() <= limit, "{} bytes, limit {}", response.len(), limit);
    let records = texts(&response);
    prop_assert_eq!(records.len(), full.len());
    let mut taken = brackets;
    for (at, (full, record)) in full.iter().zip(&records).enumerate() {
        if full != record {
            prop_assert!(full.contains(r#""result":"Ok""#), "{} became {}", full, record);
            prop_assert_eq!(record, &failed(at));
            let needed = taken + size(full) + least(at + 1);
            prop_assert!(needed > limit, "record {} fits: {} bytes, limit {}", at, needed, limit);
        }
        taken += size(record);
    }
    prop_assert_eq!(response.len(), taken);
    Ok(())
}

proptest! {
    #![proptest_config(crate::config(8_000))]

    #[test]
    fn any_event_is_answered_or_rejected((case, event) in mutated_event()) {
        if let Some(mut transformer) = transformer(&case, MAX) {
            answer(&mut transformer, &event.0)?;
        }
        forgets(&case, &[&event.0])?;
    }

    #[test]
    fn any_data_is_answered(case in mutated_data(), other in generate::case()) {
        let event = wire::event(&case.records);
        if let Some(mut transformer) = transformer(&case, MAX) {
            prop_assert!(answer(&mut transformer, &event)?.is_some());
        }
        forgets(&Case { schema: case.schema, ..other }, &[&event])?;
    }

    #[test]
    fn nothing_is_remembered_that_shows(
        case in generate::case(),
        others in prop::collection::vec(generate::case(), 1..3),
    ) {
        let mut before: Vec<Vec<u8>> =
            others.iter().map(|other| wire::event(&other.records)).collect();
        before.extend(case.records.iter().map(|record| wire::event(std::slice::from_ref(record))));
        before.reverse();
        let before: Vec<&[u8]> = before.iter().map(|event| &event[..]).collect();
        forgets(&case, &before)?;
        forgets(&Case { schema: None, ..case }, &before)?;
    }

    #[test]
    fn responses_are_filled_to_the_limit(
        case in generate::case(),
        repeated in 1..8_usize,
        limit in prop_oneof![
            (0..24_usize, -2..=2_isize).prop_map(|(records, off)| Limit::After(records, off)),
            (60..6_000_usize).prop_map(Limit::Bytes),
        ]
    ) {
        let records = (0..repeated).flat_map(|_| case.records.clone()).collect();
        fills(&Case { records, ..case }, limit)?;
    }
}

// ------------------------------------------------------------------------------------- large input

/// A change of one table whose new image has these attributes beside its key; `more` are members of
/// the envelope.
fn change(attributes: &str, more: &str) -> Vec<u8> {
    let image = format!(r#""NewImage":{{"id":{{"S":"k"}}{attributes}}}"#);
    let time = r#""ApproximateCreationDateTime":1720742302233"#;
    let dynamodb = format!(r#""dynamodb":{{{time},"Keys":{{"id":{{"S":"k"}}}},{image}}}"#);
    format!(r#"{{"tableName":"t","eventName":"INSERT",{more}{dynamodb}}}"#).into_bytes()
}

/// The results of a few large changes: without a schema, and with columns for some attributes.
fn results(data: Vec<u8>) -> [Answer; 2] {
    let types = ["string", "bigint", "decimal(38,9)", "double", "timestamp", "array<string>"];
    let columns: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(at, ty)| format!(r#",{{"name":"c{at}","type":"{ty}"}}"#))
        .collect();
    let schema = format!(
        r#"{{"table":"t","keys":["id"],"columns":[{{"name":"id","type":"string"}}{}]}}"#,
        columns.concat()
    );
    let records = vec![(data, None)];
    [None, Some(schema)].map(|schema| {
        let case = Case { schema, tables: None, event_time: false, records: records.clone() };
        let mut transformer = transformer(&case, MAX).expect("a good schema");
        let event = wire::event(&case.records);
        answer(&mut transformer, &event).expect("what holds of any").expect("Firehose's").remove(0)
    })
}

fn assert_ok(data: Vec<u8>) -> [String; 2] {
    results(data).map(|answer| {
        assert_eq!(answer.result, "Ok");
        answer.row.expect("a row")
    })
}

#[test]
fn deep_unknown_json_is_stepped_over() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"":["#, "]}]")] {
        let deep = format!("{}1{}", open.repeat(60_000), close.repeat(60_000));
        assert_ok(change("", &format!(r#""unknown":{deep},"#)));
        assert_ok(change(&format!(r#","a":{{"S":"x","unknown":{deep}}}"#), ""));
        // In the event.
        let case = Case { schema: None, tables: None, event_time: false, records: Vec::new() };
        let mut transformer = transformer(&case, MAX).expect("no schema");
        let event = format!(r#"{{"unknown":{deep},"records":[{{"a":{deep},"recordId":"1"}}]}}"#);
        let answered = transformer.transform(event.as_bytes(), 0).expect("Firehose's");
        let expected = br#"{"records":[{"recordId":"1","result":"ProcessingFailed"}]}"#;
        assert_eq!(answered.response, expected);
    }
}

#[test]
fn deep_items_fail_and_nothing_else() {
    for (open, close) in [(r#"{"L":["#, "]}"), (r#"{"M":{"a":"#, "}}")] {
        let deep = format!(r#","a":{}{{"S":"x"}}{}"#, open.repeat(60_000), close.repeat(60_000));
        for answer in results(change(&deep, "")) {
            assert_eq!(answer.result, "ProcessingFailed");
        }
        let unclosed = format!(r#","a":{}"#, open.repeat(60_000));
        for answer in results(change(&unclosed, "")) {
            assert_eq!(answer.result, "ProcessingFailed");
        }
    }
}

#[test]
fn a_name_may_be_long() {
    let name = "aB".repeat(1_000_000);
    let [flat, rescued] = assert_ok(change(&format!(r#","{name}":{{"S":"x"}}"#), ""));
    assert!(flat.contains(&format!(r#","{}":"x","#, "a_b".repeat(1_000_000))));
    assert!(rescued.contains(&format!(r#""_rescued":"{{\"{name}\":"#)));
    // Joined at each of some levels it would pass any row; with a schema it is one name among
    // others.
    let maps = format!(r#"{{"M":{{"{}":"#, "b".repeat(20_000)).repeat(50);
    let nested = format!(r#","{name}":{maps}{{"S":"x"}}{}"#, "}}".repeat(50));
    let [_, rescued] = results(change(&nested, ""));
    assert_eq!(rescued.result, "Ok");
}

/// Names that meet in one column are compared with each other, and with what is in front of them.
#[test]
fn names_that_meet_may_be_long() {
    let member = |at: usize| {
        let name = format!("{at:016b}").replace('0', ".").replace('1', "!");
        format!(r#""{name}":{{"N":"{at}"}}"#)
    };
    let members: Vec<String> = (0..30_000).map(member).collect();
    // Two long names, the same but for their ends, of which no row could tell all losers.
    let maps: Vec<String> = ["a", "b"]
        .map(|end| format!(r#","{}{end}":{{"M":{{{}}}}}"#, "c_".repeat(30_000), members.join(",")))
        .to_vec();
    let [flat, rescued] = results(change(&maps.concat(), ""));
    assert_eq!((flat.result.as_str(), rescued.result.as_str()), ("ProcessingFailed", "Ok"));
}

#[test]
fn an_item_may_have_many_attributes() {
    let attributes: Vec<String> =
        (0..50_000).map(|at| format!(r#","attributeNumber{at}":{{"N":"{at}"}}"#)).collect();
    let [flat, rescued] = assert_ok(change(&attributes.concat(), ""));
    assert!(flat.contains(r#","attribute_number49999":49999,"#));
    let entry = r#"\"attributeNumber49999\":{\"reason\":\"unknown\",\"value\":{\"N\":\"49999\"}}}"#;
    assert!(rescued.contains(entry));
    // All for one column: each name is 16 characters that normalise to one `_`.
    let attributes: Vec<String> = (0..30_000)
        .map(|at| {
            let name = format!("{at:016b}").replace('0', ".").replace('1', "!");
            format!(r#","c{name}":{{"N":"{at}"}}"#)
        })
        .collect();
    let [flat, _] = assert_ok(change(&attributes.concat(), ""));
    assert!(flat.contains(r#""c_":29999,"#), "the first in byte order has it");
    assert_eq!(flat.matches("collision").count(), 29_999);
}

#[test]
fn a_set_may_have_many_elements() {
    let elements: Vec<String> = (0..100_000).map(|at| format!(r#""{at}""#)).collect();
    let elements = elements.join(",");
    for descriptor in ["NS", "SS"] {
        let [flat, typed] =
            assert_ok(change(&format!(r#","c5":{{"{descriptor}":[{elements}]}}"#), ""));
        assert!(flat.len() > 500_000);
        assert!(typed.contains(&format!(r#""c5":[{elements}],"#)));
    }
}

#[test]
fn numbers_may_have_many_digits() {
    let digits = "1234567890".repeat(100_000);
    for number in [
        digits.clone(),
        format!("{digits}e999999999"),
        format!("0.{digits}E-999999999"),
        format!("0.{}e+{digits}", "0".repeat(1_000_000)),
    ] {
        for column in 0..5 {
            let [_, row] = assert_ok(change(&format!(r#","c{column}":{{"N":"{number}"}}"#), ""));
            let shown = row.contains(&format!(r#""c{column}":"#));
            let rescued = row.contains(r#"\"reason\":\"range\""#);
            assert_ne!(shown, rescued, "column {column}: in the row, or rescued");
        }
    }
}
