//! Policies that have been found, before anything is compiled.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::PolicyModule;
use crate::build::PendingBuild;
use crate::error::{failure, name_list};
use crate::fs;
use crate::kubernetes::Rule;
use crate::module;
use crate::project::Project;
use crate::protocol::PolicyType;
use crate::shell::Shell;

/// The policies of a source: one module, or those of projects, ready to be compiled.
pub(crate) enum FoundPolicies {
    Module(PolicyModule),
    Projects(Box<PendingBuild>),
}

/// A policy whose metadata may still be wrong.
pub(crate) struct FoundPolicy {
    pub(crate) name: String,
    /// The folder of its project. It is empty for a module, which means the current folder.
    pub(crate) folder: PathBuf,
    /// The type of the policy; `None` if the metadata of its project is invalid, which its build reports.
    pub(crate) policy_type: Option<PolicyType>,
    pub(crate) rules: Vec<Rule>,
}

impl FoundPolicies {
    /// Returns what is known about each policy, in the order of [`Self::modules`].
    pub(crate) fn list(&self) -> Result<Vec<FoundPolicy>> {
        match self {
            Self::Module(module) => Ok(vec![FoundPolicy::of_module(module)?]),
            Self::Projects(pending) => Ok(pending.projects().iter().map(FoundPolicy::of_project).collect()),
        }
    }

    /// Returns the number of policies, without reading anything.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Module(_) => 1,
            Self::Projects(pending) => pending.projects().len(),
        }
    }

    /// The projects that have to be compiled.
    pub(crate) fn projects(&self) -> &[Project] {
        match self {
            Self::Module(_) => &[],
            Self::Projects(pending) => pending.projects(),
        }
    }

    /// Fails if there are several policies, and says how to choose.
    pub(crate) fn require_one(&self, hint: &str) -> Result<()> {
        match self.projects() {
            [] | [_] => Ok(()),
            several => {
                let names = name_list(several.iter().map(|project| &project.name));
                Err(failure(format!("there are several policies to choose from: {names}"), hint))
            }
        }
    }

    /// Returns the module of each policy. Compiles projects.
    pub(crate) fn modules(self, shell: &Shell) -> Result<Vec<PolicyModule>> {
        match self {
            Self::Module(module) => Ok(vec![module]),
            Self::Projects(pending) => pending.finish(shell)?.iter().map(PolicyModule::built).collect(),
        }
    }
}

impl FoundPolicy {
    fn of_module(module: &PolicyModule) -> Result<Self> {
        let metadata = module::host_metadata(&module.bytes).with_context(|| {
            format!("could not read the metadata in `{}`", module.origin.shown().display())
        })?;
        // A module without metadata is refused when it is loaded.
        let (policy_type, rules) =
            metadata.map(|metadata| (metadata.policy_type, metadata.rules)).unwrap_or_default();
        let name = module.name.clone();
        Ok(Self { name, folder: PathBuf::new(), policy_type: Some(policy_type), rules })
    }

    pub(super) fn of_project(project: &Project) -> Self {
        let known = project.metadata().metadata.map(|metadata| (metadata.policy_type, metadata.rules));
        let (policy_type, rules) = known.unzip();
        Self {
            name: project.name.clone(),
            folder: fs::for_people(&project.root),
            policy_type,
            rules: rules.unwrap_or_default(),
        }
    }
}
