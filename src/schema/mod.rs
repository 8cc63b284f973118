//! From the schema file to the [`Plan`] that a transformation follows, compiled once.
//!
//! This module alone knows Glue and Hive: types, column names, and which attribute goes where. [`ddl`] makes SQL of a
//! schema, and alone knows the query engines.

pub mod ddl;
mod file;
mod names;
mod plan;
mod types;

pub use file::{Binary, Column, DecimalAs, Protect, Schema, SchemaError, Unit};
pub use names::normalise;
pub(crate) use plan::{Kind, PlannedStruct};
pub use plan::{Plan, PlannedColumn};
pub use types::{Field, Type};

use serde::Deserialize;
use std::sync::LazyLock;

/// A column that every row has beside the declared ones.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataColumn {
    /// Its name.
    pub name: String,
    /// Its Hive type.
    #[serde(rename = "type")]
    pub ty: String,
    /// For Glue.
    pub comment: String,
}

/// The metadata columns, in the order they have at the end of a row. The file is Terraform's too.
pub static METADATA_COLUMNS: LazyLock<Vec<MetadataColumn>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../terraform/metadata_columns.json"))
        .expect("terraform/metadata_columns.json is a list of columns")
});

/// Whether a column name belongs to a metadata column.
pub(crate) fn is_metadata(name: &[u8]) -> bool {
    METADATA_COLUMNS.iter().any(|column| column.name.as_bytes() == name)
}
