//! A stream of frames: records of Kinesis as a program hands them on, such as the Spark job.
//!
//! ```text
//! stream   magic, a frame for each record, an end frame; then the input ends
//! magic    8 bytes: dynalak1
//! frame    16 bytes, then the sequence number, then the data
//! end      16 bytes
//! ```
//!
//! The 16 bytes, whose numbers are little-endian; in Python `struct.pack("<IHBBQ", …)`:
//!
//! | at | bytes | of a record | of the end |
//! |---|---|---|---|
//! | 0 | 4 | length of the data, at most 16 MiB (Kinesis has at most 10) | 0 |
//! | 4 | 2 | length of the sequence number, at most 129; 0: it is not known | 0 |
//! | 6 | 1 | 1 | 2 |
//! | 7 | 1 | 0 | 0 |
//! | 8 | 8 | arrival in microseconds since 1970, up to the year 2261; 0: it is not known | how many records there were |
//!
//! The sequence number is Kinesis', as ASCII digits, and the data the record's bytes as they are.
//! The end frame is what distinguishes a whole stream from one whose writer was killed. Any other
//! bytes are rejected: a length that is wrong makes all that follows wrong too.

use dynalake::text::time::representable_us;
use std::fmt;
use std::io::{self, ErrorKind, Read};

/// What a stream begins with. The digit is the format's version.
const MAGIC: [u8; 8] = *b"dynalak1";

const RECORD: u8 = 1;
const END: u8 = 2;

/// The longest data.
const MAX_DATA: u32 = 16 << 20;

/// The longest sequence number
/// (<https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html>).
const MAX_NUMBER: u16 = 129;

/// The records of a stream of frames.
pub(super) struct Frames<R> {
    input: R,
    /// How many came.
    records: u64,
    number: Vec<u8>,
    data: Vec<u8>,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// When it came, in microseconds since 1970; 0 where that is not known.
    pub(super) arrival_us: u64,
    /// Kinesis' number of it, in digits.
    pub(super) sequence_number: Option<&'a [u8]>,
    pub(super) data: &'a [u8],
}

/// What is wrong with a stream.
#[derive(Debug)]
pub(super) enum FrameError {
    /// It can't be read.
    Unreadable(io::Error),
    /// It begins with other bytes.
    NotFrames,
    /// It ends in the frame of this number, counted from 1, or before the end frame.
    CutOff(u64),
    /// The frame of this number breaks the format.
    BadFrame(u64, String),
    /// The end frame counts so many records, and so many came.
    Count { counted: u64, came: u64 },
    /// Something follows the end frame.
    BehindEnd,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const VERSIONS: &str = "the program that writes the frames and this one are not of one \
                                version, or the bytes were changed on the way";
        match self {
            FrameError::Unreadable(error) => write!(f, "can't read standard input: {error}"),
            FrameError::NotFrames => write!(
                f,
                "standard input does not begin with {}, as a stream of frames of this version \
                 does: {VERSIONS}; records without frames are read without --framed",
                MAGIC.escape_ascii()
            ),
            FrameError::CutOff(frame) => write!(
                f,
                "standard input is cut off: it ends in frame {frame} or before it, without the end \
                 frame; the program that writes it has stopped; run both again"
            ),
            FrameError::BadFrame(frame, what) => {
                write!(f, "standard input, frame {frame}: {what}; {VERSIONS}")
            }
            FrameError::Count { counted, came } => write!(
                f,
                "standard input: the end frame counts {counted} records, and {came} came; run the \
                 program that writes them again"
            ),
            FrameError::BehindEnd => {
                write!(f, "standard input goes on behind the end frame: {VERSIONS}")
            }
        }
    }
}

impl<R: Read> Frames<R> {
    /// Those of an input, which should be buffered.
    pub(super) fn new(input: R) -> Frames<R> {
        Frames { input, records: 0, number: Vec::new(), data: Vec::new() }
    }

    /// Reads what a stream begins with.
    ///
    /// # Errors
    ///
    /// An input that begins with other bytes.
    pub(super) fn begin(&mut self) -> Result<(), FrameError> {
        let mut magic = [0; MAGIC.len()];
        self.read(&mut magic)?;
        if magic == MAGIC { Ok(()) } else { Err(FrameError::NotFrames) }
    }

    /// The next record; `None` once the stream has come to a right end.
    ///
    /// # Errors
    ///
    /// A stream that is wrong: nothing that it held may count.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let mut head = [0; 16];
        self.read(&mut head)?;
        let data_len = u32::from_le_bytes(bytes_at(&head, 0));
        let number_len = u16::from_le_bytes(bytes_at(&head, 4));
        let [kind, reserved] = bytes_at(&head, 6);
        let value = u64::from_le_bytes(bytes_at(&head, 8));
        let frame = self.records + 1;
        let bad = |what: String| Err(FrameError::BadFrame(frame, what));
        match (kind, reserved) {
            (RECORD, 0) => {}
            (END, 0) if data_len == 0 && number_len == 0 => return self.end(value).map(|()| None),
            (END, 0) => return bad("an end frame with data".to_owned()),
            _ => return bad(format!("kind {kind}, reserved {reserved}, and it has 1 or 2, and 0")),
        }
        if data_len > MAX_DATA {
            return bad(format!("data of {data_len} bytes, and a record has at most {MAX_DATA}"));
        }
        if number_len > MAX_NUMBER {
            return bad(format!(
                "a sequence number of {number_len} bytes, and Kinesis' have at most {MAX_NUMBER}"
            ));
        }
        let Some(arrival_us) = representable_us(value) else {
            return bad(format!("an arrival of {value} microseconds since 1970, beyond 2261"));
        };
        let (mut number, mut data) =
            (std::mem::take(&mut self.number), std::mem::take(&mut self.data));
        number.resize(number_len.into(), 0);
        data.resize(data_len as usize, 0);
        self.read(&mut number)?;
        if !number.iter().all(u8::is_ascii_digit) {
            return bad("a sequence number that has other characters than digits".to_owned());
        }
        self.read(&mut data)?;
        self.records += 1;
        (self.number, self.data) = (number, data);
        Ok(Some(Frame {
            arrival_us,
            sequence_number: (number_len > 0).then_some(&*self.number),
            data: &self.data,
        }))
    }

    /// Checks the count of an end frame, and that nothing follows.
    fn end(&mut self, counted: u64) -> Result<(), FrameError> {
        if counted != self.records {
            return Err(FrameError::Count { counted, came: self.records });
        }
        match self.read(&mut [0]) {
            Err(FrameError::CutOff(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(FrameError::BehindEnd),
        }
    }

    /// Gives memory back that only a large record needs.
    pub(super) fn shrink(&mut self, kept_bytes: usize) {
        self.data.clear();
        self.data.shrink_to(kept_bytes);
    }

    fn read(&mut self, out: &mut [u8]) -> Result<(), FrameError> {
        self.input.read_exact(out).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => FrameError::CutOff(self.records + 1),
            _ => FrameError::Unreadable(error),
        })
    }
}

fn bytes_at<const N: usize>(head: &[u8; 16], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}
