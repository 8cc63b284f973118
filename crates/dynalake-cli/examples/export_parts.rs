//! What a backfill is made of, each part alone on one core: `python3 benches --backfill` adds them
//! up.
//!
//! `export_parts SCHEMA FILE ROUNDS` prints the items of a data file, and the fewest seconds on the
//! processor in which it was unzipped, its lines were parsed and coerced, the rows were written by
//! ours, and the same values from ready columns.

#[path = "../../../benches/src/files/lower_bound.rs"]
mod lower_bound;

use dynalake::change::export::Kind;
use dynalake::record::{Options, Outcome, RecordTransformer};
use dynalake::row::{Scalar, Sink};
use dynalake::schema::{FieldName, Plan, Schema};
use dynalake::text::json::Text;
use dynalake_parquet::{FileWriter, Form, Limits, Timestamps};
use flate2::read::MultiGzDecoder;
use std::hint::black_box;
use std::io::Read;
use std::time::Duration;
use std::{env, fs};

const USAGE: &str = "export_parts SCHEMA FILE ROUNDS";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [schema, file, rounds] = &arguments[..] else { panic!("{USAGE}") };
    let schema = fs::read_to_string(schema).expect("SCHEMA can be read");
    let schema = Schema::parse(&schema).expect("the schema is good");
    let zipped = fs::read(file).expect("FILE can be read");
    let text = unzip(&zipped);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
    let plan = Plan::new(&schema);
    let options = Options { default_table: plan.table.clone(), ..Options::new(&plan) };
    let mut records = RecordTransformer::new(plan, options);
    let kind = Kind::Full { time_us: 1_716_790_007_000_000 };

    let form = Form::new(&schema, Timestamps::Int96).expect("its types have a form");
    let ours = |records: &mut RecordTransformer| {
        let mut file = FileWriter::new(Vec::new(), &form, Limits::default())
            .expect("memory takes every write");
        for line in &lines {
            let outcome = records.transform_export_line(line, kind, file.columns()).outcome;
            assert!(matches!(outcome, Outcome::Row { .. }), "each item is a row");
            file.advance().expect("memory takes every write");
        }
        file.close().expect("memory takes every write")
    };
    let ready = lower_bound::LowerBound::new(ours(&mut records));

    let rounds: u32 = rounds.parse().expect("ROUNDS is a number");
    let unzipped = fastest(rounds, || {
        black_box(unzip_away(black_box(&zipped)));
    });
    let parsed = fastest(rounds, || {
        for line in &lines {
            black_box(records.transform_export_line(black_box(line), kind, &mut Nowhere).outcome);
        }
    });
    let rows = fastest(rounds, || {
        black_box(ours(&mut records));
    });
    let ready = fastest(rounds, || {
        black_box(ready.write());
    });
    // Rows can't be written without being made.
    let written = rows.saturating_sub(parsed);
    let seconds =
        [unzipped, parsed, written, ready].map(|time| format!("{:.6}", time.as_secs_f64()));
    println!("{} {}", lines.len(), seconds.join(" "));
}

fn fastest(rounds: u32, mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let before = on_processor();
        run();
        on_processor().saturating_sub(before)
    };
    (0..rounds).map(time).min().unwrap_or_default()
}

/// How long this thread has been on a processor.
fn on_processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("it begins with nanoseconds"))
}

fn unzip(zipped: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    MultiGzDecoder::new(zipped).read_to_end(&mut text).expect("FILE is gzip");
    text
}

/// Unzips a piece at a time into the same memory.
fn unzip_away(zipped: &[u8]) -> usize {
    let mut gzip = MultiGzDecoder::new(zipped);
    let mut piece = vec![0; 128 << 10];
    let mut bytes = 0;
    loop {
        match gzip.read(&mut piece).expect("FILE is gzip") {
            0 => return bytes,
            read => bytes += black_box(read),
        }
    }
}

/// Takes rows, and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn taken(&self) -> usize {
        0
    }
    fn begin_row(&mut self) -> usize {
        0
    }
    fn end_row(&mut self, _: usize) {}
    fn discard_row(&mut self, _: usize) {}
    fn field(&mut self, name: &FieldName) {
        black_box(name);
    }
    fn leave_out(&mut self, _: usize) {}
    fn null(&mut self) {}
    fn text(&mut self, text: Text, _: &[u8]) {
        black_box(text);
    }
    fn string(&mut self, text: &[u8]) {
        black_box(text);
    }
    fn plain(&mut self, text: &[u8]) {
        black_box(text);
    }
    fn scalar(&mut self, value: &Scalar<'_>) {
        black_box(value);
    }
    fn begin_array(&mut self) {}
    fn element(&mut self, _: usize) {}
    fn end_array(&mut self) {}
    fn begin_map(&mut self) -> usize {
        0
    }
    fn key(&mut self, key: Text, _: &[u8]) {
        black_box(key);
    }
    fn end_map(&mut self, _: usize) {}
    fn begin_struct(&mut self) -> usize {
        0
    }
    fn end_struct(&mut self, _: usize) {}
}
