//! A function's process from its start to its end.

use crate::logs;
use crate::runtime::{self, Function};
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What a function's program says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The settings that it knows, all of which begin with `DYNALAKE_`.
    pub settings: &'static [&'static str],
}

impl Program {
    /// Answers invocations until Lambda ends the process. `start` makes the function, given the
    /// level of a line that no log level hides; if it can't, Lambda is told why.
    pub fn run<F: Function + 'static, E: Display>(
        self,
        start: impl FnOnce(&'static str) -> Result<F, E>,
    ) -> ExitCode {
        let shown_level = logs::init();
        if let Err(missing) = runtime::check_environment(self.name) {
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
            if name.starts_with("DYNALAKE_") && !self.settings.contains(&name.as_str()) {
                let known = self.settings.join(", ");
                tracing::warn!(
                    setting = name,
                    "unknown setting is ignored; the settings are {known}"
                );
            }
        }
        tokio.block_on(async {
            let result = match start(shown_level) {
                Ok(function) => runtime::run(function).await,
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
}

/// Prints a line that no log level can hide, because it is written directly.
pub fn print_line(line: &str) {
    // Nobody could be told that it failed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Reads a file of the package, which Lambda unpacks into the program's folder.
///
/// # Errors
///
/// Those of the file.
pub fn read_package_file(path: &str) -> std::io::Result<String> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or(std::io::ErrorKind::NotFound)?;
    std::fs::read_to_string(folder.join(path))
}
