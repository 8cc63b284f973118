//! One change record's bytes to its row: the unit that every way to the lake is made of.
//!
//! Knows nothing of Firehose: no events, no base64, no limits on all rows together.

use crate::change::{Change, Envelope, EventName, check_text, export, written};
use crate::failure::Failure;
use crate::item::Tape;
use crate::row::{Rewriter, RowWriter, Rows, view};
use crate::schema::{Binary, OnRemove, Plan};
use crate::text::json::Text;

/// What becomes of change records.
#[derive(Clone, Debug)]
pub struct Options {
    /// The tables whose changes are wanted; `None`: those of all tables.
    pub tables: Option<Vec<String>>,
    /// The table of records that don't name one, and of export lines, which never do.
    pub default_table: Option<String>,
    /// The largest row, in bytes; a change with a larger one fails.
    pub max_row_bytes: usize,
}

impl Options {
    /// What a plan says for itself: changes of its schema's table are wanted, or all changes
    /// where there is no schema; rows may have any size.
    pub fn new(plan: &Plan) -> Options {
        let tables = plan.table.clone().map(|table| vec![table]);
        Options { tables, default_table: None, max_row_bytes: usize::MAX }
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
    default_table: Option<Vec<u8>>,
    tape: Tape,
    row: RowWriter,
    /// For rows that were written before; made for the first of them.
    rewriter: Option<Box<Rewriter>>,
    max_row_bytes: usize,
    table: Vec<u8>,
    /// Holds an event id that has escapes.
    event_id: Vec<u8>,
    /// Holds DynamoDB's sequence number.
    sequence_number: Vec<u8>,
    scratch: Vec<u8>,
}

/// What became of a change record, and what it says of itself in any case.
#[derive(Debug)]
pub struct Transformed<'a> {
    /// What became of it.
    pub outcome: Outcome,
    /// `eventID`: equal on duplicates of one change. `None` if it is absent, and where the
    /// record is not JSON.
    pub event_id: Option<&'a [u8]>,
    /// Creation time in microseconds since 1970, of a change of a wanted table that says it.
    pub time_us: Option<u64>,
    /// The table's name, where it could be read; else empty.
    pub table: &'a [u8],
    /// Whether the record is a change of a wanted table. What fails it then is of this plan: a key
    /// column that can't be filled, or an old image that the plan needs.
    pub is_change: bool,
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
    /// It is of a table whose changes are not wanted, or not one of the rows that the schema wants.
    Dropped,
    /// It can't be a row.
    Failed(Failure),
}

/// What was seen of a record on the way to its outcome.
#[derive(Clone, Copy, Default)]
struct Seen {
    event_id: Option<Text>,
    time_us: Option<u64>,
    is_change: bool,
}

impl RecordTransformer {
    /// A transformer by this plan.
    pub fn new(plan: Plan, options: Options) -> RecordTransformer {
        RecordTransformer {
            row: RowWriter::new(&plan, options.max_row_bytes),
            rewriter: None,
            max_row_bytes: options.max_row_bytes,
            plan,
            tables: options.tables,
            default_table: options.default_table.map(String::into_bytes),
            tape: Tape::default(),
            table: Vec::new(),
            event_id: Vec::new(),
            sequence_number: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// The plan it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How often binary values are encoded from now on; `None`: the record's shape decides.
    pub fn set_binary(&mut self, binary: Option<Binary>) {
        self.plan.binary = binary;
    }

    /// Takes one record to its row, which is added to `rows`: as a line of JSON to a `Vec<u8>`. A
    /// record that gives none leaves `rows` as it is.
    /// `sequence_number` is Kinesis' for the record, where there is one.
    pub fn transform(
        &mut self,
        record: &[u8],
        sequence_number: Option<&[u8]>,
        rows: &mut impl Rows,
    ) -> Transformed<'_> {
        self.buffer().extend_from_slice(record);
        self.transform_buffered(sequence_number, rows)
    }

    /// The buffer for the next record's bytes, empty. Saves a copy where they are made anyway.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.table.clear();
        self.tape.begin()
    }

    /// The same as [`RecordTransformer::transform`], of the bytes in [`RecordTransformer::buffer`].
    #[inline]
    pub fn transform_buffered(
        &mut self,
        sequence_number: Option<&[u8]>,
        rows: &mut impl Rows,
    ) -> Transformed<'_> {
        let mut seen = Seen::default();
        let outcome = self.read(sequence_number, rows, &mut seen);
        self.transformed(outcome, seen)
    }

    /// Takes one line of an export to S3 to its row. A line of the other kind fails.
    pub fn transform_export_line(
        &mut self,
        line: &[u8],
        kind: export::Kind,
        rows: &mut impl Rows,
    ) -> Transformed<'_> {
        self.buffer().extend_from_slice(line);
        let mut seen = Seen::default();
        let outcome = self.read_export_line(kind, rows, &mut seen);
        self.transformed(outcome, seen)
    }

    /// Takes a row that was written before, as a line of JSON, to the row by the plan as it is now.
    ///
    /// Its metadata stay, and each of its members goes to the column of its own name, as the
    /// attribute type that JSON has for it: S, N, BOOL, NULL, L or M. A member that does not fit, or
    /// no longer has a column, is rescued beside what `_rescued` already holds, unless that has an
    /// entry for the path. Of the filters only the table is checked again. Members that are
    /// protected now are hashed or left out; a hash is not hashed again. A plan without a schema has
    /// no columns, so everything is rescued.
    ///
    /// A row that fits stays as it is:
    ///
    /// ```
    /// use dynalake::record::{Options, RecordTransformer};
    /// use dynalake::schema::{Plan, Schema};
    ///
    /// let plan = Plan::new(&Schema::parse(
    ///     r#"{"table": "orders", "keys": ["orderId"], "columns": [
    ///         {"name": "order_id", "type": "string"}, {"name": "total", "type": "int"}]}"#,
    /// )?);
    /// let options = Options::new(&plan);
    /// let mut records = RecordTransformer::new(plan, options);
    ///
    /// let row = concat!(
    ///     r#"{"order_id":"o-1","total":12,"_event_type":"INSERT","#,
    ///     r#""_event_time":"2024-07-11T23:58:22.233719Z","_table":"orders","#,
    ///     r#""_sequence":"00001720742302233719-"#,
    ///     r#"00000000000000000000000000000000000000000000000000004959"}"#,
    ///     "\n"
    /// );
    /// let mut again = Vec::new();
    /// records.transform_row(row.as_bytes(), &mut again);
    /// assert_eq!(String::from_utf8(again)?, row);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transform_row(&mut self, row: &[u8], rows: &mut impl Rows) -> Transformed<'_> {
        self.buffer().extend_from_slice(row);
        let mut seen = Seen::default();
        let outcome = self.read_row(rows, &mut seen);
        self.transformed(outcome, seen)
    }

    fn transformed(&mut self, outcome: Result<Outcome, Failure>, seen: Seen) -> Transformed<'_> {
        Transformed {
            outcome: outcome.unwrap_or_else(Outcome::Failed),
            event_id: seen.event_id.map(|id| id.decoded(self.tape.text(), &mut self.event_id)),
            time_us: seen.time_us,
            table: &self.table,
            is_change: seen.is_change,
        }
    }

    /// The order in which a record is read. Each step needs only what the ones before it checked,
    /// so that a record of another table may be wrong in every other way.
    fn read(
        &mut self,
        sequence_number: Option<&[u8]>,
        rows: &mut impl Rows,
        seen: &mut Seen,
    ) -> Result<Outcome, Failure> {
        let RecordTransformer { plan, tape, table, sequence_number: number, scratch, .. } = self;
        // 1. Text, and one JSON object.
        check_text(tape.text())?;
        let mut envelope = Envelope::default();
        envelope.parse(tape, plan.old_image)?;
        // 2. The event id, by which duplicates are known, whatever else is wrong.
        seen.event_id = envelope.event_id();
        // 3. The table, and whether it is wanted.
        envelope.read_table(tape, self.default_table.as_deref(), table)?;
        if !is_wanted(self.tables.as_deref(), table) {
            return Ok(Outcome::Dropped);
        }
        let time_us = envelope.time_us(tape);
        seen.time_us = time_us.ok();
        // 4. The change. Binary first: from here on values are read.
        envelope.unwrap_binaries(tape, plan.binary, scratch);
        let mut change = envelope.change(tape, table, time_us, sequence_number, number)?;
        seen.is_change = true;
        // 5. Whether the item is in the view, or was in it and leaves.
        if let Some(filter) = &plan.filter
            && !change.new_image.is_some_and(|image| view::holds(filter, tape, image))
        {
            let was_in = change.event_name != EventName::Insert
                && match envelope.old_image(tape, plan.binary, scratch)? {
                    Some(old) => view::holds(filter, tape, old),
                    None => view::may_hold(filter, tape, change.keys),
                };
            if !was_in {
                return Ok(Outcome::Dropped);
            }
            change.leave_view();
        }
        // 6. Whether such rows are wanted.
        if !change.is_wanted(plan.events) {
            return Ok(Outcome::Dropped);
        }
        // 7. The row, with the old image where it needs that.
        if plan.old_image
            || (plan.on_remove == OnRemove::Item && change.event_name == EventName::Remove)
        {
            change.old_image = envelope.old_image(tape, plan.binary, scratch)?;
        }
        write_row(plan, &mut self.row, &change, tape, rows)
    }

    /// The same for a line of an export. Its old image is the state before the export's window,
    /// and never looked at.
    fn read_export_line(
        &mut self,
        kind: export::Kind,
        rows: &mut impl Rows,
        seen: &mut Seen,
    ) -> Result<Outcome, Failure> {
        let RecordTransformer { plan, tape, table, scratch, .. } = self;
        check_text(tape.text())?;
        let line = export::Line::parse(tape)?;
        table.extend_from_slice(self.default_table.as_deref().ok_or(Failure::NoTable)?);
        if !is_wanted(self.tables.as_deref(), table) {
            return Ok(Outcome::Dropped);
        }
        let mut change = line.change(tape, table, kind, scratch)?;
        seen.is_change = true;
        seen.time_us = Some(change.time_us);
        if let Some(filter) = &plan.filter
            && !change.new_image.is_some_and(|image| view::holds(filter, tape, image))
        {
            if change.event_name == EventName::Export {
                return Ok(Outcome::Dropped);
            }
            change.leave_view();
        }
        if !change.is_wanted(plan.events) {
            return Ok(Outcome::Dropped);
        }
        write_row(plan, &mut self.row, &change, tape, rows)
    }

    /// The same for a row that was written before.
    fn read_row(&mut self, rows: &mut impl Rows, seen: &mut Seen) -> Result<Outcome, Failure> {
        let RecordTransformer { plan, tape, table, sequence_number: number, .. } = self;
        check_text(tape.text())?;
        let row = written::Row::parse(tape)?;
        seen.event_id = row.event_id();
        row.read_table(tape, table)?;
        if !is_wanted(self.tables.as_deref(), table) {
            return Ok(Outcome::Dropped);
        }
        let change = row.change(tape, table, number)?;
        seen.is_change = true;
        let time_us = change.time_us;
        seen.time_us = Some(time_us);
        let max_bytes = self.max_row_bytes;
        let rewriter =
            self.rewriter.get_or_insert_with(|| Box::new(Rewriter::new(plan, max_bytes)));
        let rescued = rewriter.write(plan, &change, row.rescued()?, tape, rows.sink(time_us))?;
        Ok(Outcome::Row { rescued, time_us })
    }

    /// The `_rescued` of the last row of a change, as JSON, if its outcome says `rescued`; else of
    /// no meaning.
    pub fn rescued(&self) -> &[u8] {
        self.row.rescued()
    }

    /// Gives memory back that only a large record needs.
    pub fn shrink(&mut self, kept_bytes: usize) {
        for buffer in
            [&mut self.table, &mut self.event_id, &mut self.sequence_number, &mut self.scratch]
        {
            buffer.clear();
            buffer.shrink_to(kept_bytes);
        }
        self.tape.shrink(kept_bytes);
        self.row.shrink(kept_bytes);
        if let Some(rewriter) = &mut self.rewriter {
            rewriter.shrink(kept_bytes);
        }
    }
}

fn is_wanted(tables: Option<&[String]>, table: &[u8]) -> bool {
    tables.is_none_or(|tables| tables.iter().any(|wanted| wanted.as_bytes() == table))
}

#[inline]
fn write_row(
    plan: &Plan,
    row: &mut RowWriter,
    change: &Change<'_>,
    tape: &mut Tape,
    rows: &mut impl Rows,
) -> Result<Outcome, Failure> {
    match row.write(plan, change, tape, rows.sink(change.time_us)) {
        Ok(rescued) => Ok(Outcome::Row { rescued, time_us: change.time_us }),
        // A view can't hold a key that does not fit its key columns, so there is nothing to remove.
        Err(Failure::KeyNotFilled { .. })
            if plan.filter.is_some() && change.event_name == EventName::Remove =>
        {
            Ok(Outcome::Dropped)
        }
        Err(failure) => Err(failure),
    }
}
