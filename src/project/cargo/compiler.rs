//! Compiling cargo packages, with the compiler that cargo would use.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Artifact, Message};

use super::configuration::{ConfigurationQuestion, rustc};
use super::repeats::PrintedWarnings;
use super::rustflags::{UserFlags, rustflags};
use super::toolchain::{ToolchainQuestion, WASM_TARGET};
use super::workspace::{CargoWorkspace, load};
use super::{arguments, blame, profile};
use crate::fs;
use crate::process::{Program, Running};
use crate::project::compile::{Compile, Made};
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::Shell;

/// `cargo build`, for packages of one workspace.
#[derive(Debug)]
pub(crate) struct CargoCompiler {
    workspace: CargoWorkspace,
    compile: Compile,
    configuration: ConfigurationQuestion,
    toolchain: ToolchainQuestion,
}

/// Finds the packages that are meant, and asks for the compiler and the configuration meanwhile: each takes a while, and
/// none needs the others.
pub(crate) fn load_to_compile(
    manifest: &Path,
    selection: &Selection,
    compile: Compile,
    shell: &Shell,
) -> Result<(Vec<Project>, CargoCompiler)> {
    arguments::refuse_other_programs(&compile.further)?;
    let toolchain = ToolchainQuestion::ask(&rustc(), shell)?;
    let configuration = ConfigurationQuestion::ask(&compile.further, shell)?;
    let further = arguments::of_configuration(&compile.further);
    let (projects, mut workspace) = load(manifest, selection, compile.network, &further, shell)?;
    if let Some(folder) = compile.absolute_target_dir()? {
        workspace.target_dir = folder;
    }
    Ok((projects, CargoCompiler { workspace, compile, configuration, toolchain }))
}

impl CargoCompiler {
    pub(crate) fn target_dir(&self) -> &Path {
        &self.workspace.target_dir
    }

    /// One call of cargo for each project: in one call for several, cargo would give their common dependencies the
    /// features that any of them needs, and the same project would be another module.
    pub(crate) fn compile(self, projects: &[&Project], made: &mut Made, shell: &Shell) -> Result<()> {
        let toolchain = self.toolchain.require_target(self.compile.network, shell)?;
        let configuration = self.configuration.answer(shell);
        let users = UserFlags::find(&configuration, &toolchain.cfgs);
        let flags = rustflags(&users, &self.workspace, &toolchain);
        let profile = match &self.compile.profile {
            Some(name) => vec!["--profile".to_owned(), name.clone()],
            None => {
                let settings = profile::arguments(&self.workspace.root, &configuration);
                [vec!["--profile".to_owned(), profile::POLICY.to_owned()], settings].concat()
            }
        };
        let printed = PrintedWarnings::default();
        for project in projects {
            let mut cargo = cargo_build(&self.workspace, &self.compile, &profile, project);
            cargo.env("CARGO_ENCODED_RUSTFLAGS", &flags);
            let running = match projects {
                [_] => {
                    cargo.args(shell.cargo_flags()).args(&self.compile.further);
                    cargo.start_with_progress(shell)?
                }
                _ => {
                    cargo.args(shell.cargo_flags_through_pipe()).args(&self.compile.further);
                    cargo.start_filtered(printed.filter(), shell)?
                }
            };
            let program = program_of(project, running)
                .inspect_err(|_| blame::explain(&users, &configuration, &self.compile.further, shell))?;
            made(&program)?;
        }
        Ok(())
    }
}

/// The program of this project, which this cargo reports while it runs.
fn program_of(project: &Project, mut running: Running) -> Result<PathBuf> {
    let mut program = None;
    for message in Message::parse_stream(running.stdout()) {
        let message = message.context("could not read what `cargo build` printed")?;
        if let Message::CompilerArtifact(Artifact { executable: Some(path), target, manifest_path, .. }) =
            message
            && target.name == project.program
            && fs::folder_of(manifest_path.as_std_path()) == project.root
        {
            program = Some(path.into_std_path_buf());
        }
    }
    running.finish()?;
    program.with_context(|| {
        format!("cargo reported no program `{}` of package `{}`", project.program, project.name)
    })
}

fn cargo_build(
    workspace: &CargoWorkspace,
    compile: &Compile,
    profile: &[String],
    project: &Project,
) -> Program {
    let mut cargo = Program::cargo();
    cargo.args(["build", "--message-format=json-render-diagnostics", "--target", WASM_TARGET]);
    cargo.args(profile);
    if let Some(path) = &workspace.manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    cargo.args(["--package", &spec(project), "--bin", &project.program]);
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
    cargo
}

/// Returns name and version, because a dependency may have the same name.
fn spec(project: &Project) -> String {
    match &project.version {
        Some(version) => format!("{}@{version}", project.name),
        None => project.name.clone(),
    }
}
