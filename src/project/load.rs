//! Finds the projects of a selection, in any language.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::compile::Compile;
use super::compiler::Compiler;
use super::network::Network;
use super::selection::Selection;
use super::source::Project;
use super::{cargo, go};
use crate::error::failure;
use crate::fs;
use crate::shell::Shell;
use crate::untrusted::printable;

/// Finds the selected projects, in the order of the workspace. Needs no compiler, and starts none.
pub(crate) fn load(selection: &Selection, network: Network, shell: &Shell) -> Result<Vec<Project>> {
    let manifest = start_manifest(selection)?;
    match is_go(&manifest) {
        true => Ok(vec![go::load(&manifest, selection)?]),
        false => Ok(cargo::load(&manifest, selection, network, &[], shell)?.0),
    }
}

/// Finds the selected projects and their compiler, for a verb that compiles them.
pub(crate) fn load_to_compile(
    selection: &Selection,
    compile: Compile,
    shell: &Shell,
) -> Result<(Vec<Project>, Compiler)> {
    let manifest = start_manifest(selection)?;
    match is_go(&manifest) {
        true => {
            let (project, compiler) = go::load_to_compile(&manifest, selection, compile, shell)?;
            Ok((vec![project], Compiler::Go(Box::new(compiler))))
        }
        false => {
            let (projects, compiler) = cargo::load_to_compile(&manifest, selection, compile, shell)?;
            Ok((projects, Compiler::Cargo(Box::new(compiler))))
        }
    }
}

/// Returns the manifest to start from: the given one, or the nearest. Of two in one folder, it is `Cargo.toml`.
fn start_manifest(selection: &Selection) -> Result<PathBuf> {
    if let Some(path) = &selection.manifest_path {
        return Ok(path.clone());
    }
    let here = fs::current_folder()?;
    for folder in here.ancestors() {
        let manifests = [folder.join("Cargo.toml"), folder.join("go.mod")];
        if let Some(manifest) = manifests.into_iter().find(|manifest| manifest.is_file()) {
            return Ok(manifest);
        }
        refuse_policy_of_another_kind(folder)?;
    }
    Err(failure(
        format!("could not find `Cargo.toml` or `go.mod` in `{}` or any folder above it", here.display()),
        "run it inside a policy project, or create one with `cargo kw-wasi new`",
    ))
}

/// Fails for a folder with a policy but without a manifest: those of a project above it would be other policies.
fn refuse_policy_of_another_kind(folder: &Path) -> Result<()> {
    let path = folder.join("metadata.yml");
    // What cannot be read is not known to be a policy.
    let Some(text) = fs::find_text(&path).ok().flatten() else { return Ok(()) };
    let mode = text.lines().find_map(|line| line.strip_prefix("executionMode:"));
    let Some(mode) = mode.map(|mode| mode.split('#').next().unwrap_or_default().trim()) else {
        return Ok(());
    };
    let mode = mode.trim_matches(['"', '\'']);
    let shown = fs::for_people(&path);
    let tools = match mode {
        "wasi" => "put a `Cargo.toml` or a `go.mod` next to it",
        "opa" | "gatekeeper" => "build a policy in Rego with `opa build` and `kwctl annotate`",
        _ => "build it with the tools of its kind, and `kwctl annotate`",
    };
    Err(failure(
        format!(
            "`{}` describes a policy (`executionMode: {}`) that is not a Cargo package or a Go module",
            shown.display(),
            printable(mode)
        ),
        format!("{tools}; for the policies of a project above this folder, use `--manifest-path`"),
    ))
}

fn is_go(manifest: &Path) -> bool {
    manifest.file_name().is_some_and(|name| name == "go.mod")
}
