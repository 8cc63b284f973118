//! DynamoDB JSON: the ten attribute types, parsed from a change record, and written out again.
//!
//! An attribute value is an object with one descriptor, such as `{"S": "text"}` or `{"M": {…}}`
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>);
//! members that are null beside it are ignored. Numbers stay text, binary stays base64.
//!
//! The nodes of a [`Tape`] are in document order, each followed by what it contains. The image
//! `{"id": {"S": "o-1"}, "lines": {"L": [{"N": "1"}, {"N": "2"}]}}` becomes
//!
//! ```text
//! node  name     descriptor  value  end
//!    0           M                    5   the image itself
//!    1  id       S           o-1      2
//!    2  lines    L                    5
//!    3           N           1        4
//!    4           N           2        5
//! ```
//!
//! so the next sibling of a node is the one at its `end`. This module alone knows DynamoDB JSON. It
//! knows nothing of envelopes or schemas; it carries a [`Mark`] on each node for `row::bind`, and
//! writes hashed or leaves out what is marked so.

mod descriptor;
mod mark;
mod parse;
mod plain;
mod tape;
mod write;

pub use descriptor::Descriptor;
pub use mark::Mark;
pub use parse::ParseError;
pub use tape::{Node, NodeId, Nodes, Tape};
