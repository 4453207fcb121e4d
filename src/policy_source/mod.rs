//! The policy that a verb is about, whatever the verb: a module in a file, one in a registry, or what a project is
//! compiled to. Each becomes a [`PolicyModule`]; verbs that need no module take a [`DescribedPolicy`].

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::{BuildRequest, PendingBuild};
use crate::project;
use crate::reference::Reference;
use crate::registry::{self, Connection};
use crate::shell::Shell;

mod described;
mod found;
mod module;

pub(crate) use described::DescribedPolicy;
pub(crate) use found::{FoundPolicies, FoundPolicy};
pub(crate) use module::{LoadedPolicy, ModuleOrigin, PolicyModule};

/// Where a policy comes from.
pub(crate) enum PolicySource {
    /// A file.
    Module(PathBuf),
    /// A registry.
    Registry { reference: Reference, connection: Box<Connection> },
    /// What the selected projects are compiled to.
    Project(Box<BuildRequest>),
}

impl PolicySource {
    /// Does a project have to be compiled for it?
    pub(crate) fn is_project(&self) -> bool {
        matches!(self, Self::Project(_))
    }

    /// Did the user name the policies, or ask for all of them?
    pub(crate) fn is_explicit(&self) -> bool {
        match self {
            Self::Module(_) | Self::Registry { .. } => true,
            Self::Project(request) => request.selection.workspace || !request.selection.packages.is_empty(),
        }
    }

    /// The policies with what is known of them without compiling them. No compiler is needed for it.
    pub(crate) fn list(self, shell: &Shell) -> Result<Vec<FoundPolicy>> {
        match self {
            Self::Project(request) => {
                let projects = project::load(&request.selection, request.compile.network, shell)?;
                Ok(projects.iter().map(FoundPolicy::of_project).collect())
            }
            module => module.find(shell)?.list(),
        }
    }

    /// The policies with their metadata, all of which must be good. No compiler is needed for it.
    pub(crate) fn describe(self, shell: &Shell) -> Result<Vec<DescribedPolicy>> {
        match self {
            Self::Project(request) => {
                let projects = project::load(&request.selection, request.compile.network, shell)?;
                projects.into_iter().map(|project| DescribedPolicy::of_project(project, shell)).collect()
            }
            module => Ok(vec![DescribedPolicy::of_module(&module.one_module(shell)?)?]),
        }
    }

    /// The policies, modules read and projects ready to be compiled.
    pub(crate) fn find(self, shell: &Shell) -> Result<FoundPolicies> {
        Ok(match self {
            Self::Module(path) => FoundPolicies::Module(PolicyModule::read(&path)?),
            Self::Registry { reference, connection } => {
                let pulled = registry::pull(&reference, *connection, shell)?;
                FoundPolicies::Module(PolicyModule::pulled(&reference, pulled))
            }
            Self::Project(request) => FoundPolicies::Projects(Box::new(PendingBuild::new(*request, shell)?)),
        })
    }

    /// The one module, for verbs that take no more. A project is compiled without a word about its progress.
    pub(crate) fn one_module(self, shell: &Shell) -> Result<PolicyModule> {
        let quieter = shell.quieter();
        let shell = if self.is_project() { &quieter } else { shell };
        let found = self.find(shell)?;
        found.require_one("name one with `--package`")?;
        found.modules(shell)?.pop().context("a source without a policy")
    }
}
