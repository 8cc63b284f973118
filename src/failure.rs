//! Why a record is `ProcessingFailed`. Each costs one record: Firehose keeps the original in the
//! error prefix.

use crate::schema::Plan;

/// How deep maps and lists may nest; a record with a deeper item fails. DynamoDB allows 32 levels.
pub const MAX_DEPTH: u32 = 64;

/// Why one record has no row. Never holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// The record of the event has no `data`, or one that is not base64.
    NotBase64,
    /// The data begins with gzip's magic bytes.
    Compressed,
    /// The data is not UTF-8.
    NotUtf8,
    /// The data is not one JSON object.
    NotJson,
    /// The change record names no table.
    NoTable,
    /// An attribute value has no descriptor, several, or one that doesn't fit its value.
    Malformed,
    /// Maps and lists nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// There is no `eventName`, or not one of INSERT, MODIFY and REMOVE.
    NoEventName,
    /// There is no creation time that can be read.
    NoTime(TimeFault),
    /// A line of an incremental export has no time of the write that can be read.
    NoWriteTime(TimeFault),
    /// An INSERT or MODIFY has no `NewImage`, or a full export's line no `Item`.
    NoNewImage,
    /// There are no `Keys`.
    NoKeys,
    /// A key column's attribute is absent or does not fit.
    KeyNotFilled {
        /// Index of the column in the plan.
        column: usize,
    },
    /// A row that was written before lacks a metadata column that each row has, or has another
    /// than is ever written.
    MalformedRow {
        /// The column's name.
        column: &'static str,
    },
    /// The row is larger than may ever be returned.
    RowTooLarge,
    /// The row is larger than what is left of the response.
    ResponseFull,
    /// The code that makes rows panicked at it.
    Panic,
}

/// What is wrong with a creation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeFault {
    /// It is absent or null.
    Absent,
    /// It is neither a number nor a timestamp's text.
    WrongKind,
    /// It is outside 1970 to 2261.
    OutOfRange,
}

impl Failure {
    /// A short name for logs and metrics: `not_json`.
    pub fn code(self) -> &'static str {
        match self {
            Failure::NotBase64 => "not_base64",
            Failure::Compressed => "compressed",
            Failure::NotUtf8 => "not_utf8",
            Failure::NotJson => "not_json",
            Failure::NoTable => "no_table",
            Failure::Malformed => "malformed_attribute_value",
            Failure::TooDeep => "nested_too_deep",
            Failure::NoEventName => "no_event_name",
            Failure::NoTime(_) | Failure::NoWriteTime(_) => "no_creation_time",
            Failure::NoNewImage => "no_new_image",
            Failure::NoKeys => "no_keys",
            Failure::KeyNotFilled { .. } => "key_not_filled",
            Failure::MalformedRow { .. } => "malformed_row",
            Failure::RowTooLarge | Failure::ResponseFull => "response_full",
            Failure::Panic => "panic",
        }
    }

    /// What was wrong, as a sentence for an operator.
    pub fn explain(self, plan: &Plan) -> String {
        match self {
            Failure::NotBase64 => "the record has no data in base64".into(),
            Failure::Compressed => {
                "the data is gzip, which DynamoDB never sends: another producer writes to the same \
                 stream, such as CloudWatch Logs"
                    .into()
            }
            Failure::NotUtf8 => "the data is not UTF-8".into(),
            Failure::NotJson => "the data is not one JSON object".into(),
            Failure::NoTable => {
                "the change record has neither tableName nor an eventSourceARN with a table".into()
            }
            Failure::Malformed => "an attribute value is not DynamoDB JSON".into(),
            Failure::TooDeep => format!("the item nests maps and lists deeper than {MAX_DEPTH}"),
            Failure::NoEventName => "eventName is not INSERT, MODIFY or REMOVE".into(),
            Failure::NoTime(fault) => {
                let wrong = match fault {
                    TimeFault::Absent => "absent",
                    TimeFault::WrongKind => {
                        "neither a number nor an ISO 8601 time with Z or an offset"
                    }
                    TimeFault::OutOfRange => "outside 1970 to 2261, or a leap second",
                };
                format!("dynamodb.ApproximateCreationDateTime is {wrong}")
            }
            Failure::NoWriteTime(fault) => {
                let wrong = match fault {
                    TimeFault::Absent => "absent",
                    TimeFault::WrongKind => "not a whole number of microseconds",
                    TimeFault::OutOfRange => "outside 1970 to 2261",
                };
                format!("Metadata.WriteTimestampMicros is {wrong}")
            }
            Failure::NoNewImage => "an INSERT or MODIFY has no NewImage".into(),
            Failure::NoKeys => "Keys is absent or empty".into(),
            Failure::KeyNotFilled { column } => format!(
                "key column \"{}\" can't be filled: its attribute is absent or does not fit the type",
                plan.columns.get(column).map_or("", |column| &column.name)
            ),
            Failure::MalformedRow { column } => {
                format!("the row's {column} is absent, there twice, or not as rows are written")
            }
            Failure::RowTooLarge => {
                "the row is larger than any response can hold; leave out attributes that the lake \
                 does not need, by \"protect\": \"drop\""
                    .into()
            }
            Failure::ResponseFull => {
                "the row no longer fits into the response; lower Firehose's BufferSizeInMBs".into()
            }
            Failure::Panic => "a defect of dynalake: it panicked at this record".into(),
        }
    }

    /// The same for a line of an export, whose members have other names.
    pub fn explain_export_line(self, plan: &Plan) -> String {
        match self {
            Failure::NoTable => {
                "the lines of an export don't say their table, and none is given".into()
            }
            Failure::NoNewImage => "Item is absent or null".into(),
            other => other.explain(plan),
        }
    }
}
