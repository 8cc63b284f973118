//! Objects to S3, by PUT alone: whole, or not at all.
//!
//! ```text
//! failure   why an object is not stored, and what to do
//! client    one request, signed and sent
//! put       all objects, each again and again while there is time
//! ```

mod client;
mod failure;
mod put;

pub(crate) use client::Client;
pub(crate) use failure::NotStored;
pub(crate) use put::{Stored, put_all};
