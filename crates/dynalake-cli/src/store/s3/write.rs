//! An object that is made when it is published: by one PUT if it is small, else by a multipart
//! upload, whose parts go out as they are written and which nobody sees before it is completed.

use super::client::{self, Bucket, block_on, runtime};
use super::failure::{Action, Failure};
use super::key::parse_key;
use super::wire::watched;
use crate::store::file::Replace;
use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, GetOptions, MultipartId, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload,
};
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The bytes of a part. S3 wants 5 MiB or more, and 10,000 parts or fewer: 78 GiB of these.
const PART_BYTES: usize = 8 << 20;

/// So many parts of all objects are on their way at once; who writes more waits.
const MAX_SENDING: usize = 4;

/// What an upload is given up for on the way out.
const ABORT_LIMIT: Duration = Duration::from_secs(10);

/// The metadata that says which run made an object (`x-amz-meta-dynalake-write`).
const MARK: &str = "dynalake-write";

static SENDING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_SENDING)));

/// An object that is being written.
pub(in crate::store) struct NewObject {
    bucket_name: String,
    key: String,
    replace: Replace,
    mark: String,
    /// What is not sent yet.
    held: Vec<u8>,
    bytes: u64,
    upload: Option<Upload>,
}

/// A multipart upload.
struct Upload {
    bucket: Arc<Bucket>,
    key: Key,
    id: MultipartId,
    parts: Vec<Part>,
}

enum Part {
    Sending(JoinHandle<Result<PartId, Failure>>),
    Sent(PartId),
    /// It failed, and with it the upload.
    Failed,
}

impl NewObject {
    pub(super) fn new(bucket_name: String, key: String, replace: Replace) -> NewObject {
        let (held, mark) = (Vec::new(), new_mark());
        NewObject { bucket_name, key, replace, mark, held, bytes: 0, upload: None }
    }

    /// Makes the object, and says how many bytes it has.
    pub(in crate::store) fn publish(mut self) -> io::Result<u64> {
        if self.upload.is_none() {
            self.put()?;
            return Ok(self.bytes);
        }
        self.seal()?;
        let upload = self.upload.as_mut().expect("its last part was sent");
        let mut parts = Vec::with_capacity(upload.parts.len());
        for at in 0..upload.parts.len() {
            parts.push(upload.part(at)?);
        }
        let store = match self.replace {
            Replace::No => &upload.bucket.creating_store,
            Replace::Yes => &upload.bucket.store,
        };
        let completed = watched(store.complete_multipart(&upload.key, &upload.id, parts));
        let completed = block_on(completed)?.map(drop);
        let (bucket, key) = (Arc::clone(&upload.bucket), upload.key.clone());
        self.settle(completed, &bucket, &key)?;
        self.upload = None;
        Ok(self.bytes)
    }

    /// How many bytes are not sent yet.
    pub(in crate::store) fn held(&self) -> usize {
        self.held.len()
    }

    /// Nothing more is written: lets go of what is held, unless one PUT makes the object.
    pub(in crate::store) fn close(&mut self) -> io::Result<()> {
        if self.upload.is_some() { self.seal() } else { Ok(()) }
    }

    /// Nothing more is written: lets go of what is held, before the object is published.
    pub(in crate::store) fn seal(&mut self) -> io::Result<()> {
        if self.held.is_empty() { Ok(()) } else { self.send() }
    }

    /// Makes the object by one request.
    fn put(&mut self) -> io::Result<()> {
        let bucket = client::bucket(&self.bucket_name)?;
        let key = parse_key(&self.key)?;
        let mode = match self.replace {
            Replace::No => PutMode::Create,
            Replace::Yes => PutMode::Overwrite,
        };
        let options = PutOptions { mode, attributes: self.attributes(), ..PutOptions::default() };
        let payload = PutPayload::from(self.take_held());
        let put = watched(bucket.store.put_opts(&key, payload, options));
        let put = block_on(put)?.map(drop);
        self.settle(put, &bucket, &key)
    }

    /// Sends what is held as a part.
    fn send(&mut self) -> io::Result<()> {
        let held = self.take_held();
        if self.upload.is_none() {
            let bucket = client::bucket(&self.bucket_name)?;
            let key = parse_key(&self.key)?;
            let options = PutMultipartOptions {
                attributes: self.attributes(),
                ..PutMultipartOptions::default()
            };
            let created = watched(bucket.store.create_multipart_opts(&key, options));
            let id = block_on(created)?
                .map_err(|failure| failure.explain(&bucket, Action::Write, key.as_ref()))?;
            self.upload = Some(Upload { bucket, key, id, parts: Vec::new() });
        }
        let upload = self.upload.as_mut().expect("it was made");
        upload.send(held)
    }

    /// What is held, which then is held no more.
    fn take_held(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.held))
    }

    /// Whether it was done: an attempt may be, though its answer was lost. The next one then finds
    /// the object in its way, or the upload gone.
    fn settle(&self, done: Result<(), Failure>, bucket: &Bucket, key: &Key) -> io::Result<()> {
        let Err(failure) = done else { return Ok(()) };
        if failure.may_be_done() {
            let head = GetOptions { head: true, ..GetOptions::default() };
            let found = block_on(watched(bucket.store.get_opts(key, head)))?;
            let mark = Attribute::Metadata(Cow::Borrowed(MARK));
            let is_ours = found.is_ok_and(|found| {
                found.attributes.get(&mark).is_some_and(|mark| mark.as_ref() == self.mark)
            });
            if is_ours {
                return Ok(());
            }
        }
        Err(failure.explain(bucket, Action::Write, key.as_ref()))
    }

    fn attributes(&self) -> Attributes {
        let mark = Attribute::Metadata(Cow::Borrowed(MARK));
        Attributes::from_iter([(mark, self.mark.clone())])
    }
}

impl Upload {
    /// Sends a part, and waits where too many are on their way.
    fn send(&mut self, bytes: Bytes) -> io::Result<()> {
        for at in 0..self.parts.len() {
            if matches!(&self.parts[at], Part::Sending(sending) if sending.is_finished()) {
                self.part(at)?;
            }
        }
        let permit = block_on(Arc::clone(&SENDING).acquire_owned())?.map_err(io::Error::other)?;
        let (bucket, key) = (Arc::clone(&self.bucket), self.key.clone());
        let (id, number) = (self.id.clone(), self.parts.len());
        self.parts.push(Part::Sending(runtime()?.spawn(async move {
            let part = watched(bucket.store.put_part(&key, &id, number, bytes.into())).await;
            drop(permit);
            part
        })));
        Ok(())
    }

    /// A part, once it has been sent.
    fn part(&mut self, at: usize) -> io::Result<PartId> {
        let part = match std::mem::replace(&mut self.parts[at], Part::Failed) {
            Part::Sending(sending) => block_on(sending)?.map_err(io::Error::other)?,
            Part::Sent(part) => Ok(part),
            Part::Failed => return Err(io::Error::other("a part of it could not be sent")),
        };
        let key = self.key.as_ref();
        let part = part.map_err(|failure| failure.explain(&self.bucket, Action::Write, key))?;
        self.parts[at] = Part::Sent(part.clone());
        Ok(part)
    }
}

impl Write for NewObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() >= PART_BYTES {
            self.send()?;
        }
        let count = bytes.len().min(PART_BYTES - self.held.len());
        self.held.extend_from_slice(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        // S3 takes parts of a size, and shows none of them.
        Ok(())
    }
}

impl Drop for NewObject {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        let Upload { bucket, key, id, parts } = upload;
        // Parts that arrive behind it would stay.
        let abort = async {
            for part in parts {
                if let Part::Sending(sending) = part {
                    sending.abort();
                    let _ = sending.await;
                }
            }
            watched(bucket.store.abort_multipart(&key, &id)).await
        };
        let _ = block_on(async { timeout(ABORT_LIMIT, abort).await });
    }
}

/// What no other object has.
fn new_mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{time:x}-{:x}-{count:x}", std::process::id())
}
