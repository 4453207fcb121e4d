//! Which packages of a cargo workspace are meant.

use std::path::Path;

use anyhow::Result;

use crate::error::failure;
use crate::fs;
use crate::project::selection::Selection;

/// The packages that are meant, all of them policies.
pub(crate) fn select<'a>(
    metadata: &'a cargo_metadata::Metadata,
    manifest: &Path,
    selection: &Selection,
) -> Result<Vec<&'a cargo_metadata::Package>> {
    let members = metadata.workspace_packages();
    let names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
    for name in selection.packages.iter().chain(&selection.exclude) {
        if !members.iter().any(|package| matches(name, package)) {
            return Err(unknown_name("package", name, &names));
        }
    }
    let named =
        |list: &[String], package: &cargo_metadata::Package| list.iter().any(|name| matches(name, package));
    if !selection.exclude.is_empty() && !selection.workspace {
        return Err(failure(
            "`--exclude` leaves packages out of `--workspace`, which was not given",
            "add `--workspace`",
        ));
    }
    let (candidates, by_name): (Vec<_>, bool) = if selection.workspace {
        (members.into_iter().filter(|package| !named(&selection.exclude, package)).collect(), false)
    } else if !selection.packages.is_empty() {
        (members.into_iter().filter(|package| named(&selection.packages, package)).collect(), true)
    } else if let Some(package) = package_of(&members, manifest, metadata.workspace_root.as_std_path()) {
        (vec![package], true)
    } else {
        (metadata.workspace_default_packages(), false)
    };
    if by_name {
        if let Some(package) = candidates.iter().find(|package| !is_policy(package)) {
            return Err(not_a_policy(package));
        }
        return Ok(candidates);
    }
    let policies: Vec<_> = candidates.iter().copied().filter(|package| is_policy(package)).collect();
    match (policies.is_empty(), candidates.as_slice()) {
        (false, _) => Ok(policies),
        (true, [package]) => Err(not_a_policy(package)),
        (true, _) => Err(failure(
            format!("no package of the workspace `{}` is a policy", metadata.workspace_root),
            "a policy has a table `[package.metadata.kubewarden]` in its Cargo.toml, or a `metadata.yml`; `cargo kw-wasi new` adds one",
        )),
    }
}

/// The package a manifest is of, unless it is the workspace's own and default members decide.
fn package_of<'a>(
    members: &[&'a cargo_metadata::Package],
    manifest: &Path,
    workspace_root: &Path,
) -> Option<&'a cargo_metadata::Package> {
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

/// Is this package meant by what was typed: a name, a glob, or another form of `cargo help pkgid`?
fn matches(typed: &str, package: &cargo_metadata::Package) -> bool {
    if let Some((_, place)) = typed.split_once("file://") {
        let (path, fragment) = place.split_once('#').map_or((place, ""), |(path, fragment)| (path, fragment));
        let place = fs::path_of_url(&format!("file://{path}")).unwrap_or_else(|| path.into());
        let same_place = place
            .canonicalize()
            .is_ok_and(|path| folder(package).canonicalize().is_ok_and(|folder| folder == path));
        return same_place
            && (fragment.is_empty() || is_version(fragment, package) || matches(fragment, package));
    }
    let (pattern, version) = match typed.split_once(['@', ':']) {
        Some((pattern, version)) => (pattern, Some(version)),
        None => (typed, None),
    };
    let name = package.name.as_str();
    let named = pattern == name || glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name));
    named && version.is_none_or(|version| is_version(version, package))
}

/// `1`, `1.2` and `1.2.3` all are the version 1.2.3.
fn is_version(typed: &str, package: &cargo_metadata::Package) -> bool {
    let version = package.version.to_string();
    version.strip_prefix(typed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_policy(package: &cargo_metadata::Package) -> bool {
    has_table(package) || folder(package).join("metadata.yml").is_file()
}

pub(crate) fn has_table(package: &cargo_metadata::Package) -> bool {
    package.metadata.get("kubewarden").is_some()
}

pub(crate) fn folder(package: &cargo_metadata::Package) -> &Path {
    fs::folder_of(package.manifest_path.as_std_path())
}

fn not_a_policy(package: &cargo_metadata::Package) -> anyhow::Error {
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
            "add to `{}`:\n\n[package.metadata.kubewarden]\nmutating = false\n\n[[package.metadata.kubewarden.rules]]\napi-groups = [\"\"]\napi-versions = [\"v1\"]\nresources = [\"pods\"]\noperations = [\"CREATE\", \"UPDATE\"]\n\nor put a `metadata.yml` beside it",
            fs::for_people(package.manifest_path.as_std_path()).display()
        ),
    )
}

/// An unknown name typed by the user, with the names that exist.
fn unknown_name(what: &str, name: &str, known: &[&str]) -> anyhow::Error {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let similarity = |known: &str| strsim::normalized_damerau_levenshtein(name, known);
    let near = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match near.filter(|near| similarity(near) > 0.5) {
        Some(near) => failure(
            format!("there is no {what} `{name}`"),
            format!("did you mean `{near}`? There are {list}"),
        ),
        None => failure(format!("there is no {what} `{name}`"), format!("there are {list}")),
    }
}
