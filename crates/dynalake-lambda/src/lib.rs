//! What a Lambda function of dynalake is made of, whatever it answers: logs, start, and the Runtime
//! API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>). Knows no change records.
//!
//! ```text
//! logs      log lines as Lambda wants them; a panic without what it was about
//! runtime   invocations and their answers
//! program   a process from its start to its end
//! ```

mod logs;
mod program;
mod runtime;

pub use program::{Program, print_line, read_package_file};
pub use runtime::{Function, Invocation, InvocationError};
