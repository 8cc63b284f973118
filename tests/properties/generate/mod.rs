//! Nasty but meaningful input for differential tests.
//!
//! A case is read off tapes of random numbers, one for the schema and one for each record: taking
//! entries off a tape, or making them smaller, makes the case simpler (choice 0 is the plainest
//! everywhere), so proptest shrinks it well.

mod fault;
mod history;
mod item;
mod json;
mod names;
mod record;
mod schema;
mod story;
mod value;

pub(crate) use history::{Change, History, history};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use record::record;
use schema::Schema;
use std::fmt;
use std::ops::Range;
#[allow(unused_imports)] // Not all tests that share this need each.
pub(crate) use story::{Arrival, Clock, Export, ExportKind, Step, Story, long_story, story};

pub(crate) struct Case {
    pub(crate) schema: Option<String>,
    pub(crate) tables: Option<String>,
    pub(crate) event_time: bool,
    /// Decoded data, and the Kinesis sequence number.
    pub(crate) records: Vec<(Vec<u8>, Option<String>)>,
}

impl Clone for Case {
    fn clone(&self) -> Case {
        Case {
            schema: self.schema.clone(),
            tables: self.tables.clone(),
            event_time: self.event_time,
            records: self.records.clone(),
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".into());
        writeln!(f, "Case")?;
        writeln!(f, "  schema: {}", optional(&self.schema))?;
        writeln!(f, "  tables: {}, event_time: {}", optional(&self.tables), self.event_time)?;
        for (data, sequence) in &self.records {
            writeln!(
                f,
                "  record (sequence {}): {}",
                optional(sequence),
                String::from_utf8_lossy(data)
            )?;
        }
        Ok(())
    }
}

/// A schema (nearly always a valid one) and a few records that suit it.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    case_of(1..4)
}

/// The same, with so many records.
pub(crate) fn case_of(records: Range<usize>) -> impl Strategy<Value = Case> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    (tape(250), prop::collection::vec(tape(700), records))
        .prop_map(|(schema, records)| build(schema, records))
}

/// So many cases, the same each time.
pub(crate) fn samples<S: Strategy>(strategy: &S, count: usize) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::deterministic();
    let sample = move |_| strategy.new_tree(&mut runner).expect("nothing is rejected").current();
    (0..count).map(sample)
}

/// A case, and the same schema after some time: columns are wider, narrower, protected, gone, new.
#[allow(dead_code)] // Not all tests that share this need it.
pub(crate) fn changed_case() -> impl Strategy<Value = (Case, String)> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    let records = prop::collection::vec(tape(700), 1..4);
    (tape(250), tape(60), records).prop_map(|(schema, since, records)| {
        let mut tape = Tape::new(schema);
        let schema = Schema::random(&mut tape);
        let mut since = Tape::new(since);
        let changed = schema.changed(&mut since).text(&mut since);
        let records = records.into_iter().map(|tape| record(&mut Tape::new(tape), Some(&schema)));
        let records = records.collect();
        let schema = Some(schema.text(&mut tape));
        (Case { schema, tables: None, event_time: false, records }, changed)
    })
}

/// A case without protection, and the same schema with it.
#[allow(dead_code)] // The same.
pub(crate) fn protected_since() -> impl Strategy<Value = (Case, String)> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    let records = prop::collection::vec(tape(700), 1..4);
    (tape(250), records).prop_map(|(schema, records)| {
        let mut tape = Tape::new(schema);
        let mut schema = Schema::random(&mut tape);
        let protected = schema.protected(&mut tape).text(&mut tape);
        schema.columns.iter_mut().for_each(|column| column.protect = None);
        let records = records.into_iter().map(|tape| record(&mut Tape::new(tape), Some(&schema)));
        let records = records.collect();
        let schema = Some(schema.text(&mut tape));
        (Case { schema, tables: None, event_time: false, records }, protected)
    })
}

/// A case without a schema.
pub(crate) fn case_without_schema() -> impl Strategy<Value = Case> {
    case().prop_map(|case| Case { schema: None, ..case })
}

fn build(schema: Vec<u32>, records: Vec<Vec<u32>>) -> Case {
    let mut tape = Tape::new(schema);
    let tables = tape.pick(&[
        None,
        None,
        None,
        None,
        Some("orders"),
        Some(" orders , other"),
        Some("other,orders"),
        Some("other, Orders,orders"),
        Some("orders"),
        Some("x,\torders\t,y"),
    ]);
    let event_time = tape.chance(30);
    let model = (!tape.chance(15)).then(|| Schema::random(&mut tape));
    let schema = model.as_ref().map(|model| model.text_or_fault(&mut tape));
    let records =
        records.into_iter().map(|tape| record(&mut Tape::new(tape), model.as_ref())).collect();
    Case { schema, tables: tables.map(str::to_string), event_time, records }
}

/// A list of random numbers that choices are read off.
struct Tape {
    entries: std::vec::IntoIter<u32>,
}

impl Tape {
    fn new(entries: Vec<u32>) -> Tape {
        Tape { entries: entries.into_iter() }
    }

    /// 0..n; 0 when the tape has run out.
    fn below(&mut self, n: usize) -> usize {
        // By magnitude, so that a smaller entry is an earlier choice.
        ((u64::from(self.entries.next().unwrap_or(0)) * n as u64) >> 32) as usize
    }

    /// True in so many of a hundred cases; false when the tape has run out.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Of the second list in one of ten cases.
    fn mostly<T: Clone>(&mut self, good: &[T], bad: &[T]) -> T {
        if self.chance(10) { self.pick(bad) } else { self.pick(good) }
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        // From one entry of the tape, the order given being the simplest.
        let seed = self.below(1 << 16) as u64;
        if seed >= 1 << 13 {
            let mut random = Random(seed);
            for i in (1..list.len()).rev() {
                list.swap(i, random.below(i as u64 + 1) as usize);
            }
        }
    }
}

/// Numbers that are the same each time, where nothing is to be made smaller.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        next(&mut self.0) % n
    }
}

fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}
