//! From the tree of paths to columns: which map is flattened, and what each column is called.
//!
//! A column is bound by its name where nothing else could ever reach it, else by its path.

use super::tree::{NodeId, ROOT, Tree};
use super::types::{Decider, EpochHint, Path, Rescued};
use crate::text::joined;
use crate::warnings::is_unwise_name;
use dynalake::item::Descriptor;
use dynalake::schema::{MAX_TYPE_CHARACTERS, Type, check_name, normalised};
use std::collections::{HashMap, HashSet};

/// A map is flattened if it has no more names than this.
const MAX_FLATTENED: usize = 12;

/// No path of a flattened column has more names than this.
const MAX_FLATTENED_DEPTH: usize = 3;

/// Of a longer name so much is kept.
const KEPT_OF_NAME: usize = 200;

/// A column of the schema.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) ty: Type,
    /// Raw names from the item's root.
    pub(super) path: Vec<String>,
    /// Whether the schema states the path.
    pub(super) states_path: bool,
    is_key: bool,
}

/// What became of the tree.
#[derive(Debug)]
pub(super) struct Inferred {
    pub(super) columns: Vec<Column>,
    pub(super) rescued: Vec<Rescued>,
    pub(super) hints: Vec<EpochHint>,
}

/// Makes columns of all attributes, the keys first.
pub(super) fn columns(tree: &mut Tree, keys: &[String]) -> Inferred {
    let mut decider = Decider { tree, rescued: Vec::new(), hints: Vec::new() };
    let mut found = Found { columns: Vec::new(), passed: Vec::new() };
    for key in keys {
        if let Some(id) = decider.tree.attribute(key.as_bytes()) {
            let ty = decider.key(id);
            found.push(vec![key.clone()], ty, true);
        }
    }
    for (name, id) in decider.tree.node(ROOT).members.clone() {
        let name = String::from_utf8_lossy(&name).into_owned();
        if !keys.contains(&name) {
            let path = Path::default().member(name.as_bytes());
            found.add(&mut decider, id, vec![name], &path);
        }
    }
    let Found { mut columns, passed } = found;
    let is_closed = decider.tree.is_closed();
    name_columns(&mut columns, &passed, is_closed);
    Inferred { columns, rescued: decider.rescued, hints: decider.hints }
}

/// The columns, and the joined names of the maps that are flattened.
struct Found {
    columns: Vec<Column>,
    passed: Vec<String>,
}

impl Found {
    fn add(&mut self, decider: &mut Decider<'_>, id: NodeId, names: Vec<String>, path: &Path) {
        if names.len() < MAX_FLATTENED_DEPTH && is_flattened(decider, id) {
            self.passed.push(joined(&names));
            for (name, member) in decider.tree.node(id).members.clone() {
                let name = String::from_utf8_lossy(&name).into_owned();
                let path = path.member(name.as_bytes());
                let names = [&*names, &[name]].concat();
                self.add(decider, member, names, &path);
            }
            return;
        }
        let before = (decider.rescued.len(), decider.hints.len());
        let mut ty = decider.column(id, path);
        if ty.to_string().chars().count() > MAX_TYPE_CHARACTERS {
            decider.forget(before);
            ty = Type::String;
        }
        self.push(names, ty, false);
    }

    fn push(&mut self, path: Vec<String>, ty: Type, is_key: bool) {
        self.columns.push(Column { name: joined(&path), ty, path, states_path: false, is_key });
    }
}

/// Whether a map's members become columns: they are few, most are there in most items, and there is
/// nothing but such maps. A NULL or an empty map would have no column.
fn is_flattened(decider: &Decider<'_>, id: NodeId) -> bool {
    let node = decider.tree.node(id);
    let all = node.seen.all();
    all.of(Descriptor::M) == all.values() + all.of(Descriptor::Null)
        && node.seen.empty_maps == 0
        && !node.is_opaque
        && node.members.len() <= MAX_FLATTENED
        && !decider.has_names_as_data(id)
        && decider.share_of_members(id) >= 0.5
}

/// Gives each column a name of its own, and a path where its name alone could mislead.
fn name_columns(columns: &mut [Column], passed: &[String], is_closed: bool) {
    let mut taken: HashMap<&str, usize> = HashMap::new();
    let joined: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for name in joined.iter().chain(passed) {
        *taken.entry(name).or_default() += 1;
    }
    let attributes: HashSet<&str> = columns.iter().map(|column| &*column.path[0]).collect();
    let whole: HashSet<&str> = joined.iter().map(String::as_str).collect();
    let is_safe = |column: &Column| {
        let name = &*column.name;
        // Attributes that were not looked at may have any name.
        !is_closed
            && taken[name] == 1
            // At the root a name to the letter comes first.
            && (!attributes.contains(name) || column.path == [name])
            && *name == normalised(name)
            && is_good(name)
            // It could be looked for inside another column's map.
            && !name.match_indices('_').any(|(at, _)| whole.contains(&name[..at]))
    };
    let safe: Vec<bool> = columns.iter().map(is_safe).collect();
    let mut names: HashSet<String> =
        joined.iter().zip(&safe).filter(|(_, safe)| **safe).map(|(name, _)| name.clone()).collect();
    for at in rank(columns) {
        if !safe[at] {
            let name = free_name(&joined[at], &names);
            names.insert(name.clone());
            columns[at].name = name;
            columns[at].states_path = true;
        }
    }
}

/// The columns in the order in which they choose a name: keys, what is further out, what has the
/// name to the letter.
fn rank(columns: &[Column]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|&at| {
        let Column { name, path, is_key, .. } = &columns[at];
        (!is_key, path.len(), path.join("_") != *name, path)
    });
    order
}

fn is_good(name: &str) -> bool {
    check_name(name).is_ok() && !is_unwise_name(name)
}

/// A name that no other column has, as near to the wanted one as can be.
fn free_name(wanted: &str, names: &HashSet<String>) -> String {
    let mut base = wanted.get(..KEPT_OF_NAME).unwrap_or(wanted).to_owned();
    if !is_good(&base) {
        base += "_attribute";
    }
    let numbered = (2_u64..).map(|number| format!("{base}_{number}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !names.contains(name))
        .unwrap_or_default()
}
