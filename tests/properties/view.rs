//! A lake table is a view of the DynamoDB table: whatever happens to its items, and in whatever
//! order the changes arrive, the rows that `where` chooses merge to the items that the view has.
//!
//! The view is computed here from the changes themselves: the last new image of each item, if
//! `where` holds of it. What its row must be is what the same schema without `where` makes of it.

use crate::coercion::decimal;
use crate::generate::{self, Change, History};
use crate::json::Json;
use crate::wire;
use dynalake::settings::Settings;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a history did, so that a test can see that it did something.
#[derive(Default)]
struct Tally {
    /// Rows that a MODIFY, which left the view, gave as a REMOVE.
    left: usize,
    /// Changes of which the view takes no notice.
    dropped: usize,
    /// Items that are in the view at the end, beside others that are not.
    kept: usize,
    gone: usize,
}

/// The rows of changes, in their order; none where a change gives none.
pub(crate) fn rows(schema: &str, changes: &[&Change]) -> Vec<Option<String>> {
    let settings = Settings { schema: Some(schema.to_owned()), ..Settings::default() };
    let mut transformer = settings.transformer().unwrap_or_else(|error| panic!("{error}"));
    let records: Vec<_> =
        changes.iter().map(|change| (change.data.clone(), change.sequence.clone())).collect();
    let answered = transformer.transform(&wire::event(&records), 0).expect("Firehose's");
    wire::answers(&answered.response).into_iter().map(|answer| answer.row).collect()
}

/// The change record, out of the event bridge's envelope.
fn record(change: &Change) -> Json {
    let json = Json::parse(std::str::from_utf8(&change.data).expect("UTF-8")).expect("JSON");
    json.get("detail").cloned().unwrap_or(json)
}

fn image<'a>(record: &'a Json, name: &str) -> Option<&'a Json> {
    record.get("dynamodb")?.get(name).filter(|image| **image != Json::Null)
}

/// Whether an image has what `where` asks for.
pub(crate) fn is_in(wanted: &Json, image: &Json) -> bool {
    wanted.members().iter().all(|(name, texts)| {
        let value = image.get(name);
        let [text, number] = ["S", "N"].map(|kind| value?.get(kind)?.text());
        texts.elements().iter().filter_map(Json::text).any(|wanted| match (text, number) {
            (Some(text), _) if wanted.ends_with('*') => {
                text.starts_with(&wanted[..wanted.len() - 1])
            }
            (Some(text), _) => text == wanted,
            (_, Some(number)) => decimal(number).is_some_and(|n| Some(n) == decimal(wanted)),
            _ => false,
        })
    })
}

fn text_of<'a>(row: &'a Json, column: &str) -> &'a str {
    row.get(column).and_then(Json::text).unwrap_or_else(|| panic!("{column} of {row}"))
}

fn keeps_the_view(history: &History) -> Result<Tally, TestCaseError> {
    let History { schema, whole_table, changes, arrivals } = history;
    let all: Vec<&Change> = changes.iter().collect();
    let schema_json = Json::parse(schema).expect("JSON");
    let wanted = schema_json.get("where").expect("a where");
    let mut tally = Tally::default();

    // What the view has: the last state of each item, if it is in and gives a row at all.
    let whole = rows(whole_table, &all);
    let mut view: BTreeMap<usize, Option<&String>> = BTreeMap::new();
    for (change, row) in changes.iter().zip(&whole) {
        let record = record(change);
        let new = image(&record, "NewImage").filter(|new| is_in(wanted, new));
        view.insert(change.item, row.as_ref().filter(|_| new.is_some()));
    }
    let mut expected: Vec<&String> = view.values().copied().flatten().collect();
    expected.sort();
    tally.kept = expected.len();
    tally.gone = view.len() - expected.len();

    let key_columns = key_columns(&schema_json);
    let key = |row: &Json| -> Vec<String> {
        let value = |name: &String| row.get(name).map_or_else(String::new, Json::to_string);
        key_columns.iter().map(value).collect()
    };
    // Two items of one key in the lake are one there: not what this is about.
    let mut keys_seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (change, row) in changes.iter().zip(&whole) {
        let Some(row) = row else { continue };
        let row = Json::parse(row).expect("JSON");
        if *keys_seen.entry(key(&row)).or_insert(change.item) != change.item {
            return Ok(tally);
        }
    }

    // What the lake has: the newest row of each key, unless it is a REMOVE.
    let arrived: Vec<&Change> = arrivals.iter().map(|&at| &changes[at]).collect();
    let mut merged: BTreeMap<Vec<String>, (String, String, bool)> = BTreeMap::new();
    for (change, text) in arrived.iter().zip(rows(schema, &arrived)) {
        let Some(text) = text else {
            tally.dropped += 1;
            continue;
        };
        let row = Json::parse(&text).expect("JSON");
        let is_remove = text_of(&row, "_event_type") == "REMOVE";
        let was_remove = record(change).get("eventName").and_then(Json::text) == Some("REMOVE");
        tally.left += usize::from(is_remove && !was_remove);
        prop_assert!(was_remove || row.get("_ttl_delete").is_none(), "{}", text);
        let sequence = text_of(&row, "_sequence").to_owned();
        let newest = merged.entry(key(&row)).or_default();
        if newest.0 <= sequence {
            *newest = (sequence, text, is_remove);
        }
    }
    let current = merged.into_values().filter(|(.., removed)| !removed);
    let mut current: Vec<String> = current.map(|(_, text, _)| text).collect();
    current.sort();
    prop_assert_eq!(current.iter().collect::<Vec<_>>(), expected);
    Ok(tally)
}

/// The names of the key columns.
pub(crate) fn key_columns(schema: &Json) -> Vec<String> {
    let columns = schema.get("columns").expect("columns").elements();
    let keys = schema.get("keys").expect("keys").elements().iter().filter_map(Json::text);
    let named = |name: &str| {
        columns.iter().find(|column| {
            column.get("path").is_none() && column.get("name").and_then(Json::text) == Some(name)
        })
    };
    let claimed = |key: &str| {
        columns.iter().find(|column| {
            let path = column.get("path").map(Json::elements).unwrap_or_default();
            path.len() == 1 && path[0].text() == Some(key)
        })
    };
    keys.map(|key| {
        let normal = crate::walk::normalise(key);
        let column = claimed(key).or_else(|| named(key)).or_else(|| named(&normal));
        text_of(column.expect("a key column"), "name").to_owned()
    })
    .collect()
}

proptest! {
    #![proptest_config(crate::config(5_000))]

    #[test]
    fn rows_that_where_chooses_merge_to_the_filtered_table(history in generate::history()) {
        keeps_the_view(&history)?;
    }
}

#[test]
fn histories_enter_and_leave_the_view() {
    let mut all = Tally::default();
    for history in generate::samples(&generate::history(), 500) {
        let tally = keeps_the_view(&history).expect("the view is kept");
        all.left += tally.left;
        all.dropped += tally.dropped;
        all.kept += tally.kept;
        all.gone += tally.gone;
    }
    let Tally { left, dropped, kept, gone } = all;
    assert!(
        left > 100 && dropped > 100 && kept > 100 && gone > 100,
        "{left} {dropped} {kept} {gone}"
    );
}
