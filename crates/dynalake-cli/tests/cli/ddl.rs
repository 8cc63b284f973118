//! `dynalake ddl`.

use crate::*;

fn ddl(dialect: &str, options: &[&str]) -> Done {
    dynalake(&[&["ddl", "orders.json", "--dialect", dialect], options].concat())
}

#[test]
fn ddl_explains_each_part_of_a_dialect() {
    let athena = ddl("athena", &[])
        .exits_with(0)
        .prints("\n-- 1. The table over the Parquet objects")
        .prints("\nCREATE EXTERNAL TABLE IF NOT EXISTS `dynalake_orders`.`orders` (\n")
        .prints("\n-- 2. The current state")
        .prints("scans the whole history")
        .prints("\nCREATE OR REPLACE VIEW \"dynalake_orders\".\"orders_current\" AS\n");
    assert!(!athena.stdout.contains("note"), "what is dropped is no column");
    ddl("databricks", &[])
        .exits_with(0)
        .prints("\n-- 1. Schema hints for Auto Loader")
        .prints("`items` ARRAY<STRUCT<`sku`: STRING, `qty`: INT>>")
        .prints("\nCREATE TABLE IF NOT EXISTS `orders_changes` (\n")
        .prints("\nCREATE OR REPLACE VIEW `orders_current` (\n");
}

#[test]
fn ddl_prints_one_part_as_a_machine_takes_it() {
    for (dialect, part, begins, ends) in [
        ("athena", "table", "CREATE EXTERNAL TABLE", "\n)\n"),
        ("athena", "view", "CREATE OR REPLACE VIEW", "<> 'REMOVE'\n"),
        ("databricks", "table", "CREATE TABLE", "one row each'\n"),
        ("databricks", "view", "CREATE OR REPLACE VIEW", "<> 'REMOVE'\n"),
    ] {
        let sql = ddl(dialect, &["--only", part]).exits_with(0).stdout;
        assert!(sql.starts_with(begins) && sql.ends_with(ends), "{sql}");
        assert!(!sql.contains("--"), "{sql}");
    }
    let hints = ddl("databricks", &["--only", "hints"]).exits_with(0).stdout;
    assert!(
        hints.starts_with("`order_id` STRING, `_event_type` STRING, `_event_time` TIMESTAMP, ")
    );
    assert!(hints.ends_with(", `_rescued` STRING\n") && hints.lines().count() == 1, "{hints}");
    let all = ddl("databricks", &["--only", "all-hints"]).exits_with(0).stdout;
    assert!(all.starts_with("`order_id` STRING, `total` DECIMAL(38,9), "), "{all}");
    ddl("athena", &["--only", "hints"])
        .exits_with(2)
        .says("with --dialect athena write table, view or erase");
}

#[test]
fn ddl_takes_names_and_places() {
    let names = &["--database", "lake", "--table", "changes", "--view", "now"];
    ddl("athena", names)
        .exits_with(0)
        .prints("`lake`.`changes` (")
        .prints("\"lake\".\"now\" AS")
        .prints("FROM \"lake\".\"changes\"");
    ddl("databricks", &["--database", "main.my-shop"])
        .exits_with(0)
        .prints("TABLE IF NOT EXISTS `main`.`my-shop`.`orders_changes` (")
        .prints("VIEW `main`.`my-shop`.`orders_current` (")
        .prints("FROM `main`.`my-shop`.`orders_changes`");
    let location = &["--location", "s3://lake/o'rders/", "--partition-granularity", "day"];
    let day = ddl("athena", location)
        .exits_with(0)
        .prints("LOCATION 's3://lake/o\\'rders/'\n")
        .prints("'storage.location.template' = 's3://lake/o\\'rders/dt=${dt}/'\n");
    assert!(!day.stdout.contains("hour") && !day.stdout.contains("BUCKET"), "{}", day.stdout);
}

#[test]
fn ddl_rejects_what_the_engine_would_reject() {
    for (dialect, options, reason) in [
        (
            "athena",
            &["--database", "a.b"][..],
            "--database is \"a.b\": Athena's database is one name",
        ),
        ("athena", &["--database", "Lake"], "--database is \"Lake\": a name in Athena is a-z, 0-9"),
        ("athena", &["--table", "my-orders"], "--table is \"my-orders\": a name in Athena is"),
        ("athena", &["--view", ""], "--view is \"\": a name in Athena is"),
        ("athena", &["--view", "orders"], "--view and --table are both \"orders\""),
        ("databricks", &["--database", "a.b.c"], "write schema or catalog.schema"),
        ("databricks", &["--database", "a."], "--database is \"\": a name has no blank"),
        ("databricks", &["--table", "my orders"], "--table is \"my orders\": a name has no blank"),
        ("databricks", &["--location", "s3://b/"], "--location is for --dialect athena"),
        (
            "databricks",
            &["--partition-granularity", "day"],
            "--partition-granularity is for --dialect athena",
        ),
        (
            "athena",
            &["--only", "view", "--location", "s3://b/"],
            "--location is for the table; with --only view remove it",
        ),
        (
            "athena",
            &["--only", "view", "--partition-granularity", "day"],
            "--partition-granularity is for the table; with --only view",
        ),
        ("athena", &["--location", "s3://bucket/prefix"], "with a slash at its end"),
        ("athena", &["--location", "s3:///prefix/"], "write it as s3://bucket/prefix/"),
        ("athena", &["--location", "/prefix/"], "write it as s3://bucket/prefix/"),
    ] {
        let done = ddl(dialect, options).exits_with(2).says("error: ").says(reason);
        assert_eq!(done.stdout, "");
    }
}

#[test]
fn ddl_tells_of_a_bad_schema_as_check_does() {
    let athena = |columns: &Value, options: &[&str]| {
        let args = [&["ddl", "-", "--dialect", "athena"], options].concat();
        dynalake_with(&args, orders(columns).to_string())
    };
    let bad = json!([{"name": "order_id", "type": "binary"}]);
    let said = athena(&bad, &[]).exits_with(2).stderr;
    assert_eq!(said, check(&orders(&bad)).exits_with(2).stderr);
    let hour = json!([{"name": "order_id", "type": "string"}, {"name": "hour", "type": "int"}]);
    athena(&hour, &[])
        .exits_with(2)
        .says("error: schema -: column \"hour\": the table has a partition of that name");
    athena(&hour, &["--partition-granularity", "day"]).exits_with(0).prints("`hour` int,");
}
