//! From the schema file to the [`Plan`] that a transformation follows, compiled once.
//!
//! This module alone knows Glue and Hive: types, column names, and which attribute goes where.

mod error;
mod file;
mod json;
mod metadata;
mod names;
mod plan;
mod types;
mod view;

pub use error::SchemaError;
pub use file::{Binary, Column, DecimalAs, MAX_TYPE_CHARACTERS, Protect, Schema, Unit, check_name};
pub use metadata::{METADATA_COLUMNS, MetadataColumn};
pub(crate) use metadata::{Metadata, is_metadata, metadata_named};
pub use names::{normalise, normalised};
pub use plan::{FieldName, Plan, PlannedColumn, Precision};
pub(crate) use plan::{Kind, PlannedStruct};
pub use types::{Field, Type};
pub use view::{Condition, Events, Filter, OnRemove, Pattern};
