//! The transformation: an event's bytes to objects, their keys and their bytes. The same event
//! gives the same objects, byte for byte.

use crate::files::Files;
use crate::isolation::{Aside, Part, Place, Unrecoverable, isolate};
use crate::object::Object;
use crate::partition::{Granularity, Partition};
use crate::settings::Lake;
use dynalake::failure::Failure;
use dynalake::firehose::ErrorLine;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Binary, Plan, Schema};
use dynalake::statistics::{EventIds, FailedRecord, Statistics};
use dynalake::stream::{Event, EventError, Record, Source};
use dynalake_parquet::Form;
use std::fmt;
use std::panic::catch_unwind;

/// What is kept of a buffer between invocations, so that one large record does not hold memory
/// forever.
const KEPT_BYTES: usize = 1 << 20;

/// Turns events into objects; one at a time, with memory reused from one to the next.
#[derive(Debug)]
pub struct Transformer {
    lake: Lake,
    tables: Vec<Table>,
    event_ids: EventIds,
    scratch: Vec<u8>,
}

/// One table of the lake.
#[derive(Debug)]
struct Table {
    name: String,
    declared_binary: Option<Binary>,
    records: RecordTransformer,
}

/// What an event gives.
#[derive(Debug)]
pub struct Batch {
    /// The objects; none where no record gives a row or fails.
    pub objects: Vec<Object>,
    /// Counts, as they are once all objects are stored, without their bytes. A record failed if it
    /// did for any schema, and is `Ok` if it gives a row and failed for none.
    pub statistics: Statistics,
    /// The records that failed, by the table of the lake whose error prefix has them.
    pub failed: Vec<Failed>,
    /// The first record's sequence number; `None` without records.
    pub first: Option<String>,
}

/// The records that failed for a table.
#[derive(Debug)]
pub struct Failed {
    /// The table's name in the lake.
    pub table: String,
    /// The plan that explains the failures.
    pub plan: Plan,
    /// The records.
    pub records: Vec<FailedRecord>,
}

/// Why an event gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransformError {
    /// This function can't take it.
    Event(EventError),
    /// Not even its records could be set aside.
    Panic,
}

impl fmt::Display for TransformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransformError::Event(error) => error.fmt(f),
            TransformError::Panic => f.write_str(
                "a defect of dynalake: the transformation panicked, and its records could not be \
                 set aside; please report it",
            ),
        }
    }
}

impl std::error::Error for TransformError {}

impl From<EventError> for TransformError {
    fn from(error: EventError) -> Self {
        TransformError::Event(error)
    }
}

impl Transformer {
    /// A transformation into these tables.
    pub fn new(lake: Lake) -> Transformer {
        Transformer {
            tables: lake.schemas.iter().map(|(schema, _)| Table::new(schema)).collect(),
            lake,
            event_ids: EventIds::default(),
            scratch: Vec::new(),
        }
    }

    /// Takes an event that arrived at `now_ms`, in milliseconds since 1970, to objects.
    /// `function_arn` goes into the lines of records that fail.
    ///
    /// # Errors
    ///
    /// [`TransformError`], where it can't be taken record by record. A bad record is not an error:
    /// it goes to an object of the error prefix.
    pub fn transform(
        &mut self,
        input: &[u8],
        function_arn: &str,
        now_ms: u64,
    ) -> Result<Batch, TransformError> {
        // Nothing can be set aside of an event that isn't read.
        let parse = || {
            #[cfg(test)]
            tests::panic_in_parser_where_planted(input);
            Event::parse(input)
        };
        let event = catch_unwind(parse).map_err(|_| TransformError::Panic)??;
        let attempt = |transformer: &mut Transformer, aside: &Aside, place: &Place| {
            Attempt::new(transformer, input, &event, function_arn).run(aside, place)
        };
        let batch = isolate(self, attempt, Transformer::forget);
        self.shrink();
        let mut batch = batch.map_err(|Unrecoverable| TransformError::Panic)?;
        batch.statistics.now_ms = now_ms;
        Ok(batch)
    }

    /// Replaces what works on records: after a panic it may be half way through one.
    fn forget(&mut self) {
        let lake = self.lake.clone();
        *self = Transformer::new(lake);
    }

    /// Gives memory back that only a large event needs.
    fn shrink(&mut self) {
        self.scratch.clear();
        self.scratch.shrink_to(KEPT_BYTES);
        self.event_ids.shrink(KEPT_BYTES);
        self.tables.iter_mut().for_each(|table| table.records.shrink(KEPT_BYTES));
    }
}

impl Table {
    fn new(schema: &Schema) -> Table {
        let plan = Plan::new(schema);
        let options = Options::new(&plan);
        Table {
            name: schema.lake_name(),
            declared_binary: plan.binary,
            records: RecordTransformer::new(plan, options),
        }
    }
}

/// One attempt at an event.
struct Attempt<'a> {
    input: &'a [u8],
    event: &'a Event,
    function_arn: &'a str,
    tables: &'a mut [Table],
    event_ids: &'a mut EventIds,
    scratch: &'a mut Vec<u8>,
    prefixes: [&'a str; 2],
    /// Of each table, its files and its lines of failed records.
    files: Vec<Files<'a>>,
    lines: Vec<Lines>,
    /// When the batch's first record arrived.
    arrival_us: u64,
    statistics: Statistics,
}

/// What failed for one table.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    failed: Vec<FailedRecord>,
}

impl<'a> Attempt<'a> {
    fn new(
        transformer: &'a mut Transformer,
        input: &'a [u8],
        event: &'a Event,
        function_arn: &'a str,
    ) -> Attempt<'a> {
        let Transformer { lake, tables, event_ids, scratch } = transformer;
        // In 1970 where no record has a time.
        let arrival_us = event.records.iter().find_map(|record| record.arrival_us).unwrap_or(0);
        let files =
            |form: &'a Form| Files::new(form, lake.partition_by, lake.granularity, arrival_us);
        event_ids.clear();
        for table in &mut *tables {
            // DynamoDB Streams encode once, whatever is said of Kinesis.
            table.records.set_binary(match event.source {
                Some(Source::Streams) => Some(Binary::Single),
                _ => table.declared_binary,
            });
        }
        Attempt {
            files: lake.schemas.iter().map(|(_, form)| files(form)).collect(),
            lines: tables.iter().map(|_| Lines::default()).collect(),
            prefixes: [&lake.prefix, &lake.error_prefix],
            statistics: Statistics {
                records_in: event.records.len() as u64,
                bytes_in: input.len() as u64,
                ..Statistics::default()
            },
            input,
            event,
            function_arn,
            tables,
            event_ids,
            scratch,
            arrival_us,
        }
    }

    fn run(mut self, aside: &Aside, place: &Place) -> Batch {
        for (at, record) in self.event.records.iter().enumerate() {
            self.record(at, record, aside, place);
        }
        self.finish(place)
    }

    /// Takes one record to its row in each table that wants it, and counts it.
    fn record(&mut self, at: usize, record: &Record, aside: &Aside, place: &Place) {
        let (mut has_row, mut failure) = (false, None);
        // Whether the record itself is bad: it fails once then.
        let mut is_bad = false;
        for schema in 0..self.tables.len() {
            place.at_record(at, schema);
            let (outcome, is_change) = match aside.holds(at, schema) {
                Some(part) => (Outcome::Failed(Failure::Panic), part == Part::OfSchema),
                None => self.transform(record, schema),
            };
            match outcome {
                Outcome::Row { rescued, .. } => {
                    place.at_files(schema);
                    #[cfg(test)]
                    tests::panic_at_advance_where_planted(&self.tables[schema].name);
                    self.files[schema].advance();
                    has_row = true;
                    self.statistics.rows_rescued += u64::from(rescued);
                }
                Outcome::Dropped => {}
                // It failed before, perhaps set aside by a schema that had not looked at it.
                Outcome::Failed(_) if is_bad || !is_change && failure.is_some() => is_bad = true,
                Outcome::Failed(reason) => {
                    is_bad |= !is_change;
                    failure.get_or_insert(reason);
                    self.set_aside(at, record, schema, reason);
                }
            }
        }
        match failure {
            Some(failure) => {
                let failed = FailedRecord::new(at, record.sequence_number, failure);
                self.statistics.failures.push(failed);
            }
            None if has_row => self.statistics.records_ok += 1,
            None => self.statistics.records_dropped += 1,
        }
    }

    /// Takes one record to its row in one table. Says too whether it is a change of that table: a
    /// failure is then a matter of the table's schema.
    fn transform(&mut self, record: &Record, schema: usize) -> (Outcome, bool) {
        #[cfg(test)]
        tests::panic_where_planted(&record.to_original(self.input), schema);
        let (records, files) = (&mut self.tables[schema].records, &mut self.files[schema]);
        if let Err(failure) = record.append_to(self.input, self.scratch, records.buffer()) {
            return (Outcome::Failed(failure), false);
        }
        let number = record.kinesis_number(self.input);
        let transformed = records.transform_buffered(number.as_deref(), files);
        // Each schema sees the same.
        if schema == 0
            && let Some(id) = transformed.event_id
        {
            self.statistics.duplicates += u64::from(self.event_ids.is_duplicate(id));
        }
        if let Some(time_us) = transformed.time_us {
            let oldest_us = &mut self.statistics.oldest_us;
            *oldest_us = Some(oldest_us.map_or(time_us, |oldest| oldest.min(time_us)));
        }
        (transformed.outcome, transformed.is_change)
    }

    /// Writes a record's line for the error prefix of a table.
    fn set_aside(&mut self, at: usize, record: &Record, schema: usize, failure: Failure) {
        let Lines { text, failed } = &mut self.lines[schema];
        failed.push(FailedRecord::new(at, record.sequence_number, failure));
        ErrorLine {
            time_ms: record.arrival_us.unwrap_or(0) / 1_000,
            failure,
            message: &failure.explain(self.tables[schema].records.plan()),
            data: &record.to_original(self.input),
            lambda_arn: Some(self.function_arn),
            sequence_number: Some(&record.sequence_number.to_cow(self.input)),
            shard_id: Some(record.shard_id(self.input)),
        }
        .write(text);
    }

    /// The objects of all rows and lines.
    fn finish(self, place: &Place) -> Batch {
        let Attempt { input, event, tables, files, lines, prefixes, statistics, .. } = self;
        let [prefix, error_prefix] = prefixes;
        place.at_batch();
        #[cfg(test)]
        tests::panic_where_planted_past_records(&statistics);
        let number = |record: Option<&Record>| {
            let number = record.map(|record| record.sequence_number.to_cow(input));
            String::from_utf8_lossy(&number.unwrap_or_default()).into_owned()
        };
        let (first, last) = (number(event.records.first()), number(event.records.last()));
        let shard = event.records.first().map_or("", |record| record.shard_id(input));
        let base = format!("{shard}-{first}-{last}");
        // As Firehose's, an error prefix has hours.
        let of_errors = Partition::of(self.arrival_us, Granularity::Hour);

        let mut objects = Vec::new();
        let mut failed = Vec::new();
        for (schema, ((table, files), lines)) in tables.iter().zip(files).zip(lines).enumerate() {
            let name = &table.name;
            place.at_files(schema);
            #[cfg(test)]
            tests::panic_at_close_where_planted(name, &statistics);
            for (partition, bytes) in files.close() {
                let key = format!("{prefix}/{name}/{partition}/{base}.parquet");
                objects.push(Object { key, bytes });
            }
            if !lines.failed.is_empty() {
                let folder = format!("{error_prefix}/{name}/processing-failed/{of_errors}");
                let key = format!("{folder}/{base}.json");
                objects.push(Object { key, bytes: lines.text });
                let plan = table.records.plan().clone();
                failed.push(Failed { table: name.clone(), plan, records: lines.failed });
            }
        }
        let first = (!event.records.is_empty()).then_some(first);
        Batch { objects, statistics, failed, first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    /// Panics at a change of the item `panic-N`, by the schema N.
    pub(super) fn panic_where_planted(record: &[u8], schema: usize) {
        let record = String::from_utf8_lossy(record);
        assert!(!record.contains(&format!("panic-{schema}")), "planted");
    }

    /// Panics where seven records give rows.
    pub(super) fn panic_where_planted_past_records(statistics: &Statistics) {
        assert!(statistics.records_ok != 7, "planted");
    }

    /// Panics at the files of a table of this name.
    pub(super) fn panic_at_advance_where_planted(table: &str) {
        assert!(table != "panic_at_advance", "planted");
    }

    /// Panics at the files of a table of this name, if a record is a row in all tables.
    pub(super) fn panic_at_close_where_planted(table: &str, statistics: &Statistics) {
        assert!(table != "panic_at_close" || statistics.records_ok == 0, "planted");
    }

    /// Panics at an event with this word.
    pub(super) fn panic_in_parser_where_planted(input: &[u8]) {
        assert!(!input.ends_with(b"panic"), "planted");
    }

    fn transformer() -> Transformer {
        transformer_of(["first", "second"])
    }

    /// A transformer into two tables of these names.
    fn transformer_of(names: [&str; 2]) -> Transformer {
        let schema = |name: &str| {
            format!(
                r#"{{"name": "{name}", "table": "orders", "keys": ["id"],
                     "columns": [{{"name": "id", "type": "string"}}]}}"#
            )
        };
        let schemas = format!("[{}, {}]", schema(names[0]), schema(names[1]));
        let get = |name: &str| match name {
            "DYNALAKE_SCHEMA" => Some(schemas.clone()),
            "DYNALAKE_PREFIX" => Some("data".to_owned()),
            "DYNALAKE_ERROR_PREFIX" => Some("errors".to_owned()),
            "DYNALAKE_PARTITION_BY" | "DYNALAKE_PARTITION_GRANULARITY" | "AWS_ENDPOINT_URL_S3" => {
                None
            }
            // All the others are not looked at here.
            _ => Some("xxx".to_owned()),
        };
        let settings = Settings::read(|name| get(name).map(Into::into)).expect("all are UTF-8");
        let config = settings.config(|_| Err(std::io::ErrorKind::NotFound.into()));
        Transformer::new(config.expect("all are good").lake)
    }

    /// An event of changes of these items.
    fn event(ids: &[&str]) -> String {
        let record = |(at, id): (usize, &&str)| {
            format!(
                r#"{{"eventSource":"aws:dynamodb","eventName":"INSERT",
                     "eventSourceARN":"arn:aws:dynamodb:x:1:table/orders",
                     "dynamodb":{{"SequenceNumber":"{at}","ApproximateCreationDateTime":0,
                     "Keys":{{"id":{{"S":"{id}"}}}},"NewImage":{{"id":{{"S":"{id}"}}}}}}}}"#
            )
        };
        let records: Vec<String> = ids.iter().enumerate().map(record).collect();
        format!("{{\"Records\":[{}]}}", records.join(","))
    }

    /// The objects, by the table and kind in their keys: how many rows, or which lines' numbers.
    fn objects(batch: &Batch) -> Vec<(String, Vec<String>)> {
        let content = |object: &Object| {
            let folder = object.key.split("/dt=").next().unwrap_or_default().to_owned();
            if object.key.ends_with(".parquet") {
                let file = SerializedFileReader::new(Bytes::from(object.bytes.clone()));
                let rows = file.expect("it is a file").metadata().file_metadata().num_rows();
                return (folder, vec![format!("{rows} rows")]);
            }
            let lines = String::from_utf8_lossy(&object.bytes).into_owned();
            let number = |line: &str| {
                assert!(line.contains(r#""errorCode":"dynalake.panic""#), "{line}");
                line.split(r#""sequenceNumber":""#)
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .expect("a line has a number")
                    .to_owned()
            };
            (folder, lines.lines().map(number).collect())
        };
        batch.objects.iter().map(content).collect()
    }

    fn own(found: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        found.iter().map(|(folder, content)| ((*folder).to_owned(), texts(content))).collect()
    }

    #[test]
    fn a_panic_sets_its_record_aside_for_the_schema_at_which_it_happens() {
        let mut transformer = transformer();
        let ids = ["a", "panic-1", "b", "panic-0 panic-1", "c"];
        let batch = transformer.transform(event(&ids).as_bytes(), "arn", 0).expect("it is one");
        let expected = own(&[
            ("data/first", &["4 rows"]),
            // Bad for both, so it is there once.
            ("errors/first/processing-failed", &["3"]),
            ("data/second", &["3 rows"]),
            ("errors/second/processing-failed", &["1"]),
        ]);
        assert_eq!(objects(&batch), expected);
        let Statistics { records_ok, failures, .. } = &batch.statistics;
        assert_eq!((*records_ok, failures.len()), (3, 2));
        // The next batch is as any other.
        let batch = transformer.transform(event(&["a"]).as_bytes(), "arn", 0).expect("it is one");
        assert_eq!(
            objects(&batch),
            own(&[("data/first", &["1 rows"]), ("data/second", &["1 rows"])])
        );
    }

    #[test]
    fn a_panic_at_a_tables_file_sets_the_batch_aside_for_that_table() {
        for name in ["panic_at_advance", "panic_at_close"] {
            let mut transformer = transformer_of(["first", name]);
            let ids = ["a", "panic-0", "b"];
            let batch = transformer.transform(event(&ids).as_bytes(), "arn", 0).expect("it is one");
            let folder = format!("errors/{name}/processing-failed");
            let expected = own(&[
                ("data/first", &["2 rows"]),
                ("errors/first/processing-failed", &["1"]),
                (&folder, &["0", "1", "2"]),
            ]);
            assert_eq!(objects(&batch), expected);
        }
    }

    #[test]
    fn a_record_that_is_no_change_fails_once_beside_a_panic_at_a_file() {
        let no_change = r#"{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"9"}}"#;
        let records = event(&["a"]).replace("]}", &format!(",{no_change}]}}"));
        for names in [["panic_at_close", "other"], ["other", "panic_at_close"]] {
            let mut transformer = transformer_of(names);
            let batch = transformer.transform(records.as_bytes(), "arn", 0).expect("it is one");
            let failed = batch.failed.iter().flat_map(|failed| &failed.records);
            let of_it = failed.filter(|failed| failed.record_id(records.as_bytes()) == "9");
            assert_eq!(of_it.count(), 1, "{names:?}");
            assert_eq!(batch.statistics.failures.len(), 2, "the other one is set aside");
        }
    }

    #[test]
    fn a_panic_in_the_reader_of_events_is_an_error() {
        let done = transformer().transform(b"{\"Records\":[]} panic", "arn", 0);
        assert!(matches!(done, Err(TransformError::Panic)));
    }

    #[test]
    fn a_panic_that_no_record_explains_sets_the_batch_aside() {
        let ids = ["1", "2", "3", "4", "5", "6", "7"];
        let batch = transformer().transform(event(&ids).as_bytes(), "arn", 0).expect("it is one");
        let all = ["0", "1", "2", "3", "4", "5", "6"];
        assert_eq!(objects(&batch), own(&[("errors/first/processing-failed", &all)]));
        assert_eq!(batch.statistics.failures.len(), 7);
    }
}
