//! The Rust side of `run.py`, which calls it.

use cpu_time::ThreadTime;
use dynalake_benches::{NOW_MS, mixes, peers, transformer};
use std::hint::black_box;
use std::path::Path;
use std::{env, fs};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", folder] => write(Path::new(folder)),
        ["time", mix, rounds] => time(mix, rounds.parse().expect("a number")),
        ["growth"] => growth(),
        ["once", mix, times] => once(mix, times.parse().expect("a number")),
        _ => panic!("write FOLDER | time MIX ROUNDS | growth | once MIX TIMES"),
    }
}

/// Writes each mix's event and schema, and what ours and the afternoon's Rust make of it.
fn write(folder: &Path) {
    for mix in mixes::NAMES {
        let event = mixes::event(mix, mixes::RAW_BYTES);
        let ours = transformer(mix).transform(&event, NOW_MS).expect("it is an event").response;
        let write = |name: &str, bytes: &[u8]| {
            fs::write(folder.join(format!("{mix}.{name}.json")), bytes).expect("the folder can be written");
        };
        write("schema", mixes::schema(mix).as_bytes());
        write("ours", &ours);
        write("afternoon", &peers::afternoon(&event));
        write("event", &event);
    }
}

fn milliseconds(run: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    run();
    start.elapsed().as_secs_f64() * 1e3
}

/// Prints the times of each round: ours, the afternoon's, the floor, in turns.
fn time(mix: &str, rounds: usize) {
    let event = mixes::event(mix, mixes::RAW_BYTES);
    let mut ours = transformer(mix);
    let response = ours.transform(&event, NOW_MS).expect("it is an event").response;
    let mut floor = peers::Floor::new(&event, &response);
    for _ in 0..rounds {
        let ours = milliseconds(|| drop(black_box(ours.transform(black_box(&event), NOW_MS))));
        let least = milliseconds(|| {
            black_box(floor.run());
        });
        let afternoon = milliseconds(|| drop(black_box(peers::afternoon(black_box(&event)))));
        println!("{ours} {afternoon} {least}");
    }
}

/// Prints nanoseconds per byte of ours at the sizes that growth is judged by: the least of some rounds.
fn growth() {
    // (mix, raw bytes): 1,000 and 10,000 small records; 1 MB and 4.5 MB, whose event has 6 MB, of typical ones.
    for (mix, raw_bytes) in
        [("small", 415_000), ("small", 4_150_000), ("typical", 750_000), ("typical", 4_400_000)]
    {
        let event = mixes::event(mix, raw_bytes);
        let mut ours = transformer(mix);
        let times = (0..30).map(|_| milliseconds(|| drop(black_box(ours.transform(&event, NOW_MS)))));
        let least = times.fold(f64::INFINITY, f64::min);
        println!("{mix} {} {}", event.len(), least * 1e6 / event.len() as f64);
    }
}

/// Runs ours and nothing else, to be profiled.
fn once(mix: &str, times: usize) {
    let event = mixes::event(mix, mixes::RAW_BYTES);
    let mut ours = transformer(mix);
    for _ in 0..times {
        drop(black_box(ours.transform(black_box(&event), NOW_MS)));
    }
}
