//! dynalake's rows as Parquet files, in the form in which Amazon Data Firehose writes them, so that
//! both are read as one table.
//!
//! ```text
//! form      a schema's columns → the file's physical schema, and where each value goes
//! columns   rows as columns: values with definition and repetition levels
//! chunks    columns → encoded column chunks, one row group at a time
//! file      row groups → a file
//! ```
//!
//! ```
//! use dynalake::record::{Options, RecordTransformer};
//! use dynalake::schema::{Plan, Schema};
//! use dynalake_parquet::{FileWriter, Form, Limits, Timestamps};
//!
//! let schema = Schema::parse(
//!     r#"{"table": "orders", "keys": ["orderId"], "columns": [
//!         {"name": "order_id", "type": "string"}, {"name": "total", "type": "decimal(38,9)"}]}"#,
//! )?;
//! let plan = Plan::new(&schema);
//! let options = Options::new(&plan);
//! let mut records = RecordTransformer::new(plan, options);
//!
//! let form = Form::new(&schema, Timestamps::Int96)?;
//! let mut file = FileWriter::new(Vec::new(), &form, Limits::default())?;
//! let record = br#"{"tableName": "orders", "eventName": "INSERT", "dynamodb": {
//!     "ApproximateCreationDateTime": 1720742302233719, "Keys": {"orderId": {"S": "o-1"}},
//!     "NewImage": {"orderId": {"S": "o-1"}, "total": {"N": "12.50"}}}}"#;
//! records.transform(record, Some(b"49590338271490256608"), file.columns());
//! file.advance()?;
//! let bytes: Vec<u8> = file.close()?;
//! assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chunks;
mod columns;
mod file;
mod form;

pub use columns::Columns;
pub use file::{FileWriter, Limits};
pub use form::{Form, Timestamps};
pub use parquet::errors::ParquetError;
