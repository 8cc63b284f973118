//! `dynalake infer`: what is seen, and the schema for it. That the report is exact is tested in
//! `tests/infer`.

use crate::*;

/// The schema of these items, of the table `t` with the key `id`.
fn infer_items(items: &[Value]) -> Done {
    infer_items_with(items, &[])
}

fn infer_items_with(items: &[Value], options: &[&str]) -> Done {
    dynalake_with(&[&["infer", "--table", "t", "--keys", "id"], options].concat(), lines(items))
}

fn lines(items: &[Value]) -> String {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// `count` items with one attribute, `a`.
fn items(count: usize, value: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(|at| json!({"id": {"S": format!("i-{at}")}, "a": value(at)})).collect()
}

impl Done {
    #[track_caller]
    fn schema(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}{}", self.stdout, self.stderr))
    }

    /// The columns without the key, as `name type` and the path.
    #[track_caller]
    fn columns(&self) -> Vec<String> {
        let schema = self.schema();
        let columns = schema["columns"].as_array().unwrap().iter().map(|column| {
            let text = |member: &str| column[member].as_str().unwrap().to_owned();
            let path = column.get("path").map_or(String::new(), |path| format!(" {path}"));
            format!("{} {}{path}", text("name"), text("type"))
        });
        columns.filter(|column| column != "id string").collect()
    }
}

#[test]
fn the_schema_of_change_records() {
    let done = dynalake_with(&["infer"], change("o-1").to_string()).exits_with(0);
    assert_eq!(
        done.stdout,
        "{\n  \"table\": \"orders\",\n  \"keys\": [\"orderId\"],\n  \"columns\": [\n    \
         {\"name\": \"order_id\", \"type\": \"string\"},\n    \
         {\"name\": \"total\",    \"type\": \"decimal(5,1)\"}\n  ]\n}\n"
    );
    assert_eq!(
        done.stderr,
        "records     1 in: 1 ok, 0 dropped, 0 failed\n\
         looked at   1 item\n\
         schema      table orders, key orderId, 2 columns\n\
         rescued     0 values would be\n"
    );
}

#[test]
fn what_it_prints_passes_check() {
    let value = json!({"M": {"a-b": {"S": "x"}, "hour": {"N": "1"}, "": {"NULL": true}}});
    let done = infer_items(&items(3, |_| value.clone())).exits_with(0);
    let checked = dynalake_with(&["check", "-"], &done.stdout).exits_with(0);
    assert_eq!(checked.stderr, "");
}

#[test]
fn each_kind_of_value_has_its_type() {
    let of = |texts: &[&str], descriptor: &str| {
        let values: Vec<Value> = texts.iter().map(|text| json!({descriptor: text})).collect();
        infer_items(&items(values.len(), |at| values[at].clone())).exits_with(0).columns()[0]
            .clone()
    };
    for (numbers, ty) in [
        (&["1", "0"][..], "int"),
        (&["999999999", "-7"], "int"),
        (&["1000000000"], "bigint"),
        (&["1.0", "1E+3"], "int"),
        (&["999999999999999999"], "bigint"),
        (&["1000000000000000000"], "decimal(38,0)"),
        (&["12345678901234567890123456789012345678"], "decimal(38,0)"),
        (&["1E+38"], "string"),
        (&["12.5", "100"], "decimal(6,1)"),
        (&["0.001", "12.5"], "decimal(7,3)"),
        (&["0.00000000000000000000000000000000000001"], "decimal(38,38)"),
        (&["12345678901234567890.123456789012345678"], "decimal(38,18)"),
        (&["1234567890123456789012345678.5", "0.12345678901"], "string"),
        (&["5E-130"], "string"),
    ] {
        assert_eq!(of(numbers, "N"), format!("a {ty}"), "{numbers:?}");
    }
    assert_eq!(of(&["12", "007"], "S"), "a string", "text of digits stays text");
    assert_eq!(of(&["true", "false"], "S"), "a string");
    assert_eq!(of(&["aGk="], "B"), "a string");
    for (value, ty) in [
        (json!({"BOOL": true}), "boolean"),
        (json!({"NULL": true}), "string"),
        (json!({"SS": ["a"]}), "array<string>"),
        (json!({"BS": ["aGk="]}), "array<string>"),
        (json!({"NS": ["1", "2"]}), "array<int>"),
        (json!({"NS": ["1.5", "2"]}), "array<decimal(4,1)>"),
        (json!({"L": []}), "array<string>"),
        (json!({"L": [{"N": "1"}, {"NULL": true}]}), "array<int>"),
        (json!({"L": [{"N": "1"}, {"S": "x"}]}), "string"),
        (json!({"L": [{"M": {"q": {"N": "1"}}}]}), "array<struct<q:int>>"),
        (json!({"L": [{"L": [{"N": "1"}, {"S": "x"}]}]}), "array<string>"),
        (json!({"M": {}}), "map<string,string>"),
    ] {
        let columns = infer_items(&items(2, |_| value.clone())).exits_with(0).columns();
        assert_eq!(columns, [format!("a {ty}")], "{value}");
    }
}

#[test]
fn times_need_twenty_samples_and_no_miss() {
    let of = |count: usize, text: &dyn Fn(usize) -> String| {
        infer_items(&items(count, |at| json!({"S": text(at)}))).exits_with(0).columns()[0].clone()
    };
    let time = |at: usize| format!("2024-01-{:02}T12:00:00+02:00", at % 28 + 1);
    let date = |at: usize| format!("2024-01-{:02}", at % 28 + 1);
    assert_eq!(of(20, &time), "a timestamp");
    assert_eq!(of(19, &time), "a string");
    assert_eq!(of(20, &date), "a date");
    assert_eq!(of(200, &|at| if at == 150 { "never".into() } else { time(at) }), "a string");
    assert_eq!(of(200, &|at| if at == 0 { String::new() } else { time(at) }), "a string");
    assert_eq!(of(30, &|at| if at % 2 == 0 { time(at) } else { date(at) }), "a timestamp");
    // Such as the core would rescue.
    assert_eq!(
        of(30, &|at| if at == 9 { "1600-01-01T00:00:00Z".into() } else { time(at) }),
        "a string"
    );
    assert_eq!(of(30, &|at| if at == 9 { "1582-10-14".into() } else { date(at) }), "a string");
}

#[test]
fn the_type_of_99_percent_counts_and_the_rest_is_named() {
    let of = |others: usize| {
        infer_items(&items(200, |at| {
            if at < others { json!({"S": "SECRET"}) } else { json!({"N": "7"}) }
        }))
        .exits_with(0)
    };
    let done =
        of(2).says("rescued     2 values would be\n").says("  a: 2 of 200 values are no int\n");
    assert_eq!(done.columns(), ["a int"]);
    assert!(!done.stderr.contains("SECRET"));
    let done = of(3).says("rescued     0 values would be\n");
    assert_eq!(done.columns(), ["a string"]);
}

#[test]
fn few_stable_members_become_columns() {
    let address = json!({"M": {"city": {"S": "Ulm"}, "zip": {"S": "89073"}}});
    // In the order of the alphabet, which is that of serde_json's maps.
    let customer = json!({"M": {"address": address, "name": {"S": "Ada"}}});
    let done = infer_items(&items(3, |_| customer.clone())).exits_with(0);
    assert_eq!(done.columns(), ["a_address_city string", "a_address_zip string", "a_name string"]);
    // One that is empty, or NULL, would have no column.
    for other in [json!({"M": {}}), json!({"NULL": true})] {
        let one = |at| if at == 1 { other.clone() } else { customer.clone() };
        let done = infer_items(&items(3, one)).exits_with(0);
        let ty = "struct<address:struct<city:string,zip:string>,name:string>";
        assert_eq!(done.columns(), [format!("a {ty}")]);
    }
    // Beyond three levels.
    let deep = json!({"M": {"b": {"M": {"c": {"M": {"d": {"N": "1"}}}}}}});
    let done = infer_items(&items(3, |_| deep.clone())).exits_with(0);
    assert_eq!(done.columns(), ["a_b_c struct<d:int>"]);
}

#[test]
fn names_that_are_data_make_a_map() {
    let of = |value: &dyn Fn(usize) -> Value| {
        infer_items(&items(50, value)).exits_with(0).columns()[0].clone()
    };
    assert_eq!(of(&|at| json!({"M": {format!("user-{at:04}"): {"N": "1"}}})), "a map<string,int>");
    assert_eq!(of(&|_| json!({"M": {"2024-01-31": {"N": "1.5"}}})), "a map<string,decimal(4,1)>");
    let names = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"];
    assert_eq!(of(&|at| json!({"M": {names[at % 10]: {"BOOL": true}}})), "a map<string,boolean>");
    // Values of several types as text.
    let odd = |at: usize| if at.is_multiple_of(2) { json!({"S": "x"}) } else { json!({"N": "1"}) };
    assert_eq!(of(&|at| json!({"M": {format!("{at:04}"): odd(at)}})), "a map<string,string>");
    // Names that would be one in a struct.
    let alike = json!({"M": {"qty": {"N": "1"}, "Qty": {"N": "2"}}});
    assert_eq!(of(&|_| json!({"L": [alike]})), "a array<map<string,int>>");
}

#[test]
fn memory_is_bounded_by_paths() {
    // Twenty maps with names of their own in each item, more than any schema has.
    let map = |at: usize, map: usize| -> Value {
        let members = (0..20).map(|name| (format!("k{at:03}{map:03}{name:03}"), json!({"N": "1"})));
        json!({"M": members.collect::<serde_json::Map<_, _>>()})
    };
    let item = |at: usize| {
        let mut item = json!({"id": {"S": at.to_string()}});
        (0..20).for_each(|name| item[format!("m{name}")] = map(at, name));
        item
    };
    let done = infer_items(&(0..30).map(item).collect::<Vec<_>>()).exits_with(0);
    let columns = done.columns();
    assert_eq!(columns.len(), 20);
    assert!(columns.iter().all(|column| column.ends_with("map<string,int>")), "{columns:?}");
    // Attributes of the item itself have no such way out.
    let wide = |at: usize| {
        let names = (0..500).map(|name| (format!("a{:05}", at * 500 + name), json!({"N": "1"})));
        let mut item: serde_json::Map<_, _> = names.collect();
        item.insert("id".into(), json!({"S": "i"}));
        Value::Object(item)
    };
    let done = infer_items(&(0..10).map(wide).collect::<Vec<_>>()).exits_with(0);
    let columns = done.columns();
    assert!((2_000..=2_500).contains(&columns.len()), "{} columns", columns.len());
    let missing = thousands(5_000 - (columns.len() - 1));
    assert!(
        done.stderr.contains(&format!("  {missing} attributes with names beyond")),
        "{}",
        done.stderr
    );
}

#[test]
fn names_that_meet_have_paths() {
    let item = json!({
        "id": {"S": "i"}, "total": {"N": "1"}, "Total": {"N": "2"}, "a_b": {"N": "1"},
        "hour": {"N": "1"}, "_old": {"S": "x"}, "1st": {"S": "x"},
        "a": {"M": {"b": {"N": "3"}, "c": {"N": "4"}}},
        "x": {"M": {"1": {"M": {"y": {"N": "1"}, "z": {"N": "2"}}}}},
        "box": {"L": []}, "box_size": {"N": "1"},
    });
    let done = infer_items(&[item]).exits_with(0);
    let mut columns = done.columns();
    columns.sort();
    assert_eq!(
        columns,
        [
            "_1st string",
            "_old_attribute string [\"_old\"]",
            "a_b int [\"a_b\"]",
            "a_b_2 int [\"a\",\"b\"]",
            "a_c int",
            "box array<string>",
            "box_size int [\"box_size\"]",
            "hour_attribute int [\"hour\"]",
            "total int [\"total\"]",
            "total_2 int [\"Total\"]",
            "x map<string,struct<y:int,z:int>>",
        ]
    );
    assert_eq!(dynalake_with(&["check", "-"], &done.stdout).exits_with(0).stderr, "");
}

#[test]
fn epochs_are_hinted_at() {
    let done = infer_items(&items(3, |at| json!({"N": (1_700_000_000 + at).to_string()})));
    let done = done.exits_with(0).says(
        "hint: a: all numbers look like seconds since 1970; to have times, make it \
         \"type\": \"timestamp\", \"unit\": \"s\"\n",
    );
    assert_eq!(done.columns(), ["a bigint"]);
    infer_items(&items(3, |_| json!({"N": "1700000000000"}))).exits_with(0).says(
        "milliseconds since 1970; to have times, make it \"type\": \"timestamp\", \"unit\": \"ms\"",
    );
    let done = infer_items(&items(3, |at| json!({"N": (at * 1_700_000_000).to_string()})));
    assert!(!done.exits_with(0).stderr.contains("hint"));
}

#[test]
fn every_kind_of_input_is_read() {
    let names = |done: Done| -> Vec<String> {
        let schema = done.schema();
        let columns = schema["columns"].as_array().unwrap();
        columns.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect()
    };
    let full = ["infer", "--table", "orders", "--keys", "orderId", "export-full.jsonl"];
    assert_eq!(names(dynalake(&full).exits_with(0)), ["order_id", "total", "blob"]);
    let incremental = dynalake(&["infer", "--table", "orders", "export-incremental.jsonl"]);
    assert_eq!(names(incremental.exits_with(0)), ["order_id", "total"]);
    let data = change("o-1").to_string();
    let line = json!({"rawData": BASE64_STANDARD.encode(&data), "errorCode": "x"});
    let lambda = json!({"Records": [change("o-1")]});
    for input in [event(&[data]).to_string(), line.to_string(), lambda.to_string()] {
        assert_eq!(names(dynalake_with(&["infer"], input).exits_with(0)), ["order_id", "total"]);
    }
    // Names that records and exports have, too.
    let item = json!({"Item": {"S": "cup"}, "eventName": {"S": "sale"}, "orderId": {"S": "o-1"}});
    let done = dynalake_with(
        &["infer", "--table", "t", "--keys", "orderId"],
        gzip(item.to_string().as_bytes()),
    );
    assert_eq!(names(done.exits_with(0)), ["order_id", "item", "event_name"]);
    let list = json!([{"orderId": {"S": "a"}}, {"orderId": {"S": "b"}}]);
    let done = dynalake_with(&["infer", "--table", "t", "--keys", "orderId"], list.to_string());
    done.exits_with(0).says("looked at   2 items");
}

#[test]
fn deleted_items_are_looked_at_by_key_and_old_image() {
    let mut removed = change("o-2");
    removed["eventName"] = json!("REMOVE");
    let images = removed["dynamodb"].as_object_mut().unwrap();
    images.remove("NewImage");
    images.insert("OldImage".into(), json!({"orderId": {"S": "o-2"}, "gone": {"BOOL": true}}));
    let mut modified = change("o-1");
    modified["dynamodb"]["OldImage"] = json!({"orderId": {"S": "o-1"}, "before": {"N": "1"}});
    let done = dynalake_with(&["infer"], format!("{modified}{removed}")).exits_with(0);
    done.prints("\"gone\"").says("looked at   1 item, 1 deleted item\n");
}

#[test]
fn keys_keep_what_tells_them_apart() {
    // As timestamps two of them would be one.
    let items: Vec<Value> = (0..30)
        .map(|at| json!({"at": {"S": format!("2024-01-01T00:00:{at:02}Z")}, "no": {"N": at.to_string()}}))
        .collect();
    let done =
        dynalake_with(&["infer", "--table", "t", "--keys", "at, no"], lines(&items)).exits_with(0);
    assert_eq!(done.columns(), ["at string", "no int"]);
    assert_eq!(done.schema()["keys"], json!(["at", "no"]));
}

#[test]
fn what_is_missing_is_asked_for() {
    let item = json!({"id": {"S": "i"}}).to_string();
    dynalake_with(&["infer", "--keys", "id"], &item)
        .exits_with(2)
        .says("error: no record says its table; add --table NAME");
    dynalake_with(&["infer", "--table", "t"], &item)
        .exits_with(2)
        .says("error: no record says which attributes are the table's key; add --keys");
    dynalake_with(&["infer", "--table", "t", "--keys", "pk"], &item)
        .exits_with(2)
        .says("failed: the item has no key \"pk\"");
    let mut other = change("a-1");
    other["tableName"] = json!("audit");
    let input = format!("{}{other}{}", change("o-1"), change("o-2"));
    dynalake_with(&["infer"], &input).exits_with(2).says(
        "error: the records are of several tables, by how many: orders (2), audit (1); choose one \
         by --table NAME",
    );
    let done = dynalake_with(&["infer", "--table", "audit"], &input).exits_with(0);
    done.prints("\"table\": \"audit\"").says("3 in: 1 ok, 2 dropped, 0 failed");
    dynalake_with(&["infer", "--table", "shop"], &input)
        .exits_with(2)
        .says("no record is of --table shop; they are of orders (2), audit (1)");
    for (keys, said) in [("", "--keys is \"\""), ("a,,b", "--keys is"), ("a,a", "each once")] {
        dynalake_with(&["infer", "--table", "t", "--keys", keys], &item).exits_with(2).says(said);
    }
    dynalake_with(&["infer", "--table", ""], &item).exits_with(2).says("--table is empty");
    dynalake_with(&["infer"], "").exits_with(2).says("or items in DynamoDB JSON");
    dynalake_with(&["infer"], r#"{"id": "i", "n": 1}"#)
        .exits_with(2)
        .says("dynalake infer … --table NAME --keys NAMES -");
    dynalake(&["infer", "-", "-"]).exits_with(2).says("given twice");
}

#[test]
fn a_bad_record_costs_one_record() {
    let bad = change("o-2").to_string().replace("INSERT", "UPSERT");
    dynalake_with(&["infer"], format!("{}\n{bad}\n{}", change("o-1"), change("o-3")))
        .exits_with(1)
        .prints("\"order_id\"")
        .says("line-2: failed: eventName")
        .says("3 in: 2 ok, 0 dropped, 1 failed")
        .says("looked at   2 items");
}

#[test]
fn evidence_has_counts_and_no_values() {
    let file = TempFile::new("evidence.json", "");
    let items = items(200, |at| match at {
        0 => json!({"S": "SECRET"}),
        1 => json!({"NULL": true}),
        _ => json!({"N": "1234.56789"}),
    });
    let done = infer_items_with(&items, &["--evidence", file.path()]).exits_with(0);
    assert_eq!(done.columns(), ["a decimal(11,5)"]);
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(!text.contains("SECRET") && !text.contains("1234"), "{text}");
    let evidence: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(evidence["items"], 200);
    assert_eq!(
        evidence["rescued"],
        json!([{"path": "a", "type": "decimal(11,5)", "count": 1, "in_deleted_items": 0, "of": 199}])
    );
    let paths = evidence["paths"].as_array().unwrap();
    assert_eq!(
        paths.iter().find(|path| path["path"] == "a").unwrap(),
        &json!({"path": "a", "count": 200, "share": 1.0, "types": {"S": 1, "N": 198, "NULL": 1},
            "null_share": 0.005, "whole_digits": 4, "scale": 5})
    );
    infer_items_with(&items, &["--evidence", "none/evidence.json"])
        .exits_with(2)
        .says("can't write none/evidence.json");
}
