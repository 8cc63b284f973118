//! Where an export's files are, once someone has copied them.

use super::export::{Address, Export};
use crate::exit::Exit;
use crate::store::{Folder, Listed};
use crate::trouble::quoted;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

const DATA: &str = "data/";
const MANIFESTS: &str = "manifest-";

/// So many missing files are named.
const SHOWN: usize = 3;

/// The folders in which an export's files may be.
pub(super) struct Places {
    /// The one with the manifests.
    pub(super) own: Folder,
    /// The one above it: incremental exports share its folder `data`.
    above: Folder,
}

/// A data file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The folder in which it is.
    pub(super) folder: Folder,
    /// Its name from there.
    pub(super) name: String,
    /// Its size.
    pub(super) bytes: u64,
}

impl Places {
    /// The folder at this address, and the one above.
    pub(super) fn at(address: &Path) -> Result<Places, Exit> {
        if address.file_name().is_some_and(|name| name == "manifest-summary.json") {
            return Exit::reject(format!(
                "{} is a file; give the folder that it is in",
                address.display()
            ));
        }
        let above = match address.parent() {
            Some(above) if address.file_name().is_some() => {
                let is_here = above.as_os_str().is_empty();
                if is_here { Path::new(".").to_owned() } else { above.to_owned() }
            }
            _ => address.join(".."),
        };
        let at = |address: &Path| Folder::at(address).map_err(|trouble| Exit::Rejected(trouble.0));
        Ok(Places { own: at(address)?, above: at(&above)? })
    }

    /// The names of the manifests that are there, and of their checksums.
    ///
    /// # Errors
    ///
    /// A folder that can't be listed.
    pub(super) fn manifests(&self) -> Result<Vec<String>, Exit> {
        match self.own.list(MANIFESTS) {
            Ok(listed) => Ok(listed.into_iter().map(|file| file.name).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Exit::reject(format!(
                "{} is a file; give the export's folder, with manifest-summary.json in it",
                self.own.name()
            )),
            Err(error) => Err(Exit::unreadable(&self.own.name(), &error)),
        }
    }

    /// A file beside the manifests.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.own.read(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Why there is no such manifest, and what to do.
    pub(super) fn no_manifest<T>(&self, name: &str) -> Result<T, Exit> {
        let folder = self.own.name();
        let listed = self.own.list("").unwrap_or_default();
        let ending = format!("/{name}");
        let below: Vec<_> =
            listed.iter().filter_map(|file| file.name.strip_suffix(&ending)).collect();
        if !below.is_empty() {
            let several = if below.len() == 1 { "that" } else { "one of them" };
            let all = below.iter().map(|below| self.own.name_of(below)).collect::<Vec<_>>();
            return Exit::reject(format!(
                "{folder} has no {name}, but folders in it have; give {several}: {}",
                all.join(", ")
            ));
        }
        let started = self.own.read("_started").is_ok();
        Exit::reject(if listed.is_empty() && !started {
            format!("{folder} has no {name}, nor any file; give the folder of an export")
        } else {
            format!(
                "{folder} has no {name}, which DynamoDB writes when an export is complete; wait \
                 until aws dynamodb describe-export says COMPLETED, and copy the export's folder \
                 again, whole"
            )
        })
    }

    /// Where each data file is, in the manifest's order.
    ///
    /// # Errors
    ///
    /// The files that are missing, and the command that copies them.
    pub(super) fn find(&self, export: &Export, at: &Address) -> Result<Vec<Found>, Exit> {
        let root = parent(&at.home);
        let own = sizes(&self.own)?;
        let is_shared = |key: &str| below(key, &at.home).is_none();
        let above = if export.files.iter().any(|file| is_shared(&file.key)) {
            sizes(&self.above)?
        } else {
            HashMap::new()
        };
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for file in &export.files {
            let base = file.key.rsplit('/').next().unwrap_or_default();
            // As `aws s3 sync` lays them, or in the export's own folder.
            let in_own = below(&file.key, &at.home).map(str::to_owned);
            let in_own = in_own.unwrap_or_else(|| format!("{DATA}{base}"));
            let in_above = below(&file.key, root).unwrap_or_default();
            let names = [(&self.own, &own, &*in_own), (&self.above, &above, in_above)];
            let listed = names
                .iter()
                .find_map(|&(folder, sizes, name)| Some((folder, name, *sizes.get(name)?)));
            // Lists on S3 leave out empty objects.
            let empty = || {
                names.iter().map(|&(folder, _, name)| (folder, name, 0)).find(
                    |(folder, name, _)| {
                        file.items == 0 && !name.is_empty() && folder.read(name).is_ok()
                    },
                )
            };
            match listed.or_else(empty) {
                Some((folder, name, bytes)) => {
                    found.push(Found { folder: folder.clone(), name: name.to_owned(), bytes });
                }
                None => missing.push(&*file.key),
            }
        }
        if missing.is_empty() { Ok(found) } else { self.missing(&missing, export, at) }
    }

    fn missing<T>(&self, missing: &[&str], export: &Export, at: &Address) -> Result<T, Exit> {
        let named = missing.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        let more = match missing.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let all = export.files.len();
        let what = format!(
            "{} of the export's {all} data files {} missing: {named}{more}",
            missing.len(),
            if missing.len() == 1 { "is" } else { "are" }
        );
        if self.own.is_on_s3() {
            return Exit::reject(format!(
                "{what}; restore them if the bucket keeps versions, else make another export"
            ));
        }
        let is_own = below(missing[0], &at.home);
        let (folder, name) = match is_own {
            Some(name) => (&self.own, name),
            None => (&self.above, below(missing[0], parent(&at.home)).unwrap_or(missing[0])),
        };
        let bucket = &at.bucket;
        let command = if missing.len() == 1 {
            let (from, to) = (format!("s3://{bucket}/{}", missing[0]), folder.name_of(name));
            format!("aws s3 cp {} {}", quoted(&from), quoted(&to))
        } else {
            let from = format!("s3://{bucket}/{}/", parent(missing[0]));
            format!("aws s3 sync {} {}", quoted(&from), quoted(&folder.name_of(parent(name))))
        };
        Exit::reject(format!("{what}; copy what is missing: {command}"))
    }
}

/// The data files of a folder, and how large they are.
fn sizes(folder: &Folder) -> Result<HashMap<String, u64>, Exit> {
    match folder.list(DATA) {
        Ok(listed) => Ok(listed.into_iter().map(|Listed { name, bytes }| (name, bytes)).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(Exit::unreadable(&folder.name(), &error)),
    }
}

/// A key's name below a folder's.
fn below<'a>(key: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(key) } else { key.strip_prefix(folder)?.strip_prefix('/') }
}

/// The key of the folder that it is in.
pub(super) fn parent(key: &str) -> &str {
    key.rsplit_once('/').map_or("", |(parent, _)| parent)
}
