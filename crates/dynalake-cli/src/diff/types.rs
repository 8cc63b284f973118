//! How two types differ.

use dynalake::schema::Type;

/// How a column's type changed, by what readers make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// tinyint → smallint → int → bigint, or float → double: Athena reads old files by it.
    Wider,
    /// A decimal with more digits on both sides, or an integer → a decimal that holds it: Auto
    /// Loader can widen it, and Athena does not say that it can.
    WiderDecimal,
    /// The same kind of number with less room.
    Narrower,
    /// Something inside an array, map or struct.
    Inside,
    /// Another type.
    Other,
}

/// The step from one type to another; `None` where they are the same.
pub(super) fn step(old: &Type, new: &Type) -> Option<Step> {
    if old == new {
        return None;
    }
    Some(match (old, new) {
        (Type::Integer(old), Type::Integer(new)) if old < new => Step::Wider,
        (Type::Float, Type::Double) => Step::Wider,
        (Type::Integer(_), Type::Integer(_)) | (Type::Double, Type::Float) => Step::Narrower,
        (
            Type::Decimal { precision: old, scale: old_scale },
            Type::Decimal { precision: new, scale: new_scale },
        ) => {
            let holds = new_scale >= old_scale && new - new_scale >= old - old_scale;
            if holds { Step::WiderDecimal } else { Step::Narrower }
        }
        (Type::Integer(bits), Type::Decimal { precision, scale })
            if precision - scale >= digits(*bits) =>
        {
            Step::WiderDecimal
        }
        (Type::Array(_), Type::Array(_))
        | (Type::Map(_), Type::Map(_))
        | (Type::Struct(_), Type::Struct(_)) => Step::Inside,
        _ => Step::Other,
    })
}

/// The digits of the largest integer of so many bits.
fn digits(bits: u8) -> u8 {
    match bits {
        8 => 3,
        16 => 5,
        32 => 10,
        _ => 19,
    }
}

/// What is different inside two types of one kind: `items[].qty: int → bigint`.
pub(super) fn inside(path: &str, old: &Type, new: &Type, found: &mut Vec<String>) {
    match (old, new) {
        _ if old == new => {}
        (Type::Array(old), Type::Array(new)) => inside(&format!("{path}[]"), old, new, found),
        (Type::Map(old), Type::Map(new)) => inside(&format!("{path}.*"), old, new, found),
        (Type::Struct(old), Type::Struct(new)) => {
            for member in old {
                let path = format!("{path}.{}", member.name);
                match new.iter().find(|other| other.name == member.name) {
                    Some(other) => inside(&path, &member.ty, &other.ty, found),
                    None => found.push(format!("{path} is gone")),
                }
            }
            for member in new {
                if old.iter().all(|other| other.name != member.name) {
                    found.push(format!("{path}.{} is new: {}", member.name, member.ty));
                }
            }
            if found.is_empty() {
                found.push(format!("{path}: members in another order"));
            }
        }
        _ => found.push(format!("{path}: {old} → {new}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, step};
    use dynalake::schema::Type;

    #[test]
    fn steps_are_told_apart() {
        for (old, new, expected) in [
            ("int", "int", None),
            ("tinyint", "smallint", Some(Step::Wider)),
            ("int", "bigint", Some(Step::Wider)),
            ("float", "double", Some(Step::Wider)),
            ("bigint", "int", Some(Step::Narrower)),
            ("double", "float", Some(Step::Narrower)),
            ("decimal(10,2)", "decimal(12,2)", Some(Step::WiderDecimal)),
            ("decimal(10,2)", "decimal(12,4)", Some(Step::WiderDecimal)),
            ("decimal(10,2)", "decimal(12,5)", Some(Step::Narrower)),
            ("decimal(10,2)", "decimal(10,1)", Some(Step::Narrower)),
            ("int", "decimal(12,2)", Some(Step::WiderDecimal)),
            ("int", "decimal(11,2)", Some(Step::Other)),
            ("bigint", "decimal(19,0)", Some(Step::WiderDecimal)),
            ("bigint", "decimal(18,0)", Some(Step::Other)),
            ("int", "double", Some(Step::Other)),
            ("int", "string", Some(Step::Other)),
            ("string", "timestamp", Some(Step::Other)),
            ("date", "timestamp", Some(Step::Other)),
            ("array<int>", "array<bigint>", Some(Step::Inside)),
            ("map<string,int>", "map<string,string>", Some(Step::Inside)),
            ("struct<a:int>", "struct<a:int,b:int>", Some(Step::Inside)),
            ("array<int>", "string", Some(Step::Other)),
            ("map<string,int>", "struct<a:int>", Some(Step::Other)),
        ] {
            let types = [old, new].map(|text| Type::parse(text).expect("it is a type"));
            assert_eq!(step(&types[0], &types[1]), expected, "{old} → {new}");
        }
    }
}
