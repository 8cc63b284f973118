//! What binding leaves on a node. What a mark means for columns is `row::bind`'s.

/// What binding found out about a node: a set of the flags below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(u8);

impl Mark {
    /// A column takes it.
    pub const BOUND: Mark = Mark(1);
    /// It lost a collision for a column.
    pub const LOSER: Mark = Mark(2);
    /// It contains a node that is bound or lost a collision.
    pub const PARTLY: Mark = Mark(4);
    /// Only its hash may be shown.
    pub const HASH: Mark = Mark(8);
    /// It may not be shown at all.
    pub const DROP: Mark = Mark(16);

    /// Whether any flag of `other` is set.
    #[inline]
    pub fn has(self, other: Mark) -> bool {
        self.0 & other.0 != 0
    }

    /// The flags of both.
    #[must_use]
    pub fn with(self, other: Mark) -> Mark {
        Mark(self.0 | other.0)
    }

    /// The flags of this without those of `other`.
    #[must_use]
    pub fn without(self, other: Mark) -> Mark {
        Mark(self.0 & !other.0)
    }
}
