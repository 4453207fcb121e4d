//! Reports of the results of tests: for people, for scripts, for CI.

use std::time::Duration;

use super::{Suite, Test, Tested};
use crate::shell::Paint;

mod failure;
mod human;
mod json;
mod junit;

/// The values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// Like `cargo test`
    Human,
    /// One JSON object per line
    Json,
    /// A JUnit report
    Junit,
}

/// Writes a report piece by piece, one policy after the other, each with its tests in order.
pub(crate) trait TestReport {
    /// Begins the tests of a policy, before they run.
    fn begin(&mut self, policy: &str, suite: &Suite<'_>) -> String;
    /// Adds the result of a test.
    fn tested(&mut self, test: &Test<'_>, tested: &Tested) -> String;
    /// Ends the tests of a policy, which took this time.
    fn end(&mut self, time: Duration) -> String;
    /// Ends the report, after the last policy.
    fn finish(&mut self) -> String;
}

impl ReportFormat {
    /// Creates a report in this format. Only the report for people uses `paint`.
    pub(crate) fn report(self, paint: Paint) -> Box<dyn TestReport> {
        match self {
            Self::Human => Box::new(human::Human::new(paint)),
            Self::Json => Box::new(json::Json::default()),
            Self::Junit => Box::new(junit::Junit::new()),
        }
    }

    /// Lists the names of tests, one per line, for `--list`.
    pub(crate) fn list(self, policy: &str, suite: &Suite<'_>) -> String {
        match self {
            Self::Json => json::list(policy, suite),
            Self::Human | Self::Junit => human::list(suite),
        }
    }
}

/// The number of tests for each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    filtered_out: usize,
}

impl Tally {
    fn count(&mut self, tested: &Tested) {
        match tested {
            Tested::Passed(_) => self.passed += 1,
            Tested::Failed(..) => self.failed += 1,
            Tested::Ignored => self.ignored += 1,
        }
    }

    fn result(self) -> &'static str {
        if self.failed == 0 { "ok" } else { "FAILED" }
    }
}
