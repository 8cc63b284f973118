//! Rows as columns: for each leaf its values, with the definition and repetition levels that say
//! where in arrays, maps and structs they are
//! (<https://parquet.apache.org/docs/file-format/nestedencoding/>).

use crate::form::{Form, Leaf, LeafKind, Node};
use bytes::Bytes;
use dynalake::row::{Scalar, Sink};
use dynalake::schema::FieldName;
use dynalake::text::json::Text;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use std::collections::HashSet;
use std::hash::Hash;
use std::iter;
use std::marker::PhantomData;

/// The day 1970-01-01 as INT96 counts days: Julian.
const JULIAN_EPOCH: i64 = 2_440_588;
const NANOSECONDS_PER_DAY: i64 = 86_400_000_000_000;

/// How much memory values of bytes share at most, unless one alone has more. A dictionary that
/// keeps one of them keeps the others too: small, so that this is little; and yet not each in
/// memory of its own, because to get and to free that costs more than the encoding.
const SHARED_BYTES: usize = 4 << 10;

/// What a definition and a repetition level take, and a value beside its bytes, while it is encoded
/// too.
const LEVEL_BYTES: usize = 4;
const VALUE_BYTES: usize = 40;

/// Of so many levels the memory is kept from batch to batch.
const KEPT_LEVELS: usize = 16 << 10;

/// How many values without one twice, or with how many bytes, say that a column has no use for a
/// dictionary. Of values drawn from 100,000, a batch of 1,024 has some twice almost for sure.
const SAMPLE_VALUES: usize = 512;
const SAMPLE_BYTES: usize = 256 << 10;

/// Rows that are not encoded yet. Takes values as a [`Sink`] does, in the order of a
/// [`Form`]'s fields; a row without a schema has no columns and can't be taken.
#[derive(Debug)]
pub struct Columns {
    nodes: Vec<Node>,
    pub(crate) leaves: Vec<LeafValues>,
    rows: usize,
    /// Of all values so far.
    bytes: usize,
    /// What values and nulls take in memory beside their bytes, roughly.
    overhead: usize,
    /// The field whose value comes next.
    at: usize,
    /// Its repetition level.
    repetition: i16,
    /// The arrays and maps around it.
    open: Vec<Open>,
}

/// An array or map whose elements come.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    /// The repetition level of its first element.
    repetition: i16,
    is_empty: bool,
}

/// What one leaf has.
#[derive(Debug)]
pub(crate) struct LeafValues {
    pub(crate) values: Values,
    pub(crate) definition: Vec<i16>,
    /// Empty where the leaf is in no array or map.
    pub(crate) repetition: Vec<i16>,
    leaf: Leaf,
    /// Rows that it has values of, where it is in an array or map.
    rows: usize,
}

#[derive(Debug)]
pub(crate) enum Values {
    Strings(Pieces<ByteArray>),
    Booleans(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Fixed(Pieces<FixedLenByteArray>, usize),
}

/// Values of bytes, one behind the other.
#[derive(Debug)]
pub(crate) struct Pieces<T> {
    bytes: Vec<u8>,
    /// Where each value ends.
    ends: Vec<usize>,
    values: PhantomData<T>,
}

impl Columns {
    pub(crate) fn new(form: &Form) -> Columns {
        Columns {
            nodes: form.nodes.clone(),
            leaves: form.leaves.iter().map(|leaf| LeafValues::new(*leaf)).collect(),
            rows: 0,
            bytes: 0,
            overhead: 0,
            at: 0,
            repetition: 0,
            open: Vec::new(),
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes their values have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the rows take in memory, roughly: nulls count too.
    pub fn memory(&self) -> usize {
        self.bytes + self.overhead
    }

    /// Forgets the rows, and keeps a usual batch's memory.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.bytes = 0;
        self.overhead = 0;
        self.leaves.iter_mut().for_each(LeafValues::clear);
    }

    /// Puts a null where the next value would be.
    fn push_null(&mut self, definition: i16) {
        let node = &self.nodes[self.at];
        self.overhead += node.leaves.len() * LEVEL_BYTES;
        for leaf in &mut self.leaves[node.leaves.clone()] {
            leaf.push_level(definition, self.repetition);
        }
        self.at = node.end;
    }

    /// The leaf whose value comes next, with that value's levels in place.
    #[inline]
    fn next_leaf(&mut self) -> &mut LeafValues {
        let node = &self.nodes[self.at];
        self.at = node.end;
        self.overhead += LEVEL_BYTES + VALUE_BYTES;
        let leaf = &mut self.leaves[node.leaves.start];
        leaf.push_level(leaf.leaf.defined, self.repetition);
        leaf
    }

    #[inline]
    fn push_string(&mut self, text: &[u8]) {
        self.bytes += text.len() + 4;
        if let Values::Strings(values) = &mut self.next_leaf().values {
            values.push(text);
        }
    }

    fn open(&mut self) {
        let repetition = self.repetition;
        self.open.push(Open { node: self.at, repetition, is_empty: true });
    }

    /// Goes to the next element of the innermost array or map.
    fn open_element(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        if !open.is_empty {
            self.repetition = self.nodes[open.node].repetition;
        }
        open.is_empty = false;
        self.at = open.node + 1;
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.repetition = open.repetition;
        self.at = open.node;
        let node = &self.nodes[open.node];
        if open.is_empty {
            self.push_null(node.null + 1);
        } else {
            self.at = node.end;
        }
    }
}

impl Sink for Columns {
    fn taken(&self) -> usize {
        self.bytes
    }

    fn begin_row(&mut self) -> usize {
        (self.at, self.repetition) = (0, 0);
        self.open.clear();
        self.bytes
    }

    fn end_row(&mut self, _start: usize) {
        debug_assert_eq!(self.at, self.nodes.len(), "each column has a value or is left out");
        self.rows += 1;
    }

    fn discard_row(&mut self, start: usize) {
        // A row may be taken back after its end as well: it was too large.
        self.rows -= usize::from(self.at == self.nodes.len());
        for leaf in &mut self.leaves {
            leaf.truncate(self.rows);
        }
        self.bytes = start;
    }

    #[inline(always)]
    fn field(&mut self, _name: &FieldName) {}

    #[inline]
    fn leave_out(&mut self, _start: usize) {
        self.null();
    }

    #[inline]
    fn null(&mut self) {
        self.push_null(self.nodes[self.at].null);
    }

    fn text(&mut self, text: Text, input: &[u8]) {
        self.push_string(&text.to_cow(input));
    }

    fn string(&mut self, text: &[u8]) {
        self.push_string(text);
    }

    fn plain(&mut self, text: &[u8]) {
        self.push_string(text);
    }

    fn scalar(&mut self, value: &Scalar<'_>) {
        let leaf = self.next_leaf();
        match (&mut leaf.values, *value) {
            (Values::Booleans(values), Scalar::Boolean(value)) => values.push(value),
            (Values::Int32(values), Scalar::Integer(value)) => values.push(value as i32),
            (Values::Int32(values), Scalar::Date { days, .. }) => values.push(days),
            (Values::Int64(values), Scalar::Integer(value)) => values.push(value),
            (Values::Int64(values), Scalar::Timestamp(nanoseconds)) => {
                values.push(nanoseconds.div_euclid(1_000));
            }
            (Values::Int64(values), Scalar::Microseconds(value)) => values.push(value as i64),
            (Values::Int96(values), Scalar::Timestamp(value)) => values.push(int96(value)),
            (Values::Int96(values), Scalar::Microseconds(value)) => {
                values.push(int96(value as i64 * 1_000));
            }
            (Values::Floats(values), Scalar::Float(value)) => values.push(value),
            (Values::Doubles(values), Scalar::Double(value)) => values.push(value),
            (Values::Fixed(values, width), Scalar::Decimal { number, scale, .. }) => {
                let unscaled = number.to_scaled_integer(scale.into());
                let bytes = unscaled.expect("it fits the column").to_be_bytes();
                values.push(&bytes[bytes.len() - *width..]);
            }
            (Values::Fixed(values, width), Scalar::Unscaled { value, .. }) => {
                let bytes = value.to_be_bytes();
                values.push(&bytes[bytes.len() - *width..]);
            }
            _ => unreachable!("a plan and a form of two schemas"),
        }
        self.bytes += 8;
    }

    fn begin_array(&mut self) {
        self.open();
    }

    fn element(&mut self, _at: usize) {
        self.open_element();
    }

    fn end_array(&mut self) {
        self.close();
    }

    fn begin_map(&mut self) -> usize {
        self.open();
        self.bytes
    }

    fn key(&mut self, key: Text, input: &[u8]) {
        self.open_element();
        self.text(key, input);
    }

    fn end_map(&mut self, _start: usize) {
        self.close();
    }

    fn begin_struct(&mut self) -> usize {
        // Its members say that it is there.
        self.at += 1;
        self.bytes
    }

    fn end_struct(&mut self, _start: usize) {}
}

impl LeafValues {
    fn new(leaf: Leaf) -> LeafValues {
        let values = match leaf.kind {
            LeafKind::String => Values::Strings(Pieces::default()),
            LeafKind::Boolean => Values::Booleans(Vec::new()),
            LeafKind::Int32 => Values::Int32(Vec::new()),
            LeafKind::Int64 => Values::Int64(Vec::new()),
            LeafKind::Int96 => Values::Int96(Vec::new()),
            LeafKind::Float => Values::Floats(Vec::new()),
            LeafKind::Double => Values::Doubles(Vec::new()),
            LeafKind::Fixed(width) => Values::Fixed(Pieces::default(), width),
        };
        LeafValues { values, definition: Vec::new(), repetition: Vec::new(), leaf, rows: 0 }
    }

    #[inline]
    fn push_level(&mut self, definition: i16, repetition: i16) {
        self.definition.push(definition);
        if self.leaf.is_repeated {
            self.repetition.push(repetition);
            self.rows += usize::from(repetition == 0);
        }
    }

    /// Takes values off until there are those of so many rows.
    fn truncate(&mut self, rows: usize) {
        while (if self.leaf.is_repeated { self.rows } else { self.definition.len() }) > rows {
            if self.definition.pop() == Some(self.leaf.defined) {
                self.values.pop();
            }
            if self.repetition.pop() == Some(0) {
                self.rows -= 1;
            }
        }
    }

    fn clear(&mut self) {
        for levels in [&mut self.definition, &mut self.repetition] {
            levels.clear();
            levels.shrink_to(KEPT_LEVELS);
        }
        self.rows = 0;
        self.values.clear();
    }
}

impl Values {
    /// Whether a dictionary may pay: some value is there twice, or there are too few to tell.
    pub(crate) fn may_repeat(&self) -> bool {
        match self {
            Values::Strings(values) => values.may_repeat(),
            Values::Fixed(values, _) => values.may_repeat(),
            Values::Int64(values) => may_repeat(values.iter(), values.len()),
            Values::Int96(values) => may_repeat(values.iter().map(Int96::data), values.len()),
            Values::Doubles(values) => {
                may_repeat(values.iter().map(|value| value.to_bits()), values.len())
            }
            Values::Booleans(_) | Values::Int32(_) | Values::Floats(_) => true,
        }
    }

    fn pop(&mut self) {
        match self {
            Values::Strings(values) => values.pop(),
            Values::Booleans(values) => drop(values.pop()),
            Values::Int32(values) => drop(values.pop()),
            Values::Int64(values) => drop(values.pop()),
            Values::Int96(values) => drop(values.pop()),
            Values::Floats(values) => drop(values.pop()),
            Values::Doubles(values) => drop(values.pop()),
            Values::Fixed(values, _) => values.pop(),
        }
    }

    fn clear(&mut self) {
        match self {
            Values::Strings(values) => values.clear(),
            Values::Booleans(values) => values.clear(),
            Values::Int32(values) => values.clear(),
            Values::Int64(values) => values.clear(),
            Values::Int96(values) => values.clear(),
            Values::Floats(values) => values.clear(),
            Values::Doubles(values) => values.clear(),
            Values::Fixed(values, _) => values.clear(),
        }
    }
}

fn may_repeat<T: Eq + Hash>(values: impl Iterator<Item = T>, len: usize) -> bool {
    let mut seen = HashSet::with_capacity(len.min(SAMPLE_VALUES));
    let mut values = values;
    len < SAMPLE_VALUES || !values.all(|value| seen.insert(value))
}

impl<T> Default for Pieces<T> {
    fn default() -> Pieces<T> {
        Pieces { bytes: Vec::new(), ends: Vec::new(), values: PhantomData }
    }
}

impl<T> Pieces<T> {
    #[inline]
    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }

    fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(SAMPLE_BYTES);
        self.ends.clear();
        self.ends.shrink_to(KEPT_LEVELS);
    }

    fn may_repeat(&self) -> bool {
        let starts = iter::once(0).chain(self.ends.iter().copied());
        let values = starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end]);
        let is_sample = self.ends.len() >= SAMPLE_VALUES || self.bytes.len() >= SAMPLE_BYTES;
        !is_sample || may_repeat(values, self.ends.len().max(SAMPLE_VALUES))
    }
}

impl<T: From<ByteArray>> Pieces<T> {
    /// The values as the encoder takes them, in memory that they share.
    pub(crate) fn encodable(&self) -> Vec<T> {
        let mut values = Vec::with_capacity(self.ends.len());
        let (mut at, mut start) = (0, 0);
        while at < self.ends.len() {
            // As many as fit, and at least one.
            let fit = self.ends[at..].iter().take_while(|end| **end - start <= SHARED_BYTES);
            let ends = &self.ends[at..][..fit.count().max(1)];
            let end = ends[ends.len() - 1];
            let shared = Bytes::copy_from_slice(&self.bytes[start..end]);
            let mut from = 0;
            values.extend(ends.iter().map(|end| {
                let value = shared.slice(from..*end - start);
                from = *end - start;
                T::from(ByteArray::from(value))
            }));
            (at, start) = (at + ends.len(), end);
        }
        values
    }
}

/// An instant as INT96: nanoseconds of the day, then the Julian day.
fn int96(nanoseconds: i64) -> Int96 {
    let of_day = nanoseconds.rem_euclid(NANOSECONDS_PER_DAY) as u64;
    let day = nanoseconds.div_euclid(NANOSECONDS_PER_DAY) + JULIAN_EPOCH;
    let mut value = Int96::new();
    value.set_data(of_day as u32, (of_day >> 32) as u32, day as u32);
    value
}
