//! Decimal numbers as text: exact at any length and exponent, never through a double.
//!
//! A decimal number is ASCII: an optional sign, digits with an optional point (at least one digit
//! before it, and one after it if it is there), an optional exponent; no blanks. DynamoDB's have up
//! to 38 significant digits and exponents from -130 to 125
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>);
//! hand-made ones may have any, and cost time linear in their text and no memory.

use super::bytes::eight_digits;
use std::borrow::Cow;

/// The most significant digits that any use here needs: 38 for a decimal, 20 for nanoseconds.
const KEPT_DIGITS: usize = 40;

/// A decimal number, taken apart: `±digits × 10^exponent`, without needless zeros at either end.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    negative: bool,
    /// Significant digits, ASCII; the first and the last are not `0`. None for zero.
    digits: [u8; KEPT_DIGITS],
    len: usize,
    /// Power of ten of the last kept digit, held within ±2^62.
    exponent: i64,
    /// Whether there were more significant digits than are kept.
    cut: bool,
}

impl Decimal {
    /// Parses a decimal number; `None` if the text is not one.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let (negative, unsigned) = sign(text);
        let (mantissa, power) = match memchr::memchr2(b'e', b'E', unsigned) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
            Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
            None => (mantissa, None),
        };
        if !is_digits(whole) || !fraction.is_none_or(is_digits) {
            return None;
        }
        let fraction = fraction.unwrap_or_default();

        let mut digits = [b'0'; KEPT_DIGITS];
        // `seen` counts digits from the first that is not zero, `len` those up to the last that is
        // not.
        let (mut seen, mut len, mut cut) = (0, 0, false);
        for &digit in whole.iter().chain(fraction) {
            if digit != b'0' {
                if seen < KEPT_DIGITS {
                    digits[seen] = digit;
                    len = seen + 1;
                } else {
                    cut = true;
                }
            }
            seen += usize::from(seen > 0 || digit != b'0');
        }
        let dropped = (seen - len) as i64;
        let exponent = power.saturating_sub(fraction.len() as i64).saturating_add(dropped);
        Some(Decimal { negative, digits, len, exponent: exponent.clamp(-1 << 62, 1 << 62), cut })
    }

    /// A value of ten to `scale`ths.
    #[cold]
    pub(crate) fn from_unscaled(value: i128, scale: u8) -> Decimal {
        let text = format!("{value}e-{scale}");
        Decimal::parse(text.as_bytes()).expect("it is a decimal number")
    }

    /// Digits before the point, without leading zeros; negative where zeros follow the point.
    fn magnitude(&self) -> i64 {
        self.len as i64 + self.exponent
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    /// The value × 10^`scale`, where that is an integer of at most 38 digits, which an `i128`
    /// holds.
    pub fn to_scaled_integer(self, scale: u32) -> Option<i128> {
        if self.len == 0 {
            return Some(0);
        }
        let scale = i64::from(scale);
        if self.cut || self.exponent + scale < 0 || self.magnitude() + scale > 38 {
            return None;
        }
        let value = integer(self.digits()) * 10_i128.pow((self.exponent + scale) as u32);
        Some(if self.negative { -value } else { value })
    }

    /// The value × 10^`scale`, cut to an integer towards zero, where 38 digits hold it.
    pub fn to_scaled_integer_cut(self, scale: u32) -> Option<i128> {
        let kept = (self.magnitude() + i64::from(scale)).clamp(0, KEPT_DIGITS as i64) as usize;
        if kept > 38 {
            return None;
        }
        if kept >= self.len {
            return Decimal { cut: false, ..self }.to_scaled_integer(scale);
        }
        let value = integer(&self.digits[..kept]);
        Some(if self.negative { -value } else { value })
    }

    /// Whether the value has at most `precision - scale` digits before and `scale` digits after the
    /// point.
    pub fn fits(&self, precision: u8, scale: u8) -> bool {
        self.len == 0
            || (!self.cut
                && self.magnitude() <= i64::from(precision - scale)
                && self.exponent >= -i64::from(scale))
    }

    /// Writes a value that [`fits`](Decimal::fits), in plain notation. `-0` is `0`.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.len == 0 {
            out.push(b'0');
            return;
        }
        let whole_digits = self.magnitude();
        if self.negative {
            out.push(b'-');
        }
        let digits = self.digits();
        if whole_digits <= 0 {
            out.extend_from_slice(b"0.");
            out.extend((whole_digits..0).map(|_| b'0'));
            out.extend_from_slice(digits);
        } else if self.exponent >= 0 {
            out.extend_from_slice(digits);
            out.extend((0..self.exponent).map(|_| b'0'));
        } else {
            let (whole, fraction) = digits.split_at(whole_digits as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    }
}

/// A decimal number as this crate would write it: no exponent, no needless zeros, not zero. Most
/// are, and need only be copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    /// Digits before the point; 0 where that is a `0`.
    pub(crate) whole: usize,
    /// Digits behind the point.
    pub(crate) fraction: usize,
    /// Zeros directly behind the point.
    pub(crate) zeros: usize,
}

impl Plain {
    /// Counts the digits of a number that is written so.
    #[inline]
    pub(crate) fn parse(text: &[u8]) -> Option<Plain> {
        let unsigned = text.strip_prefix(b"-").unwrap_or(text);
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let before = digits(unsigned);
        let whole = match unsigned.first() {
            Some(b'0') if before > 1 || unsigned.len() == 1 => return None,
            Some(b'0') => 0,
            _ => before,
        };
        match &unsigned[before..] {
            [] if whole > 0 => Some(Plain { whole, fraction: 0, zeros: 0 }),
            [b'.', behind @ .., b'1'..=b'9'] if before > 0 && digits(behind) == behind.len() => {
                let zeros = behind.iter().take_while(|byte| **byte == b'0').count();
                Some(Plain { whole, fraction: behind.len() + 1, zeros })
            }
            _ => None,
        }
    }
}

/// How many digits a decimal number needs on either side of the point; 0 for zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DigitCount {
    /// Before the point.
    pub whole: u32,
    /// Behind the point.
    pub fraction: u32,
}

impl DigitCount {
    /// Counts the digits of a decimal number; `None` if the text is not one. With more significant
    /// digits than a decimal can have, `fraction` is `u32::MAX`.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<DigitCount> {
        if let Some(Plain { whole, fraction, .. }) = Plain::parse(text) {
            return Some(DigitCount { whole: whole as u32, fraction: fraction as u32 });
        }
        Decimal::parse(text).map(DigitCount::of)
    }

    #[inline(never)]
    fn of(number: Decimal) -> DigitCount {
        if number.len == 0 {
            return DigitCount::default();
        }
        let count = |digits: i64| u32::try_from(digits.max(0)).unwrap_or(u32::MAX);
        let fraction = if number.cut { u32::MAX } else { count(-number.exponent) };
        DigitCount { whole: count(number.magnitude()), fraction }
    }
}

/// Whether two texts are decimal numbers of the same value.
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (Some(a_number), Some(b_number)) = (Decimal::parse(a), Decimal::parse(b)) else {
        return false;
    };
    if a_number.len == 0 || b_number.len == 0 {
        return a_number.len == b_number.len;
    }
    let same = a_number.negative == b_number.negative
        && a_number.magnitude() == b_number.magnitude()
        && a_number.digits() == b_number.digits()
        && a_number.cut == b_number.cut;
    // Of longer ones all digits count.
    same && (!a_number.cut || significant_digits(a).eq(significant_digits(b)))
}

/// The digits of a decimal number's text, without needless zeros at either end.
fn significant_digits(text: &[u8]) -> impl Iterator<Item = u8> {
    let end = memchr::memchr2(b'e', b'E', text).unwrap_or(text.len());
    let digits = |byte: &u8| byte.is_ascii_digit();
    let last = text[..end].iter().rposition(|byte| (b'1'..=b'9').contains(byte)).unwrap_or(0);
    text[..=last].iter().copied().filter(digits).skip_while(|digit| *digit == b'0')
}

/// The value of up to 18 digits and nothing else.
#[inline]
pub(crate) fn small_integer(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let (eights, rest) = text.as_chunks::<8>();
    let mut value = 0;
    for eight in eights {
        value = value * 100_000_000 + eight_digits(*eight)?;
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// A decimal number of up to 18 digits, without exponent or `+`: whether it is negative, its digits'
/// value, and how many of them are behind the point.
#[inline]
pub(crate) fn small_decimal(text: &[u8]) -> Option<(bool, u64, u32)> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if unsigned.len() > 19 {
        return None;
    }
    let Some(at) = unsigned.iter().position(|byte| *byte == b'.') else {
        return Some((negative, small_integer(unsigned)?, 0));
    };
    let (whole, fraction) = (small_integer(&unsigned[..at])?, &unsigned[at + 1..]);
    let digits = whole * 10_u64.pow(fraction.len() as u32) + small_integer(fraction)?;
    Some((negative, digits, fraction.len() as u32))
}

/// A decimal number's text in a form that the standard library reads right: that stops at exponents
/// of five digits, even where as many zeros in the mantissa bring the value back into range.
pub fn float_text(text: &[u8]) -> Cow<'_, [u8]> {
    const SHORT: usize = 1_000;
    let Some(at) = memchr::memchr2(b'e', b'E', text) else { return Cow::Borrowed(text) };
    let power = parse_exponent(&text[at + 1..]).unwrap_or_default();
    if text.len() < SHORT && power.abs() < SHORT as i64 {
        return Cow::Borrowed(text);
    }
    let (Some(number), (_, mantissa)) = (Decimal::parse(text), sign(&text[..at])) else {
        return Cow::Borrowed(text);
    };
    if number.len == 0 {
        return Cow::Borrowed(&text[..at]);
    }
    // 0.digits × 10^magnitude
    let digits = mantissa.iter().filter(|byte| **byte != b'.').skip_while(|digit| **digit == b'0');
    let mut scientific = if number.negative { b"-0.".to_vec() } else { b"0.".to_vec() };
    scientific.extend(digits);
    let power = number.magnitude().clamp(-9_999, 9_999);
    scientific.extend_from_slice(format!("e{power}").as_bytes());
    Cow::Owned(scientific)
}

/// Whether a number is negative, and what follows its sign.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    }
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// An exponent's value, held within ±2^40, beyond which no number of 4 GiB of digits comes back
/// into range.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    if !is_digits(digits) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |value: i64, digit| (value * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some(if negative { -value } else { value })
}

fn integer(digits: &[u8]) -> i128 {
    digits.iter().fold(0, |value, digit| value * 10 + i128::from(digit - b'0'))
}

/// Whether the text is a number by JSON's grammar, which is narrower: no `+`, no leading zeros.
pub fn is_json_number(text: &[u8]) -> bool {
    let mut cursor = super::json::Cursor::new(text);
    !matches!(text.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
        && cursor.number().is_ok()
        && cursor.at() == text.len()
}

#[cfg(test)]
mod tests {
    use super::{DigitCount, float_text, is_same};

    #[test]
    fn digits_are_counted_however_a_number_is_written() {
        let long = "1".repeat(41);
        for (text, digits) in [
            ("0", Some((0, 0))),
            ("-0.00", Some((0, 0))),
            ("0e999999999", Some((0, 0))),
            ("7", Some((1, 0))),
            ("-120", Some((3, 0))),
            ("007", Some((1, 0))),
            ("12.50", Some((2, 1))),
            ("0.05", Some((0, 2))),
            ("1.5E+3", Some((4, 0))),
            ("12.0", Some((2, 0))),
            ("5e-130", Some((0, 130))),
            ("1e125", Some((126, 0))),
            ("1e999999999", Some((1_000_000_000, 0))),
            ("1e99999999999", Some((u32::MAX, 0))),
            ("1e-99999999999", Some((0, u32::MAX))),
            (&format!("0.{long}e41"), Some((41, u32::MAX))),
            ("", None),
            ("1.", None),
            ("abc", None),
        ] {
            let digits = digits.map(|(whole, fraction)| DigitCount { whole, fraction });
            assert_eq!(DigitCount::parse(text.as_bytes()), digits, "{text}");
        }
    }

    #[test]
    fn numbers_are_the_same_by_value_however_they_are_written() {
        let long = "1".repeat(60);
        let longer = format!("{long}0.0");
        let other = format!("{}2", "1".repeat(59));
        for (a, b, same) in [
            ("12", "12.0", true),
            ("12", "1.2E+1", true),
            ("-0", "0.00", true),
            ("0", "0e99999", true),
            ("1", "-1", false),
            ("12", "1.2", false),
            ("1e999999999", "10e999999998", true),
            (&long, &format!("{long}.0"), true),
            (&long, &format!("0.{long}e60"), true),
            (&long, &longer, false),
            (&long, &other, false),
            ("1", "one", false),
            ("", "", false),
            ("1*", "1", false),
        ] {
            assert_eq!(is_same(a.as_bytes(), b.as_bytes()), same, "{a} {b}");
            assert_eq!(is_same(b.as_bytes(), a.as_bytes()), same, "{b} {a}");
        }
    }

    #[test]
    fn floats_are_read_right_however_their_point_is_moved() {
        let zeros = "0".repeat(100_000);
        for (text, value) in [
            ("12.5".to_owned(), 12.5),
            ("-1.25E+1".to_owned(), -12.5),
            (format!("0.{zeros}125e100002"), 12.5),
            (format!("-125{zeros}e-100001"), -12.5),
            (format!("-0.{zeros}e100000"), 0.0),
            (format!("00{zeros}.5e2000"), f64::INFINITY),
            ("1e-99999".to_owned(), 0.0),
            ("1e999999999999".to_owned(), f64::INFINITY),
        ] {
            let text = String::from_utf8(float_text(text.as_bytes()).into_owned()).unwrap();
            assert_eq!(text.parse::<f64>(), Ok(value), "{text:.20}");
        }
    }
}
