//! Imports point one way: down the list of layers, and never in a circle.
//!
//! Reads `use` declarations and paths that begin with `crate::` or `super::` in the sources.
//! A re-export of a child is a module's face, not an import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The core's modules in the order in which data walks; each may use those before it.
const LAYERS: [&str; 13] = [
    "text",
    "schema",
    "failure",
    "item",
    "change",
    "row",
    "record",
    "statistics",
    "metrics",
    "firehose",
    "stream",
    "settings",
    "sql",
];

/// A module's name, such as `row::bind`, and its source.
type Modules = BTreeMap<String, String>;

/// The modules below a folder. `bin` is left out: binaries are crates of their own.
fn modules(folder: &Path, prefix: &str, modules: &mut Modules) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("its entries can be read").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let inside = |name: &str| {
            if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") }
        };
        if path.is_dir() {
            if name != "bin" {
                self::modules(&path, &inside(&name), modules);
            }
            continue;
        }
        let module = match name.as_str() {
            "lib" | "main" => String::new(),
            "mod" => prefix.to_owned(),
            name => inside(name),
        };
        modules.insert(module, fs::read_to_string(&path).expect("a source is UTF-8"));
    }
}

/// The code of a source: without comments, and without its unit tests.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// `a::{b, c::{d}}` as `a::b`, `a::c::d`.
fn expand(path: &str) -> Vec<String> {
    let Some((prefix, rest)) = path.split_once('{') else {
        return vec![path.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inner = &rest[..rest.rfind('}').unwrap_or(rest.len())];
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, char) in inner.char_indices().chain([(inner.len(), ',')]) {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(inner[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&format!("{}{part}", prefix.trim()))).collect()
}

/// The paths that a module's code imports or names.
fn paths(source: &str) -> Vec<String> {
    let (mut paths, mut declaration, mut rest) = (Vec::new(), String::new(), String::new());
    for line in code(source).lines() {
        let begins = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|keyword| line.trim_start().starts_with(keyword));
        if !begins && declaration.is_empty() {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        declaration.push_str(line.trim());
        if let Some(whole) = declaration.strip_suffix(';') {
            let (visibility, path) = whole.split_once("use ").unwrap_or_default();
            let is_of_child = !path.starts_with("crate::") && !path.starts_with("super::");
            if visibility.is_empty() || !is_of_child {
                paths.extend(expand(path));
            }
            declaration.clear();
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(root) {
            let before = rest[..at].chars().next_back();
            if before.is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | ':')) {
                continue;
            }
            let in_path = |char: &char| char.is_alphanumeric() || matches!(char, '_' | ':');
            paths.push(rest[at..].chars().take_while(in_path).collect());
        }
    }
    paths
}

/// The module that a path in `module` leads to, if it is one of ours.
fn resolve(module: &str, path: &str, modules: &Modules) -> Option<String> {
    let mut segments: Vec<&str> = path.split("::").collect();
    let mut base: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    match segments[0] {
        "crate" => base.clear(),
        "super" | "self" => {}
        first => {
            // A child of this module; anything else is another crate.
            let child =
                if module.is_empty() { first.to_owned() } else { format!("{module}::{first}") };
            if !modules.contains_key(&child) {
                return None;
            }
        }
    }
    while matches!(segments.first(), Some(&("crate" | "super" | "self"))) {
        if segments.remove(0) == "super" {
            base.pop();
        }
    }
    base.extend(segments);
    while !base.is_empty() {
        let name = base.join("::");
        if modules.contains_key(&name) {
            return Some(name);
        }
        base.pop();
    }
    Some(String::new())
}

/// Which modules each module imports.
fn imports(modules: &Modules) -> BTreeMap<String, BTreeSet<String>> {
    let of = |(module, source): (&String, &String)| {
        let paths = paths(source);
        let imported = paths.iter().filter_map(|path| resolve(module, path, modules));
        (module.clone(), imported.filter(|imported| imported != module).collect())
    };
    modules.iter().map(of).collect()
}

/// Imports that point up, as `from → to`.
fn upward(modules: &Modules) -> Vec<String> {
    let layer = |module: &str| {
        let first = module.split("::").next().unwrap_or_default();
        LAYERS.iter().position(|layer| *layer == first)
    };
    let mut upward = Vec::new();
    for (from, imported) in imports(modules) {
        for to in imported {
            match (layer(&from), layer(&to)) {
                (Some(below), Some(above)) if above > below => {
                    upward.push(format!("{from} → {to}"));
                }
                (Some(_), None) if to.is_empty() => upward.push(format!("{from} → lib.rs")),
                _ => {}
            }
        }
    }
    upward
}

/// A circle of imports, if there is one, as the modules on the way.
fn circle(modules: &Modules) -> Option<Vec<String>> {
    let imports = imports(modules);
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    let found = imports.keys().any(|module| leads_back(module, &imports, &mut way, &mut done));
    found.then(|| way.into_iter().map(str::to_owned).collect())
}

/// Whether the imports of a module lead back to one on the way to it; `way` is then the circle.
fn leads_back<'a>(
    module: &'a str,
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> bool {
    if let Some(at) = way.iter().position(|earlier| *earlier == module) {
        way.drain(..at);
        way.push(module);
        return true;
    }
    if done.insert(module) {
        way.push(module);
        let mut next = imports.get(module).into_iter().flatten();
        if next.any(|next| leads_back(next, imports, way, done)) {
            return true;
        }
        way.pop();
    }
    false
}

fn core() -> Modules {
    let mut found = Modules::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    found
}

#[test]
fn every_module_of_the_core_has_a_layer() {
    let found = core();
    let first = |module: &String| module.split("::").next().unwrap_or_default().to_owned();
    let named: BTreeSet<String> = found.keys().map(first).filter(|name| !name.is_empty()).collect();
    let layers: BTreeSet<String> = LAYERS.map(str::to_owned).into();
    assert_eq!(named, layers);
}

#[test]
fn no_import_points_upward() {
    assert_eq!(upward(&core()), Vec::<String>::new());
}

#[test]
fn no_imports_make_a_circle() {
    assert_eq!(circle(&core()), None);
    for name in ["dynalake-cli", "dynalake-direct"] {
        let mut found = Modules::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name).join("src");
        modules(&sources, "", &mut found);
        assert!(found.len() > 5, "{:?}", found.keys());
        assert_eq!(circle(&found), None);
    }
}

#[test]
fn the_check_sees_imports_in_every_form() {
    let planted = |source: &str| {
        let mut found = core();
        let plan = found.get_mut("schema::plan").expect("there is a plan");
        plan.insert_str(plan.find("\nuse ").expect("it imports something"), source);
        found
    };
    for source in [
        "\nuse crate::row::RowWriter;",
        "\nuse crate::{row::RowWriter, text::json};",
        "\nuse super::super::row;",
        "\nfn up() { crate::row::up() }",
        "\nfn up() -> super::super::row::Up {}",
        "\nuse crate::{\n    failure::Failure,\n};",
        "\npub(crate) use crate::row::RowWriter;",
        "\npub use super::super::row::path;",
    ] {
        let upward = upward(&planted(source));
        assert_eq!(upward.len(), 1, "{source}: {upward:?}");
        assert!(upward[0].starts_with("schema::plan → "), "{upward:?}");
    }
    for source in [
        "\npub use children::Child;",
        "\n// crate::row is further up",
        "\nuse crate::text::json;",
        "\nuse std::row;",
    ] {
        assert_eq!(upward(&planted(source)), Vec::<String>::new(), "{source}");
    }
    // The names of columns are worked out for a plan, and the plan would be used for names.
    let mut found = core();
    let names = found.get_mut("schema::names").expect("there are names");
    names.insert_str(0, "use super::plan::Plan;\n");
    let way = circle(&found).expect("it is a circle");
    assert_eq!(way.first(), way.last());
    assert!(way.contains(&"schema::names".to_owned()), "{way:?}");
}
