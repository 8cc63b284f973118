//! Instants and dates as text, in the proleptic Gregorian calendar and UTC; no clock.

use super::misfit::Misfit;

const SECONDS_PER_DAY: i64 = 86_400;

/// Firehose keeps timestamps as 64-bit nanoseconds since 1970 and wraps silently outside: the whole
/// years that fit, as seconds from the first up to the end of the last (1678-01-01 to 2262-01-01).
const REPRESENTABLE_SECONDS: std::ops::Range<i64> = -9_214_560_000..9_214_646_400;

/// A date and a time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Of four digits.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    minute: u32,
    second: u32,
}

impl Civil {
    /// The civil time of an instant, given in seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Civil {
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

/// The date of a day counted from 1970-01-01: years begin in March, eras of 400 years all alike
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month =
        (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u32;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970-01-01.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// An instant as nanoseconds since 1970, if Firehose can hold it.
#[inline]
pub fn representable(nanoseconds: i128) -> Option<i64> {
    const FIRST: i128 = REPRESENTABLE_SECONDS.start as i128 * 1_000_000_000;
    const END: i128 = REPRESENTABLE_SECONDS.end as i128 * 1_000_000_000;
    (FIRST..END).contains(&nanoseconds).then_some(nanoseconds as i64)
}

/// An instant as microseconds since 1970, if Firehose can hold it.
#[inline]
pub fn representable_us(microseconds: u64) -> Option<u64> {
    representable(i128::from(microseconds) * 1_000).map(|_| microseconds)
}

/// Java's calendar in the `SerDe` is Julian before this day, and Spark's rebasing moves dates
/// there.
const FIRST_GREGORIAN_DAY: i64 = -141_427;

/// Reads a date, `yyyy-MM-dd`; the day counted from 1970-01-01.
///
/// # Errors
///
/// [`Misfit::Type`] for any other text, and for a date that does not exist; [`Misfit::Range`] for
/// one before 1582-10-15.
pub fn parse_date(text: &[u8]) -> Result<i64, Misfit> {
    let mut scan = Scan(text);
    let days = scan.date().filter(|_| scan.0.is_empty()).ok_or(Misfit::Type)?;
    if days < FIRST_GREGORIAN_DAY { Err(Misfit::Range) } else { Ok(days) }
}

/// Reads ISO 8601 / RFC 3339: a date, then `T`, `t` or a blank, hours and minutes, optional seconds
/// with an optional fraction, then nothing (UTC), `Z`, `z`, `±hh`, `±hhmm` or `±hh:mm`. A date
/// alone is midnight. Returns nanoseconds since 1970.
///
/// # Errors
///
/// [`Misfit::Type`] for any other text; [`Misfit::Range`] for a leap second, significant digits
/// beyond the nanosecond, and years that Firehose can't hold.
pub fn parse_timestamp(text: &[u8]) -> Result<i64, Misfit> {
    let stamp = Stamp::parse(text).ok_or(Misfit::Type)?;
    let instant = i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanoseconds);
    let exact = !stamp.is_leap && !stamp.is_finer;
    representable(instant).filter(|_| exact).ok_or(Misfit::Range)
}

/// Reads the same as [`parse_timestamp`], with `Z` or an offset, as microseconds since 1970. Finer
/// digits are cut.
///
/// # Errors
///
/// [`Misfit::Type`] for any other text; [`Misfit::Range`] for a leap second and for years before
/// 1970 or that Firehose can't hold.
pub fn parse_instant_us(text: &[u8]) -> Result<u64, Misfit> {
    let stamp = Stamp::parse(text).filter(|stamp| stamp.has_offset).ok_or(Misfit::Type)?;
    let instant = i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanoseconds);
    let instant = representable(instant).filter(|_| !stamp.is_leap).ok_or(Misfit::Range)?;
    u64::try_from(instant.div_euclid(1_000)).map_err(|_| Misfit::Range)
}

/// A timestamp's text, taken apart.
struct Stamp {
    /// Since 1970.
    seconds: i64,
    /// Of the second.
    nanoseconds: u32,
    /// Whether it is a leap second.
    is_leap: bool,
    /// Whether it has significant digits beyond the nanosecond.
    is_finer: bool,
    /// Whether it says where its clock is.
    has_offset: bool,
}

impl Stamp {
    fn parse(text: &[u8]) -> Option<Stamp> {
        let mut scan = Scan(text);
        scan.timestamp().filter(|_| scan.0.is_empty())
    }
}

/// Whether a timestamp's text is what [`write_timestamp`] makes of it, which most are.
pub(crate) fn is_plain_timestamp(text: &[u8]) -> bool {
    let Some((seconds, fraction)) =
        text.strip_suffix(b"Z").and_then(|text| text.split_at_checked(19))
    else {
        return false;
    };
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2] =
        seconds
    else {
        return false;
    };
    let mut digits = true;
    let mut pair = |tens: u8, ones: u8| {
        digits &= tens.is_ascii_digit() & ones.is_ascii_digit();
        u32::from(tens.wrapping_sub(b'0')) * 10 + u32::from(ones.wrapping_sub(b'0'))
    };
    let year = i64::from(pair(y1, y2) * 100 + pair(y3, y4));
    let (month, day) = (pair(m1, m2), pair(d1, d2));
    let of_day = (pair(h1, h2) < 24) & (pair(i1, i2) < 60) & (pair(s1, s2) < 60);
    digits
        && of_day
        // Whole years that are representable.
        && (1678..=2261).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && match fraction {
            [] => true,
            [b'.', digits @ ..] => {
                matches!(digits.len(), 3 | 6 | 9)
                    && digits.iter().all(u8::is_ascii_digit)
                    && !digits.ends_with(b"000")
            }
            _ => false,
        }
}

/// What is left of a text that is being read.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn take(&mut self, accepted: impl Fn(u8) -> bool) -> Option<u8> {
        let (&first, rest) = self.0.split_first().filter(|(first, _)| accepted(**first))?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self, digits: u32, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let mut value = 0;
        for _ in 0..digits {
            value = value * 10 + i64::from(self.take(|byte| byte.is_ascii_digit())? - b'0');
        }
        bounds.contains(&value).then_some(value)
    }

    fn date(&mut self) -> Option<i64> {
        let year = self.number(4, 0..=9999)?;
        self.take(|byte| byte == b'-')?;
        let month = self.number(2, 1..=12)? as u32;
        self.take(|byte| byte == b'-')?;
        let day = self.number(2, 1..=31)? as u32;
        (day <= days_in_month(year, month)).then(|| days_from_civil(year, month, day))
    }

    fn timestamp(&mut self) -> Option<Stamp> {
        let midnight = self.date()? * SECONDS_PER_DAY;
        let mut stamp = Stamp {
            seconds: midnight,
            nanoseconds: 0,
            is_leap: false,
            is_finer: false,
            has_offset: false,
        };
        if self.0.is_empty() {
            return Some(stamp);
        }
        self.take(|byte| matches!(byte, b'T' | b't' | b' '))?;
        let hour = self.number(2, 0..=23)?;
        self.take(|byte| byte == b':')?;
        let minute = self.number(2, 0..=59)?;
        let mut second = 0;
        if self.take(|byte| byte == b':').is_some() {
            second = self.number(2, 0..=60)?;
            stamp.is_leap = second == 60;
            if self.take(|byte| byte == b'.').is_some() {
                let mut unit = 100_000_000;
                let mut digit = self.take(|byte| byte.is_ascii_digit());
                digit?;
                while let Some(byte) = digit {
                    let value = u32::from(byte - b'0');
                    stamp.nanoseconds += value * unit;
                    stamp.is_finer |= unit == 0 && value != 0;
                    unit /= 10;
                    digit = self.take(|byte| byte.is_ascii_digit());
                }
            }
        }
        stamp.has_offset = !self.0.is_empty();
        stamp.seconds += hour * 3600 + minute * 60 + second - self.offset()?;
        Some(stamp)
    }

    /// Seconds east of UTC, which it is where the text ends.
    fn offset(&mut self) -> Option<i64> {
        let Some(sign) = self.take(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-')) else {
            return Some(0);
        };
        if matches!(sign, b'Z' | b'z') {
            return Some(0);
        }
        let mut offset = self.number(2, 0..=23)? * 3600;
        if !self.0.is_empty() {
            self.take(|byte| byte == b':');
            offset += self.number(2, 0..=59)? * 60;
        }
        Some(if sign == b'-' { -offset } else { offset })
    }
}

/// Writes an instant as `yyyy-MM-dd'T'HH:mm:ss[.S…]'Z'` with 0, 3, 6 or 9 fraction digits, the
/// fewest that hold it.
pub fn write_timestamp(nanoseconds: i64, out: &mut Vec<u8>) {
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let fraction = nanoseconds.rem_euclid(1_000_000_000) as u32;
    let digits = match fraction {
        0 => 0,
        f if f % 1_000_000 == 0 => 3,
        f if f % 1_000 == 0 => 6,
        _ => 9,
    };
    write_instant(Civil::from_seconds(seconds), fraction, digits, out);
}

/// Writes an instant, in microseconds since 1970, with all six fraction digits.
pub fn write_microseconds(microseconds: u64, out: &mut Vec<u8>) {
    let civil = Civil::from_seconds((microseconds / 1_000_000) as i64);
    write_instant(civil, (microseconds % 1_000_000) as u32 * 1_000, 6, out);
}

fn write_instant(civil: Civil, fraction: u32, digits: usize, out: &mut Vec<u8>) {
    let mut text = *b"0000-00-00T00:00:00.000000000";
    write_padded(&mut text[0..4], civil.year as u64);
    write_padded(&mut text[5..7], civil.month.into());
    write_padded(&mut text[8..10], civil.day.into());
    write_padded(&mut text[11..13], civil.hour.into());
    write_padded(&mut text[14..16], civil.minute.into());
    write_padded(&mut text[17..19], civil.second.into());
    write_padded(&mut text[20..29], fraction.into());
    out.extend_from_slice(&text[..if digits == 0 { 19 } else { 20 + digits }]);
    out.push(b'Z');
}

/// Writes a number into all of `digits`, with leading zeros.
#[inline]
pub fn write_padded(digits: &mut [u8], mut value: u64) {
    // Two digits a division.
    let mut pairs = digits.rchunks_exact_mut(2);
    for pair in &mut pairs {
        let hundredths = (value % 100) as usize;
        pair.copy_from_slice(&PAIRS[hundredths]);
        value /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (value % 10) as u8;
    }
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut at = 0;
    while at < 100 {
        pairs[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    pairs
};
