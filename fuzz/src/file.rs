//! Change records in a Parquet file and as lines of JSON.

use crate::rows;
use crate::schema;
use dynalake_parquet::{Limits, Timestamps};

/// Writes records in both forms, with a largest row besides that fewer fit into, and checks that
/// the file holds what the lines hold. `settings` chooses the schema, the timestamps, and how large
/// batches, row groups and that row are.
pub fn check_file(settings: u8, records: &[&[u8]]) {
    let schema = schema(settings);
    let timestamps = if settings & 4 == 0 { Timestamps::Int96 } else { Timestamps::Micros };
    let limits = Limits {
        batch_rows: usize::from(settings >> 3 & 3) + 1,
        row_group_bytes: usize::from(settings >> 5) * 100,
        ..Limits::default()
    };
    let too_small = usize::from(settings) * 3;
    let records: Vec<_> =
        records.iter().map(|record| (record.to_vec(), Some("7".to_owned()))).collect();
    let written = rows::write(schema, timestamps, limits, &[too_small], &records);
    if let Err(difference) = rows::compare(schema, &written) {
        panic!("{difference}");
    }
}
