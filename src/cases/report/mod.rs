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

/// Writes a report piece by piece. Policies come one after the other, each with its tests in order.
pub(crate) trait TestReport {
    /// The tests of a policy are about to run.
    fn begin(&mut self, policy: &str, suite: &Suite<'_>) -> String;
    /// One of them is done.
    fn tested(&mut self, test: &Test<'_>, tested: &Tested) -> String;
    /// All of them are done, after this time.
    fn end(&mut self, time: Duration) -> String;
    /// No policy is left.
    fn finish(&mut self) -> String;
}

impl ReportFormat {
    /// A report in this format; `paint` is for people.
    pub(crate) fn report(self, paint: Paint) -> Box<dyn TestReport> {
        match self {
            Self::Human => Box::new(human::Human::new(paint)),
            Self::Json => Box::new(json::Json::default()),
            Self::Junit => Box::new(junit::Junit::new()),
        }
    }

    /// The names of tests, one per line, for `--list`.
    pub(crate) fn list(self, policy: &str, suite: &Suite<'_>) -> String {
        match self {
            Self::Json => json::list(policy, suite),
            Self::Human | Self::Junit => human::list(suite),
        }
    }
}

/// How many tests ended how.
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
