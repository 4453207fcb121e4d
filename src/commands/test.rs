//! `test`: runs the project's cases and the protocol checks on the built module.

use std::path::PathBuf;

use anyhow::Result;

use crate::cases::{
    CASES_DOCS, CaseFinder, Filter, Names, PolicyCases, PolicyUnderTest, ReportFormat, TestSession,
    example_request, list_tests,
};
use crate::error::{Outcome, failure};
use crate::options::{CompiledArgs, LimitArgs, OutputFormat, PackagesArgs, PolicyArgs};
use crate::pages::guessed_kinds;
use crate::policy_source::{FoundPolicy, LoadedPolicy, PolicyModule};
use crate::runtime::Limits;
use crate::shell::Shell;

/// Build a policy and run its tests
///
/// Test cases are read from tests/policy.yml and tests/*.policy.yml. They run on the built module, in the runtime of the
/// real host, together with checks of the protocol between every policy and its host.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  # Run all tests of the policy in this folder
  cargo kw-wasi test
  # Run the tests with `label` in their name
  cargo kw-wasi test label
  # Run the cases only, without the checks of the protocol
  cargo kw-wasi test --skip protocol::
  # Write a report for CI
  cargo kw-wasi test --format junit > junit.xml
  # Test a module that is built already with the cases in ./tests
  cargo kw-wasi test --wasm policy.wasm

Exit codes:
  0    all tests passed
  1    a test failed
  101  a case file is wrong, or the policy could not be built

Format of test cases:
  {CASES_DOCS}"))]
pub(crate) struct TestArgs {
    /// Only run tests with this in their name
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Match FILTER and `--skip` against whole names
    #[arg(long, help_heading = "Test selection")]
    exact: bool,
    /// Skip tests with this in their name
    #[arg(long, value_name = "FILTER", help_heading = "Test selection")]
    skip: Vec<String>,
    /// Read the cases in this file instead of those in `tests`
    #[arg(long, value_name = "FILE", help_heading = "Test selection")]
    cases: Vec<PathBuf>,
    /// Print the names of the tests, without building or running anything
    #[arg(long, help_heading = "Output")]
    list: bool,
    /// Format of the report on stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        value_parser = OutputFormat::one_of([OutputFormat::Human, OutputFormat::Json, OutputFormat::Junit]),
        help_heading = "Output"
    )]
    format: OutputFormat,
    /// Test the other policies of the workspace after one has failed
    #[arg(long)]
    no_fail_fast: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    policy: PolicyArgs<CompiledArgs<PackagesArgs>>,
}

/// What happens to the other policies when one has failed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterFailure {
    Stop,
    Continue,
}

impl TestArgs {
    /// Tests the selected policies.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let filter = Filter {
            wanted: self.filter,
            unwanted: self.skip,
            names: if self.exact { Names::Whole } else { Names::Containing },
        };
        let format = match self.format {
            OutputFormat::Json => ReportFormat::Json,
            OutputFormat::Junit => ReportFormat::Junit,
            OutputFormat::Human | OutputFormat::Yaml => ReportFormat::Human,
        };
        let source = self.policy.source()?;
        if self.list {
            let cases = read_cases(source.list(shell)?, &self.cases, shell)?;
            list_tests(&cases, &filter, format, shell)?;
            return Ok(Outcome::Done);
        }
        let found = source.find(shell)?;
        // Mistakes in cases are found before anything slow.
        let cases = read_cases(found.list()?, &self.cases, shell)?;
        let policies: Vec<_> = cases.into_iter().zip(found.modules(shell)?).collect();
        let session = TestSession::new(filter, format, shell);
        let after_failure = if self.no_fail_fast { AfterFailure::Continue } else { AfterFailure::Stop };
        TestRun { session, limits: self.limits.into(), after_failure, shell }.all(&policies)
    }
}

/// The cases of each policy: those in its folder `tests`, unless a file is given.
fn read_cases(policies: Vec<FoundPolicy>, named: &[PathBuf], shell: &Shell) -> Result<Vec<PolicyCases>> {
    if !named.is_empty() && policies.len() > 1 {
        return Err(failure(
            "could not tell which policy the file given by `--cases` is about",
            "name one policy with `--package`",
        ));
    }
    let mut finder = CaseFinder::new(named, shell);
    let find =
        |policy: FoundPolicy| finder.find(policy.name, &policy.folder, policy.policy_type, &policy.rules);
    let cases: Vec<_> = policies.into_iter().map(find).collect::<Result<_>>()?;
    finder.finish()?;
    let requests = cases.iter().flat_map(PolicyCases::requests);
    guessed_kinds(requests, "name its CustomResourceDefinition under `crds:` in the case file", shell);
    Ok(cases)
}

/// Tests one policy after the other.
struct TestRun<'a> {
    session: TestSession<'a>,
    limits: Limits,
    after_failure: AfterFailure,
    shell: &'a Shell,
}

impl TestRun<'_> {
    fn all(mut self, policies: &[(PolicyCases, PolicyModule)]) -> Result<Outcome> {
        let mut outcome = Outcome::Done;
        for (index, (cases, module)) in policies.iter().enumerate() {
            if self.one(cases, module)? == Outcome::Done {
                continue;
            }
            outcome = Outcome::Failed;
            let left = policies.len() - index - 1;
            if self.after_failure == AfterFailure::Stop && left > 0 {
                let are = if left == 1 { "1 policy is".to_owned() } else { format!("{left} policies are") };
                self.shell
                    .warn(format!("{are} not tested"), Some("pass `--no-fail-fast` to test all of them"));
                break;
            }
        }
        self.session.finish()?;
        Ok(outcome)
    }

    fn one(&mut self, cases: &PolicyCases, module: &PolicyModule) -> Result<Outcome> {
        let LoadedPolicy { policy, metadata } = module.load(self.limits, self.shell)?;
        let example = example_request(metadata.policy_type, &metadata.rules)?;
        self.shell.status("Testing", format!("{} ({})", cases.name, module.origin.shown().display()));
        self.session.test(&PolicyUnderTest::new(&policy, &metadata), cases, example)
    }
}
