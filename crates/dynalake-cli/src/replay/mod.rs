//! `dynalake replay`: what failed on its way to the lake, as rows after all.
//!
//! ```text
//! totals     what became of records, in numbers
//! object     one object's records to files
//! run        all objects, then what is said of them
//! ```

mod object;
mod run;
mod totals;

use crate::exit::Exit;
use crate::files::Timestamps;
use crate::input::{check_standard_input, sources};
use crate::rejected::{rejected_address, rejected_folder};
use crate::schema_file;
use crate::store::{Folder, is_s3_folder, on_s3};
use object::Target;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
Takes what failed on its way to the lake to rows, by the schema as it is now, and writes them as
Parquet files beside those of the other changes.

ERRORS are files, folders (all files in them at every depth, sorted, without hidden ones), or - for
standard input. What they hold is told by the content, value by value, with or without line breaks
between them; gzip is unzipped:
  * objects of Firehose's error prefixes, of each kind. Under processing-failed \"rawData\" is the
    change record, and becomes a row. Under format-conversion-failed it is the row: it keeps its
    metadata and is fitted to the schema. An empty one is a control message, and is counted;
  * objects of the direct function's error prefix, and what Lambda writes to its on-failure
    destination when it gives up a batch;
  * change records as they are, such as those of a source backup.

The rows of an object are in DIR/dt=2026-01-31/hour=23/replay-HASH.parquet, by the UTC hour in which
the record arrived, or, where the object doesn't say that, of the change. HASH is of the object's
name, without its folders; for standard input and pipes, which are held in memory, it is of their
contents. The files appear when the object was read to its end, so that nothing is there twice: run it
again at any time, and the same names are written with the same bytes.

A row has the _event_id, _event_time and _sequence of its change, or those that it had. So it takes
its place in the current state, however late it comes. A change record under Firehose's
processing-failed has lost Kinesis' sequence number: of two changes of an item in one tick of the
clock it loses. The direct function's lines keep it.

Of a row, values that don't fit the schema, or have no column any more, go to _rescued beside what is
there already. What is there stays there. What the schema protects by now is hashed or left out, and
a hash is not hashed again. \"where\" and \"events\" are not applied to rows again.

What fails again is in DIR/rejected/NAME.rejected, or in --rejected, as it was, protected attributes
in clear: keep that out of a table's location. The objects themselves are not changed.";

const EXAMPLES: &str = "\
Examples:
  # Everything that failed on one day, of each kind
  aws s3 cp --recursive s3://my-bucket/errors/orders/ failed/ --exclude '*' --include '*dt=2026-11-25*'
  dynalake replay --schema orders.json failed/ --out rows
  aws s3 sync rows s3://my-bucket/data/orders/ --exclude '*' --include '*.parquet'

  # Why each record fails, without writing anything
  dynalake transform --schema orders.json failed/

  # One object
  aws s3 cp s3://my-bucket/errors/orders/processing-failed/… - |
    dynalake replay --schema orders.json - --out rows

Exit codes:
  0  every record is a row, not wanted, or a control message
  1  a record was rejected, or an object could not be read to its end; all else is there
  2  nothing was done: wrong usage, nothing to read, a schema that is rejected, files that can't be
     written";

/// Write what failed on its way to the lake as Parquet files: error prefixes, on-failure objects.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Objects of error prefixes: files and folders; - is standard input.
    #[arg(value_name = "ERRORS", required = true)]
    errors: Vec<PathBuf>,

    /// The table's schema.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,

    /// Where the files go; they replace those of an earlier run.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Where what fails again goes [default: DIR/rejected]
    #[arg(long, value_name = "FOLDER")]
    rejected: Option<PathBuf>,

    /// How timestamps are written.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    timestamps: Timestamps,
}

/// Whether a folder is in another one, or is it.
fn is_inside(folder: &Path, outer: &Path) -> bool {
    match (on_s3(folder), on_s3(outer)) {
        (Some(folder), Some(outer)) => {
            let whole = |address: &str| format!("{}/", address.trim_end_matches('/'));
            is_s3_folder(outer) && whole(folder).starts_with(&whole(outer))
        }
        (None, None) => outer.is_dir() && whole_path(folder).starts_with(whole_path(outer)),
        _ => false,
    }
}

/// A path from the root on, without links as far as it is there.
fn whole_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match there {
        Some((above, whole)) => whole.join(path.strip_prefix(above).unwrap_or(&path)),
        None => path,
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    if check_standard_input(&args.errors)? && is_stdin(&args.schema) {
        return Exit::reject("--schema is \"-\" and so is the input: give one of them as a file");
    }
    if is_stdin(&args.out) {
        return Exit::reject("--out is \"-\", and has to be a folder");
    }
    // Its own files would be among the objects of a second run.
    let rejected = rejected_address(args.rejected.as_deref(), &args.out);
    for (option, written) in [("--out", &args.out), ("--rejected", &rejected)] {
        if let Some(folder) = args.errors.iter().find(|path| is_inside(written, path)) {
            let folder = folder.display();
            return Exit::reject(if option == "--rejected" && args.rejected.is_none() {
                format!(
                    "what fails again would go to {}, in {folder}, which is read; give --rejected a \
                     folder of its own",
                    rejected.display()
                )
            } else {
                format!("{option} is in {folder}, which is read; give a folder of its own")
            });
        }
    }
    let (_, schema) = schema_file::read(&args.schema)?;
    let form = args.timestamps.form(&schema)?;
    let out = Folder::at(&args.out).map_err(|trouble| Exit::Rejected(trouble.0))?;
    let rejected = rejected_folder(args.rejected.as_deref(), &args.out)?;
    out.make().map_err(|error| Exit::unwritable_file(&out.name(), &error))?;
    let target = Target::new(out, rejected, form, args.timestamps.plan(&schema));
    run::run(sources(&args.errors), target, &schema.lake_name())
}
