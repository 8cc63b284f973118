//! Paths into an item, as `_rescued` writes them: raw names joined with `.`, list positions in
//! `[n]`; a name that is empty or has `.`, `[`, `]` or `"` is `["name"]`.

use crate::text::json::write_string;

/// Appends a name to a path: `customer.address`, `["a.b"].c`.
pub fn push_name(name: &[u8], path: &mut Vec<u8>) {
    if name.is_empty() || name.iter().any(|byte| b".[]\"".contains(byte)) {
        path.push(b'[');
        write_string(name, path);
        path.push(b']');
    } else {
        if !path.is_empty() {
            path.push(b'.');
        }
        path.extend_from_slice(name);
    }
}
