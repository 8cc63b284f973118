//! What happened in one invocation, in numbers.

use crate::failure::Failure;
use crate::text::json::Text;
use hashbrown::{DefaultHashBuilder, HashSet};
use std::hash::BuildHasher;

/// What happened in one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// What they are of: a delivery stream's name, or a function's.
    pub source: String,
    /// Records in the event.
    pub records_in: u64,
    /// Records that became rows.
    pub records_ok: u64,
    /// Records that were not wanted.
    pub records_dropped: u64,
    /// Rows with `_rescued`.
    pub rows_rescued: u64,
    /// Size of the event.
    pub bytes_in: u64,
    /// Size of the response, or of the objects that were written.
    pub bytes_out: u64,
    /// Records beyond the first of an event id.
    pub duplicates: u64,
    /// Creation time of the oldest wanted change, in microseconds since 1970.
    pub oldest_us: Option<u64>,
    /// When the invocation arrived, in milliseconds since 1970.
    pub now_ms: u64,
    /// The records that can't be rows.
    pub failures: Vec<FailedRecord>,
}

/// One record that can't be a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedRecord {
    /// Index in the event.
    pub record: usize,
    /// Where its `recordId`, or its sequence number, is in the event.
    record_id: Text,
    /// Why it failed.
    pub failure: Failure,
}

impl FailedRecord {
    /// The record at an index of the event. `record_id` is where its `recordId`, or its sequence
    /// number, is in it.
    pub fn new(record: usize, record_id: Text, failure: Failure) -> FailedRecord {
        FailedRecord { record, record_id, failure }
    }

    /// Its `recordId`, or its sequence number, from the event's bytes.
    pub fn record_id(&self, event: &[u8]) -> String {
        let mut scratch = Vec::new();
        String::from_utf8_lossy(self.record_id.decoded(event, &mut scratch)).into_owned()
    }
}

impl Statistics {
    /// The statistics of an event that was rejected as a whole: its size, and no records.
    pub fn rejected(source: &str, event: &[u8], now_ms: u64) -> Statistics {
        Statistics {
            source: source.to_owned(),
            bytes_in: event.len() as u64,
            now_ms,
            ..Statistics::default()
        }
    }

    /// Age of the oldest change at arrival, in milliseconds; 0 where a clock was ahead.
    pub fn event_age_max_ms(&self) -> Option<u64> {
        self.oldest_us.map(|oldest| self.now_ms.saturating_sub(oldest / 1_000))
    }

    /// The reasons of the failures, as [`by_reason`] has them.
    pub fn failures_by_reason(&self) -> Vec<(Failure, usize, FailedRecord)> {
        by_reason(&self.failures)
    }
}

/// Each reason, by its code, with its number of records and the first of them, in order of first
/// occurrence. The failure is that of the first: others may differ in their explanation.
pub fn by_reason(failures: &[FailedRecord]) -> Vec<(Failure, usize, FailedRecord)> {
    let mut reasons: Vec<(Failure, usize, FailedRecord)> = Vec::new();
    for failed in failures {
        let code = failed.failure.code();
        match reasons.iter_mut().find(|(failure, ..)| failure.code() == code) {
            Some((_, count, _)) => *count += 1,
            None => reasons.push((failed.failure, 1, *failed)),
        }
    }
    reasons
}

/// The event ids seen so far, by which duplicates are known.
#[derive(Debug, Default)]
pub struct EventIds {
    seen: HashSet<u128>,
    hashers: [DefaultHashBuilder; 2],
}

impl EventIds {
    /// Adds an event id; says whether it is a duplicate of one that was seen.
    pub fn is_duplicate(&mut self, id: &[u8]) -> bool {
        // Two hashes of 64 bits, each with its own seed: no two ids share both by chance.
        let [low, high] = [&self.hashers[0], &self.hashers[1]].map(|hasher| hasher.hash_one(id));
        !self.seen.insert(u128::from(high) << 64 | u128::from(low))
    }

    /// Forgets all ids.
    pub fn clear(&mut self) {
        self.seen.clear();
    }

    /// Forgets all ids, and gives memory back that only many of them need.
    pub fn shrink(&mut self, kept_bytes: usize) {
        self.seen.clear();
        self.seen.shrink_to(kept_bytes / size_of::<u128>());
    }
}
