//! From what was seen at a path to the type of a column.
//!
//! A type holds all that was seen, or at least 99 % of the values; how many it does not hold is
//! counted. Else it is a string, which holds everything.

use super::seen::{Counts, Origin, Seen, widen};
use super::tree::{NodeId, Tree};
use dynalake::item::Descriptor;
use dynalake::row::path::push_name;
use dynalake::schema::{Field, Type, normalised};
use dynalake::text::number::DigitCount;
use std::collections::HashSet;

/// Of a hundred values so many must be of one type.
const MOST: u64 = 99;

/// Texts are times where there are so many, and all are.
const ENOUGH_TIMES: u64 = 20;

/// How deep types may nest.
const MAX_DEPTH: usize = 32;

/// The digits of a decimal.
const MAX_DIGITS: u32 = 38;

/// With no more names than this a map's names are taken for members, however seldom they come.
const FEW_NAMES: usize = 8;

/// Values of the input that their columns would not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rescued {
    /// Where they are, as `items[].qty`, `attributes.*`.
    pub(super) path: String,
    /// The type that they don't fit.
    pub(super) ty: String,
    /// How many rows' values.
    pub(super) count: u64,
    /// How many of items that are gone, which a row has with `"on_remove": "item"` only.
    pub(super) in_deleted: u64,
    /// Of how many values in all.
    pub(super) of: u64,
}

/// A hint for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EpochHint {
    pub(super) path: String,
    pub(super) unit: &'static str,
    /// Whether it is a column's own type.
    pub(super) is_column: bool,
}

/// A path as `_rescued` writes it, with `[]` for each element and `*` for each member of a map
/// whose names are data.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Vec<u8>);

impl Path {
    pub(super) fn member(&self, name: &[u8]) -> Path {
        let mut path = self.0.clone();
        push_name(name, &mut path);
        Path(path)
    }

    pub(super) fn elements(&self) -> Path {
        Path([&*self.0, b"[]"].concat())
    }

    pub(super) fn members(&self) -> Path {
        self.member(b"*")
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// A type, and whether it is a string only because the values are of several.
struct Decided {
    ty: Type,
    is_mixed: bool,
}

impl From<Type> for Decided {
    fn from(ty: Type) -> Decided {
        Decided { ty, is_mixed: false }
    }
}

const MIXED: Decided = Decided { ty: Type::String, is_mixed: true };

/// Decides types, and collects what is to be said about them.
pub(super) struct Decider<'a> {
    pub(super) tree: &'a mut Tree,
    pub(super) rescued: Vec<Rescued>,
    pub(super) hints: Vec<EpochHint>,
}

impl Decider<'_> {
    /// The type of an attribute's column.
    pub(super) fn column(&mut self, id: NodeId, path: &Path) -> Type {
        self.decide(id, path, 0).ty
    }

    /// The type of a key's column: it must hold every key, and no two of them as one value.
    pub(super) fn key(&mut self, id: NodeId) -> Type {
        let seen = &self.tree.node(id).seen;
        let all = seen.all();
        let is_number = all.numbers > 0 && all.numbers == all.values();
        let ty = if is_number { number(seen.digits) } else { None };
        ty.unwrap_or(Type::String)
    }

    fn decide(&mut self, id: NodeId, path: &Path, depth: usize) -> Decided {
        let node = self.tree.node(id);
        let (seen, all) = (&node.seen, node.seen.all());
        let values = all.values();
        let are_most = |count: u64| count > 0 && count * 100 >= values * MOST;
        if values == 0 || are_most(all.of(Descriptor::S) + all.of(Descriptor::B)) {
            return text(seen, values).into();
        }
        if are_most(all.numbers) {
            let held = |counts: &Counts| counts.numbers + counts.number_texts;
            // Numbers written as text fit as well, so they count.
            let mut digits = seen.digits;
            widen(&mut digits, seen.text_digits);
            let Some(ty) = number(digits) else {
                return Type::String.into();
            };
            if let Some(unit) = seen.epoch_unit() {
                let is_column = depth == 0;
                self.hints.push(EpochHint { path: path.to_string(), unit, is_column });
            }
            self.name_rescued(id, path, &ty, held);
            return ty.into();
        }
        if are_most(all.of(Descriptor::Bool)) {
            self.name_rescued(id, path, &Type::Boolean, |counts| {
                counts.of(Descriptor::Bool) + counts.number_booleans + counts.boolean_texts
            });
            return Type::Boolean.into();
        }
        if depth == MAX_DEPTH || (node.is_opaque && all.arrays() > 0) {
            return Type::String.into();
        }
        if are_most(all.arrays()) {
            return self.array(id, path, depth).into();
        }
        if are_most(all.of(Descriptor::M)) {
            return self.map(id, path, depth).into();
        }
        MIXED
    }

    fn array(&mut self, id: NodeId, path: &Path, depth: usize) -> Type {
        let before = (self.rescued.len(), self.hints.len());
        let element = match self.tree.node(id).element {
            Some(element) => self.decide(element, &path.elements(), depth + 1),
            None => Type::String.into(),
        };
        if element.is_mixed {
            self.forget(before);
            return Type::String;
        }
        let ty = Type::Array(Box::new(element.ty));
        self.name_rescued(id, path, &ty, Counts::arrays);
        ty
    }

    fn map(&mut self, id: NodeId, path: &Path, depth: usize) -> Type {
        if self.tree.node(id).is_opaque {
            return Type::String;
        }
        let ty = if self.has_names_as_data(id) || !self.has_distinct_names(id) {
            self.tree.merge_members(id);
            let before = (self.rescued.len(), self.hints.len());
            let value = match self.tree.node(id).merged {
                Some(merged) => self.decide(merged, &path.members(), depth + 1),
                None => MIXED,
            };
            if value.is_mixed {
                // As text each value fits.
                self.forget(before);
            }
            Type::Map(Box::new(value.ty))
        } else {
            let members = self.tree.node(id).members.clone();
            let fields = members.into_iter().map(|(name, member)| {
                let ty = self.decide(member, &path.member(&name), depth + 1).ty;
                Field { name: normalised(&String::from_utf8_lossy(&name)), ty }
            });
            Type::Struct(fields.collect())
        };
        self.name_rescued(id, path, &ty, |counts| counts.of(Descriptor::M));
        ty
    }

    /// Forgets what was said of a part that became text.
    pub(super) fn forget(&mut self, (rescued, hints): (usize, usize)) {
        self.rescued.truncate(rescued);
        self.hints.truncate(hints);
    }

    /// Whether the names of a map's members are data, such as ids or days, or too many to be
    /// members.
    pub(super) fn has_names_as_data(&self, id: NodeId) -> bool {
        let node = self.tree.node(id);
        if node.merged.is_some() || node.members.is_empty() {
            return true;
        }
        let names = node.members.len();
        let data = node.members.iter().filter(|(name, _)| !is_identifier(name)).count();
        data * 2 > names || (names > FEW_NAMES && self.share_of_members(id) < 0.25)
    }

    /// How many of its names a map has, on average.
    pub(super) fn share_of_members(&self, id: NodeId) -> f64 {
        let node = self.tree.node(id);
        let count = |seen: &Seen| {
            let all = seen.all();
            all.values() + all.of(Descriptor::Null)
        };
        let there: u64 =
            node.members.iter().map(|(_, member)| count(&self.tree.node(*member).seen)).sum();
        let places = node.seen.all().of(Descriptor::M) * node.members.len() as u64;
        #[expect(clippy::cast_precision_loss)] // It is compared with a rough bound.
        let share = there as f64 / places.max(1) as f64;
        share
    }

    /// Whether no two names are one as members of a struct.
    fn has_distinct_names(&self, id: NodeId) -> bool {
        let mut names = HashSet::new();
        let members = &self.tree.node(id).members;
        members.iter().all(|(name, _)| names.insert(normalised(&String::from_utf8_lossy(name))))
    }

    /// Names how many values a type does not hold.
    fn name_rescued(&mut self, id: NodeId, path: &Path, ty: &Type, held: impl Fn(&Counts) -> u64) {
        let seen = &self.tree.node(id).seen;
        let missed = |counts: &Counts| counts.values() - held(counts);
        let count = missed(seen.counts(Origin::Item));
        let in_deleted = missed(seen.counts(Origin::Deleted));
        if count + in_deleted > 0 {
            self.rescued.push(Rescued {
                path: path.to_string(),
                ty: ty.to_string(),
                count,
                in_deleted,
                of: seen.all().values(),
            });
        }
    }
}

/// The type of what is text, or was never seen with a value.
fn text(seen: &Seen, values: u64) -> Type {
    if values < ENOUGH_TIMES {
        Type::String
    } else if seen.are_dates() {
        Type::Date
    } else if seen.are_timestamps() {
        Type::Timestamp
    } else {
        Type::String
    }
}

/// The type that holds numbers of so many digits; `None` where none does.
fn number(digits: DigitCount) -> Option<Type> {
    let DigitCount { whole, fraction } = digits;
    if whole > MAX_DIGITS || fraction > MAX_DIGITS || whole + fraction > MAX_DIGITS {
        return None;
    }
    Some(match (whole, fraction) {
        (0..=9, 0) => Type::Integer(32),
        (0..=18, 0) => Type::Integer(64),
        (_, 0) => Type::Decimal { precision: MAX_DIGITS as u8, scale: 0 },
        // Room for numbers a hundred times as large.
        _ => Type::Decimal {
            precision: (whole + 2 + fraction).min(MAX_DIGITS) as u8,
            scale: fraction as u8,
        },
    })
}

/// Whether a name is one that a person gives to an attribute, and not an id, a day or a number.
fn is_identifier(name: &[u8]) -> bool {
    let begins = name
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80 || *byte == b'_');
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    begins && digits <= 3
}
