//! The folders of objects, by time: `dt=2026-01-31/hour=23`.

use dynalake::text::time::Civil;
use std::fmt;

const HOUR_US: u64 = 3_600_000_000;

/// Which time says where a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartitionBy {
    /// That of the batch's first arrival, for all its rows.
    #[default]
    Arrival,
    /// That of each row's change.
    EventTime,
}

/// How long the time of one folder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// An hour.
    #[default]
    Hour,
    /// A day.
    Day,
}

/// One folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Partition {
    /// Its hour, or its day's first, counted from 1970.
    hour: u64,
    is_day: bool,
}

impl Partition {
    /// The folder of a time, in microseconds since 1970.
    pub(crate) fn of(time_us: u64, granularity: Granularity) -> Partition {
        let hour = time_us / HOUR_US;
        match granularity {
            Granularity::Hour => Partition { hour, is_day: false },
            Granularity::Day => Partition { hour: hour - hour % 24, is_day: true },
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, .. } = Civil::from_seconds(self.hour as i64 * 3_600);
        write!(f, "dt={year:04}-{month:02}-{day:02}")?;
        if self.is_day { Ok(()) } else { write!(f, "/hour={hour:02}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_hives() {
        let at = |time_us, granularity| Partition::of(time_us, granularity).to_string();
        assert_eq!(at(0, Granularity::Hour), "dt=1970-01-01/hour=00");
        assert_eq!(at(1_720_742_302_233_719, Granularity::Hour), "dt=2024-07-11/hour=23");
        assert_eq!(at(1_720_742_302_233_719, Granularity::Day), "dt=2024-07-11");
    }
}
