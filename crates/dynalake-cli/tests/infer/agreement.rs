//! The report against the transformation.

use crate::generate;
use crate::json::Json;
use crate::populations::{self, Form, Population};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dynalake::change::export::Kind;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::row::path::push_name;
use dynalake::schema::{Plan, Schema, Type, normalised};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What `dynalake infer` made of an input.
struct Inferred {
    schema: Schema,
    evidence: Value,
    stderr: String,
}

/// A file that is gone with the test.
struct TempFile(PathBuf);

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs it; `None` where it finds no schema.
fn infer(input: Vec<u8>, options: &[&str], name: &str) -> Option<Inferred> {
    let file = format!("dynalake-{}-evidence-{name}.json", std::process::id());
    let file = TempFile(std::env::temp_dir().join(file));
    let mut child = Command::new(env!("CARGO_BIN_EXE_dynalake"))
        .args(["infer", "--evidence", file.0.to_str().unwrap(), "--table", "orders"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    if output.status.code() == Some(2) {
        return None;
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let schema = Schema::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}\n{stderr}"));
    let evidence = serde_json::from_slice(&std::fs::read(&file.0).unwrap()).unwrap();
    Some(Inferred { schema, evidence, stderr })
}

/// What the transformation rescued, and how many records failed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rescued {
    by_path: BTreeMap<String, u64>,
    unknown: u64,
    failed: u64,
}

impl Rescued {
    /// What the report says.
    fn reported(inferred: &Inferred) -> Rescued {
        let mut rescued = Rescued {
            unknown: inferred.evidence["rescued_as_unknown"].as_u64().unwrap(),
            ..Rescued::default()
        };
        for entry in inferred.evidence["rescued"].as_array().unwrap() {
            if let count @ 1.. = entry["count"].as_u64().unwrap() {
                let path = entry["path"].as_str().unwrap().to_owned();
                *rescued.by_path.entry(path).or_default() += count;
            }
        }
        let line = inferred.stderr.lines().find(|line| line.starts_with("records ")).unwrap();
        let failed = line.rsplit(' ').nth(1).unwrap().replace(',', "");
        rescued.failed = failed.parse().unwrap();
        rescued
    }

    /// Adds a row's `_rescued`.
    fn add(&mut self, text: &[u8], inferred: &Inferred) {
        let json = Json::parse(std::str::from_utf8(text).unwrap()).unwrap();
        for (path, entry) in json.members() {
            if entry.get("reason").and_then(Json::text) == Some("unknown") {
                self.unknown += 1;
            } else {
                *self.by_path.entry(general(path, &inferred.evidence)).or_default() += 1;
            }
        }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Name(String),
    At,
}

/// A path as `_rescued` writes it, taken apart.
fn steps(mut path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    while !path.is_empty() {
        if let Some(rest) = path.strip_prefix("[\"") {
            let mut stream = serde_json::Deserializer::from_str(&path[1..]).into_iter::<String>();
            let name = stream.next().unwrap().unwrap();
            let used = stream.byte_offset();
            steps.push(Step::Name(name));
            path = &rest[used..];
        } else if let Some(rest) = path.strip_prefix('[') {
            steps.push(Step::At);
            path = rest.split_once(']').unwrap().1;
        } else {
            let rest = path.strip_prefix('.').unwrap_or(path);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Name(rest[..end].to_owned()));
            path = &rest[end..];
        }
    }
    steps
}

/// The path with `[]` for each position, and `*` for each name in a map.
fn general(path: &str, evidence: &Value) -> String {
    let steps = steps(path);
    let columns = evidence["columns"].as_array().unwrap();
    let (names, ty) = columns
        .iter()
        .find_map(|column| {
            let names: Vec<&str> = column["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            let begins = steps.len() >= names.len()
                && names
                    .iter()
                    .zip(&steps)
                    .all(|(name, step)| *step == Step::Name((*name).to_owned()));
            begins.then(|| (names, Type::parse(column["type"].as_str().unwrap()).unwrap()))
        })
        .unwrap_or_else(|| panic!("no column takes {path}"));
    let mut out = Vec::new();
    for name in &names {
        push_name(name.as_bytes(), &mut out);
    }
    let mut ty = Some(ty);
    for step in &steps[names.len()..] {
        ty = match (step, ty) {
            (Step::At, Some(Type::Array(element))) => {
                out.extend(b"[]");
                Some(*element)
            }
            (Step::Name(_), Some(Type::Map(value))) => {
                push_name(b"*", &mut out);
                Some(*value)
            }
            (Step::Name(name), Some(Type::Struct(fields))) => {
                push_name(name.as_bytes(), &mut out);
                let field = fields.into_iter().find(|field| field.name == normalised(name));
                field.map(|field| field.ty)
            }
            (step, ty) => panic!("{path}: {step:?} in {ty:?}"),
        };
    }
    String::from_utf8(out).unwrap()
}

fn transformer(inferred: &Inferred) -> RecordTransformer {
    let plan = Plan::new(&inferred.schema);
    let options = Options { default_table: Some("orders".to_owned()), ..Options::new(&plan) };
    RecordTransformer::new(plan, options)
}

/// What the schema's transformation rescues of the records or lines.
fn rescued(inferred: &Inferred, records: &[Vec<u8>], form: Form) -> Rescued {
    let mut transformer = transformer(inferred);
    let mut rescued = Rescued::default();
    let mut row = Vec::new();
    for record in records {
        row.clear();
        let outcome = match form {
            Form::Changes => transformer.transform(record, None, &mut row).outcome,
            Form::ExportLines => {
                transformer
                    .transform_export_line(record, Kind::Full { time_us: 0 }, &mut row)
                    .outcome
            }
            Form::Items => {
                let line = [&b"{\"Item\":"[..], record, b"}"].concat();
                transformer
                    .transform_export_line(&line, Kind::Full { time_us: 0 }, &mut row)
                    .outcome
            }
        };
        match outcome {
            Outcome::Row { rescued: true, .. } => rescued.add(transformer.rescued(), inferred),
            Outcome::Row { .. } | Outcome::Dropped => {}
            Outcome::Failed(_) => rescued.failed += 1,
        }
    }
    rescued
}

#[test]
fn of_any_records_the_report_is_what_the_transformation_does() {
    let (mut compared, mut found) = (0, 0);
    for (at, case) in generate::samples(&generate::case_of(1..30), cases(150)).enumerate() {
        let records: Vec<Vec<u8>> = case.records.into_iter().map(|(data, _)| data).collect();
        // Each by itself, whatever it holds, as in an error prefix.
        let line = |data| json!({"rawData": BASE64_STANDARD.encode(data)}).to_string();
        let input = records.iter().map(line).collect::<Vec<_>>().join("\n");
        let Some(inferred) = infer(input.into_bytes(), &[], &format!("any-{at}")) else { continue };
        let rescued = rescued(&inferred, &records, Form::Changes);
        assert_eq!(
            Rescued::reported(&inferred),
            rescued,
            "case {at}\n{}\n{:#?}",
            inferred.stderr,
            inferred.schema
        );
        compared += 1;
        found += records.len();
    }
    assert!(compared > 50 && found > 500, "{compared} cases, {found} records");
}

/// How many cases: `DYNALAKE_ITEMS` is for items of populations, and a case has a few records.
fn cases(default: usize) -> usize {
    items().map_or(default, |items| (items / 15).max(default))
}

fn items() -> Option<usize> {
    std::env::var("DYNALAKE_ITEMS").ok()?.parse().ok()
}

#[test]
fn of_any_table_the_report_is_what_the_transformation_does() {
    let wanted = items().unwrap_or(6_000);
    let (mut seen, mut reported, mut without) = (0, 0, 0);
    let mut types = BTreeMap::<String, u64>::new();
    for seed in 0.. {
        if seen >= wanted {
            break;
        }
        let Population { form, records } = populations::population(seed);
        seen += records.len();
        let input = records.join(&b"\n"[..]);
        let options: &[&str] = if form == Form::Changes { &[] } else { &["--keys", "pk"] };
        let inferred = infer(input, options, &format!("table-{seed}"))
            .unwrap_or_else(|| panic!("population {seed} has no schema"));
        let rescued = rescued(&inferred, &records, form);
        assert_eq!(
            Rescued::reported(&inferred),
            rescued,
            "population {seed}\n{}\n{:#?}",
            inferred.stderr,
            inferred.schema
        );
        reported += rescued.by_path.len();
        without += usize::from(rescued.by_path.is_empty());
        for column in &inferred.schema.columns {
            let ty = column.ty.to_string();
            let family = ty.split(['<', '(']).next().unwrap().to_owned();
            *types.entry(family).or_default() += 1;
        }
    }
    // The populations have what the test is about.
    assert!(reported > 0 && without > 0, "{reported} paths rescued, {without} populations without");
    for ty in [
        "string",
        "int",
        "bigint",
        "decimal",
        "boolean",
        "timestamp",
        "date",
        "array",
        "map",
        "struct",
    ] {
        assert!(types.contains_key(ty), "no {ty} in {types:?}");
    }
}
