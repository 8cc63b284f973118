//! **dynalake**: DynamoDB changes, handed over in batches by Amazon Data Firehose, to rows of one declared
//! schema. No value is changed or lost, and a bad record costs one record.
//!
//! Data walks through the crate one way:
//!
//! ```text
//! event bytes ─ event ─▶ record ─ change, attribute ─▶ envelope and images on a tape
//!             ─ schema, bind ─▶ attributes in columns
//!             ─ coerce, rescue, row ─▶ one line of JSON ─ event ─▶ response bytes
//! ```
//!
//! ```
//! use dynalake::settings::Settings;
//!
//! let schema = r#"{"table": "orders", "keys": ["orderId"], "columns": [
//!     {"name": "order_id", "type": "string"}, {"name": "total", "type": "decimal(38,9)"}]}"#;
//! let settings = Settings { schema: Some(schema.into()), ..Settings::default() };
//! let mut transformer = settings.transformer()?;
//!
//! let event = br#"{"records": [{"recordId": "1", "data": "eyJ0YWJsZU5hbWUiOiAiYXVkaXQifQ=="}]}"#;
//! let transformed = transformer.transform(event, 1_700_000_000_000)?;
//! assert_eq!(transformed.response, br#"{"records":[{"recordId":"1","result":"Dropped"}]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//!
//! * Only the binaries read the environment or the clock. Nothing in this library is async, does I/O or logs.
//! * A bad record costs that record: it is `ProcessingFailed`, and Firehose keeps the original.
//! * Errors and statistics name places, types and counts, never an attribute's value.
//! * On records, no step is recursive beyond 64 levels, and none is quadratic in records, attributes or depth.
//! * `unsafe` stands in `bytes` alone.

#![deny(unsafe_code)]

pub mod event;

pub mod attribute;
mod bytes;
pub mod change;
pub mod json;
pub mod number;
pub mod time;

pub mod schema;

pub mod bind;
pub mod coerce;
pub mod failure;
pub mod rescue;
pub mod row;

pub mod metrics;
pub mod settings;
pub mod transform;
