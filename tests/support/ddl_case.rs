//! One case of `fixtures/ddl/`: a schema, its SQL in each dialect, and the parts that are made on
//! request.

use dynalake::schema::Schema;
use dynalake::sql::{self, Dialect, Names, PartKind};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SCHEMA: &str = "schema.json";
const FILES: [(&str, Dialect, Option<PartKind>); 5] = [
    ("athena.sql", Dialect::Athena, None),
    ("athena-erase.sql", Dialect::Athena, Some(PartKind::Erase)),
    ("databricks.sql", Dialect::Databricks, None),
    ("databricks-erase.sql", Dialect::Databricks, Some(PartKind::Erase)),
    ("databricks-governance.sql", Dialect::Databricks, Some(PartKind::Governance)),
];

/// Each file of SQL, what it holds now, and what it should hold.
pub(crate) fn run(folder: &Path) -> Result<Vec<(&'static str, String, String)>, String> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        files.insert(name.to_string_lossy().into_owned());
    }
    let known: Vec<&str> = [SCHEMA].into_iter().chain(FILES.map(|(file, ..)| file)).collect();
    if let Some(name) = files.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("unknown file {name}; a case has {}", known.join(", ")));
    }
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let schema = Schema::parse(&read(SCHEMA)?).map_err(|error| error.to_string())?;
    FILES
        .into_iter()
        .map(|(file, dialect, only)| {
            let names = Names::new(&schema, dialect);
            let parts = sql::parts(&schema, dialect, &names).map_err(|error| error.to_string())?;
            // A new case has none yet: all of it differs.
            let now = if files.contains(file) { read(file)? } else { String::new() };
            let then = match only {
                None => sql::script(&schema, dialect, &parts),
                Some(kind) => {
                    let part = parts.iter().find(|part| part.kind == kind);
                    part.map(|part| part.text.clone() + "\n").unwrap_or_default()
                }
            };
            Ok((file, now, then))
        })
        .collect()
}
