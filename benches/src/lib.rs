//! What the benches share.

pub mod mixes;
pub mod peers;

use dynalake::settings::Settings;
use dynalake::transform::Transformer;

/// When all events arrive.
pub const NOW_MS: u64 = 1_720_742_304_000;

/// Ours, by the schema of a mix.
pub fn transformer(mix: &str) -> Transformer {
    let settings = Settings { schema: Some(mixes::schema(mix)), ..Settings::default() };
    settings.transformer().expect("the schema is good")
}
