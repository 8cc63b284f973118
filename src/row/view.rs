//! The view: which items a lake table has.

use crate::item::{Descriptor, NodeId, Tape};
use crate::schema::{Condition, Filter, Pattern};
use crate::text::number;

/// Whether an image is in the view.
pub(crate) fn holds(filter: &Filter, tape: &Tape, image: NodeId) -> bool {
    filter.conditions.iter().all(|condition| {
        attribute(condition, tape, image).is_some_and(|id| matches(condition, tape, id))
    })
}

/// Whether an item of which only the keys are known may be in the view: no key attribute speaks
/// against it.
pub(crate) fn may_hold(filter: &Filter, tape: &Tape, keys: NodeId) -> bool {
    filter.conditions.iter().all(|condition| {
        attribute(condition, tape, keys).is_none_or(|id| matches(condition, tape, id))
    })
}

/// The attribute that a condition is about; of two of one name the first.
fn attribute(condition: &Condition, tape: &Tape, image: NodeId) -> Option<NodeId> {
    let name = condition.attribute.as_bytes();
    let mut children = tape.children(image);
    children.find(|(_, node)| node.name.is(tape.text(), name)).map(|(id, _)| id)
}

fn matches(condition: &Condition, tape: &Tape, id: NodeId) -> bool {
    let node = tape.node(id);
    let mut scratch = Vec::new();
    let value = node.value.decoded(tape.text(), &mut scratch);
    condition.texts.iter().any(|text| match (node.descriptor, text) {
        (Descriptor::S, Pattern::Equals(text)) => value == text.as_bytes(),
        (Descriptor::S, Pattern::Begins(text)) => value.starts_with(text.as_bytes()),
        (Descriptor::N, Pattern::Equals(text)) => number::is_same(value, text.as_bytes()),
        _ => false,
    })
}
