//! Building: from projects to modules with their metadata inside and manifests beside them.

mod plan;
mod wasm_opt;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use bytesize::ByteSize;
use serde::Serialize;

use crate::error::failure;
use crate::fs;
use crate::project::{Compile, Compiler, Project, Projects, Selection};
use crate::protocol::PolicyType;
use crate::shell::Shell;
use plan::{kwctl, plan};

/// All that `build` needs to know: no flag is left open.
#[derive(Debug)]
pub(crate) struct BuildRequest {
    pub(crate) selection: Selection,
    pub(crate) compile: Compile,
    pub(crate) output: Option<PathBuf>,
    pub(crate) annotator: Annotator,
    pub(crate) optimizer: Optimizer,
}

/// What embeds the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Annotator {
    /// This tool: needs no other program
    Builtin,
    /// `kwctl annotate` from PATH
    Kwctl,
}

/// What makes the module smaller behind the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optimizer {
    None,
    WasmOpt,
}

impl BuildRequest {
    /// A build to the place where it goes by default.
    pub(crate) fn new(selection: Selection, compile: Compile) -> Self {
        Self { selection, compile, output: None, annotator: Annotator::Builtin, optimizer: Optimizer::None }
    }
}

/// A policy as it lies on disk.
#[derive(Debug, Serialize)]
pub(crate) struct BuiltPolicy {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The annotated module.
    pub(crate) wasm: PathBuf,
    /// The manifest beside it, unless the metadata lacks what it needs.
    pub(crate) manifest: Option<PathBuf>,
    pub(crate) size_bytes: usize,
    /// Had the files their content before?
    pub(crate) fresh: bool,
    /// What the manifest tells the cluster to load.
    pub(crate) module: Option<String>,
    #[serde(skip)]
    pub(crate) policy_type: PolicyType,
}

/// Builds the one policy that is selected, for verbs that need it.
pub(crate) fn build_one(request: &BuildRequest, shell: &Shell) -> Result<BuiltPolicy> {
    let mut built = build(request, shell)?;
    match (built.pop(), built.len()) {
        (Some(policy), 0) => Ok(policy),
        (last, _) => {
            let names: Vec<_> =
                built.iter().chain(&last).map(|policy| format!("`{}`", policy.name)).collect();
            Err(failure(
                format!("there are several policies to choose from: {}", names.join(", ")),
                "name one with `--package`",
            ))
        }
    }
}

/// What `build` does, from value to value.
pub(crate) fn build(request: &BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
    Loaded::new(request, shell)?.build(request, shell)
}

/// Projects that are about to be built.
pub(crate) struct Loaded {
    projects: Projects,
    compiler: Compiler,
}

impl Loaded {
    /// Finds the projects of a request.
    pub(crate) fn new(request: &BuildRequest, shell: &Shell) -> Result<Self> {
        if request.annotator == Annotator::Kwctl {
            kwctl()?;
        }
        if request.optimizer == Optimizer::WasmOpt {
            wasm_opt::require()?;
        }
        let (projects, compiler) = Projects::load(&request.selection, &request.compile, shell)?;
        Ok(Self { projects, compiler })
    }

    /// The projects, in the order of the workspace.
    pub(crate) fn projects(&self) -> &[Project] {
        &self.projects.policies
    }

    /// Builds them, one policy for each.
    pub(crate) fn build(self, request: &BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
        let network = request.compile.network;
        let plans = plan(&self.projects, request, shell)?;
        for plan in &plans {
            plan.update_metadata_file(network, shell)?;
        }
        let artifacts = self.compiler.compile(&self.projects.policies, &request.compile, shell)?;
        plans
            .iter()
            .zip(artifacts)
            .map(|(plan, artifact)| match request.optimizer {
                Optimizer::None => plan.finish(&artifact.path, request.annotator, shell),
                Optimizer::WasmOpt => {
                    let optimized = wasm_opt::run(&artifact.path, fs::folder_of(&plan.wasm), shell)?;
                    plan.finish(&optimized, request.annotator, shell)
                }
            })
            .collect()
    }
}

/// `demo v0.1.0: target/kubewarden/demo.wasm (101.2 kB)`
impl fmt::Display for BuiltPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}: {} ({})",
            self.name,
            self.version.as_ref().map(|version| format!(" v{version}")).unwrap_or_default(),
            fs::for_people(&self.wasm).display(),
            ByteSize::b(self.size_bytes as u64).display().si()
        )
    }
}
