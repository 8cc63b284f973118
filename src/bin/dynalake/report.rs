//! What standard error tells: failed records, rescued values, the summary. Places, types and counts, never an
//! attribute's value.

use crate::text::{count, printable, thousands};
use dynalake::failure::Failure;
use dynalake::schema::Plan;
use dynalake::transform::Statistics;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};

/// So many records are named for each reason; the rest is counted.
const SHOWN: u64 = 20;

/// Input of more than this is long enough for a progress bar.
const LONG_BYTES: u64 = 16 << 20;

/// Writes a line to standard error. Where that is closed there is nobody left to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// What happened in all events together.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Records in, and what became of them.
    pub(crate) records_in: u64,
    ok: u64,
    dropped: u64,
    /// Records answered `ProcessingFailed`.
    pub(crate) failed: u64,
    rescued: u64,
    duplicates: u64,
    response_bytes: u64,
    row_bytes: u64,
}

/// How often a reason was met.
#[derive(Debug)]
struct Tally<R> {
    reason: R,
    count: u64,
}

/// Collects and tells.
#[derive(Debug)]
pub(crate) struct Report {
    /// The sums so far.
    pub(crate) totals: Totals,
    failures: Vec<Tally<Failure>>,
    rescues: Vec<Tally<String>>,
    progress: Progress,
}

impl Report {
    /// A report on an input of `len` bytes, where that is known.
    pub(crate) fn new(len: Option<u64>) -> Report {
        Report {
            totals: Totals::default(),
            failures: Vec::new(),
            rescues: Vec::new(),
            progress: Progress::new(len),
        }
    }

    /// Adds an event's statistics.
    pub(crate) fn add(&mut self, statistics: &Statistics) {
        self.totals.records_in += statistics.records_in;
        self.totals.ok += statistics.records_ok;
        self.totals.dropped += statistics.records_dropped;
        self.totals.failed += statistics.failures.len() as u64;
        self.totals.rescued += statistics.rows_rescued;
        self.totals.duplicates += statistics.duplicates;
        self.totals.response_bytes += statistics.bytes_out;
    }

    /// Adds a row's size.
    pub(crate) fn add_row(&mut self, bytes: usize) {
        self.totals.row_bytes += bytes as u64;
    }

    /// Tells of a failed record.
    pub(crate) fn failed(&mut self, record_id: &str, failure: Failure, plan: &Plan) {
        if meet(&mut self.failures, &failure) <= SHOWN {
            let reason = printable(&failure.explain(plan));
            self.progress.say(&format!("{}: failed: {reason}", printable(record_id)));
        }
    }

    /// Tells of a rescued value.
    pub(crate) fn rescued(&mut self, record_id: &str, path: &str, reason: &str) {
        if meet(&mut self.rescues, &reason.to_owned()) <= SHOWN {
            let (id, path) = (printable(record_id), printable(path));
            self.progress.say(&format!("{id}: rescued: {path}: {reason}"));
        }
    }

    /// Shows how far reading has come.
    pub(crate) fn advance(&mut self, bytes_read: u64) {
        self.progress.advance(bytes_read);
    }

    /// Tells what was left untold, and the sums.
    pub(crate) fn finish(&self, bytes_read: u64, max_response: Option<usize>, plan: &Plan) {
        self.progress.end();
        for Tally { reason, count: met } in &self.failures {
            if let more @ 1.. = met.saturating_sub(SHOWN) {
                let more = count(more, "more record", "more records");
                say(&format!("… and {more}: failed: {}", printable(&reason.explain(plan))));
            }
        }
        for Tally { reason, count: met } in &self.rescues {
            if let more @ 1.. = met.saturating_sub(SHOWN) {
                say(&format!(
                    "… and {}: rescued: {reason}",
                    count(more, "more value", "more values")
                ));
            }
        }
        let totals = &self.totals;
        let [records_in, ok, dropped, failed, duplicates] =
            [totals.records_in, totals.ok, totals.dropped, totals.failed, totals.duplicates]
                .map(thousands);
        say(&format!("records     {records_in} in: {ok} ok, {dropped} dropped, {failed} failed"));
        say(&format!("rescued     {}", count(totals.rescued, "row", "rows")));
        say(&format!("duplicates  {duplicates}"));
        let limit = max_response
            .map(|max| format!(" of at most {}", thousands(max as u64)))
            .unwrap_or_default();
        let [read, rows, response] =
            [bytes_read, totals.row_bytes, totals.response_bytes].map(thousands);
        say(&format!("bytes       {read} read, {rows} of rows, {response} of response{limit}"));
    }
}

/// Counts a reason; how often it was met so far, this time included.
fn meet<R: PartialEq + Clone>(tallies: &mut Vec<Tally<R>>, reason: &R) -> u64 {
    if let Some(tally) = tallies.iter_mut().find(|tally| tally.reason == *reason) {
        tally.count += 1;
        return tally.count;
    }
    tallies.push(Tally { reason: reason.clone(), count: 1 });
    1
}

/// A bar, or a spinner where the input's length isn't known; only for a person at a terminal who isn't shown
/// the rows there anyway.
#[derive(Debug)]
struct Progress {
    bar: ProgressBar,
    len: Option<u64>,
    wanted: bool,
}

impl Progress {
    fn new(len: Option<u64>) -> Progress {
        let wanted = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Progress { bar: ProgressBar::hidden(), len, wanted }
    }

    fn advance(&mut self, bytes_read: u64) {
        if self.wanted && self.len.unwrap_or(bytes_read) > LONG_BYTES {
            self.wanted = false;
            self.bar = match self.len {
                Some(len) => ProgressBar::new(len).with_style(style(
                    "{bar:30} {percent:>3} %  {bytes} of {total_bytes}, {eta} left",
                )),
                None => ProgressBar::new_spinner()
                    .with_style(style("{spinner} {bytes} read, {bytes_per_sec}")),
            };
        }
        self.bar.set_position(bytes_read);
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A size in words, for a message.
pub(crate) fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
