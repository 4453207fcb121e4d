//! The cargo workspace a new package becomes a member of, as `cargo new` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::members::{covers, insert};
use crate::error::{WithHint, failure};
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

    /// Does it have settings for the release profile?
    pub(super) fn has_release_profile(&self) -> bool {
        self.document.get("profile").and_then(|profile| profile.get("release")).is_some()
    }

    /// The root manifest with the package as a member and, if it had none, the release profile of policies.
    /// `None` when nothing changes.
    pub(super) fn with_member(&self, release_profile: &str) -> Result<Option<String>> {
        let mut document = self.document.clone();
        self.add_member(&mut document)?;
        let mut content = document.to_string();
        if !self.has_release_profile() {
            if !content.ends_with('\n') {
                content.push('\n');
            }
            content.push('\n');
            content.push_str(release_profile);
        }
        if self.before.contains("\r\n") {
            content = content.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        Ok((content != self.before).then_some(content))
    }

    /// One line more, with comments and layout kept; none where a glob covers the package.
    fn add_member(&self, document: &mut DocumentMut) -> Result<()> {
        let workspace = document
            .get_mut("workspace")
            .and_then(Item::as_table_like_mut)
            .context("it was found with a workspace")?;
        let members = workspace.entry("members").or_insert_with(|| toml_edit::value(Array::new()));
        let Some(members) = members.as_array_mut() else {
            let shown = fs::for_people(&self.manifest);
            return Err(failure(
                format!("`workspace.members` in `{}` is not a list", shown.display()),
                "correct it, or create the project elsewhere",
            ));
        };
        if !members.iter().filter_map(Value::as_str).any(|pattern| covers(pattern, &self.member)) {
            insert(members, &self.member);
        }
        Ok(())
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
            Some(workspace) => {
                workspace.with_member("PROFILE\n").unwrap().unwrap_or_else(|| "no change".to_owned())
            }
        }
    }

    #[test]
    fn one_line_is_added_and_everything_else_kept() {
        let before = "# ours\n[workspace]\nmembers = [\n    # the first\n    \"a\", # a\n    \"c\",\n]\n\n[profile.release]\nlto = true\n";
        let after = "# ours\n[workspace]\nmembers = [\n    # the first\n    \"a\", # a\n    \"b\",\n    \"c\",\n]\n\n[profile.release]\nlto = true\n";
        assert_eq!(with_member(before, "b"), after);
        let at_end = "# ours\n[workspace]\nmembers = [\n    # the first\n    \"a\", # a\n    \"c\",\n    \"d\",\n]\n\n[profile.release]\nlto = true\n";
        assert_eq!(with_member(before, "d"), at_end);
    }

    #[test]
    fn a_comment_after_the_last_member_stays_with_it() {
        let before = "[workspace]\nmembers = [\n  \"a\", # a\n]\nprofile.release.lto = true\n";
        assert!(
            with_member(before, "b").contains("\n  \"a\", # a\n  \"b\",\n]"),
            "{}",
            with_member(before, "b")
        );
    }

    #[test]
    fn a_list_without_a_last_comma_gets_one() {
        let before = "[workspace]\nmembers = [\n  \"a\" # a\n]\nprofile.release.lto = true\n";
        assert!(
            with_member(before, "b").contains("\n  \"a\", # a\n  \"b\",\n]"),
            "{}",
            with_member(before, "b")
        );
    }

    #[test]
    fn a_list_on_one_line_stays_on_one_line() {
        for (before, after) in [
            ("[]", "[\"b\"]"),
            ("[\"a\"]", "[\"a\", \"b\"]"),
            ("[\"c\"]", "[\"b\", \"c\"]"),
            ("[\"z\", \"a\"]", "[\"z\", \"a\", \"b\"]"),
        ] {
            let manifest = |list: &str| format!("[workspace]\nmembers = {list}\n[profile.release]\n");
            assert_eq!(with_member(&manifest(before), "b"), manifest(after));
        }
    }

    #[test]
    fn line_ends_stay_as_they_are() {
        let before = "[workspace]\r\nmembers = [\r\n  \"a\",\r\n]\r\n";
        let after = "[workspace]\r\nmembers = [\r\n  \"a\",\r\n  \"b\",\r\n]\r\n\r\nPROFILE\r\n";
        assert_eq!(with_member(before, "b"), after);
    }

    #[test]
    fn a_workspace_without_members_gets_them_and_the_profile() {
        assert_eq!(with_member("[workspace]\n", "b"), "[workspace]\nmembers = [\"b\"]\n\nPROFILE\n");
    }

    #[test]
    fn a_glob_that_covers_the_package_needs_no_line() {
        for (pattern, expected) in [
            ("policies/*", true),
            ("*", false),
            ("./policies/*/", true),
            ("policies/b*", true),
            ("other/*", false),
        ] {
            let manifest = format!("[workspace]\nmembers = [\"{pattern}\"]\n[profile.release]\n");
            assert_eq!(with_member(&manifest, "policies/b") == "no change", expected, "{pattern}");
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
