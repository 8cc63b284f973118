//! Folders that files are read from and written to.

mod local;

use crate::input::Trouble;
use local::LocalFile;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A folder that files are read from and written to.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    /// Its name below the folder, with `/` between folders.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Whether a file may take the place of one with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    /// It must not: two runs write into one folder.
    No,
    /// It may: a run wrote the same before.
    Yes,
}

impl Folder {
    /// The folder at this address. Nothing is made or asked yet.
    ///
    /// # Errors
    ///
    /// An address that can't be one.
    pub(crate) fn at(address: &Path) -> Result<Folder, Trouble> {
        Ok(Folder { path: address.to_owned() })
    }

    /// What messages call the folder.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What messages call a file in it.
    pub(crate) fn name_of(&self, file: &str) -> String {
        self.path.join(file).display().to_string()
    }

    /// Makes the folder, and says whether something is in it.
    ///
    /// # Errors
    ///
    /// A folder that can't be made or looked into.
    pub(crate) fn make(&self) -> io::Result<bool> {
        local::make(&self.path)
    }

    /// All files at every depth whose names below the folder begin with `prefix`, sorted by name;
    /// without those of which a part of the name begins with `.` or `_`.
    ///
    /// # Errors
    ///
    /// A folder that can't be read.
    pub(crate) fn list(&self, prefix: &str) -> io::Result<Vec<Listed>> {
        local::list(&self.path, prefix)
    }

    /// A file's bytes.
    ///
    /// # Errors
    ///
    /// A file that is absent ([`io::ErrorKind::NotFound`]) or can't be read.
    pub(crate) fn read(&self, file: &str) -> io::Result<Box<dyn Read + Send>> {
        local::read(&self.path.join(file))
    }

    /// A new file, which nobody sees before it is published.
    pub(crate) fn write(&self, file: &str, replace: Replace) -> NewFile {
        NewFile { file: LocalFile::new(self.path.join(file), replace) }
    }
}

/// A file that is being written. Nobody sees it before [`NewFile::publish`]; without that it is
/// removed again.
pub(crate) struct NewFile {
    file: LocalFile,
}

impl NewFile {
    /// Gives the file its name, once its bytes are safe; says how many they are.
    ///
    /// # Errors
    ///
    /// A file that can't be written, or that is there already and must not be replaced.
    pub(crate) fn publish(self) -> io::Result<u64> {
        self.file.publish()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
