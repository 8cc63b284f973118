//! An object's bytes, fetched in ranges ahead of who reads them.

use super::client::{Bucket, block_on, runtime};
use super::failure::{Action, Failure};
use super::wire::watched;
use bytes::{Buf, Bytes};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// So much is fetched by one request. A range is fetched whole and then held, so that a slow reader
/// keeps no connection waiting.
const RANGE: u64 = 4 << 20;

/// So many ranges are fetched while one is read. Two connections bring what one reader unzips and
/// parses.
const AHEAD: usize = 2;

/// An object that is read.
pub(super) struct Object {
    bucket: Arc<Bucket>,
    key: Key,
    version: Version,
    /// The first byte that is not asked for yet.
    next: u64,
    current: Bytes,
    coming: VecDeque<JoinHandle<Result<Bytes, Failure>>>,
}

/// What all ranges must be of.
#[derive(Clone, Debug, Default)]
struct Version {
    bytes: u64,
    e_tag: Option<String>,
}

impl Object {
    /// Opens an object: its first bytes are there, or the reason why it can't be read.
    pub(super) fn open(bucket: Arc<Bucket>, key: Key) -> io::Result<Object> {
        let (current, version) = match block_on(fetch(Arc::clone(&bucket), key.clone(), 0, None))? {
            Ok(fetched) => fetched,
            // There is no first byte of an empty object.
            Err(failure) if failure.status() == Some(416) => Default::default(),
            Err(failure) => return Err(failure.explain(&bucket, Action::Read, key.as_ref())),
        };
        let next = current.len() as u64;
        let mut object = Object { bucket, key, version, next, current, coming: VecDeque::new() };
        object.fetch_ahead()?;
        Ok(object)
    }

    fn fetch_ahead(&mut self) -> io::Result<()> {
        while self.coming.len() < AHEAD && self.next < self.version.bytes {
            let (bucket, key) = (Arc::clone(&self.bucket), self.key.clone());
            let (start, e_tag) = (self.next, self.version.e_tag.clone());
            let range = async move { Ok(fetch(bucket, key, start, e_tag).await?.0) };
            self.coming.push_back(runtime()?.spawn(range));
            self.next += RANGE.min(self.version.bytes - self.next);
        }
        Ok(())
    }
}

impl Read for Object {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            let Some(range) = self.coming.pop_front() else { return Ok(0) };
            let fetched = block_on(range)?.map_err(io::Error::other)?;
            let key = self.key.as_ref();
            self.current =
                fetched.map_err(|failure| failure.explain(&self.bucket, Action::Read, key))?;
            self.fetch_ahead()?;
        }
        let count = out.len().min(self.current.len());
        self.current.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.coming.iter().for_each(JoinHandle::abort);
    }
}

/// A range from `start` on, and what it is of.
async fn fetch(
    bucket: Arc<Bucket>,
    key: Key,
    start: u64,
    if_match: Option<String>,
) -> Result<(Bytes, Version), Failure> {
    let range = Some(GetRange::Bounded(start..start + RANGE));
    let options = GetOptions { range, if_match, ..GetOptions::default() };
    watched(async {
        let result = bucket.store.get_opts(&key, options).await?;
        let version = Version { bytes: result.meta.size, e_tag: result.meta.e_tag.clone() };
        Ok((result.bytes().await?, version))
    })
    .await
}
