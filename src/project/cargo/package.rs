//! One cargo package as a project: its facts, its metadata, its program.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::TargetKind;

use super::selection::{folder, has_table};
use crate::error::failure;
use crate::fs;
use crate::metadata::{Document, Facts, WRITTEN_BY_US};
use crate::project::source::{MetadataSource, Project};

/// A project whose program is the policy.
pub(crate) fn project(package: &cargo_metadata::Package) -> Result<Project> {
    let root = folder(package).to_owned();
    let manifest = fs::for_people(package.manifest_path.as_std_path());
    let facts = Facts {
        name: package.name.to_string(),
        file: manifest.clone(),
        version: Some(package.version.to_string()),
        description: package.description.clone().map(fs::unix_line_ends),
        authors: package.authors.clone(),
        license: package.license.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
    };
    Ok(Project {
        name: package.name.to_string(),
        version: Some(package.version.to_string()),
        program: binary(package)?,
        source: source(package, &root, &manifest)?,
        root,
        facts,
    })
}

fn source(package: &cargo_metadata::Package, root: &Path, manifest: &Path) -> Result<MetadataSource> {
    let path = root.join("metadata.yml");
    let shown = fs::for_people(&path);
    let text = fs::find(&path)?;
    let ours = text.as_ref().is_some_and(|text| text.starts_with(WRITTEN_BY_US.as_bytes()));
    if has_table(package) {
        if text.is_some() && !ours {
            return Err(failure(
                format!(
                    "package `{}` has its metadata twice: in `{}` and in `{}`, which was not written by this tool",
                    package.name,
                    manifest.display(),
                    shown.display()
                ),
                format!(
                    "move what only `{0}` says to the table: its keys are accepted there as they are, and what `[package]` says (version, description, \
                     authors, license, repository) needs no annotation; then remove `{0}`, and `build` writes it from the table. Or remove the table",
                    shown.display()
                ),
            ));
        }
        let toml = fs::read_to_string(package.manifest_path.as_std_path())?;
        let document = Document::toml(manifest, toml)
            .with_context(|| format!("could not read the metadata of package `{}`", package.name))?;
        return Ok(MetadataSource::Table(Box::new(document)));
    }
    if ours {
        return Err(failure(
            format!(
                "`{}` was written from the table `[package.metadata.kubewarden]` of `{}`, which is gone",
                shown.display(),
                manifest.display()
            ),
            format!(
                "bring the table back, or remove the first line of `{}` to make it your own file",
                shown.display()
            ),
        ));
    }
    MetadataSource::file(&path, text.unwrap_or_default())
}

/// The binary that is the policy: the only one, the one `default-run` names, or the one with the package's name.
fn binary(package: &cargo_metadata::Package) -> Result<String> {
    let binaries: Vec<&str> = package
        .targets
        .iter()
        .filter(|target| target.kind.contains(&TargetKind::Bin))
        .map(|target| target.name.as_str())
        .collect();
    let chosen = package.default_run.as_deref().or(match binaries.as_slice() {
        [only] => Some(only),
        several => several.iter().copied().find(|name| *name == package.name.as_str()),
    });
    match chosen {
        Some(name) => Ok(name.to_owned()),
        None if binaries.is_empty() => Err(failure(
            format!("package `{}` has no program: a WASI policy is a program, not a library", package.name),
            "add `src/main.rs` with a `fn main`; a library written with `kubewarden-policy-sdk` is a waPC policy, which `kwctl` and Kubewarden's Rust template build",
        )),
        None => Err(failure(
            format!(
                "package `{}` has several programs ({}), and none has its name",
                package.name,
                binaries.join(", ")
            ),
            "name the policy: `default-run = \"…\"` in `[package]`",
        )),
    }
}
