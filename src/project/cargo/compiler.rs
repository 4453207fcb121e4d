//! Compiling cargo packages, with the compiler that cargo would use.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::Message;

use super::configuration::{configuration, rustc};
use super::rustflags::rustflags;
use super::toolchain::{ToolchainQuestion, WASM_TARGET};
use super::workspace::{CargoWorkspace, load};
use crate::error::failure;
use crate::fs;
use crate::process::Program;
use crate::project::compile::{Compile, CompiledModules};
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::Shell;

/// `cargo build`, for packages of one workspace.
#[derive(Debug)]
pub(crate) struct CargoCompiler {
    workspace: CargoWorkspace,
    compile: Compile,
    configuration: cargo_config2::Config,
    question: ToolchainQuestion,
}

/// Finds the selected packages, and queries the compiler at the same time: both take a while, and neither needs the
/// other.
pub(crate) fn load_to_compile(
    manifest: &Path,
    selection: &Selection,
    compile: Compile,
    shell: &Shell,
) -> Result<(Vec<Project>, CargoCompiler)> {
    let configuration = configuration()?;
    let question = ToolchainQuestion::ask(&rustc(&configuration), shell)?;
    let (projects, mut workspace) = load(manifest, selection, compile.network, shell)?;
    refuse_equal_programs(&projects)?;
    if let Some(folder) = compile.absolute_target_dir()? {
        workspace.target_dir = folder;
    }
    Ok((projects, CargoCompiler { workspace, compile, configuration, question }))
}

/// Fails if two projects have a program of the same name. Cargo would write both to one file, so that both policies
/// would have the code of one.
fn refuse_equal_programs(projects: &[Project]) -> Result<()> {
    for (index, project) in projects.iter().enumerate() {
        if let Some(other) = projects[..index].iter().find(|other| other.program == project.program) {
            return Err(failure(
                format!(
                    "packages `{}` and `{}` both have a program `{}`, which cargo would write to one file",
                    other.name, project.name, project.program
                ),
                "give their programs different names, or build them one after the other with `--package`",
            ));
        }
    }
    Ok(())
}

impl CargoCompiler {
    pub(crate) fn target_dir(&self) -> &Path {
        &self.workspace.target_dir
    }

    pub(crate) fn compile(self, projects: &[&Project], shell: &Shell) -> Result<CompiledModules> {
        let toolchain = self.question.require_target(self.compile.network, shell)?;
        let flags = rustflags(&self.configuration, &self.workspace, &toolchain)?;
        let mut cargo = cargo_build(&self.workspace, &self.compile, projects, shell);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
        let mut running = cargo.start(shell)?;
        let mut modules = CompiledModules::default();
        for message in Message::parse_stream(running.stdout()) {
            let Message::CompilerArtifact(artifact) =
                message.context("could not read what `cargo build` printed")?
            else {
                continue;
            };
            let Some(executable) = artifact.executable else { continue };
            let folder = fs::folder_of(artifact.manifest_path.as_std_path());
            let project = projects
                .iter()
                .find(|project| project.root == folder && project.program == artifact.target.name);
            if let Some(project) = project {
                modules.insert(project, executable.into_std_path_buf());
            }
        }
        running.finish()?;
        Ok(modules)
    }
}

fn cargo_build(
    workspace: &CargoWorkspace,
    compile: &Compile,
    projects: &[&Project],
    shell: &Shell,
) -> Program {
    let mut cargo = Program::cargo();
    cargo.args(["build", "--message-format=json-render-diagnostics", "--target", WASM_TARGET]);
    cargo.arg("--profile").arg(compile.profile.as_deref().unwrap_or("release"));
    if let Some(path) = &workspace.manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    for project in projects {
        cargo.args(["--package", &spec(project), "--bin", &project.program]);
    }
    for names in &compile.features.names {
        cargo.arg("--features").arg(names);
    }
    let flags =
        [(compile.features.all, "--all-features"), (compile.features.no_default, "--no-default-features")];
    cargo.args(flags.into_iter().filter_map(|(given, flag)| given.then_some(flag)));
    if compile.target_dir.is_some() {
        cargo.arg("--target-dir").arg(&workspace.target_dir);
    }
    if let Some(jobs) = &compile.jobs {
        cargo.arg(format!("--jobs={jobs}"));
    }
    cargo.args(compile.network.flags());
    cargo.args(shell.cargo_flags());
    cargo.args(&compile.further);
    cargo
}

/// Returns name and version, because a dependency may have the same name.
fn spec(project: &Project) -> String {
    match &project.version {
        Some(version) => format!("{}@{version}", project.name),
        None => project.name.clone(),
    }
}
