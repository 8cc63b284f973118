//! What happens to a few items of one table by its clock, what of that reaches the lake, how often
//! and in which order, and exports of the table that are loaded beside it.

use super::Tape;
use super::history::some_keys;
use super::item::{Item, item};
use super::json::{obj, raw, string, write};
use super::schema::Schema;
use super::value::{Value, item_json};
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use std::fmt;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;

/// The unit of the stream's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Kinesis.
    Micros,
    /// Kinesis.
    Millis,
    /// DynamoDB Streams, whose records carry their sequence number themselves.
    Seconds,
}

impl Clock {
    /// A time as the stream says it.
    pub(crate) fn tick(self, time_us: u64) -> u64 {
        time_us - time_us % self.us()
    }

    fn us(self) -> u64 {
        match self {
            Clock::Micros => 1,
            Clock::Millis => 1000,
            Clock::Seconds => SECOND,
        }
    }
}

/// One change of an item.
#[derive(Clone)]
pub(crate) struct Step {
    /// Which item it is of.
    pub(crate) item: usize,
    /// When it was made, in microseconds since 1970.
    pub(crate) time_us: u64,
    /// The change record.
    pub(crate) record: Vec<u8>,
    /// Its sequence number in the stream.
    pub(crate) number: String,
    /// `Keys`, as exports have them.
    pub(crate) keys: String,
    /// The item before and after, as exports have it.
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

/// An export of the table, loaded.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// What it calls its time, in microseconds since 1970; of an incremental one its end.
    pub(crate) time_us: u64,
    pub(crate) kind: ExportKind,
    /// By how much the clock of each item's partition is behind that.
    pub(crate) skews_us: Vec<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    Full { with_known_keys: bool },
    Incremental { from_us: u64 },
}

impl Export {
    /// A time that the export states, by the clock of an item's partition.
    pub(crate) fn by_clock_of(&self, item: usize, time_us: u64) -> u64 {
        time_us.saturating_add_signed(-self.skews_us[item])
    }
}

/// What is put into the lake next.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// A change, with the sequence number that Kinesis gave it. A replayed one has none, unless it
    /// is a row already.
    Change { step: usize, number: Option<String>, is_row: bool },
    /// All rows of an export.
    Export(usize),
}

/// Changes in the order in which they happened, and what arrives of them. A change that does not
/// arrive is lost.
#[derive(Clone)]
pub(crate) struct Story {
    /// Wants all events; half of them have a `where`.
    pub(crate) schema: String,
    /// The same without the `where`.
    pub(crate) whole_table: String,
    pub(crate) clock: Clock,
    pub(crate) items: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) exports: Vec<Export>,
    pub(crate) arrivals: Vec<Arrival>,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Story by {:?}\n  schema: {}", self.clock, self.schema)?;
        for (at, step) in self.steps.iter().enumerate() {
            let record = String::from_utf8_lossy(&step.record);
            let Step { item, time_us, number, .. } = step;
            writeln!(f, "  {at}: item {item} at {time_us} ({number}): {record}")?;
        }
        for (at, export) in self.exports.iter().enumerate() {
            writeln!(f, "  export {at}: {export:?}")?;
        }
        writeln!(f, "  arrivals: {:?}", self.arrivals)
    }
}

/// A story of up to a dozen changes and two exports.
pub(crate) fn story() -> impl Strategy<Value = Story> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    (tape(200), tape(120), prop::collection::vec(tape(120), 1..13))
        .prop_map(|(schema, arrivals, steps)| build(schema, arrivals, steps))
}

/// A story of this many changes of up to ten items. Each arrives once, and there are no exports.
#[allow(dead_code)] // Not all tests that share this need it.
pub(crate) fn long_story(changes: usize) -> impl Strategy<Value = Story> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    (tape(200), prop::collection::vec(tape(120), changes)).prop_map(|(schema, steps)| {
        let mut story = begun(schema, 10, steps);
        let arrive = |(step, Step { number, .. }): (usize, &Step)| {
            let number = (story.clock != Clock::Seconds).then(|| number.clone());
            Arrival::Change { step, number, is_row: false }
        };
        story.arrivals = story.steps.iter().enumerate().map(arrive).collect();
        story
    })
}

fn build(schema: Vec<u32>, arrivals: Vec<u32>, steps: Vec<Vec<u32>>) -> Story {
    let mut story = begun(schema, 3, steps);
    let tape = &mut Tape::new(arrivals);
    story.exports = exported(&story.steps, story.items, tape);
    story.arrivals = arriving(story.clock, &story.steps, story.exports.len(), tape);
    story
}

/// A story of this many items; nothing has arrived yet.
fn begun(schema: Vec<u32>, items: usize, steps: Vec<Vec<u32>>) -> Story {
    let tape = &mut Tape::new(schema);
    let clock = tape.pick(&[Clock::Micros, Clock::Millis, Clock::Millis, Clock::Seconds]);
    let mut schema = Schema::random(tape);
    schema.events = None;
    let keys: Vec<Item> = (0..items).map(|at| some_keys(at, &schema, tape, false)).collect();
    let text = schema.text(tape);
    let whole_table = Schema { wanted: None, ..schema.clone() }.text(tape);
    let steps = made(clock, &schema, &keys, steps);
    Story {
        schema: text,
        whole_table,
        clock,
        items,
        steps,
        exports: Vec::new(),
        arrivals: Vec::new(),
    }
}

/// The changes of the items of these keys.
fn made(clock: Clock, schema: &Schema, keys: &[Item], steps: Vec<Vec<u32>>) -> Vec<Step> {
    let is_doubled = schema.binary.map_or(clock != Clock::Seconds, |binary| binary == "double");
    let mut time_us = 1_720_742_302_233_719;
    let mut table: Vec<Option<Item>> = vec![None; keys.len()];
    let mut made = Vec::new();
    let mut at = 0;
    for (count, step) in steps.into_iter().enumerate() {
        let tape = &mut Tape::new(step);
        time_us += gap(tape);
        if tape.chance(5) {
            time_us = time_us.next_multiple_of(SECOND);
        }
        // Often the same item once more.
        if !tape.chance(40) {
            at = tape.below(keys.len());
        }
        let old = table[at].take();
        let (event, new) = match old {
            None => ("INSERT", Some(item(&keys[at], Some(schema), tape, false))),
            Some(_) if tape.chance(35) => ("REMOVE", None),
            Some(_) => ("MODIFY", Some(item(&keys[at], Some(schema), tape, false))),
        };
        let number = number(clock, count as u64 + 1);
        let images = Images { keys: &keys[at], new: new.as_ref(), old: old.as_ref() };
        let record = record(clock, is_doubled, event, time_us, &number, &images, tape);
        let line = |item: &Item| write(&item_json(item), &mut Tape::new(Vec::new()));
        made.push(Step {
            item: at,
            time_us,
            record,
            number,
            keys: line(&keys[at]),
            old: old.as_ref().map(line),
            new: new.as_ref().map(line),
        });
        table[at] = new;
    }
    made
}

/// From one change of the table to the next: nothing, or a quarter of an hour.
fn gap(tape: &mut Tape) -> u64 {
    let most = tape.pick(&[1000, 10, SECOND, 20 * SECOND, 4 * MINUTE, 15 * MINUTE]);
    tape.below(most as usize) as u64
}

/// A sequence number that is greater than those before it.
fn number(clock: Clock, count: u64) -> String {
    match clock {
        Clock::Seconds => format!("1110000000000{count:08}"),
        _ => format!("4961533217550439927{count:037}"),
    }
}

struct Images<'a> {
    keys: &'a Item,
    new: Option<&'a Item>,
    old: Option<&'a Item>,
}

fn record(
    clock: Clock,
    is_doubled: bool,
    event: &str,
    time_us: u64,
    number: &str,
    images: &Images<'_>,
    tape: &mut Tape,
) -> Vec<u8> {
    let image = |item: &Item| if is_doubled { item_json(&doubled(item)) } else { item_json(item) };
    let time = (time_us / clock.us()).to_string();
    let mut dynamodb =
        vec![("ApproximateCreationDateTime", raw(&time)), ("Keys", image(images.keys))];
    dynamodb.extend(images.new.map(|new| ("NewImage", image(new))));
    dynamodb.extend(images.old.map(|old| ("OldImage", image(old))));
    let mut record = vec![("eventID", string(number)), ("eventName", string(event))];
    if clock == Clock::Seconds {
        dynamodb.push(("SequenceNumber", string(number)));
        record.push(("eventSourceARN", string("arn:aws:dynamodb:eu-west-1:1:table/orders")));
    } else {
        let unit = if clock == Clock::Micros { "MICROSECOND" } else { "MILLISECOND" };
        dynamodb.push(("ApproximateCreationDateTimePrecision", string(unit)));
        record.push(("tableName", string("orders")));
    }
    record.push(("dynamodb", obj(dynamodb)));
    write(&obj(record), tape).into_bytes()
}

/// An item with its binary encoded once more, as it goes through Kinesis.
fn doubled(item: &Item) -> Item {
    item.iter().map(|(name, value)| (name.clone(), doubled_value(value))).collect()
}

fn doubled_value(value: &Value) -> Value {
    // What is not base64 is left as it is: nobody could take a layer off it.
    let encoded = |text: &String| match STANDARD.decode(text) {
        Ok(bytes) if STANDARD.encode(&bytes) == *text => STANDARD.encode(text),
        _ => text.clone(),
    };
    match value {
        Value::B(text) => Value::B(encoded(text)),
        Value::Bs(texts) => Value::Bs(texts.iter().map(encoded).collect()),
        Value::M(members) => Value::M(doubled(members)),
        Value::L(elements) => Value::L(elements.iter().map(doubled_value).collect()),
        other => other.clone(),
    }
}

/// Up to two exports, near the changes or after them, by clocks that are up to a minute off.
fn exported(steps: &[Step], items: usize, tape: &mut Tape) -> Vec<Export> {
    let count = tape.pick(&[1, 0, 1, 1, 2]);
    let mut exports = Vec::new();
    for _ in 0..count {
        let near = tape.pick(steps).time_us;
        let after = match tape.below(4) {
            0 => 20 * MINUTE,
            1 => tape.below(2 * MINUTE as usize) as u64,
            // About the margin.
            2 => 4 * MINUTE + tape.below(2 * MINUTE as usize) as u64,
            _ => tape.below(SECOND as usize) as u64,
        };
        // Manifests have milliseconds.
        let time_us = near + after - (near + after) % 1000;
        let kind = if tape.chance(45) {
            let window = tape.pick(&[24 * 60, 15, 60]) * MINUTE;
            ExportKind::Incremental { from_us: time_us - window }
        } else {
            ExportKind::Full { with_known_keys: !tape.chance(40) }
        };
        let skew = |_| tape.below(2 * MINUTE as usize + 1) as i64 - MINUTE as i64;
        exports.push(Export { time_us, kind, skews_us: (0..items).map(skew).collect() });
    }
    exports
}

/// What arrives: most changes once, some twice, replayed, or never.
fn arriving(clock: Clock, steps: &[Step], exports: usize, tape: &mut Tape) -> Vec<Arrival> {
    // Records are skipped one by one, or all of a time in which nothing is delivered.
    let (skipped, hole) = match tape.below(3) {
        0 => (0, 0..0),
        1 => (25, 0..0),
        _ => {
            let begin = tape.below(steps.len());
            (0, begin..begin + 1 + tape.below(steps.len() - begin))
        }
    };
    let mut arrivals = Vec::new();
    let mut count = steps.len() as u64;
    for (at, step) in steps.iter().enumerate() {
        if hole.contains(&at) || tape.chance(skipped) {
            continue;
        }
        let mut arrive =
            |number, is_row| arrivals.push(Arrival::Change { step: at, number, is_row });
        // DynamoDB Streams' number is in the record.
        let of_kinesis = |number: &str| (clock != Clock::Seconds).then(|| number.to_owned());
        // A failed one comes by its replay alone.
        let has_failed = tape.chance(12);
        if !has_failed {
            arrive(of_kinesis(&step.number), tape.chance(10));
        }
        if has_failed || tape.chance(15) {
            arrive(None, false);
        }
        if tape.chance(15) {
            arrive(of_kinesis(&step.number), tape.chance(30));
        }
        if tape.chance(8) {
            // Written by DynamoDB twice, or put back into Kinesis.
            count += 1;
            arrive(of_kinesis(&number(clock, count)), false);
        }
    }
    arrivals.extend((0..exports).map(Arrival::Export));
    tape.shuffle(&mut arrivals);
    arrivals
}
