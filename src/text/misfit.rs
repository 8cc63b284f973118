//! Why a value does not fit a type.

/// Why a value does not fit a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is of another type.
    Type,
    /// It is of the type, and out of its range or precision.
    Range,
}
