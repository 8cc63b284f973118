//! SQL of a schema for query engines: the table itself, its current state, and hints.
//!
//! This module alone knows the engines. Only text is made here; each dialect's file says where its
//! syntax comes from.

mod athena;
mod databricks;

use crate::schema::{METADATA_COLUMNS, Protect, Schema, SchemaError, Type};
use std::fmt::Write as _;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Amazon Athena: Hive's for tables, Trino's for views.
    Athena,
    /// Databricks SQL, and Apache Spark's.
    Databricks,
}

/// The names in the engine's catalog, and where the Parquet objects are.
#[derive(Clone, Debug)]
pub struct Names {
    /// The database (in Unity Catalog: the schema, with its catalog before it), in parts; none:
    /// the session's.
    pub database: Vec<String>,
    /// The table of changes.
    pub table: String,
    /// The view of the current state.
    pub view: String,
    /// The objects' URL, with a slash at its end.
    pub location: String,
    /// Whether a folder holds an hour's objects, and not a day's.
    pub by_hour: bool,
}

impl Names {
    /// In Athena the names that `terraform/` gives where the pipeline is called `dynalake-<table>`,
    /// in Databricks those of the pipeline in `databricks/`. The bucket's is not known.
    pub fn new(schema: &Schema, dialect: Dialect) -> Names {
        let name = schema.lake_name();
        let (database, table) = match dialect {
            Dialect::Athena => (vec![format!("dynalake_{name}")], name.clone()),
            Dialect::Databricks => (Vec::new(), format!("{name}_changes")),
        };
        // The folder of the objects, as Terraform names it: it must not move where no name is
        // stated.
        let folder = schema.name.as_ref().unwrap_or(&schema.table);
        let location = format!("s3://BUCKET/data/{folder}/");
        Names { database, table, view: format!("{name}_current"), location, by_hour: true }
    }
}

/// Which part of the SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Types for Auto Loader: of the metadata and key columns.
    Hints,
    /// Types for Auto Loader: of all columns.
    AllHints,
    /// The table of changes.
    Table,
    /// The view of the current state.
    View,
    /// What takes the rows of a person's items out. Only on request: it deletes.
    Erase,
    /// Comments of columns, and tags of protected ones. Only on request: it names the pipeline's
    /// tables.
    Governance,
}

impl PartKind {
    /// Whether the whole script has it.
    pub fn is_in_script(self) -> bool {
        !matches!(self, PartKind::Erase | PartKind::Governance)
    }
}

/// A part of the SQL.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which.
    pub kind: PartKind,
    /// What it is for, in lines.
    pub about: String,
    /// A statement without its semicolon, or the text of hints.
    pub text: String,
}

/// All parts of a dialect, in the order in which they are used.
///
/// # Errors
///
/// A column that the engine can't have beside the table's partitions.
pub fn parts(schema: &Schema, dialect: Dialect, names: &Names) -> Result<Vec<Part>, SchemaError> {
    match dialect {
        Dialect::Athena => athena::parts(schema, names),
        Dialect::Databricks => Ok(databricks::parts(schema, names)),
    }
}

/// The parts as one text, each under what it is for; without those that are made on request only.
pub fn script(schema: &Schema, dialect: Dialect, parts: &[Part]) -> String {
    let engine = match dialect {
        Dialect::Athena => "Amazon Athena",
        Dialect::Databricks => "Databricks",
    };
    let table = one_line(&schema.table);
    let mut text = format!(
        "-- The changes of the DynamoDB table {table} in {engine}.\n\
         -- Made by `dynalake ddl` from the table's schema file: change that file, not this text.\n"
    );
    for (at, part) in parts.iter().filter(|part| part.kind.is_in_script()).enumerate() {
        text.push('\n');
        for (line, about) in part.about.lines().enumerate() {
            let number = if line == 0 { format!("{}.", at + 1) } else { "  ".to_owned() };
            let _ = writeln!(text, "-- {number} {about}");
        }
        let _ = match part.kind {
            PartKind::Hints | PartKind::AllHints => writeln!(text, "--\n--    {}", part.text),
            _ => writeln!(text, "{};", part.text),
        };
    }
    text
}

/// A column of the table.
struct LakeColumn<'a> {
    name: &'a str,
    ty: Type,
    comment: Option<&'a str>,
    is_hashed: bool,
    is_metadata: bool,
    is_of_change: bool,
}

/// The table's columns in their order: those declared, without what never leaves the Lambda, then
/// the metadata columns.
fn columns(schema: &Schema) -> Vec<LakeColumn<'_>> {
    let declared = schema.columns.iter().filter(|column| column.protect != Some(Protect::Drop));
    let declared = declared.map(|column| LakeColumn {
        name: &column.name,
        ty: column.ty.clone(),
        comment: column.comment.as_deref(),
        is_hashed: column.protect == Some(Protect::Sha256),
        is_metadata: false,
        is_of_change: false,
    });
    let metadata = METADATA_COLUMNS.iter().map(|column| LakeColumn {
        name: &column.name,
        ty: Type::parse(&column.ty).expect("a metadata column's type is one of Hive's"),
        comment: Some(&column.comment),
        is_hashed: false,
        is_metadata: true,
        is_of_change: column.of_change,
    });
    declared.chain(metadata).collect()
}

/// The columns of the current state, among all.
fn state_columns<'a>(columns: &'a [LakeColumn<'a>]) -> impl Iterator<Item = &'a LakeColumn<'a>> {
    columns.iter().filter(|column| !column.is_of_change)
}

/// The columns that hold the key, in the order of `keys`.
fn key_columns(schema: &Schema) -> Vec<&str> {
    schema.key_columns().map(|at| schema.columns[at].name.as_str()).collect()
}

/// Leaves out rows that can't be of any item's state, as the pipeline in `databricks/` does. The
/// function writes none.
fn is_mergeable(keys: &[&str], quote: char) -> String {
    let needed = keys.iter().chain(&["_sequence", "_event_type"]);
    let conditions = needed.map(|name| format!("{} IS NOT NULL", quoted(name, quote)));
    conditions.collect::<Vec<_>>().join(" AND ")
}

/// The place of a change among those of its item: `_sequence` of its first delivery. A record that
/// DynamoDB wrote twice, or that went through the stream once more, has a higher number the second
/// time, and two changes in one tick of the clock would change places. A number of zeros is no
/// place: it was not known.
fn first_delivery(keys: &[&str], quote: char) -> String {
    let [id, sequence] = ["_event_id", "_sequence"].map(|name| quoted(name, quote));
    let keys: String = keys.iter().map(|name| quoted(name, quote) + ", ").collect();
    format!(
        "coalesce(\n      min(CASE WHEN substr({sequence}, 22) <> lpad('0', 56, '0') THEN {sequence} END)\n        \
         OVER (PARTITION BY {keys}coalesce({id}, {sequence})),\n      {sequence}\n    )"
    )
}

/// Each on a line of its own, indented, with commas between.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("  {line}")).collect();
    lines.join(",\n")
}

/// An identifier between quotes of this kind. Always quoted: which words are reserved changes with
/// the engine.
fn quoted(name: &str, quote: char) -> String {
    let twice = format!("{quote}{quote}");
    format!("{quote}{}{quote}", name.replace(quote, &twice))
}

/// Identifiers with commas between.
fn quoted_list(names: &[&str], quote: char) -> String {
    names.iter().map(|name| quoted(name, quote)).collect::<Vec<_>>().join(", ")
}

/// A name with its database.
fn qualified(database: &[String], name: &str, quote: char) -> String {
    let parts = database.iter().map(String::as_str).chain([name]);
    parts.map(|part| quoted(part, quote)).collect::<Vec<_>>().join(".")
}

/// Text without line breaks and other control characters.
fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
