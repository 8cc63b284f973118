//! An export's manifests: what is in it, checked before anything is made of it
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>).
//!
//! ```text
//! PREFIX/AWSDynamoDB/EXPORT/manifest-summary.json   the export: its table, kind, time, count
//! PREFIX/AWSDynamoDB/EXPORT/manifest-files.json     a line for each data file: key, MD5, count
//! PREFIX/AWSDynamoDB/EXPORT/data/….json.gz          the data files of a full export
//! PREFIX/AWSDynamoDB/data/….json.gz                 those of all incremental exports together
//! ```

use super::export::{Address, DataFile, Export, Span};
use super::places::{Places, parent};
use crate::exit::Exit;
use base64_simd::STANDARD;
use dynalake::schema::Schema;
use dynalake::text::Misfit;
use dynalake::text::time;
use md5::{Digest, Md5};
use serde_json::Value;
use std::collections::HashSet;
use std::io;

const SUMMARY: &str = "manifest-summary.json";
const FILES: &str = "manifest-files.json";

/// The two endings that a checksum's name may have; AWS' documentation has the first.
const CHECKSUMS: [&str; 2] = ["checksum", "md5"];

/// Reads both manifests and checks what they say of each other and of the schema's table.
///
/// # Errors
///
/// What is missing or wrong, with the fix.
pub(super) fn read(places: &Places, schema: &Schema) -> Result<(Export, Address), Exit> {
    let listed = places.manifests()?;
    let text = manifest(places, &listed, SUMMARY)?;
    let summary = Summary::parse(places.own.name_of(SUMMARY), &text)?;
    summary.check(schema)?;
    let (id, span, items, address) =
        (summary.export_id()?, summary.span(schema)?, summary.items()?, summary.address()?);
    let files = data_files(&places.own.name_of(FILES), &manifest(places, &listed, FILES)?)?;
    let counted = files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.items));
    let counted = counted.ok_or_else(|| {
        Exit::Rejected(format!(
            "{}: the itemCounts of its lines are more than any export has; copy the manifests again",
            places.own.name_of(FILES)
        ))
    })?;
    if counted != items {
        return Exit::reject(format!(
            "{} counts {items} items, and the files in {FILES} have {counted}: the manifests are not \
             of one export; copy the export's folder again, whole",
            summary.name
        ));
    }
    Ok((Export { id, span, items, files }, address))
}

/// A manifest's text, which is as its checksum says, where that is there.
///
/// With permission to list some prefixes only, S3 answers "access denied" for an absent object. So a
/// checksum is read only if it is listed.
fn manifest(places: &Places, listed: &[String], name: &str) -> Result<Vec<u8>, Exit> {
    let is_listed = |name: &str| listed.iter().any(|listed| listed == name);
    let bytes = match places.read(name) {
        Ok(bytes) => bytes,
        Err(error)
            if !is_listed(name)
                && matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
        {
            return places.no_manifest(name);
        }
        Err(error) => return Err(Exit::unreadable(&places.own.name_of(name), &error)),
    };
    for ending in CHECKSUMS {
        let checksum = name.replace("json", ending);
        if !is_listed(&checksum) {
            continue;
        }
        let text = places
            .read(&checksum)
            .map_err(|error| Exit::unreadable(&places.own.name_of(&checksum), &error))?;
        let wanted = parse_md5(text.trim_ascii());
        if wanted != Some(Md5::digest(&bytes).into()) {
            return Exit::reject(format!(
                "{} is not the file whose MD5 is in {checksum}; copy both again",
                places.own.name_of(name)
            ));
        }
    }
    Ok(bytes)
}

/// An MD5 as AWS writes it, in base64; or in hexadecimal digits, as `md5sum` prints it.
fn parse_md5(text: &[u8]) -> Option<[u8; 16]> {
    if let Ok(bytes) = STANDARD.decode_to_vec(text)
        && let Ok(md5) = bytes.try_into()
    {
        return Some(md5);
    }
    let digits = std::str::from_utf8(text.get(..32)?).ok()?;
    let is_alone = text.get(32).is_none_or(u8::is_ascii_whitespace);
    let md5 = u128::from_str_radix(digits, 16).ok().filter(|_| is_alone)?;
    Some(md5.to_be_bytes())
}

/// `manifest-summary.json`
struct Summary {
    name: String,
    members: Value,
}

impl Summary {
    fn parse(name: String, text: &[u8]) -> Result<Summary, Exit> {
        match serde_json::from_slice(without_mark(text)) {
            Ok(members @ Value::Object(_)) => Ok(Summary { name, members }),
            Ok(_) => Exit::reject(format!("{name} is not a JSON object; copy it again")),
            Err(error) => Exit::reject(format!("{name} is not JSON ({error}); copy it again")),
        }
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member)?.as_str()
    }

    fn needed(&self, member: &str) -> Result<&str, Exit> {
        self.text(member).ok_or_else(|| {
            let name = &self.name;
            Exit::Rejected(format!(
                "{name} has no \"{member}\": it is not the summary of an export; give the folder \
                 that DynamoDB wrote"
            ))
        })
    }

    /// The table, and what the lines are written in.
    fn check(&self, schema: &Schema) -> Result<(), Exit> {
        let name = &self.name;
        let arn = self.needed("tableArn")?;
        let table = arn.split_once(":table/").map(|(_, table)| table).unwrap_or_default();
        if table != schema.table {
            return Exit::reject(format!(
                "the export is of the table \"{}\" ({name}), and the schema of \"{}\"; give the \
                 schema or the export of the other table, or set \"table\" in the schema",
                if table.is_empty() { arn } else { table },
                schema.table
            ));
        }
        match self.needed("outputFormat")? {
            "DYNAMODB_JSON" => Ok(()),
            format => Exit::reject(format!(
                "the export's outputFormat is {format} ({name}), and only DYNAMODB_JSON can be \
                 read; export again: aws dynamodb export-table-to-point-in-time … --export-format \
                 DYNAMODB_JSON"
            )),
        }
    }

    fn export_id(&self) -> Result<String, Exit> {
        let arn = self.needed("exportArn")?;
        let id = arn.rsplit_once("/export/").map(|(_, id)| id).unwrap_or_default();
        if !is_plain(id) {
            return Exit::reject(format!(
                "{}: exportArn is \"{arn}\", and does not end with /export/ and the export's id; \
                 copy it again",
                self.name
            ));
        }
        Ok(id.to_owned())
    }

    /// When it was; an incremental one is checked for what its lines show.
    fn span(&self, schema: &Schema) -> Result<Span, Exit> {
        let is_incremental = match self.text("exportType") {
            Some("FULL_EXPORT") => false,
            Some("INCREMENTAL_EXPORT") => true,
            Some(kind) => {
                return Exit::reject(format!(
                    "{}: exportType is {kind}, neither FULL_EXPORT nor INCREMENTAL_EXPORT",
                    self.name
                ));
            }
            // Manifests of before there were incremental ones don't say it.
            None => self.text("exportToTime").is_some(),
        };
        if !is_incremental {
            return Ok(Span::Full { time_us: self.time("exportTime")? });
        }
        match self.text("outputView") {
            Some("NEW_AND_OLD_IMAGES") => {}
            Some("NEW_IMAGE") if schema.events.insert == schema.events.modify => {}
            Some("NEW_IMAGE") => {
                return Exit::reject(format!(
                    "the export's outputView is NEW_IMAGE ({}), which does not tell INSERT from \
                     MODIFY, and the schema's \"events\" wants one of them; export again with \
                     ExportViewType=NEW_AND_OLD_IMAGES",
                    self.name
                ));
            }
            view => {
                return Exit::reject(format!(
                    "{}: outputView is {}, and rows need NEW_AND_OLD_IMAGES or NEW_IMAGE; export \
                     again with ExportViewType=NEW_AND_OLD_IMAGES",
                    self.name,
                    view.unwrap_or("absent")
                ));
            }
        }
        Ok(Span::Incremental { end_us: self.time("exportToTime")? })
    }

    fn time(&self, member: &str) -> Result<u64, Exit> {
        let text = self.needed(member)?;
        time::parse_instant_us(text.as_bytes()).map_err(|misfit| {
            let why = match misfit {
                Misfit::Type => "not an ISO 8601 time",
                Misfit::Range => "outside 1970 to 2261",
            };
            Exit::Rejected(format!(
                "{}: {member} is \"{}\", {why}; copy it again",
                self.name,
                text.escape_default()
            ))
        })
    }

    fn items(&self) -> Result<u64, Exit> {
        self.members.get("itemCount").and_then(Value::as_u64).ok_or_else(|| {
            Exit::Rejected(format!(
                "{} has no \"itemCount\": the export is not complete; wait until aws dynamodb \
                 describe-export says COMPLETED, and copy it again",
                self.name
            ))
        })
    }

    fn address(&self) -> Result<Address, Exit> {
        let key = self.needed("manifestFilesS3Key")?;
        let home = parent(key).to_owned();
        Ok(Address { bucket: self.needed("s3Bucket")?.to_owned(), home })
    }
}

/// The lines of `manifest-files.json`.
fn data_files(name: &str, text: &[u8]) -> Result<Vec<DataFile>, Exit> {
    let mut files = Vec::new();
    let mut stems = HashSet::new();
    let lines = without_mark(text).split(|byte| *byte == b'\n');
    for (at, line) in (1..).zip(lines).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let file = data_file(line).map_err(|reason| {
            Exit::Rejected(format!("{name}, line {at}: {reason}; copy the manifests again"))
        })?;
        if !stems.insert(file.stem.clone()) {
            return Exit::reject(format!(
                "{name}, line {at}: a file of this name was on a line before; copy the manifests \
                 again"
            ));
        }
        files.push(file);
    }
    Ok(files)
}

fn data_file(line: &[u8]) -> Result<DataFile, String> {
    let members: Value = serde_json::from_slice(line).map_err(|error| {
        let half = if error.is_eof() { ": it is cut off" } else { "" };
        format!("it is not JSON{half}")
    })?;
    let text = |member| {
        let text = members.get(member).and_then(Value::as_str);
        text.ok_or_else(|| format!("it has no \"{member}\""))
    };
    let key = text("dataFileS3Key")?;
    let name = key.rsplit('/').next().unwrap_or(key);
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    if !is_plain(stem) || key.split('/').any(|part| part == "..") {
        return Err("\"dataFileS3Key\" is not the key of a data file".to_owned());
    }
    let items = members.get("itemCount").and_then(Value::as_u64);
    Ok(DataFile {
        key: key.to_owned(),
        stem: stem.to_owned(),
        items: items.ok_or("it has no \"itemCount\"")?,
        md5: parse_md5(text("md5Checksum")?.as_bytes()).ok_or("\"md5Checksum\" is not an MD5")?,
    })
}

/// Whether a name can be part of a file's name wherever files are.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain)
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}
