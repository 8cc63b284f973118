//! `dynalake transform`: the deployed transformation on a file.

use crate::exit::Exit;
use crate::input::{Input, Record};
use crate::report::{Report, say};
use crate::schema_file;
use crate::spans;
use crate::table::Pages;
use clap::ValueEnum;
use dynalake::failure::Failure;
use dynalake::firehose::{
    self, Data, EventWriter, MAX_RESPONSE_BYTES, MAX_ROW_BYTES, Transformed, Transformer, answers,
};
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::schema::Plan;
use dynalake::settings::parse_tables;
use dynalake::statistics::EventIds;
use dynalake::text::json::{Cursor, unescape};
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// After so many bytes of change records rows are printed, and duplicates forgotten; an event made
/// of them ends too.
const BATCH_BYTES: u64 = 3 << 20;

/// What is kept of a buffer from batch to batch.
const KEPT_BYTES: usize = 1 << 20;

const ABOUT: &str = "\
Runs the transformation on a file and prints the rows.

The input is one of
  * a Firehose transformation event: one JSON object with \"records\", as in Lambda's test events;
  * a Lambda test event {\"Records\": […]} of DynamoDB Streams or of Kinesis, or what
    `aws kinesis get-records` prints;
  * change records as Kinesis carries them, one JSON object per line (blank lines are skipped), or a
    single one on several lines.

The code that runs is the deployed one. A Firehose event's response is limited to 6,291,456 bytes
as in Lambda; change records have no limit on all rows together, so that a file may be of any
length. With --format response they are put into events of about 4 MB, base64 and all.

Standard error names each failed record and each rescued value by recordId, path and reason, the
first 20 of each reason, then sums up. line-17 is line 17 of the input, Records[0] the first record
of a test event. An attribute's value is never shown there. Duplicates are records beyond the first
of an event id within one event, or within 3 MB of change records.";

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
  2  wrong usage, unreadable input, input of no known kind, a schema or setting that is rejected";

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
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    if args.schema.as_deref().is_some_and(is_stdin) && is_stdin(&args.input) {
        return Exit::reject("--schema is \"-\" and so is the input: give one of them as a file");
    }
    let plan = match &args.schema {
        Some(path) => Plan::new(&schema_file::read(path)?.1),
        None => Plan::schemaless(),
    };
    let mut tables = record::Options::new(&plan).tables;
    if let Some(names) = &args.tables {
        let named = parse_tables("--tables", names);
        tables = Some(named.map_err(|error| Exit::Rejected(error.to_string()))?);
    }
    if is_stdin(&args.input) && io::stdin().is_terminal() {
        say("reading standard input; end it with Ctrl-D, or give a file");
    }
    let input = Input::open(&args.input)?;
    let mut output = Output {
        report: Report::new(input.len()),
        rows: Rows::new(args.format, &plan),
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
    };
    let partition_keys = matches!(args.partition_keys, PartitionKeys::EventTime);
    let is_event = input.is_firehose_event();
    if is_event || args.format == Format::Response {
        let max_response_bytes = if is_event { MAX_RESPONSE_BYTES } else { usize::MAX };
        let options = firehose::Options { tables, partition_keys, max_response_bytes };
        let transformer = Transformer::new(plan, options);
        events(input, transformer, &mut output)?;
    } else {
        let options = record::Options { tables, default_table: None, max_row_bytes: MAX_ROW_BYTES };
        records(input, RecordTransformer::new(plan, options), &mut output)?;
    }
    Ok(output.code())
}

/// Transforms change records one by one.
fn records(
    mut input: Input,
    mut transformer: RecordTransformer,
    output: &mut Output,
) -> Result<(), Exit> {
    let (mut event_ids, mut batch) = (EventIds::default(), 0);
    let (mut row, mut scratch) = (Vec::new(), Vec::new());
    while let Some(record) = input.next_record()? {
        row.clear();
        batch += match record.data {
            Data::Plain(bytes) | Data::Encoded(bytes) => bytes.len() as u64,
            Data::Absent => 0,
        };
        let outcome = if fill(transformer.buffer(), record.data) {
            let sequence_number = record.sequence_number.map(|number| {
                scratch.clear();
                unescape(number, &mut scratch);
                &*scratch
            });
            let done = transformer.transform_buffered(sequence_number, &mut row);
            if let Some(id) = done.event_id {
                output.report.duplicates(event_ids.is_duplicate(id).into());
            }
            done.outcome
        } else {
            Outcome::Failed(Failure::NotBase64)
        };
        match outcome {
            Outcome::Row { rescued, .. } => output.row(&record.id, &row, rescued)?,
            Outcome::Dropped => output.report.dropped(),
            Outcome::Failed(failure) => {
                output.report.failed(&record.id, failure, transformer.plan());
            }
        }
        if batch >= BATCH_BYTES {
            batch = 0;
            event_ids.shrink(KEPT_BYTES);
            transformer.shrink(KEPT_BYTES);
            output.flush()?;
            output.report.advance(input.bytes_read());
        }
    }
    output.finish()?;
    output.report.finish(input.bytes_read(), None, transformer.plan());
    Ok(())
}

/// Puts a record's bytes into a buffer; says whether it has any.
fn fill(buffer: &mut Vec<u8>, data: Data<'_>) -> bool {
    match data {
        Data::Plain(bytes) => buffer.extend_from_slice(bytes),
        Data::Encoded(text) => {
            let mut unescaped = Vec::new();
            unescape(text, &mut unescaped);
            return base64_simd::STANDARD.decode_append(&unescaped, buffer).is_ok();
        }
        Data::Absent => return false,
    }
    true
}

/// Transforms events: the one that the input is, or those made of its change records.
fn events(mut input: Input, mut transformer: Transformer, output: &mut Output) -> Result<(), Exit> {
    let limit = input.is_firehose_event().then_some(MAX_RESPONSE_BYTES);
    while let Some(event) = next_event(&mut input)? {
        // The clock only dates the age of changes, which is not reported here.
        let Transformed { response, statistics } = transformer
            .transform(&event, 0)
            .map_err(|error| Exit::Rejected(format!("{}: {error}", input.name())))?;
        output.report.duplicates(statistics.duplicates);
        output.report.response(response.len());
        let mut failures = statistics.failures.iter().peekable();
        let answers = answers(&response).map_err(|error| Exit::Rejected(error.to_string()))?;
        for (at, answer) in answers.enumerate() {
            if let Some(failed) = failures.next_if(|failed| failed.record == at) {
                output.report.failed(&answer.record_id, failed.failure, transformer.plan());
            } else if let Some(row) = answer.row {
                output.row(&answer.record_id, &row, statistics.rows_rescued > 0)?;
            } else {
                output.report.dropped();
            }
        }
        output.response(&response)?;
        output.flush()?;
        output.report.advance(input.bytes_read());
    }
    output.finish()?;
    output.report.finish(input.bytes_read(), limit, transformer.plan());
    Ok(())
}

/// The event that the input is, or one of its next change records.
fn next_event(input: &mut Input) -> Result<Option<Vec<u8>>, Exit> {
    if let Some(event) = input.take_event() {
        return Ok(Some(event));
    }
    let mut event = EventWriter::default();
    while (event.len() as u64) < BATCH_BYTES / 3 * 4 {
        let Some(Record { id, data, sequence_number }) = input.next_record()? else { break };
        event.push(&id.to_string(), data, sequence_number);
    }
    Ok(event.finish())
}

/// Where rows, responses and what is said of them go.
struct Output {
    report: Report,
    rows: Rows,
    out: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Prints and counts a row; `may_be_rescued`: whether it is worth a look for `_rescued`.
    fn row(&mut self, id: &impl Display, row: &[u8], may_be_rescued: bool) -> Result<(), Exit> {
        let rescued = if may_be_rescued { rescued(row) } else { Vec::new() };
        self.report.row(id, row, &rescued);
        let written = self.rows.row(row, &mut self.out);
        self.written(written)
    }

    fn response(&mut self, response: &[u8]) -> Result<(), Exit> {
        let written = self.rows.response(response, &mut self.out);
        self.written(written)
    }

    fn flush(&mut self) -> Result<(), Exit> {
        let written = self.out.flush();
        self.written(written)
    }

    fn finish(&mut self) -> Result<(), Exit> {
        let written = self.rows.finish(&mut self.out).and_then(|()| self.out.flush());
        self.written(written)
    }

    fn written(&self, result: io::Result<()>) -> Result<(), Exit> {
        result.map_err(|error| Exit::unwritable(&error, self.code()))
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.report.has_failures()))
    }
}

/// The paths in a row's `_rescued`, each with its reason.
fn rescued(row: &[u8]) -> Vec<(String, String)> {
    let found = spans::members(&mut Cursor::new(row)).ok().and_then(|members| {
        let text = spans::string(spans::member(&members, "_rescued", row)?)?.into_bytes();
        let entries = spans::members(&mut Cursor::new(&text)).ok()?;
        let reason_of = |entry: &[u8]| {
            let members = spans::members(&mut Cursor::new(entry)).ok()?;
            spans::string(spans::member(&members, "reason", entry)?)
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

    fn response(&mut self, response: &[u8], out: &mut impl Write) -> io::Result<()> {
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
