//! Exports to S3, taken to files.

mod cases;
mod data_files;
mod faults;
mod known_keys;
mod names;
pub(crate) mod support;
