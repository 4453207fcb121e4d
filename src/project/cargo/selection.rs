//! Selects packages of a cargo workspace.

use std::path::Path;

use anyhow::Result;
use cargo_metadata::Package;

use super::package_spec::{is_any_of, matches};
use crate::error::{failure, name_list, nearest};
use crate::fs;
use crate::project::selection::Selection;

/// Returns the selected packages, all of which are policies.
pub(crate) fn select<'a>(
    metadata: &'a cargo_metadata::Metadata,
    manifest: &Path,
    selection: &Selection,
) -> Result<Vec<&'a Package>> {
    let members = metadata.workspace_packages();
    refuse_unknown_names(&members, selection)?;
    let is_named = |package: &&Package| is_any_of(&selection.packages, package);
    if selection.workspace {
        let rest = members.into_iter().filter(|package| !is_any_of(&selection.exclude, package));
        policies_among(rest.collect(), metadata)
    } else if !selection.packages.is_empty() {
        all_policies(members.into_iter().filter(is_named).collect())
    } else if let Some(package) = package_of(&members, manifest, metadata.workspace_root.as_std_path()) {
        all_policies(vec![package])
    } else {
        policies_among(metadata.workspace_default_packages(), metadata)
    }
}

fn refuse_unknown_names(members: &[&Package], selection: &Selection) -> Result<()> {
    if !selection.exclude.is_empty() && !selection.workspace {
        return Err(failure(
            "`--exclude` leaves packages out of `--workspace`, which is missing",
            "add `--workspace`",
        ));
    }
    let mut typed = selection.packages.iter().chain(&selection.exclude);
    match typed.find(|typed| !members.iter().any(|package| matches(typed, package))) {
        Some(unknown) => Err(unknown_package(unknown, members)),
        None => Ok(()),
    }
}

/// Returns packages that were named by the user. Fails if one of them is not a policy.
fn all_policies(packages: Vec<&Package>) -> Result<Vec<&Package>> {
    match packages.iter().find(|package| !is_policy(package)) {
        Some(package) => Err(not_a_policy(package)),
        None => Ok(packages),
    }
}

/// Returns those packages that are policies.
fn policies_among<'a>(
    packages: Vec<&'a Package>,
    metadata: &cargo_metadata::Metadata,
) -> Result<Vec<&'a Package>> {
    if let [package] = packages.as_slice() {
        return all_policies(vec![package]);
    }
    let policies: Vec<_> = packages.into_iter().filter(|package| is_policy(package)).collect();
    if policies.is_empty() {
        return Err(failure(
            format!("no package of the workspace `{}` is a policy", metadata.workspace_root),
            "a policy has a table `[package.metadata.kubewarden]` in its Cargo.toml, or a `metadata.yml`; `cargo kw-wasi new` adds one",
        ));
    }
    Ok(policies)
}

/// Returns the package of a manifest; `None` for the workspace's own manifest, for which default members decide.
fn package_of<'a>(members: &[&'a Package], manifest: &Path, workspace_root: &Path) -> Option<&'a Package> {
    let manifest = manifest.canonicalize().ok()?;
    let is_root = workspace_root.join("Cargo.toml").canonicalize().is_ok_and(|root| root == manifest);
    if is_root {
        return None;
    }
    members
        .iter()
        .copied()
        .find(|package| package.manifest_path.as_std_path().canonicalize().is_ok_and(|path| path == manifest))
}

fn is_policy(package: &Package) -> bool {
    has_table(package) || folder(package).join("metadata.yml").is_file()
}

pub(crate) fn has_table(package: &Package) -> bool {
    package.metadata.get("kubewarden").is_some()
}

pub(crate) fn folder(package: &Package) -> &Path {
    fs::folder_of(package.manifest_path.as_std_path())
}

fn not_a_policy(package: &Package) -> anyhow::Error {
    if folder(package).join("metadata.yaml").is_file() {
        return failure(
            format!(
                "package `{}` has a `metadata.yaml`, but Kubewarden's workflows look for `metadata.yml`",
                package.name
            ),
            "rename the file",
        );
    }
    failure(
        format!("package `{}` is not a policy: Kubewarden's metadata is missing", package.name),
        format!(
            "add to `{}`:\n\n[package.metadata.kubewarden]\nmutating = false\n\n[[package.metadata.kubewarden.rules]]\napi-groups = [\"\"]\napi-versions = [\"v1\"]\nresources = [\"pods\"]\noperations = [\"CREATE\", \"UPDATE\"]\n\nor put a `metadata.yml` next to it",
            fs::for_people(package.manifest_path.as_std_path()).display()
        ),
    )
}

/// Returns the error about a package that does not exist, with the names of those that do.
fn unknown_package(typed: &str, members: &[&Package]) -> anyhow::Error {
    let known: Vec<_> = members.iter().map(|package| package.name.as_str()).collect();
    let list = name_list(&known);
    let message = format!("there is no package `{typed}`");
    match nearest(typed, &known) {
        Some(near) => failure(message, format!("did you mean `{near}`? The packages are {list}")),
        None => failure(message, format!("the packages are {list}")),
    }
}
