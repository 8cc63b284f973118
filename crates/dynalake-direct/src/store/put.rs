//! All objects of a batch, each again and again while there is time.

use super::client::{Body, Client};
use super::failure::{Cause, NotStored};
use crate::object::Object;
use futures_util::StreamExt;
use futures_util::stream;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// At most this many requests are on their way at once.
const CONCURRENT: usize = 16;

/// How long a request may take, beside the time for its body.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// A body may take as long as at this rate.
const MIN_BYTES_PER_SECOND: u64 = 256 << 10;

/// The longest pause before the second attempt. It doubles from one attempt to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause before any attempt.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What came of a batch's objects.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// How many objects are stored.
    pub(crate) objects: u64,
    /// How many bytes they have.
    pub(crate) bytes: u64,
    /// How many requests failed: each is repeated, now or when the batch comes again.
    pub(crate) retries: u64,
    /// Why the last of them did, where all objects are stored in the end.
    pub(crate) healed: Option<Cause>,
    /// The others.
    pub(crate) failures: Vec<NotStored>,
}

/// Puts all objects, until this instant.
pub(crate) async fn put_all(client: &Client, objects: Vec<Object>, until: Instant) -> Stored {
    let puts = objects.into_iter().map(|Object { key, bytes }| put(client, key, bytes, until));
    let mut puts = stream::iter(puts).buffer_unordered(CONCURRENT);
    let mut stored = Stored::default();
    while let Some(done) = puts.next().await {
        match done {
            Ok(Put { bytes, attempts, healed }) => {
                stored.retries += attempts - 1;
                stored.objects += 1;
                stored.bytes += bytes;
                stored.healed = healed.or(stored.healed);
            }
            Err(failure) => {
                stored.retries += failure.attempts;
                stored.failures.push(failure);
            }
        }
    }
    stored
}

/// What it took to store one object.
struct Put {
    bytes: u64,
    attempts: u64,
    /// Why the last attempt that failed did.
    healed: Option<Cause>,
}

async fn put(
    client: &Client,
    key: String,
    bytes: Vec<u8>,
    until: Instant,
) -> Result<Put, NotStored> {
    let body = Body::new(bytes);
    let len = body.bytes.len() as u64;
    let limit = ATTEMPT_TIMEOUT + Duration::from_millis(len * 1_000 / MIN_BYTES_PER_SECOND);
    let mut pause = FIRST_PAUSE;
    let (mut attempts, mut failed) = (0_u64, None);
    loop {
        let now = Instant::now();
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            return Err(NotStored { key, cause: failed.unwrap_or(Cause::NoTime), attempts });
        }
        // One that stalls leaves time for another.
        let end = now + limit.min(left / 2).max(left.min(Duration::from_millis(500)));
        attempts += 1;
        let done = timeout_at(end, client.put(&key, &body)).await;
        let cause = match done.unwrap_or(Err(Cause::Stalled)) {
            Ok(()) => return Ok(Put { bytes: len, attempts, healed: failed }),
            Err(cause) => cause,
        };
        if !cause.is_retryable() {
            return Err(NotStored { key, cause, attempts });
        }
        failed = Some(cause);
        // At random, so that those who failed together don't come back together.
        let share = 50 + RandomState::new().hash_one(attempts) % 51;
        sleep((pause * share as u32 / 100).min(until.saturating_duration_since(Instant::now())))
            .await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
