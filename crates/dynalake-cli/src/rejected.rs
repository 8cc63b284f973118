//! Where rejected records go, the files of them, and what helps with them.

use crate::exit::Exit;
use crate::report::say;
use crate::store::{Folder, NewFile, Replace};
use dynalake::failure::Failure;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What helps where another schema may make rows.
const CHANGE_SCHEMA: &str = "change the schema and run this again";

/// This much is held before it is written.
const HELD_BYTES: usize = 64 << 10;

/// A file of rejected records, which appears with the first of them.
pub(crate) struct RejectedFile {
    folder: Folder,
    name: String,
    file: Option<NewFile>,
    held: Vec<u8>,
}

impl RejectedFile {
    /// None yet; there is no file before the first record.
    pub(crate) fn new(folder: Folder, name: String) -> RejectedFile {
        RejectedFile { folder, name, file: None, held: Vec::new() }
    }

    /// Keeps the line that `append` writes.
    ///
    /// # Errors
    ///
    /// A file that can't be written.
    pub(crate) fn add(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), Exit> {
        append(&mut self.held);
        if self.held.len() > HELD_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Exit> {
        let file = self.file.get_or_insert_with(|| self.folder.write(&self.name, Replace::Yes));
        let written = file.write_all(&self.held);
        self.held.clear();
        written.map_err(|error| Exit::unwritable_file(&self.folder.name_of(&self.name), &error))
    }

    /// Gives the file its name, if there is one; returns what messages call it.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn publish(mut self) -> Result<Option<String>, Exit> {
        if !self.held.is_empty() {
            self.write()?;
        }
        let name = self.folder.name_of(&self.name);
        let Some(file) = self.file else { return Ok(None) };
        file.publish().map_err(|error| Exit::unwritable_file(&name, &error))?;
        Ok(Some(name))
    }
}

/// The folder of rejected records: the one that is given, else `rejected` in `out`.
pub(crate) fn rejected_address(given: Option<&Path>, out: &Path) -> PathBuf {
    given.map_or_else(|| out.join("rejected"), Path::to_owned)
}

/// Opens that folder.
///
/// # Errors
///
/// Standard output, or an address that can't be one.
pub(crate) fn rejected_folder(given: Option<&Path>, out: &Path) -> Result<Folder, Exit> {
    open_rejected(&rejected_address(given, out))
}

/// Opens the folder of rejected records at this address.
///
/// # Errors
///
/// The same.
pub(crate) fn open_rejected(address: &Path) -> Result<Folder, Exit> {
    if address.as_os_str() == "-" {
        return Exit::reject("--rejected is \"-\", and has to be a folder");
    }
    Folder::at(address).map_err(|trouble| Exit::Rejected(trouble.0))
}

/// Warns if rejected records are beside rows on S3, likely in a table's location.
pub(crate) fn warn_if_beside_rows(rejected: &Folder, out: &Folder) {
    let (is_on_s3, rejected) = (rejected.is_on_s3(), rejected.name());
    if is_on_s3 && rejected.starts_with(&out.name()) {
        say(&format!(
            "warning: {rejected} has original records, protected attributes in clear, where \
             readers of the table may look; remove it when they are rows, and give --rejected \
             another folder"
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
