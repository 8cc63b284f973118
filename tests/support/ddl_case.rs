//! One case of `fixtures/ddl/`: a schema, and its SQL in each dialect.

use dynalake::schema::Schema;
use dynalake::sql::{self, Dialect, Names};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SCHEMA: &str = "schema.json";
const DIALECTS: [(&str, Dialect); 2] =
    [("athena.sql", Dialect::Athena), ("databricks.sql", Dialect::Databricks)];

/// Each file of SQL, what it holds now, and what it should hold.
pub(crate) fn run(folder: &Path) -> Result<Vec<(&'static str, String, String)>, String> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        files.insert(name.to_string_lossy().into_owned());
    }
    let known: Vec<&str> = [SCHEMA].into_iter().chain(DIALECTS.map(|(file, _)| file)).collect();
    if let Some(name) = files.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("unknown file {name}; a case has {}", known.join(", ")));
    }
    let read = |name: &str| {
        fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let schema = Schema::parse(&read(SCHEMA)?).map_err(|error| error.to_string())?;
    DIALECTS
        .into_iter()
        .map(|(file, dialect)| {
            let names = Names::new(&schema, dialect);
            let parts = sql::parts(&schema, dialect, &names).map_err(|error| error.to_string())?;
            // A new case has none yet: all of it differs.
            let now = if files.contains(file) { read(file)? } else { String::new() };
            Ok((file, now, sql::script(&schema, dialect, &parts)))
        })
        .collect()
}
