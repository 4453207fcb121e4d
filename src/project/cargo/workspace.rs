//! Cargo packages as projects: finding them, and compiling them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Message, MetadataCommand};

use super::configuration::{configuration, rustc};
use super::package::{CargoPackage, project};
use super::selection::select;
use super::toolchain::{Toolchain, ToolchainQuestion, WASM_TARGET};
use crate::error::failure;
use crate::process::Program;
use crate::project::compile::{Artifact, Compile};
use crate::project::load::{Language, Projects};
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::Shell;

/// What all packages have in common.
#[derive(Debug)]
pub(crate) struct CargoWorkspace {
    /// What there is to compile, in the order of the projects.
    packages: Vec<CargoPackage>,
    pub(crate) root: PathBuf,
    pub(crate) target_dir: PathBuf,
    /// Folders of packages that members depend on by path.
    pub(crate) path_dependencies: Vec<PathBuf>,
    manifest_path: Option<PathBuf>,
    pub(crate) configuration: cargo_config2::Config,
}

/// Finds the packages that are meant, beginning at this `Cargo.toml`.
pub(crate) fn load(
    manifest: &Path,
    selection: &Selection,
    compile: &Compile,
    shell: &Shell,
) -> Result<(Projects, Language)> {
    let configuration = configuration()?;
    // Both take a while and neither needs the other.
    let question = ToolchainQuestion::ask(&rustc(&configuration), shell)?;
    let mut cargo = Program::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version=1"]);
    if let Some(path) = &selection.manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    cargo.args(compile.network.flags());
    let json = cargo.start(shell)?.finish_with_output()?;
    let metadata =
        MetadataCommand::parse(json).context("could not understand what `cargo metadata` printed")?;

    let selected = select(&metadata, manifest, selection)?;
    let packages = selected.iter().map(|package| CargoPackage::of(package)).collect::<Result<Vec<_>>>()?;
    let policies = selected.into_iter().map(project).collect::<Result<Vec<_>>>()?;
    different_binaries(&policies, &packages)?;
    let target_dir = match &compile.target_dir {
        Some(path) => std::path::absolute(path)
            .with_context(|| format!("could not find the folder `{}`", path.display()))?,
        None => metadata.target_directory.clone().into_std_path_buf(),
    };
    let projects = Projects { policies, output_folder: target_dir.join("kubewarden") };
    let workspace = CargoWorkspace {
        packages,
        root: metadata.workspace_root.clone().into_std_path_buf(),
        target_dir,
        path_dependencies: path_dependencies(&metadata),
        manifest_path: selection.manifest_path.clone(),
        configuration,
    };
    Ok((projects, Language::Cargo(Box::new(workspace), question)))
}

/// Cargo writes programs of one name to one file: of two policies, both outputs would have the code of one.
fn different_binaries(policies: &[Project], packages: &[CargoPackage]) -> Result<()> {
    for (index, (policy, CargoPackage { binary, .. })) in policies.iter().zip(packages).enumerate() {
        if let Some(other) = packages[..index].iter().position(|other| other.binary == *binary) {
            return Err(failure(
                format!(
                    "packages `{}` and `{}` both have a program `{binary}`, which cargo would write to one file",
                    policies[other].name, policy.name
                ),
                "give their programs different names, or build them one after the other with `--package`",
            ));
        }
    }
    Ok(())
}

fn path_dependencies(metadata: &cargo_metadata::Metadata) -> Vec<PathBuf> {
    let dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
    let mut paths: Vec<_> =
        dependencies.filter_map(|dependency| dependency.path.clone()).map(Into::into).collect();
    paths.sort();
    paths.dedup();
    paths
}

impl CargoWorkspace {
    pub(crate) fn compile(
        &self,
        policies: &[Project],
        compile: &Compile,
        toolchain: &Toolchain,
        shell: &Shell,
    ) -> Result<Vec<Artifact>> {
        let mut cargo = Program::cargo();
        cargo.args(["build", "--message-format=json-render-diagnostics", "--target", WASM_TARGET]);
        cargo.arg("--profile").arg(compile.profile.as_deref().unwrap_or("release"));
        if let Some(path) = &self.manifest_path {
            cargo.arg("--manifest-path").arg(path);
        }
        for package in &self.packages {
            cargo.args(["--package", &package.spec, "--bin", &package.binary]);
        }
        for names in &compile.features.names {
            cargo.arg("--features").arg(names);
        }
        let flags = [
            (compile.features.all, "--all-features"),
            (compile.features.no_default, "--no-default-features"),
        ];
        cargo.args(flags.into_iter().filter_map(|(given, flag)| given.then_some(flag)));
        if compile.target_dir.is_some() {
            cargo.arg("--target-dir").arg(&self.target_dir);
        }
        if let Some(jobs) = &compile.jobs {
            cargo.arg(format!("--jobs={jobs}"));
        }
        cargo.args(compile.network.flags());
        cargo.args(shell.cargo_flags());
        cargo.args(&compile.further);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.rustflags(toolchain)?);

        let mut running = cargo.start(shell)?;
        let mut artifacts: Vec<Option<PathBuf>> = self.packages.iter().map(|_| None).collect();
        for message in Message::parse_stream(running.stdout()) {
            let Message::CompilerArtifact(artifact) =
                message.context("could not read what `cargo build` printed")?
            else {
                continue;
            };
            let Some(executable) = artifact.executable else { continue };
            let package = self.packages.iter().position(|package| {
                package.id == artifact.package_id && package.binary == artifact.target.name
            });
            if let Some(index) = package {
                artifacts[index] = Some(executable.into_std_path_buf());
            }
        }
        running.finish()?;
        let artifact = |((policy, package), path): ((&Project, &CargoPackage), Option<PathBuf>)| {
            let path = path.with_context(|| {
                format!("cargo built no program `{}` for package `{}`", package.binary, policy.name)
            })?;
            Ok(Artifact { path })
        };
        policies.iter().zip(&self.packages).zip(artifacts).map(artifact).collect()
    }
}
