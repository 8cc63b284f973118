//! The files that the arguments name: files, folders, `-`.

use crate::store::{Folder, Listed, is_s3_folder, on_s3};
use crate::trouble::Trouble;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file to read, or standard input.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it is.
    at: At,
    /// What messages call it.
    pub(super) name: String,
    /// Its size, where it is a regular file.
    pub(crate) len: Option<u64>,
    /// Whether it was found in a folder, and not named itself.
    pub(crate) in_folder: bool,
}

/// Where an input's bytes are.
#[derive(Debug)]
enum At {
    /// Standard input.
    Stdin,
    /// A file of this machine.
    Path(PathBuf),
    /// A file on S3: its folder, and its name there.
    S3(Folder, String),
}

impl Source {
    /// The last part of its name, where it has one of its own: not standard input, nor a pipe, as
    /// `<(…)` of a shell is, whose number another one has next time, nor a file by such a number.
    pub(crate) fn base_name(&self) -> Option<&str> {
        let has_name = match &self.at {
            At::Stdin => false,
            At::Path(path) => {
                self.len.is_some() && !path.starts_with("/dev") && !path.starts_with("/proc")
            }
            At::S3(..) => true,
        };
        self.name.rsplit('/').next().filter(|_| has_name)
    }

    /// Its bytes.
    pub(crate) fn read(&self) -> Result<Box<dyn Read>, Trouble> {
        let input: io::Result<Box<dyn Read>> = match &self.at {
            At::Stdin => Ok(Box::new(io::stdin().lock())),
            At::Path(path) => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
            At::S3(folder, file) => folder.read(file).map(|file| file as Box<dyn Read>),
        };
        input.map_err(|error| Trouble::unreadable(&self.name, &error))
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// What the arguments name, in their order; folders as the files in them, sorted, at every depth.
/// Hidden files and folders, whose names begin with `.` or `_`, are left out.
pub(crate) fn sources(paths: &[PathBuf]) -> Vec<Result<Source, Trouble>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            sources.push(Ok(Source { at: At::Stdin, name, len: None, in_folder: false }));
        } else if let Some(address) = on_s3(path) {
            match of_s3(address) {
                Ok(found) => sources.extend(found.into_iter().map(Ok)),
                Err(trouble) => sources.push(Err(trouble)),
            }
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
    Source { at: At::Path(path.to_owned()), name, len, in_folder: false }
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

/// What an address on S3 names: an object, or with a `/` at its end all objects below it.
fn of_s3(address: &str) -> Result<Vec<Source>, Trouble> {
    if !is_s3_folder(address) {
        let (folder, file) = Folder::of_s3_file(address)?;
        let name = folder.name_of(&file);
        return Ok(vec![Source { at: At::S3(folder, file), name, len: None, in_folder: false }]);
    }
    let folder = Folder::at(Path::new(address))?;
    let mut listed = folder.list("").map_err(|error| Trouble::unreadable(address, &error))?;
    // As in a folder of this machine: what is in "a" comes before "a.jsonl".
    listed.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
    if listed.is_empty() {
        return Err(Trouble(format!("{address} has no objects below it; check the prefix")));
    }
    let source = |Listed { name: file, bytes }| {
        let name = folder.name_of(&file);
        Source { at: At::S3(folder.clone(), file), name, len: Some(bytes), in_folder: true }
    };
    Ok(listed.into_iter().map(source).collect())
}
