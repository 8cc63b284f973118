//! Databricks' SQL (<https://docs.databricks.com/aws/en/sql/language-manual/>), which is Spark's.

use super::{LakeColumn, Names, Part, PartKind, columns, key_columns, state_columns};
use super::{first_delivery, is_mergeable, lines, qualified, quoted, quoted_list};
use crate::schema::{Field, Schema, Type};

const ABOUT_HINTS: &str = "\
Schema hints for Auto Loader (cloudFiles.schemaHints, or schemaHints of read_files): the metadata and key columns,
on which the current state rests. Other columns follow the files, so that a new one arrives by itself.";

const ABOUT_ALL_HINTS: &str = "\
Schema hints of all columns: a column then is there before a file has it. Auto Loader still looks at the files for
the schema, so one has to be there first.";

const ABOUT_TABLE: &str = "\
The table of changes, a row for each: for those who load the files in a way of their own. Not in the schema of the
pipeline in databricks/, which makes a table of this name by itself.";

const ABOUT_VIEW: &str = "\
The current state over the table of changes: of each key the newest change, unless that is a delete. Every query on
it reads the whole history; the pipeline in databricks/ keeps the same as a table, by AUTO CDC. A change takes the
place of its first delivery, so that one that came twice overtakes no other.";

const ABOUT_ERASE: &str =
    "The rows of a person's items, out of the pipeline's tables (docs/erasure.md).";

const ABOUT_GOVERNANCE: &str = "Comments and tags of the columns of the pipeline's tables.";

pub(super) fn parts(schema: &Schema, names: &Names) -> Vec<Part> {
    let columns = columns(schema);
    let keys = key_columns(schema);
    let few = columns.iter().filter(|column| column.is_metadata || keys.contains(&column.name));
    let part = |kind, about: &str, text| Part { kind, about: about.to_owned(), text };
    vec![
        part(PartKind::Hints, ABOUT_HINTS, hints(few)),
        part(PartKind::AllHints, ABOUT_ALL_HINTS, hints(&columns)),
        part(PartKind::Table, ABOUT_TABLE, table(schema, names, &columns)),
        part(PartKind::View, ABOUT_VIEW, view(names, &columns, &keys)),
        part(PartKind::Erase, ABOUT_ERASE, erase(names, &columns, &keys)),
        part(PartKind::Governance, ABOUT_GOVERNANCE, governance(names, &columns)),
    ]
}

fn hints<'a>(columns: impl IntoIterator<Item = &'a LakeColumn<'a>>) -> String {
    let hint =
        |column: &LakeColumn<'_>| format!("{} {}", quoted(column.name, '`'), sql(&column.ty));
    columns.into_iter().map(hint).collect::<Vec<_>>().join(", ")
}

fn table(schema: &Schema, names: &Names, columns: &[LakeColumn<'_>]) -> String {
    let about = format!("Changes of the DynamoDB table {}, one row each", schema.table);
    format!(
        "CREATE TABLE IF NOT EXISTS {} (\n{}\n)\nCOMMENT {}",
        qualified(&names.database, &names.table, '`'),
        lines(columns.iter().map(|column| {
            format!("{} {}{}", quoted(column.name, '`'), sql(&column.ty), comment(column))
        })),
        literal(&about),
    )
}

fn view(names: &Names, columns: &[LakeColumn<'_>], keys: &[&str]) -> String {
    format!(
        "CREATE OR REPLACE VIEW {} (\n{}\n) AS\nSELECT\n{}\nFROM (\n    SELECT *, {} AS `1_first`\n    FROM {}\n    \
         WHERE {}\n)\nQUALIFY row_number() OVER (PARTITION BY {} ORDER BY `1_first` DESC, `_sequence` DESC) = 1\n  \
         AND `_event_type` <> 'REMOVE'",
        qualified(&names.database, &names.view, '`'),
        lines(state_columns(columns).map(|column| quoted(column.name, '`') + &comment(column))),
        lines(state_columns(columns).map(|column| quoted(column.name, '`'))),
        first_delivery(keys, '`'),
        qualified(&names.database, &names.table, '`'),
        is_mergeable(keys, '`'),
        quoted_list(keys, '`'),
    )
}

/// A table of the pipeline, by the end of its name.
fn of_pipeline(names: &Names, end: &str) -> String {
    let items = names.table.strip_suffix("_changes").unwrap_or(&names.table);
    qualified(&names.database, &format!("{items}{end}"), '`')
}

fn erase(names: &Names, columns: &[LakeColumn<'_>], keys: &[&str]) -> String {
    let [items, changes, quarantine, history, erased] =
        ["", "_changes", "_quarantine", "_history", "_erase"].map(|end| of_pipeline(names, end));
    // In the order of the keys, as the INSERT has them.
    let declared =
        hints(keys.iter().filter_map(|key| columns.iter().find(|column| column.name == *key)));
    let same_item = |one: &str, other: &str| {
        let keys = keys.iter().map(|name| quoted(name, '`'));
        keys.map(|key| format!("{one}.{key} = {other}.{key}")).collect::<Vec<_>>().join(" AND ")
    };
    let is_erased = |row: &str| {
        let same = same_item("gone", row);
        format!("EXISTS (\n  SELECT 1 FROM {erased} AS gone WHERE {same}\n)")
    };
    let mergeable = is_mergeable(keys, '`');
    let purge = |table: &str| format!("REORG TABLE {table} APPLY (PURGE);\nVACUUM {table};\n");
    format!(
        "-- 1. The keys of the items that hold the person's data. They come from the log: an older state may have it where\n\
         --    the item of now doesn't. Write the condition in place of FALSE; a column with \"protect\": \"sha256\" holds the hash.\n\
         CREATE TABLE {erased} ({declared});\n\
         INSERT INTO {erased}\nSELECT DISTINCT {key_list} FROM {changes} WHERE FALSE;\n\n\
         -- 2. Are they gone from DynamoDB, or without the person's data there, and is that merged? What this shows is still\n\
         --    in the current state, and stays.\n\
         SELECT * FROM {items} AS item WHERE {items_erased};\n\n\
         -- 3. The log: all states but an item's last one, and that too where it is a delete. Of what stays, the state\n\
         --    before it. And rows that can't be merged: nobody can tell whose they are, and the function writes none.\n\
         DELETE FROM {changes} AS old WHERE {old_erased}\nAND EXISTS (\n  \
         SELECT 1 FROM {changes} AS later WHERE {same_as_later} AND later.`_sequence` > old.`_sequence`\n);\n\
         DELETE FROM {changes} AS old WHERE {old_erased}\nAND `_event_type` = 'REMOVE';\n\
         UPDATE {changes} AS old SET `_old` = NULL WHERE {old_erased};\n\
         DELETE FROM {changes} WHERE NOT ({mergeable});\n\
         DELETE FROM {quarantine};\n\n\
         -- 4. The old bytes: the current state had the person's data too. VACUUM keeps what is younger than seven days, so\n\
         --    run these once more after them.\n\
         {purges}\n\
         -- 5. Where there is a history: the states that have ended.\n\
         DELETE FROM {history} AS old WHERE `__END_AT` IS NOT NULL AND {old_erased};\n\
         {purge_history}\n\
         -- 6. When all is done:\n\
         DROP TABLE {erased}",
        key_list = quoted_list(keys, '`'),
        same_as_later = same_item("later", "old"),
        items_erased = is_erased("item"),
        old_erased = is_erased("old"),
        purges = [&changes, &quarantine, &items].map(|table| purge(table)).concat(),
        purge_history = purge(&history),
    )
}

fn governance(names: &Names, columns: &[LakeColumn<'_>]) -> String {
    let mut statements = Vec::new();
    for end in ["", "_changes", "_quarantine", "_history"] {
        let table = of_pipeline(names, end);
        let is_state = matches!(end, "" | "_history");
        for column in columns.iter().filter(|column| !(is_state && column.is_of_change)) {
            let mut alter = |what: String| {
                let name = quoted(column.name, '`');
                statements
                    .push(format!("ALTER STREAMING TABLE {table} ALTER COLUMN {name} {what}"));
            };
            if let Some(comment) = column.comment {
                alter(format!("COMMENT {}", literal(comment)));
            }
            if column.is_hashed {
                alter("SET TAGS ('dynalake_protect' = 'sha256')".to_owned());
            }
        }
    }
    format!(
        "-- Comments of columns, and the tag dynalake_protect on those that hold a hash, by the schema file. Run it after the\n\
         -- first update, and when the schema file changes. The history's come last: without a history, end before them.\n{}",
        statements.join(";\n")
    )
}

fn comment(column: &LakeColumn<'_>) -> String {
    column.comment.map(|comment| format!(" COMMENT {}", literal(comment))).unwrap_or_default()
}

/// A type as Databricks names it (<https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatypes>).
fn sql(ty: &Type) -> String {
    match ty {
        Type::Array(element) => format!("ARRAY<{}>", sql(element)),
        Type::Map(value) => format!("MAP<STRING, {}>", sql(value)),
        Type::Struct(fields) => {
            let member = |Field { name, ty }: &Field| format!("{}: {}", quoted(name, '`'), sql(ty));
            format!("STRUCT<{}>", fields.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // Scalars have Hive's names.
        scalar => scalar.to_string().to_uppercase(),
    }
}

/// A string literal (<https://docs.databricks.com/aws/en/sql/language-manual/data-types/string-type>). A notebook
/// would take a bare `$` for a widget, and Spark puts a variable's value, or nothing, in place of
/// `${name}`.
fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    let mut before = None;
    for char in text.chars() {
        match char {
            '\\' | '\'' | '$' => literal.extend(['\\', char]),
            '{' if before == Some('$') => literal.push_str("\\{"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            char if char.is_control() => literal.push(' '),
            char => literal.push(char),
        }
        before = Some(char);
    }
    literal.push('\'');
    literal
}
