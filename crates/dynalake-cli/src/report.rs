//! What goes to standard error: failed records, rescued values, the summary. Places, types and
//! counts, never an attribute's value.

use crate::text::{count, printable, thousands};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// So many records are named for each reason; the rest is counted.
const SHOWN: u64 = 20;

/// Input of more than this is long enough for a progress bar.
const LONG_BYTES: u64 = 16 << 20;

/// Writes a line to standard error, with nothing in it that a terminal would obey. Where that is
/// closed there is nobody left to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
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
    bytes_read: u64,
    responses: u64,
    response_bytes: u64,
    /// Of the last response.
    max_response_bytes: Option<usize>,
    inputs_read: u64,
    inputs_failed: u64,
}

/// How often a reason came up.
#[derive(Debug)]
struct Tally {
    reason: String,
    count: u64,
}

/// Collects what happened, and prints it.
#[derive(Debug)]
pub(crate) struct Report {
    totals: Totals,
    failures: Vec<Tally>,
    rescues: Vec<Tally>,
    progress: Progress,
}

impl Report {
    /// A report on an input of `len` bytes, where that is known. `prints_rows`: whether standard
    /// output has the rows.
    pub(crate) fn new(len: Option<u64>, prints_rows: bool) -> Report {
        Report {
            totals: Totals::default(),
            failures: Vec::new(),
            rescues: Vec::new(),
            progress: Progress::new(len, prints_rows),
        }
    }

    /// Whether a record failed, or an input could not be read.
    pub(crate) fn has_failures(&self) -> bool {
        self.totals.failed + self.totals.inputs_failed > 0
    }

    /// The exit code so far: 1 where something failed, 2 where nothing else was there.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match (self.has_failures(), self.has_done_something()) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        })
    }

    /// Whether there was a record, or an input that could be read.
    pub(crate) fn has_done_something(&self) -> bool {
        let Totals { ok, dropped, failed, inputs_read, .. } = self.totals;
        ok + dropped + failed + inputs_read > 0
    }

    /// Names an input that can't be read, or not to its end: what it is, the reason and the fix.
    pub(crate) fn input_failed(&mut self, message: &str) {
        self.totals.inputs_failed += 1;
        self.progress.say(&format!("error: {message}"));
    }

    /// Names a file that holds no data.
    pub(crate) fn skipped(&self, what: &str) {
        self.progress.say(&format!("skipped: {what}"));
    }

    /// Counts an input, and whether it was read to its end.
    pub(crate) fn close_input(&mut self, bytes_read: u64, was_read: bool) {
        self.totals.inputs_read += u64::from(was_read);
        self.totals.bytes_read += bytes_read;
    }

    /// Counts a row, and names each value that was rescued in it: its path and the reason.
    pub(crate) fn row(&mut self, id: &impl Display, rescued: &[(String, String)]) {
        self.totals.ok += 1;
        self.totals.rescued += u64::from(!rescued.is_empty());
        for (path, reason) in rescued {
            if tally(&mut self.rescues, reason) <= SHOWN {
                self.progress.say(&format!("{id}: rescued: {path}: {reason}"));
            }
        }
    }

    /// Counts a record of which no row is made.
    pub(crate) fn looked_at(&mut self) {
        self.totals.ok += 1;
    }

    /// Counts bytes of rows that are written.
    pub(crate) fn rows_written(&mut self, bytes: u64) {
        self.totals.row_bytes += bytes;
    }

    /// Counts a record that was not wanted.
    pub(crate) fn dropped(&mut self) {
        self.totals.dropped += 1;
    }

    /// Counts and names a failed record.
    pub(crate) fn failed(&mut self, id: &impl Display, reason: &str) {
        self.totals.failed += 1;
        if tally(&mut self.failures, reason) <= SHOWN {
            self.progress.say(&format!("{id}: failed: {reason}"));
        }
    }

    /// Counts duplicates.
    pub(crate) fn duplicates(&mut self, count: u64) {
        self.totals.duplicates += count;
    }

    /// Counts a response, and its limit where it has one.
    pub(crate) fn response(&mut self, bytes: usize, max_bytes: Option<usize>) {
        self.totals.responses += 1;
        self.totals.response_bytes += bytes as u64;
        self.totals.max_response_bytes = max_bytes;
    }

    /// Shows how far reading has come: the bytes of this input.
    pub(crate) fn advance(&mut self, bytes_read: u64) {
        self.progress.advance(self.totals.bytes_read + bytes_read);
    }

    /// Prints what was only counted so far, and the totals.
    pub(crate) fn finish(&self) {
        self.finish_records();
        let totals = &self.totals;
        say(&format!("rescued     {}", count(totals.rescued, "row", "rows")));
        say(&format!("duplicates  {}", thousands(totals.duplicates)));
        let [read, rows] = [totals.bytes_read, totals.row_bytes].map(thousands);
        // A limit is each response's own.
        let max = totals.max_response_bytes.filter(|_| totals.responses == 1);
        let limit = max.map(|max| format!(" of at most {}", thousands(max as u64)));
        let response = (totals.responses > 0).then(|| {
            let bytes = thousands(totals.response_bytes);
            format!(", {bytes} of response{}", limit.unwrap_or_default())
        });
        say(&format!("bytes       {read} read, {rows} of rows{}", response.unwrap_or_default()));
    }

    /// Prints what was only counted so far, and how many inputs and records there were.
    pub(crate) fn finish_records(&self) {
        self.progress.end();
        for Tally { reason, count: times } in &self.failures {
            if let more @ 1.. = times.saturating_sub(SHOWN) {
                let more = count(more, "more record", "more records");
                say(&format!("… and {more}: failed: {reason}"));
            }
        }
        for Tally { reason, count: times } in &self.rescues {
            if let more @ 1.. = times.saturating_sub(SHOWN) {
                let more = count(more, "more value", "more values");
                say(&format!("… and {more}: rescued: {reason}"));
            }
        }
        let totals = &self.totals;
        let Totals { inputs_read, inputs_failed, .. } = *totals;
        if inputs_read + inputs_failed > 1 {
            let [read, failed] = [inputs_read, inputs_failed].map(thousands);
            say(&format!("inputs      {read} read, {failed} failed"));
        }
        let records_in = thousands(totals.ok + totals.dropped + totals.failed);
        let [ok, dropped, failed] = [totals.ok, totals.dropped, totals.failed].map(thousands);
        say(&format!("records     {records_in} in: {ok} ok, {dropped} dropped, {failed} failed"));
    }
}

/// Counts a reason; how often it came up so far, this time included.
fn tally(tallies: &mut Vec<Tally>, reason: &str) -> u64 {
    if let Some(tally) = tallies.iter_mut().find(|tally| tally.reason == reason) {
        tally.count += 1;
        return tally.count;
    }
    tallies.push(Tally { reason: reason.to_owned(), count: 1 });
    1
}

/// A bar, or a spinner where the input's length isn't known; only for a person at a terminal who
/// isn't shown the rows there anyway.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    len: Option<u64>,
    wanted: bool,
}

impl Progress {
    /// Over an input of `len` bytes, where that is known. `prints_rows`: whether standard output
    /// has the rows.
    pub(crate) fn new(len: Option<u64>, prints_rows: bool) -> Progress {
        let shows_rows = prints_rows && io::stdout().is_terminal();
        let wanted = io::stderr().is_terminal() && !shows_rows;
        Progress { bar: ProgressBar::hidden(), len, wanted }
    }

    /// Shows that so many bytes are read.
    pub(crate) fn advance(&mut self, bytes_read: u64) {
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

    /// Writes a line to standard error, without the bar in its way.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How a bar looks.
pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A size in words, for a message.
pub(crate) fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
