//! `dynalake infer`: a schema file for what a table holds.
//!
//! One pass over the records: [`read`] hands each image to a [`tree`] of paths, which keeps counts
//! ([`seen`]) and no value. From these come [`types`], then [`columns`], then the [`output`]. What
//! the schema would rescue of its own input is counted on the way, so it is exact: `tests/infer`
//! transforms the same input and compares.

mod columns;
mod output;
mod read;
mod seen;
mod tree;
mod types;

use crate::exit::Exit;
use crate::input::{check_standard_input, sources};
use crate::report::Report;
use crate::store::{Folder, Replace, is_s3_folder, on_s3};
use dynalake::schema::Schema;
use read::Reading;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
Prints a schema file for what it has seen: each attribute has a column whose type holds its values.

It reads what dynalake transform reads, and items in DynamoDB JSON too, one after the other. The more
items, the better the types. All items are looked at, in one pass; of deleted ones the keys and, if the
record has it, the old image. An old image of a change is not looked at.

  N                    int, bigint, decimal(38,0) by the most digits; with fractions a decimal with
                       two digits to spare; string where no decimal holds them
  S                    string, also digits; date or timestamp where there are 20 and all are ISO 8601
  BOOL                 boolean
  B                    string, in base64
  SS, NS, BS, L        array<T>; a list of several types is a string
  M                    a column for each member where they are few and always there; struct<…> where
                       not, and inside lists; map<string,T> where names are data, such as ids
  several types        the one that 99 % have, with the count of those that would be rescued; else
                       string

Keys are those of Keys in the records; full exports and items have none: give --keys. A key is a
number or a string, never a time. The schema passes dynalake check. With it no value of the input is
rescued, except those that standard error names with counts.";

const EXAMPLES: &str = "\
Examples:
  dynalake infer changes.jsonl > orders.json
  dynalake infer --table orders --keys orderId data/ > orders.json       # a table's full export
  aws dynamodb scan --table-name orders | jq -c '.Items[]' |
    dynalake infer --table orders --keys orderId > orders.json
  dynalake infer --evidence evidence.json changes.jsonl > orders.json

Exit codes:
  0  the schema is made of all records
  1  a record failed, or an input could not be read; the schema is made of all others
  2  there is no schema: wrong usage, no input that can be read, no table, several, or no keys";

/// Make a schema file from what a table holds.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and folders; - is standard input.
    #[arg(value_name = "INPUT", default_value = "-")]
    inputs: Vec<PathBuf>,

    /// The table of records that don't name theirs; of several tables, the one to use.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// The table's key attributes, separated by commas; by default those in Keys.
    #[arg(long, value_name = "NAMES")]
    keys: Option<String>,

    /// Writes what was seen, as JSON, also to S3: per path counts, types and digits, never a value.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    check_standard_input(&args.inputs)?;
    if args.table.as_deref() == Some("") {
        return Exit::reject("--table is empty: give the table's name");
    }
    let evidence = args.evidence.as_deref().map(Evidence::at).transpose()?;
    let stated_keys = args.keys.as_deref().map(parse_keys).transpose()?;
    let sources = sources(&args.inputs);
    let is_one_of_several =
        sources.len() > 1 || sources.iter().flatten().any(|source| source.in_folder);
    let lens = sources.iter().flatten().map(|source| source.len);
    let report = Report::new(lens.sum(), true);
    let mut reading = Reading::new(args.table.clone(), stated_keys.clone(), report);
    reading.inputs(sources, is_one_of_several)?;
    if !reading.report.has_done_something() {
        return Ok(reading.report.code());
    }
    let table = table(args.table.as_ref(), &reading)?;
    if !reading.has_looked_at_something() {
        return Exit::reject(format!(
            "no record of table {} could be looked at; fix what is reported above",
            table.escape_default()
        ));
    }
    let keys = keys(stated_keys, &reading)?;
    let found = columns::columns(&mut reading.tree, &keys);
    let text = output::schema_file(&table, &keys, &found.columns);
    check(&text, &table)?;
    output::report(&reading, &found, &table, &keys);
    if let Some(evidence) = evidence {
        let text = output::evidence(&reading, &found, &table, &keys);
        evidence.write(&format!("{text:#}\n"))?;
    }
    let code = reading.report.code();
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Exit::unwritable(&error, code))?;
    Ok(code)
}

fn parse_keys(names: &str) -> Result<Vec<String>, Exit> {
    let keys: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    let is_twice = |at: usize| keys[..at].contains(&keys[at]);
    if keys.iter().any(String::is_empty) || (0..keys.len()).any(is_twice) {
        return Exit::reject(format!(
            "--keys is \"{}\": give the names of the table's key attributes, each once, as --keys \
             orderId or --keys PK,SK",
            names.escape_default()
        ));
    }
    Ok(keys)
}

/// The one table that the schema is of.
fn table(stated: Option<&String>, reading: &Reading) -> Result<String, Exit> {
    let names: Vec<String> = reading
        .tables
        .iter()
        .map(|(name, count)| format!("{} ({count})", String::from_utf8_lossy(name)))
        .collect();
    if let Some(table) = stated {
        let is_there = |(name, _): &(Vec<u8>, u64)| name == table.as_bytes();
        if names.is_empty()
            || reading.has_looked_at_something()
            || reading.tables.iter().any(is_there)
        {
            return Ok(table.clone());
        }
        let names = names.join(", ");
        return Exit::reject(format!("no record is of --table {table}; they are of {names}"));
    }
    match &*reading.tables {
        [(table, _)] => Ok(String::from_utf8_lossy(table).into_owned()),
        [] => Exit::reject("no record says its table; add --table NAME"),
        _ => Exit::reject(format!(
            "the records are of several tables, by how many: {}; choose one by --table NAME",
            names.join(", ")
        )),
    }
}

/// The table's keys.
fn keys(stated: Option<Vec<String>>, reading: &Reading) -> Result<Vec<String>, Exit> {
    let keys = stated.or_else(|| reading.keys.clone());
    let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
        return Exit::reject(
            "no record says which attributes are the table's key; add --keys with their names, \
             partition key first, as --keys orderId or --keys PK,SK",
        );
    };
    let missing = keys.iter().find(|key| reading.tree.attribute(key.as_bytes()).is_none());
    if let Some(key) = missing {
        let key = key.escape_default();
        return Exit::reject(format!("no item has the key \"{key}\"; correct --keys"));
    }
    Ok(keys)
}

/// The schema passes `dynalake check`.
fn check(text: &str, table: &str) -> Result<(), Exit> {
    match Schema::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Exit::reject(format!(
            "no schema file can hold table {}: {error}",
            table.escape_default()
        )),
    }
}

/// Where the evidence goes.
enum Evidence {
    /// A file of this machine, or a device.
    Path(PathBuf),
    /// An object: its folder, and its name there.
    S3(Folder, String),
}

impl Evidence {
    /// At this address, which is checked before anything is read.
    fn at(address: &Path) -> Result<Evidence, Exit> {
        let Some(address) = on_s3(address) else { return Ok(Evidence::Path(address.to_owned())) };
        if is_s3_folder(address) {
            return Exit::reject(format!(
                "--evidence is {address}, a folder; give a file's address, as s3://bucket/evidence.json"
            ));
        }
        let parsed = Folder::of_s3_file(address);
        let (folder, name) = parsed.map_err(|trouble| Exit::Rejected(trouble.0))?;
        Ok(Evidence::S3(folder, name))
    }

    fn write(&self, text: &str) -> Result<(), Exit> {
        let (name, written) = match self {
            Evidence::Path(path) => (path.display().to_string(), fs::write(path, text)),
            Evidence::S3(folder, name) => {
                let mut file = folder.write(name, Replace::Yes);
                let written = file.write_all(text.as_bytes()).and_then(|()| file.publish());
                (folder.name_of(name), written.map(drop))
            }
        };
        written.map_err(|error| Exit::Rejected(format!("can't write {name}: {error}")))
    }
}
