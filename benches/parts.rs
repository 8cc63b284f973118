//! Our own parts, so that a change shows where it helped: `cargo bench --manifest-path benches/Cargo.toml`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dynalake::attribute::Tape;
use dynalake::change::Envelope;
use dynalake::event::Event;
use dynalake::json::{Cursor, write_string};
use dynalake::number::Decimal;
use dynalake_benches::{NOW_MS, mixes, transformer};
use std::hint::black_box;

fn parts(criterion: &mut Criterion) {
    for mix in mixes::NAMES {
        let mut group = criterion.benchmark_group(mix);
        let event = mixes::event(mix, 300_000);
        group.throughput(Throughput::Bytes(event.len() as u64));
        group.bench_function("event", |b| b.iter(|| Event::parse(black_box(&event))));
        let mut ours = transformer(mix);
        group.bench_function("whole", |b| b.iter(|| ours.transform(black_box(&event), NOW_MS)));

        let parsed = Event::parse(&event).expect("it is an event");
        let data = parsed.records[0].data.expect("it has data").raw(&event);
        let change = base64_simd::STANDARD.decode_to_vec(data).expect("it is base64");
        group.throughput(Throughput::Bytes(change.len() as u64));
        let mut tape = Tape::default();
        group.bench_function("change", |b| {
            b.iter(|| {
                tape.clear();
                Envelope::parse(black_box(&change), &mut tape, false)
            });
        });
        group.bench_function("skip", |b| b.iter(|| Cursor::new(black_box(&change)).skip_value()));
        group.bench_function("escape", |b| {
            b.iter_batched_ref(
                || Vec::with_capacity(2 * change.len()),
                |out| write_string(black_box(&change), out),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
    criterion.bench_function("decimal", |b| b.iter(|| Decimal::parse(black_box(b"12345.678900000"))));
}

criterion_group!(benches, parts);
criterion_main!(benches);
