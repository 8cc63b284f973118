//! Text: bytes, JSON, decimal numbers, dates and instants. Knows nothing of AWS but the range of
//! instants that its services keep.

pub(crate) mod bytes;
pub mod json;
mod misfit;
pub mod number;
pub mod time;

pub use misfit::Misfit;
