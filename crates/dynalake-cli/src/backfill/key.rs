//! An item's key as its row has it, by which keys are compared whatever they were read from.

use dynalake::row::{Scalar, Sink};
use dynalake::schema::{FieldName, Plan, Protect};
use dynalake::text::json::Text;

/// Which of a row's columns are the key, and the key of the row that was written last.
#[derive(Debug)]
pub(super) struct Key {
    is_key: Vec<bool>,
    bytes: Vec<u8>,
}

impl Key {
    /// No row's yet.
    pub(super) fn new(plan: &Plan) -> Key {
        let shown = plan.columns.iter().filter(|column| column.protect != Some(Protect::Drop));
        Key { is_key: shown.map(|column| column.is_key).collect(), bytes: Vec::new() }
    }

    /// The key: two are equal where their columns are, value by value.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Passes rows on, and keeps the key of the last one.
pub(super) struct Keyed<'a, S: Sink> {
    rows: &'a mut S,
    key: &'a mut Key,
    /// The column that comes next.
    at: usize,
    /// Inside how many arrays, maps and structs the next value is.
    depth: usize,
}

impl<'a, S: Sink> Keyed<'a, S> {
    /// Passes rows on to these.
    pub(super) fn new(rows: &'a mut S, key: &'a mut Key) -> Keyed<'a, S> {
        Keyed { rows, key, at: 0, depth: 0 }
    }

    /// A value comes: the key's bytes, if it is a key column's.
    #[inline]
    fn next(&mut self) -> Option<&mut Vec<u8>> {
        if self.depth > 0 {
            return None;
        }
        self.at += 1;
        let is_key = self.key.is_key.get(self.at - 1).is_some_and(|is_key| *is_key);
        is_key.then_some(&mut self.key.bytes)
    }

    fn next_text(&mut self, text: &[u8]) {
        if let Some(key) = self.next() {
            key.extend_from_slice(&(text.len() as u64).to_le_bytes());
            key.extend_from_slice(text);
        }
    }

    fn open(&mut self) {
        self.next();
        self.depth += 1;
    }
}

impl<S: Sink> Sink for Keyed<'_, S> {
    fn taken(&self) -> usize {
        self.rows.taken()
    }

    fn begin_row(&mut self) -> usize {
        (self.at, self.depth) = (0, 0);
        self.key.bytes.clear();
        self.rows.begin_row()
    }

    fn end_row(&mut self, start: usize) {
        self.rows.end_row(start);
    }

    fn discard_row(&mut self, start: usize) {
        self.rows.discard_row(start);
    }

    #[inline]
    fn field(&mut self, name: &FieldName) {
        self.rows.field(name);
    }

    #[inline]
    fn leave_out(&mut self, start: usize) {
        // A key column is never left out.
        self.next();
        self.rows.leave_out(start);
    }

    fn null(&mut self) {
        self.next();
        self.rows.null();
    }

    #[inline]
    fn text(&mut self, text: Text, input: &[u8]) {
        if let Some(key) = self.next() {
            let text = text.to_cow(input);
            key.extend_from_slice(&(text.len() as u64).to_le_bytes());
            key.extend_from_slice(&text);
        }
        self.rows.text(text, input);
    }

    #[inline]
    fn string(&mut self, text: &[u8]) {
        self.next_text(text);
        self.rows.string(text);
    }

    #[inline]
    fn plain(&mut self, text: &[u8]) {
        self.next_text(text);
        self.rows.plain(text);
    }

    #[inline]
    fn scalar(&mut self, value: &Scalar<'_>) {
        if let Some(key) = self.next() {
            write_scalar(value, key);
        }
        self.rows.scalar(value);
    }

    fn begin_array(&mut self) {
        self.open();
        self.rows.begin_array();
    }

    fn element(&mut self, at: usize) {
        self.rows.element(at);
    }

    fn end_array(&mut self) {
        self.depth -= 1;
        self.rows.end_array();
    }

    fn begin_map(&mut self) -> usize {
        self.open();
        self.rows.begin_map()
    }

    fn key(&mut self, key: Text, input: &[u8]) {
        self.rows.key(key, input);
    }

    fn end_map(&mut self, start: usize) {
        self.depth -= 1;
        self.rows.end_map(start);
    }

    fn begin_struct(&mut self) -> usize {
        self.open();
        self.rows.begin_struct()
    }

    fn end_struct(&mut self, start: usize) {
        self.depth -= 1;
        self.rows.end_struct(start);
    }
}

/// Appends a value of a column's type, equal values alike.
fn write_scalar(value: &Scalar<'_>, key: &mut Vec<u8>) {
    match *value {
        Scalar::Boolean(value) => key.push(value.into()),
        Scalar::Integer(value) | Scalar::Timestamp(value) => key.extend(value.to_le_bytes()),
        Scalar::Decimal { number, scale, .. } => {
            let unscaled = number.to_scaled_integer(scale.into());
            key.extend(unscaled.unwrap_or_default().to_le_bytes());
        }
        Scalar::Unscaled { value, .. } => key.extend(value.to_le_bytes()),
        // Zero has two signs.
        Scalar::Double(value) => key.extend((value + 0.0).to_le_bytes()),
        Scalar::Float(value) => key.extend((value + 0.0).to_le_bytes()),
        Scalar::Microseconds(value) => key.extend(value.to_le_bytes()),
        Scalar::Date { days, .. } => key.extend(days.to_le_bytes()),
    }
}
