//! A JUnit report, for CI: a suite for each policy, a test case for each case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::TestReport;
use super::failure::{describe, summarize};
use crate::cases::{Failure, Suite, Test, Tested};
use crate::fs;
use crate::shell::Paint;
use crate::untrusted::printable_xml;

pub(super) struct Junit {
    report: quick_junit::Report,
    suite: TestSuite,
}

impl Junit {
    pub(super) fn new() -> Self {
        Self { report: quick_junit::Report::new("cargo kw-wasi test"), suite: TestSuite::new("") }
    }
}

impl TestReport for Junit {
    fn begin(&mut self, policy: &str, _: &Suite<'_>) -> String {
        self.suite = TestSuite::new(policy);
        String::new()
    }

    fn tested(&mut self, test: &Test<'_>, tested: &Tested) -> String {
        let (status, time) = match tested {
            Tested::Passed(time) => (TestCaseStatus::success(), *time),
            Tested::Failed(failure, time) => (failed(failure), *time),
            Tested::Ignored => (TestCaseStatus::skipped(), Duration::ZERO),
        };
        let mut case = TestCase::new(test.name(), status);
        case.set_classname(self.suite.name.as_str());
        case.set_time(time);
        if let Some((file, line)) = test.place() {
            case.extra.insert("file".into(), fs::for_scripts(file).as_str().into());
            case.extra.insert("line".into(), line.to_string().into());
        }
        if let Tested::Failed(failure, _) = tested
            && !failure.stderr.is_empty()
        {
            case.set_system_err(failure.stderr.as_str());
        }
        self.suite.add_test_case(case);
        String::new()
    }

    fn end(&mut self, time: Duration) -> String {
        let mut suite = std::mem::replace(&mut self.suite, TestSuite::new(""));
        suite.set_time(time);
        self.report.add_test_suite(suite);
        String::new()
    }

    fn finish(&mut self) -> String {
        let xml = self.report.to_string().expect("a report in memory is written to memory");
        printable_xml(&xml).into_owned()
    }
}

fn failed(failure: &Failure) -> TestCaseStatus {
    let without_stderr = Failure { stderr: String::new(), ..failure.clone() };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(summarize(failure)).set_description(describe(&without_stderr, Paint::plain()));
    status
}
