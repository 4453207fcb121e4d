//! Shows how a file would change, on stderr.

use anstyle::Style;

use super::color::{ERROR, NOTE, STATUS};
use super::{Shell, Verbosity};
use crate::diff::{self, DiffLine};
use crate::untrusted::printable;

impl Shell {
    /// Prints the lines in which a new string differs from the old one, with the lines around each change.
    pub(crate) fn diff(&self, old: &str, new: &str) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        for line in diff::lines(old, new) {
            let (style, sign, text) = match &line {
                DiffLine::Gap => (NOTE, ' ', "…"),
                DiffLine::Same(text) => (Style::new(), ' ', text.as_str()),
                DiffLine::Removed(text) => (ERROR, '-', text.as_str()),
                DiffLine::Added(text) => (STATUS, '+', text.as_str()),
            };
            let line = format!("{sign} {}", printable(text));
            self.line(&format!("    {}", self.paint.styled(style, line.trim_end())));
        }
    }
}
