//! Runs the tests of policies, one after the other, and prints the report.

use std::time::Instant;

use anyhow::{Context, Result};

use super::{Filter, PolicyCases, PolicyUnderTest, ReportFormat, Suite, TestReport, Tested};
use crate::error::Outcome;
use crate::protocol::Request;
use crate::shell::Shell;

/// The URL of the documentation of the case format.
pub(crate) const CASES_DOCS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/testing.md");

/// Runs tests and reports them.
pub(crate) struct TestSession<'a> {
    filter: Filter,
    report: Box<dyn TestReport>,
    shell: &'a Shell,
}

impl<'a> TestSession<'a> {
    pub(crate) fn new(filter: Filter, format: ReportFormat, shell: &'a Shell) -> Self {
        Self { filter, report: format.report(shell.paint_results()), shell }
    }

    /// Runs the tests of a policy. Checks use `example` if no case has a request.
    pub(crate) fn test(
        &mut self,
        under_test: &PolicyUnderTest<'_>,
        cases: &PolicyCases,
        example: Request,
    ) -> Result<Outcome> {
        if cases.files.is_empty() {
            self.warn_of_no_cases(&cases.name);
        }
        let suite = Suite::new(&cases.files, &self.filter);
        let start = Instant::now();
        let mut outcome = Outcome::Done;
        print(&self.report.begin(&cases.name, &suite), self.shell)?;
        let mut printed = Ok(());
        suite.run(under_test, example, |test, tested| {
            if matches!(tested, Tested::Failed(..)) {
                outcome = Outcome::Failed;
            }
            let text = self.report.tested(test, &tested);
            if printed.is_ok() {
                printed = print(&text, self.shell);
            }
        });
        printed?;
        under_test.policy.require_no_trouble()?;
        print(&self.report.end(start.elapsed()), self.shell)?;
        Ok(outcome)
    }

    /// Prints the last part of the report.
    pub(crate) fn finish(mut self) -> Result<()> {
        print(&self.report.finish(), self.shell)
    }

    fn warn_of_no_cases(&self, name: &str) {
        self.shell.warn(
            format!("there are no cases for `{name}`: only the protocol is checked"),
            Some(&format!("write tests/policy.yml, in the format of {CASES_DOCS}")),
        );
    }
}

/// Prints the names of the tests that a session would run.
pub(crate) fn list_tests(
    cases: &[PolicyCases],
    filter: &Filter,
    format: ReportFormat,
    shell: &Shell,
) -> Result<()> {
    let list = |policy: &PolicyCases| format.list(&policy.name, &Suite::new(&policy.files, filter));
    print(&cases.iter().map(list).collect::<String>(), shell)
}

fn print(text: &str, shell: &Shell) -> Result<()> {
    shell.result(text).context("could not write to stdout")
}
