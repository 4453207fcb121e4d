//! The cargo workspace a new package becomes a member of, as `cargo new` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::membership::{WorkspaceChange, has_release_profile};
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
    /// Looks for the nearest manifest with a `[workspace]` above `folder`, a package to be. `None` when there is
    /// none, or when it excludes the package.
    pub(super) fn find(folder: &Path) -> Result<Option<Self>> {
        for root in folder.ancestors().skip(1) {
            let manifest = root.join("Cargo.toml");
            let Some(text) = fs::find_text(&manifest)? else { continue };
            let document: DocumentMut = text
                .parse()
                .with_context(|| {
                    format!(
                        "could not read the manifest `{}`, whose workspace the package would belong to",
                        fs::for_people(&manifest).display()
                    )
                })
                .hint(|| "correct it, or create the project elsewhere".to_owned())?;
            let Some(workspace) = document.get("workspace").and_then(Item::as_table_like) else { continue };
            let below = folder.strip_prefix(root).context("an ancestor is a prefix")?;
            let member = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            if is_excluded(workspace, &member) {
                return Ok(None);
            }
            return Ok(Some(Self { manifest, before: text, document, member }));
        }
        Ok(None)
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

    /// What has to change for the package to be a member, with `release_profile` if the workspace has none. `None` if
    /// nothing does.
    pub(super) fn change(&self, release_profile: &'static str) -> Result<Option<WorkspaceChange>> {
        let adds_profile = !has_release_profile(&self.document);
        let change = WorkspaceChange {
            manifest: self.manifest.clone(),
            member: self.member.clone(),
            release_profile: adds_profile.then_some(release_profile),
        };
        Ok(change.apply(&self.before)?.map(|_| change))
    }
}

/// Entries of `exclude` are paths, and mean all below them; an explicit member is a member all the same.
fn is_excluded(workspace: &dyn TableLike, member: &str) -> bool {
    let list =
        |key| workspace.get(key).and_then(Item::as_array).into_iter().flatten().filter_map(Value::as_str);
    let below = |excluded: &str| {
        let excluded = excluded.trim_start_matches("./").trim_end_matches('/');
        member == excluded || member.strip_prefix(excluded).is_some_and(|rest| rest.starts_with('/'))
    };
    list("exclude").any(below) && !list("members").any(|path| path.trim_start_matches("./") == member)
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
    fn a_package_without_a_workspace_is_passed_by() {
        assert_eq!(with_member("[package]\nname = \"a\"\n", "b"), "not a member");
    }
}
