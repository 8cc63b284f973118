//! What became of records, or of an export's items, in numbers.

use crate::report::say;
use crate::text::{count, printable, thousands};
use dynalake::failure::Failure;
use dynalake::text::json::{Cursor, SyntaxError};
use std::collections::{BTreeMap, HashMap};

/// So many paths of rescued values are told apart, and so many are printed.
const MAX_PATHS: usize = 1_000;
const SHOWN: usize = 20;

/// The reasons in `_rescued`.
const REASONS: [&str; 4] = ["unknown", "type", "range", "collision"];

/// What became of records or items, of one input or all.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// All of them.
    pub(crate) records: u64,
    /// Those that are rows.
    pub(crate) rows: u64,
    /// Those that the schema does not want.
    pub(crate) dropped: u64,
    /// Those that can't be rows, by reason: how many, and the first one's failure.
    rejected: BTreeMap<&'static str, (u64, Failure)>,
    rescued: Rescued,
}

/// Rows with a `_rescued`, and which values are in those.
#[derive(Debug, Default)]
struct Rescued {
    rows: u64,
    /// By path, how often for each reason.
    paths: HashMap<Vec<u8>, [u64; 4]>,
    /// Values of paths beyond those.
    others: u64,
}

impl Totals {
    /// Counts one that can't be a row.
    pub(crate) fn reject(&mut self, failure: Failure) {
        self.rejected.entry(failure.code()).or_insert((0, failure)).0 += 1;
    }

    /// How many can't be rows.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.values().map(|(count, _)| count).sum()
    }

    /// The codes with which they were rejected.
    pub(crate) fn rejected_codes(&self) -> impl Iterator<Item = &str> {
        self.rejected.keys().copied()
    }

    /// Counts a row's `_rescued`.
    pub(crate) fn rescue(&mut self, rescued: &[u8]) {
        self.rescued.rows += 1;
        let mut cursor = Cursor::new(rescued);
        // The core wrote it: it is an object of objects.
        let _ = cursor.object(|cursor, path| {
            let mut reason = None;
            cursor.object(|cursor, name| {
                if name != b"reason" {
                    return cursor.skip_value();
                }
                let text = cursor.string()?;
                let text = text.raw(cursor.input());
                reason = REASONS.iter().position(|reason| reason.as_bytes() == text);
                Ok::<_, SyntaxError>(())
            })?;
            if let Some(reason) = reason {
                self.rescued.add(path, reason, 1);
            }
            Ok::<_, SyntaxError>(())
        });
    }

    /// Whether each is accounted for.
    pub(crate) fn add_up(&self) -> bool {
        self.records == self.rows + self.dropped + self.rejected()
    }

    /// Adds those of another input.
    pub(crate) fn add(&mut self, other: Totals) {
        self.records += other.records;
        self.rows += other.rows;
        self.dropped += other.dropped;
        for (code, (count, failure)) in other.rejected {
            self.rejected.entry(code).or_insert((0, failure)).0 += count;
        }
        self.rescued.rows += other.rescued.rows;
        self.rescued.others += other.rescued.others;
        for (path, counts) in other.rescued.paths {
            for (reason, count) in counts.into_iter().enumerate() {
                self.rescued.add(&path, reason, count);
            }
        }
    }

    /// Prints them: what one and several are called, and why one is rejected.
    pub(crate) fn say(&self, [one, many]: [&str; 2], explain: impl Fn(Failure) -> String) {
        let Totals { records, rows, dropped, .. } = self;
        let [rejected, dropped] = [self.rejected(), *dropped].map(thousands);
        let records = count(*records, one, many);
        let rows = count(*rows, "row", "rows");
        say(&format!("{many:<9} {records} in: {rows}, {rejected} rejected, {dropped} dropped"));
        for (code, (count, failure)) in &self.rejected {
            say(&format!("rejected  {} {code}: {}", thousands(*count), explain(*failure)));
        }
        self.rescued.say();
    }

    /// The counts as members of a JSON object, for programs: `"records":3,"rows":1,…`.
    pub(crate) fn to_members(&self, records: &str) -> String {
        format!(
            "\"{records}\":{},\"rows\":{},\"rejected\":{},\"dropped\":{},\"rescued\":{}",
            self.records,
            self.rows,
            self.rejected(),
            self.dropped,
            self.rescued.rows
        )
    }
}

impl Rescued {
    fn add(&mut self, path: &[u8], reason: usize, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(counts) = self.paths.get_mut(path) {
            counts[reason] += count;
        } else if self.paths.len() < MAX_PATHS {
            let mut counts = [0; 4];
            counts[reason] = count;
            self.paths.insert(path.to_vec(), counts);
        } else {
            self.others += count;
        }
    }

    fn say(&self) {
        if self.rows == 0 {
            return;
        }
        say(&format!("rescued   {}", count(self.rows, "row has", "rows have") + " a _rescued"));
        let counts = self.paths.iter().flat_map(|(path, counts)| {
            let counts = counts.iter().zip(REASONS).filter(|(count, _)| **count > 0);
            counts.map(move |(count, reason)| (*count, path, reason))
        });
        let mut counts: Vec<_> = counts.collect();
        counts.sort_by(|a, b| (b.0, a.1, a.2).cmp(&(a.0, b.1, b.2)));
        for (count, path, reason) in counts.iter().take(SHOWN) {
            let path = printable(&String::from_utf8_lossy(path));
            say(&format!("rescued   {} {path}: {reason}", thousands(*count)));
        }
        let rest = counts.iter().skip(SHOWN).map(|(count, ..)| count).sum::<u64>() + self.others;
        if rest > 0 {
            say(&format!("rescued   {}", count(rest, "other value", "other values")));
        }
    }
}
