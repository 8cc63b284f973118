//! The form of the files: a schema's physical types, as apache/hive's `HiveSchemaConverter` has
//! them, which is what Firehose writes by
//! (<https://github.com/apache/hive/blob/master/ql/src/java/org/apache/hadoop/hive/ql/io/parquet/convert/HiveSchemaConverter.java>);
//! and, from the same walk, where each value goes.

use dynalake::schema::{METADATA_COLUMNS, Precision, Protect, Schema, Type};
use parquet::basic::{
    Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{SchemaDescriptor, Type as ParquetType, TypePtr};
use std::ops::Range;
use std::sync::Arc;

/// How timestamps are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timestamps {
    /// INT96, with all nanoseconds, as Firehose does.
    #[default]
    Int96,
    /// INT64, in microseconds, UTC. What is finer is cut here, so give the plan
    /// [`Timestamps::precision`]: then it is rescued.
    Micros,
}

impl Timestamps {
    /// How fine timestamps may be, for [`Plan::set_precision`](dynalake::schema::Plan::set_precision).
    pub fn precision(self) -> Precision {
        match self {
            Timestamps::Int96 => Precision::Nanoseconds,
            Timestamps::Micros => Precision::Microseconds,
        }
    }
}

/// The form of one table's files.
#[derive(Clone, Debug)]
pub struct Form {
    pub(crate) root: TypePtr,
    pub(crate) descriptor: Arc<SchemaDescriptor>,
    pub(crate) properties: Arc<WriterProperties>,
    /// The fields in the order in which a row's values come: each before what is inside it.
    pub(crate) nodes: Vec<Node>,
    pub(crate) leaves: Vec<Leaf>,
}

/// A field: a column, struct member, element, map's key or map's value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The field behind this one and all that is inside it.
    pub(crate) end: usize,
    /// The leaves in it.
    pub(crate) leaves: Range<usize>,
    /// The definition level of a null here: how many optional or repeated fields around it are
    /// there.
    pub(crate) null: i16,
    /// Of an array or map, the repetition level of its elements but the first.
    pub(crate) repetition: i16,
}

/// A field without parts, which is a column of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    pub(crate) kind: LeafKind,
    /// The definition level of a value.
    pub(crate) defined: i16,
    /// Whether it is in an array or map.
    pub(crate) is_repeated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeafKind {
    String,
    Boolean,
    /// tinyint, smallint, int, date
    Int32,
    /// bigint, timestamp in microseconds
    Int64,
    Int96,
    Float,
    Double,
    /// decimal, of so many bytes
    Fixed(usize),
}

impl Form {
    /// The form of the files of a schema's table: its columns, without those that are dropped,
    /// then the metadata.
    ///
    /// # Errors
    ///
    /// What the `parquet` crate has against the types; no schema is known that it rejects.
    pub fn new(schema: &Schema, timestamps: Timestamps) -> Result<Form, ParquetError> {
        let metadata = METADATA_COLUMNS.iter().map(|column| {
            let ty = Type::parse(&column.ty).expect("a metadata column's type is one of Hive's");
            (column.name.as_str(), ty)
        });
        let declared = schema.columns.iter().filter(|column| column.protect != Some(Protect::Drop));
        let declared = declared.map(|column| (column.name.as_str(), column.ty.clone()));
        let mut walk = Walk { timestamps, nodes: Vec::new(), leaves: Vec::new() };
        let fields = declared
            .chain(metadata)
            .map(|(name, ty)| walk.field(name, &ty, 0, 0))
            .collect::<Result<Vec<_>, _>>()?;
        let root = ParquetType::group_type_builder("hive_schema").with_fields(fields).build()?;
        let root = Arc::new(root);
        let descriptor = Arc::new(SchemaDescriptor::new(Arc::clone(&root)));
        let properties = Arc::new(properties(&descriptor));
        Ok(Form { root, descriptor, properties, nodes: walk.nodes, leaves: walk.leaves })
    }

    /// The physical schema, in the notation of Parquet's tools.
    pub fn message_type(&self) -> String {
        let mut text = Vec::new();
        parquet::schema::printer::print_schema(&mut text, &self.root);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// How the files are written: SNAPPY, and statistics by column chunk where older readers know the
/// order. Of FLOAT, DOUBLE and INT96 the crate's footers name orders that parquet-format has since
/// June 2026, so these columns have none. Dictionaries: see `chunks`.
fn properties(descriptor: &SchemaDescriptor) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("dynalake version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for column in descriptor.columns() {
        if matches!(column.physical_type(), Physical::INT96 | Physical::FLOAT | Physical::DOUBLE) {
            let none = EnabledStatistics::None;
            properties = properties.set_column_statistics_enabled(column.path().clone(), none);
        }
    }
    properties.build()
}

/// Makes fields, in the order in which values come.
struct Walk {
    timestamps: Timestamps,
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
}

impl Walk {
    /// An optional field, inside `defined` optional or repeated fields, of which `repeated` are
    /// repeated.
    fn field(
        &mut self,
        name: &str,
        ty: &Type,
        defined: i16,
        repeated: i16,
    ) -> Result<TypePtr, ParquetError> {
        let (at, first_leaf) = (self.nodes.len(), self.leaves.len());
        self.nodes.push(Node { end: 0, leaves: 0..0, null: defined, repetition: repeated + 1 });
        let optional = |group: parquet::schema::types::GroupTypeBuilder<'_>| {
            group.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
        };
        let group = ParquetType::group_type_builder;
        let field = match ty {
            Type::Array(element) => {
                let element = self.field("array_element", element, defined + 2, repeated + 1)?;
                let bag = group("bag").with_repetition(Repetition::REPEATED);
                let bag = Arc::new(bag.with_fields(vec![element]).build()?);
                let list = group(name).with_converted_type(ConvertedType::LIST);
                optional(list.with_fields(vec![bag]))?
            }
            Type::Map(value) => {
                let key = self.key(defined + 1, repeated + 1)?;
                let value = self.field("value", value, defined + 2, repeated + 1)?;
                let entries = group("map").with_repetition(Repetition::REPEATED);
                let entries = entries.with_converted_type(ConvertedType::MAP_KEY_VALUE);
                let entries = Arc::new(entries.with_fields(vec![key, value]).build()?);
                let map = group(name).with_converted_type(ConvertedType::MAP);
                optional(map.with_fields(vec![entries]))?
            }
            Type::Struct(members) => {
                let members = members
                    .iter()
                    .map(|member| self.field(&member.name, &member.ty, defined + 1, repeated))
                    .collect::<Result<Vec<_>, _>>()?;
                optional(group(name).with_fields(members))?
            }
            scalar => {
                let (kind, field) = self.scalar(name, scalar)?;
                let is_repeated = repeated > 0;
                self.leaves.push(Leaf { kind, defined: defined + 1, is_repeated });
                field
            }
        };
        self.nodes[at].end = self.nodes.len();
        self.nodes[at].leaves = first_leaf..self.leaves.len();
        Ok(field)
    }

    /// A map's key, which is required: the entry being there defines it.
    fn key(&mut self, null: i16, repeated: i16) -> Result<TypePtr, ParquetError> {
        let (at, leaf) = (self.nodes.len(), self.leaves.len());
        let node = Node { end: at + 1, leaves: leaf..leaf + 1, null, repetition: repeated };
        self.nodes.push(node);
        self.leaves.push(Leaf { kind: LeafKind::String, defined: null + 1, is_repeated: true });
        let key = ParquetType::primitive_type_builder("key", Physical::BYTE_ARRAY);
        let key = key.with_repetition(Repetition::REQUIRED);
        Ok(Arc::new(key.with_converted_type(ConvertedType::UTF8).build()?))
    }

    fn scalar(&self, name: &str, ty: &Type) -> Result<(LeafKind, TypePtr), ParquetError> {
        let optional = |physical| {
            ParquetType::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
        };
        let (kind, field) = match *ty {
            Type::Boolean => (LeafKind::Boolean, optional(Physical::BOOLEAN)),
            Type::Integer(64) => (LeafKind::Int64, optional(Physical::INT64)),
            Type::Integer(bits) => {
                let field = optional(Physical::INT32);
                let field = match bits {
                    8 => field.with_converted_type(ConvertedType::INT_8),
                    16 => field.with_converted_type(ConvertedType::INT_16),
                    _ => field,
                };
                (LeafKind::Int32, field)
            }
            Type::Float => (LeafKind::Float, optional(Physical::FLOAT)),
            Type::Double => (LeafKind::Double, optional(Physical::DOUBLE)),
            Type::Decimal { precision, scale } => {
                let bytes = decimal_bytes(precision);
                let field = optional(Physical::FIXED_LEN_BYTE_ARRAY)
                    .with_length(bytes as i32)
                    .with_converted_type(ConvertedType::DECIMAL)
                    .with_precision(precision.into())
                    .with_scale(scale.into());
                (LeafKind::Fixed(bytes), field)
            }
            Type::Date => {
                let field = optional(Physical::INT32).with_converted_type(ConvertedType::DATE);
                (LeafKind::Int32, field)
            }
            Type::Timestamp => match self.timestamps {
                Timestamps::Int96 => (LeafKind::Int96, optional(Physical::INT96)),
                Timestamps::Micros => {
                    let utc = LogicalType::timestamp(true, TimeUnit::MICROS);
                    (LeafKind::Int64, optional(Physical::INT64).with_logical_type(Some(utc)))
                }
            },
            // A string: the others are handled before.
            _ => {
                let field = optional(Physical::BYTE_ARRAY).with_converted_type(ConvertedType::UTF8);
                (LeafKind::String, field)
            }
        };
        Ok((kind, Arc::new(field.build()?)))
    }
}

/// The fewest bytes whose two's complement holds so many digits.
fn decimal_bytes(precision: u8) -> usize {
    let largest = 10_i128.pow(precision.into()) - 1;
    let bits = i128::BITS - largest.leading_zeros() + 1;
    bits.div_ceil(8) as usize
}

#[cfg(test)]
mod tests {
    use super::decimal_bytes;

    #[test]
    fn decimals_take_as_many_bytes_as_hive_gives_them() {
        // HiveSchemaConverter's, as ParquetHiveSerDe.PRECISION_TO_BYTE_COUNT lists them.
        let of_hive = [
            1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 9, 10, 10, 11, 11, 11, 12,
            12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16,
        ];
        for (precision, bytes) in (1..=38).zip(of_hive) {
            assert_eq!(decimal_bytes(precision), bytes, "{precision}");
        }
    }
}
