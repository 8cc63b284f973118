//! Folders on S3: the objects under a prefix.
//!
//! The rest of the program is synchronous. What waits for the network runs on a runtime of this
//! module's own; callers wait for it, each in its thread.

mod client;
mod credentials;
mod environment;
mod explain;
mod failure;
mod key;
mod profile;
mod read;
mod settings;
mod wire;
mod write;

pub(super) use write::NewObject;

use super::file::{Listed, Replace, S3};
use crate::trouble::Trouble;
use client::{Bucket, block_on};
use failure::Action;
use key::parse_key;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::Path as Key;
use std::io::{self, Read};
use std::sync::Arc;

/// A prefix of a bucket's keys, taken as a folder.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    bucket: String,
    /// Without a `/` at its end; empty for the whole bucket.
    prefix: String,
}

impl Prefix {
    /// The prefix at an address: `s3://bucket/prefix`, with or without a `/` at its end.
    pub(super) fn parse(address: &str) -> Result<Prefix, Trouble> {
        let rest = address.strip_prefix(S3).unwrap_or(address);
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(Trouble(format!(
                "{address} names no bucket; write it as s3://bucket/prefix/"
            )));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let prefix = Prefix { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        prefix.key("").map_err(|error| Trouble(format!("{address}: {error}")))?;
        Ok(prefix)
    }

    /// What messages call the prefix.
    pub(super) fn name(&self) -> String {
        self.name_of("")
    }

    /// What messages call an object under it.
    pub(super) fn name_of(&self, object: &str) -> String {
        format!("{S3}{}/{}", self.bucket, self.under(object))
    }

    /// Whether any object is under it.
    pub(super) fn is_used(&self) -> io::Result<bool> {
        let bucket = client::bucket(&self.bucket)?;
        // The console makes an empty object with the prefix as its key: it does not count.
        let page =
            self.page(&bucket, "", PaginatedListOptions { max_keys: Some(2), ..no_options() });
        Ok(page?.result.objects.iter().any(|object| object.location.as_ref() != self.prefix))
    }

    /// The objects under it whose names begin with `name_prefix` and are wanted, sorted; without
    /// hidden ones, and without empty ones: the console makes such for folders.
    pub(super) fn list(
        &self,
        name_prefix: &str,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Listed>> {
        let bucket = client::bucket(&self.bucket)?;
        let above = self.under("");
        let mut files = Vec::new();
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions { page_token, ..no_options() };
            let page = self.page(&bucket, name_prefix, options)?;
            for object in page.result.objects {
                let Some(name) = object.location.as_ref().strip_prefix(&above) else { continue };
                let is_hidden = name.split('/').any(|part| part.starts_with(['.', '_']));
                if !is_hidden && object.size > 0 && is_wanted(name) {
                    files.push(Listed { name: name.to_owned(), bytes: object.size });
                }
            }
            page_token = page.page_token;
            if page_token.is_none() {
                files.sort();
                return Ok(files);
            }
        }
    }

    /// An object's bytes.
    pub(super) fn read(&self, object: &str) -> io::Result<Box<dyn Read + Send>> {
        let bucket = client::bucket(&self.bucket)?;
        Ok(Box::new(read::Object::open(bucket, self.key(object)?)?))
    }

    /// An object that is made when it is published.
    pub(super) fn write(&self, object: &str, replace: Replace) -> NewObject {
        NewObject::new(self.bucket.clone(), self.under(object), replace)
    }

    fn page(
        &self,
        bucket: &Arc<Bucket>,
        name_prefix: &str,
        options: PaginatedListOptions,
    ) -> io::Result<PaginatedListResult> {
        let prefix = self.under(name_prefix);
        let page = bucket.store.list_paginated(Some(&prefix), options);
        block_on(wire::watched(page))?.map_err(|failure| failure.explain(bucket, Action::List, ""))
    }

    /// The key of an object, or the beginning of keys.
    fn under(&self, object: &str) -> String {
        if self.prefix.is_empty() {
            return object.to_owned();
        }
        format!("{}/{object}", self.prefix)
    }

    fn key(&self, object: &str) -> io::Result<Key> {
        parse_key(&self.under(object))
    }
}

fn no_options() -> PaginatedListOptions {
    PaginatedListOptions::default()
}
