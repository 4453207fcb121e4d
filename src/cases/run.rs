//! Runs tests in parallel, and reports the results in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::checks::CheckInput;
use super::{Case, CaseFile, Check, Failure, PolicyUnderTest};
use crate::protocol::Request;
use crate::runtime::pool;

/// Selects the tests to run.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Filters for the tests to run; empty for all tests.
    pub(crate) wanted: Vec<String>,
    /// Filters for the tests to leave out.
    pub(crate) unwanted: Vec<String>,
    /// How names are compared with filters.
    pub(crate) names: Names,
}

/// How a name is compared with a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Names {
    /// The name contains the filter.
    #[default]
    Containing,
    /// The name is equal to the filter.
    Whole,
}

impl Filter {
    fn selects(&self, name: &str) -> bool {
        let fits = |filter: &String| match self.names {
            Names::Containing => name.contains(filter.as_str()),
            Names::Whole => name == filter,
        };
        (self.wanted.is_empty() || self.wanted.iter().any(fits)) && !self.unwanted.iter().any(fits)
    }
}

/// All tests of one policy: the checks of the protocol, then the cases in the order of their files.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    /// The tests to run.
    pub(crate) tests: Vec<Test<'a>>,
    /// The number of tests that are left out.
    pub(crate) filtered_out: usize,
    files: &'a [CaseFile],
}

/// One test.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Test<'a> {
    /// A check of the protocol.
    Check(Check),
    /// A check of the protocol that is skipped.
    SkippedCheck(Check),
    /// A case in a file.
    Case(&'a CaseFile, &'a Case),
}

/// The result of a test, and how long it took.
#[derive(Debug)]
pub(crate) enum Tested {
    /// All expectations hold.
    Passed(Duration),
    /// An expectation does not hold.
    Failed(Failure, Duration),
    /// The test was skipped.
    Ignored,
}

impl<'a> Test<'a> {
    /// The name of the test, which filters are compared with.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Check(check) | Self::SkippedCheck(check) => format!("protocol::{}", check.name()),
            Self::Case(_, case) => case.name.clone(),
        }
    }

    /// The file and line of a case; `None` for a check.
    pub(crate) fn place(&self) -> Option<(&'a Path, usize)> {
        match self {
            Self::Check(_) | Self::SkippedCheck(_) => None,
            Self::Case(file, case) => Some((&file.path, case.line)),
        }
    }
}

impl<'a> Suite<'a> {
    /// Creates a suite of the checks and cases that the filter selects.
    pub(crate) fn new(files: &'a [CaseFile], filter: &Filter) -> Self {
        let is_skipped = |check| files.iter().any(|file| file.skipped_checks.contains(&check));
        let test = |check| if is_skipped(check) { Test::SkippedCheck(check) } else { Test::Check(check) };
        let checks = Check::ALL.into_iter().map(test);
        let cases = files.iter().flat_map(|file| file.cases.iter().map(move |case| Test::Case(file, case)));
        let (tests, others): (Vec<_>, Vec<_>) =
            checks.chain(cases).partition(|test| filter.selects(&test.name()));
        Self { tests, filtered_out: others.len(), files }
    }

    /// Runs all tests, and passes each to `report` as soon as it and those before it are done. Checks use `example`
    /// if no case has a request.
    pub(crate) fn run(
        &self,
        under_test: &PolicyUnderTest<'_>,
        example: Request,
        mut report: impl FnMut(&Test<'a>, Tested),
    ) {
        let question = &CheckInput::of(self.files, example);
        let Some(pool) = pool() else {
            return self
                .tests
                .iter()
                .for_each(|test| report(test, Self::run_one(test, under_test, question)));
        };
        let (sender, results) = mpsc::channel();
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                self.tests.par_iter().enumerate().for_each_with(sender, |sender, (index, test)| {
                    // The receiver is gone only if reporting panicked.
                    let _ = sender.send((index, Self::run_one(test, under_test, question)));
                });
            });
            let mut early = BTreeMap::new();
            let mut next = 0;
            for (index, tested) in results {
                early.insert(index, tested);
                while let Some(tested) = early.remove(&next) {
                    report(&self.tests[next], tested);
                    next += 1;
                }
            }
        });
    }

    fn run_one(test: &Test<'_>, under_test: &PolicyUnderTest<'_>, question: &CheckInput) -> Tested {
        let start = Instant::now();
        let failure = match test {
            Test::Check(check) => check.run(under_test.policy, question),
            Test::SkippedCheck(_) => return Tested::Ignored,
            Test::Case(_, case) => case.judge(under_test),
        };
        match failure {
            None => Tested::Passed(start.elapsed()),
            Some(failure) => Tested::Failed(failure, start.elapsed()),
        }
    }
}
