//! Coercion: a scalar attribute and a column's type to the exact value, or the reason why it
//! doesn't fit. A table, without state.
//!
//! Strict where Firehose's OpenX deserializer is lax: it wraps a scalar into an array, fills a
//! struct from a list by position and reads microseconds as milliseconds, which turns a wrong value
//! into a plausible one.

use super::sink::{Scalar, Sink};
use crate::item::Descriptor;
use crate::schema::{Kind, Precision, Unit};
use crate::text::Misfit;
use crate::text::number::{self, Decimal, Plain};
use crate::text::time;
use std::str::FromStr;

const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};
const EXACT_POWERS_OF_TEN: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// Writes the value that an S, N, B or BOOL has in a column which is not a string, array, map or
/// struct. `text` is the attribute's text without escapes. Nothing is written where it does not
/// fit.
///
/// # Errors
///
/// [`Misfit`], as the contract's table of coercions has it.
pub(super) fn write_scalar(
    kind: &Kind,
    descriptor: Descriptor,
    text: &[u8],
    out: &mut impl Sink,
) -> Result<(), Misfit> {
    if let Some(line) = out.line() {
        if write_as_it_is(kind, descriptor, text, line) {
            return Ok(());
        }
    } else if let Some(value) = small_scalar(kind, descriptor, text) {
        out.scalar(&value);
        return Ok(());
    }
    out.scalar(&scalar(kind, descriptor, text)?);
    Ok(())
}

fn scalar<'a>(kind: &Kind, descriptor: Descriptor, text: &'a [u8]) -> Result<Scalar<'a>, Misfit> {
    let number = || match descriptor {
        Descriptor::N | Descriptor::S => Decimal::parse(text).ok_or(Misfit::Type),
        _ => Err(Misfit::Type),
    };
    Ok(match kind {
        Kind::Boolean => Scalar::Boolean(boolean(descriptor, text).ok_or(Misfit::Type)?),
        &Kind::Integer { min, max } => {
            let value = number()?.to_scaled_integer(0).ok_or(Misfit::Range)?;
            if !(i128::from(min)..=i128::from(max)).contains(&value) {
                return Err(Misfit::Range);
            }
            Scalar::Integer(value as i64)
        }
        &Kind::Decimal { precision, scale, quoted } => {
            let number = number()?;
            if !number.fits(precision, scale) {
                return Err(Misfit::Range);
            }
            Scalar::Decimal { number, scale, quoted }
        }
        Kind::Double => {
            number()?;
            let value: f64 = parse_float(text)?;
            if !value.is_finite() {
                return Err(Misfit::Range);
            }
            Scalar::Double(value)
        }
        Kind::Float => {
            number()?;
            let value: f32 = parse_float(text)?;
            if !value.is_finite() {
                return Err(Misfit::Range);
            }
            Scalar::Float(value)
        }
        &Kind::Timestamp { unit, stated, precision } => {
            let instant = match descriptor {
                Descriptor::S if stated && is_epoch_text(text) => epoch(text, unit)?,
                Descriptor::S => time::parse_timestamp(text)?,
                Descriptor::N => epoch(text, unit)?,
                _ => return Err(Misfit::Type),
            };
            if precision == Precision::Microseconds && instant % 1_000 != 0 {
                return Err(Misfit::Range);
            }
            Scalar::Timestamp(instant)
        }
        Kind::Date if descriptor == Descriptor::S => {
            Scalar::Date { days: time::parse_date(text)? as i32, text }
        }
        _ => return Err(Misfit::Type),
    })
}

/// The value of a number of few digits, which most are. Only a short cut: [`scalar`] gives the same.
fn small_scalar(kind: &Kind, descriptor: Descriptor, text: &[u8]) -> Option<Scalar<'static>> {
    if !matches!(descriptor, Descriptor::N | Descriptor::S) {
        return None;
    }
    match *kind {
        Kind::Integer { min, max } => match number::small_decimal(text)? {
            (negative, digits, 0) => {
                let value = if negative { -(digits as i64) } else { digits as i64 };
                (min..=max).contains(&value).then_some(Scalar::Integer(value))
            }
            _ => None,
        },
        Kind::Decimal { precision, scale, quoted } => {
            let (negative, digits, fraction) = number::small_decimal(text)?;
            let more = u32::from(scale).checked_sub(fraction)?;
            let value = i128::from(digits).checked_mul(POWERS_OF_TEN[more as usize])?;
            let fits = value < POWERS_OF_TEN[usize::from(precision)];
            let value = if negative { -value } else { value };
            fits.then_some(Scalar::Unscaled { value, scale, quoted })
        }
        // Both are exact as doubles, so the quotient is the double next to the number.
        #[expect(clippy::cast_precision_loss)]
        Kind::Double => match number::small_decimal(text)? {
            (negative, digits, fraction) if digits <= 1 << 53 => {
                let value = digits as f64 / EXACT_POWERS_OF_TEN[fraction as usize];
                Some(Scalar::Double(if negative { -value } else { value }))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The meaning of a BOOL, an N of the value 0 or 1, or an S `true` or `false`: what AWS' own object
/// mappers write.
fn boolean(descriptor: Descriptor, text: &[u8]) -> Option<bool> {
    match descriptor {
        Descriptor::Bool => Some(text == b"true"),
        Descriptor::S if text.eq_ignore_ascii_case(b"true") => Some(true),
        Descriptor::S if text.eq_ignore_ascii_case(b"false") => Some(false),
        Descriptor::N => match Decimal::parse(text)?.to_scaled_integer(0)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// A number's instant, in nanoseconds since 1970.
fn epoch(text: &[u8], unit: Unit) -> Result<i64, Misfit> {
    let scale = unit.to_nanoseconds();
    let nanoseconds = if let Some(value) = number::small_integer(text) {
        Some(i128::from(value) * 10_i128.pow(scale))
    } else {
        Decimal::parse(text).ok_or(Misfit::Type)?.to_scaled_integer(scale)
    };
    nanoseconds.and_then(time::representable).ok_or(Misfit::Range)
}

/// Whether a text is an epoch for sure: a decimal number without exponent and with at least nine
/// digits before the point. Fewer could be a year or a date.
fn is_epoch_text(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let whole = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    whole >= 9
        && match &unsigned[whole..] {
            [] => true,
            [b'.', fraction @ ..] => {
                !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        }
}

/// Writes a value whose text is already the JSON that the column would hold; says whether it is.
/// Only a short cut: [`scalar`] gives the same.
#[inline]
fn write_as_it_is(kind: &Kind, descriptor: Descriptor, text: &[u8], out: &mut Vec<u8>) -> bool {
    if !matches!(descriptor, Descriptor::N | Descriptor::S) {
        return false;
    }
    let (quoted, behind): (bool, &[u8]) = match kind {
        &Kind::Integer { min, max } => {
            let fits = |Plain { whole, fraction, .. }: Plain| {
                let digits = &text[text.len() - whole..];
                fraction == 0
                    && number::small_integer(digits).is_some_and(|value| {
                        let value = value as i64;
                        let value = if digits.len() < text.len() { -value } else { value };
                        (min..=max).contains(&value)
                    })
            };
            if !Plain::parse(text).is_some_and(fits) {
                return false;
            }
            (false, b"")
        }
        &Kind::Decimal { precision, scale, quoted } => {
            let fits = |plain: Plain| {
                plain.whole <= usize::from(precision - scale)
                    && plain.fraction <= usize::from(scale)
            };
            if !Plain::parse(text).is_some_and(fits) {
                return false;
            }
            (quoted, b"")
        }
        // Of two decimal numbers of at most 15 digits no two have the same nearest double, so that
        // none is shorter; ryu writes an exponent only from 17 digits before the point, or
        // five zeros behind it.
        Kind::Double => match Plain::parse(text) {
            Some(Plain { whole, fraction, zeros }) if whole + fraction <= 15 && zeros <= 4 => {
                (false, if fraction == 0 { b".0" } else { b"" })
            }
            _ => return false,
        },
        Kind::Timestamp { precision: Precision::Nanoseconds, .. }
            if descriptor == Descriptor::S =>
        {
            if !time::is_plain_timestamp(text) {
                return false;
            }
            (true, b"")
        }
        _ => return false,
    };
    out.extend(quoted.then_some(b'"'));
    out.extend_from_slice(text);
    out.extend_from_slice(behind);
    out.extend(quoted.then_some(b'"'));
    true
}

/// The nearest value of a decimal number's text; infinite where it is out of range.
fn parse_float<T: FromStr>(text: &[u8]) -> Result<T, Misfit> {
    let text = number::float_text(text);
    std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).ok_or(Misfit::Type)
}

#[cfg(test)]
mod tests {
    use super::{scalar, small_scalar, write_as_it_is};
    use crate::item::Descriptor;
    use crate::row::Sink;
    use crate::schema::{Kind, Precision, Unit};

    const TEXTS: &[&str] = &[
        "0",
        "-0",
        "00",
        "01",
        "7",
        "-7",
        "127",
        "128",
        "-128",
        "-129",
        "+7",
        "7.",
        ".7",
        "1e3",
        "",
        "-",
        "0.0",
        "0.5",
        "-0.5",
        "0.50",
        "12.50",
        "0.0001",
        "0.00001",
        "0.00001234",
        "0.000001234",
        "123456789012345",
        "1234567890123456",
        "12345678901234.5",
        "123456789012345.6",
        "100000000000000",
        "0.123456789012345",
        "0.1234567890123456",
        "999999999999999999",
        "-999999999999999999",
        "1000000000000000000",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "12345678901234567890123456789.123456789",
        "123456789012345678901234567890.1",
        "0.1234567891",
        "1\u{0660}",
        "1_0",
        " 1",
        "1678-01-01T00:00:00Z",
        "1677-12-31T23:59:59Z",
        "2261-12-31T23:59:59Z",
        "2262-01-01T00:00:00Z",
        "2024-02-29T23:59:59Z",
        "2023-02-29T00:00:00Z",
        "2024-01-31T24:00:00Z",
        "2024-01-31T23:60:00Z",
        "2024-01-31T23:59:60Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00z",
        "2024-01-01T00:00:00.5Z",
        "2024-01-01T00:00:00.500Z",
        "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00.500000Z",
        "2024-01-01T00:00:00.000001Z",
        "2024-01-01T00:00:00.000001000Z",
        "2024-01-01T00:00:00.000000001Z",
        "2024-01-01T00:00:00.12a456Z",
        "2024-01-01T00:00:00.Z",
        "2024/01/01T00:00:00Z",
    ];

    fn by_the_table((kind, descriptor, text): (&Kind, Descriptor, &str)) -> Vec<u8> {
        let mut line = b"{".to_vec();
        match scalar(kind, descriptor, text.as_bytes()) {
            Ok(value) => line.scalar(&value),
            Err(misfit) => panic!("{misfit:?}: {kind:?} {descriptor:?} {text}"),
        }
        line
    }

    #[test]
    fn the_short_cut_writes_what_the_table_writes() {
        let kinds = [
            Kind::Integer { min: -128, max: 127 },
            Kind::Integer { min: i64::MIN, max: i64::MAX },
            Kind::Decimal { precision: 38, scale: 9, quoted: true },
            Kind::Decimal { precision: 4, scale: 4, quoted: false },
            Kind::Double,
            Kind::Float,
            Kind::Timestamp { unit: Unit::S, stated: true, precision: Precision::Nanoseconds },
            Kind::Timestamp { unit: Unit::S, stated: true, precision: Precision::Microseconds },
            Kind::Boolean,
            Kind::Date,
        ];
        let (mut taken, mut small_taken) = (0, 0);
        for kind in &kinds {
            for descriptor in [Descriptor::N, Descriptor::S, Descriptor::B, Descriptor::Bool] {
                for &text in TEXTS {
                    let case = (kind, descriptor, text);
                    let mut short = b"{".to_vec();
                    if write_as_it_is(kind, descriptor, text.as_bytes(), &mut short) {
                        assert_eq!(short, by_the_table(case), "{case:?}");
                        taken += 1;
                    } else {
                        assert_eq!(short, b"{", "{case:?}");
                    }
                    if let Some(small) = small_scalar(kind, descriptor, text.as_bytes()) {
                        let mut short = b"{".to_vec();
                        short.scalar(&small);
                        assert_eq!(short, by_the_table(case), "{case:?}");
                        small_taken += 1;
                    }
                }
            }
        }
        assert!(taken > 50, "{taken} were taken");
        assert!(small_taken > 50, "{small_taken} were taken");
    }
}
