//! The keys that the lake has: those that a full export's view lacks were deleted, and get REMOVE
//! rows.
//!
//! A first reading keeps a hash of each key, a second one writes the rows of those that no item
//! met: so memory is that of the hashes, and the rows are in the order of the file.

use super::key::{Key, Keyed};
use crate::exit::Exit;
use crate::files::Files;
use crate::store::Folder;
use csv::{Reader, ReaderBuilder, StringRecord};
use dynalake::failure::Failure;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::schema::{Plan, Protect, Schema};
use dynalake::text::json::write_string;
use dynalake::text::time;
use flate2::read::MultiGzDecoder;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// The keys of a CSV file, and which of them the export has.
pub(super) struct KnownKeys {
    folder: Folder,
    file: String,
    /// Sorted.
    hashes: Vec<u128>,
    /// A bit for each.
    met: Vec<AtomicU64>,
    hashers: [RandomState; 2],
}

/// What takes known keys to rows.
struct Rows<'a> {
    schema: &'a Schema,
    records: RecordTransformer,
    key: Key,
    /// What follows the key columns in each row.
    metadata: Vec<u8>,
    row: Vec<u8>,
    written: Vec<u8>,
}

impl KnownKeys {
    /// Reads a file, and checks each key.
    ///
    /// # Errors
    ///
    /// A file that can't be read, whose columns are not the key's, or with a value that no column
    /// holds: where it is, and the fix.
    pub(super) fn read(
        address: &Path,
        schema: &Schema,
        plan: Plan,
        time_us: u64,
    ) -> Result<KnownKeys, Exit> {
        if address.as_os_str() == "-" {
            return Exit::reject("--known-keys is read twice, and can't be \"-\"; give a file");
        }
        let above = match address.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        let folder = Folder::at(above).map_err(|trouble| Exit::Rejected(trouble.0))?;
        let file = address.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut known = KnownKeys {
            folder,
            file,
            hashes: Vec::new(),
            met: Vec::new(),
            hashers: [RandomState::new(), RandomState::new()],
        };
        let mut rows = Rows::new(schema, plan, time_us);
        let mut hashes = Vec::new();
        known.each(&mut rows, |rows| {
            hashes.push(known.hash(rows.key.bytes()));
            Ok(())
        })?;
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        known.met.resize_with(hashes.len().div_ceil(64), AtomicU64::default);
        known.hashes = hashes;
        Ok(known)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Notes that the export has this key; says whether it is the first time.
    pub(super) fn meet(&self, key: &[u8]) -> bool {
        let Ok(at) = self.hashes.binary_search(&self.hash(key)) else { return false };
        let bit = 1 << (at % 64);
        self.met[at / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Writes a REMOVE row for each key that was not met; says how many.
    ///
    /// # Errors
    ///
    /// A file that can't be read again or written.
    pub(super) fn write_lacking(
        &self,
        schema: &Schema,
        plan: Plan,
        time_us: u64,
        files: &mut Files,
    ) -> Result<u64, Exit> {
        let mut count = 0;
        self.each(&mut Rows::new(schema, plan, time_us), |rows| {
            if self.meet(rows.key.bytes()) {
                rows.records.transform_row(&rows.row, files);
                count += 1;
                files.advance()?;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Two hashes of 64 bits, each with its own seed: no two keys share both by chance.
    fn hash(&self, key: &[u8]) -> u128 {
        let [low, high] = [&self.hashers[0], &self.hashers[1]].map(|hasher| hasher.hash_one(key));
        u128::from(high) << 64 | u128::from(low)
    }

    /// Takes each key of the file to its row.
    fn each(
        &self,
        rows: &mut Rows<'_>,
        mut then: impl FnMut(&mut Rows<'_>) -> Result<(), Exit>,
    ) -> Result<(), Exit> {
        let mut reader = self.open()?;
        let header = reader.headers().map_err(|error| self.unreadable(&error))?.clone();
        let columns = self.columns(&header, rows)?;
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| self.unreadable(&error))? {
            rows.row(&columns, &record).map_err(|reason| {
                let line = record.position().map_or(0, csv::Position::line);
                Exit::Rejected(format!("{}, line {line}: {reason}", self.name()))
            })?;
            then(rows)?;
        }
        Ok(())
    }

    fn open(&self) -> Result<Reader<Box<dyn Read>>, Exit> {
        let opened = self.folder.read(&self.file).and_then(|file| {
            let mut file = BufReader::with_capacity(128 << 10, file);
            let is_gzip = file.fill_buf()?.starts_with(b"\x1f\x8b");
            Ok(if is_gzip {
                Box::new(MultiGzDecoder::new(file)) as Box<dyn Read>
            } else {
                Box::new(file)
            })
        });
        let file = opened.map_err(|error| Exit::unreadable(&self.name(), &error))?;
        Ok(ReaderBuilder::new().from_reader(file))
    }

    /// The place of each of the file's columns among the plan's.
    fn columns(&self, header: &StringRecord, rows: &Rows<'_>) -> Result<Vec<usize>, Exit> {
        let plan = rows.records.plan();
        let keys = plan.columns.iter().filter(|column| column.is_key);
        let keys: Vec<&str> = keys.map(|column| &*column.name).collect();
        let mut given: Vec<&str> = header.iter().collect();
        given.sort_unstable();
        let mut wanted = keys.clone();
        wanted.sort_unstable();
        if given != wanted {
            return Exit::reject(format!(
                "{}: its first line has to name the key columns and nothing else; write {}, and \
                 below it what SELECT DISTINCT of these finds in the lake",
                self.name(),
                keys.join(",")
            ));
        }
        let place = |name| plan.columns.iter().position(|column| column.name == name);
        Ok(header.iter().filter_map(place).collect())
    }

    fn name(&self) -> String {
        format!("--known-keys {}", self.folder.name_of(&self.file))
    }

    /// A file that can't be read; what is wrong with CSV has no values in it.
    fn unreadable(&self, error: &csv::Error) -> Exit {
        Exit::Rejected(format!("{}: {error}; write it as CSV again", self.name()))
    }
}

impl<'a> Rows<'a> {
    fn new(schema: &'a Schema, plan: Plan, time_us: u64) -> Rows<'a> {
        let mut metadata = br#""_event_type":"REMOVE","_event_time":""#.to_vec();
        time::write_microseconds(time_us, &mut metadata);
        metadata.extend_from_slice(br#"","_table":"#);
        write_string(schema.table.as_bytes(), &mut metadata);
        let sequence = format!(r#","_sequence":"{time_us:020}-{:056}"}}"#, 0);
        metadata.extend_from_slice(sequence.as_bytes());
        Rows {
            schema,
            key: Key::new(&plan),
            records: {
                let options = Options::new(&plan);
                RecordTransformer::new(plan, options)
            },
            metadata,
            row: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Makes the REMOVE row of a key, and its key as columns have it.
    fn row(&mut self, columns: &[usize], record: &StringRecord) -> Result<(), String> {
        self.row.clear();
        self.row.push(b'{');
        for (&column, value) in columns.iter().zip(record) {
            let declared = &self.schema.columns[column];
            let name = &declared.name;
            if value.is_empty() {
                return Err(format!("{name} is empty; no key is, so leave the line out"));
            }
            if declared.protect == Some(Protect::Sha256) && !is_hash(value) {
                return Err(format!(
                    "{name} is hashed in the lake (\"protect\": \"sha256\"), and this value is \
                     not a hash (64 digits 0-9 and a-f); take the values from the lake, not from \
                     DynamoDB"
                ));
            }
            write_string(name.as_bytes(), &mut self.row);
            self.row.push(b':');
            write_string(value.as_bytes(), &mut self.row);
            self.row.push(b',');
        }
        self.row.extend_from_slice(&self.metadata);
        self.written.clear();
        let mut keyed = Keyed::new(&mut self.written, &mut self.key);
        let outcome = self.records.transform_row(&self.row, &mut keyed).outcome;
        match outcome {
            Outcome::Row { .. } => Ok(()),
            Outcome::Failed(Failure::KeyNotFilled { column }) => {
                let column = &self.schema.columns[column];
                Err(format!(
                    "{} is no {}; write values as the column holds them",
                    column.name, column.ty
                ))
            }
            Outcome::Failed(failure) => Err(failure.explain(self.records.plan())),
            Outcome::Dropped => Err("it is of another table".to_owned()),
        }
    }
}

/// What SHA-256 gives, as rows have it.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
