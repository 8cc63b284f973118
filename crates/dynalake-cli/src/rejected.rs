//! Where rejected records go, and what helps with them.

use crate::exit::Exit;
use crate::report::say;
use crate::store::{Folder, on_s3};
use dynalake::failure::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What helps where another schema may make rows.
const CHANGE_SCHEMA: &str = "change the schema and run this again";

/// The folder of rejected records: the one that is given, else `rejected` in `out`.
pub(crate) fn rejected_address(given: Option<&Path>, out: &Path) -> PathBuf {
    given.map_or_else(|| out.join("rejected"), Path::to_owned)
}

/// The same folder.
///
/// # Errors
///
/// Standard output, or an address that can't be one.
pub(crate) fn rejected_folder(given: Option<&Path>, out: &Path) -> Result<Folder, Exit> {
    let address = rejected_address(given, out);
    if address.as_os_str() == "-" {
        return Exit::reject("--rejected is \"-\", and has to be a folder");
    }
    Folder::at(&address).map_err(|trouble| Exit::Rejected(trouble.0))
}

/// Warns where rejected records lie beside rows on S3, under what is likely a table's location.
pub(crate) fn warn_if_beside_rows(rejected: &Folder, out: &Folder) {
    let rejected = rejected.name();
    if on_s3(Path::new(&rejected)).is_some() && rejected.starts_with(&out.name()) {
        say(&format!(
            "warning: {rejected} has original records, protected attributes in clear, where readers \
             of the table may look; remove it when they are rows, and give --rejected another folder"
        ));
    }
}

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
