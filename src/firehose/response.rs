//! The response to a transformation event, on the wire.

use super::event::{Event, EventError, Record, is_utf8};
use crate::text::json::write_string;
use crate::text::time::{Civil, write_padded};

/// The partition keys of a row, for `!{partitionKeyFromLambda:…}` in Firehose's prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartitionKeys<'a> {
    /// The source table.
    pub(super) table: &'a [u8],
    /// Year, month, day and hour of the event time, in UTC.
    pub(super) time: Civil,
}

/// The response, written record by record, with room kept so that every record can be answered.
#[derive(Debug)]
pub(super) struct ResponseWriter<'e> {
    event: &'e [u8],
    bytes: Vec<u8>,
    max_bytes: usize,
    /// The least that the records not answered yet will take.
    reserved: usize,
}

const FAILED: &[u8] = b"\",\"result\":\"ProcessingFailed\"}";
const DROPPED: &[u8] = b"\",\"result\":\"Dropped\"}";
const OK: &[u8] = b"\",\"result\":\"Ok\",\"data\":\"";
const RECORD: &[u8] = b"{\"recordId\":\"";
const END: &[u8] = b"]}";

/// The least that an answer takes, its separator included.
fn least(record: &Record) -> usize {
    1 + RECORD.len() + record.record_id.range().len() + FAILED.len()
}

impl<'e> ResponseWriter<'e> {
    /// A response to these records of at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// [`EventError::TooManyRecords`].
    pub(super) fn new(
        input: &'e [u8],
        event: &Event,
        max_bytes: usize,
    ) -> Result<ResponseWriter<'e>, EventError> {
        let reserved: usize = event.records.iter().map(least).sum();
        let head = b"{\"records\":";
        // Each answer's separator is reserved; the bracket takes the first one's place.
        if head.len() + reserved.max(1) + END.len() > max_bytes {
            let records = event.records.len();
            // Its data has not been looked at: an event that is not text is wrong in the first
            // place.
            return Err(if is_utf8(input) {
                EventError::TooManyRecords { records }
            } else {
                EventError::NotUtf8
            });
        }
        let mut bytes = Vec::with_capacity((input.len() / 2 + reserved).min(max_bytes));
        bytes.extend_from_slice(head);
        if event.records.is_empty() {
            bytes.push(b'[');
        }
        Ok(ResponseWriter { event: input, bytes, max_bytes, reserved })
    }

    fn begin(&mut self, record: &Record) {
        self.reserved -= least(record);
        self.bytes.push(if self.bytes.last() == Some(&b':') { b'[' } else { b',' });
        self.bytes.extend_from_slice(RECORD);
        self.bytes.extend_from_slice(record.record_id.raw(self.event));
    }

    /// Answers `ProcessingFailed`.
    pub(super) fn failed(&mut self, record: &Record) {
        self.begin(record);
        self.bytes.extend_from_slice(FAILED);
    }

    /// Answers `Dropped`.
    pub(super) fn dropped(&mut self, record: &Record) {
        self.begin(record);
        self.bytes.extend_from_slice(DROPPED);
    }

    /// Answers `Ok` with a row, if that and the least for all records after it fit; says whether it
    /// did.
    #[must_use]
    pub(super) fn ok(
        &mut self,
        record: &Record,
        row: &[u8],
        keys: Option<&PartitionKeys<'_>>,
    ) -> bool {
        let before = self.bytes.len();
        let encoded = row.len().div_ceil(3) * 4;
        let room = self.max_bytes - END.len() - (self.reserved - least(record));
        if before + least(record) - FAILED.len() + OK.len() + encoded + 2 > room {
            return false;
        }
        let reserved = self.reserved;
        self.begin(record);
        self.bytes.extend_from_slice(OK);
        base64_simd::STANDARD.encode_append(row, &mut self.bytes);
        self.bytes.push(b'"');
        if let Some(keys) = keys {
            write_partition_keys(keys, &mut self.bytes);
        }
        self.bytes.push(b'}');
        if self.bytes.len() > room {
            // The partition keys were too long: a table's name may hold anything here.
            self.bytes.truncate(before);
            self.reserved = reserved;
            return false;
        }
        true
    }

    /// The whole response.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(END);
        self.bytes
    }
}

fn write_partition_keys(keys: &PartitionKeys<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"metadata\":{\"partitionKeys\":{\"table\":");
    write_string(keys.table, out);
    let mut digits = [0; 4];
    for (name, value, width) in [
        (&b",\"year\":\""[..], keys.time.year as u32, 4),
        (b"\",\"month\":\"", keys.time.month, 2),
        (b"\",\"day\":\"", keys.time.day, 2),
        (b"\",\"hour\":\"", keys.time.hour, 2),
    ] {
        out.extend_from_slice(name);
        write_padded(&mut digits[..width], value.into());
        out.extend_from_slice(&digits[..width]);
    }
    out.extend_from_slice(b"\"}}");
}

/// One record of a response.
#[derive(Debug)]
pub struct Answer {
    /// Its `recordId`.
    pub record_id: String,
    /// Its row, if it is `Ok`.
    pub row: Option<Vec<u8>>,
}

/// The records of a response that a `ResponseWriter` wrote, in order.
///
/// # Errors
///
/// [`EventError`] if it is not such a response.
pub fn answers(response: &[u8]) -> Result<impl Iterator<Item = Answer>, EventError> {
    // A response's records have an event's members: a `recordId`, and `data` where there is a row.
    let records = Event::parse(response)?.records.into_iter();
    let mut scratch = Vec::new();
    Ok(records.map(move |record| {
        let record_id = record.record_id.decoded(response, &mut scratch);
        let record_id = String::from_utf8_lossy(record_id).into_owned();
        let data = record.data.map(|data| data.raw(response));
        let row = data.and_then(|data| base64_simd::STANDARD.decode_to_vec(data).ok());
        Answer { record_id, row }
    }))
}
