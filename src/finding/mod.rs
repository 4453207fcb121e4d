//! One thing that is wrong with metadata or with a module: a stable name, a place, a fix.

use std::fmt;
use std::path::PathBuf;

mod file_lines;
mod name;

pub(crate) use file_lines::FileLines;
pub(crate) use name::FindingName;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Stock Kubewarden accepts the policy, but does not do what its author meant.
    Warning,
    /// Stock Kubewarden, or the cluster it runs in, would refuse the policy.
    Error,
}

/// One thing that is wrong, in the words of the user's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name, which the documentation explains.
    pub(crate) name: FindingName,
    /// Whether it is an error or a warning.
    pub(crate) severity: Severity,
    /// What is wrong, in lower case and without a period.
    pub(crate) message: String,
    /// Where it is wrong, if that is a place in a file.
    pub place: Option<Place>,
    /// The line in which it is wrong.
    pub(crate) quote: Option<Quote>,
    /// What to do about it.
    pub(crate) fix: String,
}

impl Finding {
    /// Creates an error without a place.
    pub(crate) fn error(name: FindingName, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let (message, fix) = (message.into(), fix.into());
        Self { name, severity: Severity::Error, message, place: None, quote: None, fix }
    }

    /// Creates a warning without a place.
    pub(crate) fn warning(name: FindingName, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(name, message, fix) }
    }
}

/// A file, and a line in it counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user would write its path.
    pub(crate) file: PathBuf,
    /// The line; `None` for the whole file.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// A line of the user's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quote {
    /// The number of the line, counted from 1.
    pub(crate) line: usize,
    /// The line, without its line ending.
    pub(crate) text: String,
}

/// Whether one of the findings is an error.
pub(crate) fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// Counts findings: `1 error`, `2 errors and 1 warning`.
pub(crate) fn tally(findings: &[Finding]) -> String {
    let count =
        |severity, word: &str| match findings.iter().filter(|finding| finding.severity == severity).count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            n => Some(format!("{n} {word}s")),
        };
    [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}
