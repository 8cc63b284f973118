//! Why a schema is rejected.

use std::fmt;

/// Why a schema is rejected: the place in it, the reason, and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    place: Option<String>,
    reason: String,
    fix: Option<String>,
}

impl SchemaError {
    /// An error about the schema as a whole.
    pub(crate) fn new(reason: impl Into<String>) -> SchemaError {
        SchemaError { place: None, reason: reason.into(), fix: None }
    }

    /// The same with what to write instead.
    #[must_use]
    pub(crate) fn fix(self, fix: impl Into<String>) -> SchemaError {
        SchemaError { fix: Some(fix.into()), ..self }
    }

    /// The same at a place, such as `column "total"`; outside the place that it has already.
    #[must_use]
    pub(crate) fn at(self, place: &str) -> SchemaError {
        let place = match self.place {
            Some(inner) => format!("{place}: {inner}"),
            None => place.to_owned(),
        };
        SchemaError { place: Some(place), ..self }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.reason)?;
        match &self.fix {
            Some(fix) => write!(f, "; {fix}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SchemaError {}
