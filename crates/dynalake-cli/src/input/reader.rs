//! A file or standard input, read line by line.

use crate::exit::Exit;
use crate::report::size;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line, and the largest document. Lambda's own limit for an event is 6 MiB, that of
/// Kinesis for a record 10 MiB.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// A reader that counts.
pub(super) struct CountingReader {
    /// What messages call it.
    pub(super) name: String,
    /// Its size, where it is a file.
    pub(super) len: Option<u64>,
    /// How many bytes have been read.
    pub(super) bytes: u64,
    reader: Box<dyn BufRead>,
}

impl CountingReader {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<CountingReader, Exit> {
        if path.as_os_str() == "-" {
            let reader = Box::new(io::stdin().lock());
            return Ok(CountingReader {
                name: "standard input".into(),
                len: None,
                bytes: 0,
                reader,
            });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Exit::unreadable(&name, &error))?;
        let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file);
        let reader = Box::new(BufReader::with_capacity(1 << 16, file));
        Ok(CountingReader { name, len: metadata.map(|data| data.len()), bytes: 0, reader })
    }

    /// Reads a line, its end included, onto `out`; how long it is.
    pub(super) fn read_line(&mut self, out: &mut Vec<u8>) -> Result<usize, Exit> {
        let read = (&mut self.reader)
            .take((MAX_BYTES + 1) as u64)
            .read_until(b'\n', out)
            .map_err(|error| Exit::unreadable(&self.name, &error))?;
        self.bytes += read as u64;
        if read > MAX_BYTES {
            let (name, max) = (&self.name, size(MAX_BYTES as u64));
            return Exit::reject(format!(
                "{name} has a line of more than {max}; write a change a line"
            ));
        }
        Ok(read)
    }
}
