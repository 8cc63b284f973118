//! JSON taken apart one level at a time, into spans: a file may be large, and what is inside is the
//! core's.

use dynalake::text::json::{Cursor, SyntaxError, unescape};
use std::ops::Range;

/// An object's members: decoded names, and where the values are.
pub(crate) type Members = Vec<(String, Range<usize>)>;

/// The members of the object that begins at `cursor`.
pub(crate) fn members(cursor: &mut Cursor<'_>) -> Result<Members, SyntaxError> {
    let mut members = Vec::new();
    cursor.object(|cursor, name| {
        members.push((String::from_utf8_lossy(name).into_owned(), value(cursor)?));
        Ok::<_, SyntaxError>(())
    })?;
    Ok(members)
}

fn value(cursor: &mut Cursor<'_>) -> Result<Range<usize>, SyntaxError> {
    cursor.peek();
    let start = cursor.at();
    cursor.skip_value()?;
    Ok(start..cursor.at())
}

/// The member of this name, the last one if there are two.
pub(crate) fn member<'a>(members: &Members, name: &str, text: &'a [u8]) -> Option<&'a [u8]> {
    let (_, range) = members.iter().rev().find(|(member, _)| member == name)?;
    Some(&text[range.clone()])
}

/// Whether there is a member of each of these names.
pub(crate) fn has(members: &Members, names: &[&str]) -> bool {
    names.iter().all(|name| members.iter().any(|(member, _)| member == name))
}

/// The text between the quotes with its escapes, if `value` is a string.
pub(crate) fn quoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// The text, if `value` is a string.
pub(crate) fn string(value: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    unescape(quoted(value)?, &mut text);
    Some(String::from_utf8_lossy(&text).into_owned())
}
