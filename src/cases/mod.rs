//! Declarative tests of a policy: read from the files below `tests`, run on the built module, judged and reported.
//!
//! `docs/testing.md` documents the format; `schemas/policy-tests.schema.json` describes it for editors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use serde_json::Value;

use crate::fs;
use crate::protocol::{Request, Settings, SettingsVerdict};
use crate::runtime::Policy;

mod checks;
mod example;
mod judge;
mod policy_cases;
mod read;
mod report;
mod run;
mod session;
mod under_test;
mod wording;

pub(crate) use checks::Check;
pub(crate) use example::example_request;
pub(crate) use judge::{Failure, Mismatch};
pub(crate) use policy_cases::{CaseFinder, PolicyCases};
pub use read::read;
pub(crate) use report::{ReportFormat, TestReport};
pub(crate) use run::{Filter, Names, Suite, Test, Tested};
pub(crate) use session::{CASES_DOCS, TestSession, list_tests};
pub(crate) use under_test::PolicyUnderTest;
pub(crate) use wording::Wording;

/// A file of cases.
#[derive(Debug)]
pub struct CaseFile {
    /// The path, as the user would write it.
    pub(crate) path: PathBuf,
    /// The cases, in the order of the file.
    pub(crate) cases: Vec<Case>,
    /// The checks of the protocol to skip.
    pub(crate) skipped_checks: Vec<Check>,
}

/// One test case.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name, unique in its file.
    pub(crate) name: String,
    /// The line where the case begins, counted from 1.
    pub(crate) line: usize,
    /// The settings of the case, or those of the file if it has none.
    pub(crate) settings: Arc<CaseSettings>,
    /// The request that the policy evaluates; `None` if the case only tests settings.
    pub(crate) request: Option<Request>,
    /// What is expected of the policy.
    pub(crate) expect: Expect,
}

/// Settings that cases share, with the policy's verdict on them.
#[derive(Debug, Default)]
pub(crate) struct CaseSettings {
    settings: Settings,
    verdict: OnceLock<SettingsVerdict>,
}

impl CaseSettings {
    fn new(settings: Settings) -> Self {
        Self { settings, verdict: OnceLock::new() }
    }

    /// Returns the policy's verdict. The policy is asked only once, however many cases share the settings.
    fn verdict(&self, policy: &Policy) -> &SettingsVerdict {
        self.verdict.get_or_init(|| policy.validate_settings(&self.settings))
    }
}

/// What a case expects. A value that is `None` is not checked.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    /// Whether the request is allowed.
    pub(crate) allowed: Option<bool>,
    /// The message of a rejection, of the request or of the settings.
    pub(crate) message: Option<Wording>,
    /// The status code of a rejection.
    pub(crate) code: Option<u16>,
    /// The operations of the JSON patch, in order; empty for none.
    pub(crate) patch: Option<Vec<Value>>,
    /// The object after the patch.
    pub(crate) object: Option<Value>,
    /// The warnings, in order; empty for none.
    pub(crate) warnings: Option<Vec<Wording>>,
    /// All audit annotations; empty for none.
    pub(crate) audit_annotations: Option<BTreeMap<String, Wording>>,
    /// Whether the settings are accepted. If it is `None`, they must be.
    pub(crate) settings_valid: Option<bool>,
    /// Why there is no answer. If it is `None`, there must be one.
    pub(crate) error: Option<Wording>,
    /// Does a cluster not ask the policy? It must, unless this says otherwise.
    pub(crate) skipped: Option<bool>,
}

/// Finds the case files in a folder: `policy.yml`, then all `*.policy.yml` by name. Empty if there is no folder.
fn find_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_cases = |path: &PathBuf| {
        let name = path.file_name().map(|name| format!(".{}", name.to_string_lossy()));
        name.is_some_and(|name| name.ends_with(".policy.yml") || name.ends_with(".policy.yaml"))
    };
    let mut files: Vec<_> = fs::files_in(folder)?.into_iter().filter(is_cases).collect();
    files.sort_by_key(|path| (path.file_stem().is_none_or(|stem| stem != "policy"), path.clone()));
    Ok(files)
}
