//! The plan: a schema compiled so that a transformation looks nothing up twice.

use super::file::{Binary, DecimalAs, Protect, Schema, Unit};
use super::metadata::{METADATA_COLUMNS, Metadata};
use super::names::normalise;
use super::types::Type;
use super::view::{Events, Filter, OnRemove};
use crate::text::bytes::Piece;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// What a transformation does with each attribute.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The columns in the table's order, those that are dropped included.
    pub columns: Vec<PlannedColumn>,
    /// The source table of the schema; `None` without a schema.
    pub table: Option<String>,
    /// Whether rows carry `_old`.
    pub old_image: bool,
    /// How often binary values are encoded, where the schema says.
    pub binary: Option<Binary>,
    /// Whether there is no schema: every attribute makes its own column.
    pub schemaless: bool,
    /// Which items are in the view; all where there is no filter.
    pub(crate) filter: Option<Filter>,
    /// Which rows are wanted.
    pub(crate) events: Events,
    /// What a REMOVE's row holds.
    pub(crate) on_remove: OnRemove,
    /// Whether any attribute is to be hidden.
    pub(crate) protects: bool,
    /// Explicit paths, as a tree of raw names; the first branch is the item's root.
    branches: Vec<HashMap<Vec<u8>, Step>>,
    /// The columns that attributes reach by their normalised names.
    by_name: BTreeMap<Vec<u8>, u32>,
    /// The members of each struct type, by normalised name.
    structs: Vec<HashMap<Vec<u8>, (u32, String)>>,
    /// What each metadata column holds, and its name.
    pub(crate) metadata: Vec<(Metadata, FieldName)>,
}

/// A column as rows are written.
#[derive(Clone, Debug)]
pub struct PlannedColumn {
    /// Its name.
    pub name: String,
    pub(crate) field: FieldName,
    pub(crate) kind: Kind,
    /// How its attribute is hidden.
    pub protect: Option<Protect>,
    /// Whether it holds a key attribute.
    pub is_key: bool,
    /// The path of the one attribute that fills it, where the schema names it: its `path`, or the key.
    pub(crate) path: Option<Vec<String>>,
}

/// The name of a column or struct member, as rows have it.
#[derive(Clone, Debug)]
pub struct FieldName(Piece);

impl FieldName {
    /// A name that needs no escapes in JSON.
    fn new(name: &str) -> FieldName {
        FieldName(Piece::new(&format!(",\"{name}\":")))
    }

    /// Appends `,"name":`.
    #[inline(always)]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        self.0.append_to(out);
    }
}

/// How fine timestamps may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// To the nanosecond.
    #[default]
    Nanoseconds,
    /// To the microsecond; finer ones don't fit.
    Microseconds,
}

/// A type, with everything about it that is known in advance.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    String,
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
        quoted: bool,
    },
    Date,
    /// The unit of numbers, and of text that is a number where the column states it.
    Timestamp {
        unit: Unit,
        stated: bool,
        precision: Precision,
    },
    Array(Box<Kind>),
    Map(Box<Kind>),
    Struct(PlannedStruct),
}

impl Kind {
    fn set_precision(&mut self, wanted: Precision) {
        match self {
            Kind::Timestamp { precision, .. } => *precision = wanted,
            Kind::Array(inner) | Kind::Map(inner) => inner.set_precision(wanted),
            Kind::Struct(planned) => {
                planned.members.iter_mut().for_each(|(_, kind)| kind.set_precision(wanted));
            }
            _ => {}
        }
    }
}

/// A struct type.
#[derive(Clone, Debug)]
pub(crate) struct PlannedStruct {
    /// Which of the plan's structs it is.
    pub id: u32,
    /// Each member's name and type, in declared order.
    pub members: Vec<(FieldName, Kind)>,
}

/// What an explicit path finds at an attribute.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    /// The column whose path ends here.
    pub column: Option<u32>,
    /// Where longer paths go on.
    pub branch: Option<u32>,
}

impl Plan {
    /// Compiles a schema.
    pub fn new(schema: &Schema) -> Plan {
        let mut plan = Plan::empty();
        plan.table = Some(schema.table.clone());
        plan.old_image = schema.old_image;
        plan.binary = schema.binary;
        plan.schemaless = false;
        plan.filter.clone_from(&schema.filter);
        plan.events = schema.events;
        plan.on_remove = schema.on_remove;
        for (at, column) in schema.columns.iter().enumerate() {
            let kind = plan.kind(&column.ty, schema.decimal_as, column.unit);
            match &column.path {
                Some(path) => plan.claim(path, at as u32),
                None => drop(plan.by_name.insert(column.name.clone().into_bytes(), at as u32)),
            }
            plan.protects |= column.protect.is_some();
            plan.columns.push(PlannedColumn {
                name: column.name.clone(),
                field: FieldName::new(&column.name),
                kind,
                protect: column.protect,
                is_key: false,
                path: column.path.clone(),
            });
        }
        for key in &schema.keys {
            // A key claims its column as if by a path: nothing else may ever fill it.
            if let Some(at) = schema.key_column(key) {
                let path = std::slice::from_ref(key);
                plan.columns[at].is_key = true;
                plan.columns[at].path = Some(path.to_vec());
                plan.claim(path, at as u32);
            }
        }
        plan
    }

    /// The same columns for rows that were written before: each takes the member of its own name,
    /// and a hash in it is one already. A row without a schema has no columns.
    pub(crate) fn of_rows(&self) -> Plan {
        let mut plan = Plan {
            schemaless: false,
            old_image: true,
            protects: false,
            branches: vec![HashMap::new()],
            by_name: BTreeMap::new(),
            ..self.clone()
        };
        for at in 0..plan.columns.len() {
            let column = &mut plan.columns[at];
            column.protect = column.protect.filter(|protect| *protect == Protect::Drop);
            let name = column.name.clone();
            plan.claim(&[name], at as u32);
        }
        plan
    }

    /// Sets how fine timestamps may be, in columns and inside them.
    pub fn set_precision(&mut self, precision: Precision) {
        for column in &mut self.columns {
            column.kind.set_precision(precision);
        }
    }

    /// The plan without a schema: everything is flattened.
    pub fn schemaless() -> Plan {
        Plan::empty()
    }

    fn empty() -> Plan {
        let metadata = METADATA_COLUMNS
            .iter()
            .map(|column| (Metadata::named(&column.name), FieldName::new(&column.name)));
        Plan {
            columns: Vec::new(),
            table: None,
            old_image: false,
            binary: None,
            schemaless: true,
            filter: None,
            events: Events::default(),
            on_remove: OnRemove::default(),
            protects: false,
            branches: vec![HashMap::new()],
            by_name: BTreeMap::new(),
            structs: Vec::new(),
            metadata: metadata.collect(),
        }
    }

    /// Lets a path lead to a column.
    fn claim(&mut self, path: &[String], column: u32) {
        let mut branch = 0;
        for (at, name) in path.iter().enumerate() {
            let next = self.branches.len() as u32;
            let step = self.branches[branch].entry(name.clone().into_bytes()).or_default();
            if at + 1 == path.len() {
                step.column = Some(column);
                return;
            }
            branch = *step.branch.get_or_insert(next) as usize;
            if branch == next as usize {
                self.branches.push(HashMap::new());
            }
        }
    }

    fn kind(&mut self, ty: &Type, decimal_as: DecimalAs, unit: Option<Unit>) -> Kind {
        match ty {
            Type::String => Kind::String,
            Type::Boolean => Kind::Boolean,
            Type::Integer(bits) => {
                let max = i64::MAX >> (64 - bits);
                Kind::Integer { min: -max - 1, max }
            }
            Type::Float => Kind::Float,
            Type::Double => Kind::Double,
            &Type::Decimal { precision, scale } => {
                Kind::Decimal { precision, scale, quoted: decimal_as == DecimalAs::String }
            }
            Type::Date => Kind::Date,
            Type::Timestamp => {
                let precision = Precision::Nanoseconds;
                Kind::Timestamp {
                    unit: unit.unwrap_or_default(),
                    stated: unit.is_some(),
                    precision,
                }
            }
            Type::Array(element) => Kind::Array(Box::new(self.kind(element, decimal_as, unit))),
            Type::Map(value) => Kind::Map(Box::new(self.kind(value, decimal_as, unit))),
            Type::Struct(fields) => {
                let id = self.structs.len() as u32;
                let mut by_name = HashMap::new();
                for (at, field) in fields.iter().enumerate() {
                    let mut name = Vec::new();
                    normalise(field.name.as_bytes(), &mut name);
                    by_name.insert(name, (at as u32, field.name.clone()));
                }
                self.structs.push(by_name);
                let members = fields.iter().map(|field| {
                    (FieldName::new(&field.name), self.kind(&field.ty, decimal_as, unit))
                });
                Kind::Struct(PlannedStruct { id, members: members.collect() })
            }
        }
    }

    /// What the explicit paths say of an attribute, in the branch of its map.
    pub(crate) fn step(&self, branch: u32, name: &[u8]) -> Step {
        self.branches[branch as usize].get(name).copied().unwrap_or_default()
    }

    /// The column that a normalised name reaches.
    pub(crate) fn column_named(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// Whether longer names than this prefix reach a column.
    pub(crate) fn has_columns_below(&self, prefix: &[u8]) -> bool {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let mut names = self.by_name.range::<[u8], _>(from);
        names
            .find(|(name, _)| name.as_slice() != prefix)
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// The member of a struct type that a normalised name reaches, and its name as declared.
    pub(crate) fn member_named(&self, id: u32, name: &[u8]) -> Option<(u32, &str)> {
        let (member, declared) = self.structs[id as usize].get(name)?;
        Some((*member, declared))
    }

    /// How many struct types there are.
    pub(crate) fn struct_count(&self) -> u32 {
        self.structs.len() as u32
    }
}
