//! `dynalake check`: the view explained, and what it warns of.

use crate::*;

/// The schema of the orders with other members beside.
fn with(members: &Value, columns: &Value) -> Value {
    let mut all = vec![json!({"name": "order_id", "type": "string"})];
    all.extend(columns.as_array().unwrap().iter().cloned());
    let mut schema = orders(&json!(all));
    schema.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    schema
}

#[track_caller]
fn warns(members: &Value, columns: &Value, warnings: &[&str]) -> Done {
    let done = check(&with(members, columns)).exits_with(0);
    let said: Vec<&str> = done.stderr.lines().collect();
    let expected: Vec<String> = warnings.iter().map(|text| format!("warning: {text}")).collect();
    assert_eq!(said, expected);
    done
}

#[test]
fn a_view_is_explained_in_sentences() {
    // In the order of names, which is also that of a map that sorts.
    let where_ = json!({"a.b": ["*", "7"], "orderId": ["ORDER#*"], "type": ["order", "in\nvoice"]});
    let members = json!({"name": "orders_only", "where": where_, "on_remove": "item",
        "events": ["INSERT", "TTL", "REMOVE"]});
    let where_warning = "\"where\": [\"a.b\"] is not a key, so only the old image says whether a \
                         deleted item was in the view; if the stream has no old images, every \
                         deleted item gives a REMOVE row";
    let done = warns(&members, &json!([]), &[where_warning])
        .prints("table orders: 1 column and 8 of metadata; key orderId\nlake table orders_only\n")
        .prints("\nAn item that stops matching gives a REMOVE row.\n")
        .prints("\nEvents: only INSERT, REMOVE, TTL (a delete by Time to Live).\n")
        .prints(
            "\nA REMOVE row has the columns of the deleted item, from its old image; without one",
        );
    let rows = done.stdout.lines().find(|line| line.starts_with("Rows: ")).unwrap();
    for condition in [
        "whose type is \"order\" or is \"in\\nvoice\"",
        "whose orderId begins with \"ORDER#\"",
        "whose [\"a.b\"] is any string or is \"7\"",
    ] {
        assert!(rows.contains(condition), "{rows}");
    }
    let done = check(&orders(&json!([{"name": "order_id", "type": "string"}]))).exits_with(0);
    for choice in ["Rows:", "Events:", "A REMOVE row"] {
        assert!(!done.stdout.contains(choice), "there is no choice to explain");
    }
}

#[test]
fn a_view_by_the_key_needs_no_old_image() {
    warns(&json!({"where": {"orderId": ["ORDER#*"]}}), &json!([]), &[]);
}

#[test]
fn events_without_deletes_are_warned_of() {
    for (events, left_out, them) in [
        (json!(["INSERT", "MODIFY"]), "REMOVE and TTL", "them"),
        (json!(["INSERT", "MODIFY", "TTL"]), "REMOVE", "it"),
        (json!(["INSERT", "MODIFY", "REMOVE"]), "TTL", "it"),
    ] {
        let warning = format!(
            "\"events\" leaves out {left_out}: items deleted that way stay in the current state; \
             add {them} unless the table is a log"
        );
        warns(&json!({"events": events}), &json!([]), &[&warning]);
    }
    warns(&json!({"events": ["REMOVE", "TTL"]}), &json!([]), &[]);
}

#[test]
fn columns_named_like_partitions_are_warned_of() {
    let columns = json!([{"name": "dt", "type": "string"}, {"name": "hour", "type": "int"}]);
    let fix = "; choose another name, and bind the attribute by \"path\"";
    warns(
        &json!({}),
        &columns,
        &[
            &format!(
                "column \"dt\" has the name of a partition of the table, so Terraform rejects \
                 it{fix}"
            ),
            &format!(
                "column \"hour\" has the name of a partition of the table, so Terraform rejects it \
                 unless its partitions are days{fix}"
            ),
        ],
    );
}

#[test]
fn dropped_columns_are_in_no_table_and_not_warned_of() {
    let columns = json!([{"name": "dt", "type": "string", "protect": "drop"},
        {"name": "_change_type", "type": "string", "path": ["x"], "protect": "drop"},
        {"name": "wide", "type": "decimal(38,20)", "protect": "drop"}]);
    warns(&json!({}), &columns, &[]);
}

#[test]
fn names_of_the_change_data_feed_are_warned_of() {
    for name in ["_change_type", "_commit_version", "_commit_timestamp"] {
        let column = json!([{"name": name, "type": "string", "path": ["x"]}]);
        check(&with(&json!({}), &column)).exits_with(0).says(&format!(
            "warning: column \"{name}\" has a name that Delta's change data feed keeps for itself: \
             the feed can't be enabled on the table; choose another name"
        ));
    }
}

#[test]
fn decimals_that_public_serde_code_cuts_are_warned_of() {
    let whole = "values with more than 20 digits before the point become null";
    let fraction = "digits beyond 18 after the point are rounded";
    for (ty, cut, harm) in [
        ("decimal(38,9)", "decimal(38,9)", whole.to_owned()),
        ("decimal(38,19)", "decimal(38,19)", fraction.to_owned()),
        ("array<struct<a:map<string,decimal(21,0)>>>", "decimal(21,0)", whole.to_owned()),
    ] {
        let warning = format!(
            "column \"x\": {cut}: public code of the SerDe that Firehose uses reads every decimal \
             as decimal(38,18): {harm}, without an error. What AWS runs has not been seen; compare \
             such values first, or use string"
        );
        warns(&json!({}), &json!([{"name": "x", "type": ty}]), &[&warning]);
    }
    for ty in ["decimal(38,18)", "decimal(20,0)", "decimal(18,18)", "decimal"] {
        warns(&json!({}), &json!([{"name": "x", "type": ty}]), &[]);
    }
}

#[test]
fn a_schema_without_comments_is_not_told_to_shorten_them() {
    let mut seed: u64 = 1;
    let columns: Vec<Value> = (0..450)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            json!({"name": format!("c{:x}", seed >> 8), "type": "string"})
        })
        .collect();
    let done = check(&with(&json!({}), &json!(columns))).exits_with(0);
    assert!(done.stderr.ends_with("schema_in_package = true\n"));
    assert!(!done.stderr.contains("comments"), "{}", done.stderr);
}
