//! An export, as its manifests describe it.

use crate::exit::Exit;

/// An export, as its manifests have it.
#[derive(Debug)]
pub(super) struct Export {
    /// What AWS calls it: `01716790307109-cfa31da1`.
    pub(super) id: String,
    /// Which kind it is, and when it was.
    pub(super) span: Span,
    /// How many items these files have together.
    pub(super) items: u64,
    /// Its data files that are to be read, in the manifest's order.
    pub(super) files: Vec<DataFile>,
}

/// What of its table's time an export holds; in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// The items at this time.
    Full {
        /// `exportTime`
        time_us: u64,
    },
    /// The items that changed before this time.
    Incremental {
        /// `exportToTime`
        end_us: u64,
    },
}

/// A data file, as the manifest has it.
#[derive(Debug)]
pub(super) struct DataFile {
    /// Its key in the bucket.
    pub(super) key: String,
    /// Its name in the names of what is made of it.
    pub(super) stem: String,
    /// How many items it has.
    pub(super) items: u64,
    /// The MD5 of its bytes as they are stored, zipped.
    pub(super) md5: [u8; 16],
}

impl Export {
    /// Keeps the data files of these names alone: their keys, or the last parts of these.
    ///
    /// # Errors
    ///
    /// A name that no data file has.
    pub(super) fn select(&mut self, names: &[String]) -> Result<(), Exit> {
        let has_name = |file: &DataFile, name: &String| {
            file.key == *name || file.key.rsplit('/').next() == Some(name)
        };
        for name in names {
            if !self.files.iter().any(|file| has_name(file, name)) {
                return Exit::reject(format!(
                    "--data-file: the export has no data file \"{}\"; give a dataFileS3Key of its \
                     manifest-files.json",
                    name.escape_default()
                ));
            }
        }
        self.files.retain(|file| names.iter().any(|name| has_name(file, name)));
        self.items = self.files.iter().map(|file| file.items).sum();
        Ok(())
    }
}

/// Where in its bucket an export is.
#[derive(Debug)]
pub(super) struct Address {
    /// The bucket's name.
    pub(super) bucket: String,
    /// The key of the folder with the manifests.
    pub(super) home: String,
}

impl Span {
    /// Its last moment, in microseconds since 1970.
    pub(super) fn end_us(self) -> u64 {
        let (Span::Full { time_us: end_us } | Span::Incremental { end_us }) = self;
        end_us
    }
}
