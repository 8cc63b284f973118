//! What failed again, as it was: a value of an object is a line.

use crate::exit::Exit;
use crate::store::{Folder, NewFile, Replace};
use std::io::{self, Write};

/// The file of the object of this name.
///
/// It has a name of its own: if it is replayed in its turn, its rows don't take the place of those
/// that the object gave.
pub(super) fn file(object: &str) -> String {
    format!("{object}.rejected")
}

/// The rejected values of one object.
pub(super) struct Rejected {
    folder: Folder,
    name: String,
    file: Option<NewFile>,
}

impl Rejected {
    /// None yet, of the object of this name; there is no file before the first.
    pub(super) fn new(folder: Folder, object: &str) -> Rejected {
        Rejected { folder, name: file(object), file: None }
    }

    /// Keeps a value.
    pub(super) fn add(&mut self, text: &[u8]) -> Result<(), Exit> {
        let file = self.file.get_or_insert_with(|| self.folder.write(&self.name, Replace::Yes));
        let written = file.write_all(text).and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| self.unwritable(&error))
    }

    /// Gives the file its name, if there is one; says that name, below the folder.
    pub(super) fn publish(mut self) -> Result<Option<String>, Exit> {
        let Some(file) = self.file.take() else { return Ok(None) };
        file.publish().map_err(|error| self.unwritable(&error))?;
        Ok(Some(self.name))
    }

    fn unwritable(&self, error: &io::Error) -> Exit {
        Exit::Rejected(format!("can't write {}: {error}", self.folder.name_of(&self.name)))
    }
}
