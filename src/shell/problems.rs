//! Prints warnings, errors, and findings with their places, on stderr.

use std::fmt::Display;

use anstyle::Style;

use super::color::{ERROR, NOTE, PLACE, WARNING};
use super::{Shell, Verbosity, indent};
use crate::error::hints;
use crate::finding::{Finding, Quote, Severity};
use crate::untrusted::printable;

/// The most findings that are printed.
const MOST_FINDINGS: usize = 100;

impl Shell {
    /// Prints a warning, with what to do about it.
    pub(crate) fn warn(&self, message: impl Display, hint: Option<&str>) {
        if self.verbosity >= Verbosity::Normal {
            self.head(WARNING, "warning", &message.to_string());
            if let Some(hint) = hint {
                self.below("hint", hint);
            }
        }
    }

    /// Prints an error with its causes and what to do about it, even with `--quiet`.
    pub fn error(&self, error: &anyhow::Error) {
        self.head(ERROR, "error", &error.to_string());
        for cause in error.chain().skip(1) {
            self.below("cause", &cause.to_string());
        }
        for hint in hints(error) {
            self.below("hint", hint);
        }
    }

    /// Prints findings, each with its place and fix. Errors are printed even with `--quiet`.
    pub(crate) fn findings(&self, findings: &[Finding]) {
        for finding in findings.iter().take(MOST_FINDINGS) {
            let (style, word) = match finding.severity {
                Severity::Error => (ERROR, "error"),
                Severity::Warning if self.verbosity == Verbosity::Quiet => continue,
                Severity::Warning => (WARNING, "warning"),
            };
            self.head(style, &format!("{word}[{}]", finding.name), &finding.message);
            if let Some(place) = &finding.place {
                self.line(&format!(
                    "  {} {}",
                    self.paint.styled(PLACE, "-->"),
                    printable(&place.to_string())
                ));
            }
            if let Some(quote) = &finding.quote {
                self.quote(quote);
            }
            self.below("fix", &finding.fix);
        }
        if findings.len() > MOST_FINDINGS {
            self.note(format!("… and {} findings more", findings.len() - MOST_FINDINGS));
        }
    }

    fn head(&self, style: Style, word: &str, message: &str) {
        self.line(&format!("{}: {}", self.paint.styled(style, word), printable(message)));
    }

    fn below(&self, word: &str, message: &str) {
        let indented = indent(message, "  : ".len() + word.len());
        self.line(&format!("  {}: {}", self.paint.styled(NOTE, word), printable(&indented)));
    }

    fn quote(&self, quote: &Quote) {
        let number = quote.line.to_string();
        let bar = self.paint.styled(PLACE, "|");
        let margin = " ".repeat(number.len() + 2);
        self.line(&format!("{margin} {bar}"));
        self.line(&format!("  {} {bar} {}", self.paint.styled(PLACE, &number), printable(&quote.text)));
        self.line(&format!("{margin} {bar}"));
    }
}
