//! A data file: its lines, and the MD5 of its bytes as they are stored.

use flate2::bufread::MultiGzDecoder;
use md5::{Digest, Md5};
use std::io::{self, BufRead, Read};

/// So much is read, and unzipped, at once.
const CHUNK: usize = 128 << 10;

/// The longest line. An item of 400 KB, the largest, with each character escaped takes 2.4 MB.
const MAX_LINE: usize = 16 << 20;

/// What is wrong with a data file.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes can't be read.
    Unreadable(io::Error),
    /// Their MD5 is not the manifest's.
    Md5,
    /// It can't be unzipped.
    Gzip(io::Error),
    /// A line is longer than any item's.
    LongLine,
    /// It has so many items, and the manifest counts others.
    Count(u64),
}

/// The lines of a data file, in memory that is reused.
pub(super) struct Lines {
    input: Input,
    buffer: Vec<u8>,
    /// What of the buffer is read and not handed on yet.
    start: usize,
    end: usize,
    ended: bool,
}

enum Input {
    Gzip(Box<MultiGzDecoder<Hashing>>),
    Plain(Hashing),
}

/// Hashes a file's bytes as they are read.
struct Hashing {
    file: Box<dyn Read + Send>,
    hash: Md5,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Why the file can't be read. The decoder does not hand on what it was.
    error: Option<io::Error>,
}

impl Lines {
    /// Those of a file, unzipped where it is gzip. `buffer` is memory of a file before.
    pub(super) fn new(file: Box<dyn Read + Send>, buffer: Vec<u8>) -> Result<Lines, Fault> {
        let mut hashing = Hashing {
            file,
            hash: Md5::new(),
            buffer: vec![0; CHUNK].into_boxed_slice(),
            start: 0,
            end: 0,
            error: None,
        };
        let is_gzip = match hashing.fill_buf() {
            Ok(bytes) => bytes.starts_with(b"\x1f\x8b"),
            Err(error) => return Err(hashing.fault(error)),
        };
        let input = if is_gzip {
            Input::Gzip(Box::new(MultiGzDecoder::new(hashing)))
        } else {
            Input::Plain(hashing)
        };
        Ok(Lines { input, buffer, start: 0, end: 0, ended: false })
    }

    /// The next line, without its end; lines of white space are passed over.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Fault> {
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.start + searched..self.end];
            let len = match memchr::memchr(b'\n', rest) {
                Some(at) => searched + at,
                None if self.ended => rest.len() + searched,
                None => {
                    searched = self.end - self.start;
                    self.fill()?;
                    continue;
                }
            };
            let line = self.start..self.start + len;
            self.start = (line.end + 1).min(self.end);
            searched = 0;
            if !self.buffer[line.clone()].trim_ascii().is_empty() {
                return Ok(Some(&self.buffer[line]));
            }
            if self.ended && self.start == self.end {
                return Ok(None);
            }
        }
    }

    /// Reads on; what is not handed on yet stays.
    fn fill(&mut self) -> Result<(), Fault> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end > MAX_LINE {
            return Err(Fault::LongLine);
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize(self.end + 2 * CHUNK, 0);
        }
        while self.end < self.buffer.len() {
            let free = &mut self.buffer[self.end..];
            let read = match &mut self.input {
                Input::Gzip(gzip) => gzip.read(free),
                Input::Plain(file) => file.read(free),
            };
            match read {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) => return Err(self.fault(error)),
            }
        }
        Ok(())
    }

    fn fault(&mut self, error: io::Error) -> Fault {
        match &mut self.input {
            Input::Plain(file) => file.fault(error),
            Input::Gzip(gzip) if gzip.get_ref().error.is_some() => gzip.get_mut().fault(error),
            Input::Gzip(_) => Fault::Gzip(error),
        }
    }

    /// Reads what is left of the file, whatever it is; returns the MD5 of all, and the memory.
    pub(super) fn finish(self) -> Result<([u8; 16], Vec<u8>), Fault> {
        let mut file = match self.input {
            Input::Gzip(gzip) => gzip.into_inner(),
            Input::Plain(file) => file,
        };
        loop {
            match file.fill_buf() {
                Ok([]) => return Ok((file.hash.finalize().into(), self.buffer)),
                Ok(bytes) => {
                    let read = bytes.len();
                    file.consume(read);
                }
                Err(error) => return Err(file.fault(error)),
            }
        }
    }
}

impl Hashing {
    /// Why the file can't be read, in the system's own words.
    fn fault(&mut self, error: io::Error) -> Fault {
        Fault::Unreadable(self.error.take().unwrap_or(error))
    }
}

impl BufRead for Hashing {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start == self.end {
            match self.file.read(&mut self.buffer) {
                Ok(read) => {
                    (self.start, self.end) = (0, read);
                    self.hash.update(&self.buffer[..read]);
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.error = Some(error);
                    return Err(kind.into());
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }
}

impl Read for Hashing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
