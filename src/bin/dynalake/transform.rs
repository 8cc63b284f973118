//! `dynalake transform`: the deployed transformation on a file.

use crate::input::Input;
use crate::json;
use crate::report::{Report, say};
use crate::stop::Stop;
use crate::table::Pages;
use clap::ValueEnum;
use dynalake::event::{Event, MAX_RESPONSE_BYTES};
use dynalake::json::Cursor;
use dynalake::schema::{Plan, Schema, SchemaError};
use dynalake::settings::parse_tables;
use dynalake::transform::{Options, Statistics, Transformed, Transformer};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
Runs the transformation on a file and prints the rows.

The input is one of
  * a Firehose transformation event: one JSON object with \"records\", as in Lambda's test events;
  * a Lambda test event {\"Records\": […]} of DynamoDB Streams or of Kinesis, or what
    `aws kinesis get-records` prints;
  * change records as Kinesis carries them, one JSON object per line (blank lines are skipped), or a
    single one on several lines.

The code that runs is the deployed one, down to base64 and back. A Firehose event's response is
limited to 6,291,456 bytes as in Lambda; change records are handed over in events of about 4 MB,
without that limit on all rows together, so that a file may be of any length.

Standard error names each failed record and each rescued value by recordId, path and reason, the
first 20 of each reason, then sums up. line-17 is line 17 of the input, Records[0] the first record
of a test event. An attribute's value is never shown there. Duplicates are records beyond the first
of an event id within one event.";

const EXAMPLES: &str = "\
Examples:
  dynalake transform --schema orders.json changes.jsonl
  dynalake transform --schema orders.json --format jsonl changes.jsonl > rows.jsonl
  dynalake transform --schema orders.json --format response event.json   # what Lambda would answer
  dynalake transform --schema orders.json --tables orders-dev changes.jsonl
  aws kinesis get-records --shard-iterator \"$IT\" | dynalake transform --schema orders.json

Exit codes:
  0  every record is Ok or Dropped
  1  at least one record is ProcessingFailed
  2  wrong usage, unreadable input, input of no known kind, a schema or setting that is refused";

/// Run the transformation on a file and print the rows.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The input; - is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    input: PathBuf,

    /// The table's schema; without one everything is flattened.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,

    /// Tables whose changes are wanted, separated by commas; by default the schema's
    ///
    /// Changes of other tables are dropped. Without a schema all tables are wanted.
    /// Means the same as the setting `DYNALAKE_TABLES`.
    #[arg(long, value_name = "NAMES")]
    tables: Option<String>,

    /// Partition keys that come with each row, seen with --format response
    ///
    /// Means the same as the setting `DYNALAKE_PARTITION_KEYS`.
    #[arg(long, value_name = "KEYS", value_enum, default_value_t)]
    partition_keys: PartitionKeys,

    /// What is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The rows as tables of 200, without the columns that are empty there, long values shortened.
    #[default]
    Table,
    /// The rows, byte for byte as Firehose gets them.
    Jsonl,
    /// The responses to Firehose, one per line.
    Response,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Stop> {
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    if args.schema.as_deref().is_some_and(is_stdin) && is_stdin(&args.input) {
        return Stop::refuse("--schema is \"-\" and so is the input: give one of them as a file");
    }
    let plan = match &args.schema {
        Some(path) => {
            let schema = Schema::parse(&read_schema_text(path)?);
            Plan::new(&schema.map_err(|error| refuse_schema(path, &error))?)
        }
        None => Plan::schemaless(),
    };
    let tables = match &args.tables {
        Some(names) => {
            Some(parse_tables("--tables", names).map_err(|e| Stop::Refused(e.to_string()))?)
        }
        None => plan.table.clone().map(|table| vec![table]),
    };
    if is_stdin(&args.input) && io::stdin().is_terminal() {
        say("reading standard input; end it with Ctrl-D, or give a file");
    }
    let input = Input::open(&args.input)?;
    let max_response_bytes =
        if input.is_firehose_event() { MAX_RESPONSE_BYTES } else { usize::MAX };
    let partition_keys = matches!(args.partition_keys, PartitionKeys::EventTime);
    let options = Options { tables, partition_keys, max_response_bytes };
    let transformer = Transformer::new(plan, options);
    Run {
        report: Report::new(input.len()),
        rows: Rows::new(args.format, transformer.plan()),
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        transformer,
        input,
    }
    .run()
}

/// A schema that is refused.
pub(crate) fn refuse_schema(path: &Path, error: &SchemaError) -> Stop {
    Stop::Refused(format!("schema {}: {error}", path.display()))
}

/// A schema file's text.
pub(crate) fn read_schema_text(path: &Path) -> Result<String, Stop> {
    if path.as_os_str() == "-" {
        return io::read_to_string(io::stdin())
            .map_err(|error| Stop::unreadable("the schema from standard input", &error));
    }
    std::fs::read_to_string(path)
        .map_err(|error| Stop::unreadable(&format!("schema {}", path.display()), &error))
}

/// One run, from the first event to the summary.
struct Run {
    input: Input,
    transformer: Transformer,
    report: Report,
    rows: Rows,
    out: BufWriter<StdoutLock<'static>>,
}

impl Run {
    fn run(mut self) -> Result<ExitCode, Stop> {
        let limit = self.input.is_firehose_event().then_some(MAX_RESPONSE_BYTES);
        while let Some(event) = self.input.next_event()? {
            // The clock only dates the age of changes, which is not reported here.
            let Transformed { response, statistics } = self
                .transformer
                .transform(&event, 0)
                .map_err(|error| Stop::Refused(format!("{}: {error}", self.input.name())))?;
            self.report.add(&statistics);
            self.show(&event, &response, &statistics)?;
            self.report.advance(self.input.bytes_read());
        }
        let written = self.rows.finish(&mut self.out).and_then(|()| self.out.flush());
        written.map_err(|error| Stop::unwritable(&error, self.code()))?;
        self.report.finish(self.input.bytes_read(), limit, self.transformer.plan());
        Ok(self.code())
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.report.totals.failed > 0))
    }

    /// Prints what an event came to.
    fn show(&mut self, event: &[u8], response: &[u8], statistics: &Statistics) -> Result<(), Stop> {
        // A response has the records of an event: a `recordId`, and `data` where there is a row.
        let records =
            Event::parse(response).map_err(|error| Stop::Refused(error.to_string()))?.records;
        let mut failures = statistics.failures.iter().peekable();
        let (mut row, mut scratch) = (Vec::new(), Vec::new());
        for (at, record) in records.iter().enumerate() {
            if let Some(failed) = failures.next_if(|failed| failed.record == at) {
                let plan = self.transformer.plan();
                self.report.failed(&failed.record_id(event), failed.failure, plan);
            }
            let Some(data) = record.data else { continue };
            row.clear();
            let decoded = base64_simd::STANDARD.decode_append(data.raw(response), &mut row);
            debug_assert!(decoded.is_ok(), "the response holds base64");
            self.report.add_row(row.len());
            if statistics.rows_rescued > 0 {
                for (path, reason) in rescued(&row) {
                    let record_id = record.record_id.decoded(response, &mut scratch);
                    self.report.rescued(&String::from_utf8_lossy(record_id), &path, &reason);
                }
            }
            let written = self.rows.row(&row, &mut self.out);
            written.map_err(|error| Stop::unwritable(&error, self.code()))?;
        }
        let written = self.rows.event(response, &mut self.out).and_then(|()| self.out.flush());
        written.map_err(|error| Stop::unwritable(&error, self.code()))
    }
}

/// The paths in a row's `_rescued`, each with its reason.
fn rescued(row: &[u8]) -> Vec<(String, String)> {
    let found = json::members(&mut Cursor::new(row)).ok().and_then(|members| {
        let text = json::string(json::member(&members, "_rescued", row)?)?.into_bytes();
        let entries = json::members(&mut Cursor::new(&text)).ok()?;
        let reason_of = |entry: &[u8]| {
            let members = json::members(&mut Cursor::new(entry)).ok()?;
            json::string(json::member(&members, "reason", entry)?)
        };
        let entries = entries.into_iter();
        Some(entries.filter_map(|(path, at)| Some((path, reason_of(&text[at])?))).collect())
    });
    found.unwrap_or_default()
}

/// Prints rows in one of the formats.
enum Rows {
    Table(Box<Pages>),
    Jsonl,
    Response,
}

impl Rows {
    fn new(format: Format, plan: &Plan) -> Rows {
        match format {
            Format::Table => Rows::Table(Box::new(Pages::new(plan))),
            Format::Jsonl => Rows::Jsonl,
            Format::Response => Rows::Response,
        }
    }

    fn row(&mut self, row: &[u8], out: &mut impl Write) -> io::Result<()> {
        match self {
            Rows::Table(pages) => pages.add(row, out),
            Rows::Jsonl => out.write_all(row),
            Rows::Response => Ok(()),
        }
    }

    fn event(&mut self, response: &[u8], out: &mut impl Write) -> io::Result<()> {
        if let Rows::Response = self {
            out.write_all(response)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Rows::Table(pages) => pages.finish(out),
            Rows::Jsonl | Rows::Response => Ok(()),
        }
    }
}
