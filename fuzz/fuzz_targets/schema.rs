//! Any text as `DYNALAKE_SCHEMA`: rejected with a reason, or good for changes of all kinds.
#![no_main]

use dynalake::firehose::MAX_RESPONSE_BYTES;
use dynalake::schema::{Schema, Type};
use dynalake::settings::{SCHEMA, Settings};
use dynalake_fuzz::{NOW_MS, check, event_of};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|text: &str| {
    let settings = Settings { schema: Some(text.to_owned()), ..Settings::default() };
    let mut transformer = match settings.transformer() {
        Ok(transformer) => transformer,
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with(SCHEMA), "{error}");
            return;
        }
    };
    // What came compressed is good too, but its names are not at hand.
    let Ok(schema) = Schema::parse(text) else { return };
    let wanted = Wanted::read(text);
    let values: [Value; VALUES.len()] =
        VALUES.map(|value| serde_json::from_str(value).expect("a fixed value is JSON"));
    let same = values.iter().map(|value| change(&schema, &wanted, |_| value.clone()));
    // And one with what each column's type takes.
    let records: Vec<_> = same.chain([change(&schema, &wanted, fitting)]).collect();
    let event = event_of(records.iter().map(Vec::as_slice));
    let transformed = transformer.transform(&event, NOW_MS).expect("it is an event");
    let answers = check(&transformed, MAX_RESPONSE_BYTES, false);
    assert_eq!(answers.len(), records.len());
    let dropped = answers.iter().filter(|answer| answer.result == "Dropped").count();
    assert!(wanted.chooses || dropped == 0, "{answers:?}");
});

/// Which rows the schema chooses.
struct Wanted {
    /// Whether it may drop some.
    chooses: bool,
    /// Attributes that hold, unless the key has their name.
    attributes: Map<String, Value>,
}

impl Wanted {
    fn read(schema: &str) -> Wanted {
        let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
        let mut attributes = Map::new();
        for (name, texts) in schema.get("where").and_then(Value::as_object).into_iter().flatten() {
            let text = texts[0].as_str().expect("a list of texts");
            attributes.insert(name.clone(), json!({"S": text.strip_suffix('*').unwrap_or(text)}));
        }
        let chooses = !attributes.is_empty() || schema.get("events").is_some();
        Wanted { chooses, attributes }
    }
}

/// A value that a type takes; of a struct one that has all members.
fn fitting(ty: &Type) -> Value {
    match ty {
        Type::String => json!({"S": "caf\u{e9}"}),
        Type::Boolean => json!({"S": "TRUE"}),
        Type::Integer(_) | Type::Float | Type::Double | Type::Decimal { .. } => json!({"N": "0.0"}),
        Type::Date => json!({"S": "1582-10-15"}),
        Type::Timestamp => json!({"S": "2024-02-29T23:59:59.5+05:30"}),
        Type::Array(ty) => json!({"L": [fitting(ty)]}),
        Type::Map(ty) => json!({"M": {"A.b": fitting(ty), "": {"NULL": true}}}),
        Type::Struct(fields) => {
            let members = fields.iter().map(|field| (field.name.clone(), fitting(&field.ty)));
            json!({"M": members.collect::<Map<_, _>>()})
        }
    }
}

/// One of each type, and some that strict columns reject.
const VALUES: [&str; 12] = [
    r#"{"S": "2024-02-29T23:59:59.123456+05:30"}"#,
    r#"{"S": "caf\u00e9 \ud83d\ude00 \\ \" \u0001"}"#,
    r#"{"N": "-12.50"}"#,
    r#"{"N": "99999999999999999999999999999999999999E+87"}"#,
    r#"{"B": "Y0d4aFkyVm9iMnhrWlhKZllubDBaWE09"}"#,
    r#"{"BOOL": true}"#,
    r#"{"NULL": true}"#,
    r#"{"SS": ["", "b"]}"#,
    r#"{"NS": ["1", "1E+3"]}"#,
    r#"{"BS": ["MTMyMQ=="]}"#,
    r#"{"L": [{"S": "a"}, {"N": "1"}, {"M": {"sku": {"S": "x"}, "qty": {"N": "1.5"}}}]}"#,
    r#"{"M": {"address": {"M": {"city": {"S": "Ulm"}}}, "sku": {"L": []}, "A.b": {"M": {}}}}"#,
];

/// A change that has an attribute for every column, of the value for its type, and keys of text.
fn change(schema: &Schema, wanted: &Wanted, value: impl Fn(&Type) -> Value) -> Vec<u8> {
    let mut item = Map::new();
    for column in &schema.columns {
        let value = value(&column.ty);
        match column.path.as_deref() {
            None => drop(item.insert(column.name.clone(), value)),
            Some(path) => put(&mut item, path, &value),
        }
    }
    let city = value(&Type::String);
    item.insert("customer".into(), json!({"M": {"address": {"M": {"city": city}}}}));
    item.extend(wanted.attributes.clone());
    let keys: Map<_, _> = schema.keys.iter().map(|key| (key.clone(), json!({"S": "1"}))).collect();
    item.extend(keys.clone());
    let images = json!({"ApproximateCreationDateTime": 1_720_742_302_233_719_u64,
        "Keys": keys, "NewImage": item, "OldImage": item});
    json!({"tableName": schema.table, "eventName": "MODIFY", "dynamodb": images})
        .to_string()
        .into_bytes()
}

/// Puts a value where a path of map members leads.
fn put(item: &mut Map<String, Value>, path: &[String], value: &Value) {
    let [name, rest @ ..] = path else { return };
    if rest.is_empty() {
        item.insert(name.clone(), value.clone());
        return;
    }
    let map = item.entry(name).or_insert_with(|| json!({"M": {}}));
    if let Some(members) = map.get_mut("M").and_then(Value::as_object_mut) {
        put(members, rest, value);
    }
}
