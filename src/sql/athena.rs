//! Athena's: tables in Hive's DDL (<https://docs.aws.amazon.com/athena/latest/ug/create-table.html>), views in
//! Trino's SQL (<https://docs.aws.amazon.com/athena/latest/ug/create-view.html>). Names are quoted by backticks
//! there, by double quotes here (<https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html>).
//!
//! The table is the one of `terraform/modules/table`, made with its defaults; the end-to-end
//! test compares the two.

use super::{LakeColumn, Names, Part, PartKind, columns, key_columns, state_columns};
use super::{first_delivery, is_mergeable, lines, one_line, qualified, quoted, quoted_list};
use crate::schema::{Field, Schema, SchemaError, Type};

const ABOUT_TABLE: &str = "\
The table over the Parquet objects, a row for each change. Only for those who don't use our Terraform: it makes
this table in Glue. Athena works out the partitions by itself (partition projection): no crawler, and a new
object can be read at once.";

const NO_BUCKET: &str = "\nWrite your bucket in place of BUCKET, or give --location.";

const ABOUT_VIEW: &str = "\
The current state: of each key the newest change, unless that is a delete. It is always up to date, and every query
on it scans the whole history, whatever is in its WHERE: the newest change of a key may lie in any partition. Athena
charges by what it scans. Where that is too much, make a table of it from time to time: CREATE TABLE … AS SELECT.
A change takes the place of its first delivery, so that one that came twice overtakes no other.";

const ABOUT_ERASE: &str = "The objects that hold rows of a person's items (docs/erasure.md).";

/// The table's partition keys, as Terraform has them.
fn partitions(names: &Names) -> Vec<(&'static str, &'static str)> {
    let mut partitions = vec![("dt", "Day that the change arrived, UTC")];
    if names.by_hour {
        partitions.push(("hour", "Hour of that day, 00 to 23"));
    }
    partitions
}

pub(super) fn parts(schema: &Schema, names: &Names) -> Result<Vec<Part>, SchemaError> {
    let columns = columns(schema);
    for (partition, _) in partitions(names) {
        if columns.iter().any(|column| column.name == partition) {
            let error = SchemaError::new("the table has a partition of that name");
            let error = error.fix("choose another, and bind the attribute by \"path\"");
            return Err(error.at(&format!("column \"{partition}\"")));
        }
    }
    let mut about_table = ABOUT_TABLE.to_owned();
    if names.location.starts_with("s3://BUCKET/") {
        about_table.push_str(NO_BUCKET);
    }
    Ok(vec![
        Part { kind: PartKind::Table, about: about_table, text: table(schema, names, &columns) },
        Part {
            kind: PartKind::View,
            about: ABOUT_VIEW.to_owned(),
            text: view(names, &columns, &key_columns(schema)),
        },
        Part {
            kind: PartKind::Erase,
            about: ABOUT_ERASE.to_owned(),
            text: erase(schema, names, &columns),
        },
    ])
}

fn table(schema: &Schema, names: &Names, columns: &[LakeColumn<'_>]) -> String {
    let about = format!("Changes of the DynamoDB table {}, one row each", schema.table);
    let hour_folder = if names.by_hour { "hour=${hour}/" } else { "" };
    let template = format!("{}dt=${{dt}}/{hour_folder}", names.location);
    let mut properties = vec![
        ("classification", "parquet"),
        ("projection.enabled", "true"),
        ("projection.dt.type", "date"),
        ("projection.dt.format", "yyyy-MM-dd"),
        ("projection.dt.range", "2025-01-01,NOW"),
        ("projection.dt.interval", "1"),
        ("projection.dt.interval.unit", "DAYS"),
    ];
    if names.by_hour {
        properties.extend([
            ("projection.hour.type", "integer"),
            ("projection.hour.range", "0,23"),
            ("projection.hour.digits", "2"),
        ]);
    }
    properties.push(("storage.location.template", &template));
    let property = |(name, value)| format!("'{name}' = {}", literal(value));
    let partition = |(name, about)| format!("`{name}` string COMMENT {}", literal(about));
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS {} (\n{}\n)\nCOMMENT {}\nPARTITIONED BY (\n{}\n)\n\
         STORED AS PARQUET\nLOCATION {}\nTBLPROPERTIES (\n{}\n)",
        qualified(&names.database, &names.table, '`'),
        lines(columns.iter().map(column)),
        literal(&about),
        lines(partitions(names).into_iter().map(partition)),
        literal(&names.location),
        lines(properties.into_iter().map(property)),
    )
}

fn column(column: &LakeColumn<'_>) -> String {
    let mut text = format!("{} {}", quoted(column.name, '`'), hive(&column.ty));
    if let Some(comment) = column.comment {
        text.push_str(" COMMENT ");
        text.push_str(&literal(comment));
    }
    text
}

/// A type as Hive's DDL has it: as Glue has it, but with the names of struct members quoted.
fn hive(ty: &Type) -> String {
    match ty {
        Type::Array(element) => format!("array<{}>", hive(element)),
        Type::Map(value) => format!("map<string,{}>", hive(value)),
        Type::Struct(fields) => {
            let member = |Field { name, ty }: &Field| format!("{}:{}", quoted(name, '`'), hive(ty));
            format!("struct<{}>", fields.iter().map(member).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn view(names: &Names, columns: &[LakeColumn<'_>], keys: &[&str]) -> String {
    // No column can have a name that begins with a digit.
    format!(
        "CREATE OR REPLACE VIEW {} AS\nSELECT\n{}\nFROM (\n  SELECT\n    *,\n    \
         row_number() OVER (PARTITION BY {} ORDER BY \"1_first\" DESC, \"_sequence\" DESC) AS \"1_is_newest\"\n  \
         FROM (\n    SELECT *, {} AS \"1_first\"\n    FROM {}\n    WHERE {}\n  )\n)\n\
         WHERE \"1_is_newest\" = 1 AND \"_event_type\" <> 'REMOVE'",
        qualified(&names.database, &names.view, '"'),
        lines(state_columns(columns).map(|column| quoted(column.name, '"'))),
        quoted_list(keys, '"'),
        first_delivery(keys, '"'),
        qualified(&names.database, &names.table, '"'),
        is_mergeable(keys, '"'),
    )
}

fn erase(schema: &Schema, names: &Names, columns: &[LakeColumn<'_>]) -> String {
    let keys = key_columns(schema);
    let of_key = columns.iter().filter(|column| keys.contains(&column.name));
    let condition = of_key.map(|column| {
        let value = if column.ty == Type::String { "'KEY'" } else { "0" };
        format!("{} = {value}", quoted(column.name, '"'))
    });
    format!(
        "-- The objects that hold rows of an item: put its key in, and OR (…) for each further item. Athena deletes\n\
         -- nothing in them; docs/erasure.md says what does.\n\
         SELECT DISTINCT \"$path\"\nFROM {}\nWHERE ({})",
        qualified(&names.database, &names.table, '"'),
        condition.collect::<Vec<_>>().join(" AND "),
    )
}

/// A string in Hive's DDL. Glue takes comments of one line only.
fn literal(text: &str) -> String {
    format!("'{}'", one_line(text).replace('\\', "\\\\").replace('\'', "\\'"))
}
