//! `dynalake check`: a schema explained.

use crate::exit::Exit;
use crate::report::say;
use crate::schema_file;
use crate::setting_size::{MAX_BYTES, setting_bytes};
use crate::table::new_table;
use crate::text::{count, joined, path, printable, thousands};
use crate::warnings::{is_key, warnings};
use dynalake::schema::{
    Binary, Column, Condition, DecimalAs, Events, METADATA_COLUMNS, OnRemove, Pattern, Protect,
    Schema, Unit,
};
use dynalake::settings;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

const ABOUT: &str = "\
Checks a schema file and explains what it does: each column with its type, the attribute it is
filled from and its protection, then the metadata columns that every row has.

Also says which items and events become rows, where the schema chooses (\"where\", \"events\",
\"on_remove\"), and how much the schema takes of the 4 KB that Lambda gives all environment variables
of a function, in the form in which Terraform sends it: base64gzip(jsonencode(…)).

Warnings, on standard error, are about what is valid and probably not meant: a protected attribute
that could still appear inside another column, events without deletes, decimals that Firehose may
round.";

const EXAMPLES: &str = "\
Example:
  dynalake check orders.json

Exit codes:
  0  the schema is good; there may be warnings
  2  wrong usage, an unreadable file, or a schema that is rejected, with the column, the reason and
     the fix";

/// Check a schema and explain what it does.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The table's schema; - is standard input.
    schema: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let (text, schema) = schema_file::read(&args.schema)?;
    let json = serde_json::from_str(&text)
        .map_err(|error| Exit::Rejected(format!("schema {}: {error}", args.schema.display())))?;
    let size = setting_bytes(&json)
        .map_err(|error| Exit::Rejected(format!("can't compress the schema: {error}")))?;
    let done = ExitCode::SUCCESS;
    let mut out = io::stdout().lock();
    out.write_all(explain(&schema, size).as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Exit::unwritable(&error, done))?;
    for warning in warnings(&schema) {
        say(&format!("warning: {}", printable(&warning)));
    }
    if size > MAX_BYTES {
        // The way out first: a schema without comments has nothing to shorten.
        let has_comments = schema.columns.iter().any(|column| column.comment.is_some());
        say(&format!(
            "warning: the schema takes {} bytes as {}, and Lambda gives all environment variables \
             together {}; put it into the package: package.py --schema FILE, and in Terraform \
             schema_in_package = true{}",
            thousands(size as u64),
            settings::SCHEMA,
            thousands(MAX_BYTES as u64),
            if has_comments { "; or shorten comments" } else { "" }
        ));
    }
    Ok(done)
}

/// What a schema does, for a person.
fn explain(schema: &Schema, size: usize) -> String {
    let keys: Vec<_> = schema.keys.iter().map(|key| path(&[key])).collect();
    let columns = count(schema.columns.len() as u64, "column", "columns");
    let mut text = format!(
        "table {}: {columns} and {} of metadata; {} {}\n",
        printable(&schema.table),
        METADATA_COLUMNS.len(),
        if keys.len() == 1 { "key" } else { "keys" },
        keys.join(", "),
    );
    let _ = writeln!(text, "lake table {}", schema.lake_name());
    text.push_str(&rows(schema));
    text.push('\n');
    let mut table = new_table();
    table.set_header(["column", "type", "filled from", "protection", "comment"]);
    let is_key = is_key(schema);
    let mut by_name = false;
    for (at, column) in schema.columns.iter().enumerate() {
        by_name |= column.path.is_none() && !is_key[at];
        let source = if is_key[at] { key_source(schema, at) } else { source(column) };
        table.add_row([
            column.name.clone(),
            column.ty.to_string(),
            source + unit(column),
            protection(column).to_owned(),
            printable(column.comment.as_deref().unwrap_or_default()),
        ]);
    }
    for column in METADATA_COLUMNS.iter() {
        let source = match column.name.as_str() {
            "_old" if !schema.old_image => "metadata, empty: old_image is false",
            _ => "metadata",
        };
        table.add_row([&column.name, &column.ty, source, "", &column.comment]);
    }
    let _ = writeln!(text, "{table}");
    if by_name {
        text.push_str(
            "\nBy name: the attribute of exactly that name; else the one whose name in snake_case is\n\
             the column's; else the member of nested maps whose names, joined with _, are. Never from\n\
             inside a map that another column takes.\n",
        );
    }
    if let Some(binary) = schema.binary {
        let layers = match binary {
            Binary::Single => "one layer",
            Binary::Double => "two layers",
        };
        let _ = writeln!(text, "Binary values come in {layers} of base64.");
    }
    if schema.decimal_as == DecimalAs::Number {
        text.push_str("Decimals are written as JSON numbers.\n");
    }
    let _ = writeln!(
        text,
        "\n{} takes {} of the {} bytes ({} %) that Lambda gives\n\
         all environment variables together.",
        settings::SCHEMA,
        thousands(size as u64),
        thousands(MAX_BYTES as u64),
        (size * 100).div_ceil(MAX_BYTES)
    );
    text
}

/// Which rows the table gets, in sentences; nothing where it gets them all.
fn rows(schema: &Schema) -> String {
    let mut text = String::new();
    if let Some(filter) = &schema.filter {
        let conditions: Vec<String> = filter.conditions.iter().map(condition).collect();
        let _ = writeln!(
            text,
            "Rows: only of items whose {}.\nAn item that stops matching gives a REMOVE row.",
            conditions.join(", and whose ")
        );
    }
    let events = schema.events;
    if events != Events::default() {
        let wanted = [
            (events.insert, "INSERT"),
            (events.modify, "MODIFY"),
            (events.remove, "REMOVE"),
            (events.ttl, "TTL (a delete by Time to Live)"),
        ];
        let wanted: Vec<&str> =
            wanted.into_iter().filter_map(|(wanted, name)| wanted.then_some(name)).collect();
        let _ = writeln!(text, "Events: only {}.", wanted.join(", "));
    }
    if schema.on_remove == OnRemove::Item {
        text.push_str(
            "A REMOVE row has the columns of the deleted item, from its old image; without one,\n\
             only its key.\n",
        );
    }
    text
}

/// A condition, behind "items whose".
fn condition(condition: &Condition) -> String {
    let texts: Vec<String> = condition
        .texts
        .iter()
        .map(|text| match text {
            Pattern::Equals(text) => format!("is {}", printable(&format!("{text:?}"))),
            Pattern::Begins(text) if text.is_empty() => "is any string".to_owned(),
            Pattern::Begins(text) => format!("begins with {}", printable(&format!("{text:?}"))),
        })
        .collect();
    format!("{} {}", path(&[&condition.attribute]), texts.join(" or "))
}

fn key_source(schema: &Schema, at: usize) -> String {
    let keys = schema.keys.iter().filter(|key| schema.key_column(key) == Some(at));
    keys.map(|key| format!("key {}", path(&[key]))).collect::<Vec<_>>().join(", ")
}

fn source(column: &Column) -> String {
    match &column.path {
        Some(names) => format!("path {}", path(names)),
        None => format!("by name: {}", spellings(&column.name).join(", ")),
    }
}

/// Attributes that reach a column by its name, as examples: in `snake_case`, in camelCase, and
/// nested.
fn spellings(column: &str) -> Vec<String> {
    let words: Vec<&str> = column.split('_').collect();
    let mut camel = String::new();
    for word in &words {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if !camel.is_empty() => camel.push(first.to_ascii_uppercase()),
            first => camel.extend(first),
        }
        camel.push_str(chars.as_str());
    }
    let mut spellings = Vec::new();
    for (names, spelling) in [
        (vec![column], column.to_owned()),
        (vec![camel.as_str()], camel.clone()),
        (words.clone(), words.join(".")),
    ] {
        // A spelling that would end elsewhere, as a1 for a_1, is no example.
        if joined(&names) == column && !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    if spellings.is_empty() {
        spellings.push("members of nested maps".to_owned());
    }
    spellings
}

fn unit(column: &Column) -> &'static str {
    match column.unit {
        None => "",
        Some(Unit::S) => "; numbers are seconds",
        Some(Unit::Ms) => "; numbers are milliseconds",
        Some(Unit::Us) => "; numbers are microseconds",
        Some(Unit::Ns) => "; numbers are nanoseconds",
    }
}

fn protection(column: &Column) -> &'static str {
    match column.protect {
        None => "",
        Some(Protect::Sha256) => "sha256",
        Some(Protect::Drop) => "drop: in no row",
    }
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn examples_of_spellings_do_reach_the_column() {
        assert_eq!(spellings("total"), ["total"]);
        assert_eq!(spellings("placed_at"), ["placed_at", "placedAt", "placed.at"]);
        assert_eq!(spellings("address_line1"), ["address_line1", "addressLine1", "address.line1"]);
        assert_eq!(spellings("a_1"), ["a_1"]);
        assert_eq!(spellings("a__b"), ["members of nested maps"]);
    }
}
