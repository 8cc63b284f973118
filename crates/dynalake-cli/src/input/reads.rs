//! What a command makes of its input.

/// What a command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Records, to make rows of them.
    Records,
    /// Items too, to look at what they hold.
    WithItems,
}
