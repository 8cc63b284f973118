//! The transformation: an event's bytes and the time now, to a response's bytes and statistics.

use crate::attribute::Tape;
use crate::bytes::prefetch;
use crate::change::Envelope;
use crate::event::{
    Event, EventError, MAX_RESPONSE_BYTES, PartitionKeys, Record, ResponseWriter, UNKNOWN_STREAM,
};
use crate::failure::Failure;
use crate::row::RowWriter;
use crate::schema::Plan;
use crate::time::Civil;
use hashbrown::{DefaultHashBuilder, HashSet};
use std::hash::BuildHasher;

/// What a transformation needs beside the plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tables whose changes are wanted; all where none is named.
    pub tables: Option<Vec<String>>,
    /// Whether rows come with partition keys from their event time.
    pub partition_keys: bool,
    /// The most that a response may take.
    pub max_response_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { tables: None, partition_keys: false, max_response_bytes: MAX_RESPONSE_BYTES }
    }
}

/// Turns events into responses; one at a time, with memory reused from one to the next.
#[derive(Debug)]
pub struct Transformer {
    plan: Plan,
    options: Options,
    tape: Tape,
    rows: RowWriter,
    data: Vec<u8>,
    row: Vec<u8>,
    table: Vec<u8>,
    scratch: Vec<u8>,
    event_ids: HashSet<u128>,
    hashers: [DefaultHashBuilder; 2],
}

/// What is kept of a buffer between invocations: one large record shall not cost memory for ever.
const KEPT_BYTES: usize = 1 << 20;

/// A response and what can be told about it.
#[derive(Debug)]
pub struct Transformed {
    /// The response's JSON.
    pub response: Vec<u8>,
    /// Counts and failures.
    pub statistics: Statistics,
}

/// What happened in one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The delivery stream's name.
    pub delivery_stream: String,
    /// Records in the event.
    pub records_in: u64,
    /// Records answered `Ok`.
    pub records_ok: u64,
    /// Records answered `Dropped`.
    pub records_dropped: u64,
    /// Rows with `_rescued`.
    pub rows_rescued: u64,
    /// Size of the event.
    pub bytes_in: u64,
    /// Size of the response.
    pub bytes_out: u64,
    /// Records beyond the first of an event id.
    pub duplicates: u64,
    /// Creation time of the oldest wanted change, in microseconds since 1970.
    pub oldest_us: Option<u64>,
    /// When the invocation arrived, in milliseconds since 1970.
    pub now_ms: u64,
    /// The records answered `ProcessingFailed`.
    pub failures: Vec<FailedRecord>,
}

/// One record that was answered `ProcessingFailed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedRecord {
    /// Index in the event.
    pub record: usize,
    /// Where its `recordId` stands in the event.
    record_id: crate::json::Text,
    /// Why it failed.
    pub failure: Failure,
}

impl FailedRecord {
    /// Its `recordId`, from the event's bytes.
    pub fn record_id(&self, event: &[u8]) -> String {
        let mut scratch = Vec::new();
        String::from_utf8_lossy(self.record_id.decoded(event, &mut scratch)).into_owned()
    }
}

impl Statistics {
    /// The statistics of an event that was refused as a whole: its size, and no records.
    pub fn of_refused(event: &[u8], now_ms: u64) -> Statistics {
        Statistics {
            delivery_stream: UNKNOWN_STREAM.to_owned(),
            bytes_in: event.len() as u64,
            now_ms,
            ..Statistics::default()
        }
    }

    /// Age of the oldest change at arrival, in milliseconds; 0 where a clock was ahead.
    pub fn event_age_max_ms(&self) -> Option<u64> {
        self.oldest_us.map(|oldest| self.now_ms.saturating_sub(oldest / 1_000))
    }

    /// Each failure with its number of records and the first of them, in order of first occurrence.
    pub fn failures_by_reason(&self) -> Vec<(Failure, usize, FailedRecord)> {
        let mut reasons: Vec<(Failure, usize, FailedRecord)> = Vec::new();
        for failed in &self.failures {
            match reasons.iter_mut().find(|(failure, ..)| *failure == failed.failure) {
                Some((_, count, _)) => *count += 1,
                None => reasons.push((failed.failure, 1, *failed)),
            }
        }
        reasons
    }
}

/// What became of one record.
enum Outcome {
    Ok { rescued: bool, time_us: u64 },
    Dropped,
    Failed(Failure),
}

impl Transformer {
    /// A transformer by this plan.
    pub fn new(plan: Plan, options: Options) -> Transformer {
        // A row goes out as base64, and whatever the limit, a row that Lambda can't return is none.
        let max_bytes = options.max_response_bytes.min(MAX_RESPONSE_BYTES);
        let rows = RowWriter::new(&plan, max_bytes / 4 * 3);
        Transformer {
            plan,
            options,
            tape: Tape::default(),
            rows,
            data: Vec::new(),
            row: Vec::new(),
            table: Vec::new(),
            scratch: Vec::new(),
            event_ids: HashSet::new(),
            hashers: [DefaultHashBuilder::default(), DefaultHashBuilder::default()],
        }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Answers an event that arrived at `now_ms`, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`EventError`], where it is no Firehose event. A bad record is no error: it is answered
    /// `ProcessingFailed`.
    pub fn transform(&mut self, input: &[u8], now_ms: u64) -> Result<Transformed, EventError> {
        let transformed = self.answer(input, now_ms);
        self.shrink();
        transformed
    }

    fn answer(&mut self, input: &[u8], now_ms: u64) -> Result<Transformed, EventError> {
        let event = Event::parse(input)?;
        let mut response = ResponseWriter::new(input, &event, self.options.max_response_bytes)?;
        let mut statistics = Statistics {
            delivery_stream: event.delivery_stream(input),
            records_in: event.records.len() as u64,
            bytes_in: input.len() as u64,
            now_ms,
            ..Statistics::default()
        };
        self.event_ids.clear();
        for (at, record) in event.records.iter().enumerate() {
            if let Some(data) = event.records.get(at + 1).and_then(|next| next.data) {
                prefetch(data.raw(input));
            }
            let outcome = self.record(input, record, &mut statistics);
            let failure = match outcome {
                Outcome::Ok { rescued, time_us } => {
                    let keys = self.options.partition_keys.then(|| PartitionKeys {
                        table: &self.table,
                        time: Civil::from_seconds((time_us / 1_000_000) as i64),
                    });
                    if response.ok(record, &self.row, keys.as_ref()) {
                        statistics.records_ok += 1;
                        statistics.rows_rescued += u64::from(rescued);
                        continue;
                    }
                    Failure::ResponseFull
                }
                Outcome::Dropped => {
                    statistics.records_dropped += 1;
                    response.dropped(record);
                    continue;
                }
                Outcome::Failed(failure) => failure,
            };
            if failure == Failure::NotBase64 {
                record.check_data(input)?;
            }
            response.failed(record);
            let record_id = record.record_id;
            statistics.failures.push(FailedRecord { record: at, record_id, failure });
        }
        let response = response.finish();
        statistics.bytes_out = response.len() as u64;
        Ok(Transformed { response, statistics })
    }

    /// Gives memory back that only a large event needs.
    fn shrink(&mut self) {
        for buffer in [&mut self.data, &mut self.row, &mut self.table, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
        self.event_ids.clear();
        self.event_ids.shrink_to(KEPT_BYTES / size_of::<u128>());
        self.tape.shrink(KEPT_BYTES);
        self.rows.shrink(KEPT_BYTES);
    }

    /// Takes one record to its row, in `self.row`.
    fn record(&mut self, input: &[u8], record: &Record, statistics: &mut Statistics) -> Outcome {
        match self.try_record(input, record, statistics) {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(failure),
        }
    }

    fn try_record(
        &mut self,
        input: &[u8],
        record: &Record,
        statistics: &mut Statistics,
    ) -> Result<Outcome, Failure> {
        let encoded = record.data.ok_or(Failure::NotBase64)?.decoded(input, &mut self.scratch);
        self.data.clear();
        base64_simd::STANDARD
            .decode_append(encoded, &mut self.data)
            .map_err(|_| Failure::NotBase64)?;
        if simdutf8::basic::from_utf8(&self.data).is_err() {
            return Err(Failure::NotUtf8);
        }
        self.tape.clear();
        let envelope = Envelope::parse(&self.data, &mut self.tape, self.plan.old_image)?;
        if let Some(id) = envelope.event_id() {
            let id = id.decoded(&self.data, &mut self.scratch);
            // Two hashes of 64 bits with seeds of their own: no two ids share both by chance.
            let [low, high] =
                [&self.hashers[0], &self.hashers[1]].map(|hasher| hasher.hash_one(id));
            let is_new = self.event_ids.insert(u128::from(high) << 64 | u128::from(low));
            statistics.duplicates += u64::from(!is_new);
        }
        envelope.read_table(&self.data, &mut self.table)?;
        let wanted = |tables: &Vec<String>| tables.iter().any(|t| t.as_bytes() == self.table);
        if !self.options.tables.as_ref().is_none_or(wanted) {
            return Ok(Outcome::Dropped);
        }
        if let Some(time_us) = envelope.time_us(&self.data) {
            let oldest = statistics.oldest_us.map_or(time_us, |oldest| oldest.min(time_us));
            statistics.oldest_us = Some(oldest);
        }
        if envelope.has_double_binary(self.plan.binary) {
            self.tape.unwrap_binaries(&mut self.data, &mut self.scratch);
        }
        let sequence_number = record.sequence_number.map(|number| number.to_cow(input));
        let change = envelope.change(&self.data, &self.tape, &self.table, sequence_number)?;
        self.row.clear();
        let rescued =
            self.rows.write(&self.plan, &change, &mut self.tape, &self.data, &mut self.row)?;
        Ok(Outcome::Ok { rescued, time_us: change.time_us })
    }
}
