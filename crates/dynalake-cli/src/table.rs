//! Rows as tables, a page at a time.

use crate::spans;
use crate::text::shortened;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use dynalake::schema::{METADATA_COLUMNS, Plan, Protect};
use dynalake::text::json::Cursor;
use std::collections::HashMap;
use std::io::{self, Write};

/// Rows of a page: a table is laid out as a whole, so it can't be of any length.
const PAGE_ROWS: usize = 200;

/// A cell shows no more characters than this.
const CELL_WIDTH: usize = 40;

/// An empty table in the program's style, not wider than the terminal that standard output may be.
pub(crate) fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Collects rows and prints them as tables.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The schema's columns and the metadata columns, in the table's order.
    declared: Vec<String>,
    metadata: usize,
    /// This page's columns: those declared, then those that rows brought along.
    names: Vec<String>,
    index: HashMap<String, usize>,
    /// This page's cells by column; a row has only those that it fills.
    rows: Vec<Vec<(usize, String)>>,
    printed: usize,
    width: Option<usize>,
}

impl Pages {
    /// Pages for a plan's rows.
    pub(crate) fn new(plan: &Plan) -> Pages {
        let shown = plan.columns.iter().filter(|column| column.protect != Some(Protect::Drop));
        let mut declared: Vec<String> = shown.map(|column| column.name.clone()).collect();
        declared.extend(METADATA_COLUMNS.iter().map(|column| column.name.clone()));
        let mut pages = Pages {
            declared,
            metadata: METADATA_COLUMNS.len(),
            names: Vec::new(),
            index: HashMap::new(),
            rows: Vec::new(),
            printed: 0,
            width: new_table().width().map(usize::from),
        };
        pages.begin();
        pages
    }

    fn begin(&mut self) {
        self.printed += self.rows.len();
        self.rows.clear();
        self.names.clone_from(&self.declared);
        self.index = self.names.iter().cloned().zip(0..).collect();
    }

    /// Adds a row, and prints the page that it completes.
    pub(crate) fn add(&mut self, row: &[u8], out: &mut impl Write) -> io::Result<()> {
        let cell_width = self.width.map_or(CELL_WIDTH, |width| (width / 2).clamp(8, CELL_WIDTH));
        let mut cells = Vec::new();
        for (name, value) in spans::members(&mut Cursor::new(row)).unwrap_or_default() {
            let column = *self.index.entry(name).or_insert_with_key(|name| {
                self.names.push(name.clone());
                self.names.len() - 1
            });
            let value = &row[value];
            let text = match spans::string(value) {
                Some(text) if text.is_empty() => "\"\"".to_owned(),
                Some(text) => text,
                None => String::from_utf8_lossy(value).into_owned(),
            };
            cells.push((column, shortened(&text, cell_width)));
        }
        self.rows.push(cells);
        if self.rows.len() == PAGE_ROWS { self.finish(out) } else { Ok(()) }
    }

    /// Prints the page, however far it has got.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut used = vec![false; self.names.len()];
        for (column, _) in self.rows.iter().flatten() {
            used[*column] = true;
        }
        let metadata = self.declared.len() - self.metadata..self.declared.len();
        let columns = (0..metadata.start)
            .chain(metadata.end..self.names.len())
            .chain(metadata)
            .filter(|&column| used[column])
            .collect::<Vec<_>>();
        for part in self.parts(&columns) {
            writeln!(out, "{}", self.table(&part, part.len() < columns.len()))?;
        }
        self.begin();
        Ok(())
    }

    /// The columns in as many parts as the terminal's width makes necessary.
    fn parts(&self, columns: &[usize]) -> Vec<Vec<usize>> {
        let Some(width) = self.width else { return vec![columns.to_vec()] };
        let widths = self.table(columns, false).column_max_content_widths();
        // A column has a blank on either side and a line behind it; before the first is one more
        // line.
        let needs = |width: u16| usize::from(width) + 3;
        if widths.iter().copied().map(needs).sum::<usize>() < width {
            return vec![columns.to_vec()];
        }
        let number = 1 + 3 + (self.printed + self.rows.len()).to_string().len();
        let (mut parts, mut part, mut taken) = (Vec::new(), Vec::new(), number);
        for (&column, needed) in columns.iter().zip(widths.into_iter().map(needs)) {
            if !part.is_empty() && taken + needed > width {
                parts.push(std::mem::take(&mut part));
                taken = number;
            }
            part.push(column);
            taken += needed;
        }
        parts.push(part);
        parts
    }

    /// The page's rows in these columns; with a number each, where a row is in several tables.
    fn table(&self, columns: &[usize], numbered: bool) -> Table {
        let mut table = new_table();
        table.set_content_arrangement(ContentArrangement::Disabled);
        let number = |text: String| numbered.then_some(text).into_iter();
        let names = columns.iter().map(|&column| shortened(&self.names[column], CELL_WIDTH));
        table.set_header(number("#".into()).chain(names));
        let mut places = vec![None; self.names.len()];
        for (place, &column) in columns.iter().enumerate() {
            places[column] = Some(place);
        }
        for (at, cells) in self.rows.iter().enumerate() {
            let mut row = vec![""; columns.len()];
            for (column, text) in cells {
                if let Some(place) = places[*column] {
                    row[place] = text;
                }
            }
            let number = number((self.printed + at + 1).to_string());
            table.add_row(number.chain(row.into_iter().map(str::to_owned)));
        }
        table
    }
}
