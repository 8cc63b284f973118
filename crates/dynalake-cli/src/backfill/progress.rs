//! How far a run has come: a bar on a terminal, else a line from time to time.

use crate::report::{say, style};
use crate::text::thousands;
use indicatif::ProgressBar;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(250);

/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(30);

/// Shows how far a run has come.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    began: Instant,
    said: Instant,
    files: usize,
    items: u64,
}

impl Progress {
    /// Of so many files with so many items.
    pub(super) fn new(files: usize, items: u64) -> Progress {
        let bar = io::stderr().is_terminal().then(|| {
            ProgressBar::new(items).with_style(style("{bar:20} {percent:>3} %  {wide_msg}"))
        });
        let now = Instant::now();
        Progress { bar, began: now, said: now, files, items }
    }

    /// How long to wait before the next [`Progress::show`].
    pub(super) fn interval(&self) -> Duration {
        if self.bar.is_some() { TICK } else { LINE.saturating_sub(self.said.elapsed()) }
    }

    /// Shows that so many files are done, and so many items.
    pub(super) fn show(&mut self, files: usize, items: u64) {
        if self.bar.is_none() && self.said.elapsed() < LINE {
            return;
        }
        self.said = Instant::now();
        let took = self.began.elapsed();
        let left = u128::from(self.items.saturating_sub(items));
        let left =
            took.as_millis().checked_mul(left).unwrap_or_default() / u128::from(items.max(1));
        let left = Duration::from_millis(left as u64);
        let left = if items > 0 { format!(", {} left", duration(left)) } else { String::new() };
        let [done, all] = [files, self.files].map(|files| thousands(files as u64));
        let [done_items, items_in_all] = [items, self.items].map(thousands);
        let rate = thousands(rate(items, took));
        let line = format!(
            "{done} of {all} files, {done_items} of {items_in_all} items, {rate} items/s{left}"
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(items);
                bar.set_message(line);
            }
            None => say(&line),
        }
    }

    /// Runs `print` without the bar in its way.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away; how long it all took.
    pub(super) fn end(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }
}

/// Items a second.
pub(super) fn rate(items: u64, took: Duration) -> u64 {
    (u128::from(items) * 1_000 / took.as_millis().max(1)) as u64
}

/// A time in words: `42 s`, `3 min 5 s`, `2 h 10 min`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = (time.as_millis() as u64 + 500) / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
