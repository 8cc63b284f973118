//! What `dynalake infer` says of its input is what the transformation does with it.
//!
//! | file | what holds |
//! |---|---|
//! | `agreement` | with the schema that it prints exactly those values are rescued that it reported, path by path |
//! | `populations` | items of random tables, mostly of one shape, as real ones are |
//!
//! `DYNALAKE_ITEMS=100000 cargo test --release --package dynalake-cli --test infer` looks further.

mod agreement;
#[allow(dead_code, unused_imports)] // Other tests use more of it.
#[path = "../../../../tests/properties/generate/mod.rs"]
mod generate;
#[allow(dead_code)] // Other tests use more of it.
#[path = "../../../../tests/properties/json.rs"]
mod json;
mod populations;
