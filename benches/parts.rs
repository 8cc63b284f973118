//! Our own parts, so that a change shows where it helped:
//! `cargo bench --manifest-path benches/Cargo.toml`. One workload, or one part: `… -- typical`,
//! `… -- image`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dynalake::item::Tape;
use dynalake::text::json::{Cursor, write_string};
use dynalake::text::number::Decimal;
use dynalake::text::time::{parse_timestamp, write_timestamp};
use dynalake_benches::workloads::{self, Size};
use dynalake_benches::{NOW_MS, transformer};
use serde_json::Value;
use std::hint::black_box;

/// Whole events, and what is done to one record of each workload.
fn workloads(criterion: &mut Criterion) {
    for workload in workloads::NAMES {
        let mut group = criterion.benchmark_group(workload);
        let event = workloads::event(workload, Size::Raw(300_000));
        group.throughput(Throughput::Bytes(event.len() as u64));
        let mut ours = transformer(&workloads::schema(workload));
        group.bench_function("whole", |b| b.iter(|| ours.transform(black_box(&event), NOW_MS)));

        let event: Value = serde_json::from_slice(&event).expect("it is JSON");
        let data = event["records"][0]["data"].as_str().expect("it has data");
        let change = base64_simd::STANDARD.decode_to_vec(data).expect("it is base64");
        group.throughput(Throughput::Bytes(change.len() as u64));
        group.bench_function("skip", |b| b.iter(|| Cursor::new(black_box(&change)).skip_value()));

        let change: Value = serde_json::from_slice(&change).expect("it is JSON");
        let image = &change["dynamodb"]["NewImage"];
        assert!(image.is_object(), "the first change is a REMOVE");
        let image = image.to_string().into_bytes();
        group.throughput(Throughput::Bytes(image.len() as u64));
        let mut tape = Tape::default();
        group.bench_function("image", |b| {
            b.iter(|| {
                tape.begin().extend_from_slice(black_box(&image));
                let (mut cursor, nodes) = tape.reader();
                nodes.parse_image(&mut cursor)
            });
        });
        group.finish();
    }
}

/// What is done to one value.
fn values(criterion: &mut Criterion) {
    let mut out = Vec::with_capacity(1 << 10);
    criterion
        .bench_function("decimal", |b| b.iter(|| Decimal::parse(black_box(b"12345.678900000"))));
    criterion.bench_function("timestamp", |b| {
        b.iter(|| {
            out.clear();
            let parsed = parse_timestamp(black_box(b"2025-11-01T13:26:40.123+01:00"));
            write_timestamp(parsed.expect("it is a timestamp"), &mut out);
        });
    });
    for (name, text) in [("string", &[b'x'; 100]), ("string, all escaped", &[b'"'; 100])] {
        criterion.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                write_string(black_box(text), &mut out);
            });
        });
    }
}

criterion_group!(benches, workloads, values);
criterion_main!(benches);
