//! The transformation: an event's bytes and the time now, to a response's bytes and statistics.

use super::event::{Event, EventError, MAX_RESPONSE_BYTES, Record};
use super::response::{PartitionKeys, ResponseWriter};
use crate::failure::Failure;
use crate::record::{self, Outcome, RecordTransformer};
use crate::schema::Plan;
use crate::statistics::{EventIds, FailedRecord, Statistics};
use crate::text::bytes::prefetch;
use crate::text::time::Civil;

/// What a transformation needs beside the plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tables whose changes are wanted; `None`: those of all tables.
    pub tables: Option<Vec<String>>,
    /// Whether rows come with partition keys from their event time.
    pub partition_keys: bool,
    /// The largest response, in bytes.
    pub max_response_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { tables: None, partition_keys: false, max_response_bytes: MAX_RESPONSE_BYTES }
    }
}

impl Options {
    /// What a plan says for itself: changes of its schema's table are wanted, or all changes
    /// where there is no schema.
    pub fn new(plan: &Plan) -> Options {
        Options { tables: record::Options::new(plan).tables, ..Options::default() }
    }
}

/// Turns events into responses; one at a time, with memory reused from one to the next.
#[derive(Debug)]
pub struct Transformer {
    records: RecordTransformer,
    partition_keys: bool,
    max_response_bytes: usize,
    row: Vec<u8>,
    scratch: Vec<u8>,
    event_ids: EventIds,
}

/// What is kept of a buffer between invocations, so that one large record does not hold memory
/// forever.
const KEPT_BYTES: usize = 1 << 20;

/// A response and what happened on the way.
#[derive(Debug)]
pub struct Transformed {
    /// The response's JSON.
    pub response: Vec<u8>,
    /// Counts and failures.
    pub statistics: Statistics,
}

/// The largest row that can go into a response, in which it is base64.
pub const MAX_ROW_BYTES: usize = MAX_RESPONSE_BYTES / 4 * 3;

impl Transformer {
    /// A transformation by this plan.
    pub fn new(plan: Plan, options: Options) -> Transformer {
        let Options { tables, partition_keys, max_response_bytes } = options;
        // Whatever the limit: Lambda can't return more.
        let max_row_bytes = (max_response_bytes / 4 * 3).min(MAX_ROW_BYTES);
        let options = record::Options { tables, max_row_bytes, default_table: None };
        Transformer {
            records: RecordTransformer::new(plan, options),
            partition_keys,
            max_response_bytes,
            row: Vec::new(),
            scratch: Vec::new(),
            event_ids: EventIds::default(),
        }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        self.records.plan()
    }

    /// Answers an event that arrived at `now_ms`, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`EventError`] if it is not a Firehose event. A bad record is not an error: it is answered
    /// `ProcessingFailed`.
    pub fn transform(&mut self, input: &[u8], now_ms: u64) -> Result<Transformed, EventError> {
        let transformed = self.answer(input, now_ms);
        self.shrink();
        transformed
    }

    fn answer(&mut self, input: &[u8], now_ms: u64) -> Result<Transformed, EventError> {
        let event = Event::parse(input)?;
        let mut response = ResponseWriter::new(input, &event, self.max_response_bytes)?;
        let mut statistics = Statistics {
            source: event.delivery_stream(input),
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
            let failure = match self.record(input, record, &mut response, &mut statistics) {
                Ok(()) => continue,
                Err(failure) => failure,
            };
            if failure == Failure::NotBase64 {
                record.check_data(input)?;
            }
            response.failed(record);
            statistics.failures.push(FailedRecord::new(at, record.record_id, failure));
        }
        let response = response.finish();
        statistics.bytes_out = response.len() as u64;
        Ok(Transformed { response, statistics })
    }

    /// Answers one record with its row or `Dropped`, and counts it.
    fn record(
        &mut self,
        input: &[u8],
        record: &Record,
        response: &mut ResponseWriter<'_>,
        statistics: &mut Statistics,
    ) -> Result<(), Failure> {
        let data = record.data.ok_or(Failure::NotBase64)?.decoded(input, &mut self.scratch);
        base64_simd::STANDARD
            .decode_append(data, self.records.buffer())
            .map_err(|_| Failure::NotBase64)?;
        let sequence_number = record.sequence_number.map(|number| number.to_cow(input));
        self.row.clear();
        let transformed =
            self.records.transform_buffered(sequence_number.as_deref(), &mut self.row);
        if let Some(id) = transformed.event_id {
            statistics.duplicates += u64::from(self.event_ids.is_duplicate(id));
        }
        if let Some(time_us) = transformed.time_us {
            let oldest = statistics.oldest_us.map_or(time_us, |oldest| oldest.min(time_us));
            statistics.oldest_us = Some(oldest);
        }
        match transformed.outcome {
            Outcome::Row { rescued, time_us } => {
                let keys = self.partition_keys.then(|| PartitionKeys {
                    table: transformed.table,
                    time: Civil::from_seconds((time_us / 1_000_000) as i64),
                });
                if !response.ok(record, &self.row, keys.as_ref()) {
                    return Err(Failure::ResponseFull);
                }
                statistics.records_ok += 1;
                statistics.rows_rescued += u64::from(rescued);
            }
            Outcome::Dropped => {
                statistics.records_dropped += 1;
                response.dropped(record);
            }
            Outcome::Failed(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Gives memory back that only a large event needs.
    fn shrink(&mut self) {
        for buffer in [&mut self.row, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
        self.event_ids.shrink(KEPT_BYTES);
        self.records.shrink(KEPT_BYTES);
    }
}
