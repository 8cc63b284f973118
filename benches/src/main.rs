//! The Rust side of `python3 benches`, which calls it: makes the inputs, and runs what is to be
//! measured. It measures nothing itself.

use dynalake::firehose::Transformer;
use dynalake_benches::{NOW_MS, peers, transformer, workloads};
use std::collections::HashMap;
use std::hint::black_box;
use std::io::{Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::{env, fs};

const USAGE: &str = "\
worker write FOLDER NAME WORKLOAD raw|event|records COUNT   makes NAME.event.json and NAME.schema.json
worker serve FOLDER                                    runs what each line of standard input names: PEER NAME [FILE]
worker once FOLDER NAME TIMES                          runs ours so often and nothing else
worker processor                                       prints what libraries choose their code by";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", folder, name, workload, unit, count] => {
            let count = count.parse().expect("COUNT is a number");
            let size = match unit {
                "raw" => workloads::Size::Raw(count),
                "event" => workloads::Size::Event(count),
                "records" => workloads::Size::Records(count),
                _ => panic!("{USAGE}"),
            };
            write(Path::new(folder), name, workload, size);
        }
        ["processor"] => {
            #[cfg(target_arch = "x86_64")]
            let features = if is_x86_feature_detected!("avx2") { " with AVX2" } else { "" };
            #[cfg(not(target_arch = "x86_64"))]
            let features = "";
            println!("{}{features}", env::consts::ARCH);
        }
        ["serve", folder] => serve(PathBuf::from(folder)),
        ["once", folder, name, times] => {
            let mut input = Input::read(Path::new(folder), name);
            for _ in 0..times.parse().expect("TIMES is a number") {
                black_box(input.ours());
            }
        }
        _ => panic!("{USAGE}"),
    }
}

fn write(folder: &Path, name: &str, workload: &str, size: workloads::Size) {
    let write = |what: &str, bytes: &[u8]| {
        fs::write(folder.join(format!("{name}.{what}.json")), bytes)
            .expect("FOLDER can be written");
    };
    write("event", &workloads::event(workload, size));
    write("schema", workloads::schema(workload).as_bytes());
}

/// An event, and what works on it.
struct Input {
    event: Vec<u8>,
    ours: Transformer,
    lower_bound: Option<peers::LowerBound>,
}

impl Input {
    fn read(folder: &Path, name: &str) -> Input {
        let read = |what: &str| {
            fs::read(folder.join(format!("{name}.{what}.json"))).expect("`write` has made the file")
        };
        let schema = String::from_utf8(read("schema")).expect("the schema is UTF-8");
        Input { event: read("event"), ours: transformer(&schema), lower_bound: None }
    }

    fn ours(&mut self) -> Vec<u8> {
        let transformed = self.ours.transform(black_box(&self.event), NOW_MS);
        transformed.expect("it is a Firehose event").response
    }
}

/// Answers each line with one: the size of the response, or of the lower bound what it found.
fn serve(folder: PathBuf) {
    let mut inputs: HashMap<String, Input> = HashMap::new();
    for line in stdin().lines() {
        let line = line.expect("commands are UTF-8");
        let words: Vec<&str> = line.split(' ').collect();
        let (peer, name) = (words[0], words[1]);
        let input = inputs.entry(name.to_owned()).or_insert_with(|| Input::read(&folder, name));
        let response = match peer {
            "ours" => input.ours(),
            "baseline" => peers::baseline(black_box(&input.event)),
            "lower_bound" | "event_lower_bound" => {
                if input.lower_bound.is_none() {
                    let response = input.ours();
                    input.lower_bound = Some(peers::LowerBound::new(&input.event, response.len()));
                }
                let lower_bound = input.lower_bound.as_mut().expect("it was made above");
                let found = if peer == "lower_bound" {
                    lower_bound.run()
                } else {
                    lower_bound.run_with_event()
                };
                answer(&format!("{:?}", black_box(found)));
                continue;
            }
            _ => panic!("no peer {peer}"),
        };
        if let Some(file) = words.get(2) {
            fs::write(file, &response).expect("FILE can be written");
        }
        answer(&black_box(response).len().to_string());
    }
}

fn answer(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody listens");
}
