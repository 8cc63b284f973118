//! `fixtures/direct`: an event, and the objects that it gives. Their README is
//! `fixtures/README.md`.

use crate::events::event_of_text;
use crate::s3::S3;
use crate::{SCHEMA, compare, start, stop};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dynalake::schema::Schema;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/direct");

struct Case {
    /// By the table's name in the lake.
    schemas: BTreeMap<String, Schema>,
    settings: Vec<(String, String)>,
    /// The elements of `Records`, as they are sent.
    records: Vec<String>,
    expected: Map<String, Value>,
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("it is an object: {value}") };
    members
}

fn list(value: Value) -> Vec<Value> {
    let Value::Array(elements) = value else { panic!("it is a list: {value}") };
    elements
}

impl Case {
    fn read(folder: &Path) -> Case {
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let json = |name: &str| {
            let text = read(name)?;
            Some(
                serde_json::from_str::<Value>(&text)
                    .unwrap_or_else(|error| panic!("{}/{name}: {error}", folder.display())),
            )
        };
        let schema = json("schema.json").expect("a case has a schema.json");
        let each = match schema.clone() {
            Value::Array(schemas) => schemas,
            one => vec![one],
        };
        let schemas = each.into_iter().map(|schema| {
            let schema = Schema::parse(&schema.to_string()).expect("the schema is one");
            (schema.lake_name(), schema)
        });
        let text = |value: Value| value.as_str().expect("a setting is a string").to_owned();
        let settings = json("settings.json").map(object).unwrap_or_default();
        let mut settings: Vec<(String, String)> =
            settings.into_iter().map(|(name, value)| (name, text(value))).collect();
        settings.push((SCHEMA.to_owned(), schema.to_string()));
        let mut event = json("event.json").expect("a case has an event.json");
        let mut records = list(event["Records"].take());
        for record in &mut records {
            // A change record that is readable.
            if let Some(data) = record.pointer_mut("/kinesis/data").filter(|data| data.is_object())
            {
                *data = STANDARD.encode(data.to_string()).into();
            }
        }
        Case {
            schemas: schemas.collect(),
            settings,
            records: records.iter().map(Value::to_string).collect(),
            expected: object(json("expected.json").expect("a case has an expected.json")),
        }
    }

    fn run(&self) -> Result<(), String> {
        let s3 = S3::start();
        let settings: Vec<_> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut function = start(&s3, &settings);
        let post = function.invoke(event_of_text(&self.records));
        stop(function);
        let answer: Value =
            serde_json::from_slice(&post.body).map_err(|error| error.to_string())?;
        if answer != self.expected["answer"] {
            return Err(format!("the answer is {answer}"));
        }
        let expected = object(self.expected["objects"].clone());
        let objects = s3.objects();
        let mut keys: Vec<_> = expected.keys().collect();
        keys.sort();
        if !objects.keys().eq(keys.iter().copied()) {
            return Err(format!("the objects are {:#?}", objects.keys()));
        }
        for (key, rows) in expected {
            let is_equal = if key.ends_with(".parquet") {
                let lines: Vec<String> = list(rows).iter().map(Value::to_string).collect();
                compare(self.schema_of(&key), &objects[&key], &lines)
            } else {
                self.compare_lines(&objects[&key], list(rows))
            };
            is_equal.map_err(|difference| format!("{key}: {difference}"))?;
        }
        Ok(())
    }

    /// The schema of an object, by the folder that its partitions are in.
    fn schema_of(&self, key: &str) -> &Schema {
        let (folder, _) = key.split_once("/dt=").expect("it is in a partition");
        &self.schemas[folder.rsplit('/').next().unwrap_or_default()]
    }

    fn compare_lines(&self, object: &[u8], mut expected: Vec<Value>) -> Result<(), String> {
        for line in &mut expected {
            // The record itself, which is in the event already.
            let raw = line["rawData"].as_str().unwrap_or_default();
            let at = raw.strip_prefix("Records[").and_then(|at| at.strip_suffix(']'));
            if let Some(at) = at {
                let at: usize = at.parse().expect("it is an index");
                line["rawData"] = STANDARD.encode(&self.records[at]).into();
            }
        }
        // The order of members is Firehose's too.
        let expected =
            expected.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n");
        let found = String::from_utf8_lossy(object);
        if found == expected { Ok(()) } else { Err(format!("the lines are\n{found}")) }
    }
}

#[test]
fn every_case_gives_the_objects_that_it_expects() {
    let mut count = 0;
    let mut problems = Vec::new();
    for entry in fs::read_dir(CASES).expect("there are cases") {
        let folder = entry.expect("it can be read").path();
        count += 1;
        if let Err(problem) = Case::read(&folder).run() {
            problems.push(format!("{}: {problem}", folder.display()));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count >= 9, "only {count} cases were found");
}
