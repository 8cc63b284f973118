//! `dynalake check`.

use crate::*;

#[test]
fn check_explains_each_column() {
    let done = dynalake(&["check", "orders.json"]).exits_with(0);
    let warning = "warning: column \"total\": decimal(38,9): public code of the SerDe";
    assert!(
        done.stderr.starts_with(warning) && done.stderr.lines().count() == 1,
        "{}",
        done.stderr
    );
    let cells = |name: &str| -> Vec<String> {
        let line =
            done.stdout.lines().find(|line| line.starts_with(&format!("│ {name} "))).unwrap();
        line.trim_matches('│').split('┆').map(|cell| cell.trim().to_owned()).collect()
    };
    assert_eq!(cells("order_id"), ["order_id", "string", "key orderId", "", "partition key"]);
    assert_eq!(cells("customer_city")[2], "path customer.address.city");
    assert_eq!(
        cells("customer_email")[2],
        "by name: customer_email, customerEmail, customer.email"
    );
    assert_eq!(cells("customer_email")[3], "sha256");
    assert_eq!(cells("note")[3], "drop: in no row");
    assert_eq!(cells("items")[1], "array<struct<sku:string,qty:int>>");
    assert!(cells("expires_at")[2].ends_with("; numbers are seconds"));
    assert_eq!(cells("_event_time")[1], "timestamp");
    assert!(cells("_old")[2].contains("old_image is false"));
    done.prints("DYNALAKE_SCHEMA takes ").prints(" of the 4,096 bytes");
}

#[test]
fn check_warns_of_a_schema_over_4_kb() {
    // Text that doesn't compress: hashes as digits.
    let mut seed: u64 = 1;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:x}", seed >> 8)
    };
    let columns = |count: usize, noise: &mut dyn FnMut() -> String| {
        let mut columns = vec![json!({"name": "order_id", "type": "string"})];
        columns.extend((0..count).map(
            |at| json!({"name": format!("c{at}"), "type": "string", "comment": noise() + &noise()}),
        ));
        orders(&json!(columns))
    };
    let small = check(&columns(40, &mut noise)).exits_with(0);
    assert_eq!(small.stderr, "");
    check(&columns(200, &mut noise)).exits_with(0).says("warning: the schema takes ").says(
        "all environment variables together 4,096; put it into the package: package.py --schema \
             FILE, and in Terraform schema_in_package = true; or shorten comments\n",
    );
}

#[test]
fn check_warns_of_likely_mistakes() {
    for (columns, warning) in [
        (
            json!([{"name": "customer", "type": "string"},
                {"name": "customer_email", "type": "string", "protect": "sha256"}]),
            "column \"customer_email\" may not protect what it should: if customer is a map, column \
             \"customer\" takes it whole, and what is inside appears there in clear; give \
             \"customer_email\" a path, as [\"customer\", \"email\"]",
        ),
        (
            json!([{"name": "buyer", "type": "map<string,string>", "path": ["Customer"]},
                {"name": "customer_email", "type": "string", "protect": "drop"}]),
            "if Customer is a map, column \"buyer\" takes it whole",
        ),
        (
            json!([{"name": "customer", "type": "struct<city:string>"},
                {"name": "customer_email", "type": "string"}]),
            "column \"customer_email\" takes nothing from inside customer",
        ),
        (
            json!([{"name": "mail", "type": "string", "path": ["customerEmail"]},
                {"name": "customer_email", "type": "string"}]),
            "column \"customer_email\" stays empty unless",
        ),
        (json!([{"name": "a__b", "type": "string"}]), "runs of _ collapse"),
        (
            json!([{"name": "customer", "type": "string", "protect": "sha256"},
                {"name": "city", "type": "string", "path": ["customer", "city"]}]),
            "column \"city\" can never be filled: its path customer.city leads through what column \
             \"customer\" hashes whole",
        ),
    ] {
        let mut columns = columns.as_array().unwrap().clone();
        columns.push(json!({"name": "order_id", "type": "string"}));
        let done = check(&orders(&json!(columns))).exits_with(0).says("warning: ").says(warning);
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    }
    for (ty, fits) in [
        ("boolean", "only the keys 0, 1, true and false fit boolean"),
        ("array<string>", "no key of DynamoDB fits array<string>"),
        ("map<string,string>", "no key of DynamoDB fits map<string,string>"),
        ("struct<a:int>", "no key of DynamoDB fits struct<a:int>"),
    ] {
        check(&orders(&json!([{"name": "order_id", "type": ty}])))
            .exits_with(0)
            .says(&format!("warning: column \"order_id\" holds a key, and {fits}: "));
    }
    let columns = json!([{"name": "a", "type": "string"}, {"name": "b", "type": "string"},
        {"name": "c", "type": "string"}]);
    check(&json!({"table": "t", "keys": ["a", "b", "c"], "columns": columns}))
        .exits_with(0)
        .says("warning: \"keys\" lists 3");
}

#[test]
fn check_does_not_warn_of_a_path_into_a_map_that_is_taken_whole() {
    let columns = json!([{"name": "order_id", "type": "string"},
        {"name": "order_id_hash", "type": "string", "protect": "sha256"},
        {"name": "customer", "type": "map<string,string>"},
        {"name": "customer_email", "type": "string", "protect": "sha256",
            "path": ["customer", "email"]}]);
    assert_eq!(check(&orders(&columns)).exits_with(0).stderr, "");
}
