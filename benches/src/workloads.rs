//! The inputs: events of change records, made up from a seed, so the same each time.

use serde_json::{Map, Value, json};

/// The workloads, by name.
pub const NAMES: [&str; 5] = ["small", "typical", "wide", "large", "adversarial"];

/// How large an event is made.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// So many records.
    Records(usize),
    /// As many records as bring their data, before base64, to so many bytes.
    Raw(usize),
    /// As many records as fit into so many bytes of event.
    Event(usize),
}

const SEED: u64 = 0x0064_796e_616c_616b;
const ARRIVED_MS: u64 = 1_720_742_303_000;

/// Pseudo-random numbers (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
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

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn hex(&mut self, digits: usize) -> String {
        format!("{:032x}", u128::from(self.next()) << 64 | u128::from(self.next()))[..digits]
            .to_owned()
    }

    /// Letters, as people write them.
    fn words(&mut self, bytes: usize) -> String {
        const WORDS: [&str; 12] = [
            "order",
            "delivered",
            "by",
            "the",
            "carrier",
            "on",
            "second",
            "attempt",
            "please",
            "leave",
            "at",
            "door",
        ];
        let mut text = String::new();
        while text.len() < bytes {
            text.push_str(self.pick(&WORDS));
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}

/// The schema that goes with a workload.
pub fn schema(workload: &str) -> String {
    let columns = |columns: &[(&str, &str)]| {
        let columns = columns.iter().map(|(name, ty)| json!({"name": name, "type": ty}));
        columns.collect::<Vec<_>>()
    };
    let columns = match workload {
        "small" => columns(&[("order_id", "string"), ("status", "string"), ("quantity", "int")]),
        "typical" => columns(&[
            ("order_id", "string"),
            ("customer_id", "string"),
            ("status", "string"),
            ("total", "decimal(38,9)"),
            ("placed_at", "timestamp"),
            ("expires_at", "timestamp"),
            ("gift", "boolean"),
            ("shipping", "struct<name:string,street:string,city:string,zip:string,country:string>"),
            ("items", "array<struct<sku:string,qty:int,price:decimal(18,4)>>"),
            ("tags", "array<string>"),
            ("scores", "array<double>"),
            ("attributes", "map<string,string>"),
        ]),
        "wide" => {
            let types = ["string", "bigint", "decimal(18,4)", "boolean", "string"];
            let names = (0..150).map(|at| (format!("measured_value_{at:03}"), types[at % 5]));
            let names: Vec<_> = names.collect();
            let mut all = columns(&[("order_id", "string")]);
            all.extend(columns(&names.iter().map(|(n, t)| (n.as_str(), *t)).collect::<Vec<_>>()));
            all
        }
        "large" => columns(&[("order_id", "string"), ("document", "string"), ("revision", "int")]),
        "adversarial" => columns(&[
            ("order_id", "string"),
            ("total", "decimal(10,2)"),
            ("quantity", "int"),
            ("placed_at", "timestamp"),
            ("tags", "array<bigint>"),
            ("shipping", "struct<zip:int>"),
        ]),
        _ => panic!("no workload {workload}"),
    };
    json!({"table": "orders", "keys": ["order_id"], "columns": columns}).to_string()
}

fn item(workload: &str, random: &mut Random) -> Map<String, Value> {
    let item = match workload {
        "small" => json!({
            "status": {"S": random.pick(&["new", "paid", "shipped"])},
            "quantity": {"N": random.below(100).to_string()},
        }),
        "typical" => {
            let items = (0..2).map(|_| {
                json!({"M": {
                    "sku": {"S": format!("sku-{}", random.hex(8))},
                    "qty": {"N": (1 + random.below(9)).to_string()},
                    "price": {"N": format!("{}.{:02}", random.below(1_000), 1 + random.below(99))},
                }})
            });
            let items: Vec<_> = items.collect();
            json!({
                "customer_id": {"S": random.hex(12)},
                "status": {"S": random.pick(&["new", "paid", "shipped"])},
                "total": {"N": format!("{}.{:09}", random.below(100_000), 1 + random.below(999_999_999))},
                "placed_at": {"S": format!("2025-11-{:02}T12:{:02}:40Z", 1 + random.below(28), random.below(60))},
                "expires_at": {"N": (1_762_000_000 + random.below(1_000_000)).to_string()},
                "gift": {"BOOL": random.below(2) == 0},
                "shipping": {"M": {
                    "name": {"S": random.pick(&["Zoë Müller", "John Smith", "Łukasz Nowak"])},
                    "street": {"S": format!("Main Street {}", random.below(200))},
                    "city": {"S": random.pick(&["Ulm", "Zürich", "Amsterdam"])},
                    "zip": {"S": format!("{:05}", random.below(100_000))},
                    "country": {"S": random.pick(&["DE", "CH", "NL"])},
                }},
                "items": {"L": items},
                "tags": {"SS": ["priority", "returning", "web"]},
                "scores": {"NS": [format!("0.{}", 1 + random.below(9)), format!("1{}.5", random.below(9))]},
                "attributes": {"M": {"colour": {"S": "red"}, "size": {"S": "L"}, "note": {"NULL": true}}},
            })
        }
        "wide" => {
            let members = (0..150).map(|at| {
                let value = match at % 5 {
                    0 => json!({"S": random.words(12)}),
                    1 => json!({"N": random.below(1 << 40).to_string()}),
                    2 => json!({"N": format!("{}.{:03}", random.below(10_000), 1 + random.below(999))}),
                    3 => json!({"BOOL": random.below(2) == 0}),
                    _ => json!({"S": random.hex(8)}),
                };
                (format!("measured_value_{at:03}"), value)
            });
            Value::Object(members.collect())
        }
        "large" => {
            let mut document = String::new();
            while document.len() < 100_000 {
                let words = 30 + random.below(60) as usize;
                document.push_str(&random.words(words));
                document.push_str(random.pick(&[
                    "\n",
                    "\"so it is\" ",
                    "Grüße aus Köln ",
                    "日本語の文 ",
                    "\\",
                    "\t",
                ]));
            }
            json!({"document": {"S": document}, "revision": {"N": random.below(1_000).to_string()}})
        }
        "adversarial" => json!({
            "total": {"S": format!("about {}", random.below(100))},
            "quantity": {"N": format!("{}.5", random.below(100))},
            "placed_at": {"S": "yesterday \"noon\""},
            "tags": {"SS": ["one", "two", random.hex(6)]},
            "shipping": {"M": {"zip": {"S": "W1A 1AA"}, "city": {"S": "London"}, "lines": {"L": [{"S": "a"}, {"NULL": true}]}}},
            "unknown_a": {"S": random.words(40)},
            "unknown_b": {"M": {"x": {"N": random.below(1_000).to_string()}, "y": {"L": [{"N": "1"}, {"N": "2"}]}}},
            "unknown_c": {"NS": ["1", "2", "3"]},
        }),
        _ => panic!("no workload {workload}"),
    };
    match item {
        Value::Object(item) => item,
        _ => unreachable!("items are objects"),
    }
}

/// One change record: 40 of 100 INSERT, 50 MODIFY, 10 REMOVE.
fn change(workload: &str, number: usize, random: &mut Random) -> String {
    let key = json!({"S": format!("o-{:08}", number)});
    let image = |random: &mut Random| {
        let mut image = Map::from_iter([("order_id".to_owned(), key.clone())]);
        image.extend(item(workload, random));
        Value::Object(image)
    };
    let (event_name, new, old) = match random.below(10) {
        0..4 => ("INSERT", Some(image(random)), None),
        4..9 => ("MODIFY", Some(image(random)), Some(image(random))),
        _ => ("REMOVE", None, Some(image(random))),
    };
    let mut dynamodb = Map::from_iter([
        (
            "ApproximateCreationDateTime".to_owned(),
            json!(1_720_742_302_233_719_u64 + number as u64),
        ),
        ("Keys".to_owned(), json!({"order_id": key})),
    ]);
    dynamodb.extend(new.map(|new| ("NewImage".to_owned(), new)));
    dynamodb.extend(old.map(|old| ("OldImage".to_owned(), old)));
    dynamodb.insert("SizeBytes".to_owned(), json!(161));
    dynamodb.insert("ApproximateCreationDateTimePrecision".to_owned(), json!("MICROSECOND"));
    let id = random.hex(32);
    let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    json!({
        "awsRegion": "eu-west-1", "eventID": id, "eventName": event_name, "userIdentity": null,
        "recordFormat": "application/json", "tableName": "orders", "dynamodb": dynamodb,
        "eventSource": "aws:dynamodb",
    })
    .to_string()
}

/// An event of a workload.
pub fn event(workload: &str, wanted: Size) -> Vec<u8> {
    const HEAD: &str = concat!(
        r#"{"invocationId":"f2ef8b1c-0f9c-4f5f-9a55-3b6e1f5bb3a1","#,
        r#""sourceKinesisStreamArn":"arn:aws:kinesis:eu-west-1:111122223333:stream/orders","#,
        r#""deliveryStreamArn":"arn:aws:firehose:eu-west-1:111122223333:deliverystream/orders","#,
        r#""region":"eu-west-1","records":["#
    );
    let mut random = Random(SEED);
    let mut event = HEAD.as_bytes().to_vec();
    let mut raw = 0;
    for number in 0.. {
        let data = change(workload, number, &mut random);
        // 56 digits, and six more make a `recordId`.
        let sequence_number =
            format!("49615332175499404275388999519764255559264071771916{number:06}");
        let record = json!({
            "recordId": format!("{sequence_number}000000"),
            "approximateArrivalTimestamp": ARRIVED_MS,
            "data": base64_simd::STANDARD.encode_to_string(&data),
            "kinesisRecordMetadata": {
                "sequenceNumber": sequence_number, "subsequenceNumber": 0, "partitionKey": random.hex(32),
                "shardId": "shardId-000000000000", "approximateArrivalTimestamp": ARRIVED_MS,
            },
        })
        .to_string();
        let is_enough = match wanted {
            Size::Records(records) => number == records,
            Size::Raw(bytes) => raw >= bytes,
            Size::Event(bytes) => event.len() + record.len() + "]}".len() > bytes,
        };
        if is_enough {
            break;
        }
        raw += data.len();
        event.extend_from_slice(record.as_bytes());
        event.push(b',');
    }
    // The last comma.
    event.pop();
    event.extend_from_slice(b"]}");
    event
}
