//! Why the program ends before its input does.

use std::io;
use std::process::ExitCode;

/// Why the program ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Whoever read standard output has gone, as `head` does: nothing is wrong.
    NobodyReads(ExitCode),
    /// Something can't be used: the file or setting, what is wrong with it, and the fix.
    Refused(String),
}

impl Stop {
    /// A refusal.
    pub(crate) fn refuse<T>(reason: impl Into<String>) -> Result<T, Stop> {
        Err(Stop::Refused(reason.into()))
    }

    /// A file, or standard input, that can't be read.
    pub(crate) fn unreadable(name: &str, error: &io::Error) -> Stop {
        Stop::Refused(format!("can't read {name}: {error}"))
    }

    /// Standard output that can't be written; `code` is what the program would say so far.
    pub(crate) fn unwritable(error: &io::Error, code: ExitCode) -> Stop {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Stop::NobodyReads(code);
        }
        Stop::Refused(format!("can't write standard output: {error}"))
    }
}
