//! One schema's rows, by partition, as files in memory.

use crate::partition::{Granularity, Partition, PartitionBy};
use dynalake::row::Rows;
use dynalake_parquet::{Columns, FileWriter, Form, Limits};
use std::collections::BTreeMap;

/// Why a file in memory can't fail.
const TAKES_ALL: &str = "a Vec takes every write";

/// Takes rows to files, each of one partition.
pub(crate) struct Files<'a> {
    form: &'a Form,
    granularity: Granularity,
    /// The partition of all rows; `None`: that of each row's change.
    partition: Option<Partition>,
    writers: BTreeMap<Partition, FileWriter<Vec<u8>>>,
    /// The one that was asked for last.
    last: Option<Partition>,
}

impl<'a> Files<'a> {
    /// No files yet, of a batch that arrived at this time, in microseconds since 1970.
    pub(crate) fn new(
        form: &'a Form,
        partition_by: PartitionBy,
        granularity: Granularity,
        arrival_us: u64,
    ) -> Files<'a> {
        let partition = match partition_by {
            PartitionBy::Arrival => Some(Partition::of(arrival_us, granularity)),
            PartitionBy::EventTime => None,
        };
        Files { form, granularity, partition, writers: BTreeMap::new(), last: None }
    }

    /// Encodes what has become enough for it. Comes after each row.
    pub(crate) fn advance(&mut self) {
        if let Some(writer) = self.last.and_then(|last| self.writers.get_mut(&last)) {
            writer.advance().expect(TAKES_ALL);
        }
    }

    /// The files that have rows, in the order of their partitions.
    pub(crate) fn close(self) -> Vec<(Partition, Vec<u8>)> {
        // One after the other: only one encoder takes memory for what it has not written yet.
        let mut files = Vec::new();
        for (partition, writer) in self.writers {
            if writer.rows() > 0 {
                files.push((partition, writer.close().expect(TAKES_ALL)));
            }
        }
        files
    }
}

impl Rows for Files<'_> {
    type Sink = Columns;

    fn sink(&mut self, time_us: u64) -> &mut Columns {
        let of_change = || Partition::of(time_us, self.granularity);
        let partition = self.partition.unwrap_or_else(of_change);
        self.last = Some(partition);
        let writer = self.writers.entry(partition).or_insert_with(|| {
            FileWriter::new(Vec::new(), self.form, Limits::default()).expect(TAKES_ALL)
        });
        writer.columns()
    }
}
