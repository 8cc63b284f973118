//! Inputs, taken to rows or responses.

use super::output::{Format, Output, rescued};
use crate::exit::Exit;
use crate::files::Files;
use crate::input::{Encoding, Input, Piece, Reads, Record, RecordId, Source, fill, reason};
use crate::trouble::Trouble;
use dynalake::change::export;
use dynalake::failure::Failure;
use dynalake::firehose::{
    self, Data, EventWriter, MAX_RESPONSE_BYTES, MAX_ROW_BYTES, Transformed, Transformer, answers,
};
use dynalake::record::{self, Outcome, RecordTransformer};
use dynalake::schema::{Binary, Plan, Precision, Schema};
use dynalake::statistics::EventIds;
use dynalake::text::json::unescape;
use std::fmt::Display;
use std::process::ExitCode;

/// After so many bytes of change records rows are printed, and duplicates forgotten; an event made
/// of them ends too.
const BATCH_BYTES: usize = 3 << 20;

/// What is kept of a buffer from batch to batch.
const KEPT_BYTES: usize = 1 << 20;

/// What is to be done.
pub(super) struct Settings {
    pub(super) schema: Option<Schema>,
    pub(super) tables: Option<Vec<String>>,
    pub(super) default_table: Option<String>,
    /// The time of a full export's rows.
    pub(super) export_time_us: Option<u64>,
    pub(super) partition_keys: bool,
    pub(super) precision: Precision,
    pub(super) format: Format,
}

impl Settings {
    /// The schema's plan, or that of none.
    pub(super) fn plan(&self) -> Plan {
        let mut plan = self.schema.as_ref().map_or_else(Plan::schemaless, Plan::new);
        plan.set_precision(self.precision);
        plan
    }

    /// Takes records to rows; `binary` is stronger than what the schema says.
    fn records(&self, binary: Option<Binary>, default_table: Option<&String>) -> RecordTransformer {
        let mut plan = self.plan();
        plan.binary = binary.or(plan.binary);
        let options = record::Options {
            tables: self.tables.clone(),
            default_table: default_table.cloned(),
            // Files have no response that a row must fit into.
            max_row_bytes: if self.format == Format::Parquet { usize::MAX } else { MAX_ROW_BYTES },
        };
        RecordTransformer::new(plan, options)
    }

    /// Takes events to responses.
    fn events(&self, max_response_bytes: usize) -> Transformer {
        let options = firehose::Options {
            tables: self.tables.clone(),
            partition_keys: self.partition_keys,
            max_response_bytes,
        };
        Transformer::new(self.plan(), options)
    }
}

/// Why an input is left.
enum Stop {
    /// The others can be read.
    Input(Trouble),
    /// Nothing can be printed any more.
    Program(Exit),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Stop {
        Stop::Input(trouble)
    }
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Stop {
        Stop::Program(exit)
    }
}

/// A run over all inputs.
pub(super) struct Run {
    records: RecordTransformer,
    /// For records whose binary is encoded once, whatever the schema says.
    encoded_once: RecordTransformer,
    /// For records of Firehose's events whose rows go to files: they must say their table.
    of_firehose: RecordTransformer,
    /// For Firehose's events, whose responses are limited.
    events: Transformer,
    /// For events that are made here of change records.
    made_events: Transformer,
    event: EventWriter,
    event_ids: EventIds,
    batch_bytes: usize,
    row: Vec<u8>,
    scratch: Vec<u8>,
    settings: Settings,
    output: Output,
    /// Where rows go with --format parquet.
    files: Option<Files>,
}

impl Run {
    pub(super) fn new(settings: Settings, output: Output, files: Option<Files>) -> Run {
        let default_table = settings.default_table.as_ref();
        Run {
            records: settings.records(None, default_table),
            encoded_once: settings.records(Some(Binary::Single), default_table),
            of_firehose: settings.records(None, None),
            events: settings.events(MAX_RESPONSE_BYTES),
            made_events: settings.events(usize::MAX),
            event: EventWriter::default(),
            event_ids: EventIds::default(),
            batch_bytes: 0,
            row: Vec::new(),
            scratch: Vec::new(),
            settings,
            output,
            files,
        }
    }

    /// Takes each input to rows. One that can't be read is named, and costs no other.
    pub(super) fn inputs(
        mut self,
        sources: Vec<Result<Source, Trouble>>,
        is_one_of_several: bool,
    ) -> Result<ExitCode, Exit> {
        for source in sources {
            let report = &mut self.output.report;
            let Some(mut input) =
                Input::open_or_say(source, is_one_of_several, Reads::Records, report)
            else {
                continue;
            };
            let done = self.input(&mut input);
            self.output.report.close_input(input.bytes_read(), done.is_ok());
            match done {
                Ok(()) => {}
                Err(Stop::Input(trouble)) => self.output.report.input_failed(&trouble.0),
                Err(Stop::Program(exit)) => return Err(exit),
            }
        }
        self.end_event()?;
        if let Some(files) = &mut self.files {
            let done = files.finish();
            self.output.files(files.take_finished())?;
            done?;
        }
        self.output.finish()?;
        if self.output.report.has_done_something() {
            self.output.report.finish();
        } else if !self.output.report.has_failures() {
            return Exit::reject("there is nothing to read: no input has a record");
        }
        Ok(self.output.report.code())
    }

    fn input(&mut self, input: &mut Input) -> Result<(), Stop> {
        loop {
            let Some(piece) = input.next()? else { return Ok(()) };
            match piece {
                Piece::FirehoseEvent { id, event } if self.files.is_some() => {
                    self.firehose_records(&id, event)?;
                }
                Piece::FirehoseEvent { id, event } => self.firehose_event(&id, event)?,
                Piece::Record(record) if self.settings.format == Format::Response => {
                    let Record { id, data, sequence_number, .. } = record;
                    self.event.push(&id.to_string(), data, sequence_number);
                    if self.event.len() >= BATCH_BYTES / 3 * 4 {
                        self.end_event()?;
                        self.output.report.advance(input.bytes_read());
                    }
                }
                Piece::Record(record) => self.record(&record.id, &record, false)?,
                Piece::Item { id, item } => self.failed(&id, Failure::NotJson, Data::Plain(item)),
                Piece::ExportLine { id, line, is_full } => {
                    match self.rejects_exports(is_full) {
                        None => self.export_line(&id, line, is_full)?,
                        // The rest of the file is most likely the same.
                        Some(what) if id.is_first() => {
                            let name = input.name();
                            return Err(Trouble(format!("{name} begins with {what}")).into());
                        }
                        Some(what) => {
                            self.output.report.failed(&id, &format!("the data is {what}"));
                        }
                    }
                }
            }
            if self.batch_bytes >= BATCH_BYTES {
                self.end_batch()?;
                self.output.report.advance(input.bytes_read());
            }
        }
    }

    /// Takes one change record to its row.
    fn record(
        &mut self,
        id: &impl Display,
        record: &Record<'_>,
        is_of_firehose: bool,
    ) -> Result<(), Exit> {
        if record.is_other_json {
            self.failed(id, Failure::NotJson, record.data);
            return Ok(());
        }
        self.batch_bytes += match record.data {
            Data::Plain(bytes) | Data::Encoded(bytes) => bytes.len(),
            Data::Absent => 0,
        };
        let transformer = match record.encoding {
            _ if is_of_firehose => &mut self.of_firehose,
            Encoding::AsTheRecordSays => &mut self.records,
            Encoding::Once => &mut self.encoded_once,
        };
        let sequence_number = record.sequence_number.map(|number| {
            self.scratch.clear();
            unescape(number, &mut self.scratch);
            &*self.scratch
        });
        self.row.clear();
        if !fill(transformer.buffer(), record.data) {
            self.failed(id, Failure::NotBase64, record.data);
            return Ok(());
        }
        let done = match &mut self.files {
            None => transformer.transform_buffered(sequence_number, &mut self.row),
            Some(files) => transformer.transform_buffered(sequence_number, files),
        };
        if let Some(id) = done.event_id {
            self.output.report.duplicates(self.event_ids.is_duplicate(id).into());
        }
        match done.outcome {
            Outcome::Row { rescued, .. } => {
                let rescued = if rescued { transformer.rescued() } else { b"" };
                self.output.row(id, &self.row, rescued)?;
            }
            Outcome::Dropped => self.output.report.dropped(),
            Outcome::Failed(failure) => self.failed(id, failure, record.data),
        }
        self.advance()
    }

    /// Takes a line of an export to its row.
    fn export_line(&mut self, id: &RecordId<'_>, line: &[u8], is_full: bool) -> Result<(), Exit> {
        self.row.clear();
        self.batch_bytes += line.len();
        let kind = match self.settings.export_time_us {
            Some(time_us) if is_full => export::Kind::Full { time_us },
            _ => export::Kind::Incremental,
        };
        let outcome = match &mut self.files {
            None => self.records.transform_export_line(line, kind, &mut self.row).outcome,
            Some(files) => self.records.transform_export_line(line, kind, files).outcome,
        };
        match outcome {
            Outcome::Row { rescued, .. } => {
                let rescued = if rescued { self.records.rescued() } else { b"" };
                self.output.row(id, &self.row, rescued)?;
            }
            Outcome::Dropped => self.output.report.dropped(),
            Outcome::Failed(failure) => {
                let reason = failure.explain_export_line(self.records.plan());
                self.output.report.failed(id, &reason);
            }
        }
        self.advance()
    }

    /// Writes what files have enough of, and prints those that are finished.
    fn advance(&mut self) -> Result<(), Exit> {
        let Some(files) = &mut self.files else { return Ok(()) };
        let done = files.advance();
        self.output.files(files.take_finished())?;
        done
    }

    fn failed(&mut self, id: &impl Display, failure: Failure, data: Data<'_>) {
        self.scratch.clear();
        fill(&mut self.scratch, data);
        let reason = reason(failure, &self.scratch, self.records.plan());
        self.output.report.failed(id, &reason);
    }

    /// What keeps a line of an export from being a row, and the fix.
    fn rejects_exports(&self, is_full: bool) -> Option<&'static str> {
        if self.settings.format == Format::Response {
            return Some(
                "a line of an export, which never passes the function that --format response \
                 shows; write --format jsonl",
            );
        }
        if self.settings.default_table.is_none() {
            return Some(
                "a line of an export, which does not say its table; add --table NAME, or --schema",
            );
        }
        (is_full && self.settings.export_time_us.is_none()).then_some(
            "a line of a full export, which has no time; add --export-time with exportTime from \
             the export's manifest-summary.json, as --export-time 2026-01-31T12:00:00Z",
        )
    }

    /// Takes the records of a Firehose event to rows, without a response.
    fn firehose_records(&mut self, id: &RecordId<'_>, event: &[u8]) -> Result<(), Exit> {
        let parsed = match firehose::Event::parse(event) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.output.report.failed(id, &error.to_string());
                return Ok(());
            }
        };
        for record in &parsed.records {
            let record_id = record.record_id.to_cow(event);
            let name = format!("{}{}", id.prefix(), String::from_utf8_lossy(&record_id));
            let record = Record {
                id: *id,
                data: record.data.map_or(Data::Absent, |data| Data::Encoded(data.raw(event))),
                sequence_number: record.sequence_number.as_ref().map(|number| number.raw(event)),
                encoding: Encoding::AsTheRecordSays,
                is_other_json: false,
            };
            self.record(&name, &record, true)?;
        }
        Ok(())
    }

    /// Answers a Firehose event, byte for byte as Firehose sends it.
    fn firehose_event(&mut self, id: &RecordId<'_>, event: &[u8]) -> Result<(), Exit> {
        self.end_event()?;
        respond(&mut self.events, event, Some(id), &mut self.output)
    }

    /// Answers the event that change records are put into.
    fn end_event(&mut self) -> Result<(), Exit> {
        let Some(event) = std::mem::take(&mut self.event).finish() else { return Ok(()) };
        respond(&mut self.made_events, &event, None, &mut self.output)
    }

    fn end_batch(&mut self) -> Result<(), Exit> {
        self.batch_bytes = 0;
        self.event_ids.shrink(KEPT_BYTES);
        self.records.shrink(KEPT_BYTES);
        self.encoded_once.shrink(KEPT_BYTES);
        self.of_firehose.shrink(KEPT_BYTES);
        for buffer in [&mut self.row, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
        self.output.flush()
    }
}

/// Answers an event, and prints what it gives. An event of an input has a name, and its response a
/// limit.
fn respond(
    transformer: &mut Transformer,
    event: &[u8],
    name: Option<&RecordId<'_>>,
    output: &mut Output,
) -> Result<(), Exit> {
    // The clock only dates the age of changes, which is not reported here.
    let Transformed { response, statistics } = match transformer.transform(event, 0) {
        Ok(answered) => answered,
        Err(error) => {
            // Its records can't be answered one by one.
            let name = name.map_or("event".to_owned(), ToString::to_string);
            output.report.failed(&name, &error.to_string());
            return Ok(());
        }
    };
    let prefix = name.map(RecordId::prefix).unwrap_or_default();
    output.report.duplicates(statistics.duplicates);
    output.report.response(response.len(), name.map(|_| MAX_RESPONSE_BYTES));
    let mut failures = statistics.failures.iter().peekable();
    let answers = answers(&response).map_err(|error| Exit::Rejected(error.to_string()))?;
    for (at, answer) in answers.enumerate() {
        let id = format!("{prefix}{}", answer.record_id);
        if let Some(failed) = failures.next_if(|failed| failed.record == at) {
            let reason = failed.failure.explain(transformer.plan());
            output.report.failed(&id, &reason);
        } else if let Some(row) = answer.row {
            let rescued = if statistics.rows_rescued > 0 { rescued(&row) } else { Vec::new() };
            output.row(&id, &row, &rescued)?;
        } else {
            output.report.dropped();
        }
    }
    output.response(&response)?;
    output.flush()
}
