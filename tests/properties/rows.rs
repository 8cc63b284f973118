//! A row that was written before, taken to the row by the schema as it is now: unchanged where the
//! schema is, by the reference where it isn't, and never with what is protected since. Whatever is
//! replayed, and in whatever order, the table is the same.

use crate::generate::{self, Case, History};
use crate::json::Json;
use crate::rebuild;
use crate::reference::{Outcome as Expected, Reference};
use crate::view;
use crate::wire;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Plan, Schema};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn transformer(schema: &str) -> Option<RecordTransformer> {
    let plan = Plan::new(&Schema::parse(schema).ok()?);
    let options = Options::new(&plan);
    Some(RecordTransformer::new(plan, options))
}

/// The rows of a case.
fn rows(case: &Case) -> Vec<String> {
    wire::transform(case).into_iter().filter_map(|(_, answer)| answer.row).collect()
}

/// Transforms a row again: the new row, or the failure's code.
fn again(records: &mut RecordTransformer, row: &str) -> Result<String, String> {
    let mut out = b"before".to_vec();
    let outcome = records.transform_row(row.as_bytes(), &mut out).outcome;
    let out = String::from_utf8(out).expect("a row is UTF-8");
    let out = out.strip_prefix("before").expect("a row is appended");
    match outcome {
        Outcome::Row { rescued, .. } => {
            let has_rescued = Json::parse(out).expect("JSON").get("_rescued").is_some();
            assert_eq!(rescued, has_rescued, "{out}");
            Ok(out.to_owned())
        }
        Outcome::Dropped => Err("dropped".to_owned()),
        Outcome::Failed(failure) => {
            assert_eq!(out, "", "a row that fails leaves nothing");
            Err(failure.code().to_owned())
        }
    }
}

/// Whether a path leads a protected column into a map. A row does not say by which spelling of its
/// name a map came to its column, so that such a schema hides what it would not hide in the change.
fn hides_inside(schema: &str) -> bool {
    let schema = Json::parse(schema).expect("JSON");
    let columns = schema.get("columns").expect("columns").elements();
    columns.iter().any(|column| {
        let path = column.get("path").map(Json::elements).unwrap_or_default();
        column.get("protect").is_some() && path.len() > 1
    })
}

fn stays(case: &Case) -> Result<usize, TestCaseError> {
    let Some(schema) = case.schema.as_deref() else { return Ok(0) };
    let Some(mut records) = transformer(schema).filter(|_| !hides_inside(schema)) else {
        return Ok(0);
    };
    let rows = rows(case);
    for row in &rows {
        let again = again(&mut records, row);
        prop_assert_eq!(again.as_deref(), Ok(&**row));
    }
    Ok(rows.len())
}

fn agrees((case, schema): &(Case, String)) -> Result<(usize, usize), TestCaseError> {
    let Some(mut records) = transformer(schema) else { return Ok((0, 0)) };
    let reference = Reference::new(Some(schema), None, false).expect("it takes what we take");
    let (mut same, mut changed) = (0, 0);
    for row in rows(case) {
        let expected = match reference.row(&row) {
            Expected::Ok { row, .. } => Ok(row),
            Expected::Dropped => Err("dropped".to_owned()),
            Expected::Failed(why) => Err(why.split(':').next().unwrap_or_default().to_owned()),
        };
        let got = again(&mut records, &row);
        prop_assert_eq!(&got, &expected, "of {}", row);
        let is_same = got.as_deref() == Ok(&*row);
        (same, changed) = (same + usize::from(is_same), changed + usize::from(!is_same));
    }
    Ok((same, changed))
}

fn hides((case, schema): &(Case, String)) -> Result<usize, TestCaseError> {
    let Some(mut records) = transformer(schema) else { return Ok(0) };
    let case = rebuild::secret_case(case, schema);
    let mut hidden = 0;
    for row in rows(&case).iter().filter(|row| row.contains(rebuild::SECRET)) {
        let again = again(&mut records, row).unwrap_or_default();
        prop_assert!(!again.contains(rebuild::SECRET), "{}of {}", again, row);
        hidden += 1;
    }
    Ok(hidden)
}

/// The newest row of each key, whatever the order of the rows.
fn merged(schema: &str, rows: &[String]) -> BTreeMap<Vec<String>, (String, String)> {
    let keys = view::key_columns(&Json::parse(schema).expect("JSON"));
    let mut newest = BTreeMap::new();
    for text in rows {
        let row = Json::parse(text).expect("JSON");
        let value = |name: &String| row.get(name).map_or_else(String::new, Json::to_string);
        let key = keys.iter().map(value).collect::<Vec<_>>();
        let sequence = row.get("_sequence").and_then(Json::text).expect("a text").to_owned();
        let entry: &mut (String, String) = newest.entry(key).or_default();
        if entry.0 <= sequence {
            *entry = (sequence, text.clone());
        }
    }
    newest
}

/// Of a history's changes some are delivered, some fail before they are rows, some as rows; what
/// failed is replayed, some of it twice, and all comes in any order. `ways` says which is which.
fn converges(history: &History, ways: &[u8], order: usize) -> Result<usize, TestCaseError> {
    let History { schema, changes, .. } = history;
    let changes: Vec<_> = changes.iter().collect();
    let delivered = view::rows(schema, &changes);
    let mut records = transformer(schema).expect("it is valid");
    let mut all = Vec::new();
    let mut replayed = 0;
    for ((change, row), way) in changes.iter().zip(&delivered).zip(ways.iter().cycle()) {
        // Row by row, so that nothing depends on which is replayed.
        let mut original = Vec::new();
        records.transform(&change.data, None, &mut original);
        let original = String::from_utf8(original).expect("UTF-8");
        prop_assert_eq!(original.is_empty(), row.is_none());
        let Some(row) = row else { continue };
        let as_row = again(&mut records, row).expect("a row that fits");
        let times = 1 + usize::from(way >> 4 & 1);
        match way & 3 {
            0 => all.push(row.clone()),
            1 => all.extend(vec![original; times]),
            2 => all.extend(vec![as_row; times]),
            _ => all.extend([row.clone(), original, as_row]),
        }
        replayed += usize::from(way & 3 != 0);
    }
    let middle = order % all.len().max(1);
    all.rotate_left(middle);
    if order % 2 == 1 {
        all.reverse();
    }
    let delivered: Vec<String> = delivered.into_iter().flatten().collect();
    prop_assert_eq!(merged(schema, &all), merged(schema, &delivered));
    Ok(replayed)
}

proptest! {
    #![proptest_config(crate::config(20_000))]

    #[test]
    fn a_row_that_fits_stays_as_it_is(case in generate::case()) {
        stays(&case)?;
    }

    #[test]
    fn a_row_follows_its_schema(changed in generate::changed_case()) {
        agrees(&changed)?;
    }

    #[test]
    fn what_is_protected_since_is_in_no_row(protected in generate::protected_since()) {
        hides(&protected)?;
    }

    #[test]
    fn damaged_rows_never_panic(
        case in generate::case(),
        damage in prop::collection::vec((any::<usize>(), any::<u8>(), 0_usize..3), 1..4),
    ) {
        let Some(mut records) = case.schema.as_deref().and_then(transformer) else {
            return Ok(());
        };
        for row in rows(&case) {
            let mut bytes = row.into_bytes();
            for (at, byte, kind) in &damage {
                let at = at % bytes.len();
                match kind {
                    0 => bytes[at] = *byte,
                    1 => bytes.truncate(at.max(1)),
                    // Members twice, and what is cut off the end.
                    _ => bytes.extend_from_within(at..),
                }
            }
            let mut out = Vec::new();
            let done = records.transform_row(&bytes, &mut out);
            prop_assert_eq!(out.is_empty(), !matches!(done.outcome, Outcome::Row { .. }));
        }
    }

    #[test]
    fn what_failed_and_what_was_delivered_make_the_table(
        history in generate::history(),
        ways in prop::collection::vec(any::<u8>(), 1..12),
        order in any::<usize>(),
    ) {
        // A row does not say by which spelling a map came to its column.
        if !hides_inside(&history.schema) {
            converges(&history, &ways, order)?;
        }
    }
}

#[test]
fn cases_have_rows_of_each_kind() {
    let stay: usize = generate::samples(&generate::case(), 1_000)
        .map(|case| stays(&case).expect("rows stay"))
        .sum();
    let (mut same, mut changed) = (0, 0);
    for case in generate::samples(&generate::changed_case(), 1_000) {
        let counts = agrees(&case).expect("they agree");
        (same, changed) = (same + counts.0, changed + counts.1);
    }
    let hidden: usize = generate::samples(&generate::protected_since(), 1_000)
        .map(|case| hides(&case).expect("nothing is shown"))
        .sum();
    let replayed: usize = generate::samples(&generate::history(), 200)
        .filter(|history| !hides_inside(&history.schema))
        .map(|history| converges(&history, &[1, 18, 3], 7).expect("it converges"))
        .sum();
    assert!(replayed > 100, "{replayed}");
    assert!(
        stay > 300 && same > 100 && changed > 300 && hidden > 50,
        "{stay} {same} {changed} {hidden}"
    );
}

const SCHEMA: &str = r#"{"table": "orders", "keys": ["orderId"], "where": {"kind": ["order"]},
    "events": ["INSERT"], "columns": [
    {"name": "order_id", "type": "string"}, {"name": "total", "type": "int"},
    {"name": "email", "type": "string", "protect": "sha256"},
    {"name": "secret", "type": "string", "path": ["Customer", "eMail"], "protect": "drop"},
    {"name": "customer", "type": "string"}]}"#;

/// What a hash looks like.
const HASH: &str = "7fc6b8c3c6a6a9eb1e4d6a3bd0e2a4a7f2b8f0c2f7f4e1b1a0f6b2c3d4e5f607";

/// A row of the table `orders`, with these columns, and metadata with these in their place.
fn row(columns: &str, metadata: &[(&str, &str)]) -> String {
    let sequence = format!("\"{:020}-{:056}\"", 1_720_742_302_233_719_u64, 4959);
    let mut all = vec![
        ("_event_type", "\"INSERT\""),
        ("_event_time", "\"2024-07-11T23:58:22.233719Z\""),
        ("_table", "\"orders\""),
        ("_sequence", &*sequence),
    ];
    for (name, value) in metadata {
        match all.iter_mut().find(|(other, _)| other == name) {
            Some(member) => member.1 = value,
            None => all.push((name, value)),
        }
    }
    let metadata = all.iter().filter(|(_, value)| !value.is_empty());
    let metadata: Vec<_> = metadata.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{columns}{}}}\n", metadata.join(","))
}

#[test]
fn malformed_rows_fail_with_their_reasons() {
    let key = r#""order_id":"o-1","#;
    let deep = format!(r#"{key}"total":{}{},"#, "[".repeat(65), "]".repeat(65));
    let deepest = format!(r#"{key}"total":{}{},"#, "[".repeat(64), "]".repeat(64));
    let deep_value = format!(r#"{}{{"N":"1"}}{}"#, r#"{"L":["#.repeat(65), "]}".repeat(65));
    let deep_rescued = format!(r#"{{"a":{{"reason":"type","value":{deep_value}}}}}"#);
    let deep_rescued = serde_json::to_string(&deep_rescued).expect("a string");
    let mut records = transformer(SCHEMA).expect("it is valid");
    for (line, expected) in [
        (row(key, &[]), None),
        (row(key, &[("_event_type", "\"EXPORT\""), ("_ttl_delete", "null")]), None),
        (row(&deepest, &[]), None),
        (row("", &[]), Some("key_not_filled")),
        (row(r#""order_id":null,"#, &[]), Some("key_not_filled")),
        (row(key, &[("_table", "\"others\""), ("_sequence", "7")]), Some("dropped")),
        (row(key, &[("_table", "")]), Some("malformed_row")),
        (row(key, &[("_table", "\"\"")]), Some("malformed_row")),
        (row(key, &[("_table", "7")]), Some("malformed_row")),
        (row(key, &[("_event_type", "")]), Some("malformed_row")),
        (row(key, &[("_event_type", "\"UPSERT\"")]), Some("malformed_row")),
        (row(key, &[("_event_time", "")]), Some("malformed_row")),
        (row(key, &[("_event_time", "\"2024-07-11\"")]), Some("malformed_row")),
        (row(key, &[("_event_time", "1720742302233719")]), Some("malformed_row")),
        (row(key, &[("_sequence", "")]), Some("malformed_row")),
        (row(key, &[("_sequence", "\"4959\"")]), Some("malformed_row")),
        (row(key, &[("_event_id", "7")]), Some("malformed_row")),
        (row(key, &[("_ttl_delete", "\"true\"")]), Some("malformed_row")),
        (row(key, &[("_old", "{}")]), Some("malformed_row")),
        (row(key, &[("_old", "\"x\"")]), Some("malformed_row")),
        (row(key, &[("_old", "\"{}\"")]), None),
        (row(key, &[("_rescued", "{}")]), Some("malformed_row")),
        (row(key, &[("_rescued", "\"\"")]), Some("malformed_row")),
        (row(key, &[("_rescued", "\"{\"")]), Some("malformed_row")),
        (
            row(key, &[("_rescued", r#""{\"a\":{\"value\":{\"N\":\"1\"}}}""#)]),
            Some("malformed_row"),
        ),
        (
            row(key, &[("_rescued", r#""{\"a\":{\"reason\":\"type\",\"value\":1}}""#)]),
            Some("malformed_row"),
        ),
        // Where something is protected, its paths count.
        (
            row(
                key,
                &[("_rescued", r#""{\"a.\":{\"reason\":\"type\",\"value\":{\"N\":\"1\"}}}""#)],
            ),
            Some("malformed_row"),
        ),
        (row(key, &[("_rescued", &deep_rescued)]), Some("nested_too_deep")),
        (row(&deep, &[]), Some("nested_too_deep")),
        (row(r#""order_id":"o-1","_table":"orders","#, &[]), Some("malformed_row")),
        ("[]".to_owned(), Some("not_json")),
        (String::new(), Some("not_json")),
        (row(key, &[]) + "{}", Some("not_json")),
        ("\u{feff}".to_owned() + &row(key, &[]), Some("not_json")),
    ] {
        let failed = again(&mut records, &line).err();
        assert_eq!(failed.as_deref(), expected, "{line}");
    }
}

#[test]
fn a_column_that_comes_twice_is_rescued() {
    let mut records = transformer(SCHEMA).expect("it is valid");
    let line = row(r#""order_id":"o-1","total":1,"total":2,"#, &[]);
    let done = again(&mut records, &line).expect("a row");
    assert!(done.starts_with(r#"{"order_id":"o-1","total":1,"#), "{done}");
    assert!(
        done.contains(r#"{\"total\":{\"reason\":\"collision\",\"value\":{\"N\":\"2\"}}}"#),
        "{done}"
    );
}

#[test]
fn what_is_protected_since_is_hidden_wherever_it_is() {
    let mut records = transformer(SCHEMA).expect("it is valid");
    let columns = format!(
        r#""order_id":"o-1","email":"{HASH}","customer":"{{\"e_mail\":\"ann\",\"city\":\"Ulm\"}}","EMAIL":"ann","#
    );
    let metadata = [
        ("_old", r#""{\"email\":\"ann\",\"Customer\":{\"eMail\":\"ann\",\"city\":\"Ulm\"}}""#),
        (
            "_rescued",
            r#""{\"e_mail\":{\"reason\":\"unknown\",\"value\":{\"S\":\"fine\"}},\"Email\":{\"reason\":\"collision\",\"value\":{\"S\":\"ann\"}},\"Customer.eMail\":{\"reason\":\"type\",\"value\":{\"S\":\"ann\"}}}""#,
        ),
    ];
    let done = again(&mut records, &row(&columns, &metadata)).expect("a row");
    assert!(!done.contains("\"ann"), "{done}");
    assert!(done.contains(HASH), "a hash stays as it is: {done}");
    assert!(done.contains(r#"{\"city\":\"Ulm\"}"#) && done.contains("fine"), "{done}");
}
