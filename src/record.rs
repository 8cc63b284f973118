//! One change record's bytes to its row: the unit that every way to the lake is made of.
//!
//! Knows nothing of Firehose: no events, no base64, no limits on all rows together.

use crate::change::Envelope;
use crate::failure::Failure;
use crate::item::Tape;
use crate::row::RowWriter;
use crate::schema::Plan;
use crate::text::json::Text;

/// What becomes of change records.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tables whose changes are wanted; `None`: those of all tables.
    pub tables: Option<Vec<String>>,
    /// The largest row, in bytes; a change with a larger one fails.
    pub max_row_bytes: usize,
}

impl Options {
    /// What a plan says for itself: changes of its schema's table are wanted, or all changes
    /// where there is no schema; rows may have any size.
    pub fn new(plan: &Plan) -> Options {
        let tables = plan.table.clone().map(|table| vec![table]);
        Options { tables, max_row_bytes: usize::MAX }
    }
}

/// Turns change records into rows by one plan, one at a time, with memory that it reuses.
///
/// ```
/// use dynalake::record::{Options, Outcome, RecordTransformer};
/// use dynalake::schema::{Plan, Schema};
///
/// let plan = Plan::new(&Schema::parse(
///     r#"{"table": "orders", "keys": ["orderId"], "columns": [
///         {"name": "order_id", "type": "string"}, {"name": "total", "type": "decimal(38,9)"}]}"#,
/// )?);
/// let options = Options::new(&plan);
/// let mut records = RecordTransformer::new(plan, options);
///
/// let record = br#"{"tableName": "orders", "eventName": "REMOVE", "dynamodb": {
///     "ApproximateCreationDateTime": 1720742302233719, "Keys": {"orderId": {"S": "o-1"}}}}"#;
/// let mut row = Vec::new();
/// let transformed = records.transform(record, Some(b"49590338271490256608"), &mut row);
/// assert!(matches!(transformed.outcome, Outcome::Row { .. }));
/// assert!(row.starts_with(br#"{"order_id":"o-1","_event_type":"REMOVE","#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordTransformer {
    plan: Plan,
    tables: Option<Vec<String>>,
    tape: Tape,
    rows: RowWriter,
    table: Vec<u8>,
    /// Holds an event id that has escapes.
    event_id: Vec<u8>,
    scratch: Vec<u8>,
}

/// What became of a change record, and what it tells of itself whatever became of it.
#[derive(Debug)]
pub struct Transformed<'a> {
    /// What became of it.
    pub outcome: Outcome,
    /// `eventID`: equal on duplicates of one change. `None` where there is none, and where the
    /// record is no JSON.
    pub event_id: Option<&'a [u8]>,
    /// Creation time in microseconds since 1970, of a change that is wanted and tells it.
    pub time_us: Option<u64>,
    /// The table's name, where it could be read; else empty.
    pub table: &'a [u8],
}

/// What became of a change record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its row was appended.
    Row {
        /// Whether something in it is in `_rescued`.
        rescued: bool,
        /// Creation time of the change, in microseconds since 1970.
        time_us: u64,
    },
    /// It is of a table whose changes are not wanted.
    Dropped,
    /// It can't be a row.
    Failed(Failure),
}

/// What was seen of a record on the way to its outcome.
#[derive(Default)]
struct Seen {
    event_id: Option<Text>,
    time_us: Option<u64>,
}

impl RecordTransformer {
    /// A transformer by this plan.
    pub fn new(plan: Plan, options: Options) -> RecordTransformer {
        RecordTransformer {
            rows: RowWriter::new(&plan, options.max_row_bytes),
            plan,
            tables: options.tables,
            tape: Tape::default(),
            table: Vec::new(),
            event_id: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes one record to its row, which is appended to `row` as a line of JSON.
    /// `sequence_number` is Kinesis' for the record, where there is one.
    pub fn transform(
        &mut self,
        record: &[u8],
        sequence_number: Option<&[u8]>,
        row: &mut Vec<u8>,
    ) -> Transformed<'_> {
        self.buffer().extend_from_slice(record);
        self.transform_buffered(sequence_number, row)
    }

    /// The buffer for the next record's bytes, empty. Saves a copy where they are made anyway.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.tape.begin()
    }

    /// The same as [`RecordTransformer::transform`], of the bytes in [`RecordTransformer::buffer`].
    #[inline]
    pub fn transform_buffered(
        &mut self,
        sequence_number: Option<&[u8]>,
        row: &mut Vec<u8>,
    ) -> Transformed<'_> {
        let mut seen = Seen::default();
        self.table.clear();
        let outcome = self.read(sequence_number, row, &mut seen);
        Transformed {
            outcome: outcome.unwrap_or_else(Outcome::Failed),
            event_id: seen.event_id.map(|id| id.decoded(self.tape.text(), &mut self.event_id)),
            time_us: seen.time_us,
            table: &self.table,
        }
    }

    /// The order in which a record is read. Each step needs only what the ones before it checked,
    /// so that a record of another table may be wrong in every other way.
    fn read(
        &mut self,
        sequence_number: Option<&[u8]>,
        row: &mut Vec<u8>,
        seen: &mut Seen,
    ) -> Result<Outcome, Failure> {
        // 1. Text, and one JSON object.
        if simdutf8::basic::from_utf8(self.tape.text()).is_err() {
            return Err(Failure::NotUtf8);
        }
        let envelope = Envelope::parse(&mut self.tape, self.plan.old_image)?;
        // 2. The event id, by which duplicates are known, whatever else is wrong.
        seen.event_id = envelope.event_id();
        // 3. The table, and whether it is wanted.
        envelope.read_table(&self.tape, &mut self.table)?;
        let is_wanted = |tables: &Vec<String>| tables.iter().any(|t| t.as_bytes() == self.table);
        if !self.tables.as_ref().is_none_or(is_wanted) {
            return Ok(Outcome::Dropped);
        }
        seen.time_us = envelope.time_us(&self.tape);
        // 4. The change. Binary first: from here on values are read.
        envelope.unwrap_binaries(&mut self.tape, self.plan.binary, &mut self.scratch);
        let change =
            envelope.change(&self.tape, &self.table, sequence_number, &mut self.scratch)?;
        // 5. The row.
        let time_us = change.time_us;
        let rescued = self.rows.write(&self.plan, &change, &mut self.tape, row)?;
        Ok(Outcome::Row { rescued, time_us })
    }

    /// Gives memory back that only a large record needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        for buffer in [&mut self.table, &mut self.event_id, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(kept_bytes);
        }
        self.tape.shrink(kept_bytes);
        self.rows.shrink(kept_bytes);
    }
}
