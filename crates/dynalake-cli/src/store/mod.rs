//! Folders that files are read from and written to: of this machine, and on S3.

mod file;
mod local;
#[cfg(feature = "s3")]
mod s3;

use crate::trouble::Trouble;
use file::S3;
pub(crate) use file::{Listed, Replace};
use local::LocalFile;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A folder that files are read from and written to.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Local(PathBuf),
    #[cfg(feature = "s3")]
    S3(s3::Prefix),
}

/// An address on S3, if it is one.
pub(crate) fn on_s3(address: &Path) -> Option<&str> {
    address.to_str().filter(|address| address.starts_with(S3))
}

/// Whether an address on S3 is a folder's, and not an object's: that of a bucket, or with a `/` at
/// its end.
pub(crate) fn is_s3_folder(address: &str) -> bool {
    let rest = address.strip_prefix(S3).unwrap_or(address);
    rest.ends_with('/') || !rest.contains('/')
}

impl Folder {
    /// The folder at this address: a path, or `s3://bucket/prefix`. Nothing is made or asked yet.
    ///
    /// # Errors
    ///
    /// An address that can't be one.
    pub(crate) fn at(address: &Path) -> Result<Folder, Trouble> {
        let place = match on_s3(address) {
            Some(address) => Place::on_s3(address)?,
            None => Place::Local(address.to_owned()),
        };
        Ok(Folder { place })
    }

    /// The folder that a file's address on S3 is in, and the file's name there.
    ///
    /// # Errors
    ///
    /// An address that can't be one.
    pub(crate) fn of_s3_file(address: &str) -> Result<(Folder, String), Trouble> {
        // So that a message names it as it was given.
        Place::on_s3(address)?;
        let (folder, name) = address.rsplit_once('/').unwrap_or((address, ""));
        Ok((Folder { place: Place::on_s3(folder)? }, name.to_owned()))
    }

    /// Whether it is on S3.
    pub(crate) fn is_on_s3(&self) -> bool {
        match &self.place {
            Place::Local(_) => false,
            #[cfg(feature = "s3")]
            Place::S3(_) => true,
        }
    }

    /// What messages call the folder.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Local(path) => path.display().to_string(),
            #[cfg(feature = "s3")]
            Place::S3(prefix) => prefix.name(),
        }
    }

    /// What messages call a file in it.
    pub(crate) fn name_of(&self, file: &str) -> String {
        match &self.place {
            Place::Local(path) => path.join(file).display().to_string(),
            #[cfg(feature = "s3")]
            Place::S3(prefix) => prefix.name_of(file),
        }
    }

    /// Makes the folder, and says whether something is in it.
    ///
    /// # Errors
    ///
    /// A folder that can't be made or looked into.
    pub(crate) fn make(&self) -> io::Result<bool> {
        match &self.place {
            Place::Local(path) => local::make(path),
            #[cfg(feature = "s3")]
            Place::S3(prefix) => prefix.is_used(),
        }
    }

    /// All files at every depth whose names below the folder begin with `prefix`, sorted by name;
    /// without those of which a part of the name begins with `.` or `_`. On S3 without empty ones:
    /// the console makes such for folders.
    ///
    /// # Errors
    ///
    /// A folder that can't be read.
    pub(crate) fn list(&self, prefix: &str) -> io::Result<Vec<Listed>> {
        self.list_if(prefix, &|_| true)
    }

    /// Those of [`Folder::list`] with a name that is wanted: of a large table's files only these
    /// are held in memory.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn list_if(
        &self,
        prefix: &str,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Listed>> {
        match &self.place {
            Place::Local(path) => local::list(path, prefix, is_wanted),
            #[cfg(feature = "s3")]
            Place::S3(folder) => folder.list(prefix, is_wanted),
        }
    }

    /// A file's bytes. On S3 they are fetched ahead of the reader.
    ///
    /// # Errors
    ///
    /// A file that is absent ([`io::ErrorKind::NotFound`]) or can't be read.
    pub(crate) fn read(&self, file: &str) -> io::Result<Box<dyn Read + Send>> {
        match &self.place {
            Place::Local(path) => local::read(&path.join(file)),
            #[cfg(feature = "s3")]
            Place::S3(prefix) => prefix.read(file),
        }
    }

    /// A new file, which nobody sees before it is published.
    pub(crate) fn write(&self, file: &str, replace: Replace) -> NewFile {
        NewFile(match &self.place {
            Place::Local(path) => Unpublished::Local(LocalFile::new(path.join(file), replace)),
            #[cfg(feature = "s3")]
            Place::S3(prefix) => Unpublished::S3(prefix.write(file, replace)),
        })
    }
}

impl Place {
    #[cfg(feature = "s3")]
    fn on_s3(address: &str) -> Result<Place, Trouble> {
        s3::Prefix::parse(address).map(Place::S3)
    }

    #[cfg(not(feature = "s3"))]
    fn on_s3(address: &str) -> Result<Place, Trouble> {
        Err(Trouble(format!(
            "{address}: this build of dynalake has no S3; install one that has: cargo install \
             --locked --path crates/dynalake-cli, without --no-default-features"
        )))
    }
}

/// A file that is being written. Nobody sees it before [`NewFile::publish`]; without that it is
/// removed again.
pub(crate) struct NewFile(Unpublished);

enum Unpublished {
    Local(LocalFile),
    #[cfg(feature = "s3")]
    S3(s3::NewObject),
}

impl NewFile {
    /// Gives the file its name, once its bytes are safe; says how many they are.
    ///
    /// # Errors
    ///
    /// A file that can't be written, or that is there already and must not be replaced.
    pub(crate) fn publish(self) -> io::Result<u64> {
        match self.0 {
            Unpublished::Local(file) => file.publish(),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.publish(),
        }
    }

    /// How many bytes of it are in memory.
    pub(crate) fn held(&self) -> usize {
        match &self.0 {
            Unpublished::Local(file) => file.held(),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.held(),
        }
    }

    /// Nothing more is written: lets go of what is open, and of what is in memory if the file is
    /// there in part already. A small file stays in memory, as it takes fewest requests so.
    ///
    /// # Errors
    ///
    /// A file that can't be written.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Unpublished::Local(file) => file.close(),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.close(),
        }
    }

    /// Nothing more is written: lets go of what is open and of all that is in memory.
    ///
    /// # Errors
    ///
    /// A file that can't be written.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Unpublished::Local(file) => file.seal(),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.seal(),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Unpublished::Local(file) => file.write(bytes),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Unpublished::Local(file) => file.flush(),
            #[cfg(feature = "s3")]
            Unpublished::S3(object) => object.flush(),
        }
    }
}
