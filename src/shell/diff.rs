//! How one text became another, on stderr.

use super::{CYAN, GREEN, RED, Shell, Verbosity};
use crate::diff;
use crate::untrusted::printable;

impl Shell {
    /// How one text became another, line by line, with the lines around each change.
    pub fn diff(&self, old: &str, new: &str) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        for line in diff::lines(old, new) {
            let (colour, sign, text) = match &line {
                diff::Line::Gap => (CYAN, ' ', "…"),
                diff::Line::Same(text) => ("", ' ', text.as_str()),
                diff::Line::Removed(text) => (RED, '-', text.as_str()),
                diff::Line::Added(text) => (GREEN, '+', text.as_str()),
            };
            let line = format!("{sign} {}", printable(text));
            let line = if colour.is_empty() { line } else { self.paint(colour, &line) };
            self.line(&format!("    {}", line.trim_end()));
        }
    }
}
