//! What goes to standard error: failed records, rescued values, the summary. Places, types and
//! counts, never an attribute's value.

use crate::text::{count, printable, thousands};
use dynalake::failure::Failure;
use dynalake::schema::Plan;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// So many records are named for each reason; the rest is counted.
const SHOWN: u64 = 20;

/// Input of more than this is long enough for a progress bar.
const LONG_BYTES: u64 = 16 << 20;

/// Writes a line to standard error. Where that is closed there is nobody left to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// What happened to all records together.
#[derive(Debug, Default)]
struct Totals {
    ok: u64,
    dropped: u64,
    failed: u64,
    rescued: u64,
    duplicates: u64,
    row_bytes: u64,
    response_bytes: Option<u64>,
}

/// How often a reason came up.
#[derive(Debug)]
struct Tally<R> {
    reason: R,
    count: u64,
}

/// Collects what happened, and prints it.
#[derive(Debug)]
pub(crate) struct Report {
    totals: Totals,
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

    /// Whether a record failed.
    pub(crate) fn has_failures(&self) -> bool {
        self.totals.failed > 0
    }

    /// Counts a row, and names each value that was rescued in it: its path and the reason.
    pub(crate) fn row(&mut self, id: &impl Display, row: &[u8], rescued: &[(String, String)]) {
        self.totals.ok += 1;
        self.totals.row_bytes += row.len() as u64;
        self.totals.rescued += u64::from(!rescued.is_empty());
        for (path, reason) in rescued {
            if tally(&mut self.rescues, reason) <= SHOWN {
                let (id, path) = (printable(&id.to_string()), printable(path));
                self.progress.say(&format!("{id}: rescued: {path}: {reason}"));
            }
        }
    }

    /// Counts a record that was not wanted.
    pub(crate) fn dropped(&mut self) {
        self.totals.dropped += 1;
    }

    /// Counts and names a failed record.
    pub(crate) fn failed(&mut self, id: &impl Display, failure: Failure, plan: &Plan) {
        self.totals.failed += 1;
        if tally(&mut self.failures, &failure) <= SHOWN {
            let reason = printable(&failure.explain(plan));
            self.progress.say(&format!("{}: failed: {reason}", printable(&id.to_string())));
        }
    }

    /// Counts duplicates.
    pub(crate) fn duplicates(&mut self, count: u64) {
        self.totals.duplicates += count;
    }

    /// Counts a response.
    pub(crate) fn response(&mut self, bytes: usize) {
        *self.totals.response_bytes.get_or_insert(0) += bytes as u64;
    }

    /// Shows how far reading has come.
    pub(crate) fn advance(&mut self, bytes_read: u64) {
        self.progress.advance(bytes_read);
    }

    /// Prints what was only counted so far, and the totals.
    pub(crate) fn finish(&self, bytes_read: u64, max_response: Option<usize>, plan: &Plan) {
        self.progress.end();
        for Tally { reason, count: times } in &self.failures {
            if let more @ 1.. = times.saturating_sub(SHOWN) {
                let more = count(more, "more record", "more records");
                say(&format!("… and {more}: failed: {}", printable(&reason.explain(plan))));
            }
        }
        for Tally { reason, count: times } in &self.rescues {
            if let more @ 1.. = times.saturating_sub(SHOWN) {
                let more = count(more, "more value", "more values");
                say(&format!("… and {more}: rescued: {reason}"));
            }
        }
        let Totals { ok, dropped, failed, rescued, duplicates, row_bytes, response_bytes } =
            self.totals;
        let records_in = thousands(ok + dropped + failed);
        let [ok, dropped, failed, duplicates] = [ok, dropped, failed, duplicates].map(thousands);
        say(&format!("records     {records_in} in: {ok} ok, {dropped} dropped, {failed} failed"));
        say(&format!("rescued     {}", count(rescued, "row", "rows")));
        say(&format!("duplicates  {duplicates}"));
        let [read, rows] = [bytes_read, row_bytes].map(thousands);
        let limit = max_response.map(|max| format!(" of at most {}", thousands(max as u64)));
        let response = response_bytes.map(|response| {
            format!(", {} of response{}", thousands(response), limit.unwrap_or_default())
        });
        say(&format!("bytes       {read} read, {rows} of rows{}", response.unwrap_or_default()));
    }
}

/// Counts a reason; how often it came up so far, this time included.
fn tally<R: PartialEq + Clone>(tallies: &mut Vec<Tally<R>>, reason: &R) -> u64 {
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
