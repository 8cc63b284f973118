//! The direct function: an event of DynamoDB Streams or Kinesis in, Parquet objects on S3 out.
//!
//! ```text
//! partition   times → the folders of objects
//! endpoint    the bucket, and how it is reached
//! settings    what the environment says → schemas, a bucket, prefixes
//! files       one schema's rows, by partition
//! isolation   a panic, and what is left out because of it
//! object      a key, and bytes
//! batch       an event's bytes → objects: their keys and their bytes
//! store       objects → S3
//! function    an invocation → an answer
//! ```
//!
//! All but `store` and `function` is pure: no environment, no clock, no network. Nothing is kept
//! from one invocation to the next, and an invocation is answered only once all its objects are
//! stored.
//!
//! ```
//! use dynalake_direct::{Batch, Settings, Transformer};
//!
//! let setting = |name: &str| match name {
//!     "DYNALAKE_SCHEMA" => Some(
//!         r#"{"table": "orders", "keys": ["orderId"], "columns": [
//!             {"name": "order_id", "type": "string"}]}"#,
//!     ),
//!     "DYNALAKE_BUCKET" => Some("lake"),
//!     "DYNALAKE_PREFIX" => Some("data"),
//!     "DYNALAKE_ERROR_PREFIX" => Some("errors"),
//!     // Lambda sets these.
//!     "AWS_REGION" => Some("eu-west-1"),
//!     "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("…"),
//!     _ => None,
//! };
//! let settings = Settings::read(|name| setting(name).map(Into::into))?;
//! let config = settings.config(|_| Err(std::io::ErrorKind::NotFound.into()))?;
//! let mut transformer = Transformer::new(config.lake);
//!
//! let event = br#"{"Records": [{"eventSource": "aws:dynamodb", "eventName": "REMOVE",
//!     "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026",
//!     "dynamodb": {"SequenceNumber": "111", "ApproximateCreationDateTime": 1720742302,
//!                  "Keys": {"orderId": {"S": "o-1"}}}}]}"#;
//! let Batch { objects, .. } = transformer.transform(event, "arn:aws:lambda:…", 0)?;
//! assert_eq!(
//!     objects[0].key,
//!     "data/orders/dt=2024-07-11/hour=23/dynamodb-111-111.parquet"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod partition;

mod endpoint;

mod settings;

mod files;

mod isolation;

mod object;

mod batch;

mod store;

mod function;

pub use batch::{Batch, Failed, TransformError, Transformer};
pub use endpoint::Endpoint;
pub use function::{DirectFunction, StartError};
pub use object::Object;
pub use partition::{Granularity, PartitionBy};
pub use settings::{Config, Lake, NAMES, Settings};
