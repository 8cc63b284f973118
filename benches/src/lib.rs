//! What the benches share: inputs, and what is measured beside ours.

pub mod peers;
pub mod workloads;

use dynalake::firehose::Transformer;
use dynalake::settings::Settings;

/// When all events arrive.
pub const NOW_MS: u64 = 1_720_742_304_000;

/// Ours, by a schema.
pub fn transformer(schema: &str) -> Transformer {
    let settings = Settings { schema: Some(schema.to_owned()), ..Settings::default() };
    settings.transformer().expect("the schema is good")
}
