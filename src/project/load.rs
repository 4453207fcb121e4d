//! From a selection to the projects, in whatever language.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::cargo::toolchain::{Fetch, ToolchainQuestion};
use super::compile::{Artifact, Compile};
use super::selection::Selection;
use super::source::Project;
use super::{cargo, go};
use crate::error::failure;
use crate::shell::Shell;

/// Projects that are compiled together.
#[derive(Debug)]
pub(crate) struct Projects {
    /// The policies, in the order of the workspace.
    pub(crate) policies: Vec<Project>,
    /// Folder that outputs go to: `<target-dir>/kubewarden`.
    pub(crate) output_folder: PathBuf,
}

/// What compiles projects, once they are known to be good.
#[derive(Debug)]
pub(crate) struct Compiler(Language);

/// What projects are written in.
#[derive(Debug)]
pub(crate) enum Language {
    /// With the question whether there is a compiler on its way: the answer may take a download, for which bad metadata
    /// should not wait.
    Cargo(Box<cargo::CargoWorkspace>, ToolchainQuestion),
    Go(go::GoModule),
}

impl Projects {
    /// Finds the selected projects and all that is written in their manifests.
    pub(crate) fn load(selection: &Selection, compile: &Compile, shell: &Shell) -> Result<(Self, Compiler)> {
        let manifest = start_manifest(selection)?;
        let (projects, language) = match manifest.file_name() {
            Some(name) if name == "go.mod" => go::load(&manifest, selection, compile, shell)?,
            _ => cargo::load(&manifest, selection, compile, shell)?,
        };
        Ok((projects, Compiler(language)))
    }
}

impl Compiler {
    /// Compiles all policies in one call of the language's own tool, whose output passes through. One artifact for
    /// each policy, in their order.
    pub(crate) fn compile(
        self,
        policies: &[Project],
        compile: &Compile,
        shell: &Shell,
    ) -> Result<Vec<Artifact>> {
        match self.0 {
            Language::Cargo(workspace, question) => {
                let fetch = if compile.network.may_fetch() { Fetch::Allowed } else { Fetch::Forbidden };
                let toolchain = question.require_target(fetch, shell)?;
                workspace.compile(policies, compile, &toolchain, shell)
            }
            Language::Go(module) => Ok(vec![module.compile(compile, shell)?]),
        }
    }
}

/// The manifest to start from: the one given, or the nearest. Of two in one folder, it is Cargo's.
fn start_manifest(selection: &Selection) -> Result<PathBuf> {
    if let Some(path) = &selection.manifest_path {
        return Ok(path.clone());
    }
    let here = std::env::current_dir().context("could not find the current folder")?;
    let nearest = here
        .ancestors()
        .flat_map(|folder| [folder.join("Cargo.toml"), folder.join("go.mod")])
        .find(|manifest| manifest.is_file());
    nearest.ok_or_else(|| {
        failure(
            format!("could not find `Cargo.toml` or `go.mod` in `{}` or any folder above it", here.display()),
            "run it inside a policy project, or create one with `cargo kw-wasi new`",
        )
    })
}
