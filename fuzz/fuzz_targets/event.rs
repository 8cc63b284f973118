//! Any bytes as an event; the first chooses the settings, the second a limit for the response.
#![no_main]

use dynalake::firehose::{EventError, MAX_RESPONSE_BYTES};
use dynalake_fuzz::{Answer, NOW_MS, check, transformer};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What a row's data holds is not to be seen from here.
const TWINS: bool = true;

fuzz_target!(|input: &[u8]| {
    let [configuration, limit, event @ ..] = input else { return };
    let record_ids = record_ids(event);
    let whole = match transformer(*configuration, None).transform(event, NOW_MS) {
        Ok(transformed) => check(&transformed, MAX_RESPONSE_BYTES, TWINS),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(record_ids.is_none(), "{error}, but it is an event");
            return;
        }
    };
    let text = std::str::from_utf8(event).expect("what was taken for an event is text");
    serde_json::from_str::<IgnoredAny>(text).expect("what was taken for an event is JSON");
    if let Some(record_ids) = record_ids {
        assert!(whole.iter().map(|answer| &answer.record_id).eq(&record_ids), "{record_ids:?}");
    }

    let limit = usize::from(*limit) * 8;
    match transformer(*configuration, Some(limit)).transform(event, NOW_MS) {
        Ok(transformed) => {
            let answers = check(&transformed, limit, TWINS);
            assert_eq!(answers.len(), whole.len());
            for (answer, whole) in answers.iter().zip(&whole) {
                assert!(answer == whole || is_shed(answer, whole), "{answer:?}");
            }
        }
        Err(EventError::TooManyRecords { records }) => assert_eq!(records, whole.len()),
        Err(error) => panic!("{error}, but only for a smaller limit"),
    }
});

/// Whether a row was left out because there was no room.
fn is_shed(answer: &Answer, whole: &Answer) -> bool {
    whole.result == "Ok"
        && answer.result == "ProcessingFailed"
        && answer.record_id == whole.record_id
}

/// The ids of the records, where serde_json sees a Firehose event.
fn record_ids(event: &[u8]) -> Option<Vec<String>> {
    let event: Value = serde_json::from_slice(event).ok()?;
    let records = event.get("records")?.as_array()?;
    records.iter().map(|record| Some(record.get("recordId")?.as_str()?.to_owned())).collect()
}
