//! Differences of the table as a whole.

use super::difference::{Difference, harmless, needing};
use crate::text::path;
use dynalake::schema::{Binary, Condition, DecimalAs, Events, OnRemove, Pattern, Schema};
use std::collections::BTreeSet;

/// What to do where a pipeline can't follow.
const SIDE_BY_SIDE: &str = "don't apply it to a table that has data: put a second pipeline on the \
    same stream, let both run for a while, then remove the first \
    (docs/operations/changes.md#what-cant-be-changed-in-place)";

const NOT_CONCERNED: &str = "not concerned";

/// All of them.
pub(super) fn differences(old: &Schema, new: &Schema) -> Vec<Difference> {
    [table, name, keys, rows, events, on_remove, old_image, binary, decimal_as, order]
        .into_iter()
        .filter_map(|differs| differs(old, new))
        .collect()
}

fn table(old: &Schema, new: &Schema) -> Option<Difference> {
    (old.table != new.table).then(|| {
        needing(
            format!("table: {:?} → {:?}", old.table, new.table),
            [
                "the rows of two DynamoDB tables would be in one table, unless the name changes too",
                "those that exist hold the old table's rows; _table tells them apart",
                "the same",
                "items of both tables with equal keys would be taken for one",
            ],
            SIDE_BY_SIDE,
        )
    })
}

fn name(old: &Schema, new: &Schema) -> Option<Difference> {
    let (old, new) = (old.lake_name(), new.lake_name());
    (old != new).then(|| {
        needing(
            format!("name: the lake's table {old} → {new}"),
            [
                "another table, which is created; the old one is removed, and its files stay",
                "those that exist stay in the old folder, which nothing reads any more",
                "other tables, and empty ones",
                "begins without the items that don't change from then on",
            ],
            SIDE_BY_SIDE,
        )
    })
}

/// The keys, and the columns that hold them.
fn keys(old: &Schema, new: &Schema) -> Option<Difference> {
    let key_columns = |schema: &Schema| -> BTreeSet<(String, String)> {
        let column = |key: &String| {
            let column = schema.key_column(key).map(|at| schema.columns[at].name.clone());
            (key.clone(), column.unwrap_or_default())
        };
        schema.keys.iter().map(column).collect()
    };
    let (before, after) = (key_columns(old), key_columns(new));
    let words = |keys: &BTreeSet<(String, String)>| {
        let keys = keys.iter().map(|(key, column)| format!("{} in {column}", path(&[key])));
        keys.collect::<Vec<_>>().join(", ")
    };
    (before != after).then(|| {
        needing(
            format!("keys: {} → {}", words(&before), words(&after)),
            [
                "the view of the current state groups by other columns",
                "those that exist may not have the new key columns",
                "rows are merged by other columns: those of before meet none of the new ones; rows \
                 without a key go to the quarantine",
                "shows items twice, or takes several for one",
            ],
            SIDE_BY_SIDE,
        )
    })
}

fn rows(old: &Schema, new: &Schema) -> Option<Difference> {
    let (before, after) = (conditions(old), conditions(new));
    (before != after).then(|| {
        needing(
            format!("where: {} → {}", shown(&before), shown(&after)),
            [
                "no column changes",
                "those that exist hold the rows of before",
                "the log keeps the rows of before",
                "items that enter the view by the edit alone come with their next change; those that \
                 leave it stay until their next change",
            ],
            "backfill the items that enter the view (docs/operations/backfill.md); those that leave \
             it go with a full export and --known-keys, or stay until they change",
        )
    })
}

/// Each condition as it would be written, in the order of the names.
fn conditions(schema: &Schema) -> Vec<String> {
    let text = |pattern: &Pattern| match pattern {
        Pattern::Equals(text) => format!("{text:?}"),
        Pattern::Begins(text) => format!("{:?}", format!("{text}*")),
    };
    let condition = |Condition { attribute, texts }: &Condition| {
        let texts: BTreeSet<String> = texts.iter().map(text).collect();
        let texts: Vec<String> = texts.into_iter().collect();
        format!("{} [{}]", path(&[attribute]), texts.join(", "))
    };
    let conditions = schema.filter.iter().flat_map(|filter| &filter.conditions);
    conditions.map(condition).collect::<BTreeSet<_>>().into_iter().collect()
}

fn shown(conditions: &[String]) -> String {
    if conditions.is_empty() { "all items".to_owned() } else { conditions.join(" and ") }
}

fn events(old: &Schema, new: &Schema) -> Option<Difference> {
    let names = |events: Events| {
        let all = [
            (events.insert, "INSERT"),
            (events.modify, "MODIFY"),
            (events.remove, "REMOVE"),
            (events.ttl, "TTL"),
        ];
        let wanted: Vec<&str> =
            all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect();
        wanted.join(", ")
    };
    let state = match (old.events.has_deletions(), new.events.has_deletions()) {
        (true, false) => "keeps what is deleted from then on",
        (false, true) => "keeps what was deleted until then",
        _ => "has the changes of the events that are wanted",
    };
    (old.events != new.events).then(|| {
        needing(
            format!("events: {} → {}", names(old.events), names(new.events)),
            [
                "no column changes",
                "those that exist hold the events of before",
                "the log keeps the rows of before",
                state,
            ],
            "if the current state should follow, load a full export with --known-keys after the \
             apply (docs/operations/backfill.md); nothing if the table is a log",
        )
    })
}

fn on_remove(old: &Schema, new: &Schema) -> Option<Difference> {
    let name = |on_remove| match on_remove {
        OnRemove::Keys => "keys",
        OnRemove::Item => "item",
    };
    let (before, after) = (old.on_remove, new.on_remove);
    (before != after).then(|| {
        needing(
            format!("on_remove: {} → {}", name(before), name(after)),
            [
                "no column changes",
                "REMOVE rows of those that exist are as they were",
                "REMOVE rows of the log are as they were",
                NOT_CONCERNED,
            ],
            "see that readers of REMOVE rows expect both forms",
        )
    })
}

fn old_image(old: &Schema, new: &Schema) -> Option<Difference> {
    (old.old_image != new.old_image).then(|| {
        let files = if new.old_image {
            "_old is null in those that exist"
        } else {
            "those that exist keep _old; it is null in new ones"
        };
        needing(
            format!("old_image: {} → {}", old.old_image, new.old_image),
            ["no column changes: _old is always there", files, "the same", NOT_CONCERNED],
            if new.old_image {
                "see that the rows may hold old images: they make rows about twice as large"
            } else {
                "see that nobody reads _old"
            },
        )
    })
}

fn binary(old: &Schema, new: &Schema) -> Option<Difference> {
    let name = |binary| match binary {
        None => "as the record's shape has it",
        Some(Binary::Single) => "single",
        Some(Binary::Double) => "double",
    };
    (old.binary != new.binary).then(|| {
        needing(
            format!("binary: {} → {}", name(old.binary), name(new.binary)),
            [
                "no column changes",
                "binary values of those that exist have the layers of base64 of before",
                "the same in the log",
                "has both until each item changed; a binary key would be another key",
            ],
            "compare binary values on a few changes by dynalake transform first; then backfill the \
             items that have any (docs/operations/backfill.md)",
        )
    })
}

fn decimal_as(old: &Schema, new: &Schema) -> Option<Difference> {
    let name = |form| match form {
        DecimalAs::String => "string",
        DecimalAs::Number => "number",
    };
    (old.decimal_as != new.decimal_as).then(|| {
        needing(
            format!("decimal_as: {} → {}", name(old.decimal_as), name(new.decimal_as)),
            [
                "no column changes; Firehose's deserializer reads decimals from the other form",
                "those that exist are as they were",
                "not concerned, as long as Firehose reads the same values",
                "the same",
            ],
            "write an item with the values to compare first, and compare (docs/limits.md)",
        )
    })
}

/// The order of the columns that both have.
fn order(old: &Schema, new: &Schema) -> Option<Difference> {
    let common = |schema: &Schema, other: &Schema| -> Vec<String> {
        let names = schema.columns.iter().map(|column| column.name.clone());
        names.filter(|name| other.columns.iter().any(|column| column.name == *name)).collect()
    };
    (common(old, new) != common(new, old)).then(|| {
        harmless(
            "columns: in another order".to_owned(),
            [
                "the table's columns are in the new order; files are read by name",
                "new ones have the new order",
                "columns are matched by name",
                NOT_CONCERNED,
            ],
        )
    })
}
