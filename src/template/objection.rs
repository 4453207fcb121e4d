//! Why an answer cannot be used, worded for a prompt or for the command line.

use std::fmt::{self, Display};

use super::question::Topic;
use crate::error::failure;

/// Why an answer cannot be used, and what to do about it.
#[derive(Debug)]
pub(crate) struct Objection {
    reason: String,
    /// What to do at a prompt.
    fix: String,
    /// What to do on the command line, if it differs.
    fix_by_flag: Option<String>,
}

impl Objection {
    pub(super) fn new(reason: impl Display, fix: impl Into<String>) -> Self {
        Self { reason: reason.to_string(), fix: fix.into(), fix_by_flag: None }
    }

    /// Adds a different fix for the command line.
    pub(super) fn by_flag(self, fix: impl Into<String>) -> Self {
        Self { fix_by_flag: Some(fix.into()), ..self }
    }

    /// The message for a prompt.
    pub(crate) fn at_prompt(&self) -> String {
        format!("{}; {}", self.reason, self.fix)
    }

    /// The error about `values` that were given with the flag of `topic`.
    pub(super) fn into_error(self, topic: Topic, values: &[String]) -> anyhow::Error {
        let error = failure(self.reason, self.fix_by_flag.unwrap_or(self.fix));
        match topic {
            // These name what is wrong themselves.
            Topic::Path | Topic::Name => error,
            _ => error.context(format!("`{}` cannot be used for `{topic}`", values.join(","))),
        }
    }
}

impl Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Objection {}
