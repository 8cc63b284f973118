//! `dynalake transform`: the deployed transformation on files.
//!
//! ```text
//! output     where rows of text, responses and files' names go
//! run        inputs of any kind to rows
//! frames     a stream of frames, its format
//! framed     such a stream to files, all or nothing
//! ```

mod framed;
mod frames;
mod output;
mod run;

use crate::backfill::MARGIN_US;
use crate::exit::Exit;
use crate::files::{Files, Names, Options, Publish, Timestamps};
use crate::input::{check_standard_input, sources};
use crate::rejected::open_rejected;
use crate::report::{Report, say};
use crate::schema_file;
use crate::store::{Folder, Replace};
use clap::ValueEnum;
use dynalake::record;
use dynalake::schema::{Plan, Schema};
use dynalake::settings::parse_tables;
use dynalake::text::Misfit;
use dynalake::text::time;
use framed::Framed;
use output::{Format, Output};
use run::{Run, Settings};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
Runs the transformation on files and prints the rows, or writes them as Parquet.

An input is a file, a folder (all files in it at every depth, sorted, without hidden ones), an object
on S3 (s3://bucket/key), all objects below a prefix (s3://bucket/prefix/), or - for standard input.
What it holds is told by its content, whatever its name; gzip is unzipped, and a
byte order mark skipped. It is one of these, or several one after the other, with or without line
breaks between them:
  * change records, of Kinesis Data Streams for DynamoDB or of DynamoDB Streams, also in one JSON
    list;
  * an event as Lambda gets it: {\"records\": […]} of Firehose, {\"Records\": […]} of Kinesis or of
    DynamoDB Streams, or what `aws kinesis get-records` and `aws dynamodbstreams get-records` print;
  * an object of Firehose's error prefix, whose lines hold the record in \"rawData\";
  * lines of a table's export to S3 in DYNAMODB_JSON, full or incremental. They don't say their
    table: it is the schema's, or --table. A full export needs --export-time.

The code that runs is the deployed one. The response to a Firehose event is limited to 6,291,456
bytes as in Lambda; of all else the rows together have no limit, and memory does not grow with the
input. With --format response change records are put into events of about 4 MB, base64 and all.

With --format parquet --out FOLDER the rows are in FOLDER/dt=2026-01-31/hour=23/part-00000.parquet,
by the UTC hours of their changes, in the form that Firehose writes, SNAPPY. A file appears when it
is whole, and is printed with its rows and bytes. At about --file-mib a new one begins. A response's
limit does not hold there.

With --framed, standard input is a stream of frames, as the Spark job writes it: records of Kinesis
with their sequence numbers and arrivals, and at the end how many there were. The rows are in
OUT/dt=2026-01-31/hour=23/NAME.parquet, beside whatever is there, and what can't be a row is in
REJECTED/dt=…/hour=…/NAME.json, by the first record's arrival: one per line, in the form of
Firehose's error prefix, which `dynalake replay` reads. It is unchanged, protected attributes in
clear: keep that out of a table's location. Files get their names when the whole stream has come to
its end frame, and none does otherwise. The same stream gives the same names and bytes again, in the
place of those before. Standard output then has one line of JSON, for the program that started this:
  {\"records\":9,\"rows\":6,\"rejected\":1,\"dropped\":2,\"rescued\":1,\"files\":1}
A record has to say its table, as in the deployed functions.

Standard error names each failed record and each rescued value by its record, path and reason, the
first 20 of each reason, then sums up. line-17 is what begins on line 17, line-17#2 the second value
on that line, Records[0] the first record of a Lambda event; with several files the file's name goes
in front. A value that is no record fails alone, and a file that can't be read costs no other. An
attribute's value is never shown there. Duplicates are records beyond the first of an event id
within one event, or within 3 MB of change records.";

const EXAMPLES: &str = "\
Examples:
  dynalake transform --schema orders.json changes.jsonl
  dynalake transform --schema orders.json --format jsonl changes.jsonl > rows.jsonl
  dynalake transform --schema orders.json --format response event.json   # what Lambda would answer
  dynalake transform --schema orders.json --tables orders-dev changes.jsonl
  dynalake transform --schema orders.json --format parquet --out rows changes.jsonl
  aws kinesis get-records --shard-iterator \"$IT\" | dynalake transform --schema orders.json

  # Which reason does each record have that failed behind Firehose?
  dynalake transform --schema orders.json s3://my-bucket/errors/orders/processing-failed/

  # What is in the table already: an export, with exportTime from its manifest-summary.json
  dynalake transform --schema orders.json --export-time 2024-05-27T06:11:47Z \\
      s3://my-bucket/AWSDynamoDB/01716790307109-cfa31da1/data/

Exit codes:
  0  every record is a row, or not wanted
  1  a record failed, or an input could not be read; the rows of all others are there
  2  nothing could be done: wrong usage, no input that can be read, a schema or setting that is
     rejected; with --framed also: a stream that is wrong, files that can't be written";

const NEEDS_SCHEMA: &str = "--format parquet needs the columns' types; add --schema FILE";
const NEEDS_OUT: &str = "--format parquet writes files; add --out FOLDER";

/// The longest name of --framed: with what is put behind it, it is a file's name anywhere.
const MAX_NAME: usize = 200;

/// Run the transformation on files and print the rows.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and folders, also on S3; - is standard input.
    #[arg(value_name = "INPUT", default_value = "-")]
    inputs: Vec<PathBuf>,

    /// The table's schema; without one everything is flattened.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,

    /// The table of records that don't say theirs, and of exports; by default the schema's
    ///
    /// A record says its table in `tableName` or `eventSourceARN`. A Firehose event's records
    /// must: the deployed function knows no default.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// Tables whose changes are wanted, separated by commas; by default the schema's
    ///
    /// Changes of other tables are dropped. Without a schema all tables are wanted.
    /// Means the same as the setting `DYNALAKE_TABLES`.
    #[arg(long, value_name = "NAMES")]
    tables: Option<String>,

    /// The time of a full export, as 2026-01-31T12:00:00Z
    ///
    /// It is `exportTime` in the export's manifest-summary.json. Its rows are dated five minutes
    /// earlier, so that each change which the stream has from then on wins over them.
    #[arg(long, value_name = "TIME")]
    export_time: Option<String>,

    /// Partition keys that come with each row, seen with --format response
    ///
    /// Means the same as the setting `DYNALAKE_PARTITION_KEYS`.
    #[arg(long, value_name = "KEYS", value_enum, default_value_t)]
    partition_keys: PartitionKeys,

    /// What is printed or written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The folder of --format parquet, new or empty (with --framed, any); also one on S3, as
    /// `s3://bucket/prefix/`.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// How --format parquet writes timestamps [default: int96]
    #[arg(long, value_name = "FORM", value_enum)]
    timestamps: Option<Timestamps>,

    /// Where --format parquet begins a new file, in MiB [default: 128]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    file_mib: Option<u32>,

    /// Standard input is a stream of frames, with --format parquet
    ///
    /// Each run writes the files of one stream, or none. Needs --name and --rejected too. The
    /// format of the stream is in docs/function.md.
    #[arg(long)]
    framed: bool,

    /// What the files of --framed are called: letters, digits, `-`, `_` and `.`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The folder of what can't be rows, with --framed; also one on S3.
    #[arg(long, value_name = "FOLDER")]
    rejected: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PartitionKeys {
    /// None.
    #[default]
    None,
    /// Table, year, month, day and hour of the change, in UTC.
    #[value(name = "event_time")]
    EventTime,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let reads_stdin = check_standard_input(&args.inputs)?;
    if reads_stdin && args.schema.as_deref() == Some(Path::new("-")) {
        return Exit::reject("--schema is \"-\" and so is the input: give one of them as a file");
    }
    if args.framed {
        return framed(args);
    }
    for (option, is_given) in
        [("--name", args.name.is_some()), ("--rejected", args.rejected.is_some())]
    {
        if is_given {
            return Exit::reject(format!("{option} is for --framed; add it"));
        }
    }
    let settings = settings(args)?;
    let files = files(args, settings.schema.as_ref())?;
    let sources = sources(&args.inputs);
    let lens = sources.iter().flatten().map(|source| source.len);
    let report = Report::new(lens.sum(), args.format != Format::Parquet);
    let output = Output::new(report, args.format, &settings.plan());
    let is_one_of_several =
        sources.len() > 1 || sources.iter().flatten().any(|source| source.in_folder);
    Run::new(settings, output, files).inputs(sources, is_one_of_several)
}

/// Where --format parquet writes.
fn files(args: &Args, schema: Option<&Schema>) -> Result<Option<Files>, Exit> {
    if args.format != Format::Parquet {
        for (option, is_given) in [
            ("--out", args.out.is_some()),
            ("--timestamps", args.timestamps.is_some()),
            ("--file-mib", args.file_mib.is_some()),
        ] {
            if is_given {
                return Exit::reject(format!("{option} is for --format parquet; add it"));
            }
        }
        return Ok(None);
    }
    let Some(schema) = schema else {
        return Exit::reject(NEEDS_SCHEMA);
    };
    let Some(folder) = &args.out else {
        return Exit::reject(NEEDS_OUT);
    };
    let form = args.timestamps.unwrap_or_default().form(schema)?;
    let file_bytes = args.file_mib.unwrap_or(128) as usize * (1 << 20);
    let folder = Folder::at(folder).map_err(|trouble| Exit::Rejected(trouble.0))?;
    let name = folder.name();
    match folder.make() {
        Ok(false) => {}
        Ok(true) => {
            return Exit::reject(format!(
                "--out: {name} is not empty, and files of the same names would be replaced; give a \
                 new folder"
            ));
        }
        Err(error) => return Err(Exit::unwritable_file(&name, &error)),
    }
    let options = Options {
        names: Names::Numbered("part".to_owned()),
        publish: Publish::AtOnce,
        replace: Replace::No,
        file_bytes,
    };
    Ok(Some(Files::new(folder, form, options)))
}

/// Takes a stream of frames to files.
fn framed(args: &Args) -> Result<ExitCode, Exit> {
    if args.inputs != [Path::new("-")] {
        return Exit::reject("--framed reads standard input; give - as the input, or none");
    }
    if args.format != Format::Parquet {
        return Exit::reject("--framed writes Parquet files; add --format parquet");
    }
    for (option, is_given, why) in [
        ("--table", args.table.is_some(), "each record has to say its table"),
        ("--tables", args.tables.is_some(), "changes of the schema's table are wanted"),
        ("--export-time", args.export_time.is_some(), "frames hold no lines of an export"),
        (
            "--partition-keys",
            !matches!(args.partition_keys, PartitionKeys::None),
            "there is no response",
        ),
        ("--file-mib", args.file_mib.is_some(), "each run has to give the same files"),
    ] {
        if is_given {
            return Exit::reject(format!("{option} does not go with --framed: {why}; remove it"));
        }
    }
    let Some(schema) = &args.schema else { return Exit::reject(NEEDS_SCHEMA) };
    let Some(out) = &args.out else { return Exit::reject(NEEDS_OUT) };
    let Some(name) = &args.name else {
        return Exit::reject("--framed writes files of one name; add --name NAME");
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // Readers pass over names that begin with a dot or an underscore.
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !name.bytes().all(is_plain)
        || name.len() > MAX_NAME
    {
        return Exit::reject(format!(
            "--name is \"{}\": give at most {MAX_NAME} letters, digits, -, _ and ., of which the \
             first is a letter or a digit",
            name.escape_default()
        ));
    }
    let Some(rejected) = &args.rejected else {
        return Exit::reject("--framed keeps what can't be a row; add --rejected FOLDER");
    };
    let (_, schema) = schema_file::read(schema)?;
    let timestamps = args.timestamps.unwrap_or_default();
    let out = Folder::at(out).map_err(|trouble| Exit::Rejected(trouble.0))?;
    let rejected = open_rejected(rejected)?;
    let form = timestamps.form(&schema)?;
    Framed::new(timestamps.plan(&schema), form, name, out, rejected).run()
}

/// What is to be done, as the arguments say.
fn settings(args: &Args) -> Result<Settings, Exit> {
    let schema = match &args.schema {
        Some(path) => Some(schema_file::read(path)?.1),
        None => None,
    };
    let plan = schema.as_ref().map_or_else(Plan::schemaless, Plan::new);
    let mut tables = record::Options::new(&plan).tables;
    if let Some(names) = &args.tables {
        let named = parse_tables("--tables", names);
        tables = Some(named.map_err(|error| Exit::Rejected(error.to_string()))?);
    }
    if let Some(table) = &args.table {
        if table.is_empty() || table.contains(',') {
            return Exit::reject(format!(
                "--table is \"{}\": give the name of one table",
                table.escape_default()
            ));
        }
        if args.format == Format::Response {
            return Exit::reject(
                "--table: with --format response the function answers, which knows no default for \
                 records that don't say their table; remove one of the two",
            );
        }
        if let Some(wanted) = tables.as_ref().filter(|wanted| !wanted.contains(table)) {
            say(&format!(
                "warning: --table is \"{}\", and wanted are only changes of {}: records that don't \
                 say their table are dropped; add --tables to want others",
                table.escape_default(),
                wanted.join(", ")
            ));
        }
    }
    let export_time_us = args.export_time.as_deref().map(parse_export_time).transpose()?;
    Ok(Settings {
        tables,
        default_table: args.table.clone().or(plan.table),
        schema,
        export_time_us,
        partition_keys: matches!(args.partition_keys, PartitionKeys::EventTime),
        precision: args.timestamps.unwrap_or_default().to_parquet().precision(),
        format: args.format,
    })
}

/// The time of a full export's rows, in microseconds since 1970.
fn parse_export_time(text: &str) -> Result<u64, Exit> {
    let time_us = time::parse_instant_us(text.as_bytes())
        .and_then(|time_us| time_us.checked_sub(MARGIN_US).ok_or(Misfit::Range));
    time_us.map_err(|misfit| {
        let why = match misfit {
            Misfit::Type => "it is not an ISO 8601 time with Z or an offset",
            Misfit::Range => "it is outside 1970 to 2261",
        };
        Exit::Rejected(format!(
            "--export-time is \"{}\": {why}; write it as 2026-01-31T12:00:00Z",
            text.escape_default()
        ))
    })
}
