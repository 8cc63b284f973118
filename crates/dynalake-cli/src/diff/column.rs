//! Differences of columns.

use super::difference::{Difference, ToDo, harmless, needing};
use super::types::{Step, inside, step};
use crate::text::{joined, path};
use dynalake::schema::{Column, Protect, Schema, Type, Unit};

/// What to do in place of another type.
const NEW_COLUMN: &str = "don't change it under its name: add a new column of the new type with the \
    old one's path, and keep the old one in retained_columns until nobody reads it \
    (docs/type-changes.md)";

const EMPTY_FROM_THEN_ON: &str = "Auto Loader keeps the old type, and the column is empty in every \
    new row, its values in _rescued_data; the job without pipelines stops when it starts";

const ERASE: &str = "erase what the files and tables hold in clear (docs/erasure.md)";

/// All of them: columns that go or change, then new ones.
pub(super) fn differences(old: &Schema, new: &Schema) -> Vec<Difference> {
    let mut differences = Vec::new();
    for column in &old.columns {
        match find(new, &column.name) {
            Some(changed) => {
                let is_key = is_key(old, column) || is_key(new, changed);
                differences.extend(changes(column, changed, is_key));
            }
            None => differences.push(removed(column, old, new)),
        }
    }
    let is_new = |column: &&Column| find(old, &column.name).is_none();
    differences.extend(new.columns.iter().filter(is_new).map(added));
    differences
}

fn find<'a>(schema: &'a Schema, name: &str) -> Option<&'a Column> {
    schema.columns.iter().find(|column| column.name == name)
}

fn is_key(schema: &Schema, column: &Column) -> bool {
    schema.key_columns().any(|at| schema.columns[at].name == column.name)
}

fn is_dropped(column: &Column) -> bool {
    column.protect == Some(Protect::Drop)
}

fn added(column: &Column) -> Difference {
    let Column { name, ty, .. } = column;
    match column.protect {
        Some(Protect::Drop) => needing(
            format!("column {name}: new, and dropped: its attribute is left out"),
            [
                "no column",
                "those that exist hold the attribute where it was, in _rescued or another column",
                "the same",
                "the same, until each item changed",
            ],
            &format!("if the attribute was in no row before: nothing; else {ERASE}"),
        ),
        Some(Protect::Sha256) => needing(
            format!("column {name}: new, hashed"),
            [
                "the table gets the column; in old files it is null",
                "those that exist hold the attribute in clear where it was, in _rescued or another \
                 column",
                "Auto Loader adds it with the first file that has it, after one restart by itself",
                "null until an item's next change",
            ],
            &format!("if the attribute was in no row before: nothing; else {ERASE}"),
        ),
        None => harmless(
            format!("column {name}: new, {ty}"),
            [
                "the table gets the column; in old files it is null",
                "those that exist don't have it; values that were rescued stay in _rescued",
                "Auto Loader adds it with the first file that has it: the update stops once, and \
                 starts again by itself; the job without pipelines adds it when it starts",
                "null until an item's next change; a backfill fills it",
            ],
        ),
    }
}

fn removed(column: &Column, old: &Schema, new: &Schema) -> Difference {
    let Column { name, ty, .. } = column;
    if is_dropped(column) {
        return needing(
            format!("column {name}: gone, and no longer dropped"),
            [
                "no column changes",
                "new ones hold its attribute in clear, in _rescued or in another column",
                "the same",
                "the same",
            ],
            "see that its attribute may be seen",
        );
    }
    // A new column that takes the same attribute.
    let successor = new
        .columns
        .iter()
        .find(|other| find(old, &other.name).is_none() && reaches(other) == reaches(column));
    let renamed = successor.map_or(String::new(), |successor| {
        format!(
            "; {} takes the same attribute: a renamed column is one that goes and a new one",
            successor.name
        )
    });
    needing(
        format!("column {name}: gone{renamed}"),
        [
            "the table loses the column: Athena no longer reads it in any file, and queries that name \
             it fail",
            "those that exist keep it; in new ones its attribute is in _rescued, unless another \
             column takes it",
            "the log keeps it, empty in new rows",
            "keeps it, and it empties item by item",
        ],
        &format!(
            "first move it to retained_columns in Terraform, with its type {ty}, so that old files \
             can be read and no row loses a value during the apply; remove it there later, or never"
        ),
    )
}

/// The normalised name of what a column takes.
fn reaches(column: &Column) -> String {
    column.path.as_deref().map_or_else(|| column.name.clone(), joined)
}

/// What is different between two columns of one name.
fn changes(old: &Column, new: &Column, is_key: bool) -> Vec<Difference> {
    let mut differences = Vec::new();
    differences.extend(protection(old, new));
    let is_in_the_lake = !is_dropped(old) && !is_dropped(new);
    if is_in_the_lake && let Some(step) = step(&old.ty, &new.ty) {
        differences.push(if is_key { key_type(old, new) } else { type_step(old, new, step) });
    }
    if is_in_the_lake && new.ty == Type::Timestamp && old.ty == Type::Timestamp {
        differences.extend(unit(old, new));
    }
    differences.extend(path_of(old, new));
    if old.comment != new.comment {
        differences.push(harmless(
            format!("column {}: comment", new.name),
            [
                "the table gets the comment",
                "not concerned",
                "comments of Databricks' tables are set apart (docs/databricks-scheduled.md)",
                "not concerned",
            ],
        ));
    }
    differences
}

fn key_type(old: &Column, new: &Column) -> Difference {
    needing(
        format!("column {}: {} → {}, and it holds a key", new.name, old.ty, new.ty),
        [
            "the view of the current state compares keys of two types",
            &format!("those that exist stay {}", old.ty),
            "a hint fixes the type of a key column, also with widen_types: every new row goes to \
             the quarantine; the job without pipelines stops when it starts",
            "changes of items no longer reach it",
        ],
        "keep the type; else let two pipelines run side by side for a while, the second with its \
         own name (docs/operations/changes.md#what-cant-be-changed-in-place)",
    )
}

fn type_step(old: &Column, new: &Column, step: Step) -> Difference {
    let (before, after) = (&old.ty, &new.ty);
    let what = format!("column {}: {before} → {after}", new.name);
    let files = format!("those that exist stay {before}, new ones are {after}");
    let widened = format!(
        "with widen_types Auto Loader makes the column {after}; without it {EMPTY_FROM_THEN_ON}"
    );
    match step {
        Step::Wider => Difference {
            what,
            glue: "Athena reads old and new files: it widens tinyint → smallint → int → bigint and \
                   float → double"
                .to_owned(),
            files,
            delta: widened,
            state: format!("with widen_types {after}; without it the column empties item by item"),
            to_do: ToDo::Nothing(Some(
                "but with Databricks: set widen_types first, or add a new column instead; with the \
                 job without pipelines: add a new column (docs/type-changes.md)"
                    .to_owned(),
            )),
        },
        Step::WiderDecimal => needing(
            what,
            [
                "Athena's list of types that it widens has no decimal: it may reject the old files",
                &files,
                &widened,
                "as Delta",
            ],
            NEW_COLUMN,
        ),
        Step::Narrower => needing(
            what,
            [
                "Athena can't be relied on to read the old files by a narrower type",
                &format!("{files}; values that don't fit are in _rescued, with reason range"),
                EMPTY_FROM_THEN_ON,
                "the column empties item by item",
            ],
            NEW_COLUMN,
        ),
        Step::Inside => type_inside(old, new),
        Step::Other => needing(
            what,
            [
                "Athena can't read the old files by the new type",
                &format!("{files}; values that don't fit are in _rescued"),
                EMPTY_FROM_THEN_ON,
                "the column empties item by item",
            ],
            NEW_COLUMN,
        ),
    }
}

fn type_inside(old: &Column, new: &Column) -> Difference {
    let mut found = Vec::new();
    inside(&new.name, &old.ty, &new.ty, &mut found);
    needing(
        format!("column {}: inside its type: {}", new.name, found.join("; ")),
        [
            "Athena widens columns, and is not said to do so inside arrays, maps and structs: it may \
             reject the old files; of a struct it reads members by name, new ones as null",
            "those that exist keep the type that they have; what has no place any more is in \
             _rescued",
            "Auto Loader may rescue the whole column of every new row into _rescued_data; the job \
             without pipelines stops when it starts, for a new member too",
            "as Delta",
        ],
        NEW_COLUMN,
    )
}

fn protection(old: &Column, new: &Column) -> Option<Difference> {
    let name = |protect| match protect {
        None => "in clear",
        Some(Protect::Sha256) => "hashed",
        Some(Protect::Drop) => "dropped",
    };
    let (before, after) = (old.protect, new.protect);
    let what = format!("column {}: {} → {}", new.name, name(before), name(after));
    match (before, after) {
        _ if before == after => None,
        (_, Some(Protect::Drop)) => Some(needing(
            what,
            [
                "the table loses the column: Athena no longer reads it in any file",
                "those that exist keep it, and what _rescued and _old have of it",
                "the log keeps it, empty in new rows",
                "keeps it, and it empties item by item",
            ],
            &format!(
                "{ERASE}; to keep what is there readable, move the column to retained_columns with \
                 its type {} instead",
                old.ty
            ),
        )),
        (Some(Protect::Drop), _) => Some(needing(
            what,
            [
                "the table gets the column; in old files it is null",
                "those that exist don't have it",
                "Auto Loader adds it with the first file that has it",
                "null until an item's next change; a backfill fills it",
            ],
            "see that its attribute may be seen; then nothing",
        )),
        (None, _) => Some(needing(
            what,
            [
                "no column changes",
                "those that exist keep the value in clear, in the column, in _rescued and in _old",
                "the log has values in clear and hashes in one column",
                "in clear until an item's next change; a key would be another key",
            ],
            &format!("{ERASE}; then backfill the items (docs/operations/backfill.md)"),
        )),
        (Some(Protect::Sha256), _) => Some(needing(
            what,
            [
                "no column changes",
                "those that exist keep the hash, new ones have the value in clear",
                "the log has hashes and values in clear in one column",
                "a hash until an item's next change; a key would be another key",
            ],
            "see that its attribute may be seen; then backfill the items (docs/operations/backfill.md)",
        )),
    }
}

fn unit(old: &Column, new: &Column) -> Option<Difference> {
    let name = |unit| match unit {
        None => "s, and text of digits is no time",
        Some(Unit::S) => "s",
        Some(Unit::Ms) => "ms",
        Some(Unit::Us) => "us",
        Some(Unit::Ns) => "ns",
    };
    (old.unit != new.unit).then(|| {
        needing(
            format!("column {}: unit {} → {}", new.name, name(old.unit), name(new.unit)),
            [
                "no column changes",
                "those that exist keep the times that the old unit gave; what it rescued stays in \
                 _rescued",
                "the log has both",
                "the old times until an item's next change",
            ],
            "backfill the items (docs/operations/backfill.md), or add a new column if the old times \
             were right",
        )
    })
}

fn path_of(old: &Column, new: &Column) -> Option<Difference> {
    let words = |column: &Column| match &column.path {
        Some(names) => format!("path {}", path(names)),
        None => "by name".to_owned(),
    };
    (old.path != new.path).then(|| {
        let what = format!("column {}: {} → {}", new.name, words(old), words(new));
        needing(
            what,
            [
                "no column changes",
                "those that exist keep the value of the attribute of before; the new one's stays in \
                 _rescued if it was there",
                "the log has both",
                "the old attribute's value until an item's next change",
            ],
            if reaches(old) == reaches(new) {
                "nothing if both mean the same attribute, as their names say; else backfill the \
                 items (docs/operations/backfill.md)"
            } else {
                "backfill the items (docs/operations/backfill.md), or add a new column instead"
            },
        )
    })
}
