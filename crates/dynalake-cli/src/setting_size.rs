//! What a schema takes of Lambda's environment, in the form in which Terraform sends it:
//! `base64gzip(jsonencode(…))`.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::{self, Write};

/// All environment variables of a function together may take this
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(crate) const MAX_BYTES: usize = 4096;

/// The size of the setting's value. Terraform's deflate may differ by a few bytes.
pub(crate) fn setting_bytes(schema: &Value) -> io::Result<usize> {
    let mut json = String::new();
    encode(schema, &mut json);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json.as_bytes())?;
    Ok(gzip.finish()?.len().div_ceil(3) * 4)
}

/// JSON as Terraform's `jsonencode` writes it: compact, members sorted by name, and `<`, `>`, `&`
/// and the two line separators of Unicode escaped.
fn encode(value: &Value, out: &mut String) {
    match value {
        Value::Array(elements) => {
            let mut separator = '[';
            for element in elements {
                out.push(separator);
                encode(element, out);
                separator = ',';
            }
            out.push_str(if elements.is_empty() { "[]" } else { "]" });
        }
        Value::Object(members) => {
            // Sorted here: whether serde_json's map is depends on another crate's features.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_bytes());
            let mut separator = '{';
            for (name, value) in sorted {
                out.push(separator);
                encode_string(name, out);
                out.push(':');
                encode(value, out);
                separator = ',';
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        Value::String(text) => encode_string(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn encode_string(text: &str, out: &mut String) {
    for char in Value::from(text).to_string().chars() {
        match char {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn json_matches_terraform_jsonencode() {
        let json = r#"{ "b": [], "a": {"type": "array<int> & \"é\"\n", "B": [true, {}]} }"#;
        let mut out = String::new();
        encode(&serde_json::from_str(json).unwrap(), &mut out);
        let expected =
            r#"{"a":{"B":[true,{}],"type":"array\u003cint\u003e \u0026 \"é\"\n"},"b":[]}"#;
        assert_eq!(out, expected);
    }
}
