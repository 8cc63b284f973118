//! Lines that can't be rows, kept as Firehose's error prefix has records: one object per line.

use base64_simd::STANDARD;
use std::io::Write;

/// Appends the object of a line. `code` is the reason's short name, and `message` says where the line
/// is and what is wrong with it, without a value. `time_us` is that of the export's rows, so that a
/// second run writes the same bytes.
pub(super) fn append(out: &mut Vec<u8>, line: &[u8], code: &str, message: &str, time_us: u64) {
    let time = time_us / 1_000;
    // A Vec takes every write.
    let _ = write!(
        out,
        r#"{{"attemptsMade":1,"arrivalTimestamp":{time},"errorCode":"dynalake.{code}","#
    );
    out.extend_from_slice(br#""errorMessage":"#);
    out.extend_from_slice(serde_json::Value::from(message).to_string().as_bytes());
    let _ = write!(out, r#","attemptEndingTimestamp":{time},"rawData":""#);
    STANDARD.encode_append(line, out);
    out.extend_from_slice(b"\"}\n");
}
