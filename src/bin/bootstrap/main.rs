//! `bootstrap`: the Firehose function's binary for the `provided.al2023` runtime.

mod function;

use dynalake::settings::{self, Settings};
use dynalake_lambda::{Program, read_package_file};
use function::FirehoseFunction;
use std::process::ExitCode;

fn main() -> ExitCode {
    Program { name: "bootstrap", settings: &settings::NAMES }.run(|shown_level| {
        let settings = Settings::read(|name| std::env::var_os(name))?;
        let transformer = settings.transformer_with_files(read_package_file)?;
        Ok::<_, settings::SettingError>(FirehoseFunction::new(transformer, shown_level))
    })
}
