//! A Go module as a project: its name and its metadata.

use std::path::Path;

use anyhow::Result;

use super::package::{GoPackage, program_name};
use crate::error::failure;
use crate::fs;
use crate::metadata::{Facts, key};
use crate::project::selection::Selection;
use crate::project::source::{MetadataSource, Project};

/// The module that this `go.mod` is of, and the package that is the policy.
pub(super) fn load_package(manifest: &Path, selection: &Selection) -> Result<(Project, GoPackage)> {
    refuse_what_only_cargo_has(selection)?;
    let manifest = fs::absolute(manifest)?;
    let shown = fs::for_people(&manifest);
    let root = fs::folder_of(&manifest).to_owned();
    let text = fs::read_to_string(&manifest)?;
    let path = module_path(&text).ok_or_else(|| {
        failure(
            format!("could not find the name of the module in `{}`", shown.display()),
            "write `module example.com/name` in its first line, or let `go mod init` write the file",
        )
    })?;
    let package = GoPackage::find(path, &root, selection.go_package.as_deref())?;
    let name = program_name(path).to_owned();
    let source = source(&root, path)?;
    let facts = Facts { name: name.clone(), file: shown, ..Facts::default() };
    Ok((Project { program: package.program_name(), name, version: None, root, source, facts }, package))
}

/// The module that this `go.mod` is of.
pub(crate) fn load(manifest: &Path, selection: &Selection) -> Result<Project> {
    load_package(manifest, selection).map(|(project, _)| project)
}

/// Fails for flags that only cargo has.
fn refuse_what_only_cargo_has(selection: &Selection) -> Result<()> {
    let flags = [
        (!selection.packages.is_empty(), "--package", "run it in the folder of the module"),
        (selection.workspace, "--workspace", "run it in the folder of each module"),
        (selection.bin.is_some(), "--bin", "name the package of the policy with `--go-package PATH`"),
        (!selection.exclude.is_empty(), "--exclude", "run it in the folder of each module"),
    ];
    match flags.into_iter().find(|(given, ..)| *given) {
        Some((_, flag, hint)) => {
            Err(failure(format!("`{flag}` is for cargo projects, and this is a Go module"), hint))
        }
        None => Ok(()),
    }
}

/// Returns `example.com/acme/demo` for `module example.com/acme/demo // a comment`, with or without quotes.
fn module_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or_default().trim();
        let path = line.strip_prefix("module")?;
        if !path.starts_with([' ', '\t', '"', '`']) {
            return None;
        }
        let path = path.trim().trim_matches(['"', '`']);
        (!path.is_empty() && path != "(").then_some(path)
    })
}

fn source(root: &Path, module: &str) -> Result<MetadataSource> {
    let path = root.join("metadata.yml");
    match fs::find(&path)? {
        Some(bytes) => MetadataSource::file(&path, bytes),
        None if root.join("metadata.yaml").is_file() => Err(failure(
            format!(
                "the module `{module}` has a `metadata.yaml`, but Kubewarden's workflows look for `metadata.yml`"
            ),
            "rename the file",
        )),
        None => Err(failure(
            format!(
                "the Go module `{module}` is not a policy: `{}` is missing",
                fs::for_people(&path).display()
            ),
            format!(
                "write it:\n\nrules:\n- apiGroups: [\"\"]\n  apiVersions: [v1]\n  resources: [pods]\n  operations: [CREATE, \
                 UPDATE]\nmutating: false\nexecutionMode: wasi\nannotations:\n  {}: {}\n  {}: 0.1.0\n",
                key::TITLE,
                program_name(module),
                key::VERSION
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_module_is_read_from_its_manifest() {
        for (text, path) in [
            ("module demo", Some("demo")),
            ("module demo\r\n\r\ngo 1.21\r\n", Some("demo")),
            ("// about it\nmodule example.com/demo // more\n\ngo 1.21\n", Some("example.com/demo")),
            ("module \"example.com/demo\"\n", Some("example.com/demo")),
            ("modules demo\n", None),
            ("go 1.21\n", None),
            ("module\n", None),
        ] {
            assert_eq!(module_path(text), path, "{text}");
        }
    }
}
