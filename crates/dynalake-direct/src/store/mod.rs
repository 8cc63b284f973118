//! Objects to S3, by PUT alone: whole, or not at all.
//!
//! ```text
//! endpoint   the bucket, and how it is reached
//! failure    why an object is not stored, and what to do
//! client     one request, signed and sent
//! put        all objects, each again and again while there is time
//! ```

mod client;
mod endpoint;
mod failure;
mod put;

pub(crate) use client::Client;
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use put::{Stored, put_all};
