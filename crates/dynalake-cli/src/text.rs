//! Text for people's eyes.

/// A number with a comma before every third digit.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and what is counted.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// Appends one character, escaped where it would move the cursor, hide itself or turn the text
/// around: input may hold anything, and a terminal obeys.
pub(crate) fn push_printable(char: char, out: &mut String) {
    let invisible = matches!(char,
        '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    if char.is_control() || invisible {
        out.extend(char.escape_default());
    } else {
        out.push(char);
    }
}

/// Text with nothing in it that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|char| push_printable(char, &mut out));
    out
}

/// Printable text of at most `max` characters: of a longer one its beginning and its end.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    // No character takes more than four bytes; more than this need not be looked at.
    let few = |text: &str| text.len() <= 4 * max && text.chars().count() <= max;
    if few(text) {
        let whole = printable(text);
        if few(&whole) {
            return whole;
        }
    }
    let behind = max / 3;
    let mut out: String = text.chars().take(max - 1 - behind).collect();
    out = printable(&out).chars().take(max - 1 - behind).collect();
    out.push('…');
    let end: Vec<char> = text.chars().rev().take(behind).collect();
    let end = printable(&end.iter().rev().collect::<String>());
    out.extend(end.chars().skip(end.chars().count().saturating_sub(behind)));
    out
}

/// A path into an item, as `_rescued` writes it: `customer.address.city`, `["a.b"].c`.
pub(crate) fn path<S: AsRef<str>>(names: &[S]) -> String {
    let mut path = Vec::new();
    for name in names {
        dynalake::row::path::push_name(name.as_ref().as_bytes(), &mut path);
    }
    printable(&String::from_utf8_lossy(&path))
}

/// The column name that a path's names make together.
pub(crate) fn joined<S: AsRef<str>>(names: &[S]) -> String {
    names
        .iter()
        .map(|name| dynalake::schema::normalised(name.as_ref()))
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests {
    use super::{path, printable, shortened, thousands};

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1_000, 12_345_678].map(thousands), ["0", "999", "1,000", "12,345,678"]);
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{202e}é💶"), "a\\u{1b}[2J\\nb\\u{202e}é💶");
    }

    #[test]
    fn long_text_keeps_its_ends() {
        assert_eq!(shortened("0123456789", 10), "0123456789");
        assert_eq!(shortened("0123456789a", 10), "012345…89a");
        assert_eq!(shortened(&"\n".repeat(50), 10), "\\n\\n\\n…n\\n");
        assert_eq!(shortened(&"💶".repeat(50), 4), "💶💶…💶");
    }

    #[test]
    fn paths_are_written_as_in_rescued() {
        assert_eq!(path(&["customer", "city"]), "customer.city");
        assert_eq!(path(&["a.b", "c", ""]), "[\"a.b\"].c[\"\"]");
    }
}
