//! Any bytes as change records, one per line; the first byte chooses the settings.
//!
//! A transformer that has seen other records must behave like a new one; and an event of all the
//! records must be answered as each of them is transformed by itself.
#![no_main]

use dynalake::firehose::MAX_RESPONSE_BYTES;
use dynalake_fuzz::{
    NOW_MS, check, event_of, may_have_duplicates, record_transformer, transform_record, transformer,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [settings, lines @ ..] = input else { return };
    let records: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').take(8).collect();
    let duplicates = records.iter().any(|record| may_have_duplicates(record));

    let event = event_of(records.iter().copied());
    let mut reused = transformer(*settings, None);
    for _ in 0..2 {
        let transformed = reused.transform(&event, NOW_MS).expect("it is an event");
        let answers = check(&transformed, MAX_RESPONSE_BYTES, duplicates);
        assert_eq!(answers.len(), records.len());

        let mut reused = record_transformer(*settings);
        for (at, (record, answer)) in records.iter().zip(&answers).enumerate() {
            let sequence_number = format!("{at}7").into_bytes();
            let by = |transformer: &mut _| {
                transform_record(transformer, record, &sequence_number, duplicates)
            };
            let by_new = by(&mut record_transformer(*settings));
            assert_eq!(by_new, by(&mut reused), "what it has seen before matters");
            let in_event = (answer.result.as_str(), answer.row());
            assert_eq!(by_new, in_event, "what else is in the event matters");
        }
    }
});
