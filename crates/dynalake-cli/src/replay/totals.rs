//! What became of records, in numbers.

use crate::report::say;
use crate::text::{count, shortened, thousands};
use std::collections::BTreeMap;

/// So many codes are printed.
const SHOWN: usize = 20;

/// What became of all records together.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Records that were found.
    pub(super) records: u64,
    pub(super) rows: u64,
    /// Rows with a `_rescued`.
    pub(super) rescued: u64,
    pub(super) dropped: u64,
    /// Empty ones, which producers send to test the way.
    pub(super) control: u64,
    /// Those that failed again: by code and reason, how many.
    rejected: BTreeMap<(String, String), u64>,
    /// By the code with which they failed before.
    codes: BTreeMap<String, u64>,
}

impl Totals {
    /// Counts a record, and the code with which it failed before.
    pub(super) fn record(&mut self, error_code: Option<&str>) {
        self.records += 1;
        if let Some(code) = error_code {
            *self.codes.entry(shortened(code, 80)).or_default() += 1;
        }
    }

    /// Counts a record that failed again.
    pub(super) fn reject(&mut self, code: &str, reason: &str) {
        *self.rejected.entry((code.to_owned(), reason.to_owned())).or_default() += 1;
    }

    /// How many failed again.
    pub(super) fn rejected(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// The codes with which records failed again.
    pub(super) fn rejected_codes(&self) -> impl Iterator<Item = &str> {
        self.rejected.keys().map(|(code, _)| code.as_str())
    }

    /// Whether each record is accounted for.
    pub(super) fn add_up(&self) -> bool {
        self.records == self.rows + self.rejected() + self.dropped + self.control
    }

    /// Prints them.
    pub(super) fn say(&self) {
        let mut codes: Vec<_> = self.codes.iter().collect();
        codes.sort_by_key(|&(code, times)| (std::cmp::Reverse(times), code));
        for (code, times) in codes.iter().take(SHOWN) {
            say(&format!("failed    {} {code}", thousands(**times)));
        }
        let others: u64 = codes.iter().skip(SHOWN).map(|(_, times)| **times).sum();
        if others > 0 {
            say(&format!("failed    {} of other codes", thousands(others)));
        }
        let [rejected, dropped] = [self.rejected(), self.dropped].map(thousands);
        say(&format!(
            "records   {} in: {}, {rejected} rejected, {dropped} dropped, {}",
            thousands(self.records),
            count(self.rows, "row", "rows"),
            count(self.control, "control message", "control messages"),
        ));
        for ((code, reason), times) in &self.rejected {
            say(&format!("rejected  {} {code}: {reason}", thousands(*times)));
        }
        say(&format!("rescued   {}", count(self.rescued, "row", "rows")));
    }
}
