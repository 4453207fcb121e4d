//! Errors, and findings with their places, on stderr.

use super::{BLUE, CYAN, RED, Shell, Verbosity, YELLOW, indent};
use crate::error::hints;
use crate::finding::{Finding, Severity};
use crate::untrusted::printable;

impl Shell {
    /// An error with its causes, and what to do about it. Said even with `--quiet`.
    pub fn error(&self, error: &anyhow::Error) {
        self.line(&format!("{}: {}", self.paint(RED, "error"), printable(&error.to_string())));
        for cause in error.chain().skip(1) {
            self.line(&format!(
                "  {}: {}",
                self.paint(CYAN, "cause"),
                indent(&printable(&cause.to_string()), 9)
            ));
        }
        for hint in hints(error) {
            self.hint(Some(hint));
        }
    }

    /// Findings, each with its place and fix. Errors are shown even with `--quiet`.
    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            let (colour, word) = match finding.severity {
                Severity::Error => (RED, "error"),
                Severity::Warning if self.verbosity == Verbosity::Quiet => continue,
                Severity::Warning => (YELLOW, "warning"),
            };
            let head = self.paint(colour, &format!("{word}[{}]", finding.name));
            self.line(&format!("{head}: {}", printable(&finding.message)));
            if let Some(place) = &finding.place {
                self.line(&format!("  {} {place}", self.paint(BLUE, "-->")));
            }
            if let Some(quote) = &finding.quote {
                let number = quote.line.to_string();
                let bar = self.paint(BLUE, "|");
                self.line(&format!("{} {bar}", " ".repeat(number.len() + 2)));
                self.line(&format!("  {} {bar} {}", self.paint(BLUE, &number), printable(&quote.text)));
                self.line(&format!("{} {bar}", " ".repeat(number.len() + 2)));
            }
            self.line(&format!("  {}: {}", self.paint(CYAN, "fix"), indent(&printable(&finding.fix), 7)));
        }
    }
}
