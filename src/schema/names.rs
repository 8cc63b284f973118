//! Column names from attribute names.

use super::error::SchemaError;

/// Appends an attribute's name, normalised, to `out`: `camelCase` and `PascalCase` split to
/// `snake_case`, ASCII lower case, every other character than `a-z`, `0-9` and `_` to `_`, runs of
/// `_` collapsed, a `_` before a leading digit; an empty name is `_`.
///
/// `customerID` → `customer_id`, `HTTPCode` → `http_code`, `line1Address` → `line1_address`.
pub fn normalise(name: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    for (at, &byte) in name.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| name[at]);
        if byte.is_ascii_uppercase() {
            let after_word = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            // The last capital of a run begins the next word: the C of HTTPCode.
            let begins_word = before.is_some_and(|b| b.is_ascii_uppercase())
                && name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            if after_word || begins_word {
                push(b'_', start, out);
            }
        }
        if byte.is_ascii_digit() && at == 0 {
            push(b'_', start, out);
        }
        let byte = byte.to_ascii_lowercase();
        push(if byte.is_ascii_alphanumeric() { byte } else { b'_' }, start, out);
    }
    if name.is_empty() {
        out.push(b'_');
    }
}

/// An attribute's name, normalised.
pub fn normalised(name: &str) -> String {
    let mut out = Vec::new();
    normalise(name.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Rejects what is not `[a-z_][a-z0-9_]*`.
///
/// # Errors
///
/// The rule, and the normalised name as the fix.
pub(super) fn check_spelling(name: &str) -> Result<(), SchemaError> {
    let fits = |(at, byte): (usize, u8)| {
        byte.is_ascii_lowercase() || byte == b'_' || (at > 0 && byte.is_ascii_digit())
    };
    if !name.is_empty() && name.bytes().enumerate().all(fits) {
        return Ok(());
    }
    Err(SchemaError::new("a name is a-z, 0-9 and _, not beginning with a digit")
        .fix(format!("write \"{}\"", normalised(name))))
}

fn push(byte: u8, start: usize, out: &mut Vec<u8>) {
    if byte != b'_' || out.len() == start || out.last() != Some(&b'_') {
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn names_become_snake_case() {
        for (name, normal) in [
            ("orderId", "order_id"),
            ("OrderId", "order_id"),
            ("order_id", "order_id"),
            ("customerID", "customer_id"),
            ("HTTPCode", "http_code"),
            ("HTTP", "http"),
            ("line1Address", "line1_address"),
            ("ABc", "a_bc"),
            ("aBCd", "a_b_cd"),
            ("X", "x"),
            ("A1B", "a1_b"),
            ("1st", "_1st"),
            ("_1st", "_1st"),
            ("", "_"),
            ("__a__b__", "_a_b_"),
            ("a.b-c d", "a_b_c_d"),
            ("été", "_t_"),
            ("💶", "_"),
            ("a_B", "a_b"),
            ("é1", "_1"),
        ] {
            let mut out = b"prefix_".to_vec();
            normalise(name.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("prefix_{normal}"), "{name}");
        }
    }
}
