//! The environment.

use std::env;

/// An environment variable; one that is empty is not set.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
