//! Where rows and responses go, and what is said of them.

use crate::exit::Exit;
use crate::files::WrittenFile;
use crate::report::Report;
use crate::spans;
use crate::table::Pages;
use clap::ValueEnum;
use dynalake::schema::Plan;
use dynalake::text::json::Cursor;
use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The rows as tables of 200, without the columns that are empty there, long values shortened.
    #[default]
    Table,
    /// The rows, byte for byte as Firehose gets them.
    Jsonl,
    /// The responses to Firehose, one per line.
    Response,
    /// The rows as Parquet files in --out, in Firehose's form; the files' names are printed.
    Parquet,
}

/// Where rows of text, responses and what is said of all go.
pub(super) struct Output {
    pub(super) report: Report,
    rows: Rows,
    out: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Standard output in this format.
    pub(super) fn new(report: Report, format: Format, plan: &Plan) -> Output {
        let rows = Rows::new(format, plan);
        Output { report, rows, out: BufWriter::with_capacity(1 << 16, io::stdout().lock()) }
    }

    /// Counts a row, and prints it if rows are printed; `rescued` is its `_rescued`, or empty.
    pub(super) fn row(
        &mut self,
        id: &impl Display,
        row: &[u8],
        rescued: &[u8],
    ) -> Result<(), Exit> {
        self.report.row(id, &reasons(rescued));
        self.report.rows_written(row.len() as u64);
        let written = self.rows.row(row, &mut self.out);
        self.written(written)
    }

    /// Prints and counts finished files.
    pub(super) fn files(&mut self, written: Vec<WrittenFile>) -> Result<(), Exit> {
        for file in written {
            self.report.rows_written(file.bytes);
            let printed = writeln!(self.out, "{}", file.line());
            self.written(printed)?;
        }
        Ok(())
    }

    /// Prints a response, where responses are wanted.
    pub(super) fn response(&mut self, response: &[u8]) -> Result<(), Exit> {
        let written = self.rows.response(response, &mut self.out);
        self.written(written)
    }

    /// Lets go of what was printed so far.
    pub(super) fn flush(&mut self) -> Result<(), Exit> {
        let written = self.out.flush();
        self.written(written)
    }

    /// Prints what was held back.
    pub(super) fn finish(&mut self) -> Result<(), Exit> {
        let written = self.rows.finish(&mut self.out).and_then(|()| self.out.flush());
        self.written(written)
    }

    fn written(&self, result: io::Result<()>) -> Result<(), Exit> {
        match (&self.rows, result) {
            // The rows are in files, whoever reads their names.
            (Rows::Files, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            (_, result) => result.map_err(|error| Exit::unwritable(&error, self.report.code())),
        }
    }
}

/// The `_rescued` of a row, or nothing.
pub(super) fn rescued(row: &[u8]) -> Vec<u8> {
    let members = spans::members(&mut Cursor::new(row)).unwrap_or_default();
    let text = spans::member(&members, "_rescued", row).and_then(spans::string);
    text.map(String::into_bytes).unwrap_or_default()
}

/// The paths in a `_rescued`, each with its reason.
fn reasons(rescued: &[u8]) -> Vec<(String, String)> {
    let reason_of = |entry: &[u8]| {
        let members = spans::members(&mut Cursor::new(entry)).ok()?;
        spans::string(spans::member(&members, "reason", entry)?)
    };
    let entries = spans::members(&mut Cursor::new(rescued)).unwrap_or_default();
    let entries = entries.into_iter();
    entries.filter_map(|(path, at)| Some((path, reason_of(&rescued[at])?))).collect()
}

/// Prints rows in one of the formats.
enum Rows {
    Table(Box<Pages>),
    Jsonl,
    Response,
    Files,
}

impl Rows {
    fn new(format: Format, plan: &Plan) -> Rows {
        match format {
            Format::Table => Rows::Table(Box::new(Pages::new(plan))),
            Format::Jsonl => Rows::Jsonl,
            Format::Response => Rows::Response,
            Format::Parquet => Rows::Files,
        }
    }

    fn row(&mut self, row: &[u8], out: &mut impl Write) -> io::Result<()> {
        match self {
            Rows::Table(pages) => pages.add(row, out),
            Rows::Jsonl => out.write_all(row),
            Rows::Response | Rows::Files => Ok(()),
        }
    }

    fn response(&mut self, response: &[u8], out: &mut impl Write) -> io::Result<()> {
        if let Rows::Response = self {
            out.write_all(response)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Rows::Table(pages) => pages.finish(out),
            Rows::Jsonl | Rows::Response | Rows::Files => Ok(()),
        }
    }
}
