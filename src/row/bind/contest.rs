//! Collisions: which of two attributes wins the column that both reach.
//!
//! The one further out wins; of two at one depth the one whose raw name is the column's; else the
//! first in byte order of the raw names, joined with `_`, or one by one where those are equal.

use super::names::{EntryId, MAX_NAMES, Names};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Compares attributes that reach one column.
#[derive(Debug, Default)]
pub(super) struct Contest {
    /// Pairs of maps whose names have been compared: how many bytes the joined raw names of their
    /// members share at the least, and the order of the maps' names one by one.
    compared: HashMap<(u32, u32), (usize, Ordering)>,
}

impl Contest {
    /// Whether so much is remembered that it is better forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.compared.len() > MAX_NAMES
    }

    pub(super) fn forget(&mut self) {
        self.compared.clear();
        self.compared.shrink_to(MAX_NAMES);
    }

    /// Whether `a` wins a column or member against `b`, which came first.
    pub(super) fn beats(&mut self, names: &Names, a: EntryId, b: EntryId) -> bool {
        let (a_entry, b_entry) = (*names.entry(a), *names.entry(b));
        let by_depth = names.depth(a).cmp(&names.depth(b));
        let order = by_depth.then(b_entry.exact.cmp(&a_entry.exact)).then_with(|| {
            if a_entry.context == b_entry.context {
                return names.name(a).cmp(names.name(b));
            }
            // What the names of both maps have in common is compared once for all their members.
            let key = (a_entry.context, b_entry.context);
            let (common, by_list) =
                *self.compared.entry(key).or_insert_with(|| compare_maps(names, key));
            let by_bytes = names.with_chain(a, |a| {
                names
                    .with_chain(b, |b| names.joined_raw(a, common).cmp(names.joined_raw(b, common)))
            });
            by_bytes.then(by_list)
        });
        order == Ordering::Less
    }
}

fn compare_maps(names: &Names, (a, b): (u32, u32)) -> (usize, Ordering) {
    let [a, b] = [a, b].map(|context| names.context(context).map);
    names.with_chain(a, |a| {
        names.with_chain(b, |b| {
            let pairs = names.joined_raw(a, 0).zip(names.joined_raw(b, 0));
            let common = pairs.take_while(|(a, b)| a == b).count();
            let name = |id: &EntryId| names.name(*id);
            (common, a.iter().map(name).cmp(b.iter().map(name)))
        })
    })
}
