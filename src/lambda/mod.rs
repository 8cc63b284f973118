//! The shell around the core: logs, and Lambda's Runtime API.

pub(crate) mod logs;
pub(crate) mod runtime;
