//! What folders of this machine and on S3 have in common.

/// Why a file is not given its name.
pub(super) const OF_ANOTHER_RUN: &str =
    "another run has written it meanwhile; give each run a folder of its own";

/// What addresses on S3 begin with.
pub(super) const S3: &str = "s3://";

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
