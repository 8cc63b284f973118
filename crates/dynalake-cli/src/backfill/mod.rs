//! `dynalake backfill`: what a table holds, or what became of it in some hours, from its export to
//! S3.
//!
//! ```text
//! export      an export, as its manifests describe it
//! manifest    both manifests, checked
//! places      where the data files are
//! known_keys  the keys that the lake has        key   a row's key
//! job         one data file to rows             data_file
//! run         all of them on all cores          progress
//! ```

mod data_file;
mod export;
mod job;
mod key;
mod known_keys;
mod manifest;
mod places;
mod progress;
mod run;

use crate::exit::Exit;
use crate::files::Timestamps;
use crate::rejected::rejected_folder;
use crate::report::say;
use crate::schema_file;
use crate::store::Folder;
use crate::text::count;
use dynalake::change::export::Kind;
use dynalake::schema::Schema;
use dynalake::text::time;
use export::{Export, Span};
use job::Job;
use known_keys::KnownKeys;
use places::Places;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{SystemTime, UNIX_EPOCH};

/// How much earlier than its export a full export's rows are dated, unless --margin says otherwise:
/// AWS' clocks differ by up to a minute, and a change that the stream has from then on must win
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html>).
pub(crate) const MARGIN_US: u64 = 5 * 60 * 1_000_000;

/// The largest margin: what is older than this is not healed.
const MAX_MARGIN_US: u64 = 24 * 3_600 * 1_000_000;

/// How long the current state remembers deleted items.
const TOMBSTONE_DAYS: u64 = 14;

const ABOUT: &str = "\
Writes the items of a table's export to S3 as Parquet files, beside the files of its changes.

The stream carries what changes from now on. What was in the table before, and changes that the
stream never had, come with an export, which uses none of the table's capacity.

EXPORT is the folder that DynamoDB wrote, with manifest-summary.json in it, as `aws s3 sync` copies
it, or its address on S3. The export's format is DYNAMODB_JSON. Before anything is written the
manifests are checked, the table is compared with the schema's, and each data file must be there. Of
an incremental export the data files are in the folder data beside the export's own.

A full export gives a row for each item, with _event_type EXPORT, dated by the export's time less
--margin. Each change that the stream has from then on wins over it, and each older one loses: so
it also brings what the stream lost. An incremental export gives the last change of each item in its
time: INSERT, MODIFY or REMOVE.

The rows are in DIR/dt=2026-01-31/hour=23/backfill-EXPORT-FILE-00000.parquet, in the form that
Firehose writes. All cores work; two need about 100 MB of memory, however large the export is. A data
file's rows appear when its MD5 and its count of items are right; else it is left out and named. An
item that can't be a row goes to DIR/rejected, or --rejected, one per line, in the form of Firehose's
error prefix: unchanged, protected attributes in clear. Keep that out of a table's location. Run it
again after any failure: the same names are written again, with the same bytes. What is there already
is written again, not skipped: only reading it would show that it is right.

--known-keys finds the deletes that were missed. It names a CSV file of the keys in the lake, the key
columns' names in its first line:
  order_id
  o-1
  o-2
Each key that the export's view does not have gets a REMOVE row. Each takes 16 bytes of memory.

--data-file takes some of the export's files only, so that several machines share it: each is named
and written as it would be by a run over all. Whoever shares it out keeps track of the files that are
still to be read. With --json standard output has one line for that program, in place of the files' names:
  {\"data_files\":1,\"left_out\":0,\"items\":9,\"rows\":6,\"rejected\":1,\"dropped\":2,\"rescued\":1,
   \"files\":1,\"rows_of_known_keys\":null}
Its items are those of the data files that were read, and are rows, rejected or dropped.

Load an export within 14 days of its time: the current state in Databricks remembers deleted items
only that long, and older rows would bring them back. After that do a full refresh too.";

const EXAMPLES: &str = "\
Examples:
  # Make an export (point-in-time recovery must be on), and wait for it
  aws dynamodb export-table-to-point-in-time --export-format DYNAMODB_JSON \\
    --table-arn arn:aws:dynamodb:eu-central-1:123456789012:table/orders --s3-bucket my-exports
  aws dynamodb describe-export --export-arn \"$ARN\" --query ExportDescription.ExportStatus

  # Copy it, make rows, upload them to the table's location
  aws s3 sync s3://my-exports/AWSDynamoDB/01716790307109-cfa31da1/ export/
  dynalake backfill --schema orders.json export/ --out rows
  aws s3 sync rows s3://my-bucket/data/orders/ --exclude '*' --include '*.parquet'

  # Deletes that were missed: with the keys that the lake has
  dynalake backfill --schema orders.json export/ --out rows --known-keys keys.csv

  # Some hours in which changes were lost: an incremental export, whose files are beside it
  aws s3 sync s3://my-exports/AWSDynamoDB/ exports/
  dynalake backfill --schema orders.json exports/01716790307109-cfa31da1 --out rows

  # One data file, as the Spark job's tasks do
  dynalake backfill --schema orders.json s3://my-exports/AWSDynamoDB/01716790307109-cfa31da1 \
    --data-file f2qp6ihhcyzwxkmbngkzdrkmca.json.gz --json --out s3://my-bucket/data/orders/ \
    --rejected s3://my-bucket/errors/orders/export-rejected/

Exit codes:
  0  every item is a row, or not wanted
  1  an item was rejected, a data file was left out, or REMOVE rows could not be made; all else is
     there
  2  nothing was done: wrong usage, an export or a schema that is rejected, files that can't be
     written";

/// Write an export of the table as Parquet files: what was there before, or was lost.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of the export, with manifest-summary.json in it.
    #[arg(value_name = "EXPORT")]
    export: PathBuf,

    /// The table's schema.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,

    /// Where the files go; they replace those of an earlier run.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Where the items go that can't be rows [default: DIR/rejected]
    #[arg(long, value_name = "FOLDER")]
    rejected: Option<PathBuf>,

    /// A CSV file of the keys in the lake: those that a full export lacks get REMOVE rows.
    #[arg(long, value_name = "CSV")]
    known_keys: Option<PathBuf>,

    /// Only this data file, by its `dataFileS3Key` in manifest-files.json, or that key's last part;
    /// can be given several times
    ///
    /// All others are left to other runs.
    #[arg(long, value_name = "NAME")]
    data_file: Vec<String>,

    /// Print one line of JSON with counts in place of the files' names.
    #[arg(long)]
    json: bool,

    /// How much earlier than a full export's time its rows are dated: 90s, 5m, 1h [default: 5m]
    #[arg(long, value_name = "TIME")]
    margin: Option<String>,

    /// How timestamps are written.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    timestamps: Timestamps,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    for (what, path) in [("EXPORT", &args.export), ("--out", &args.out)] {
        if path.as_os_str() == "-" {
            return Exit::reject(format!("{what} is \"-\", and has to be a folder"));
        }
    }
    let margin_us = args.margin.as_deref().map(parse_margin).transpose()?;
    let (_, schema) = schema_file::read(&args.schema)?;
    let form = args.timestamps.form(&schema)?;
    let rejected = rejected_folder(args.rejected.as_deref(), &args.out)?;
    let places = Places::at(&args.export)?;
    let (mut export, address) = manifest::read(&places, &schema)?;
    if !args.data_file.is_empty() {
        if args.known_keys.is_some() {
            return Exit::reject(
                "--known-keys needs all of the export's files, and --data-file leaves some out; \
                 remove one of the two",
            );
        }
        export.select(&args.data_file)?;
    }
    let (kind, time_us) = kind(args, &export, &schema, margin_us)?;
    let found = places.find(&export, &address)?;
    say_export(&export, &schema, kind);
    warn_if_old(&export);
    let known = match &args.known_keys {
        Some(path) => Some(KnownKeys::read(path, &schema, args.timestamps.plan(&schema), time_us)?),
        None => None,
    };
    let out = Folder::at(&args.out).map_err(|trouble| Exit::Rejected(trouble.0))?;
    out.make().map_err(|error| Exit::unwritable_file(&out.name(), &error))?;
    run::run(&Job {
        schema,
        export,
        found,
        bucket: format!("s3://{}", address.bucket),
        out,
        rejected,
        form,
        timestamps: args.timestamps,
        kind,
        time_us,
        known,
        is_selection: !args.data_file.is_empty(),
        prints_counts: args.json,
        lines: AtomicU64::new(0),
        stops: AtomicBool::new(false),
    })
}

/// What the lines are, and the time that the files are dated by.
fn kind(
    args: &Args,
    export: &Export,
    schema: &Schema,
    margin_us: Option<u64>,
) -> Result<(Kind, u64), Exit> {
    let Span::Full { time_us } = export.span else {
        for (option, is_given) in
            [("--known-keys", args.known_keys.is_some()), ("--margin", margin_us.is_some())]
        {
            if is_given {
                return Exit::reject(format!(
                    "{option} is for full exports, and this one is incremental; remove it, or make \
                     a full export"
                ));
            }
        }
        return Ok((Kind::Incremental, export.span.end_us()));
    };
    if args.known_keys.is_some() && !schema.events.remove {
        return Exit::reject(
            "--known-keys makes REMOVE rows, and the schema's \"events\" leaves REMOVE out; add it \
             there, or remove --known-keys",
        );
    }
    let margin_us = margin_us.unwrap_or(MARGIN_US);
    let Some(time_us) = time_us.checked_sub(margin_us) else {
        return Exit::reject("the export's time less the margin is before 1970; it is damaged");
    };
    Ok((Kind::Full { time_us }, time_us))
}

/// `90s`, `5m`, `1h`, in microseconds.
fn parse_margin(text: &str) -> Result<u64, Exit> {
    let seconds = text.char_indices().next_back().and_then(|(at, unit)| {
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            _ => return None,
        };
        let digits = &text[..at];
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(seconds)
    });
    let margin = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
    margin.filter(|margin| *margin <= MAX_MARGIN_US).ok_or_else(|| {
        Exit::Rejected(format!(
            "--margin is \"{}\": write a time of at most 24h as 90s, 5m or 1h",
            text.escape_default()
        ))
    })
}

fn say_export(export: &Export, schema: &Schema, kind: Kind) {
    let files = count(export.files.len() as u64, "file", "files");
    let items = count(export.items, "item", "items");
    let table = schema.table.escape_default();
    let end = iso(export.span.end_us());
    say(&match kind {
        Kind::Full { time_us } => format!(
            "export    {} of {table} at {end}: {items} in {files}; rows are dated {}",
            export.id,
            iso(time_us)
        ),
        Kind::Incremental => {
            format!("export    {} of {table} up to {end}: {items} in {files}", export.id)
        }
    });
}

/// Warns if the export is older than the current state remembers deletes: its rows would bring those
/// items back.
fn warn_if_old(export: &Export) {
    let now_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros());
    let age_us = now_us.saturating_sub(export.span.end_us().into());
    let days = (age_us / 86_400_000_000) as u64;
    if days >= TOMBSTONE_DAYS {
        say(&format!(
            "warning: the export is {} old, and the current state forgets deleted items after \
             {TOMBSTONE_DAYS}: those deleted since may come back; load a newer export, or do a full \
             refresh after this one",
            count(days, "day", "days")
        ));
    }
}

/// A time as it is in manifests.
fn iso(time_us: u64) -> String {
    let mut text = Vec::new();
    time::write_timestamp(time_us as i64 * 1_000, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
