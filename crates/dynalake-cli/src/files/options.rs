//! How files are written.

use crate::exit::Exit;
use crate::store::Replace;
use clap::ValueEnum;
use dynalake::schema::{Plan, Schema};
use dynalake_parquet::Form;

/// At about this size a Parquet file of a repeatable run ends and another begins.
const FILE_BYTES: usize = 128 << 20;

/// How files have timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timestamps {
    /// As Firehose does, to the nanosecond.
    #[default]
    Int96,
    /// INT64 in UTC, to the microsecond; finer ones are rescued. For a table that nothing else
    /// writes.
    Micros,
}

impl Timestamps {
    /// The form of a schema's files.
    ///
    /// # Errors
    ///
    /// A schema without one.
    pub(crate) fn form(self, schema: &Schema) -> Result<Form, Exit> {
        Form::new(schema, self.to_parquet())
            .map_err(|error| Exit::Rejected(format!("the schema has no form in Parquet: {error}")))
    }

    /// A schema's plan, for rows in such files.
    pub(crate) fn plan(self, schema: &Schema) -> Plan {
        let mut plan = Plan::new(schema);
        plan.set_precision(self.to_parquet().precision());
        plan
    }

    /// The same for the writer.
    pub(crate) fn to_parquet(self) -> dynalake_parquet::Timestamps {
        match self {
            Timestamps::Int96 => dynalake_parquet::Timestamps::Int96,
            Timestamps::Micros => dynalake_parquet::Timestamps::Micros,
        }
    }
}

/// What files are called.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    /// `STEM-00000`, `STEM-00001`, …, counted over all hours.
    Numbered(String),
    /// `STEM`, and where an hour has several, `STEM-1`, `STEM-2`, …
    ByHour(String),
}

/// When files get their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Each when it is finished.
    AtOnce,
    /// All when [`Files::publish`] is called.
    Together,
}

/// How files are written.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// What they are called.
    pub(crate) names: Names,
    /// When they get their names.
    pub(crate) publish: Publish,
    /// Whether they may take the place of others.
    pub(crate) replace: Replace,
    /// At about so many bytes a new one begins.
    pub(crate) file_bytes: usize,
}

impl Options {
    /// Files of a run that, run again, writes the same ones in their place.
    pub(crate) fn repeatable(names: Names) -> Options {
        Options { names, publish: Publish::Together, replace: Replace::Yes, file_bytes: FILE_BYTES }
    }
}
