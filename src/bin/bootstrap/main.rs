//! `bootstrap`: the Lambda function's binary for the `provided.al2023` runtime.

mod logs;
mod runtime;

use dynalake::settings::{self, Settings};
use std::process::ExitCode;

fn main() -> ExitCode {
    let shown_level = logs::init();
    if let Err(missing) = runtime::check_environment() {
        eprintln!("{missing}");
        return ExitCode::from(2);
    }
    let tokio = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(tokio) => tokio,
        Err(error) => {
            tracing::error!(%error, "can't start the asynchronous runtime");
            return ExitCode::FAILURE;
        }
    };
    // A misspelt setting would otherwise be no setting.
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("DYNALAKE_") && !settings::NAMES.contains(&name.as_str()) {
            let known = settings::NAMES.join(", ");
            tracing::warn!(setting = name, "unknown setting is ignored; the settings are {known}");
        }
    }
    tokio.block_on(async {
        let settings = Settings::read(|name| std::env::var_os(name));
        let transformer =
            settings.and_then(|settings| settings.transformer_with_files(read_package_file));
        let result = match transformer {
            Ok(transformer) => runtime::run(transformer, shown_level).await,
            Err(error) => Err(runtime::report_init_error(&error).await),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(error = %error, "the function stops");
                ExitCode::FAILURE
            }
        }
    })
}

/// Reads a file of the package, which Lambda unpacks into the program's folder.
fn read_package_file(path: &str) -> std::io::Result<String> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::read_to_string(folder.join(path))
}
