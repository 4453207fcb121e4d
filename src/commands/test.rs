//! `test`: the project's cases, and what every policy owes its host, on the built module.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::run::{load, warn_of_mutation};
use crate::build::{BuildRequest, PendingBuild};
use crate::cases::{self, CaseFile, Filter, Names, ReportFormat, Suite, TestReport, Tested};
use crate::error::{Outcome, failure};
use crate::finding::tally;
use crate::fs;
use crate::kubernetes::{self, Operation, Resource, Rule};
use crate::options::{CompileArgs, LimitArgs, OF_BUILDS, PackageArgs};
use crate::project::{self, Project};
use crate::protocol::{PolicyType, Request};
use crate::runtime::{Limits, ModuleMetadata};
use crate::shell::Shell;

/// Build a policy and run its cases
///
/// Cases are read from tests/policy.yml and tests/*.policy.yml; docs/testing.md of this tool has their format. They are run
/// on the built module, in the runtime of the real host, together with checks of what every policy owes its host.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi test                               all cases of the policy in this folder
  cargo kw-wasi test label                         those with `label` in their name
  cargo kw-wasi test --skip protocol::             cases only, no checks of the protocol
  cargo kw-wasi test --format junit > junit.xml    for CI
  cargo kw-wasi test --wasm policy.wasm            a module that is built already, with the cases in ./tests

Exit codes: 0 all passed, 1 a case failed, 101 a case file is wrong or the policy cannot be built")]
pub struct TestArgs {
    /// Only run tests with this in their name
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Compare whole names with FILTER and `--skip`
    #[arg(long, help_heading = "Test selection")]
    exact: bool,
    /// Leave out tests with this in their name
    #[arg(long, value_name = "FILTER", help_heading = "Test selection")]
    skip: Vec<String>,
    /// Read the cases of this file, instead of those in `tests`
    #[arg(long, value_name = "FILE", help_heading = "Test selection")]
    cases: Vec<PathBuf>,
    /// Test this module, instead of building one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = OF_BUILDS,
        help_heading = "Test selection"
    )]
    wasm: Option<PathBuf>,
    /// Print the names of the tests, and neither build nor run anything
    #[arg(long, help_heading = "Output")]
    list: bool,
    /// How to report on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: ReportFormat,
    /// Test the other policies of the workspace too when one has failed
    #[arg(long)]
    no_fail_fast: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    package: PackageArgs,
    #[command(flatten)]
    compile: CompileArgs,
}

/// What happens to the other policies when one has failed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterFailure {
    Stop,
    GoOn,
}

impl TestArgs {
    /// Tests the selected policies.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let filter = Filter {
            wanted: self.filter,
            unwanted: self.skip,
            names: if self.exact { Names::Whole } else { Names::Containing },
        };
        let request = BuildRequest::new(self.package.into(), self.compile.into());
        if self.list && self.wasm.is_none() {
            // Names need no compiler.
            let projects = project::load(&request.selection, request.compile.network, shell)?;
            let subjects = Subject::of_projects(&projects, &self.cases, shell)?;
            return list(&subjects, &filter, self.format, shell);
        }
        // Mistakes in cases are found before anything slow.
        let (subjects, unbuilt) = match self.wasm {
            Some(wasm) => (vec![Subject::of_module(&wasm, &self.cases, shell)?], Unbuilt::Module(wasm)),
            None => {
                let pending = PendingBuild::new(request, shell)?;
                (
                    Subject::of_projects(pending.projects(), &self.cases, shell)?,
                    Unbuilt::Projects(Box::new(pending)),
                )
            }
        };
        if self.list {
            return list(&subjects, &filter, self.format, shell);
        }
        let modules = match unbuilt {
            Unbuilt::Module(wasm) => vec![wasm],
            Unbuilt::Projects(pending) => {
                pending.finish(shell)?.into_iter().map(|policy| policy.wasm).collect()
            }
        };
        let limits = self.limits.into();
        let report = self.format.report(shell.paint_results());
        let after_failure = if self.no_fail_fast { AfterFailure::GoOn } else { AfterFailure::Stop };
        Session { filter, limits, report, shell }.test_all(&subjects, &modules, after_failure)
    }
}

/// Prints the names of the tests.
fn list(subjects: &[Subject], filter: &Filter, format: ReportFormat, shell: &Shell) -> Result<Outcome> {
    let list = |subject: &Subject| format.list(&subject.name, &Suite::new(&subject.files, filter));
    print(&subjects.iter().map(list).collect::<String>(), shell)?;
    Ok(Outcome::Done)
}

/// Where the module comes from.
enum Unbuilt {
    Module(PathBuf),
    Projects(Box<PendingBuild>),
}

/// A policy with the cases about it.
struct Subject {
    name: String,
    files: Vec<CaseFile>,
}

impl Subject {
    /// A module that is built already, with the cases in `tests` unless others are named.
    fn of_module(wasm: &Path, named: &[PathBuf], shell: &Shell) -> Result<Self> {
        let metadata = ModuleMetadata::read(&fs::read(wasm)?)
            .with_context(|| format!("could not read the metadata in `{}`", wasm.display()))?;
        // A module without metadata is refused when it is loaded.
        let policy_type = metadata.map(|metadata| metadata.policy_type).unwrap_or_default();
        let name = wasm.file_stem().unwrap_or(wasm.as_os_str()).to_string_lossy().into_owned();
        let paths = if named.is_empty() { cases::find_files(Path::new("tests"))? } else { named.to_vec() };
        let mut wrong = Vec::new();
        let files = read_cases(&paths, policy_type, &mut wrong, shell)?;
        none_wrong(&wrong)?;
        Ok(Self { files, name })
    }

    /// The policies of projects, each with the cases in its `tests` unless others are named.
    fn of_projects(projects: &[Project], named: &[PathBuf], shell: &Shell) -> Result<Vec<Self>> {
        if !named.is_empty() && projects.len() > 1 {
            return Err(failure(
                "could not tell which policy the file named with `--cases` is about",
                "name one policy with `--package`",
            ));
        }
        let mut subjects = Vec::new();
        let mut wrong = Vec::new();
        for project in projects {
            // What is wrong with metadata is said by the build.
            let policy_type = project.metadata().metadata.map(|metadata| metadata.policy_type);
            let folder = fs::for_people(&project.root.join("tests"));
            let paths = if named.is_empty() { cases::find_files(&folder)? } else { named.to_vec() };
            let files = policy_type.map(|policy_type| read_cases(&paths, policy_type, &mut wrong, shell));
            subjects.push(Self { name: project.name.clone(), files: files.transpose()?.unwrap_or_default() });
        }
        none_wrong(&wrong)?;
        Ok(subjects)
    }
}

/// The cases in these files. All that is wrong with them is said, and `wrong` names the files.
fn read_cases(
    paths: &[PathBuf],
    policy_type: PolicyType,
    wrong: &mut Vec<String>,
    shell: &Shell,
) -> Result<Vec<CaseFile>> {
    let mut files = Vec::new();
    for path in paths {
        let checked = cases::read(path, &fs::read(path)?, policy_type);
        shell.findings(&checked.findings);
        match checked.file {
            Some(file) => files.push(file),
            None => wrong.push(format!("`{}` ({})", path.display(), tally(&checked.findings))),
        }
    }
    Ok(files)
}

fn none_wrong(files: &[String]) -> Result<()> {
    if !files.is_empty() {
        bail!("could not read the cases in {}", files.join(", "));
    }
    Ok(())
}

/// Runs tests and reports them.
struct Session<'a> {
    filter: Filter,
    limits: Limits,
    report: Box<dyn TestReport>,
    shell: &'a Shell,
}

impl Session<'_> {
    fn test_all(
        mut self,
        subjects: &[Subject],
        modules: &[PathBuf],
        after_failure: AfterFailure,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::Done;
        for (index, (subject, wasm)) in subjects.iter().zip(modules).enumerate() {
            if self.test(subject, wasm)? == Outcome::Done {
                continue;
            }
            outcome = Outcome::Failed;
            let left = subjects.len() - index - 1;
            if after_failure == AfterFailure::Stop && left > 0 {
                let policies =
                    if left == 1 { "1 policy is".to_owned() } else { format!("{left} policies are") };
                self.shell.warn(
                    format!("{policies} not tested"),
                    Some("pass `--no-fail-fast` to test all of them"),
                );
                break;
            }
        }
        print(&self.report.finish(), self.shell)?;
        Ok(outcome)
    }

    fn test(&mut self, subject: &Subject, wasm: &Path) -> Result<Outcome> {
        let policy = load(wasm, self.limits, self.shell)?;
        let example = example_request(policy.metadata().expect("`load` refuses a module without"))?;
        self.shell.status("Testing", format!("{} ({})", subject.name, fs::for_people(wasm).display()));
        if subject.files.is_empty() {
            let message = format!("there are no cases for `{}`: only the protocol is checked", subject.name);
            self.shell.warn(
                message,
                Some(concat!(
                    "write tests/policy.yml, in the format of ",
                    env!("CARGO_PKG_REPOSITORY"),
                    "/blob/main/docs/testing.md"
                )),
            );
        }
        let suite = Suite::new(&subject.files, &self.filter);
        let start = Instant::now();
        let mut outcome = Outcome::Done;
        print(&self.report.begin(&subject.name, &suite), self.shell)?;
        let mut printed = Ok(());
        suite.run(&policy, example, |test, tested| {
            if matches!(tested, Tested::Failed(..)) {
                outcome = Outcome::Failed;
            }
            let text = self.report.tested(test, &tested);
            if printed.is_ok() {
                printed = print(&text, self.shell);
            }
        });
        printed?;
        print(&self.report.end(start.elapsed()), self.shell)?;
        if suite.mutated() && policy.metadata().is_some_and(|metadata| !metadata.mutating) {
            warn_of_mutation(self.shell);
        }
        Ok(outcome)
    }
}

fn print(text: &str, shell: &Shell) -> Result<()> {
    shell.result(text).context("could not write to stdout")
}

/// A request that the policy would see: for its first rule, else for a Pod. Raw, an empty document.
fn example_request(metadata: &ModuleMetadata) -> Result<Request> {
    if metadata.policy_type == PolicyType::Raw {
        return Ok(Request::Raw(serde_json::json!({})));
    }
    let of_rule = |rule: &Rule| {
        let (group, version) = (rule.api_groups.first()?, rule.api_versions.first()?);
        let resource = format!("{group}/{version}/{}", rule.resources.first()?);
        let resource: Resource = resource.trim_start_matches('/').parse().ok()?;
        Some((resource, *rule.operations.first()?))
    };
    let (resource, operation) = match metadata.rules.first().and_then(of_rule) {
        Some(found) => found,
        None => ("pods".parse()?, Operation::Create),
    };
    let request = kubernetes::admission_request(&resource, operation, "example", None);
    Ok(Request::Kubernetes(Box::new(request)))
}
