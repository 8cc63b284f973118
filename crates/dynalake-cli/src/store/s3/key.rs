//! Keys of objects.

use super::failure::ODD_KEY;
use object_store::path::Path as Key;
use std::io;

/// A key as the library takes it.
pub(super) fn parse_key(key: &str) -> io::Result<Key> {
    Key::parse(key).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, ODD_KEY))
}
