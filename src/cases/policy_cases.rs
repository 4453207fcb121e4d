//! Finds and reads the case files of policies.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{CaseFile, find_files, read};
use crate::finding::tally;
use crate::fs;
use crate::kubernetes::Rule;
use crate::protocol::{PolicyType, Request};
use crate::shell::Shell;

/// The cases of a policy.
pub(crate) struct PolicyCases {
    /// The name of the policy.
    pub(crate) name: String,
    pub(crate) files: Vec<CaseFile>,
}

impl PolicyCases {
    /// What the policy is asked, if it is asked.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.files.iter().flat_map(|file| &file.cases).filter_map(|case| case.request.as_ref())
    }
}

/// Reads the cases of one policy after the other, and reports all mistakes in them.
pub(crate) struct CaseFinder<'a> {
    /// Files to read instead of those in `tests`; empty for the latter.
    named: &'a [PathBuf],
    /// The files with mistakes, as the error lists them.
    wrong: Vec<String>,
    shell: &'a Shell,
}

impl<'a> CaseFinder<'a> {
    pub(crate) fn new(named: &'a [PathBuf], shell: &'a Shell) -> Self {
        Self { named, wrong: Vec::new(), shell }
    }

    /// Returns the cases of the policy in this folder, with these rules; none if invalid metadata leaves its type
    /// unknown.
    pub(crate) fn find(
        &mut self,
        name: String,
        folder: &Path,
        policy_type: Option<PolicyType>,
        rules: &[Rule],
    ) -> Result<PolicyCases> {
        let paths = match self.named {
            [] => find_files(&folder.join("tests"))?,
            named => named.to_vec(),
        };
        let files = match policy_type {
            Some(policy_type) => self.read(&paths, policy_type, rules)?,
            None => Vec::new(),
        };
        Ok(PolicyCases { name, files })
    }

    /// Fails if a file has mistakes.
    pub(crate) fn finish(self) -> Result<()> {
        if !self.wrong.is_empty() {
            bail!("could not read the cases in {}", self.wrong.join(", "));
        }
        Ok(())
    }

    fn read(&mut self, paths: &[PathBuf], policy_type: PolicyType, rules: &[Rule]) -> Result<Vec<CaseFile>> {
        let mut files = Vec::new();
        for path in paths {
            let checked = read(path, &fs::read(path)?, policy_type, rules);
            self.shell.findings(&checked.findings);
            match checked.file {
                Some(file) => files.push(file),
                None => self.wrong.push(format!("`{}` ({})", path.display(), tally(&checked.findings))),
            }
        }
        Ok(files)
    }
}
