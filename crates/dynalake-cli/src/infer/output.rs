//! The schema file, the report for a person, and the evidence for a machine.

use super::columns::{Column, Inferred};
use super::read::Reading;
use super::seen::{DESCRIPTORS, Origin};
use super::tree::{NodeId, ROOT, Tree};
use super::types::{EpochHint, Path, Rescued};
use crate::report::say;
use crate::text::{count, path, thousands};
use dynalake::item::Descriptor;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Types begin in one line behind names of up to so many characters.
const NAME_WIDTH: usize = 30;

/// So many paths are named, the rest is counted.
const SHOWN: usize = 50;

/// The schema file: a column on each line.
pub(super) fn schema_file(table: &str, keys: &[String], columns: &[Column]) -> String {
    let widest = columns.iter().map(|column| column.name.len()).max().unwrap_or_default();
    let width = widest.min(NAME_WIDTH);
    let mut text = format!(
        "{{\n  \"table\": {},\n  \"keys\": {},\n  \"columns\": [\n",
        json!(table),
        list(keys)
    );
    for (at, column) in columns.iter().enumerate() {
        let Column { name, ty, path, states_path, .. } = column;
        let space = " ".repeat(width.saturating_sub(name.len()));
        let _ = write!(text, "    {{\"name\": \"{name}\", {space}\"type\": \"{ty}\"");
        if *states_path {
            let _ = write!(text, ", \"path\": {}", list(path));
        }
        text.push_str(if at + 1 < columns.len() { "},\n" } else { "}\n" });
    }
    text.push_str("  ]\n}\n");
    text
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| json!(name).to_string()).collect();
    format!("[{}]", names.join(", "))
}

/// Prints what was seen and what to know about the schema.
pub(super) fn report(reading: &Reading, found: &Inferred, table: &str, keys: &[String]) {
    reading.report.finish_records();
    let Inferred { columns, rescued, hints } = found;
    let items = count(reading.items, "item", "items");
    let deleted = match reading.deleted_items {
        0 => String::new(),
        deleted => format!(", {}", count(deleted, "deleted item", "deleted items")),
    };
    say(&format!("looked at   {items}{deleted}"));
    let keys: Vec<String> = keys.iter().map(|key| path(&[key])).collect();
    say(&format!(
        "schema      table {table}, {} {}, {}",
        if keys.len() == 1 { "key" } else { "keys" },
        keys.join(", "),
        count(columns.len() as u64, "column", "columns")
    ));
    let values: u64 = rescued.iter().map(|rescued| rescued.count).sum();
    let unplaced = reading.tree.unplaced();
    say(&format!("rescued     {} would be", count(values + unplaced, "value", "values")));
    for Rescued { path, ty, count: times, in_deleted, of } in rescued.iter().take(SHOWN) {
        let deleted = match in_deleted {
            0 => String::new(),
            more => format!(" and {} of deleted items", thousands(*more)),
        };
        let [times, of] = [*times, *of].map(thousands);
        say(&format!("  {path}: {times}{deleted} of {of} values are no {ty}"));
    }
    if let more @ 1.. = rescued.len().saturating_sub(SHOWN) {
        say(&format!("  … and at {}", count(more as u64, "more path", "more paths")));
    }
    if unplaced > 0 {
        say(&format!(
            "  {} with names beyond the {} that a schema is made of: unknown",
            count(unplaced, "attribute", "attributes"),
            thousands(reading.tree.node(ROOT).members.len() as u64)
        ));
    }
    for EpochHint { path, unit, is_column } in hints {
        let fix = if *is_column {
            format!("make it \"type\": \"timestamp\", \"unit\": \"{unit}\"")
        } else {
            format!("write timestamp there, and \"unit\": \"{unit}\" for the column")
        };
        say(&format!(
            "hint: {path}: all numbers look like {}; to have times, {fix}",
            unit_name(unit)
        ));
    }
}

fn unit_name(unit: &str) -> &'static str {
    match unit {
        "s" => "seconds since 1970",
        "ms" => "milliseconds since 1970",
        "us" => "microseconds since 1970",
        _ => "nanoseconds since 1970",
    }
}

/// What the schema is made of, in numbers.
pub(super) fn evidence(reading: &Reading, found: &Inferred, table: &str, keys: &[String]) -> Value {
    let columns = found.columns.iter().map(
        |column| json!({"name": column.name, "type": column.ty.to_string(), "path": column.path}),
    );
    let rescued = found.rescued.iter().map(|rescued| {
        let Rescued { path, ty, count, in_deleted, of } = rescued;
        json!({"path": path, "type": ty, "count": count, "in_deleted_items": in_deleted, "of": of})
    });
    let hints = found.hints.iter().map(|hint| json!({"path": hint.path, "unit": hint.unit}));
    let mut paths = Vec::new();
    add_paths(&reading.tree, ROOT, &Path::default(), &mut paths);
    json!({
        "table": table,
        "keys": keys,
        "items": reading.items,
        "deleted_items": reading.deleted_items,
        "columns": columns.collect::<Vec<_>>(),
        "rescued": rescued.collect::<Vec<_>>(),
        "rescued_as_unknown": reading.tree.unplaced(),
        "epochs": hints.collect::<Vec<_>>(),
        "paths": paths,
    })
}

/// Adds what is inside a node.
fn add_paths(tree: &Tree, id: NodeId, path: &Path, paths: &mut Vec<Value>) {
    let node = tree.node(id);
    let maps = node.seen.counts(Origin::Item).of(Descriptor::M);
    for (name, member) in &node.members {
        add_path(tree, *member, &path.member(name), Some(maps), paths);
    }
    if let Some(merged) = node.merged {
        add_path(tree, merged, &path.members(), None, paths);
    }
    if let Some(element) = node.element {
        add_path(tree, element, &path.elements(), None, paths);
    }
}

/// Adds a node and what is inside; of a member it is said in which share of its `maps` it is.
fn add_path(tree: &Tree, id: NodeId, path: &Path, maps: Option<u64>, paths: &mut Vec<Value>) {
    let seen = &tree.node(id).seen;
    let counts = seen.counts(Origin::Item);
    let all = seen.all();
    let of_types = DESCRIPTORS.into_iter().filter_map(|(descriptor, name)| {
        let times = all.of(descriptor);
        (times > 0).then(|| (name.to_owned(), json!(times)))
    });
    let nulls = counts.of(Descriptor::Null);
    let there = counts.values() + nulls;
    let mut evidence = json!({
        "path": path.to_string(),
        "count": all.values() + all.of(Descriptor::Null),
        "types": of_types.collect::<serde_json::Map<_, _>>(),
    });
    if let Some(maps) = maps {
        evidence["share"] = share(there, maps);
    }
    if nulls > 0 {
        evidence["null_share"] = share(nulls, there);
    }
    if all.numbers > 0 {
        evidence["whole_digits"] = json!(seen.digits.whole);
        evidence["scale"] = json!(seen.digits.fraction);
    }
    if all.number_texts > 0 {
        evidence["number_texts"] = json!(all.number_texts);
    }
    paths.push(evidence);
    add_paths(tree, id, path, paths);
}

/// A share to four digits.
#[expect(clippy::cast_precision_loss)] // Four digits are kept.
fn share(part: u64, of: u64) -> Value {
    json!((part as f64 / of.max(1) as f64 * 10_000.0).round() / 10_000.0)
}
