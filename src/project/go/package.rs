//! The package of a Go module whose program is the policy, and the programs that go has made of packages.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::failure;
use crate::fs;

/// A package of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoPackage {
    /// The path of the module.
    pub(super) module: String,
    /// The folder in the module, with `/`; empty for its root.
    pub(super) folder: String,
}

impl GoPackage {
    /// The package that was named, by a folder or by its import path; the root of the module if none was.
    pub(super) fn find(module: &str, root: &Path, typed: Option<&Path>) -> Result<Self> {
        let package = |folder: String| Self { module: module.to_owned(), folder };
        let Some(typed) = typed else { return Ok(package(String::new())) };
        let text = typed.to_string_lossy();
        if text.contains("...") {
            return Err(failure(
                format!("`--go-package {text}` may name several packages, and a policy is one program"),
                "name the folder of one package, such as `./cmd/policy`",
            ));
        }
        let by_import_path = match text.strip_prefix(module) {
            Some("") => Some(root.to_owned()),
            Some(rest) => rest.strip_prefix('/').map(|rest| root.join(rest)),
            None => None,
        };
        let places = [by_import_path, fs::absolute(typed).ok(), Some(root.join(typed))];
        let folder = places.into_iter().flatten().find_map(|place| folder_in(root, &place));
        folder.map(package).ok_or_else(|| {
            failure(
                format!("there is no folder `{text}` in the Go module `{module}`"),
                "name a folder of the module that has a `package main`, such as `./cmd/policy`",
            )
        })
    }

    /// As an argument of `go build` in the root of the module.
    pub(super) fn argument(&self) -> String {
        format!("./{}", self.folder)
    }

    /// What Go code imports it as, and what go writes into its program.
    pub(super) fn import_path(&self) -> String {
        match self.folder.as_str() {
            "" => self.module.clone(),
            folder => format!("{}/{folder}", self.module),
        }
    }

    /// What `go build` calls its program: the last part of the path that is not a major version.
    pub(super) fn program_name(&self) -> String {
        program_name(&self.import_path()).to_owned()
    }
}

/// The folder `place` as a path below `root`, if it is one.
fn folder_in(root: &Path, place: &Path) -> Option<String> {
    let resolved = |path: &Path| fs::canonicalize(path).ok();
    let (root, place) = (resolved(root)?, resolved(place)?);
    let below: PathBuf = place.strip_prefix(&root).ok().filter(|_| place.is_dir())?.to_owned();
    Some(below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// The last part of the path that is not a major version.
pub(super) fn program_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version = last.strip_prefix('v').is_some_and(|version| {
        version.chars().all(|c| c.is_ascii_digit())
            && !version.starts_with('0')
            && !["", "1"].contains(&version)
    });
    if is_version { parts.next().unwrap_or(last) } else { last }
}

/// The import path of the package that go has made this program of; `None` if there is no such file, or it does not say.
///
/// The linker writes it into each program, after a fixed marker (Go, `runtime/debug.modinfo`).
pub(super) fn package_in(program: &Path) -> Result<Option<String>> {
    const MARKER: &[u8] = b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6path\t";
    let Some(bytes) = fs::find(program)? else { return Ok(None) };
    let Some(at) = bytes.windows(MARKER.len()).position(|window| window == MARKER) else { return Ok(None) };
    let line = bytes[at + MARKER.len()..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(Some(String::from_utf8_lossy(line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_folder_or_its_import_path() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("cmd/policy")).unwrap();
        let folder = |typed: &str| {
            let found = GoPackage::find("example.com/acme/demo", root.path(), Some(typed.as_ref()));
            found.ok().map(|package| package.folder)
        };
        let absolute = root.path().join("cmd/policy");
        for typed in
            ["./cmd/policy", "cmd/policy/", "example.com/acme/demo/cmd/policy", absolute.to_str().unwrap()]
        {
            assert_eq!(folder(typed).as_deref(), Some("cmd/policy"), "{typed}");
        }
        assert_eq!(folder("example.com/acme/demo").as_deref(), Some(""));
        for typed in ["./cmd/missing", "./...", "..", "example.com/acme/demonstration", "/"] {
            assert_eq!(folder(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_program_is_named_after_the_last_part_that_is_not_a_version() {
        for (path, name) in [
            ("demo", "demo"),
            ("example.com/acme/demo", "demo"),
            ("example.com/demo/v2", "demo"),
            ("example.com/demo/v1", "v1"),
            ("example.com/v", "v"),
            ("v2", "v2"),
        ] {
            assert_eq!(program_name(path), name, "{path}");
        }
    }
}
