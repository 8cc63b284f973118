//! **dynalake**: changes of a DynamoDB table to rows of one declared schema. No value is changed or
//! lost, and a bad record costs one record.
//!
//! Data walks through the crate one way, and a module imports only from those above it:
//!
//! ```text
//! text       bytes, JSON, numbers, times
//! schema     a schema file, compiled to a plan
//! failure    why a record gives no row
//! item       attribute values on a tape
//! change     the envelope around them
//! row        which attribute fills which column, as which value
//! record     one change record's bytes → its row: the unit of all that follows
//! statistics, metrics   what happened, in numbers
//! firehose   an event's records → a response, within its 6 MiB
//! stream     an event of DynamoDB Streams or Kinesis, as its records
//! settings   what the environment says → a transformer
//! sql        the same schema for Athena and Databricks
//! ```
//!
//! One change record and its row:
//!
//! ```
//! use dynalake::record::{Options, Outcome, RecordTransformer};
//! use dynalake::schema::{Plan, Schema};
//!
//! let schema = Schema::parse(
//!     r#"{"table": "orders", "keys": ["orderId"], "columns": [
//!         {"name": "order_id", "type": "string"},
//!         {"name": "total", "type": "decimal(38,9)"}]}"#,
//! )?;
//! let plan = Plan::new(&schema);
//! let options = Options::new(&plan);
//! let mut records = RecordTransformer::new(plan, options);
//!
//! let record = br#"{"tableName": "orders", "eventName": "INSERT", "eventID": "e-1", "dynamodb": {
//!     "ApproximateCreationDateTime": 1720742302233719,
//!     "Keys": {"orderId": {"S": "o-1"}},
//!     "NewImage": {"orderId": {"S": "o-1"}, "total": {"N": "12.50"}, "note": {"S": "hi"}}}}"#;
//! let mut row = Vec::new();
//! let transformed = records.transform(record, Some(b"4959"), &mut row);
//! assert!(matches!(transformed.outcome, Outcome::Row { rescued: true, .. }));
//! assert_eq!(
//!     String::from_utf8(row)?,
//!     concat!(
//!         r#"{"order_id":"o-1","total":"12.5","_event_type":"INSERT","#,
//!         r#""_event_time":"2024-07-11T23:58:22.233719Z","_event_id":"e-1","_table":"orders","#,
//!         r#""_sequence":"00001720742302233719-"#,
//!         r#"00000000000000000000000000000000000000000000000000004959","#,
//!         r#""_rescued":"{\"note\":{\"reason\":\"unknown\",\"value\":{\"S\":\"hi\"}}}"}"#,
//!         "\n"
//!     )
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`firehose::Transformer`] does the same for the events of Amazon Data Firehose, and
//! [`settings::Settings`] makes one of the function's environment.
//!
//! Invariants:
//!
//! * Only the binaries read the environment or the clock. Nothing in this library is async, does
//!   I/O or logs.
//! * A bad record costs that record.
//! * Errors and statistics name places, types and counts, never an attribute's value.
//! * On records, no step is recursive beyond [`failure::MAX_DEPTH`] levels, and none is quadratic
//!   in records, attributes or depth.
//! * `unsafe` is in `text::bytes` alone.

pub mod text;

pub mod schema;

pub mod failure;

pub mod item;

pub mod change;

pub mod row;

pub mod record;

pub mod metrics;
pub mod statistics;

pub mod firehose;

pub mod stream;

pub mod settings;

pub mod sql;
