//! What happens to a few items of one table, change by change, as their attributes enter and leave
//! a view of it.

use super::Tape;
use super::item::{Item, item, keys_of};
use super::json::{obj, raw, string, write};
use super::record::of_event_bridge;
use super::schema::{Schema, some_where};
use super::value::{Value, item_json};
use proptest::prelude::*;
use std::fmt;

/// One change of a history.
#[derive(Clone)]
pub(crate) struct Change {
    /// Which item it is of.
    pub(crate) item: usize,
    pub(crate) data: Vec<u8>,
    /// Kinesis' sequence number.
    pub(crate) sequence: Option<String>,
}

/// Changes in the order in which they happened.
#[derive(Clone)]
pub(crate) struct History {
    /// Has a `where`, and wants all events.
    pub(crate) schema: String,
    /// The same without the `where`, and with tombstones of keys.
    pub(crate) whole_table: String,
    pub(crate) changes: Vec<Change>,
    /// The order in which they arrive, some of them twice.
    pub(crate) arrivals: Vec<usize>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "History\n  schema: {}\n  arrivals: {:?}", self.schema, self.arrivals)?;
        for Change { item, data, sequence } in &self.changes {
            let data = String::from_utf8_lossy(data);
            writeln!(f, "  item {item} (sequence {sequence:?}): {data}")?;
        }
        Ok(())
    }
}

/// A history of up to a dozen changes.
pub(crate) fn history() -> impl Strategy<Value = History> {
    let tape = |length| prop::collection::vec(any::<u32>(), 0..length);
    (tape(250), prop::collection::vec(tape(300), 1..12))
        .prop_map(|(schema, changes)| build(schema, changes))
}

fn build(schema: Vec<u32>, changes: Vec<Vec<u32>>) -> History {
    let mut tape = Tape::new(schema);
    let tape = &mut tape;
    let mut schema = Schema::random(tape);
    schema.events = None;
    if schema.wanted.is_none() {
        schema.wanted = Some(some_where(&schema, tape));
    }
    let streams = tape.chance(30);
    let double = schema.binary.map_or(!streams, |binary| binary == "double");
    let items: Vec<Item> = (0..3).map(|at| some_keys(at, &schema, tape, double)).collect();
    let mut envelope = Envelope { streams, number: 1 << 40, time_ms: 1_720_742_302_233 };
    let mut table: Vec<Option<Item>> = vec![None; items.len()];
    let mut history = Vec::new();
    for change in changes {
        let tape = &mut Tape::new(change);
        let at = tape.below(items.len());
        let old = table[at].take();
        let (event, new) = match old {
            None => ("INSERT", Some(item(&items[at], Some(&schema), tape, double))),
            Some(_) if tape.chance(25) => ("REMOVE", None),
            Some(_) => ("MODIFY", Some(item(&items[at], Some(&schema), tape, double))),
        };
        let (data, sequence) = envelope.record(event, &items[at], new.as_ref(), old.as_ref(), tape);
        table[at] = new;
        history.push(Change { item: at, data, sequence });
    }
    let mut arrivals: Vec<usize> = (0..history.len()).collect();
    for _ in 0..tape.below(3) {
        arrivals.push(tape.below(history.len()));
    }
    tape.shuffle(&mut arrivals);
    let text = schema.text(tape);
    let whole_table = Schema { wanted: None, on_remove: None, ..schema }.text(tape);
    History { schema: text, whole_table, changes: history, arrivals }
}

/// Keys of an item; now and then of another kind than the schema's key columns.
pub(super) fn some_keys(at: usize, schema: &Schema, tape: &mut Tape, double: bool) -> Item {
    let mut keys = keys_of(Some(schema), tape, double);
    // DynamoDB's keys are of these types; of others the image may hold more than `Keys` has.
    for (_, value) in &mut keys {
        if !matches!(value, Value::S(_) | Value::N(_) | Value::B(_)) {
            *value = Value::S(at.to_string());
        }
    }
    let odd = tape.chance(15);
    if let Some((_, value)) = keys.first_mut() {
        match value {
            _ if odd => *value = Value::S(format!("#{at}")),
            // Apart from each other.
            Value::S(text) if !text.contains('T') => *text += &at.to_string(),
            Value::N(text) => *text = format!("{at}{}", text.trim_start_matches('-')),
            _ => {}
        }
    }
    keys
}

struct Envelope {
    streams: bool,
    number: u64,
    time_ms: u64,
}

impl Envelope {
    /// The next change record, and its number.
    fn record(
        &mut self,
        event: &str,
        keys: &Item,
        new: Option<&Item>,
        old: Option<&Item>,
        tape: &mut Tape,
    ) -> (Vec<u8>, Option<String>) {
        self.number += 1;
        self.time_ms += tape.below(3) as u64;
        let number = self.number.to_string();
        let seconds = format!("{}.{:03}", self.time_ms / 1000, self.time_ms % 1000);
        let time = if self.streams { seconds } else { self.time_ms.to_string() };
        let mut dynamodb = vec![
            ("ApproximateCreationDateTime", raw(&time)),
            ("Keys", item_json(keys)),
            ("SequenceNumber", string(&number)),
        ];
        dynamodb.extend(new.map(|new| ("NewImage", item_json(new))));
        // A stream may have new images only.
        match old {
            Some(old) if !tape.chance(25) => dynamodb.push(("OldImage", item_json(old))),
            _ if tape.chance(30) => dynamodb.push(("OldImage", raw("null"))),
            _ => {}
        }
        let mut record = vec![
            ("eventID", string(&format!("event {number}"))),
            ("eventName", string(event)),
            ("dynamodb", obj(dynamodb)),
        ];
        if self.streams {
            record.push(("eventSourceARN", string("arn:aws:dynamodb:eu-west-1:1:table/orders")));
        } else {
            record.push(("tableName", string("orders")));
        }
        if tape.chance(20) {
            let service = [("type", "Service"), ("principalId", "dynamodb.amazonaws.com")];
            let identity = service.map(|(name, text)| (name, string(text)));
            record.push(("userIdentity", obj(identity.to_vec())));
        }
        if tape.chance(8) {
            record = of_event_bridge(record, tape);
        }
        let data = write(&obj(record), tape).into_bytes();
        (data, (!self.streams).then_some(number))
    }
}
