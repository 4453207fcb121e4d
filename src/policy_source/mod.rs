//! The policy that a verb works on: a module in a file, a module in a registry, or what a project is compiled to.
//! Each becomes a [`PolicyModule`]; verbs that do not need a module use a [`DescribedPolicy`].

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
    /// A module in a file.
    Module(PathBuf),
    /// A module in a registry.
    Registry { reference: Reference, connection: Box<Connection> },
    /// What the selected projects are compiled to.
    Project(Box<BuildRequest>),
}

impl PolicySource {
    /// Whether a project has to be compiled.
    pub(crate) fn is_project(&self) -> bool {
        matches!(self, Self::Project(_))
    }

    /// Whether the user named the policies, or asked for all of them.
    pub(crate) fn is_explicit(&self) -> bool {
        match self {
            Self::Module(_) | Self::Registry { .. } => true,
            Self::Project(request) => request.selection.workspace || !request.selection.packages.is_empty(),
        }
    }

    /// Lists the policies with what is known about them without compiling. This needs no compiler.
    pub(crate) fn list(self, shell: &Shell) -> Result<Vec<FoundPolicy>> {
        match self {
            Self::Project(request) => {
                let projects = project::load(&request.selection, request.compile.network, shell)?;
                Ok(projects.iter().map(FoundPolicy::of_project).collect())
            }
            module => module.find(shell)?.list(),
        }
    }

    /// Returns the policies with their metadata, all of which must be valid. This needs no compiler.
    pub(crate) fn describe(self, shell: &Shell) -> Result<Vec<DescribedPolicy>> {
        match self {
            Self::Project(request) => {
                let projects = project::load(&request.selection, request.compile.network, shell)?;
                projects.into_iter().map(|project| DescribedPolicy::of_project(project, shell)).collect()
            }
            module => Ok(vec![DescribedPolicy::of_module(&module.one_module(shell)?)?]),
        }
    }

    /// Finds the policies. Modules are read, and projects are ready to be compiled.
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

    /// Returns the only module, for verbs that accept one. A project is compiled without showing progress.
    pub(crate) fn one_module(self, shell: &Shell) -> Result<PolicyModule> {
        let quieter = shell.quieter();
        let shell = if self.is_project() { &quieter } else { shell };
        let found = self.find(shell)?;
        found.require_one("name one with `--package`")?;
        found.modules(shell)?.pop().context("a source without a policy")
    }
}
