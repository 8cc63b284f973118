//! Property tests: what must hold for any schema and any change.
//!
//! | file | what holds |
//! |---|---|
//! | `agreement` | the core and `reference`, a literal reading of the contract, give the same bytes |
//! | `rebuild` | nothing is lost and nothing invented: the item is in the row and `_rescued`; nothing protected is |
//! | `rows` | a row taken to the schema as it is now: unchanged, or by `reference`; nothing protected is shown |
//! | `view` | whatever happens, the rows that `where` chooses merge to the filtered table |
//! | `order` | changes late, repeated, lost, and exports: the newest rows are the table, or it is said why not |
//! | `walk` | without a schema, the row is what a plain walk over `serde_dynamo`'s values gives |
//! | `coercion` | values are what `bigdecimal`, `jiff` and the standard library make of them |
//! | `bytes` | whatever the bytes, every record is answered once, in order, within the limit |
//!
//! `generate` makes schemas and changes; `json` and `wire` read what comes back.
//! `PROPTEST_CASES=100000 cargo test --test properties` looks further.

mod agreement;
mod bytes;
mod coercion;
mod generate;
mod json;
mod order;
mod rebuild;
mod reference;
mod rows;
mod view;
mod walk;
mod wire;

use proptest::test_runner::Config;

/// How many cases a test takes, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    Config { cases, max_shrink_iters: 100_000, failure_persistence: None, ..Config::default() }
}
