//! A file or standard input as bytes, unzipped, without its byte order mark.

use super::files::Source;
use crate::report::size;
use crate::trouble::Trouble;
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The largest JSON value. Lambda's own limit for an event is 6 MiB, that of Kinesis for a record
/// 10 MiB.
const MAX_BYTES: usize = 256 << 20;

/// So much is read at once.
const CHUNK: usize = 128 << 10;

/// A piece of an input, in a buffer that moves along it.
pub(super) struct Reader {
    /// What messages call the input.
    pub(super) name: String,
    rest: Box<dyn Read>,
    bytes_read: Rc<Cell<u64>>,
    buffer: Vec<u8>,
    /// How many bytes before the buffer are forgotten.
    forgotten: u64,
    ended: bool,
    is_gzip: bool,
    /// What ended reading, behind all that is in the buffer.
    trouble: Option<Trouble>,
}

impl Reader {
    /// Opens an input and reads its beginning.
    pub(super) fn open(source: &Source) -> Result<Reader, Trouble> {
        Reader::new(&source.name, source.read()?)
    }

    /// Reads the beginning of an input that messages call so.
    pub(super) fn new(name: &str, input: Box<dyn Read>) -> Result<Reader, Trouble> {
        let bytes_read = Rc::new(Cell::new(0));
        let counting = Counting { input, count: Rc::clone(&bytes_read) };
        let mut reader = Reader {
            name: name.to_owned(),
            rest: Box::new(counting),
            bytes_read,
            buffer: Vec::new(),
            forgotten: 0,
            ended: false,
            is_gzip: false,
            trouble: None,
        };
        reader.ensure(2)?;
        if reader.buffer.starts_with(b"\x1f\x8b") {
            let head = io::Cursor::new(std::mem::take(&mut reader.buffer));
            let rest = std::mem::replace(&mut reader.rest, Box::new(io::empty()));
            reader.rest = Box::new(MultiGzDecoder::new(head.chain(rest)));
            reader.ended = false;
            reader.is_gzip = true;
        }
        reader.ensure(3)?;
        if reader.buffer.starts_with(b"\xef\xbb\xbf") {
            reader.buffer.drain(..3);
            reader.forgotten = 3;
        }
        Ok(reader)
    }

    /// What of the input is in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Where that begins in the input, unzipped.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Whether that reaches to the input's end.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// How many bytes of the file have been read, zipped if it is.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    /// Reads on until so many bytes are in memory or the input ends.
    fn ensure(&mut self, bytes: usize) -> Result<(), Trouble> {
        match bytes.saturating_sub(self.buffer.len()) {
            0 => Ok(()),
            more => self.fill(more, 0),
        }
    }

    /// Forgets the first `used` bytes, and reads on until there are `more` new ones or the input
    /// ends.
    pub(super) fn fill(&mut self, more: usize, used: usize) -> Result<(), Trouble> {
        self.buffer.drain(..used);
        self.forgotten += used as u64;
        if self.buffer.is_empty() {
            // So that one large value does not hold memory forever.
            self.buffer.shrink_to(4 * CHUNK);
        }
        let before = self.buffer.len();
        if before > MAX_BYTES {
            let (name, max) = (&self.name, size(MAX_BYTES as u64));
            return Err(Trouble(format!(
                "{name} has a JSON value of more than {max}; write change records one after the \
                 other, as jq -c '.Records[]' does of a list in \"Records\""
            )));
        }
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        while !self.ended && self.buffer.len() < before + more {
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let read = self.rest.read(&mut self.buffer[filled..]);
            self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let trouble = self.unreadable(&error);
                    if self.buffer.len() == before {
                        return Err(trouble);
                    }
                    // What was read before it may be whole.
                    self.trouble = Some(trouble);
                    break;
                }
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: &io::Error) -> Trouble {
        let name = &self.name;
        if self.is_gzip {
            return Trouble(format!(
                "{name}: its gzip is cut off or damaged ({error}); fetch it again"
            ));
        }
        Trouble::unreadable(name, error)
    }
}

/// Counts the bytes that are read.
struct Counting {
    input: Box<dyn Read>,
    count: Rc<Cell<u64>>,
}

impl Read for Counting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(out)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}
