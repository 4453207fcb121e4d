//! The packages of a cargo workspace, as `cargo metadata` reports them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use super::package::project;
use super::selection::select;
use crate::error::{failure, name_list};
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

/// Finds the packages that are meant, starting at this `Cargo.toml`. `further` are arguments about cargo's configuration.
pub(crate) fn load(
    manifest: &Path,
    selection: &Selection,
    network: Network,
    further: &[OsString],
    shell: &Shell,
) -> Result<(Vec<Project>, CargoWorkspace)> {
    if selection.go_package.is_some() {
        return Err(failure(
            "`--go-package` is for Go modules, and this is a cargo project",
            "name the program of the policy with `--bin NAME`",
        ));
    }
    let metadata = cargo_metadata(selection.manifest_path.as_deref(), network, further, shell)?;
    let packages = select(&metadata, manifest, selection)?;
    if selection.bin.is_some() && packages.len() > 1 {
        let names = name_list(packages.iter().map(|package| package.name.as_str()));
        return Err(failure(
            format!("`--bin` names the program of one policy, and several are selected: {names}"),
            "choose one with `--package`",
        ));
    }
    let project = |package| project(package, selection.bin.as_deref());
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
    further: &[OsString],
    shell: &Shell,
) -> Result<cargo_metadata::Metadata> {
    let mut cargo = Program::cargo();
    // Quiet: `cargo build` prints the same warnings.
    cargo.args(["metadata", "--quiet", "--no-deps", "--format-version=1"]);
    if let Some(path) = manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    cargo.args(network.flags()).args(further);
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
