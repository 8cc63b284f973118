//! Tables made up from a seed: attributes of a shape each, and now and then a value of another.

use serde_json::{Map, Value, json};

/// What an input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Changes,
    ExportLines,
    Items,
}

/// An input of one table, `orders`, whose key is `pk`.
pub(crate) struct Population {
    pub(crate) form: Form,
    pub(crate) records: Vec<Vec<u8>>,
}

/// Pseudo-random numbers (`SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        bound > 0 && self.below(bound) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn digits(&mut self, most: u64) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| char::from(b'1' + self.below(9) as u8)).collect()
    }
}

/// What an attribute holds as a rule.
#[derive(Clone, Debug)]
enum Shape {
    Text,
    Digits,
    Integer(u64),
    Fraction(u64, u64),
    Number,
    Boolean,
    BooleanLike,
    Epoch,
    Time,
    Date,
    Bytes,
    Texts,
    Numbers,
    List(Box<Shape>),
    Members(Vec<Attribute>),
    Ids(Box<Shape>, u64),
    Anything,
}

/// An attribute: its name, its shape, and how seldom it is absent, NULL, or something else.
#[derive(Clone, Debug)]
struct Attribute {
    name: &'static str,
    shape: Shape,
    absent: u64,
    null: u64,
    stray: u64,
}

const NAMES: [&str; 34] = [
    "total",
    "Total",
    "TOTAL",
    "orderId",
    "order_id",
    "OrderID",
    "customer",
    "customerName",
    "customer_name",
    "name",
    "address",
    "city",
    "tags",
    "a.b",
    "a_b",
    "aB",
    "hour",
    "dt",
    "_old",
    "_eventType",
    "__typename",
    "a__b",
    "1st",
    "",
    "é",
    "日本",
    "q\"uote",
    "x[0]",
    "_change_type",
    "items",
    "PK",
    "b",
    "a",
    "x y",
];

fn shape(random: &mut Random, depth: u32) -> Shape {
    let most = if depth < 4 { 20 } else { 14 };
    match random.below(most) {
        0 => Shape::Text,
        1 => Shape::Digits,
        2 => Shape::Integer(9),
        3 => Shape::Integer(random.pick(&[9, 10, 18, 19, 38, 40])),
        4 => Shape::Fraction(random.pick(&[1, 6, 20, 38]), random.pick(&[1, 2, 9, 18])),
        5 => Shape::Number,
        6 => Shape::Boolean,
        7 => Shape::BooleanLike,
        8 => Shape::Epoch,
        9 | 10 => Shape::Time,
        11 => Shape::Date,
        12 => Shape::Bytes,
        13 => random.pick(&[&Shape::Texts, &Shape::Numbers]).clone(),
        14 | 15 => Shape::List(Box::new(shape(random, depth + 1))),
        16 | 17 => Shape::Members(attributes(random, depth + 1)),
        18 => Shape::Ids(Box::new(shape(random, depth + 1)), random.pick(&[3, 30, 3_000])),
        _ => Shape::Anything,
    }
}

fn attributes(random: &mut Random, depth: u32) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for _ in 0..=random.below(if depth == 0 { 14 } else { 5 }) {
        let name = random.pick(&NAMES);
        if attributes.iter().all(|attribute| attribute.name != name) {
            attributes.push(Attribute {
                name,
                shape: shape(random, depth),
                absent: random.pick(&[0, 0, 2, 20]),
                null: random.pick(&[0, 0, 0, 30]),
                stray: random.pick(&[0, 0, 400, 150, 20]),
            });
        }
    }
    attributes
}

fn members(attributes: &[Attribute], random: &mut Random, depth: u32) -> Map<String, Value> {
    let mut members = Map::new();
    for Attribute { name, shape, absent, null, stray } in attributes {
        if random.one_in(*absent) {
            continue;
        }
        let value = if random.one_in(*null) {
            json!({"NULL": true})
        } else if random.one_in(*stray) {
            value(&Shape::Anything, random, depth)
        } else {
            value(shape, random, depth)
        };
        members.insert((*name).to_owned(), value);
    }
    members
}

fn time(random: &mut Random) -> String {
    let date = date(random);
    let time = random.pick(&["T12:30:45Z", "T00:00:00.123+02:00", " 23:59", "T12:30:45.123456"]);
    date + time
}

fn date(random: &mut Random) -> String {
    format!("20{:02}-{:02}-{:02}", random.below(60), 1 + random.below(12), 1 + random.below(28))
}

fn value(shape: &Shape, random: &mut Random, depth: u32) -> Value {
    match shape {
        Shape::Text => {
            json!({"S": random.pick(&["x", "", "a\"b\n", "日本", "12 Main St", "2024"])})
        }
        Shape::Digits => json!({"S": random.digits(12)}),
        Shape::Integer(digits) => {
            let sign = random.pick(&["", "-"]);
            json!({"N": format!("{sign}{}", random.digits(*digits))})
        }
        Shape::Fraction(whole, fraction) => {
            json!({"N": format!("{}.{}", random.digits(*whole), random.digits(*fraction))})
        }
        Shape::Number => {
            let texts = ["0", "-0.0", "1E+3", "12.50", "0.001", "5e-130", "1e125", "9e37", "7.0"];
            let common = ["0", "1", "12.50", "1E+3", "7.0"];
            let text = if random.one_in(9) { random.pick(&texts) } else { random.pick(&common) };
            json!({"N": text})
        }
        Shape::Boolean => json!({"BOOL": random.one_in(2)}),
        Shape::BooleanLike => match random.below(150) {
            0 => json!({"N": random.pick(&["0", "1", "1.0", "2"])}),
            1 => json!({"S": random.pick(&["true", "FALSE", "yes"])}),
            _ => json!({"BOOL": true}),
        },
        Shape::Epoch => json!({"N": (1_700_000_000 + random.below(9_999)).to_string()}),
        Shape::Time => json!({"S": time(random)}),
        Shape::Date => json!({"S": date(random)}),
        Shape::Bytes => json!({"B": "cGxhY2Vob2xkZXI="}),
        Shape::Texts => json!({"SS": ["a", time(random)]}),
        Shape::Numbers => json!({"NS": [random.digits(5), format!("0.{}", random.digits(3))]}),
        Shape::List(shape) => {
            let elements: Vec<Value> =
                (0..random.below(5)).map(|_| value(shape, random, depth + 1)).collect();
            json!({"L": elements})
        }
        Shape::Members(attributes) => json!({"M": members(attributes, random, depth + 1)}),
        Shape::Ids(shape, ids) => {
            let mut members = Map::new();
            for _ in 0..random.below(6) {
                let id = format!("user-{:05}", random.below(*ids));
                members.insert(id, value(shape, random, depth + 1));
            }
            json!({"M": members})
        }
        Shape::Anything => {
            let other = self::shape(random, depth.max(2));
            match other {
                Shape::Anything => json!({"NULL": true}),
                other => value(&other, random, depth + 1),
            }
        }
    }
}

/// The table of a seed: 40 to 440 of its items, or changes of them.
pub(crate) fn population(seed: u64) -> Population {
    let random = &mut Random(seed);
    let form = random.pick(&[Form::Changes, Form::ExportLines, Form::Items]);
    let attributes = attributes(random, 0);
    let is_number = random.one_in(3);
    let records = (0..40 + random.below(400)).map(|at| {
        let key =
            if is_number { json!({"N": at.to_string()}) } else { json!({"S": at.to_string()}) };
        let mut item = members(&attributes, random, 0);
        item.insert("pk".to_owned(), key.clone());
        let record = match form {
            Form::Items => Value::Object(item),
            Form::ExportLines => json!({"Item": item}),
            Form::Changes => {
                let mut dynamodb = json!({
                    "ApproximateCreationDateTime": 1_720_742_302_233_719_u64,
                    "Keys": {"pk": key},
                    "OldImage": members(&attributes, random, 0),
                });
                let event = random.pick(&["INSERT", "MODIFY", "MODIFY", "REMOVE"]);
                if event != "REMOVE" {
                    dynamodb["NewImage"] = Value::Object(item);
                }
                json!({"tableName": "orders", "eventName": event, "dynamodb": dynamodb})
            }
        };
        record.to_string().into_bytes()
    });
    Population { form, records: records.collect() }
}
