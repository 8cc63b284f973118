//! Any bytes as change records, one per line, into a Parquet file that must hold what lines of JSON
//! hold; the first byte chooses the settings. A row that fails half-way must leave nothing behind.
#![no_main]

use dynalake_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [settings, lines @ ..] = input else { return };
    let records: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').take(16).collect();
    check_file(*settings, &records);
});
