//! Paths into an item, as `_rescued` writes them: raw names joined with `.`, list positions in
//! `[n]`; a name that is empty or has `.`, `[`, `]` or `"` is `["name"]`.

use crate::text::json::{Cursor, write_string};
use std::borrow::Cow;

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

/// The names that a path begins with, up to the first position in a list, and whether there is one;
/// `None` where the text is no path.
pub(super) fn names(mut path: &[u8]) -> Option<(Vec<Cow<'_, [u8]>>, bool)> {
    let mut names = Vec::new();
    let mut in_list = false;
    while !path.is_empty() {
        let rest = match path {
            [b'[', b'"', ..] => {
                let mut cursor = Cursor::new(&path[1..]);
                let name = cursor.string().ok()?;
                let rest = path[1..].get(cursor.at()..)?.strip_prefix(b"]")?;
                names.extend((!in_list).then(|| name.to_cow(&path[1..])));
                rest
            }
            [b'[', digits @ ..] => {
                let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
                in_list = true;
                digits[end..].strip_prefix(b"]").filter(|_| end > 0)?
            }
            _ => {
                let end = path.iter().position(|byte| b".[".contains(byte)).unwrap_or(path.len());
                names.extend((!in_list).then_some(Cow::Borrowed(&path[..end])));
                path.get(end..).filter(|_| end > 0)?
            }
        };
        path = match rest {
            [b'.', name, ..] if *name != b'[' => &rest[1..],
            [] | [b'[', ..] => rest,
            _ => return None,
        };
    }
    (!names.is_empty()).then_some((names, in_list))
}

#[cfg(test)]
mod tests {
    use super::{names, push_name};
    use std::borrow::Cow;

    #[test]
    fn the_names_of_a_path_are_those_it_was_made_of() {
        for list in [
            &["a"][..],
            &["a", "b"],
            &["", "a"],
            &["a", ""],
            &["a.b", "c", "d[0]", "e"],
            &["\"", "]", "\\", "\u{1}", "é"],
        ] {
            let mut path = Vec::new();
            for name in list {
                push_name(name.as_bytes(), &mut path);
            }
            let expected: Vec<_> = list.iter().map(|name| Cow::Borrowed(name.as_bytes())).collect();
            let (found, in_list) = names(&path).expect("a path");
            assert_eq!((found, in_list), (expected.clone(), false), "{list:?}");
            path.extend_from_slice(b"[12].x[0][\"y\"]");
            assert_eq!(names(&path).expect("a path"), (expected, true), "{list:?}");
        }
    }

    #[test]
    fn other_texts_are_no_paths() {
        for text in [
            "", ".", "a.", ".a", "a..b", "a.[0]", "[", "[]", "[a]", "[\"a", "[\"a\"", "a[0",
            "a[0]b",
        ] {
            assert_eq!(names(text.as_bytes()), None, "{text}");
        }
    }
}
