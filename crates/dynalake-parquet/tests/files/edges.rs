//! Tables of edge values: schemas and change records. `examples/agreement_files.rs` writes them for
//! other engines.

use std::fmt::Write;

/// A schema and its change records.
pub(crate) struct Edge {
    pub(crate) name: &'static str,
    pub(crate) schema: String,
    /// Each with Kinesis' sequence number.
    pub(crate) records: Vec<(Vec<u8>, Option<String>)>,
}

/// Of each attribute value, its JSON.
type Item<'a> = &'a [(&'a str, &'a str)];

/// The edge values of each type.
pub(crate) fn edges() -> Vec<Edge> {
    vec![
        numbers(),
        decimals(),
        times(),
        texts(),
        nothing(),
        edge("null_throughout", &all_types(), &[&[], &[], &[]]),
        edge("zero_rows", &all_types(), &[]),
        nested(),
        deep("deep", 12),
        deep("deepest", 32),
    ]
}

/// A column of each type, and of each type inside arrays, maps and structs.
pub(crate) fn all_types() -> Vec<(String, String)> {
    let types = [
        "string",
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(1,0)",
        "decimal(9,2)",
        "decimal(18,4)",
        "decimal(38,0)",
        "decimal(38,9)",
        "decimal(38,38)",
        "timestamp",
        "date",
    ];
    let name = |ty: &str| ty.replace(['(', ','], "_").replace(')', "");
    let mut columns = Vec::new();
    for ty in types {
        columns.push((format!("c_{}", name(ty)), ty.to_owned()));
    }
    for ty in types {
        columns.push((format!("a_{}", name(ty)), format!("array<{ty}>")));
        columns.push((format!("m_{}", name(ty)), format!("map<string,{ty}>")));
    }
    let members: Vec<_> = types.iter().map(|ty| format!("{}:{ty}", name(ty))).collect();
    columns.push(("s".to_owned(), format!("struct<{}>", members.join(","))));
    for (name, ty) in [
        ("aa", "array<array<int>>"),
        ("am", "array<map<string,int>>"),
        ("ma", "map<string,array<timestamp>>"),
        ("mm", "map<string,map<string,decimal(38,9)>>"),
        ("as", "array<struct<a:int,b:array<string>>>"),
        ("msa", "map<string,struct<a:array<struct<b:date,c:map<string,double>>>>>"),
    ] {
        columns.push((name.to_owned(), ty.to_owned()));
    }
    columns
}

/// The schema of a table with these columns and the key `pk`.
pub(crate) fn schema(columns: &[(String, String)]) -> String {
    let mut text =
        r#"{"table":"edges","keys":["pk"],"columns":[{"name":"pk","type":"string"}"#.to_owned();
    for (name, ty) in columns {
        let _ = write!(text, r#",{{"name":"{name}","type":"{ty}"}}"#);
    }
    text + "]}"
}

/// An INSERT of an item, made in the microsecond `at`.
pub(crate) fn insert(at: usize, item: Item<'_>) -> (Vec<u8>, Option<String>) {
    let pk = format!(r#""pk":{{"S":"k{at}"}}"#);
    let mut image = pk.clone();
    for (name, value) in item {
        let _ = write!(image, r#","{name}":{value}"#);
    }
    let time = 1_720_742_302_233_719 + at;
    let record = format!(
        r#"{{"tableName":"edges","eventName":"INSERT","eventID":"e{at}","dynamodb":{{
            "ApproximateCreationDateTime":{time},"ApproximateCreationDateTimePrecision":"MICROSECOND",
            "Keys":{{{pk}}},"NewImage":{{{image}}}}}}}"#
    );
    (record.into_bytes(), Some((1_000 + at).to_string()))
}

fn edge(name: &'static str, columns: &[(String, String)], items: &[Item<'_>]) -> Edge {
    let records = items.iter().enumerate().map(|(at, item)| insert(at, item)).collect();
    Edge { name, schema: schema(columns), records }
}

/// A table of columns, and a row for each of some values, which go into all columns.
fn values_in(name: &'static str, types: &[&str], values: &[String]) -> Edge {
    let column = |(at, ty): (usize, &&str)| (format!("c{at}"), (*ty).to_owned());
    let columns: Vec<_> = types.iter().enumerate().map(column).collect();
    let items = values.iter().map(|value| {
        columns.iter().map(|(name, _)| (name.as_str(), value.as_str())).collect::<Vec<_>>()
    });
    let items: Vec<_> = items.collect();
    edge(name, &columns, &items.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn n(text: &str) -> String {
    format!(r#"{{"N":"{text}"}}"#)
}

fn s(text: &str) -> String {
    format!(r#"{{"S":"{text}"}}"#)
}

fn numbers() -> Edge {
    let types = ["tinyint", "smallint", "int", "bigint", "float", "double", "boolean"];
    let values = [
        "0",
        "1",
        "-1",
        "-0",
        "127",
        "-128",
        "128",
        "32767",
        "-32768",
        "2147483647",
        "-2147483648",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "0.1",
        "-0.1",
        "16777217",
        "9007199254740993",
        "3.4028234663852886E+38",
        "3.4028235677973366E+38",
        "1.401298464324817E-45",
        "7E-46",
        "1.7976931348623157E+125",
        "4.9E-130",
        "-4.9E-130",
        "-0.0",
        "1E+125",
        "1E-130",
    ];
    let mut values: Vec<_> = values.into_iter().map(n).collect();
    // Texts may have any exponent.
    let texts = ["1.7976931348623157E+308", "4.9E-324", "2.2250738585072014E-308", "-2E-324"];
    values.extend(texts.map(s));
    values.extend([r#"{"BOOL":true}"#.to_owned(), r#"{"BOOL":false}"#.to_owned()]);
    values_in("numbers", &types, &values)
}

fn decimals() -> Edge {
    let types: Vec<_> = (1..=38)
        .flat_map(|precision| {
            [format!("decimal({precision},0)"), format!("decimal({precision},{precision})")]
        })
        .chain(["decimal(38,9)".to_owned(), "decimal(38,19)".to_owned()])
        .collect();
    let types: Vec<_> = types.iter().map(String::as_str).collect();
    let mut values = vec!["0".to_owned(), "0.5".to_owned(), "-0.5".to_owned()];
    for digits in 1..=38 {
        for sign in ["", "-"] {
            values.push(format!("{sign}{}", "9".repeat(digits)));
            values.push(format!("{sign}0.{}", "9".repeat(digits)));
            values.push(format!("{sign}1E-{digits}"));
            values.push(format!("{sign}1E+{}", digits - 1));
        }
    }
    values.push(format!("{}.{}", "9".repeat(29), "9".repeat(9)));
    values.push(format!("-{}.{}", "9".repeat(19), "9".repeat(19)));
    let values: Vec<_> = values.iter().map(|value| n(value)).collect();
    values_in("decimals", &types, &values)
}

fn times() -> Edge {
    let types = ["timestamp", "date", "array<timestamp>", "map<string,date>"];
    let times = [
        "1678-01-01T00:00:00Z",
        "1678-01-01T00:00:00.000000001Z",
        "1677-12-31T23:59:59.999999999Z",
        "2261-12-31T23:59:59.999999999Z",
        "2262-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1899-12-31T23:59:59.123456789Z",
        "1883-11-18T12:03:58Z",
        "1900-01-01T00:00:00.5Z",
        "2024-02-29T12:30:45.123456789+02:00",
        "2024-07-12T00:00:00.000001Z",
        "2024-07-12T00:00:00.000000999Z",
        "1582-10-15",
        "1582-10-14",
        "9999-12-31",
        "1600-02-29",
        "1900-02-28",
        "1970-01-01",
        "1969-12-31",
        "2261-12-31",
        "2262-04-11",
        "1700-02-28",
    ];
    let mut values = Vec::new();
    for time in times {
        values.push(s(time));
        values.push(format!(r#"{{"L":[{},{{"NULL":true}},{}]}}"#, s(time), s(time)));
        values.push(format!(r#"{{"M":{{"a":{},"b":{{"NULL":true}}}}}}"#, s(time)));
    }
    values.push(n("0.000000001"));
    values.push(n("-0.000000001"));
    values_in("times", &types, &values)
}

fn texts() -> Edge {
    let large = "0123456789abcdef".repeat(1 << 16);
    let texts = [
        "",
        " ",
        "\\u0000",
        "\\\"\\\\\\n\\t",
        "\u{e9}\u{20ac}\u{1f600}",
        "\\ud83d\\ude00",
        "\u{feff}",
        &large,
    ];
    let mut values: Vec<_> = texts.into_iter().map(s).collect();
    let elements = texts.map(s).join(",");
    values.push(format!(r#"{{"L":[{elements}]}}"#));
    values.push(format!(r#"{{"M":{{"":{0},"a.b":{0},"\u00e9":{0},"A":{0},"a":{0}}}}}"#, s("x")));
    values_in("texts", &["string", "array<string>", "map<string,string>"], &values)
}

fn nothing() -> Edge {
    let types = [
        "array<int>",
        "array<array<int>>",
        "map<string,int>",
        "map<string,array<int>>",
        "struct<a:int,b:array<int>>",
        "array<struct<a:int>>",
        "array<map<string,int>>",
    ];
    let values = [
        r#"{"NULL":true}"#,
        r#"{"L":[]}"#,
        r#"{"L":[{"NULL":true}]}"#,
        r#"{"L":[{"NULL":true},{"N":"1"},{"NULL":true}]}"#,
        r#"{"L":[{"L":[]}]}"#,
        r#"{"L":[{"L":[]},{"NULL":true},{"L":[{"NULL":true}]},{"L":[{"N":"1"},{"N":"2"}]},{"L":[]}]}"#,
        r#"{"M":{}}"#,
        r#"{"M":{"a":{"NULL":true}}}"#,
        r#"{"M":{"a":{"L":[]},"b":{"NULL":true},"c":{"N":"7"},"d":{"L":[{"N":"1"},{"NULL":true}]}}}"#,
        r#"{"M":{"a":{"N":"1"},"b":{"L":[]}}}"#,
        r#"{"M":{"b":{"L":[{"NULL":true}]}}}"#,
        r#"{"L":[{"M":{}}]}"#,
        r#"{"L":[{"M":{"a":{"NULL":true}}},{"NULL":true},{"M":{"a":{"N":"5"}}},{"S":"x"}]}"#,
    ];
    values_in("nothing", &types, &values.map(str::to_owned))
}

/// All types at once, with a value in each column, and in half of them.
fn nested() -> Edge {
    let columns = all_types();
    let mut items: Vec<Vec<(&str, String)>> = Vec::new();
    for row in 0..12_usize {
        let columns = columns.iter().enumerate().filter(|(at, _)| row % 3 < 2 || at % 2 == 0);
        items.push(
            columns.map(|(at, (name, ty))| (name.as_str(), value_of(ty, at + row))).collect(),
        );
    }
    let items: Vec<Vec<(&str, &str)>> = items
        .iter()
        .map(|item| item.iter().map(|(name, value)| (*name, value.as_str())).collect())
        .collect();
    edge("nested", &columns, &items.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A value that fits a type, by a seed.
fn value_of(ty: &str, seed: usize) -> String {
    if let Some(element) = inside(ty, "array<") {
        let elements: Vec<_> = (0..seed % 4).map(|at| value_of(element, seed / 2 + at)).collect();
        return format!(r#"{{"L":[{}]}}"#, elements.join(","));
    }
    if let Some(value) = inside(ty, "map<string,") {
        let members: Vec<_> = (0..seed % 3)
            .map(|at| format!(r#""k{at}":{}"#, value_of(value, seed / 2 + at + 1)))
            .collect();
        return format!(r#"{{"M":{{{}}}}}"#, members.join(","));
    }
    if let Some(members) = inside(ty, "struct<") {
        let members: Vec<_> = members_of(members)
            .into_iter()
            .enumerate()
            .map(|(at, (name, ty))| format!(r#""{name}":{}"#, value_of(ty, seed + at)))
            .collect();
        return format!(r#"{{"M":{{{}}}}}"#, members.join(","));
    }
    if seed % 5 == 4 {
        return r#"{"NULL":true}"#.to_owned();
    }
    match ty {
        "string" => s(&"x".repeat(seed % 7)),
        "boolean" => format!(r#"{{"BOOL":{}}}"#, seed.is_multiple_of(2)),
        "timestamp" => s(&format!("2024-02-{:02}T23:59:59.{:09}Z", 1 + seed % 28, seed * 7_919)),
        "date" => s(&format!("2024-03-{:02}", 1 + seed % 28)),
        "decimal(38,38)" => n(&format!("-0.{}", seed * 104_729)),
        "float" | "double" => n(&format!("{seed}.125")),
        "decimal(1,0)" | "tinyint" => n(&(seed % 10).to_string()),
        _ => n(&format!("-{}", seed % 100)),
    }
}

/// What is in the brackets of a type.
fn inside<'a>(ty: &'a str, start: &str) -> Option<&'a str> {
    ty.strip_prefix(start)?.strip_suffix('>')
}

/// A struct's members: names and types.
fn members_of(members: &str) -> Vec<(&str, &str)> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, character) in members.char_indices().chain([(members.len(), ',')]) {
        match character {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(members[start..at].split_once(':'));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Arrays, maps and structs, so many around the innermost value; the contract allows 32. DuckDB
/// takes twice as long for each array or map around another, whoever wrote the file, and can't read
/// those.
fn deep(name: &'static str, levels: usize) -> Edge {
    let (mut ty, mut value) = ("int".to_owned(), n("7"));
    let (mut arrays, mut ints) = ("string".to_owned(), s("deep"));
    // The innermost first.
    for depth in 0..levels {
        (ty, value) = match depth % 3 {
            0 => (format!("array<{ty}>"), format!(r#"{{"L":[{value},{{"NULL":true}},{value}]}}"#)),
            1 => (format!("struct<a:{ty}>"), format!(r#"{{"M":{{"a":{value}}}}}"#)),
            _ => (format!("map<string,{ty}>"), format!(r#"{{"M":{{"k":{value}}}}}"#)),
        };
        (arrays, ints) = (format!("array<{arrays}>"), format!(r#"{{"L":[{ints}]}}"#));
    }
    let columns = [("mixed".to_owned(), ty), ("arrays".to_owned(), arrays)];
    let mut half = String::from(r#"{"L":[]}"#);
    for _ in 0..levels / 2 {
        half = format!(r#"{{"L":[{half}]}}"#);
    }
    let items: [Item<'_>; 3] = [&[("mixed", &value), ("arrays", &ints)], &[("arrays", &half)], &[]];
    edge(name, &columns, &items)
}
