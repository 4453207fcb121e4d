//! The packages of a cargo workspace, as `cargo metadata` reports them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use super::package::project;
use super::selection::select;
use crate::process::Program;
use crate::project::network::Network;
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::Shell;

/// What all packages of a workspace have in common.
#[derive(Debug)]
pub(crate) struct CargoWorkspace {
    pub(crate) root: PathBuf,
    pub(crate) target_dir: PathBuf,
    /// Folders of packages that members depend on by path.
    pub(crate) path_dependencies: Vec<PathBuf>,
    /// The value of `--manifest-path`, which is passed to cargo each time.
    pub(crate) manifest_path: Option<PathBuf>,
}

/// Finds the selected packages, starting at this `Cargo.toml`.
pub(crate) fn load(
    manifest: &Path,
    selection: &Selection,
    network: Network,
    shell: &Shell,
) -> Result<(Vec<Project>, CargoWorkspace)> {
    let metadata = cargo_metadata(selection.manifest_path.as_deref(), network, shell)?;
    let packages = select(&metadata, manifest, selection)?;
    let projects = packages.into_iter().map(project).collect::<Result<_>>()?;
    let workspace = CargoWorkspace {
        path_dependencies: path_dependencies(&metadata),
        root: metadata.workspace_root.into_std_path_buf(),
        target_dir: metadata.target_directory.into_std_path_buf(),
        manifest_path: selection.manifest_path.clone(),
    };
    Ok((projects, workspace))
}

fn cargo_metadata(
    manifest_path: Option<&Path>,
    network: Network,
    shell: &Shell,
) -> Result<cargo_metadata::Metadata> {
    let mut cargo = Program::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version=1"]);
    if let Some(path) = manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    cargo.args(network.flags());
    let json = cargo.start(shell)?.finish_with_output()?;
    MetadataCommand::parse(json).context("could not understand what `cargo metadata` printed")
}

fn path_dependencies(metadata: &cargo_metadata::Metadata) -> Vec<PathBuf> {
    let dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
    let mut paths: Vec<_> =
        dependencies.filter_map(|dependency| dependency.path.clone()).map(Into::into).collect();
    paths.sort();
    paths.dedup();
    paths
}
