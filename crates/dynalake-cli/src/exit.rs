//! Why the program ends before its input does.

use std::io;
use std::process::ExitCode;

/// Why the program ends early.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Whoever read standard output has gone, as `head` does: nothing is wrong.
    BrokenPipe(ExitCode),
    /// Something can't be used: the file or setting, what is wrong with it, and the fix.
    Rejected(String),
    /// It ended on the way, and something was done: what failed, and what is there.
    Partly(String),
}

impl Exit {
    /// Ends with a reason.
    pub(crate) fn reject<T>(reason: impl Into<String>) -> Result<T, Exit> {
        Err(Exit::Rejected(reason.into()))
    }

    /// A file, or standard input, that can't be read.
    pub(crate) fn unreadable(name: &str, error: &io::Error) -> Exit {
        Exit::Rejected(format!("can't read {name}: {error}"))
    }

    /// A file or folder that can't be written.
    pub(crate) fn unwritable_file(name: &str, error: &io::Error) -> Exit {
        Exit::Rejected(format!("can't write {name}: {error}"))
    }

    /// Standard output that can't be written; `code` is what the program would say so far.
    pub(crate) fn unwritable(error: &io::Error, code: ExitCode) -> Exit {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Exit::BrokenPipe(code);
        }
        Exit::Rejected(format!("can't write standard output: {error}"))
    }
}
