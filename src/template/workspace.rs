//! The cargo workspace a new package becomes a member of, as `cargo new` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::membership::WorkspaceChange;
use crate::error::WithHint;
use crate::fs;

/// The nearest workspace above a new package, which it belongs to.
#[derive(Debug)]
pub(super) struct Workspace {
    /// The root manifest.
    pub(super) manifest: PathBuf,
    document: DocumentMut,
    before: String,
    /// Path of the package below the root, with `/`.
    member: String,
}

/// The value in `[workspace.package]` of a key of `[package]`.
pub(super) enum Inherited {
    Text(String),
    Texts(Vec<String>),
}

impl Workspace {
    /// Looks for the workspace of `folder`, a package to be, as cargo does: the nearest manifest above it that has a
    /// `[workspace]` which does not exclude the package, or that names its own root by `package.workspace`. `None` when
    /// there is none.
    ///
    /// Source: `find_workspace_root` of cargo 1.95. A test asks cargo about the same folders.
    pub(super) fn find(folder: &Path) -> Result<Option<Self>> {
        for above in folder.ancestors().skip(1) {
            let Some((text, document)) = read_manifest(above)? else { continue };
            let pointer = document.get("package").and_then(|package| package.get("workspace"));
            if let Some(workspace) = document.get("workspace").and_then(Item::as_table_like) {
                if !is_excluded(workspace, above, folder) {
                    return Ok(Some(Self::with_root(above, text, document, folder)));
                }
            } else if let Some(pointer) = pointer.and_then(Item::as_str) {
                let root = fs::resolve(&above.join(pointer))?;
                if let Some((text, document)) = read_manifest(&root)? {
                    return Ok(Some(Self::with_root(&root, text, document, folder)));
                }
            }
        }
        Ok(None)
    }

    fn with_root(root: &Path, before: String, document: DocumentMut, folder: &Path) -> Self {
        let member = path_between(root, folder);
        Self { manifest: root.join("Cargo.toml"), before, document, member }
    }

    /// The value of a key of `[workspace.package]`.
    pub(super) fn inherited(&self, key: &str) -> Option<Inherited> {
        let value = self.document.get("workspace")?.get("package")?.get(key)?;
        match value.as_value()? {
            Value::String(text) => Some(Inherited::Text(text.value().clone())),
            Value::Array(items) => {
                Some(Inherited::Texts(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
            }
            _ => Some(Inherited::Text(String::new())),
        }
    }

    /// Does it have lints for its members?
    pub(super) fn has_lints(&self) -> bool {
        self.document.get("workspace").and_then(|workspace| workspace.get("lints")).is_some()
    }

    /// The change that makes the package a member. `None` if it is one already.
    pub(super) fn change(&self) -> Result<Option<WorkspaceChange>> {
        let change = WorkspaceChange { manifest: self.manifest.clone(), member: self.member.clone() };
        Ok(change.apply(&self.before)?.map(|_| change))
    }
}

/// The manifest in a folder, if there is one.
fn read_manifest(folder: &Path) -> Result<Option<(String, DocumentMut)>> {
    let manifest = folder.join("Cargo.toml");
    let Some(text) = fs::find_text(&manifest)? else { return Ok(None) };
    let document = text
        .parse()
        .with_context(|| {
            format!(
                "could not read the manifest `{}`, whose workspace the package would belong to",
                fs::for_people(&manifest).display()
            )
        })
        .hint(|| "correct it, or create the project elsewhere".to_owned())?;
    Ok(Some((text, document)))
}

/// Entries of `exclude` are paths, absolute or from the root, and mean all below them; what is in or below a path of
/// `members` is not excluded.
fn is_excluded(workspace: &dyn TableLike, root: &Path, folder: &Path) -> bool {
    let list =
        |key| workspace.get(key).and_then(Item::as_array).into_iter().flatten().filter_map(Value::as_str);
    let is_within = |path: &str| folder.starts_with(root.join(path));
    list("exclude").any(is_within) && !list("members").any(is_within)
}

/// The path from one folder to another, with `/` on every system.
fn path_between(from: &Path, to: &Path) -> String {
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| "..".into());
    let down = to.components().skip(common).map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_member(manifest: &str, member: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
        match Workspace::find(&root.path().join(member)).unwrap() {
            None => "not a member".to_owned(),
            Some(_) => "a member".to_owned(),
        }
    }

    #[test]
    fn an_excluded_package_is_left_alone() {
        assert_eq!(with_member("[workspace]\nexclude = [\"vendor\"]\n", "vendor/b"), "not a member");
        assert_ne!(with_member("[workspace]\nexclude = [\"vendor\"]\n", "vendored"), "not a member");
        assert_ne!(
            with_member("[workspace]\nmembers = [\"vendor/b\"]\nexclude = [\"vendor\"]\n", "vendor/b"),
            "not a member"
        );
    }

    #[test]
    fn the_path_of_a_member_may_lead_out_of_the_root() {
        for (root, folder, path) in [
            ("/a", "/a/b", "b"),
            ("/a", "/a/b/c", "b/c"),
            ("/a/b", "/a/c", "../c"),
            ("/a/b/c", "/d/e", "../../../d/e"),
        ] {
            assert_eq!(path_between(Path::new(root), Path::new(folder)), path);
        }
    }

    #[test]
    fn a_package_without_a_workspace_is_passed_by() {
        assert_eq!(with_member("[package]\nname = \"a\"\n", "b"), "not a member");
    }
}
