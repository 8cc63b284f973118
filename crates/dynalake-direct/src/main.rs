//! `direct`: the direct function's binary for the `provided.al2023` runtime.

use dynalake_direct::{DirectFunction, NAMES};
use dynalake_lambda::Program;
use std::process::ExitCode;

fn main() -> ExitCode {
    Program { name: "direct", settings: &NAMES }.run(DirectFunction::start)
}
