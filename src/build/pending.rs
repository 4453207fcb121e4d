//! A build whose projects are known, before any of its slow steps.

use std::path::Path;

use anyhow::{Result, bail};

use super::built::BuiltPolicy;
use super::output::OutputPlace;
use super::policy::PolicyBuild;
use super::request::{Annotator, BuildRequest, Optimizer};
use super::{kwctl, wasm_opt};
use crate::finding::tally;
use crate::project::{self, Compiler, Network, Project};
use crate::shell::Shell;

/// A build whose projects are known, while their compiler is still being queried.
#[derive(Debug)]
pub(crate) struct PendingBuild {
    projects: Vec<Project>,
    compiler: Compiler,
    place: OutputPlace,
    annotator: Annotator,
    optimizer: Optimizer,
    network: Network,
}

impl PendingBuild {
    /// Finds the projects of a request. Fails early if a program that the request needs is missing.
    pub(crate) fn new(request: BuildRequest, shell: &Shell) -> Result<Self> {
        let BuildRequest { selection, compile, output, annotator, optimizer } = request;
        if annotator == Annotator::Kwctl {
            kwctl::require()?;
        }
        if optimizer == Optimizer::WasmOpt {
            wasm_opt::require()?;
        }
        let network = compile.network;
        let (projects, compiler) = project::load_to_compile(&selection, compile, shell)?;
        let place = OutputPlace::new(output, compiler.target_dir(), projects.len())?;
        Ok(Self { projects, compiler, place, annotator, optimizer, network })
    }

    /// The projects, in the order of the workspace.
    pub(crate) fn projects(&self) -> &[Project] {
        &self.projects
    }

    /// Builds one policy for each project, in their order. All metadata is checked before anything slow.
    pub(crate) fn finish(self, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
        let mut policies = Vec::new();
        let mut refused = Vec::new();
        for project in self.projects {
            let checked = project.metadata();
            shell.findings(&checked.findings);
            match checked.metadata {
                Some(metadata) => policies.push(PolicyBuild::new(project, metadata, &self.place)?),
                None => refused.push(format!("`{}` ({})", project.name, tally(&checked.findings))),
            }
        }
        if !refused.is_empty() {
            bail!("could not build {}: the metadata is not what Kubewarden accepts", refused.join(", "));
        }
        for policy in &policies {
            policy.update_metadata_file(self.network, shell)?;
        }
        let projects: Vec<_> = policies.iter().map(PolicyBuild::project).collect();
        let mut built = Vec::new();
        let mut finish = |module: &Path| {
            let policy = &policies[built.len()];
            built.push(policy.finish(module, self.annotator, self.optimizer, shell)?);
            Ok(())
        };
        self.compiler.compile(&projects, &mut finish, shell)?;
        Ok(built)
    }
}
