//! A Firehose event to its response, as the Lambda function does it: `cargo run --example event`

use dynalake::firehose::{Data, EventWriter, answers};
use dynalake::settings::Settings;
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    // What the function finds in its environment.
    let schema = Some(include_str!("orders.schema.json").to_owned());
    let mut transformer = Settings { schema, ..Settings::default() }.transformer()?;

    let mut event = EventWriter::default();
    for (line, change) in include_str!("orders.changes.jsonl").lines().enumerate() {
        event.push(&format!("change-{}", line + 1), Data::Plain(change.as_bytes()), None);
    }
    event.push("not-a-change", Data::Plain(b"Hello"), None);
    let event = event.finish().ok_or("the file has changes")?;

    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let done = transformer.transform(&event, now_ms)?;
    for answer in answers(&done.response)? {
        match answer.row {
            Some(row) => print!("{}: {}", answer.record_id, String::from_utf8(row)?),
            None => println!("{}: no row", answer.record_id),
        }
    }
    for (failure, count, example) in done.statistics.failures_by_reason() {
        let reason = failure.explain(transformer.plan());
        println!("{count} failed, such as {}: {reason}", example.record_id(&event));
    }
    Ok(())
}
