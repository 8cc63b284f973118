//! Coercion: a scalar attribute and a column's type to the exact text of the JSON value, or the reason why
//! it doesn't fit. A table, without state.
//!
//! Strict where Firehose's OpenX deserializer is lax: it wraps a scalar into an array, fills a struct from a
//! list by position and reads microseconds as milliseconds, which turns a wrong value into a plausible one.

use crate::attribute::Descriptor;
use crate::number::{self, Decimal, Plain};
use crate::schema::Kind;
use crate::time;
use std::io::Write;
use std::str::FromStr;

/// Why a value does not fit a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is of another type.
    Type,
    /// It is of the type, and out of its range or precision.
    Range,
}

/// Writes the JSON value that an S, N, B or BOOL has in a column which is not a string, array, map or struct.
/// `text` is the attribute's text without escapes. Nothing is written where it does not fit.
///
/// Doubles and floats are written as ryu does it: the fewest digits that read back to the value, always with a
/// point or an exponent (`12.0`, `0.1`, `1e21`, `-0.0`).
///
/// # Errors
///
/// [`Misfit`], as the contract's table of coercions has it.
pub(crate) fn write_scalar(
    kind: &Kind,
    descriptor: Descriptor,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    if write_as_it_is(kind, descriptor, text, out) {
        return Ok(());
    }
    let number = || match descriptor {
        Descriptor::N | Descriptor::S => Decimal::parse(text).ok_or(Misfit::Type),
        _ => Err(Misfit::Type),
    };
    match kind {
        Kind::Boolean if descriptor == Descriptor::Bool => out.extend_from_slice(text),
        &Kind::Integer { min, max } => {
            let value = number()?.to_scaled_integer(0).ok_or(Misfit::Range)?;
            if !(i128::from(min)..=i128::from(max)).contains(&value) {
                return Err(Misfit::Range);
            }
            // A Vec takes every write.
            let _ = write!(out, "{}", value as i64);
        }
        &Kind::Decimal { precision, scale, quoted } => {
            let number = number()?;
            let start = out.len();
            out.extend(quoted.then_some(b'"'));
            if !number.write_fitting(precision, scale, out) {
                out.truncate(start);
                return Err(Misfit::Range);
            }
            out.extend(quoted.then_some(b'"'));
        }
        Kind::Double => {
            number()?;
            let value: f64 = parse_float(text)?;
            if !value.is_finite() {
                return Err(Misfit::Range);
            }
            out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
        Kind::Float => {
            number()?;
            let value: f32 = parse_float(text)?;
            if !value.is_finite() {
                return Err(Misfit::Range);
            }
            out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
        Kind::Timestamp(unit) => {
            let instant = match descriptor {
                Descriptor::S => time::parse_timestamp(text)?,
                Descriptor::N => match number::small_integer(text) {
                    Some(value) => Some(i128::from(value) * 10_i128.pow(unit.to_nanoseconds())),
                    None => number()?.to_scaled_integer(unit.to_nanoseconds()),
                }
                .and_then(time::representable)
                .ok_or(Misfit::Range)?,
                _ => return Err(Misfit::Type),
            };
            out.push(b'"');
            time::write_timestamp(instant, out);
            out.push(b'"');
        }
        Kind::Date if descriptor == Descriptor::S && time::parse_date(text).is_some() => {
            out.push(b'"');
            out.extend_from_slice(text);
            out.push(b'"');
        }
        _ => return Err(Misfit::Type),
    }
    Ok(())
}

/// Writes a value whose text is already what the column would hold; says whether it is. Only a short cut: the table
/// in [`write_scalar`] gives the same.
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
            if !Plain::of(text).is_some_and(fits) {
                return false;
            }
            (false, b"")
        }
        &Kind::Decimal { precision, scale, quoted } => {
            let fits = |plain: Plain| {
                plain.whole <= usize::from(precision - scale)
                    && plain.fraction <= usize::from(scale)
            };
            if !Plain::of(text).is_some_and(fits) {
                return false;
            }
            (quoted, b"")
        }
        // Of two decimal numbers of at most 15 digits no two have the same nearest double, so that none is shorter;
        // ryu writes an exponent only from 17 digits before the point, or five zeros behind it.
        Kind::Double => match Plain::of(text) {
            Some(Plain { whole, fraction, zeros }) if whole + fraction <= 15 && zeros <= 4 => {
                (false, if fraction == 0 { b".0" } else { b"" })
            }
            _ => return false,
        },
        Kind::Timestamp(_) if descriptor == Descriptor::S => {
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
