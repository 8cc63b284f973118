//! Writes the files that other engines read, `databricks/tests/parquet`: a folder each with
//! `schema.json`, `int96.parquet` and `micros.parquet`, each with its rows as lines of JSON beside it:
//! with microseconds, finer digits are rescued.
//!
//! ```text
//! cargo run --package dynalake-parquet --example agreement_files -- FOLDER
//! ```

#[path = "../tests/files/edges.rs"]
mod edges;
#[allow(dead_code, unused_imports)] // Tests use more of it.
#[path = "../../../tests/properties/generate/mod.rs"]
mod generate;
#[allow(dead_code)] // Tests use more of it.
#[path = "../../../tests/properties/json.rs"]
mod json;
#[allow(dead_code)] // Tests use more of it.
#[path = "../tests/files/read.rs"]
mod read;
#[allow(dead_code)] // Tests use more of it.
#[path = "../tests/files/rows.rs"]
mod rows;
#[path = "../tests/files/typical.rs"]
mod typical;

use dynalake::schema::Schema;
use dynalake_parquet::{Limits, Timestamps};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// So many random tables, of up to so many changes.
const TABLES: usize = 120;
const CHANGES: usize = 30;
/// Of the typical table, for the size of files.
const ROWS: usize = 10_000;
/// For several row groups, of several batches each.
const SMALL: Limits = Limits { row_group_bytes: 20_000, batch_bytes: 4_000, batch_rows: 5 };

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("give a folder")?);
    for edge in edges::edges() {
        write(&folder.join(edge.name), &edge.schema, SMALL, &edge.records)?;
    }
    let mut written = 0;
    for case in generate::samples(&generate::case_of(1..CHANGES), TABLES) {
        let Some(schema) = case.schema.filter(|schema| Schema::parse(schema).is_ok()) else {
            continue;
        };
        write(&folder.join(format!("random_{written:03}")), &schema, SMALL, &case.records)?;
        written += 1;
    }
    let records = typical::records(ROWS);
    write(&folder.join("typical"), typical::SCHEMA, Limits::default(), &records)?;
    println!("{}: edge values, {written} random tables, a typical one", folder.display());
    Ok(())
}

fn write(
    folder: &Path,
    schema: &str,
    limits: Limits,
    records: &rows::Records,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("schema.json"), schema)?;
    let schema = Schema::parse(schema)?;
    for (name, timestamps) in [("int96", Timestamps::Int96), ("micros", Timestamps::Micros)] {
        let rows::Written { file, lines, .. } =
            rows::write(&schema, timestamps, limits, &[], records);
        fs::write(folder.join(name).with_extension("parquet"), file)?;
        fs::write(folder.join(name).with_extension("jsonl"), lines.concat())?;
    }
    Ok(())
}
