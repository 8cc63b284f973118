//! Lines that can't be rows, kept as Firehose's error prefix has records: one object per line.

use crate::store::{Folder, NewFile, Replace};
use base64_simd::STANDARD;
use std::io::{self, Write};

/// So much is held before it is written.
const HELD_BYTES: usize = 64 << 10;

/// The rejected lines of one data file.
pub(super) struct Rejected {
    folder: Folder,
    name: String,
    /// The time of the export's rows, so that a second run writes the same bytes.
    time_ms: u64,
    file: Option<NewFile>,
    held: Vec<u8>,
}

impl Rejected {
    /// None yet; there is no file before the first.
    pub(super) fn new(folder: Folder, name: String, time_us: u64) -> Rejected {
        Rejected { folder, name, time_ms: time_us / 1_000, file: None, held: Vec::new() }
    }

    /// Keeps a line. `code` is the reason's short name, and `message` says where the line is and
    /// what is wrong with it, without a value.
    pub(super) fn add(&mut self, line: &[u8], code: &str, message: &str) -> io::Result<()> {
        let time = self.time_ms;
        let message = serde_json::Value::from(message);
        write!(
            self.held,
            r#"{{"attemptsMade":1,"arrivalTimestamp":{time},"errorCode":"dynalake.{code}","#
        )?;
        write!(
            self.held,
            r#""errorMessage":{message},"attemptEndingTimestamp":{time},"rawData":""#
        )?;
        STANDARD.encode_append(line, &mut self.held);
        self.held.extend_from_slice(b"\"}\n");
        if self.held.len() > HELD_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        let file = self.file.get_or_insert_with(|| self.folder.write(&self.name, Replace::Yes));
        file.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    /// What messages call the file.
    pub(super) fn name(&self) -> String {
        self.folder.name_of(&self.name)
    }

    /// Gives the file its name, if there is one; says that name.
    pub(super) fn publish(mut self) -> io::Result<Option<String>> {
        if !self.held.is_empty() {
            self.write()?;
        }
        let name = self.name();
        let Some(file) = self.file else { return Ok(None) };
        file.publish()?;
        Ok(Some(name))
    }
}
