//! What is in the files.
//!
//! | file | what holds |
//! |---|---|
//! | `form` | the physical schema is the contract's, and the real service's; so are the footers |
//! | `agreement` | for any schema and changes a file holds what the lines of JSON hold, value by value |
//! | `edges` | tables of edge values, which other engines read too (`examples/agreement_files.rs`) |
//!
//! `read` puts a file's records together by its own physical schema; `rows` writes both forms and
//! compares them. `PROPTEST_CASES=20000 cargo test --package dynalake-parquet` looks further.

mod agreement;
mod edges;
mod form;
#[allow(dead_code, unused_imports)] // Other tests use more of it.
#[path = "../../../../tests/properties/generate/mod.rs"]
mod generate;
#[allow(dead_code)] // Other tests use more of it.
#[path = "../../../../tests/properties/json.rs"]
mod json;
mod read;
mod rows;
#[allow(dead_code)] // The test of sizes, in Python, reads its rows.
mod typical;
