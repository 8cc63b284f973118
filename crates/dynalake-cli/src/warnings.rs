//! Schemas that are valid and probably not meant so.

use crate::text::{joined, path};
use dynalake::schema::{Column, Protect, Schema, Type, normalised};

/// Warnings, each a sentence with the column, the reason and the fix.
pub(crate) fn warnings(schema: &Schema) -> Vec<String> {
    let mut warnings = Vec::new();
    if schema.keys.len() > 2 {
        warnings.push(format!(
            "\"keys\" lists {}; a DynamoDB table has one key attribute or two",
            schema.keys.len()
        ));
    }
    let is_key = is_key(schema);
    for (at, column) in schema.columns.iter().enumerate() {
        if is_key[at] {
            warnings.extend(key_type(column));
        } else if column.path.is_none() {
            warnings.extend(unreachable(column));
            warnings.extend(claimed(schema, column));
            warnings.extend(inside_another(schema, &is_key, column));
        }
        warnings.extend(inside_protected(schema, column));
        // A dropped column is in no table.
        if column.protect != Some(Protect::Drop) {
            warnings.extend(partition_name(column));
            warnings.extend(change_feed_name(column));
            warnings.extend(wide_decimal(column));
        }
    }
    warnings.extend(deletions_left_out(schema));
    warnings.extend(view_of_attributes(schema));
    warnings
}

/// Of each column whether it holds a key.
pub(crate) fn is_key(schema: &Schema) -> Vec<bool> {
    let mut is_key = vec![false; schema.columns.len()];
    schema.key_columns().for_each(|at| is_key[at] = true);
    is_key
}

/// A key of a type that no key attribute, S, N or B, fits, or hardly any.
fn key_type(column: &Column) -> Option<String> {
    let Column { name, ty, .. } = column;
    let fits = match ty {
        Type::Array(_) | Type::Map(_) | Type::Struct(_) => "no key of DynamoDB fits",
        Type::Boolean => "only the keys 0, 1, true and false fit",
        _ => return None,
    };
    Some(format!(
        "column \"{name}\" holds a key, and {fits} {ty}: every other change would fail; use string \
         or a numeric type"
    ))
}

/// A column whose name is no attribute's normalised name, and no attribute's name, most likely.
fn unreachable(column: &Column) -> Option<String> {
    let (name, normal) = (&column.name, normalised(&column.name));
    // Names such as __typename are meant: they are the attribute's own.
    (*name != normal && !name.starts_with("__")).then(|| {
        format!(
            "column \"{name}\" takes only an attribute with exactly that name: in every other \
             spelling runs of _ collapse, so its column is \"{normal}\"; rename \"{name}\" to \
             \"{normal}\", or give it a path"
        )
    })
}

/// Whether one of the warnings is about a column's name alone.
pub(crate) fn is_unwise_name(name: &str) -> bool {
    partition_of_name(name).is_some() || is_of_change_feed(name)
}

/// When a name is that of a partition of the table.
fn partition_of_name(name: &str) -> Option<&'static str> {
    match name {
        "dt" => Some(""),
        "hour" => Some(" unless its partitions are days"),
        _ => None,
    }
}

/// Whether Delta's change data feed uses a name.
fn is_of_change_feed(name: &str) -> bool {
    matches!(name, "_change_type" | "_commit_version" | "_commit_timestamp")
}

/// A column with the name of a partition of the table.
fn partition_name(column: &Column) -> Option<String> {
    let name = &column.name;
    let when = partition_of_name(name)?;
    Some(format!(
        "column \"{name}\" has the name of a partition of the table, so Terraform rejects \
         it{when}; choose another name, and bind the attribute by \"path\""
    ))
}

/// A column with a name that Delta's change data feed uses.
fn change_feed_name(column: &Column) -> Option<String> {
    let name = &column.name;
    is_of_change_feed(name).then(|| {
        format!(
            "column \"{name}\" has a name that Delta's change data feed keeps for itself: the feed \
             can't be enabled on the table; choose another name, and bind the attribute by \"path\""
        )
    })
}

/// A decimal, at any depth, that public code of Firehose's `SerDe` reads as decimal(38,18).
fn wide_decimal(column: &Column) -> Option<String> {
    fn find(ty: &Type) -> Option<(&Type, bool, bool)> {
        match ty {
            Type::Decimal { precision, scale } => {
                let (whole, fraction) = (precision - scale > 20, *scale > 18);
                (whole || fraction).then_some((ty, whole, fraction))
            }
            Type::Array(inner) | Type::Map(inner) => find(inner),
            Type::Struct(fields) => fields.iter().find_map(|field| find(&field.ty)),
            _ => None,
        }
    }
    let (ty, whole, fraction) = find(&column.ty)?;
    let whole = whole.then_some("values with more than 20 digits before the point become null");
    let fraction = fraction.then_some("digits beyond 18 after the point are rounded");
    let harm: Vec<&str> = whole.into_iter().chain(fraction).collect();
    Some(format!(
        "column \"{}\": {ty}: public code of the SerDe that Firehose uses reads every decimal as \
         decimal(38,18): {}, without an error. What AWS runs has not been seen; compare such \
         values first, or use string",
        column.name,
        harm.join(", and ")
    ))
}

/// Rows of deletions that are not wanted.
fn deletions_left_out(schema: &Schema) -> Option<String> {
    (!schema.events.has_deletions()).then(|| {
        let left_out: Vec<&str> = [(schema.events.remove, "REMOVE"), (schema.events.ttl, "TTL")]
            .into_iter()
            .filter_map(|(wanted, name)| (!wanted).then_some(name))
            .collect();
        format!(
            "\"events\" leaves out {}: items deleted that way stay in the current state; add {} \
             unless the table is a log",
            left_out.join(" and "),
            if left_out.len() == 1 { "it" } else { "them" }
        )
    })
}

/// A view that only an item's image decides.
fn view_of_attributes(schema: &Schema) -> Option<String> {
    let filter = schema.filter.as_ref()?;
    let mut attributes = filter.conditions.iter().map(|condition| &condition.attribute);
    let attribute = attributes.find(|attribute| !schema.keys.contains(attribute))?;
    Some(format!(
        "\"where\": {} is not a key, so only the old image says whether a deleted item was in the \
         view; if the stream has no old images, every deleted item gives a REMOVE row",
        path(&[attribute])
    ))
}

/// A column whose attribute another column's path takes.
fn claimed(schema: &Schema, column: &Column) -> Option<String> {
    let name = &column.name;
    let (twin, claimed) = schema.columns.iter().find_map(|other| {
        let names = other.path.as_ref().filter(|names| joined(names) == *name)?;
        Some((&other.name, names))
    })?;
    let claimed = path(claimed);
    Some(format!(
        "column \"{name}\" stays empty unless items have another attribute of that name: column \
         \"{twin}\" takes {claimed}; give \"{name}\" a path, or remove it"
    ))
}

/// A column whose attribute may be inside a map that another column takes whole.
fn inside_another(schema: &Schema, is_key: &[bool], column: &Column) -> Option<String> {
    let name = &column.name;
    // Keys are no maps.
    let others = schema.columns.iter().zip(is_key).filter(|(_, is_key)| !**is_key);
    let outer: Vec<_> = others
        .filter_map(|(outer, _)| {
            let map = outer.path.clone().unwrap_or_else(|| vec![outer.name.clone()]);
            let reached =
                outer.path.as_ref().map_or_else(|| outer.name.clone(), |names| joined(names));
            let rest = name.strip_prefix(&reached)?.strip_prefix('_')?;
            let inside = [map.as_slice(), &[rest.to_owned()]].concat();
            (!rest.is_empty()).then_some((outer, path(&map), format!("{inside:?}")))
        })
        .collect();
    // What may be seen counts more than what stays empty.
    let leaks = |(outer, map, inside): &(&Column, String, String)| {
        (column.protect.is_some() && outer.protect.is_none()).then(|| {
            format!(
                "column \"{name}\" may not protect what it should: if {map} is a map, column \
                 \"{}\" takes it whole, and what is inside appears there in clear; give \
                 \"{name}\" a path, as {inside}",
                outer.name
            )
        })
    };
    let stays_empty = |(outer, map, inside): &(&Column, String, String)| {
        matches!(outer.ty, Type::Map(_) | Type::Struct(_)).then(|| {
            let fix = if outer.protect.is_some() {
                format!("give \"{}\" other columns inside it, or remove \"{name}\"", outer.name)
            } else {
                format!("give \"{name}\" a path, as {inside}")
            };
            format!(
                "column \"{name}\" takes nothing from inside {map}: column \"{}\" takes that \
                 map whole; {fix}",
                outer.name
            )
        })
    };
    outer.iter().find_map(leaks).or_else(|| outer.iter().find_map(stays_empty))
}

/// A column whose path leads through an attribute that is hidden as a whole.
fn inside_protected(schema: &Schema, column: &Column) -> Option<String> {
    let names = column.path.as_ref()?;
    let outer = (1..names.len()).map(|len| &names[..len]).find_map(|outer| {
        let claims = |other: &&Column| other.path.as_deref() == Some(outer);
        let takes = |other: &&Column| other.path.is_none() && other.name == joined(outer);
        let columns = &schema.columns;
        let column = columns.iter().find(claims).or_else(|| columns.iter().find(takes))?;
        column.protect.is_some().then_some(column)
    })?;
    let how = match outer.protect? {
        Protect::Drop => "drops",
        Protect::Sha256 => "hashes",
    };
    Some(format!(
        "column \"{}\" can never be filled: its path {} leads through what column \"{}\" {how} \
         whole; remove one of the two",
        column.name,
        path(names),
        outer.name
    ))
}
