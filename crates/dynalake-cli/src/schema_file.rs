//! The schema file that each command takes.

use crate::exit::Exit;
use crate::store::{Folder, on_s3};
use dynalake::schema::{Schema, SchemaError};
use std::io;
use std::path::Path;

/// Reads a schema file, also one on S3, or standard input for `-`; its text, and the schema.
pub(crate) fn read(path: &Path) -> Result<(String, Schema), Exit> {
    let text = if path.as_os_str() == "-" {
        io::read_to_string(io::stdin())
            .map_err(|error| Exit::unreadable("the schema from standard input", &error))?
    } else if let Some(address) = on_s3(path) {
        on_s3_text(address)?
    } else {
        std::fs::read_to_string(path)
            .map_err(|error| Exit::unreadable(&format!("schema {}", path.display()), &error))?
    };
    let schema = Schema::parse(&text).map_err(|error| rejected(path, &error))?;
    Ok((text, schema))
}

fn on_s3_text(address: &str) -> Result<String, Exit> {
    let (folder, file) =
        Folder::of_s3_file(address).map_err(|trouble| Exit::Rejected(trouble.0))?;
    let text = folder.read(&file).and_then(io::read_to_string);
    text.map_err(|error| Exit::unreadable(&format!("schema {address}"), &error))
}

/// A schema that is rejected.
pub(crate) fn rejected(path: &Path, error: &SchemaError) -> Exit {
    Exit::Rejected(format!("schema {}: {error}", path.display()))
}
