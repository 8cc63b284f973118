//! Folders of this machine.

use super::file::{Listed, Replace};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Makes a folder, and says whether something is in it.
pub(super) fn make(folder: &Path) -> io::Result<bool> {
    fs::create_dir_all(folder)?;
    Ok(fs::read_dir(folder)?.next().is_some())
}

/// The files of a folder at every depth whose names begin with `prefix` and are wanted, sorted.
pub(super) fn list(
    folder: &Path,
    prefix: &str,
    is_wanted: &dyn Fn(&str) -> bool,
) -> io::Result<Vec<Listed>> {
    let mut files = Vec::new();
    let is_wanted = |name: &str| name.starts_with(prefix) && is_wanted(name);
    add(folder, "", prefix, &is_wanted, &mut files)?;
    files.sort();
    Ok(files)
}

fn add(
    folder: &Path,
    above: &str,
    prefix: &str,
    is_wanted: &dyn Fn(&str) -> bool,
    files: &mut Vec<Listed>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(['.', '_']) {
            continue;
        }
        let name = if above.is_empty() { name } else { format!("{above}/{name}") };
        // A link to a folder may lead back here: it is not followed.
        if entry.file_type()?.is_dir() {
            let below = format!("{name}/");
            if prefix.starts_with(&below) || below.starts_with(prefix) {
                add(&entry.path(), &name, prefix, is_wanted, files)?;
            }
        } else if is_wanted(&name) {
            let data = fs::metadata(entry.path())?;
            if data.is_file() {
                files.push(Listed { name, bytes: data.len() });
            }
        }
    }
    Ok(())
}

/// A file's bytes.
pub(super) fn read(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    Ok(Box::new(file))
}

/// So many bytes are held back before a file is made: one that is given up early leaves no trace.
const HELD_BYTES: usize = 64 << 10;

/// A file under another name; without [`LocalFile::publish`] it is removed again.
pub(super) struct LocalFile {
    path: PathBuf,
    unfinished: PathBuf,
    replace: Replace,
    file: Option<File>,
    held: Vec<u8>,
}

impl LocalFile {
    pub(super) fn new(path: PathBuf, replace: Replace) -> LocalFile {
        // Readers of such folders pass over names that begin with a dot.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = path.with_file_name(format!(".{name}.unfinished"));
        LocalFile { path, unfinished, replace, file: None, held: Vec::new() }
    }

    /// The file, with all that was held back.
    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            if let Some(folder) = self.unfinished.parent() {
                fs::create_dir_all(folder)?;
            }
            if self.replace == Replace::Yes {
                // A run that was killed had it. One that still writes finds its file gone.
                match fs::remove_file(&self.unfinished) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            self.file = Some(File::create_new(&self.unfinished)?);
        }
        let file = self.file.as_mut().expect("it is open");
        file.write_all(&self.held)?;
        self.held.clear();
        Ok(file)
    }

    /// Gives the file its name, once its bytes are on the disk; says how many they are.
    pub(super) fn publish(mut self) -> io::Result<u64> {
        let file = self.file()?;
        file.sync_all()?;
        let data = file.metadata()?;
        let is_ours = fs::metadata(&self.unfinished)
            .is_ok_and(|found| (found.dev(), found.ino()) == (data.dev(), data.ino()));
        if !is_ours {
            self.file = None;
        }
        if !is_ours || (self.replace == Replace::No && self.path.exists()) {
            let reason = "another run has written it meanwhile; give each run a folder of its own";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        }
        fs::rename(&self.unfinished, &self.path)?;
        self.file = None;
        Ok(data.len())
    }
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() <= HELD_BYTES {
            self.held.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}
