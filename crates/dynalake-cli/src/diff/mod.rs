//! `dynalake diff`: what a change of a schema file means, before it is applied.

mod column;
mod difference;
mod table;
mod types;

use crate::exit::Exit;
use crate::report::say;
use crate::schema_file;
use crate::text::count;
use crate::warnings::warnings;
use difference::Difference;
use dynalake::schema::Schema;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ABOUT: &str = "\
Compares two schema files of one table, and says of each difference what it means for the Glue table
and Athena, for the files that exist, for Delta tables made from them, and for the current state, and
what to do. Run it before terraform apply.

Warnings, on standard error, are what dynalake check says of the new file and did not say of the old
one.";

const EXAMPLES: &str = "\
Examples:
  dynalake diff orders.json new.json
  git show main:orders.schema.json | dynalake diff - orders.schema.json

Exit codes:
  0  nothing has to be done: no difference, comments, new columns, a wider integer or float → double
  1  something has to be done, or nothing can be; each difference says what
  2  wrong usage, an unreadable file, or a schema that is rejected";

/// Say what a change of a schema means, before it is applied.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The schema as it is; - is standard input.
    old: PathBuf,
    /// The schema that replaces it; - is standard input.
    new: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    if is_stdin(&args.old) && is_stdin(&args.new) {
        return Exit::reject("\"-\" is given twice; standard input can be read once");
    }
    let (_, old) = schema_file::read(&args.old)?;
    let (_, new) = schema_file::read(&args.new)?;
    let differences = differences(&old, &new);
    let needs_action = differences.iter().any(Difference::needs_action);
    let code = ExitCode::from(u8::from(needs_action));
    let mut out = io::stdout().lock();
    out.write_all(text(&differences).as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Exit::unwritable(&error, code))?;
    let known = warnings(&old);
    for warning in warnings(&new).iter().filter(|warning| !known.contains(warning)) {
        say(&format!("warning: {warning}"));
    }
    Ok(code)
}

/// All differences: of the table, then of its columns.
fn differences(old: &Schema, new: &Schema) -> Vec<Difference> {
    let mut differences = table::differences(old, new);
    differences.extend(column::differences(old, new));
    differences
}

fn text(differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences {
        let _ = writeln!(text, "{difference}\n");
    }
    let needing = differences.iter().filter(|difference| difference.needs_action()).count();
    let all = count(differences.len() as u64, "difference", "differences");
    let _ = match (differences.len(), needing) {
        (0, _) => writeln!(text, "no difference"),
        (_, 0) => writeln!(text, "{all}, nothing has to be done"),
        (1, _) => writeln!(text, "{all}, with something to do"),
        (len, needing) if len == needing => writeln!(text, "{all}, each with something to do"),
        _ => writeln!(text, "{all}, {needing} of them with something to do"),
    };
    text
}
