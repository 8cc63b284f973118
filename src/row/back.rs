//! From a row that was written before to the row by the schema as it is now.
//!
//! The row `{"order_id":"o-1","total":"12.5","_rescued":"{\"note\":…}",…}`, whose schema has lost
//! `total` since, becomes
//!
//! ```json
//! {"order_id":"o-1","_rescued":"{\"note\":…,\"total\":{\"reason\":\"unknown\",\"value\":{\"S\":\"12.5\"}}}",…}
//! ```
//!
//! Each member goes to the column of its own name, as if JSON's types were S, N, BOOL, NULL, L and
//! M, by the same binder and writer as an item's attributes. A row that still fits stays as it is,
//! to the byte.
//!
//! What is protected now was perhaps not when the row was written. The names of attributes say
//! what in `_old` and `_rescued` is. In columns it is the column itself, a member that has no column
//! now, and what a path leads to inside a map, by either spelling. A value that looks like a hash
//! is left alone. A row does not say which attributes its columns were filled from: of a column that had
//! another attribute then, what is in it counts as the one it has now.

use super::bind::{Binder, protect_unless_hash};
use super::path;
use super::rescue;
use super::sink::Sink;
use super::writer::RowWriter;
use crate::change::{Change, written};
use crate::failure::Failure;
use crate::item::{Descriptor, Mark, NodeId, ParseError, Tape};
use crate::schema::{Metadata, Plan, PlannedColumn, normalised};
use crate::text::json::Text;

/// Writes rows that were written before.
#[derive(Debug)]
pub(crate) struct Rewriter {
    /// Each column takes the member of its own name.
    plan: Plan,
    writer: RowWriter,
    /// Finds what is protected, by the names of attributes.
    binder: Binder,
    /// The paths that lead into maps, of columns that are protected.
    inner: Vec<(Vec<String>, u32)>,
}

impl Rewriter {
    /// A writer of rows of at most `max_bytes`.
    pub(crate) fn new(plan: &Plan, max_bytes: usize) -> Rewriter {
        let of_rows = plan.of_rows();
        let inner = plan.columns.iter().zip(0..).filter_map(|(column, at)| {
            let path = column.path.clone().filter(|_| column.protect.is_some())?;
            (path.len() > 1).then_some((path, at))
        });
        Rewriter {
            writer: RowWriter::new(&of_rows, max_bytes),
            plan: of_rows,
            binder: Binder::new(plan),
            inner: inner.collect(),
        }
    }

    /// Gives memory back that only a large row needs.
    pub(crate) fn shrink(&mut self, kept_bytes: usize) {
        self.writer.shrink(kept_bytes);
        self.binder.shrink(kept_bytes);
    }

    /// Adds the row to `out`, by the plan for changes; `rescued` is its `_rescued`. Says whether it
    /// has one now.
    ///
    /// # Errors
    ///
    /// If the key no longer fits, the row has become too large, or its `_rescued` is not what
    /// dynalake writes. `out` is then unchanged.
    pub(crate) fn write(
        &mut self,
        plan: &Plan,
        change: &Change<'_>,
        rescued: Option<Text>,
        tape: &mut Tape,
        out: &mut impl Sink,
    ) -> Result<bool, Failure> {
        self.writer.rescue.kept.clear();
        if let Some(rescued) = rescued {
            let start = tape.append_decoded(rescued)?;
            rescue::parse(tape, start, &mut self.writer.rescue.kept).map_err(|problem| {
                match problem {
                    ParseError::TooDeep => Failure::TooDeep,
                    _ => written::malformed(Metadata::Rescued),
                }
            })?;
        }
        if plan.protects {
            self.protect(plan, change, tape)?;
        }
        self.writer.write(&self.plan, change, tape, out)
    }

    /// Marks what is to be hidden.
    fn protect(
        &mut self,
        plan: &Plan,
        change: &Change<'_>,
        tape: &mut Tape,
    ) -> Result<(), Failure> {
        self.binder.begin(plan);
        self.protect_columns(plan, change.keys, tape)?;
        if let Some(old) = change.old_image {
            self.binder.protect(plan, tape, (NO_NAMES, false), old);
        }
        let kept = &mut self.writer.rescue.kept;
        for entry in &*kept {
            let path = entry.path.to_cow(tape.text()).into_owned();
            let (names, in_list) =
                path::names(&path).ok_or(written::malformed(Metadata::Rescued))?;
            self.binder.protect(plan, tape, (&names, in_list), entry.value);
        }
        kept.retain(|entry| !tape.node(entry.value).mark.has(Mark::DROP));
        Ok(())
    }

    fn protect_columns(
        &mut self,
        plan: &Plan,
        root: NodeId,
        tape: &mut Tape,
    ) -> Result<(), Failure> {
        let end = tape.node(root).end;
        let mut id = root + 1;
        while id < end {
            let node = *tape.node(id);
            let name = node.name.to_cow(tape.text()).into_owned();
            if let Some(at) = self.plan.step(0, &name).column {
                let column = &plan.columns[at as usize];
                protect_unless_hash(plan, tape, id, at);
                if let Some(path) = &column.path {
                    self.binder.protect(plan, tape, (path, false), id);
                }
                for (inner, hidden) in &self.inner {
                    if let Some(way) = way_inside(column, inner).filter(|way| !way.is_empty()) {
                        protect_part(plan, tape, id, way, *hidden)?;
                    }
                }
                if tape.node(id).mark.has(Mark::DROP) {
                    tape.set_null(id);
                }
            } else {
                // As if it were an attribute of that name.
                self.binder.protect(plan, tape, (&[name], false), id);
            }
            id = node.end;
        }
        Ok(())
    }
}

/// What is left of a path behind the attribute that may fill a column, if it leads there.
fn way_inside<'a>(column: &PlannedColumn, path: &'a [String]) -> Option<&'a [String]> {
    if let Some(taken) = &column.path {
        return path.strip_prefix(&taken[..]);
    }
    let mut joined = String::new();
    let taken = path.iter().position(|name| {
        let is_first = joined.is_empty();
        joined.extend((!is_first).then_some('_'));
        joined.push_str(&normalised(name));
        joined == column.name || (is_first && *name == column.name)
    });
    taken.map(|last| &path[last + 1..])
}

/// Whether a row's name may be of the attribute of this raw name.
fn is_spelled(name: &[u8], raw: &str) -> bool {
    name == raw.as_bytes() || name == normalised(raw).as_bytes()
}

/// Marks what a path leads to inside a value, as it is to be hidden in this column; says whether
/// there is any. A map in a string column is its text.
fn protect_part(
    plan: &Plan,
    tape: &mut Tape,
    id: NodeId,
    way: &[String],
    column: u32,
) -> Result<bool, Failure> {
    let node = *tape.node(id);
    let Some((name, rest)) = way.split_first() else {
        protect_unless_hash(plan, tape, id, column);
        return Ok(tape.node(id).mark != node.mark);
    };
    let mut found = false;
    if node.descriptor == Descriptor::M {
        let mut child = id + 1;
        while child < node.end {
            let member = *tape.node(child);
            if is_spelled(&member.name.to_cow(tape.text()), name) {
                found |= protect_part(plan, tape, child, rest, column)?;
            }
            child = member.end;
        }
    } else if node.descriptor == Descriptor::S
        && let Some(map) = tape.parse_text(node.value)?
    {
        found = protect_part(plan, tape, map, way, column)?;
        if found {
            let mut text = Vec::new();
            tape.write_plain(map, &mut text);
            tape.set_text(id, &text)?;
        }
    }
    Ok(found)
}

/// The path of an item's root.
const NO_NAMES: &[&[u8]] = &[];
