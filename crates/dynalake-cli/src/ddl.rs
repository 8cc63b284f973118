//! `dynalake ddl`: a schema as SQL for a query engine.

use crate::exit::Exit;
use crate::schema_file;
use clap::ValueEnum;
use dynalake::sql::{self, Names, PartKind};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

const ABOUT: &str = "\
Prints SQL for what the pipeline writes, made from the table's schema file, so that Glue, Athena and
Databricks have the same columns with the same types. Each part says what it is for.

  athena      table      the external table over the Parquet objects, with partition projection; our
                         Terraform makes the same in Glue, so only those without it need this
              view       the current state: of each key the newest change, unless it is a delete
              erase      (only with --only) which objects hold rows of an item
  databricks  hints      schema hints for Auto Loader: the metadata and key columns
              all-hints  the same of all columns
              table      the table of changes, for those who load it in a way of their own
              view       the current state over that table
              erase      (only with --only) takes the rows of a person's items out of the
                         pipeline's tables
              governance (only with --only) comments and tags of the columns of the pipeline's
                         tables

A view reads the whole history at each query: the newest change of a key may lie in any partition.";

const EXAMPLES: &str = "\
Examples:
  dynalake ddl orders.json --dialect athena                  # all of it, with explanations
  dynalake ddl orders.json --dialect athena --only view      # one statement, to be run as it is
  dynalake ddl orders.json --dialect athena --only table --location s3://my-bucket/data/orders/
  dynalake ddl orders.json --dialect databricks --database main.shop
  dynalake ddl orders.json --dialect databricks --only hints # one line, to be put into an option

  aws athena start-query-execution --work-group primary \\
    --query-string \"$(dynalake ddl orders.json --dialect athena --only view)\"

Exit codes:
  0  the SQL is on standard output
  2  wrong usage, an unreadable file, or a schema that is rejected, with the column, the reason and the fix";

/// Print SQL for Athena or Databricks: the table, its current state, schema hints.
#[derive(Debug, clap::Args)]
#[command(long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The table's schema; - is standard input.
    schema: PathBuf,

    /// Whose SQL.
    #[arg(long, value_enum)]
    dialect: Dialect,

    /// Only this part, without explanations: a statement, or a line of hints.
    #[arg(long, value_name = "PART", value_enum)]
    only: Option<Only>,

    /// Athena's database, or Databricks' schema, as schema or catalog.schema
    ///
    /// By default athena has `dynalake_<table>`, as Terraform names it where the pipeline's name
    /// is dynalake-<table> (output `glue_database`), and databricks has none: the session's
    /// schema.
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// The table of changes
    ///
    /// By default the DynamoDB table's name as Glue allows it (Terraform's output `glue_table`),
    /// for databricks with _changes behind it.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// The view of the current state; by default the DynamoDB table's name with _current behind
    /// it.
    #[arg(long, value_name = "NAME")]
    view: Option<String>,

    /// Where the Parquet objects lie, for athena's table, as `s3://my-bucket/data/orders/`
    ///
    /// Terraform's output `location`; by default a bucket to be filled in.
    #[arg(long, value_name = "URL")]
    location: Option<String>,

    /// What a folder of objects holds, for athena's table; Terraform's input
    /// `partition_granularity` [default: hour]
    #[arg(long, value_name = "PERIOD", value_enum)]
    partition_granularity: Option<Granularity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dialect {
    /// Amazon Athena.
    Athena,
    /// Databricks SQL.
    Databricks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The table of changes.
    Table,
    /// The view of the current state.
    View,
    /// Databricks: schema hints of the metadata and key columns.
    Hints,
    /// Databricks: schema hints of all columns.
    AllHints,
    /// What takes the rows of a person's items out; Athena: which objects hold them.
    Erase,
    /// Databricks: comments and tags of columns.
    Governance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Granularity {
    /// Folders dt=2026-01-31/hour=23/.
    Hour,
    /// Folders dt=2026-01-31/.
    Day,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Exit> {
    let (_, schema) = schema_file::read(&args.schema)?;
    let dialect = match args.dialect {
        Dialect::Athena => sql::Dialect::Athena,
        Dialect::Databricks => sql::Dialect::Databricks,
    };
    let names = args.names(Names::new(&schema, dialect))?;
    let parts = sql::parts(&schema, dialect, &names)
        .map_err(|error| schema_file::rejected(&args.schema, &error))?;
    let text = match args.only {
        None => sql::script(&schema, dialect, &parts),
        Some(only) => {
            let kind = only.kind();
            let Some(part) = parts.into_iter().find(|part| part.kind == kind) else {
                return Exit::reject(
                    "--only: schema hints and governance are for Databricks; with --dialect athena write \
                     table, view or erase",
                );
            };
            part.text + "\n"
        }
    };
    let done = ExitCode::SUCCESS;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Exit::unwritable(&error, done))?;
    Ok(done)
}

impl Only {
    fn kind(self) -> PartKind {
        match self {
            Only::Table => PartKind::Table,
            Only::View => PartKind::View,
            Only::Hints => PartKind::Hints,
            Only::AllHints => PartKind::AllHints,
            Only::Erase => PartKind::Erase,
            Only::Governance => PartKind::Governance,
        }
    }
}

impl Args {
    /// The default names, with those that are given in their place.
    fn names(&self, mut names: Names) -> Result<Names, Exit> {
        if let Some(database) = &self.database {
            let parts: Vec<_> = database.split('.').collect();
            if parts.len() > 1 && self.dialect == Dialect::Athena {
                return Exit::reject(format!(
                    "--database is \"{database}\": Athena's database is one name, without a catalog"
                ));
            }
            if parts.len() > 2 {
                return Exit::reject(format!(
                    "--database is \"{database}\": write schema or catalog.schema"
                ));
            }
            names.database = parts
                .into_iter()
                .map(|part| self.name("--database", part))
                .collect::<Result<_, _>>()?;
        }
        if let Some(table) = &self.table {
            names.table = self.name("--table", table)?;
        }
        if let Some(view) = &self.view {
            names.view = self.name("--view", view)?;
        }
        if names.view == names.table {
            return Exit::reject(format!(
                "--view and --table are both \"{}\": the view reads the table, so give it another name",
                names.view
            ));
        }
        for (option, is_given) in [
            ("--location", self.location.is_some()),
            ("--partition-granularity", self.partition_granularity.is_some()),
        ] {
            if is_given && self.dialect != Dialect::Athena {
                return Exit::reject(format!("{option} is for --dialect athena; remove it"));
            }
            if is_given && self.only == Some(Only::View) {
                return Exit::reject(format!(
                    "{option} is for the table; with --only view remove it"
                ));
            }
        }
        if let Some(location) = &self.location {
            let bucket = location.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
            if bucket.is_none_or(str::is_empty) || !location.ends_with('/') {
                return Exit::reject(format!(
                    "--location is \"{location}\": write it as s3://bucket/prefix/, with a slash at its end"
                ));
            }
            names.location.clone_from(location);
        }
        names.by_hour = self.partition_granularity != Some(Granularity::Day);
        Ok(names)
    }

    fn name(&self, option: &str, name: &str) -> Result<String, Exit> {
        let fits = |char: char| match self.dialect {
            Dialect::Athena => matches!(char, 'a'..='z' | '0'..='9' | '_'),
            Dialect::Databricks => {
                !(char.is_whitespace() || char.is_control() || "./".contains(char))
            }
        };
        if !name.is_empty() && name.chars().all(fits) {
            return Ok(name.to_owned());
        }
        let allowed = match self.dialect {
            Dialect::Athena => "a name in Athena is a-z, 0-9 and _",
            Dialect::Databricks => "a name has no blank, point or slash, and isn't empty",
        };
        Exit::reject(format!("{option} is \"{}\": {allowed}", name.escape_default()))
    }
}
