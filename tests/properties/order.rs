//! Order that converges: whatever is late, repeated or replayed, the row with the greatest
//! `_sequence` of each key, as text, is the item as the table has it. What is lost comes back by an
//! export.
//!
//! A model of the rows is computed here from the changes and the clocks alone; what the core gives
//! must be its rows, one by one. Where the model's newest row is not the item's last state, it has
//! a reason ([`Why`]), and where nothing is said against it ([`Model::must_converge`]), it is.
//!
//! ```text
//! a change             its time, and the sequence number that it has in the stream
//! the same, replayed   its time, and zeros where the record has no number; a failed row keeps its
//! full export          the export's time less a margin, and zeros; known keys that it lacks too
//! incremental export   the write's whole second, and as its number the microseconds within it
//! ```

use crate::generate::{self, Arrival, Clock, Export, ExportKind, Step, Story};
use crate::json::Json;
use crate::reference::{Outcome as Expected, Reference};
use crate::view::{is_in, key_columns};
use crate::wire::METADATA;
use dynalake::change::export::Kind;
use dynalake::record::{Options, RecordTransformer};
use dynalake::schema::{Plan, Schema, normalised};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

const SECOND: u64 = 1_000_000;
/// By how much rows of a full export are dated before it: the design, not a fault. An export's
/// clock may be a minute off.
const MARGIN_US: u64 = 300 * SECOND;

/// Why the newest row of a key is not the item's last state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Two changes of the item have one time in the stream: the later one came without its number,
    /// or the earlier one with another, greater one.
    EqualTimes,
    /// The last change was lost, and an earlier one is not older than the export less its margin.
    TooClose,
    /// The last change was lost, and an earlier one has the same second as the write in an
    /// incremental export.
    SharedSecond,
    /// The last change was lost, and no export has it.
    NotExported,
    /// The item's end was lost; a full export lacks the item, and its key was not given.
    KeyUnknown,
    /// The item was made and deleted within an incremental export's window, which has no line for
    /// it, and its end was lost.
    CameAndWent,
    /// A row of a full export won over a later change. Never, with the margin.
    ExportWon,
}

/// Where a row of the model is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Stream,
    Full,
    KnownKey,
    Incremental,
}

/// A row that has to be in the lake.
#[derive(Clone, Debug)]
struct ModelRow {
    item: usize,
    /// After which step the item is so.
    step: usize,
    origin: Origin,
    sequence: String,
}

/// A row in the lake: what matters to AUTO CDC, and its values; none in a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    key: Vec<String>,
    sequence: String,
    values: Option<String>,
}

/// What stories did, so that a test can see that they did something.
#[derive(Default)]
struct Tally {
    /// Items that differ, by what the model says why.
    differ: BTreeMap<Why, usize>,
    /// Items whose last change was lost and came back, by where from, and whether into a view.
    healed: BTreeMap<(Origin, bool), usize>,
    /// Items that are as they must be.
    equal: usize,
    /// Those of which changes were lost, and all the same nothing is said against it.
    promised: usize,
}

struct Model<'a> {
    story: &'a Story,
    margin_us: u64,
    /// Of each step, whether the view has the item after it.
    is_in: Vec<bool>,
    /// Of each step, whether it arrives.
    arrives: Vec<bool>,
    /// Of each item, whether its key fits the schema's key columns.
    fits: Vec<bool>,
    /// Items of which the lake had a row before each export was loaded.
    had: Vec<BTreeSet<usize>>,
}

fn sequence(time_us: u64, number: &str) -> String {
    format!("{time_us:020}-{number:0>56}")
}

impl Model<'_> {
    fn step(&self, at: usize) -> &Step {
        &self.story.steps[at]
    }

    /// The steps of an item.
    fn of(&self, item: usize) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.story.steps.len()).filter(move |&at| self.step(at).item == item)
    }

    /// Whether a change gives a row: the view has the item, or had it.
    fn counts(&self, step: usize) -> bool {
        let before = self.of(self.step(step).item).take_while(|&at| at < step).last();
        self.is_in[step] || before.is_some_and(|before| self.is_in[before])
    }

    /// The row of a change.
    fn change(&self, step: usize, number: Option<&str>) -> Option<ModelRow> {
        let Step { item, time_us, number: own, .. } = self.step(step);
        let number = match self.story.clock {
            Clock::Seconds => own,
            _ => number.unwrap_or_default(),
        };
        let sequence = sequence(self.story.clock.tick(*time_us), number);
        let row = ModelRow { item: *item, step, origin: Origin::Stream, sequence };
        (self.fits[*item] && self.counts(step)).then_some(row)
    }

    /// The last step of an item that a full export knows of.
    fn known_to(&self, export: &Export, item: usize) -> Option<usize> {
        let moment = export.by_clock_of(item, export.time_us);
        self.of(item).take_while(|&at| self.step(at).time_us <= moment).last()
    }

    /// The first and last step of an item in an incremental export's window.
    fn window(&self, export: &Export, from_us: u64, item: usize) -> Option<(usize, usize)> {
        let [from, to] = [from_us, export.time_us].map(|time| export.by_clock_of(item, time));
        let mut within = self.of(item).filter(|&at| (from..to).contains(&self.step(at).time_us));
        let first = within.next()?;
        Some((first, within.next_back().unwrap_or(first)))
    }

    /// An item's line in an incremental export: the first and last step that it is of.
    fn line(&self, export: &Export, from_us: u64, item: usize) -> Option<(usize, usize)> {
        let (first, last) = self.window(export, from_us, item)?;
        let is_there = self.step(first).old.is_some() || self.step(last).new.is_some();
        is_there.then_some((first, last))
    }

    /// `_sequence` of a full export's rows, without its number.
    fn dated(&self, export: &Export) -> u64 {
        export.time_us - self.margin_us
    }

    /// The rows of an export, those of known keys behind the others.
    fn export(&self, at: usize) -> Vec<ModelRow> {
        let export = &self.story.exports[at];
        let fitting = || (0..self.story.items).filter(|&item| self.fits[item]);
        match export.kind {
            ExportKind::Incremental { from_us } => {
                let lines = fitting().filter_map(|item| self.line(export, from_us, item));
                let row = |(_, step)| {
                    let Step { item, time_us, .. } = *self.step(step);
                    let of_second = time_us % SECOND;
                    let sequence = sequence(time_us - of_second, &of_second.to_string());
                    ModelRow { item, step, origin: Origin::Incremental, sequence }
                };
                lines.map(row).collect()
            }
            ExportKind::Full { with_known_keys } => {
                let sequence = sequence(self.dated(export), "");
                let row = |item, step, origin| {
                    let sequence = sequence.clone();
                    ModelRow { item, step, origin, sequence }
                };
                let (mut rows, mut removed) = (Vec::new(), Vec::new());
                for item in fitting() {
                    let step = self.known_to(export, item);
                    if let Some(step) = step.filter(|&step| self.is_in[step]) {
                        rows.push(row(item, step, Origin::Full));
                    } else if with_known_keys && self.had[at].contains(&item) {
                        // An item that is not made yet has no step: no change is older.
                        removed.push(row(item, step.unwrap_or(0), Origin::KnownKey));
                    }
                }
                rows.append(&mut removed);
                rows
            }
        }
    }

    /// The last change of an item that gives a row.
    fn last(&self, item: usize) -> Option<usize> {
        self.of(item).rfind(|&step| self.counts(step))
    }

    fn tick(&self, step: usize) -> u64 {
        self.story.clock.tick(self.step(step).time_us)
    }

    /// The numbers under which a change arrives.
    fn numbers(&self, step: usize) -> Vec<Option<&str>> {
        let arrivals = self.story.arrivals.iter();
        let numbers = arrivals.filter_map(|arrival| match arrival {
            Arrival::Change { step: at, number, .. } if *at == step => Some(number.as_deref()),
            _ => None,
        });
        numbers.collect()
    }

    /// Whether the stream itself can't tell that an item's last change is the last.
    fn is_tied(&self, item: usize, last: usize) -> bool {
        if self.story.clock == Clock::Seconds {
            return false;
        }
        let is_numbered = self.numbers(last).iter().any(Option::is_some);
        let own = |step: usize| Some(&*self.step(step).number);
        let renumbered =
            |step| self.numbers(step).iter().any(|number| number.is_some() && *number != own(step));
        self.of(item)
            .filter(|&step| step != last && self.tick(step) == self.tick(last))
            .any(|step| !is_numbered || renumbered(step))
    }

    /// Whether nothing is said against it: that the newest row of this item is its last state.
    fn must_converge(&self, item: usize) -> bool {
        let Some(last) = self.last(item) else { return true };
        let missing: Vec<usize> =
            self.of(item).filter(|&step| self.counts(step) && !self.arrives[step]).collect();
        if missing.is_empty() {
            return !self.is_tied(item, last);
        }
        self.story.exports.iter().enumerate().any(|(at, export)| match export.kind {
            // The hole ends before the export's time less the margin, by the export's clock.
            ExportKind::Full { with_known_keys } => {
                let dated = self.dated(export);
                let is_later = missing.iter().all(|&step| self.tick(step) < dated);
                let has_item = self.known_to(export, item).is_some_and(|step| self.is_in[step]);
                let is_known = with_known_keys && self.had[at].contains(&item);
                let by_stream = self.tick(last) >= dated;
                let is_told = !by_stream || !self.is_tied(item, last);
                is_later && (by_stream || has_item || is_known) && is_told
            }
            // The hole is within the window, and no change that arrived shares a second with the
            // last write in it.
            ExportKind::Incremental { from_us } => {
                let window = self.window(export, from_us, item);
                let is_within = window.is_some_and(|(first, write)| {
                    missing.iter().all(|step| (first..=write).contains(step))
                });
                let Some((_, write)) = self.line(export, from_us, item) else { return false };
                let second = |time_us: u64| time_us / SECOND;
                let shares = |step: usize| {
                    step < write
                        && self.arrives[step]
                        && second(self.tick(step)) == second(self.step(write).time_us)
                };
                let is_told = if last <= write {
                    !self.of(item).any(shares)
                } else {
                    !self.is_tied(item, last)
                };
                is_within && is_told
            }
        })
    }

    /// Why the newest of an item's rows are not its last state: `wrong` is one of them, if it has
    /// any.
    fn why(&self, item: usize, rows: &[ModelRow], wrong: Option<&ModelRow>) -> Why {
        let last = self.last(item).expect("what has no rows does not differ");
        let right = rows.iter().filter(|row| row.item == item && row.step >= last);
        let Some(right) = right.max_by(|a, b| a.sequence.cmp(&b.sequence)) else {
            let mut exports = self.story.exports.iter();
            let lacks = |export: &Export| match export.kind {
                ExportKind::Full { .. } => self.known_to(export, item) >= Some(last),
                ExportKind::Incremental { .. } => false,
            };
            if exports.clone().any(lacks) {
                return Why::KeyUnknown;
            }
            let came_and_went = exports.any(|export| match export.kind {
                ExportKind::Incremental { from_us } => {
                    self.window(export, from_us, item).is_some_and(|(_, write)| write >= last)
                }
                ExportKind::Full { .. } => false,
            });
            return if came_and_went { Why::CameAndWent } else { Why::NotExported };
        };
        match (right.origin, wrong.map(|wrong| wrong.origin)) {
            (Origin::Stream, Some(Origin::Full | Origin::KnownKey)) => Why::ExportWon,
            (Origin::Stream, _) => Why::EqualTimes,
            (Origin::Full | Origin::KnownKey, _) => Why::TooClose,
            (Origin::Incremental, _) => Why::SharedSecond,
        }
    }
}

/// The rows that the core gives, put into one lake.
struct Lake {
    transformer: RecordTransformer,
    table: Vec<u8>,
    key_columns: Vec<String>,
    rows: Vec<Row>,
}

impl Lake {
    fn new(schema: &str) -> Lake {
        let plan = Plan::new(&Schema::parse(schema).unwrap_or_else(|error| panic!("{error}")));
        let table = plan.table.clone();
        let options = Options { default_table: table.clone(), ..Options::new(&plan) };
        Lake {
            transformer: RecordTransformer::new(plan, options),
            table: table.expect("a schema has one").into_bytes(),
            key_columns: key_columns(&Json::parse(schema).expect("JSON")),
            rows: Vec::new(),
        }
    }

    /// A change's row; one whose conversion failed is taken to a row once more.
    fn change(&mut self, step: &Step, number: Option<&str>, is_row: bool) {
        let mut row = Vec::new();
        let number = number.map(str::as_bytes);
        let transformed = self.transformer.transform(&step.record, number, &mut row);
        assert_eq!(transformed.table, self.table);
        if is_row && !row.is_empty() {
            let before = std::mem::take(&mut row);
            self.transformer.transform_row(&before, &mut row);
        }
        self.add(&row);
    }

    /// Loads an export's lines, and with known keys those of them that it lacks.
    fn export(&mut self, lines: &[String], export: &Export, dated_us: u64) {
        let before = self.rows.len();
        let kind = match export.kind {
            ExportKind::Full { .. } => Kind::Full { time_us: dated_us },
            ExportKind::Incremental { .. } => Kind::Incremental,
        };
        for line in lines {
            let mut row = Vec::new();
            self.transformer.transform_export_line(line.as_bytes(), kind, &mut row);
            self.add(&row);
        }
        if let ExportKind::Full { with_known_keys: true } = export.kind {
            let (known, exported) = self.rows.split_at(before);
            let keys = |rows: &[Row]| -> BTreeSet<Vec<String>> {
                let rows = rows.iter().filter(|row| row.values.is_some());
                rows.map(|row| row.key.clone()).collect()
            };
            let (known, exported) = (keys(known), keys(exported));
            let sequence = sequence(dated_us, "");
            let removed = known.difference(&exported).map(|key| Row {
                key: key.clone(),
                sequence: sequence.clone(),
                values: None,
            });
            self.rows.extend(removed.collect::<Vec<_>>());
        }
    }

    fn add(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let row = parse(std::str::from_utf8(line).expect("UTF-8"));
        let text = |name| row.get(name).and_then(Json::text).expect("a metadata column");
        self.rows.push(Row {
            key: key(&row, &self.key_columns),
            sequence: text("_sequence").to_owned(),
            values: (text("_event_type") != "REMOVE").then(|| values(&row)),
        });
    }
}

fn parse(row: &str) -> Json {
    Json::parse(row).expect("a row is JSON")
}

fn key(row: &Json, columns: &[String]) -> Vec<String> {
    let value = |name: &String| row.get(name).map_or_else(String::new, Json::to_string);
    columns.iter().map(value).collect()
}

/// A row without what is of the change alone.
fn values(row: &Json) -> String {
    let is_of_state = |name: &str| name == "_rescued" || !METADATA.contains(&name);
    let members = row.members().iter().filter(|(name, _)| is_of_state(name));
    Json::Object(members.cloned().collect()).to_string()
}

/// The lines of an export.
fn lines(model: &Model<'_>, export: &Export) -> Vec<String> {
    let of_item = |item| match export.kind {
        ExportKind::Full { .. } => {
            let item = model.step(model.known_to(export, item)?).new.as_ref()?;
            Some(format!(r#"{{"Item":{item}}}"#))
        }
        ExportKind::Incremental { from_us } => {
            let (first, last) = model.line(export, from_us, item)?;
            let (first, last) = (model.step(first), model.step(last));
            let image = |name, image: &Option<String>| {
                image.as_ref().map_or_else(String::new, |image| format!(r#","{name}":{image}"#))
            };
            let images = image("NewImage", &last.new) + &image("OldImage", &first.old);
            let Step { time_us, keys, .. } = last;
            Some(format!(
                r#"{{"Metadata":{{"WriteTimestampMicros":{{"N":"{time_us}"}}}},"Keys":{keys}{images}}}"#
            ))
        }
    };
    (0..model.story.items).filter_map(of_item).collect()
}

/// What a reader of the contract makes of each step without the view: the row's key and its
/// values; none where the key can't be filled.
fn expected(story: &Story) -> Vec<Option<(Vec<String>, Option<String>)>> {
    let reference = Reference::new(Some(&story.whole_table), None, false).expect("a schema");
    let columns = key_columns(&parse(&story.whole_table));
    let row = |step: &Step| match reference.record(&step.record, Some(&step.number)) {
        Expected::Ok { row, .. } => {
            let row = parse(&row);
            Some((key(&row, &columns), step.new.as_ref().map(|_| values(&row))))
        }
        _ => None,
    };
    story.steps.iter().map(row).collect()
}

/// AUTO CDC: of each key the greatest `_sequence`, as text, and the values of the rows that have it;
/// more than one if nothing says which.
type Newest<'a> = BTreeMap<&'a Vec<String>, (&'a str, BTreeSet<&'a Option<String>>)>;

fn newest(rows: &[Row]) -> Newest<'_> {
    let mut newest = Newest::new();
    for Row { key, sequence, values } in rows {
        let of_key = newest.entry(key).or_default();
        match sequence.as_str().cmp(of_key.0) {
            Ordering::Less => {}
            Ordering::Equal => drop(of_key.1.insert(values)),
            Ordering::Greater => *of_key = (sequence, BTreeSet::from([values])),
        }
    }
    newest
}

/// Whether a written row can't tell an attribute of this step from a protected one: in a struct,
/// `total` is `total` or `Total`. If one of them is protected, taking the row to a row once more
/// hides it (`src/row/back.rs`), and it isn't the change's row any more: not what this is about.
fn may_hide_more(schema: &Json, step: &Step) -> bool {
    fn has_member(value: &Json, wanted: &dyn Fn(&str) -> bool) -> bool {
        value.members().iter().any(|(name, inner)| wanted(name) || has_member(inner, wanted))
            || value.elements().iter().any(|inner| has_member(inner, wanted))
    }
    let columns = schema.get("columns").map(Json::elements).unwrap_or_default();
    let protected = columns.iter().filter(|column| column.get("protect").is_some());
    let inner = protected.filter_map(|column| match column.get("path")?.elements() {
        [_, .., last] => last.text(),
        _ => None,
    });
    let is_other = |name: &str| inner.clone().any(|last| name != last && name == normalised(last));
    step.new.as_deref().is_some_and(|new| has_member(&parse(new), &is_other))
}

fn converges(story: &Story, margin_us: u64) -> Result<Tally, TestCaseError> {
    let mut tally = Tally::default();
    let schema = parse(&story.schema);
    let expected = expected(story);
    // Two items of one key in the lake are one there: not what this is about.
    let mut items: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
    for (step, row) in story.steps.iter().zip(&expected) {
        if let Some((key, _)) = row
            && *items.entry(key).or_insert(step.item) != step.item
        {
            return Ok(tally);
        }
    }
    let fits = |item| {
        story.steps.iter().zip(&expected).all(|(step, row)| step.item != item || row.is_some())
    };
    let view = |step: &Step| {
        let new = step.new.as_deref().map(parse);
        new.is_some_and(|new| schema.get("where").is_none_or(|wanted| is_in(wanted, &new)))
    };
    let mut model = Model {
        story,
        margin_us,
        is_in: story.steps.iter().map(view).collect(),
        arrives: Vec::new(),
        fits: (0..story.items).map(fits).collect(),
        had: vec![BTreeSet::new(); story.exports.len()],
    };
    model.arrives = (0..story.steps.len()).map(|step| !model.numbers(step).is_empty()).collect();
    // The values of the state after a step; none where the view has no item.
    let state = |model: &Model<'_>, step: usize| {
        let values = expected[step].as_ref().and_then(|(_, values)| values.clone());
        values.filter(|_| model.is_in[step])
    };

    // The lake, by the core and by the model.
    let mut lake = Lake::new(&story.schema);
    let mut rows: Vec<ModelRow> = Vec::new();
    for arrival in &story.arrivals {
        match arrival {
            Arrival::Change { step, number, is_row } => {
                let change = model.step(*step);
                let is_row = *is_row && !may_hide_more(&schema, change);
                lake.change(change, number.as_deref(), is_row);
                rows.extend(model.change(*step, number.as_deref()));
            }
            Arrival::Export(at) => {
                let export = &story.exports[*at];
                lake.export(&lines(&model, export), export, model.dated(export));
                let is_item = |row: &&ModelRow| model.is_in[row.step];
                model.had[*at] = rows.iter().filter(is_item).map(|row| row.item).collect();
                rows.extend(model.export(*at));
            }
        }
    }
    let row_of_model = |row: &ModelRow| {
        let of_item = story.steps.iter().zip(&expected).find(|(step, _)| step.item == row.item);
        Row {
            key: of_item.and_then(|(_, row)| row.clone()).expect("its key fits").0,
            sequence: row.sequence.clone(),
            values: (row.origin != Origin::KnownKey).then(|| state(&model, row.step)).flatten(),
        }
    };
    let mut of_model: Vec<Row> = rows.iter().map(row_of_model).collect();
    // The order of known keys is nobody's.
    let by_key = |row: &Row| (row.key.clone(), row.sequence.clone(), row.values.clone());
    of_model.sort_by_key(by_key);
    let mut of_core = lake.rows.clone();
    of_core.sort_by_key(by_key);
    prop_assert_eq!(of_core, of_model);

    let newest = newest(&lake.rows);
    for (key, item) in items {
        let last = model.of(item).last().expect("its key is of a step");
        let truth = if model.fits[item] { state(&model, last) } else { None };
        let states =
            newest.get(key).map_or_else(|| BTreeSet::from([&None]), |(_, all)| all.clone());
        if states == BTreeSet::from([&truth]) {
            tally.equal += 1;
            let has_lost = model.of(item).any(|step| model.counts(step) && !model.arrives[step]);
            tally.promised += usize::from(has_lost && model.must_converge(item));
            let best = rows.iter().filter(|row| row.item == item);
            if let Some(best) = best.max_by(|a, b| a.sequence.cmp(&b.sequence))
                && model.last(item).is_some_and(|last| !model.arrives[last])
            {
                let is_view = schema.get("where").is_some();
                *tally.healed.entry((best.origin, is_view)).or_default() += 1;
            }
            continue;
        }
        let is_wrong = |row: &&ModelRow| {
            let (sequence, _) = &newest[key];
            row.item == item && row.sequence == *sequence && row_of_model(row).values != truth
        };
        let wrong = rows.iter().filter(|row| row.item == item).find(is_wrong);
        let why = model.why(item, &rows, wrong);
        prop_assert!(
            margin_us < MARGIN_US || !model.must_converge(item) && why != Why::ExportWon,
            "item {} differs by {:?}",
            item,
            why
        );
        *tally.differ.entry(why).or_default() += 1;
    }
    Ok(tally)
}

/// So many stories, the same each time.
fn told(count: usize, margin_us: u64) -> Tally {
    let mut all = Tally::default();
    for story in generate::samples(&generate::story(), count) {
        let tally = converges(&story, margin_us).unwrap_or_else(|why| panic!("{why}\n{story:?}"));
        all.equal += tally.equal;
        all.promised += tally.promised;
        for (why, count) in tally.differ {
            *all.differ.entry(why).or_default() += count;
        }
        for (by, count) in tally.healed {
            *all.healed.entry(by).or_default() += count;
        }
    }
    all
}

proptest! {
    #![proptest_config(crate::config(3_000))]

    #[test]
    fn the_newest_rows_are_the_table_unless_the_model_says_why(story in generate::story()) {
        converges(&story, MARGIN_US)?;
    }
}

#[test]
fn stories_heal_and_differ_in_every_way() {
    let Tally { equal, promised, differ, healed } = told(4_000, MARGIN_US);
    assert!(equal > 3_000 && promised > 300, "{equal} {promised}");
    for origin in [Origin::Full, Origin::KnownKey, Origin::Incremental] {
        for is_view in [false, true] {
            assert!(healed.get(&(origin, is_view)) > Some(&3), "{origin:?}: {healed:?}");
        }
    }
    for why in [
        Why::EqualTimes,
        Why::TooClose,
        Why::SharedSecond,
        Why::NotExported,
        Why::KeyUnknown,
        Why::CameAndWent,
    ] {
        assert!(differ.get(&why) > Some(&5), "{why:?}: {differ:?}");
    }
    assert_eq!(differ.get(&Why::ExportWon), None);
}

#[test]
fn without_the_margin_an_export_wins_over_later_changes() {
    let Tally { differ, .. } = told(1_000, 0);
    assert!(differ.get(&Why::ExportWon) > Some(&5), "{differ:?}");
}
