//! Where a row goes: a line of JSON, or columns.

use crate::schema::FieldName;
use crate::text::json::{self, Text};
use crate::text::number::Decimal;
use crate::text::time;
use std::io::Write;

/// Takes rows value by value, in the order of the columns: the declared ones, then the metadata.
///
/// A row is [`begin_row`](Sink::begin_row), then for each column either its
/// [`field`](Sink::field) and one value, or [`leave_out`](Sink::leave_out), then
/// [`end_row`](Sink::end_row) or [`discard_row`](Sink::discard_row). A value is a
/// [`text`](Sink::text), [`string`](Sink::string), [`scalar`](Sink::scalar) or
/// [`null`](Sink::null), or an array, map or struct of values. A struct's members come as columns
/// do. What does not fit its column never gets here.
///
/// A `Vec<u8>` takes rows as lines of JSON.
pub trait Sink {
    /// How many bytes the rows so far have taken; within one row it only grows.
    fn taken(&self) -> usize;

    /// Begins a row; returns [`taken`](Sink::taken).
    fn begin_row(&mut self) -> usize;

    /// Ends the row that began at `start`.
    fn end_row(&mut self, start: usize);

    /// Takes back what there is of the row that began at `start`.
    fn discard_row(&mut self, start: usize);

    /// The buffer, if rows are lines of JSON. What is JSON already is then copied, and a row without
    /// a schema, whose columns are its own, can be written.
    fn line(&mut self) -> Option<&mut Vec<u8>> {
        None
    }

    /// The next value is of this column or struct member.
    fn field(&mut self, name: &FieldName);

    /// The next column or struct member has no value. Its field may have come, at `start`; then
    /// nothing has since.
    fn leave_out(&mut self, start: usize);

    /// An element or a map's value is null.
    fn null(&mut self);

    /// A string, as a span of JSON text.
    fn text(&mut self, text: Text, input: &[u8]);

    /// A string of UTF-8.
    fn string(&mut self, text: &[u8]);

    /// A string of ASCII that needs no escapes in JSON.
    fn plain(&mut self, text: &[u8]);

    /// A value of any other type without parts.
    fn scalar(&mut self, value: &Scalar<'_>);

    /// Begins an array.
    fn begin_array(&mut self);

    /// The next value is the array's element at this position.
    fn element(&mut self, at: usize);

    /// Ends the array.
    fn end_array(&mut self);

    /// Begins a map; returns [`taken`](Sink::taken).
    fn begin_map(&mut self) -> usize;

    /// The next value is the map's at this key.
    fn key(&mut self, key: Text, input: &[u8]);

    /// Ends the map that began at `start`.
    fn end_map(&mut self, start: usize);

    /// Begins a struct; returns [`taken`](Sink::taken).
    fn begin_struct(&mut self) -> usize;

    /// Ends the struct that began at `start`.
    fn end_struct(&mut self, start: usize);
}

/// Where rows go, by the time of their changes: a [`Sink`] for all, or one for each hour.
pub trait Rows {
    /// What takes a row.
    type Sink: Sink;

    /// Where the row of a change of this time goes, in microseconds since 1970.
    fn sink(&mut self, time_us: u64) -> &mut Self::Sink;
}

impl<S: Sink> Rows for S {
    type Sink = S;

    #[inline(always)]
    fn sink(&mut self, _time_us: u64) -> &mut S {
        self
    }
}

/// A typed value, as a column's type has it.
#[derive(Clone, Copy, Debug)]
pub enum Scalar<'a> {
    /// A boolean.
    Boolean(bool),
    /// A tinyint, smallint, int or bigint, within its column's range.
    Integer(i64),
    /// A decimal that fits its column.
    Decimal {
        /// The value.
        number: Decimal,
        /// The column's digits after the point.
        scale: u8,
        /// Whether JSON has it as a string.
        quoted: bool,
    },
    /// The same of a decimal of few digits, times ten to `scale`. Quicker to make and to take, but
    /// for lines of JSON, which get it never.
    Unscaled {
        /// The value, times ten to `scale`.
        value: i128,
        /// The column's digits after the point.
        scale: u8,
        /// Whether JSON has it as a string.
        quoted: bool,
    },
    /// A double, finite.
    Double(f64),
    /// A float, finite.
    Float(f32),
    /// An instant, in nanoseconds since 1970.
    Timestamp(i64),
    /// An instant, in microseconds since 1970; JSON has all six fraction digits.
    Microseconds(u64),
    /// A date.
    Date {
        /// The day, counted from 1970-01-01.
        days: i32,
        /// `yyyy-MM-dd`
        text: &'a [u8],
    },
}

/// Lines of JSON. Doubles and floats are written as ryu does it: the fewest digits that read back
/// to the value, always with a point or an exponent (`12.0`, `0.1`, `1e21`, `-0.0`).
impl Sink for Vec<u8> {
    #[inline(always)]
    fn taken(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn begin_row(&mut self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn end_row(&mut self, start: usize) {
        self[start] = b'{';
        self.extend_from_slice(b"}\n");
    }

    fn discard_row(&mut self, start: usize) {
        self.truncate(start);
    }

    #[inline(always)]
    fn line(&mut self) -> Option<&mut Vec<u8>> {
        Some(self)
    }

    #[inline(always)]
    fn field(&mut self, name: &FieldName) {
        name.append_to(self);
    }

    #[inline(always)]
    fn leave_out(&mut self, start: usize) {
        self.truncate(start);
    }

    fn null(&mut self) {
        self.extend_from_slice(b"null");
    }

    #[inline(always)]
    fn text(&mut self, text: Text, input: &[u8]) {
        json::write_text(text, input, self);
    }

    #[inline(always)]
    fn string(&mut self, text: &[u8]) {
        json::write_string(text, self);
    }

    #[inline(always)]
    fn plain(&mut self, text: &[u8]) {
        self.push(b'"');
        self.extend_from_slice(text);
        self.push(b'"');
    }

    #[inline]
    fn scalar(&mut self, value: &Scalar<'_>) {
        match *value {
            Scalar::Boolean(value) => {
                self.extend_from_slice(if value { b"true" } else { b"false" });
            }
            Scalar::Integer(value) => {
                // A Vec takes every write.
                let _ = write!(self, "{value}");
            }
            Scalar::Decimal { number, quoted, .. } => {
                self.extend(quoted.then_some(b'"'));
                number.write(self);
                self.extend(quoted.then_some(b'"'));
            }
            Scalar::Unscaled { value, scale, quoted } => {
                let number = Decimal::from_unscaled(value, scale);
                self.scalar(&Scalar::Decimal { number, scale, quoted });
            }
            Scalar::Double(value) => {
                self.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
            }
            Scalar::Float(value) => {
                self.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
            }
            Scalar::Timestamp(nanoseconds) => {
                self.push(b'"');
                time::write_timestamp(nanoseconds, self);
                self.push(b'"');
            }
            Scalar::Microseconds(microseconds) => {
                self.push(b'"');
                time::write_microseconds(microseconds, self);
                self.push(b'"');
            }
            Scalar::Date { text, .. } => self.plain(text),
        }
    }

    fn begin_array(&mut self) {
        self.push(b'[');
    }

    fn element(&mut self, at: usize) {
        self.extend((at > 0).then_some(b','));
    }

    fn end_array(&mut self) {
        self.push(b']');
    }

    fn begin_map(&mut self) -> usize {
        self.len()
    }

    fn key(&mut self, key: Text, input: &[u8]) {
        self.push(b',');
        json::write_text(key, input, self);
        self.push(b':');
    }

    fn end_map(&mut self, start: usize) {
        enclose(start, self);
    }

    fn begin_struct(&mut self) -> usize {
        self.len()
    }

    fn end_struct(&mut self, start: usize) {
        enclose(start, self);
    }
}

/// Makes `,"a":1,"b":2`, written from `start`, an object.
fn enclose(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}
