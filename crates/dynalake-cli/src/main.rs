//! `dynalake`: the transformation on files and on S3; schema files made, explained and compared;
//! exports and failed records as Parquet files.
//!
//! A thin shell around the library: it reads and writes files, and decides nothing about a row.

mod backfill;
mod check;
mod ddl;
mod diff;
mod exit;
mod files;
mod infer;
mod input;
mod rejected;
mod replay;
mod report;
mod schema_file;
mod setting_size;
mod spans;
mod store;
mod table;
mod text;
mod totals;
mod transform;
mod trouble;
mod warnings;

use clap::{Parser, Subcommand};
use exit::Exit;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  every record is a row, or not wanted; the schema is good
  1  a record failed, or an input could not be read; the rows of all others are there
  2  nothing could be done: wrong usage, no input that can be read, a schema or setting that is
     rejected";

const ABOUT: &str = "\
Runs the transformation of DynamoDB changes that is deployed as a Lambda function behind Amazon Data
Firehose, on files, with nothing but this program: change records, events, objects of an error
prefix, exports.

Rows go to standard output or to Parquet files; failed records, rescued values and a summary go to
standard error, where an attribute's value is never shown.";

const EXAMPLES: &str = "\
Examples:
  dynalake infer changes.jsonl > orders.json          # a schema file for what a table holds
  dynalake check orders.json                          # is the schema good, and what does it do?
  dynalake transform --schema orders.json changes.jsonl
  dynalake transform changes.jsonl                    # without a schema: everything flattened
  dynalake transform --schema orders.json failed/     # why each record failed behind Firehose
  dynalake backfill --schema orders.json export/ --out rows   # the items that are there already
  dynalake replay --schema orders.json failed/ --out rows   # what failed, as rows after all
  dynalake ddl orders.json --dialect athena           # SQL: the table and its current state
  dynalake diff orders.json new.json                  # what a change of the schema means
";

/// DynamoDB changes to lakehouse rows: exact, or rescued.
#[derive(Debug, Parser)]
#[command(
    version,
    long_about = ABOUT,
    after_help = EXIT_CODES,
    after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"),
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Transform(transform::Args),
    Replay(replay::Args),
    Check(check::Args),
    Ddl(ddl::Args),
    Infer(infer::Args),
    Diff(diff::Args),
    Backfill(backfill::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Transform(args) => transform::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Ddl(args) => ddl::run(&args),
        Command::Infer(args) => infer::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Backfill(args) => backfill::run(&args),
    };
    match done {
        Ok(code) | Err(Exit::BrokenPipe(code)) => code,
        Err(Exit::Rejected(reason)) => {
            report::say(&format!("error: {reason}"));
            ExitCode::from(2)
        }
        Err(Exit::Partly(reason)) => {
            report::say(&format!("error: {reason}"));
            ExitCode::from(1)
        }
    }
}
