//! Random changes in random batches through the real program, while one of ten PUTs fails, some for
//! good, and the process is killed now and then. A batch that is not answered as done comes again,
//! whole or in halves, as Lambda does it. At the end no change is lost and none is changed, and of
//! each key the row with the greatest `_sequence` is that of its last change. Every second story
//! goes to two tables of the lake.
//!
//! What the rows must be is what the core makes of each change as a line of JSON; that these are
//! right is held by `tests/properties`.
//!
//! `DYNALAKE_CHANGES=1000000 cargo test --package dynalake-direct random` looks further.

use crate::events::{CREATED, event_of_text, kinesis_of};
use crate::generate::{Clock, Random, Step, Story, long_story, samples};
use crate::json::Json;
use crate::runtime_api::{Function, Next};
use crate::s3::{Fault, PASSING, S3};
use crate::{SCHEMA, compare, failures, metric_lines, start, stop};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Binary, Plan, Schema};
use dynalake::text::time::write_microseconds;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

/// How many changes each schema gets.
const PER_STORY: usize = 2_000;

/// The tables of the lake.
const TABLES: [&str; 2] = ["first", "second"];

/// One PUT in this many fails.
const ONE_OF: u64 = 10;

/// What happened, so that a test can see that something did.
#[derive(Debug, Default)]
struct Tally {
    changes: usize,
    rows: usize,
    failed: usize,
    objects: usize,
    again: usize,
    killed: usize,
    keys: usize,
}

/// What the core makes of a change.
struct Expected {
    /// A line of JSON; `None` of a change that gives no row.
    line: Option<String>,
    /// Whether it goes to the error prefix.
    has_failed: bool,
    /// Whether it is a change of the table. A record that isn't one fails once, for the first table.
    is_change: bool,
}

fn expected(story: &Story, schema: &Schema) -> Vec<Expected> {
    let mut plan = Plan::new(schema);
    if story.clock == Clock::Seconds {
        plan.binary = Some(Binary::Single);
    }
    let options = Options::new(&plan);
    let mut records = RecordTransformer::new(plan, options);
    let mut of = |step: &Step| {
        let number = (story.clock != Clock::Seconds).then_some(step.number.as_bytes());
        let mut line = Vec::new();
        let transformed = records.transform(&step.record, number, &mut line);
        let (outcome, is_change) = (transformed.outcome, transformed.is_change);
        Expected {
            is_change,
            line: (!line.is_empty()).then(|| String::from_utf8(line).expect("a row is UTF-8")),
            has_failed: matches!(outcome, Outcome::Failed(_)),
        }
    };
    story.steps.iter().map(&mut of).collect()
}

/// When a change arrived in Kinesis, in milliseconds since 1970: each some minutes after the one
/// before.
fn arrival_ms(at: usize) -> u64 {
    CREATED * 1_000 + at as u64 * 123_456
}

/// The record of the story's change `at` in an event.
fn record(clock: Clock, at: usize, step: &Step) -> String {
    if clock != Clock::Seconds {
        return kinesis_of(&step.number, arrival_ms(at), &step.record).to_string();
    }
    let record = str::from_utf8(&step.record).expect("a record is UTF-8");
    let (before, members) = record.split_once('{').expect("a record is an object");
    format!("{before}{{\"eventSource\":\"aws:dynamodb\",{members}")
}

/// One story, from its first batch to the lake.
fn run(story: &Story, seed: u64, tally: &mut Tally) {
    let mut random = Random(seed);
    let by_event_time = random.below(2) == 0;
    let s3 = S3::start();
    let mut of_faults = Random(seed ^ 0x5eed);
    s3.fails_by(move |_| {
        if of_faults.below(ONE_OF) > 0 {
            return None;
        }
        if of_faults.below(4) == 0 {
            return Some(Fault::Error(403, "AccessDenied", "for now"));
        }
        Some(PASSING[of_faults.below(PASSING.len() as u64) as usize])
    });
    let partition_by = if by_event_time { "event_time" } else { "arrival" };
    let tables = if seed.is_multiple_of(2) { &TABLES[..1] } else { &TABLES };
    let schemas: Vec<Value> = tables.iter().map(|table| named(&story.schema, table)).collect();
    let schemas = Value::Array(schemas).to_string();
    let settings = [(SCHEMA, schemas.as_str()), ("DYNALAKE_PARTITION_BY", partition_by)];
    let records = story.steps.iter().enumerate().map(|(at, step)| record(story.clock, at, step));
    let records: Vec<String> = records.collect();

    let mut batches = VecDeque::new();
    let mut at = 0;
    while at < records.len() {
        let end = (at + 1 + random.below(200) as usize).min(records.len());
        batches.push_back(at..end);
        at = end;
    }
    let mut function = start(&s3, &settings);
    while let Some(batch) = batches.pop_front() {
        let event = event_of_text(&records[batch.clone()]);
        if random.below(50) == 0 {
            kill(function, event, &s3, &mut random);
            tally.killed += 1;
            function = start(&s3, &settings);
            batches.push_front(batch);
            continue;
        }
        // Now and then there is hardly any time.
        let time = Duration::from_millis(if random.below(20) == 0 { 1_300 } else { 30_000 });
        let next = Next { time, ..Next::new("r", event) };
        match &failures(&function.invoke_as(next))[..] {
            [] => {}
            [from] => {
                assert_eq!(*from, story.steps[batch.start].number, "the batch's first");
                tally.again += 1;
                again(batch, &mut batches, &mut random);
            }
            more => panic!("{more:?}"),
        }
    }
    assert!(!metric_lines(&stop(function)).is_empty());
    assert!(s3.changed().is_empty(), "a batch gives the same bytes each time");
    let objects = s3.objects();
    let of_tables = tables.iter().enumerate().map(|(at, table)| {
        let is_of = |key: &str| key.split('/').nth(1) == Some(table);
        let objects = objects.iter().filter(|(key, _)| is_of(key));
        check(story, at == 0, by_event_time, &objects.collect(), tally)
    });
    assert_eq!(of_tables.sum::<usize>(), objects.len(), "there are no others");
    tally.objects += objects.len();
    tally.changes += story.steps.len();
}

/// A schema with the name of its table in the lake.
fn named(schema: &str, table: &str) -> Value {
    let mut schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
    schema["name"] = table.into();
    schema
}

/// Gives an event to the function and ends it, at any moment.
fn kill(mut function: Function, event: String, s3: &S3, random: &mut Random) {
    let requests = s3.seen().len();
    function.queue(Next::new("killed", event));
    // Before, in the middle of, or behind what it sends.
    if random.below(2) == 0 {
        s3.wait_for(requests + 1, Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_micros(random.below(20_000)));
    drop(function);
}

/// A batch comes again: whole, or in two halves, or with what comes behind it.
fn again(batch: Range<usize>, batches: &mut VecDeque<Range<usize>>, random: &mut Random) {
    match random.below(3) {
        0 if batch.len() > 1 => {
            let middle = batch.start + batch.len() / 2;
            batches.push_front(middle..batch.end);
            batches.push_front(batch.start..middle);
        }
        1 => {
            let end = batches.pop_front().map_or(batch.end, |next| next.end);
            batches.push_front(batch.start..end);
        }
        _ => batches.push_front(batch),
    }
}

/// Compares one table's objects with the changes; returns how many they are.
fn check(
    story: &Story,
    is_first: bool,
    by_event_time: bool,
    objects: &BTreeMap<&String, &Vec<u8>>,
    tally: &mut Tally,
) -> usize {
    let schema = Schema::parse(&story.schema).expect("it is one");
    let mut expected = expected(story, &schema);
    for change in &mut expected {
        change.has_failed &= is_first || change.is_change;
    }
    let index: BTreeMap<&str, usize> =
        story.steps.iter().enumerate().map(|(at, step)| (&*step.number, at)).collect();
    let (mut has_row, mut has_failed) = (BTreeSet::new(), BTreeSet::new());
    for (key, object) in objects {
        let (folder, name) = key.rsplit_once('/').expect("a key has folders");
        let (base, kind) = name.rsplit_once('.').expect("a key has an ending");
        let mut parts = base.rsplit('-');
        let (last, first) = (parts.next(), parts.next());
        let [first, last] = [first, last].map(|number| index[number.expect("it names records")]);
        let batch = first..=last;
        if kind == "json" {
            let failed: Vec<usize> = batch.filter(|&at| expected[at].has_failed).collect();
            check_lines(story, object, &failed);
            has_failed.extend(failed);
            continue;
        }
        let partition = folder.split_once("/dt=").expect("it is in a partition").1;
        let is_there = |at: &usize| {
            let has_row = expected[*at].line.is_some();
            has_row && partition == partition_of(story, by_event_time, *at, first)
        };
        let rows: Vec<usize> = batch.filter(is_there).collect();
        let lines: Vec<String> =
            rows.iter().map(|&at| expected[at].line.clone().unwrap_or_default()).collect();
        compare(&schema, object, &lines)
            .unwrap_or_else(|difference| panic!("{key}: {difference}\n{}", story.schema));
        has_row.extend(rows);
    }
    for (at, expected) in expected.iter().enumerate() {
        assert_eq!(expected.line.is_some(), has_row.contains(&at), "the row of change {at}");
        assert_eq!(expected.has_failed, has_failed.contains(&at), "the line of change {at}");
    }
    tally.keys += check_current_state(&schema, &expected, &has_row);
    tally.rows += has_row.len();
    tally.failed += has_failed.len();
    objects.len()
}

/// The partition of a row: by its own time, or by its batch's first change or arrival.
fn partition_of(story: &Story, by_event_time: bool, at: usize, first: usize) -> String {
    let time_us = match (by_event_time, story.clock) {
        (true, _) => story.steps[at].time_us,
        (false, Clock::Seconds) => story.steps[first].time_us,
        (false, _) => arrival_ms(first) * 1_000,
    };
    let mut text = Vec::new();
    write_microseconds(time_us, &mut text);
    let text = String::from_utf8(text).expect("a time is text");
    format!("{}/hour={}", &text[..10], &text[11..13])
}

fn check_lines(story: &Story, object: &[u8], failed: &[usize]) {
    let lines = str::from_utf8(object).expect("lines are UTF-8").lines();
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(lines.len(), failed.len());
    for (line, &at) in lines.iter().zip(failed) {
        let step = &story.steps[at];
        assert_eq!(line["sequenceNumber"], step.number);
        let raw = STANDARD.decode(line["rawData"].as_str().expect("text")).expect("base64");
        let original = match story.clock {
            Clock::Seconds => record(story.clock, at, step).trim().as_bytes().to_vec(),
            _ => step.record.clone(),
        };
        assert_eq!(raw, original);
    }
}

/// Of each key, the row with the greatest `_sequence` is that of its last change; returns how many
/// keys there are.
fn check_current_state(schema: &Schema, expected: &[Expected], has_row: &BTreeSet<usize>) -> usize {
    let keys: Vec<&str> = schema.key_columns().map(|at| &*schema.columns[at].name).collect();
    let mut newest: BTreeMap<Vec<String>, (String, usize)> = BTreeMap::new();
    let mut last: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for &at in has_row {
        let line = expected[at].line.as_deref().unwrap_or_default();
        let row = Json::parse(line).expect("a row is JSON");
        let text = |name: &str| row.get(name).map(ToString::to_string).unwrap_or_default();
        let key: Vec<String> = keys.iter().map(|name| text(name)).collect();
        last.insert(key.clone(), at);
        let this = (text("_sequence"), at);
        let entry = newest.entry(key).or_default();
        if entry.0 < this.0 {
            *entry = this;
        }
    }
    assert!(newest.into_values().map(|(_, at)| at).eq(last.values().copied()));
    last.len()
}

#[test]
fn no_change_is_lost_and_none_is_changed() {
    let changes = std::env::var("DYNALAKE_CHANGES").ok().and_then(|text| text.parse().ok());
    let changes: usize = changes.unwrap_or(100_000);
    let mut tally = Tally::default();
    let stories = changes.div_ceil(PER_STORY);
    for (at, story) in samples(&long_story(PER_STORY), stories).enumerate() {
        run(&story, at as u64, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.changes >= changes);
    // Each of these is there in plenty.
    for count in [tally.rows, tally.failed, tally.again, tally.killed, tally.objects, tally.keys] {
        assert!(count > stories / 10, "{tally:?}");
    }
}
