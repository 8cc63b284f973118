//! The files that the arguments name: files, folders, `-`.

use super::trouble::{Trouble, quoted};
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

/// A file to read, or standard input.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it is; `-` is standard input.
    pub(super) path: PathBuf,
    /// What messages call it.
    pub(super) name: String,
    /// Its size, where it is a file.
    pub(crate) len: Option<u64>,
    /// Whether it was found in a folder, and not named itself.
    pub(crate) in_folder: bool,
}

/// What the arguments name, in their order; folders as the files in them, sorted, at every depth.
/// Hidden files and folders, whose names begin with `.` or `_`, are left out.
pub(crate) fn sources(paths: &[PathBuf]) -> Vec<Result<Source, Trouble>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            sources.push(Ok(Source { path: path.clone(), name, len: None, in_folder: false }));
        } else if let Some(trouble) = on_s3(path) {
            sources.push(Err(trouble));
        } else if path.is_dir() {
            let before = sources.len();
            add_folder(path, &mut sources);
            if sources.len() == before {
                let trouble = format!("{} is a folder without files", path.display());
                sources.push(Err(Trouble(trouble)));
            }
        } else {
            let found = fs::metadata(path).map_err(|error| unreadable(path, &error));
            sources.push(found.map(|data| source(path, data.is_file().then_some(data.len()))));
        }
    }
    sources
}

fn source(path: &Path, len: Option<u64>) -> Source {
    let name = path.display().to_string();
    Source { path: path.to_owned(), name, len, in_folder: false }
}

fn add_folder(folder: &Path, sources: &mut Vec<Result<Source, Trouble>>) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return sources.push(Err(unreadable(folder, &error))),
    };
    entries
        .retain(|entry| !matches!(entry.file_name().as_encoded_bytes().first(), Some(b'.' | b'_')));
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder may lead back here: it is not followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            add_folder(&path, sources);
            continue;
        }
        match fs::metadata(&path) {
            Ok(data) if data.is_file() => {
                sources.push(Ok(Source { in_folder: true, ..source(&path, Some(data.len())) }));
            }
            Ok(_) => {}
            Err(error) => sources.push(Err(unreadable(&path, &error))),
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::unreadable(&path.display().to_string(), error)
}

/// An address on S3, which is copied first.
fn on_s3(path: &Path) -> Option<Trouble> {
    let address = path.to_str()?;
    let key = address.strip_prefix("s3://")?.split_once('/').map_or("", |(_, key)| key);
    let shell = quoted(address);
    let fix = if key.is_empty() || key.ends_with('/') {
        format!("aws s3 cp --recursive {shell} FOLDER && dynalake transform … FOLDER")
    } else {
        format!("aws s3 cp {shell} - | dynalake transform … -")
    };
    Some(Trouble(format!("{address}: reading from S3 is not supported yet; copy it: {fix}")))
}
