//! Declarative tests of a policy: read from the files below `tests`, run on the built module, judged and reported.
//!
//! `docs/testing.md` has the format for those who write cases, `schemas/policy-tests.schema.json` for their editors.

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
mod wording;

pub(crate) use checks::Check;
pub(crate) use example::example_request;
pub(crate) use judge::{Failure, Mismatch};
pub(crate) use policy_cases::{CaseFinder, PolicyCases};
pub use read::read;
pub(crate) use report::{ReportFormat, TestReport};
pub(crate) use run::{Filter, Names, Suite, Test, Tested};
pub(crate) use session::{CASES_DOCS, TestSession, list_tests};
pub(crate) use wording::Wording;

/// A file of cases.
#[derive(Debug)]
pub struct CaseFile {
    /// As the user would name it.
    pub(crate) path: PathBuf,
    /// In the order of the file.
    pub(crate) cases: Vec<Case>,
    /// The checks of the protocol to skip.
    pub(crate) skipped_checks: Vec<Check>,
}

/// One thing that is stated about a policy.
#[derive(Debug)]
pub(crate) struct Case {
    /// Unique in its file.
    pub(crate) name: String,
    /// Where it begins, counted from 1.
    pub(crate) line: usize,
    /// The settings of the case, or those of the file if it has none.
    pub(crate) settings: Arc<CaseSettings>,
    /// What the policy answers to; nothing when the case is about settings alone.
    pub(crate) request: Option<Request>,
    /// What is stated.
    pub(crate) expect: Expect,
}

/// Settings that cases share, with what the policy says of them.
#[derive(Debug, Default)]
pub(crate) struct CaseSettings {
    settings: Settings,
    verdict: OnceLock<SettingsVerdict>,
}

impl CaseSettings {
    fn new(settings: Settings) -> Self {
        Self { settings, verdict: OnceLock::new() }
    }

    /// What the policy says of them. It is asked once, however many cases there are.
    fn verdict(&self, policy: &Policy) -> &SettingsVerdict {
        self.verdict.get_or_init(|| policy.validate_settings(&self.settings))
    }
}

/// What a case states. Nothing is checked that is not stated.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    /// May the request happen?
    pub(crate) allowed: Option<bool>,
    /// The reason for a rejection, of the request or of the settings.
    pub(crate) message: Option<Wording>,
    /// The status that goes with a rejection.
    pub(crate) code: Option<u16>,
    /// The operations of the JSON patch, in their order; empty for none.
    pub(crate) patch: Option<Vec<Value>>,
    /// The object after the patch.
    pub(crate) object: Option<Value>,
    /// The warnings, in their order; empty for none.
    pub(crate) warnings: Option<Vec<Wording>>,
    /// All audit annotations; empty for none.
    pub(crate) audit_annotations: Option<BTreeMap<String, Wording>>,
    /// Are the settings accepted? They must be, unless this says otherwise.
    pub(crate) settings_valid: Option<bool>,
    /// Why there is no answer. There must be one, unless this says otherwise.
    pub(crate) error: Option<Wording>,
}

/// The case files in a folder: `policy.yml`, then all `*.policy.yml` by name. Empty when the folder does not exist.
fn find_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_cases = |path: &PathBuf| {
        let name = path.file_name().map(|name| format!(".{}", name.to_string_lossy()));
        name.is_some_and(|name| name.ends_with(".policy.yml") || name.ends_with(".policy.yaml"))
    };
    let mut files: Vec<_> = fs::files_in(folder)?.into_iter().filter(is_cases).collect();
    files.sort_by_key(|path| (path.file_stem().is_none_or(|stem| stem != "policy"), path.clone()));
    Ok(files)
}
