//! Values are what independent libraries make of them: `bigdecimal` of integers and decimals, the
//! standard library of doubles and floats, `jiff` of dates and times.
//!
//! Everything goes through the public API: a schema of one column beside the key, and one change.

use crate::json::Json;
use crate::wire;
use bigdecimal::{BigDecimal, ToPrimitive};
use dynalake::settings::Settings;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt;
use std::str::FromStr;

// -------------------------------------------------------------------------- what the libraries say

/// Whether a text is a decimal number (contract section 4):
/// `[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn is_decimal_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = |text: &str| digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    unsigned(whole) && digits(fraction) && unsigned(exponent)
}

/// The value of a decimal number; none for other texts, and for magnitudes that fit no type but
/// double.
pub(crate) fn decimal(text: &str) -> Option<BigDecimal> {
    if !is_decimal_number(text) {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    if !mantissa.contains(|c: char| ('1'..='9').contains(&c)) {
        return Some(BigDecimal::from(0));
    }
    let exponent = i32::from_str(exponent).ok().filter(|exponent| exponent.abs() < 5_000)?;
    let mantissa = BigDecimal::from_str(mantissa).expect("a plain number");
    Some(mantissa * power_of_ten(i64::from(exponent)))
}

fn power_of_ten(exponent: i64) -> BigDecimal {
    BigDecimal::new(1.into(), -exponent)
}

/// Nanoseconds since 1970 of an epoch in a column's unit; none where there is a part of a
/// nanosecond.
pub(crate) fn epoch(text: &str, unit: Option<&str>) -> Option<i128> {
    let exponent = match unit {
        None | Some("s") => 9,
        Some("ms") => 6,
        Some("us") => 3,
        _ => 0,
    };
    let nanoseconds = decimal(text)? * power_of_ten(exponent);
    nanoseconds.is_integer().then(|| nanoseconds.to_i128()).flatten()
}

/// Nanoseconds since 1970 of a text that a timestamp column takes.
pub(crate) fn instant(text: &str) -> Option<i128> {
    let (date, time) = text.split_at_checked(10)?;
    // What jiff wants said: a time, a zone, nine fraction digits at the most.
    let time = if time.is_empty() { "T00:00:00Z".to_owned() } else { time.to_owned() };
    let time = if time.contains(['Z', 'z', '+', '-']) { time } else { time + "Z" };
    let (clock, zone) = time.split_at(time.find(['Z', 'z', '+', '-'])?);
    let clock = match clock.split_once('.') {
        Some((clock, fraction)) => format!("{clock}.{:0<1}", fraction.trim_end_matches('0')),
        None => clock.to_owned(),
    };
    let instant: jiff::Timestamp = format!("{date}{clock}{zone}").parse().ok()?;
    Some(instant.as_nanosecond())
}

/// A timestamp as rows have it; none outside the years that Firehose holds.
fn timestamp(nanoseconds: i128) -> Option<String> {
    let instant = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    let civil = Offset::UTC.to_datetime(instant);
    if !(1678..=2261).contains(&civil.year()) {
        return None;
    }
    let fraction = format!("{:09}", civil.subsec_nanosecond());
    let digits = fraction.trim_end_matches('0').len().next_multiple_of(3);
    let point = if digits > 0 { "." } else { "" };
    let seconds = civil.strftime("%Y-%m-%dT%H:%M:%S");
    Some(format!("{seconds}{point}{}Z", &fraction[..digits]))
}

// ----------------------------------------------------------------------------------- what rows say

/// What came of an attribute: its value in the column, or why it was rescued.
type Coerced = Result<Json, String>;

/// Takes an attribute through a column of a type.
fn coerce(column: &Value, attribute: &Value) -> Coerced {
    let columns = json!([{"name": "id", "type": "string"}, column]);
    let schema = json!({"table": "t", "keys": ["id"], "columns": columns});
    let change = json!({
        "tableName": "t",
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_720_742_302_233_u64,
            "Keys": {"id": {"S": "k"}},
            "NewImage": {"id": {"S": "k"}, "v": attribute},
        },
    });
    let settings = Settings { schema: Some(schema.to_string()), ..Settings::default() };
    let mut transformer = settings.transformer().unwrap_or_else(|error| panic!("{error}"));
    let event = wire::event(&[(change.to_string().into_bytes(), None)]);
    let answered = transformer.transform(&event, 0).expect("it is a Firehose event");
    let answer = wire::answers(&answered.response).remove(0);
    let row = Json::parse(&answer.row.expect("a row")).expect("a row is JSON");
    let Some(rescued) = row.get("_rescued") else {
        return Ok(row.get("v").expect("neither in its column nor rescued").clone());
    };
    assert_eq!(row.get("v"), None, "in its column and rescued");
    let rescued: Value = serde_json::from_str(rescued.text().expect("a text")).expect("JSON");
    let reason = rescued["v"]["reason"].as_str().expect("a reason").to_owned();
    assert_eq!(rescued, json!({"v": {"reason": reason, "value": attribute}}));
    Err(reason)
}

fn column(ty: &str) -> Value {
    json!({"name": "v", "type": ty})
}

fn number(text: &str) -> Json {
    Json::Number(text.to_owned())
}

fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn rejected(reason: &str) -> Coerced {
    Err(reason.to_owned())
}

// -------------------------------------------------------------------------------------- strategies

/// N or S.
fn attribute(text: impl Strategy<Value = String>) -> impl Strategy<Value = (Value, String)> {
    (prop::sample::select(vec!["N", "S"]), text)
        .prop_map(|(descriptor, text)| (json!({descriptor: text}), text))
}

/// Decimal numbers of all forms, and what is nearly one.
fn number_text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => r"[+-]?[0-9]{1,42}(\.[0-9]{1,42})?([eE][+-]?[0-9]{1,3})?",
        3 => r"-?[0-9]{1,5}(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
        1 => r"[+-]?0{0,3}[0-9](\.[0-9]0{0,3})?[eE][+-]?(0{1,20}[0-9]{1,2}|[0-9]{9,25})",
        1 => r"[0-9eE.+ -]{0,8}",
        1 => r"[+-]?(NaN|inf|infinity|0x1F|1_000|١٢|5\.|\.5|1e|1e\+| 1|1 )",
    ]
}

/// A value in one of its forms: plain, with a point, with zeros, with an exponent.
fn written(value: i128) -> impl Strategy<Value = String> {
    let plain = value.to_string();
    (0..5_usize, 0..40_usize).prop_map(move |(form, zeros)| {
        let zeros_text = "0".repeat(zeros);
        let places = zeros % plain.trim_start_matches('-').len();
        let (whole, fraction) = plain.split_at(plain.len() - places);
        match form {
            0 => plain.clone(),
            1 => format!("{plain}.0{zeros_text}"),
            2 => format!("{plain}{zeros_text}e-{zeros}"),
            3 if places > 0 => format!("{whole}.{fraction}E{places}"),
            _ => format!("{plain}.{zeros_text}1"),
        }
    })
}

/// Integers around the ends of a type of so many bits.
fn near_integer_limit(bits: u32) -> impl Strategy<Value = String> {
    let limit = 1_i128 << (bits - 1);
    (prop::sample::select(vec![-limit, limit - 1, 0]), -3..=3_i128)
        .prop_flat_map(|(end, off)| written(end + off))
}

/// What fills decimal(p,s), or has a digit too many.
fn near_decimal_limit(precision: u32, scale: u32) -> impl Strategy<Value = String> {
    let whole = (precision - scale).saturating_sub(1)..=precision - scale + 1;
    let fraction = scale.saturating_sub(1)..=scale + 1;
    (whole, fraction, "[0-9]{40}", "[0-9]{40}", r"[+-]?0{0,2}", "0{0,3}").prop_map(
        |(whole, fraction, digits, more, sign, zeros)| {
            let whole = if whole == 0 { "0" } else { &digits[..whole as usize] };
            match &more[..fraction as usize] {
                "" => format!("{sign}{whole}"),
                fraction => format!("{sign}{whole}.{fraction}{zeros}"),
            }
        },
    )
}

/// Texts on, and next to, the middle between two doubles.
fn near_double() -> impl Strategy<Value = String> {
    (any::<f64>(), 0..4_u8).prop_filter_map("finite", |(value, form)| {
        let next = f64::from_bits(value.to_bits() + 1);
        if !next.is_finite() || (value != 0.0 && value.abs() < 1e-290) {
            return None;
        }
        let middle = (BigDecimal::try_from(value).ok()? + BigDecimal::try_from(next).ok()?) / 2;
        middle_text(&middle, form).or_else(|| Some(format!("{value:e}")))
    })
}

/// Texts on, and next to, the middle between two floats.
fn near_float() -> impl Strategy<Value = String> {
    (any::<f32>(), 0..4_u8).prop_filter_map("finite", |(value, form)| {
        let next = f32::from_bits(value.to_bits() + 1);
        if !next.is_finite() {
            return None;
        }
        let middle = (BigDecimal::try_from(value).ok()? + BigDecimal::try_from(next).ok()?) / 2;
        middle_text(&middle, form).or_else(|| Some(value.to_string()))
    })
}

fn middle_text(middle: &BigDecimal, form: u8) -> Option<String> {
    let text = middle.to_plain_string();
    let point = if text.contains('.') { "" } else { "." };
    match form {
        0 => Some(text),
        // A little farther from zero.
        1 => Some(format!("{text}{point}{}1", "0".repeat(30))),
        2 => Some(middle.to_scientific_notation()),
        _ => None,
    }
}

/// Dates, existing or not, many of them where years, months and ranges end.
fn date_parts() -> impl Strategy<Value = (i16, i8, i8)> {
    let year = prop_oneof![
        2 => prop::sample::select(vec![1677, 1678, 2261, 2262, 1970, 1969, 1900, 2000, 2024]),
        2 => 1600..2300_i16,
        1 => 1..=9999_i16,
    ];
    let month =
        prop_oneof![4 => prop::sample::select(vec![1_i8, 12, 2]), 4 => 1..=12_i8, 1 => 0..=13_i8];
    let edge = prop::sample::select(vec![1_i8, 28, 29, 30, 31]);
    let day = prop_oneof![3 => edge, 3 => 1..=28_i8, 1 => 0..=32_i8];
    (year, month, day)
}

/// A date and time of day, existing or not, and how it is written.
#[derive(Clone, Debug)]
struct Time {
    date: (i16, i8, i8),
    separator: &'static str,
    hour: i8,
    minute: i8,
    second: Option<i8>,
    /// Digits behind the point, or none; only where there are seconds.
    fraction: String,
    zone: Zone,
}

#[derive(Clone, Copy, Debug)]
enum Zone {
    /// A text that stands for UTC.
    Utc(&'static str),
    /// `±hh`
    Hours(i32),
    /// `±hhmm` or `±hh:mm`, by what is between; in minutes.
    Minutes(&'static str, i32),
}

impl Zone {
    fn offset_minutes(self) -> i32 {
        match self {
            Zone::Utc(_) => 0,
            Zone::Hours(hours) => hours * 60,
            Zone::Minutes(_, minutes) => minutes,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time { date: (year, month, day), separator, hour, minute, second, fraction, zone } =
            self;
        write!(f, "{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}")?;
        if let Some(second) = second {
            write!(f, ":{second:02}{}{fraction}", if fraction.is_empty() { "" } else { "." })?;
        }
        let sign = if zone.offset_minutes() < 0 { '-' } else { '+' };
        let (hours, minutes) = (zone.offset_minutes().abs() / 60, zone.offset_minutes().abs() % 60);
        match zone {
            Zone::Utc(text) => f.write_str(text),
            Zone::Hours(_) => write!(f, "{sign}{hours:02}"),
            Zone::Minutes(between, _) => write!(f, "{sign}{hours:02}{between}{minutes:02}"),
        }
    }
}

impl Time {
    /// What is to come of it.
    fn expected(&self) -> Coerced {
        let (year, month, day) = self.date;
        let second = self.second.unwrap_or(0);
        let digits = self.fraction.trim_end_matches('0');
        // A leap second is a time, if one that is out of range.
        let civil = DateTime::new(year, month, day, self.hour, self.minute, second.min(59), 0);
        let Some(civil) = civil.ok().filter(|_| second <= 60) else { return rejected("type") };
        if second == 60 || digits.len() > 9 {
            return rejected("range");
        }
        let since = civil.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        let seconds = i128::from(since.as_secs()) - i128::from(self.zone.offset_minutes()) * 60;
        let nanoseconds: i128 = format!("{digits:0<9}").parse().expect("digits");
        let shown = timestamp(seconds * 1_000_000_000 + nanoseconds);
        shown.map_or(rejected("range"), |text| Ok(string(&text)))
    }
}

/// Times of all forms.
fn time() -> impl Strategy<Value = Time> {
    let ends = |ends: [i8; 2]| prop::sample::select(ends.to_vec());
    let hour = prop_oneof![2 => ends([0, 23]), 3 => 0..24_i8, 1 => 24..=99_i8];
    let sixty =
        || prop_oneof![2 => prop::sample::select(vec![0_i8, 59]), 6 => 0..60_i8, 1 => 60..=61_i8];
    let fraction =
        prop_oneof!["", "[0-9]{1,9}", "0{0,9}[1-9]", "[0-9]{9}0{1,15}", "[0-9]{9,15}", "0{10,20}"];
    let minutes = prop_oneof![
        2 => -23 * 60 - 59..=23 * 60 + 59,
        1 => prop::sample::select(vec![-840, 330, 1]),
    ];
    let zone = prop_oneof![
        2 => prop::sample::select(vec!["Z", "", "z"]).prop_map(Zone::Utc),
        1 => (-23..=23).prop_map(Zone::Hours),
        2 => (prop::sample::select(vec![":", ""]), minutes)
            .prop_map(|(between, minutes)| Zone::Minutes(between, minutes)),
    ];
    let separator = prop::sample::select(vec!["T", "t", " "]);
    let clock = (hour, sixty(), prop::option::of(sixty()), fraction);
    (date_parts(), separator, clock, zone).prop_map(
        |(date, separator, (hour, minute, second, fraction), zone)| {
            let fraction = if second.is_some() { fraction } else { String::new() };
            Time { date, separator, hour, minute, second, fraction, zone }
        },
    )
}

/// Epochs in one of the units, many of them near the ends of the range.
fn epoch_text() -> impl Strategy<Value = (Option<&'static str>, String)> {
    let nanoseconds = prop_oneof![
        (-3_000_000_000..=3_000_000_000_i128).prop_map(|off| -9_214_560_000_000_000_000 + off),
        (-3_000_000_000..=3_000_000_000_i128).prop_map(|off| 9_214_646_400_000_000_000 + off),
        -2_000_000_000..=2_000_000_000_i128,
        (0..=2_000_000_000_000_i128).prop_map(|ms| ms * 1_000_000),
        (-10_000_000_000..=10_000_000_000_i128).prop_map(|s| s * 1_000_000_000),
        any::<i64>().prop_map(i128::from),
    ];
    let unit = prop::sample::select(vec![None, Some("s"), Some("ms"), Some("us"), Some("ns")]);
    let exact = (unit.clone(), nanoseconds, 0..4_u8).prop_map(|(unit, nanoseconds, form)| {
        let places = match unit {
            None | Some("s") => 9,
            Some("ms") => 6,
            Some("us") => 3,
            _ => 0,
        };
        let text = BigDecimal::new(nanoseconds.into(), places);
        let text = match form {
            0 => text.normalized().to_plain_string(),
            1 => text.to_plain_string(),
            2 => format!("{nanoseconds}e-{places}"),
            _ => format!("{}{}5", text.to_plain_string(), if places > 0 { "" } else { "." }),
        };
        (unit, text)
    });
    prop_oneof![4 => exact, 1 => (unit, number_text())]
}

/// How many digits a number's text has, without zeros at either end.
fn significant_digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

// --------------------------------------------------------------------------------------- the tests

proptest! {
    #![proptest_config(crate::config(20_000))]

    #[test]
    fn integers_agree_with_bigdecimal(
        (bits, (attribute, text)) in prop::sample::select(vec![8_u32, 16, 32, 64]).prop_flat_map(
            |bits| (Just(bits), attribute(prop_oneof![near_integer_limit(bits), number_text()])),
        )
    ) {
        let ty = match bits {
            8 => "tinyint",
            16 => "smallint",
            32 => "int",
            _ => "bigint",
        };
        let expected = match decimal(&text) {
            _ if !is_decimal_number(&text) => rejected("type"),
            Some(value) if value.is_integer() => match value.to_i128() {
                Some(value) if (-1 << (bits - 1)..1 << (bits - 1)).contains(&value) => {
                    Ok(number(&value.to_string()))
                }
                _ => rejected("range"),
            },
            _ => rejected("range"),
        };
        prop_assert_eq!(coerce(&column(ty), &attribute), expected, "{} as {}", text, ty);
    }

    #[test]
    fn decimals_agree_with_bigdecimal(
        (precision, scale, (attribute, text)) in (1..=38_u32)
            .prop_flat_map(|p| (Just(p), 0..=p))
            .prop_flat_map(|(p, s)| {
                let text = prop_oneof![near_decimal_limit(p, s), number_text()];
                (Just(p), Just(s), attribute(text))
            })
    ) {
        let expected = match decimal(&text) {
            _ if !is_decimal_number(&text) => rejected("type"),
            Some(value) => {
                let whole = i64::from(precision - scale);
                let fits = value == value.with_scale(i64::from(scale))
                    && value.abs() < power_of_ten(whole);
                let text = value.normalized().to_plain_string();
                if fits { Ok(string(&text)) } else { rejected("range") }
            }
            None => rejected("range"),
        };
        let ty = format!("decimal({precision},{scale})");
        prop_assert_eq!(coerce(&column(&ty), &attribute), expected, "{} as {}", text, ty);
    }

    #[test]
    fn doubles_are_the_nearest_and_the_shortest(
        (attribute, text) in attribute(prop_oneof![2 => number_text(), 3 => near_double()])
    ) {
        let coerced = coerce(&column("double"), &attribute);
        let value: f64 =
            if is_decimal_number(&text) { text.parse().expect("a number") } else { f64::NAN };
        if value.is_nan() {
            prop_assert_eq!(coerced, rejected("type"));
        } else if value.is_infinite() {
            prop_assert_eq!(coerced, rejected("range"));
        } else {
            let Ok(Json::Number(shown)) = coerced else { panic!("{text} became {coerced:?}") };
            prop_assert_eq!(shown.parse(), Ok(value), "{} reads back otherwise", shown);
            let digits = significant_digits(&format!("{value:e}"));
            prop_assert_eq!(significant_digits(&shown), digits, "{} is not the shortest", shown);
        }
    }

    #[test]
    fn floats_are_the_nearest_and_the_shortest(
        (attribute, text) in attribute(prop_oneof![2 => number_text(), 3 => near_float()])
    ) {
        let coerced = coerce(&column("float"), &attribute);
        let value: f32 =
            if is_decimal_number(&text) { text.parse().expect("a number") } else { f32::NAN };
        if value.is_nan() {
            prop_assert_eq!(coerced, rejected("type"));
        } else if value.is_infinite() {
            prop_assert_eq!(coerced, rejected("range"));
        } else {
            let Ok(Json::Number(shown)) = coerced else { panic!("{text} became {coerced:?}") };
            prop_assert_eq!(shown.parse(), Ok(value), "{} reads back otherwise", shown);
            let digits = significant_digits(&format!("{value:e}"));
            prop_assert_eq!(significant_digits(&shown), digits, "{} is not the shortest", shown);
        }
    }

    #[test]
    fn timestamps_from_texts_are_jiffs(time in time()) {
        let text = time.to_string();
        let coerced = coerce(&column("timestamp"), &json!({"S": text}));
        prop_assert_eq!(&coerced, &time.expected(), "{}", text);
        if let Ok(Json::String(shown)) = coerced {
            // The same by jiff's own parser.
            prop_assert_eq!(instant(&shown), instant(&text));
            prop_assert!(instant(&shown).is_some());
        }
    }

    #[test]
    fn timestamps_from_epochs_are_jiffs((unit, text) in epoch_text()) {
        let mut column = column("timestamp");
        if let Some(unit) = unit {
            column["unit"] = unit.into();
        }
        let expected = match epoch(&text, unit).and_then(timestamp) {
            _ if !is_decimal_number(&text) => rejected("type"),
            Some(shown) => Ok(string(&shown)),
            None => rejected("range"),
        };
        prop_assert_eq!(
            &coerce(&column, &json!({"N": text})), &expected, "{} {:?}", text, unit
        );
        // As text where the column states its unit, and the text can't be a year or a date.
        let whole = text.trim_start_matches(['+', '-']).split('.').next().map_or(0, str::len);
        let expected = if unit.is_some() && whole >= 9 && !text.contains(['e', 'E']) {
            expected
        } else {
            rejected("type")
        };
        prop_assert_eq!(coerce(&column, &json!({"S": text})), expected, "{} {:?}", text, unit);
    }

    #[test]
    fn booleans_are_what_object_mappers_write(
        (attribute, text) in attribute(prop_oneof![
            2 => number_text(),
            2 => r"[+-]?0{0,3}[01](\.0{1,3})?([eE][+-]?[0-2])?",
            2 => "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]",
            1 => "yes|no|on| true|true |t|f|\u{ff54}rue|",
        ])
    ) {
        let is_number = attribute.get("N").is_some();
        let expected = match text.to_ascii_lowercase().as_str() {
            "true" if !is_number => Ok(Json::Bool(true)),
            "false" if !is_number => Ok(Json::Bool(false)),
            _ if !is_number => rejected("type"),
            _ => match decimal(&text) {
                Some(value) if value == 0 => Ok(Json::Bool(false)),
                Some(value) if value == 1 => Ok(Json::Bool(true)),
                _ => rejected("type"),
            },
        };
        prop_assert_eq!(coerce(&column("boolean"), &attribute), expected, "{}", text);
    }

    #[test]
    fn dates_are_jiffs(
        text in prop_oneof![
            4 => date_parts().prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}")),
            1 => r"[0-9]{3,5}-[0-9]{1,2}-[0-9]{1,2}[TZ ]?|[ +-]?2024-07-11|20240711|2024-07-1١",
        ]
    ) {
        let parts: Vec<&str> = text.split('-').collect();
        let exists = match parts[..] {
            [y, m, d] if [y.len(), m.len(), d.len()] == [4, 2, 2] => match
                (y.parse(), m.parse(), d.parse())
            {
                // Rust's integers take a sign.
                _ if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => false,
                // Whether there was a year 0 is left open.
                (Ok(0), ..) => return Ok(()),
                (Ok(y), Ok(m), Ok(d)) => Date::new(y, m, d).is_ok(),
                _ => false,
            },
            _ => false,
        };
        let expected = match exists {
            false => rejected("type"),
            true if *text < *"1582-10-15" => rejected("range"),
            true => Ok(string(&text)),
        };
        prop_assert_eq!(coerce(&column("date"), &json!({"S": text})), expected);
        if exists {
            let in_range = ("1678-01-01".."2262-01-01").contains(&&*text);
            let midnight = if in_range {
                Ok(string(&format!("{text}T00:00:00Z")))
            } else {
                rejected("range")
            };
            prop_assert_eq!(coerce(&column("timestamp"), &json!({"S": text})), midnight);
        }
    }

    #[test]
    fn other_attribute_types_are_of_the_wrong_type(
        ty in prop::sample::select(vec![
            "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(38,9)",
            "date", "timestamp",
        ]),
        attribute in prop::sample::select(vec![
            json!({"B": "MTI="}), json!({"BOOL": true}), json!({"M": {}}), json!({"L": []}),
            json!({"M": {"a": {"N": "1"}}}), json!({"L": [{"N": "1"}]}), json!({"SS": ["1"]}),
            json!({"NS": ["1"]}), json!({"BS": ["MTI="]}), json!({"S": "yes"}), json!({"N": "2"}),
            json!({"S": "1"}),
        ]),
    ) {
        let numeric = !matches!(ty, "boolean" | "date" | "timestamp");
        let fits = match attribute.as_object().expect("an object").keys().next().map_or("", String::as_str)
        {
            "BOOL" => ty == "boolean",
            "N" => numeric || ty == "timestamp",
            "S" => numeric && attribute["S"] == "1",
            _ => false,
        };
        let coerced = coerce(&column(ty), &attribute);
        if fits {
            prop_assert!(coerced.is_ok(), "{:?}", coerced);
        } else {
            prop_assert_eq!(coerced, rejected("type"));
        }
    }
}
