//! Folders of this machine.

use super::file::{Listed, OF_ANOTHER_RUN, Replace};
use std::fs::{self, File, Metadata};
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
    state: State,
    held: Vec<u8>,
}

/// How far the unfinished file has come.
enum State {
    /// It is not there.
    NotMade,
    Open(File),
    /// It is whole and on the disk, and takes no handle: a process may have few.
    Closed(Identity),
    /// It has its name, or is another run's.
    Gone,
}

/// What distinguishes a file from all others that had its name. The number of a closed file may be
/// given to another, which is then younger.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Identity {
    fn of(data: &Metadata) -> Identity {
        Identity {
            device: data.dev(),
            number: data.ino(),
            bytes: data.len(),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }

    /// Whether both have the number of one file.
    fn is_same_file(&self, other: &Identity) -> bool {
        (self.device, self.number) == (other.device, other.number)
    }
}

impl LocalFile {
    pub(super) fn new(path: PathBuf, replace: Replace) -> LocalFile {
        // Readers of such folders pass over names that begin with a dot.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = path.with_file_name(format!(".{name}.unfinished"));
        LocalFile { path, unfinished, replace, state: State::NotMade, held: Vec::new() }
    }

    /// How many bytes are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The file, with all that was held back.
    fn file(&mut self) -> io::Result<&mut File> {
        if matches!(self.state, State::NotMade) {
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
            self.state = State::Open(File::create_new(&self.unfinished)?);
        }
        let State::Open(file) = &mut self.state else {
            return Err(io::Error::other("it is closed"));
        };
        file.write_all(&self.held)?;
        self.held.clear();
        Ok(file)
    }

    /// Nothing more is written: gives the handle back, if there is one.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Open(_)) { self.seal() } else { Ok(()) }
    }

    /// Nothing more is written: puts the bytes on the disk, and gives back handle and memory.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Closed(_) | State::Gone) {
            return Ok(());
        }
        let file = self.file()?;
        file.sync_all()?;
        let ours = Identity::of(&file.metadata()?);
        self.held = Vec::new();
        // Some systems note the time of the change when the file is closed.
        self.state = State::Gone;
        self.state = match self.found() {
            Some(found) if found.is_same_file(&ours) => State::Closed(found),
            _ => return Err(of_another_run()),
        };
        Ok(())
    }

    /// What has the unfinished file's name.
    fn found(&self) -> Option<Identity> {
        fs::metadata(&self.unfinished).ok().map(|data| Identity::of(&data))
    }

    /// Gives the file its name, once its bytes are on the disk; says how many they are.
    pub(super) fn publish(mut self) -> io::Result<u64> {
        self.seal()?;
        let bytes = match (&self.state, self.found()) {
            (State::Closed(ours), Some(found)) if found == *ours => found.bytes,
            _ => {
                self.state = State::Gone;
                return Err(of_another_run());
            }
        };
        if self.replace == Replace::No && self.path.exists() {
            return Err(of_another_run());
        }
        fs::rename(&self.unfinished, &self.path)?;
        self.state = State::Gone;
        Ok(bytes)
    }
}

fn of_another_run() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, OF_ANOTHER_RUN)
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
        Ok(())
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if matches!(self.state, State::Open(_) | State::Closed(_)) {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}
