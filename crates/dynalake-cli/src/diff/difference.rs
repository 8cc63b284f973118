//! One difference, and what it means to whom.

use crate::text::printable;
use std::fmt;

/// One difference between two schemas.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// What is different.
    pub(super) what: String,
    /// What it means for the Glue table, and for Athena that reads by it.
    pub(super) glue: String,
    /// For the files that exist, and for new ones beside them.
    pub(super) files: String,
    /// For Delta tables that Auto Loader, or the job without pipelines, fills from them.
    pub(super) delta: String,
    /// For the items as they are now.
    pub(super) state: String,
    pub(super) to_do: ToDo,
}

/// What has to be done.
#[derive(Clone, Debug)]
pub(super) enum ToDo {
    /// Nothing; what to know all the same.
    Nothing(Option<String>),
    /// This.
    This(String),
}

impl Difference {
    /// Whether something has to be done.
    pub(super) fn needs_action(&self) -> bool {
        matches!(self.to_do, ToDo::This(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to_do = match &self.to_do {
            ToDo::Nothing(None) => "nothing".to_owned(),
            ToDo::Nothing(Some(note)) => format!("nothing; {note}"),
            ToDo::This(what) => what.clone(),
        };
        f.write_str(&printable(&self.what))?;
        for (whom, what) in [
            ("Glue, Athena", &self.glue),
            ("files", &self.files),
            ("Delta", &self.delta),
            ("current state", &self.state),
            ("to do", &to_do),
        ] {
            write!(f, "\n  {whom:<14} {}", printable(what))?;
        }
        Ok(())
    }
}

/// A difference that needs nothing.
pub(super) fn harmless(what: String, [glue, files, delta, state]: [&str; 4]) -> Difference {
    let [glue, files, delta, state] = [glue, files, delta, state].map(str::to_owned);
    Difference { what, glue, files, delta, state, to_do: ToDo::Nothing(None) }
}

/// A difference that needs something.
pub(super) fn needing(
    what: String,
    [glue, files, delta, state]: [&str; 4],
    to_do: &str,
) -> Difference {
    let [glue, files, delta, state] = [glue, files, delta, state].map(str::to_owned);
    Difference { what, glue, files, delta, state, to_do: ToDo::This(to_do.to_owned()) }
}
