//! Any bytes as rows that were written before, one per line; the first byte chooses the settings.
//!
//! A row that comes out is a row, and taken back once more it stays as it is; so do the rows of
//! change records. A transformer that has seen other rows must behave like a new one.
#![no_main]

use dynalake_fuzz::{record_transformer, rows_stay, transform_record, transform_row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [settings, lines @ ..] = input else { return };
    let mut reused = record_transformer(*settings);
    for line in lines.split(|&byte| byte == b'\n').take(8) {
        let row = transform_row(&mut record_transformer(*settings), line);
        assert_eq!(row, transform_row(&mut reused, line), "what it has seen before matters");
        let made = transform_record(&mut reused, line, b"7", true).1;
        let made = made.filter(|_| rows_stay(*settings));
        for row in row.iter().chain(&made) {
            let again = transform_row(&mut reused, row);
            let again = again.map(|row| String::from_utf8_lossy(&row).into_owned());
            assert_eq!(again.as_deref(), Some(&*String::from_utf8_lossy(row)));
        }
    }
});
