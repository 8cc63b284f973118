//! Percent-encoding (RFC 3986), as requests to S3 have it.

/// A path or a query's part with its `%` sequences decoded.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (first, tail) {
            let digits = [*high, *low];
            let digits = str::from_utf8(&digits).expect("they are ASCII");
            bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).expect("it is UTF-8")
}
