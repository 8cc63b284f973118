//! What a JSON value is, by the members of its object: a change record, something that holds one,
//! or neither. Nothing is copied, and what is inside a change record is not looked at.

use dynalake::change::{MEMBERS, export};
use dynalake::firehose::Event;
use dynalake::item::Descriptor;
use dynalake::text::json::{Cursor, SyntaxError};
use std::ops::Range;

/// What a JSON value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A change record.
    Change(Change),
    /// An object that holds a change record in base64: a record of Kinesis, or a line of an error
    /// prefix.
    Carrier {
        /// The text between the quotes; `None` without the member.
        data: Option<Range<usize>>,
        /// Between the quotes.
        sequence_number: Option<Range<usize>>,
    },
    /// A line of an export.
    Export {
        /// Whether it is one of a full export.
        is_full: bool,
    },
    /// An event of Firehose, with `records`.
    FirehoseEvent,
    /// An event of Lambda, or what the AWS CLI prints, with `Records`: the list.
    LambdaEvent(Range<usize>),
    /// An item in DynamoDB JSON: each member is an attribute value.
    Item,
    /// None of these.
    Unknown,
}

/// Which members a change record has that are neither absent nor null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// `dynamodb`, with what has changed.
    pub(super) has_dynamodb: bool,
    /// `tableName`.
    pub(super) has_table_name: bool,
    /// `eventSourceARN`.
    pub(super) has_arn: bool,
}

/// What text has at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A JSON value, up to its end.
    Value(Shape, usize),
    /// The beginning of one.
    Unfinished,
    /// No JSON, from here on.
    Broken(usize),
}

/// What `text` has at `from`.
pub(super) fn find(text: &[u8], from: usize) -> Found {
    // The cursor counts from its own beginning.
    let text = &text[from..];
    let mut cursor = Cursor::new(text);
    let shape = match cursor.peek() {
        // What follows is not part of it.
        b'{' => object(&mut cursor).map(|members| members.shape(&text[..cursor.at()])),
        _ => cursor.skip_value().map(|()| Shape::Unknown),
    };
    match shape {
        Ok(shape) => Found::Value(shape.moved(from), from + cursor.at()),
        Err(SyntaxError { at }) if at >= text.len() => Found::Unfinished,
        Err(SyntaxError { at }) => Found::Broken(from + at),
    }
}

/// The type of the attribute value that begins here, as far as its first descriptor and the kind of
/// its value say, `None` of anything else; and of one that is plain text the place behind it.
fn attribute_value(mut cursor: Cursor<'_>) -> (Option<Descriptor>, Option<Cursor<'_>>) {
    if !cursor.eat(b'{') || cursor.peek() != b'"' {
        return (None, None);
    }
    let Ok(name) = cursor.name() else { return (None, None) };
    let Some(descriptor) = Descriptor::parse(name.raw(cursor.input())) else { return (None, None) };
    let begins: &[u8] = match descriptor {
        Descriptor::S | Descriptor::N | Descriptor::B => {
            let is_text = cursor.string().is_ok();
            let is_all = is_text && cursor.eat(b'}');
            return (is_text.then_some(descriptor), is_all.then_some(cursor));
        }
        Descriptor::Bool => b"tf",
        Descriptor::Null => b"t",
        Descriptor::M => b"{",
        Descriptor::L | Descriptor::Ss | Descriptor::Ns | Descriptor::Bs => b"[",
    };
    (begins.contains(&cursor.peek()).then_some(descriptor), None)
}

/// Where the members are by which an object is recognized; of two of one name the last.
#[derive(Default)]
struct Members {
    /// Whether all members so far are attribute values; `None` before the first.
    is_item: Option<bool>,
    change: Change,
    has_change_member: bool,
    /// Whether it has a member that records of SQS, SNS or S3 have, beside `eventSourceARN`.
    is_of_another_service: bool,
    has_export_image: bool,
    records: Option<Range<usize>>,
    lambda_records: Option<Range<usize>>,
    detail: Option<Range<usize>>,
    kinesis: Option<Range<usize>>,
    data: Option<Range<usize>>,
    raw_data: Option<Range<usize>>,
    sequence_number: Option<Range<usize>>,
    item: Option<Range<usize>>,
    metadata: Option<Range<usize>>,
}

/// Takes an object.
fn object(cursor: &mut Cursor<'_>) -> Result<Members, SyntaxError> {
    let mut members = Members::default();
    cursor.object(|cursor, name| {
        let is_null = cursor.peek() == b'n';
        let start = cursor.at();
        let mut behind = None;
        if members.is_item != Some(false) {
            let (descriptor, end) = attribute_value(*cursor);
            // `{"Item":{"M":{…` may also be a line of an export, whose item has an attribute M.
            let is_line =
                descriptor == Some(Descriptor::M) && name == export::MEMBERS[0].as_bytes();
            members.is_item = Some(descriptor.is_some() && !is_line);
            behind = end;
        }
        match behind {
            Some(behind) => *cursor = behind,
            None => cursor.skip_value()?,
        }
        if is_null {
            return Ok(());
        }
        let value = Some(start..cursor.at());
        match name {
            b"records" => members.records = value,
            b"Records" => members.lambda_records = value,
            b"detail" => members.detail = value,
            b"kinesis" => members.kinesis = value,
            b"data" | b"Data" => members.data = value,
            b"rawData" => members.raw_data = value,
            b"sequenceNumber" | b"SequenceNumber" => members.sequence_number = value,
            b"body" | b"Sns" | b"s3" => members.is_of_another_service = true,
            b"Keys" | b"NewImage" | b"OldImage" => members.has_export_image = true,
            _ if name == export::MEMBERS[0].as_bytes() => members.item = value,
            _ if name == export::MEMBERS[1].as_bytes() => members.metadata = value,
            _ if MEMBERS.iter().any(|member| member.as_bytes() == name) => {
                members.has_change_member = true;
                members.change.has_dynamodb |= name == b"dynamodb";
                members.change.has_table_name |= name == b"tableName";
                members.change.has_arn |= name == b"eventSourceARN";
            }
            _ => {}
        }
        Ok::<_, SyntaxError>(())
    })?;
    Ok(members)
}

impl Members {
    fn shape(self, text: &[u8]) -> Shape {
        let begins = |value: &Option<Range<usize>>, byte| {
            value.as_ref().is_some_and(|value| text[value.start] == byte)
        };
        if self.is_item == Some(true) {
            return Shape::Item;
        }
        if self.change.has_dynamodb {
            return Shape::Change(self.change);
        }
        if self.records.is_some() {
            let is_event = Event::parse(text).is_ok();
            return if is_event { Shape::FirehoseEvent } else { Shape::Unknown };
        }
        if let Some(list) = self.lambda_records {
            let is_event = holds_changes(&text[list.clone()]);
            return if is_event { Shape::LambdaEvent(list) } else { Shape::Unknown };
        }
        if begins(&self.kinesis, b'{')
            && let Some(kinesis) = &self.kinesis
            && let Ok(members) = object(&mut Cursor::new(&text[kinesis.clone()]))
        {
            return members
                .carrier(members.data.clone(), &text[kinesis.clone()])
                .moved(kinesis.start);
        }
        if begins(&self.raw_data, b'"') {
            return self.carrier(self.raw_data.clone(), text);
        }
        if begins(&self.item, b'{') || (begins(&self.metadata, b'{') && self.has_export_image) {
            return Shape::Export { is_full: begins(&self.item, b'{') };
        }
        if begins(&self.data, b'"') && self.sequence_number.is_some() {
            return self.carrier(self.data.clone(), text);
        }
        if begins(&self.detail, b'{')
            && let Some(detail) = &self.detail
            && let Ok(members) = object(&mut Cursor::new(&text[detail.clone()]))
            && members.change.has_dynamodb
        {
            return Shape::Change(members.change);
        }
        let is_change = self.has_change_member && !self.is_of_another_service;
        if is_change { Shape::Change(self.change) } else { Shape::Unknown }
    }

    fn carrier(&self, data: Option<Range<usize>>, text: &[u8]) -> Shape {
        let inside = |value: Option<Range<usize>>| {
            let value = value.filter(|value| text[value.start] == b'"')?;
            Some(value.start + 1..value.end - 1)
        };
        let sequence_number = inside(self.sequence_number.clone());
        Shape::Carrier { data: inside(data), sequence_number }
    }
}

/// Whether a list in `Records` holds changes, or is empty.
fn holds_changes(list: &[u8]) -> bool {
    let mut elements = Elements::new(list);
    let mut is_empty = true;
    while let Some(element) = elements.next(list) {
        is_empty = false;
        match find(list, element.start) {
            Found::Value(
                Shape::Unknown
                | Shape::Item
                | Shape::Export { .. }
                | Shape::Change(Change { has_dynamodb: false, .. }),
                _,
            ) => {}
            Found::Value(..) => return true,
            Found::Unfinished | Found::Broken(_) => return false,
        }
    }
    is_empty && list.starts_with(b"[")
}

impl Shape {
    /// The shape further on in the text.
    fn moved(self, by: usize) -> Shape {
        self.map(|at| at + by)
    }

    /// The shape in the text that begins at `start`.
    pub(super) fn within(self, start: usize) -> Shape {
        self.map(|at| at - start)
    }

    fn map(self, place: impl Fn(usize) -> usize) -> Shape {
        let moved = |range: Range<usize>| place(range.start)..place(range.end);
        match self {
            Shape::Carrier { data, sequence_number } => Shape::Carrier {
                data: data.map(&moved),
                sequence_number: sequence_number.map(&moved),
            },
            Shape::LambdaEvent(list) => Shape::LambdaEvent(moved(list)),
            shape => shape,
        }
    }
}

/// The elements of a list that is known to be JSON, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    at: usize,
    has_more: bool,
}

impl Elements {
    /// Those of the list that `text` begins with; none if it is something else.
    pub(super) fn new(text: &[u8]) -> Elements {
        let mut cursor = Cursor::new(text);
        let has_more = cursor.eat(b'[') && cursor.peek() != b']';
        Elements { at: cursor.at(), has_more }
    }

    /// Where the next one is in the same text.
    pub(super) fn next(&mut self, text: &[u8]) -> Option<Range<usize>> {
        if !self.has_more {
            return None;
        }
        let rest = &text[self.at..];
        let mut cursor = Cursor::new(rest);
        cursor.peek();
        let start = self.at + cursor.at();
        cursor.skip_value().ok()?;
        let element = start..self.at + cursor.at();
        self.has_more = cursor.more(b']').ok()?;
        self.at += cursor.at();
        Some(element)
    }
}
