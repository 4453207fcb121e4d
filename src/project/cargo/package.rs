//! One cargo package as a project: its facts, its metadata, its program.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::TargetKind;

use super::selection::{folder, has_table};
use crate::error::{failure, name_list};
use crate::fs;
use crate::metadata::{Document, Facts, WRITTEN_BY_US};
use crate::project::source::{MetadataSource, Project};

/// A project whose program is the policy.
pub(crate) fn project(package: &cargo_metadata::Package, bin: Option<&str>) -> Result<Project> {
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
        program: binary(package, bin)?,
        source: source(package, &root, &manifest)?,
        root,
        facts,
    })
}

/// Finds the source of the metadata: the table in the manifest, or a `metadata.yml` that was not written from one.
fn source(package: &cargo_metadata::Package, root: &Path, manifest: &Path) -> Result<MetadataSource> {
    let path = root.join("metadata.yml");
    let content = fs::find(&path)?;
    let is_ours = content.as_ref().is_some_and(|content| content.starts_with(WRITTEN_BY_US.as_bytes()));
    match (has_table(package), content) {
        (true, Some(_)) if !is_ours => Err(two_sources(package.name.as_str(), manifest, &path)),
        (true, _) => {
            let toml = fs::read_to_string(package.manifest_path.as_std_path())?;
            let document = Document::toml(manifest, toml)
                .with_context(|| format!("could not read the metadata of package `{}`", package.name))?;
            Ok(MetadataSource::Table(Box::new(document)))
        }
        (false, _) if is_ours => Err(table_is_gone(manifest, &path)),
        (false, content) => MetadataSource::file(&path, content.unwrap_or_default()),
    }
}

fn two_sources(package: &str, manifest: &Path, metadata_file: &Path) -> anyhow::Error {
    let (manifest, metadata_file) = (manifest.display(), fs::for_people(metadata_file));
    let metadata_file = metadata_file.display();
    failure(
        format!(
            "package `{package}` has its metadata twice: in `{manifest}` and in `{metadata_file}`, which was not written by this tool",
        ),
        format!(
            "move what only `{metadata_file}` has to the table, which accepts its keys as they are, and leave out annotations for what `[package]` has \
             (version, description, authors, license, repository); then remove `{metadata_file}`, and `build` writes it from the table. Or remove the table",
        ),
    )
}

fn table_is_gone(manifest: &Path, metadata_file: &Path) -> anyhow::Error {
    let metadata_file = fs::for_people(metadata_file);
    let metadata_file = metadata_file.display();
    failure(
        format!(
            "`{metadata_file}` was written from the table `[package.metadata.kubewarden]` of `{}`, which no longer exists",
            manifest.display()
        ),
        format!("restore the table, or remove the first line of `{metadata_file}` to make it your own file"),
    )
}

/// The binary that is the policy: the one that is named, the only one, the one `default-run` names, or the one with the
/// package's name.
fn binary(package: &cargo_metadata::Package, named: Option<&str>) -> Result<String> {
    let binaries: Vec<&str> = package
        .targets
        .iter()
        .filter(|target| target.kind.contains(&TargetKind::Bin))
        .map(|target| target.name.as_str())
        .collect();
    if let Some(name) = named.filter(|_| !binaries.is_empty()) {
        return match binaries.contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(failure(
                format!("package `{}` has no program `{name}`", package.name),
                format!("there are {}", name_list(&binaries)),
            )),
        };
    }
    let chosen = package.default_run.as_deref().or(match binaries.as_slice() {
        [only] => Some(only),
        several => several.iter().copied().find(|name| *name == package.name.as_str()),
    });
    match chosen {
        Some(name) => Ok(name.to_owned()),
        None if binaries.is_empty() => Err(failure(
            format!("package `{}` has no program: a WASI policy is a program, not a library", package.name),
            "add `src/main.rs` with a `fn main`; if the library uses `kubewarden-policy-sdk`, it is a waPC policy: build it as Kubewarden's Rust template does",
        )),
        None => Err(failure(
            format!(
                "package `{}` has several programs ({}), and none has its name",
                package.name,
                binaries.join(", ")
            ),
            "name the one that is the policy with `--bin NAME`, or for good with `default-run = \"…\"` in `[package]`",
        )),
    }
}
