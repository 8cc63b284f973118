//! What is wrong with a schema, or with a record.

use super::Tape;
use super::json::{Json, obj, raw, string};
use super::value::Value;

/// One of the things that section 3 rejects.
pub(super) fn spoil(members: &mut Vec<(&str, Json)>, tape: &mut Tape) {
    let column = |text: &str| {
        obj(text
            .split(',')
            .filter_map(|member| member.split_once('='))
            .map(|(k, v)| (k, string(v)))
            .collect())
    };
    let list = |texts: &[&str]| Json::Arr(texts.iter().map(|text| string(text)).collect());
    let long = "a".repeat(256);
    let bad = match tape.below(43) {
        0 => column("name=zz,type=binary"),
        1 => column("name=zz,type=int,protct=drop"),
        2 => column("name=_event_id,type=string"),
        3 => column("name=zz,type=int,protect=sha256"),
        4 => column("name=zz,type=int,unit=s"),
        5 => column("name=Zz,type=int"),
        6 => column("name=zz"),
        7 => column("name=zz,type=struct<a_b:int;a__b:int>").replace_semicolons(),
        8 => column("name=zz,type=varchar(10)"),
        9 => column("name=zz,type=string,protect=hash"),
        10 => column("name=zz,type=timestamp,unit=minutes"),
        11 => column("name=zz,type=decimal(39;2)").replace_semicolons(),
        12 => {
            obj(vec![("name", string("zz")), ("type", string("int")), ("path", Json::Arr(vec![]))])
        }
        13 => return members.push(("colums", Json::Arr(vec![]))),
        // Names and members of struct types are lower-case at every depth.
        14 => column("name=zz,type=struct<aB:int>"),
        15 => {
            column("name=zz,type=array<map<string;struct<a:struct<B:int>>>>").replace_semicolons()
        }
        16 => column("name=_rescued_data,type=string"),
        17 => column("name=_metadata,type=int"),
        18 => column("name=__start_at,type=timestamp"),
        19 => column("name=__end_at,type=timestamp"),
        // What Glue does not take.
        20 => column(&format!("name={long},type=int")),
        21 => column(&format!("name=zz,type=int,comment={long}")),
        22 => column("name=zz,type=int,comment=two\nlines"),
        23 => return set(members, "name", string(&long)),
        24 => return set(members, "name", tape.pick(&[string("Orders"), string(""), raw("null")])),
        25 => return set(members, "name", tape.pick(&[string("1a"), string("a-b"), raw("1")])),
        26 => return set(members, "where", obj(vec![])),
        27 => return set(members, "where", obj(vec![("kind", list(&[]))])),
        28 => return set(members, "where", obj(vec![("", list(&["x"]))])),
        29 => return set(members, "where", obj(vec![("kind", string("x"))])),
        30 => return set(members, "where", obj(vec![("kind", Json::Arr(vec![raw("1")]))])),
        31 => return set(members, "where", obj(vec![("kind", Json::Arr(vec![raw("null")]))])),
        32 => return set(members, "where", tape.pick(&[raw("null"), raw("[]"), string("kind")])),
        33 => return set(members, "where", obj(vec![("a", list(&["x"])), ("b", raw("{}"))])),
        34 => return set(members, "events", list(&[])),
        35 => return set(members, "events", list(&["INSERT", "EXPORT"])),
        36 => return set(members, "events", list(&["insert"])),
        37 => {
            return set(members, "events", tape.pick(&[raw("null"), string("INSERT"), raw("{}")]));
        }
        38 => {
            return set(members, "on_remove", tape.pick(&[string("old"), string(""), raw("true")]));
        }
        39 => {
            return set(members, "on_remove", tape.pick(&[raw("null"), raw("{}"), string("Keys")]));
        }
        // These are good, at the limit.
        40 => column(&format!("name={},type=int", &long[1..])),
        41 => column(&format!("name=zz,type=int,comment=\t{}", &long[2..])),
        _ => {
            let gone = tape.pick(&["keys", "table", "columns"]);
            return members.retain(|(name, _)| *name != gone);
        }
    };
    for (name, json) in members {
        if let ("columns", Json::Arr(list)) = (*name, json) {
            list.push(bad.clone());
        }
    }
}

/// Puts a member in the place of the one of its name.
fn set(members: &mut Vec<(&str, Json)>, name: &'static str, json: Json) {
    members.retain(|(other, _)| *other != name);
    members.push((name, json));
}

impl Json {
    pub(super) fn replace_semicolons(self) -> Json {
        match self {
            Json::Str(text) => Json::Str(text.replace(';', ",")),
            Json::Obj(members) => {
                Json::Obj(members.into_iter().map(|(k, v)| (k, v.replace_semicolons())).collect())
            }
            other => other,
        }
    }
}

/// A malformed attribute value.
pub(super) fn malformed(tape: &mut Tape) -> Value {
    let text = tape.pick(&[
        r#"{"S":1}"#,
        r#"{"N":5}"#,
        "{}",
        "null",
        r#""text""#,
        r#"{"NULL":false}"#,
        r#"{"BOOL":"true"}"#,
        r#"{"X":"a"}"#,
        r#"{"S":"a","N":"1"}"#,
        r#"{"M":[]}"#,
        r#"{"L":{}}"#,
        r#"{"SS":"a"}"#,
        r#"{"NS":[1]}"#,
        r#"{"BS":[null]}"#,
        r#"{"S":null}"#,
        r#"{"M":{"a":null}}"#,
        r#"{"L":[null]}"#,
        "[]",
        r#"{"NULL":"true"}"#,
        r#"{"s":"a"}"#,
        r#"{"B":1}"#,
    ]);
    Value::Odd(raw(text))
}

/// `levels` nested maps and lists.
pub(super) fn deep(levels: usize, tape: &mut Tape) -> Value {
    let mut value = if tape.chance(50) { Value::S("x".into()) } else { Value::L(Vec::new()) };
    let inner = usize::from(matches!(value, Value::L(_)));
    let maps = tape.below(3);
    for level in inner..levels {
        value = match (maps, level % 2) {
            (0, _) | (2, 0) => Value::L(vec![value]),
            _ => Value::M(vec![("d".into(), value)]),
        };
    }
    value
}
