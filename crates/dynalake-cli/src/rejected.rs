//! What helps where records were rejected.

use crate::report::say;
use dynalake::failure::Failure;
use std::collections::BTreeMap;

/// What helps where another schema may make rows.
const CHANGE_SCHEMA: &str = "change the schema and run this again";

/// Says what helps with rejected records of these codes: to change the schema where that can make
/// rows of them, else `otherwise`.
pub(crate) fn say_fixes<'a>(
    codes: impl Iterator<Item = &'a str>,
    otherwise: impl Fn(&str) -> &'static str,
) {
    let by_schema = [Failure::KeyNotFilled { column: 0 }, Failure::RowTooLarge].map(Failure::code);
    let mut fixes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let fix = if by_schema.contains(&code) { CHANGE_SCHEMA } else { otherwise(code) };
        let codes = fixes.entry(fix).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    for (fix, codes) in fixes {
        say(&format!("  {}: {fix}", codes.join(", ")));
    }
}
