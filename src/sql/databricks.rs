//! Databricks' SQL (<https://docs.databricks.com/aws/en/sql/language-manual/>), which is Spark's.

use super::{LakeColumn, Names, Part, PartKind, columns, key_columns, state_columns};
use super::{is_mergeable, lines, qualified, quoted};
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
it reads the whole history; the pipeline in databricks/ keeps the same as a table, by AUTO CDC.";

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
    let quoted_keys: Vec<_> = keys.iter().map(|name| quoted(name, '`')).collect();
    format!(
        "CREATE OR REPLACE VIEW {} (\n{}\n) AS\nSELECT\n{}\nFROM {}\nWHERE {}\n\
         QUALIFY row_number() OVER (PARTITION BY {} ORDER BY `_sequence` DESC) = 1\n  \
         AND `_event_type` <> 'REMOVE'",
        qualified(&names.database, &names.view, '`'),
        lines(state_columns(columns).map(|column| quoted(column.name, '`') + &comment(column))),
        lines(state_columns(columns).map(|column| quoted(column.name, '`'))),
        qualified(&names.database, &names.table, '`'),
        is_mergeable(keys, '`'),
        quoted_keys.join(", "),
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
