//! Any bytes as change records, one per line; the first byte chooses the settings.
//!
//! A transformer that has seen other records must answer as a new one does, in one event or in several.
#![no_main]

use dynalake::event::MAX_RESPONSE_BYTES;
use dynalake_fuzz::{NOW_MS, check, event_of, may_have_twins, transformer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [configuration, lines @ ..] = input else { return };
    let records: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').take(8).collect();
    let twins = records.iter().any(|record| may_have_twins(record));
    let answers = |transformer: &mut dynalake::transform::Transformer, event: &[u8]| {
        let transformed = transformer.transform(event, NOW_MS).expect("it is an event");
        check(&transformed, MAX_RESPONSE_BYTES, twins)
    };

    let mut reused = transformer(*configuration, None);
    let together = answers(&mut reused, &event_of(records.iter().copied()));
    assert_eq!(together.len(), records.len());
    for (at, (record, in_batch)) in records.iter().zip(&together).enumerate() {
        // The id is the place in the event, and so is the sequence number.
        let mut alone = vec![&b""[..]; at];
        alone.push(record);
        let event = event_of(alone);
        let by_new = answers(&mut transformer(*configuration, None), &event);
        let by_reused = answers(&mut reused, &event);
        assert_eq!(by_new, by_reused, "what it has seen before matters");
        assert_eq!(by_new.last(), Some(in_batch), "what else is in the event matters");
    }
});
