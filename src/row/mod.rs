//! From a change to its row: what fills which column, as which value.
//!
//! The item `{"orderId": {"S": "o-1"}, "total": {"N": "12.50"}, "note": {"S": "ring twice"}}`, by a
//! schema with the columns `order_id` string and `total` decimal(38,9), becomes the line
//!
//! ```json
//! {"order_id":"o-1","total":"12.5","_event_type":"INSERT","_event_time":"2024-07-11T23:58:22.233719Z",
//!  "_table":"orders","_sequence":"00001720742302233719-0…","_rescued":"{\"note\":{…}}"}
//! ```
//!
//! if it is in the `view`, in four steps: `bind` finds out which attribute fills which column,
//! and marks the nodes; `values` hands each bound value over as its column's type, scalars by
//! `coerce`; `rescue` collects what is in no column; `writer` puts the row together and adds
//! the metadata. What they hand values to is a [`Sink`]: the line above, or columns. `back` takes
//! such a line to the row by a schema that has changed since.

mod back;
mod bind;
mod coerce;
pub mod path;
mod rescue;
mod sink;
mod values;
pub(crate) mod view;
mod writer;

pub(crate) use back::Rewriter;
pub use sink::{Rows, Scalar, Sink};
pub(crate) use writer::RowWriter;
