//! The metadata columns: what every row has beside the declared columns.

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
    /// Whether it says something of the change and nothing of the item: no column of the current
    /// state.
    #[serde(default)]
    pub of_change: bool,
    /// For Glue.
    pub comment: String,
}

/// The metadata columns, in the order they have at the end of a row. The file is Terraform's too.
pub static METADATA_COLUMNS: LazyLock<Vec<MetadataColumn>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../terraform/metadata_columns.json"))
        .expect("terraform/metadata_columns.json is a list of columns")
});

/// The metadata column of a name.
pub(crate) fn metadata_named(name: &[u8]) -> Option<&'static MetadataColumn> {
    METADATA_COLUMNS.iter().find(|column| column.name.as_bytes() == name)
}

/// Whether a column name belongs to a metadata column.
pub(crate) fn is_metadata(name: &[u8]) -> bool {
    metadata_named(name).is_some()
}

/// What a metadata column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metadata {
    EventType,
    EventTime,
    EventId,
    Table,
    Sequence,
    TtlDelete,
    Old,
    Rescued,
}

impl Metadata {
    /// What the metadata column of this name holds.
    ///
    /// # Panics
    ///
    /// On a name that the code doesn't know, which only an edit of that file can bring about.
    pub(crate) fn named(name: &str) -> Metadata {
        match name {
            "_event_type" => Metadata::EventType,
            "_event_time" => Metadata::EventTime,
            "_event_id" => Metadata::EventId,
            "_table" => Metadata::Table,
            "_sequence" => Metadata::Sequence,
            "_ttl_delete" => Metadata::TtlDelete,
            "_old" => Metadata::Old,
            "_rescued" => Metadata::Rescued,
            _ => panic!("metadata column {name} is not written by this version"),
        }
    }
}
