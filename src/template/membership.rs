//! A new member in the manifest of a workspace: one line more, with everything else kept.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use toml_edit::{Array, DocumentMut, Item, Value};

use super::members::{covers, insert};
use crate::error::{WithHint, failure};
use crate::fs;

/// What changes in the manifest of a workspace that a project joins.
#[derive(Debug)]
pub(crate) struct WorkspaceChange {
    pub(crate) manifest: PathBuf,
    /// Path of the package below the root, with `/`.
    pub(super) member: String,
}

impl WorkspaceChange {
    /// The change, for a person.
    pub(crate) fn summary(&self) -> &'static str {
        "the package is a member of the workspace"
    }

    /// Makes the change in the manifest as it is now, which may have changed since it was looked at: by an editor, or
    /// by another `new`, which waits until this one is done.
    pub(super) fn make(&self) -> Result<()> {
        let _lock = fs::lock_folder(fs::folder_of(&self.manifest));
        let before = fs::read_to_string(&self.manifest)?;
        if let Some(content) = self.apply(&before)? {
            fs::write(&self.manifest, content.as_bytes())?;
        }
        Ok(())
    }

    /// The manifest with the change. `None` if nothing changes.
    pub(super) fn apply(&self, before: &str) -> Result<Option<String>> {
        let mut document: DocumentMut = before.parse().with_context(|| self.unreadable())?;
        self.add_member(&mut document)?;
        let mut content = document.to_string();
        if before.contains("\r\n") {
            content = content.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        self.check(&content).with_context(|| self.unreadable()).hint(|| {
            format!("add `{}` to `members` of `[workspace]`, and create the project again", self.member)
        })?;
        Ok((content != before).then_some(content))
    }

    /// Fails if cargo could not read the result, or would not find the package in it.
    fn check(&self, content: &str) -> Result<()> {
        let document: DocumentMut = content.parse().context("the result would not be TOML")?;
        let members = document.get("workspace").and_then(|it| it.get("members")).and_then(Item::as_array);
        ensure!(
            members.is_some_and(|members| self.is_in(members)),
            "the package would not be a member of the workspace"
        );
        Ok(())
    }

    fn unreadable(&self) -> String {
        format!("could not add the package to `{}`", fs::for_people(&self.manifest).display())
    }

    fn is_in(&self, members: &Array) -> bool {
        members.iter().filter_map(Value::as_str).any(|pattern| covers(pattern, &self.member))
    }

    /// One line more, with comments and layout kept; none where a glob covers the package.
    fn add_member(&self, document: &mut DocumentMut) -> Result<()> {
        let wrong = |what: &str, reason: &str| {
            let shown = fs::for_people(&self.manifest);
            let message = format!("{what} in `{}` {reason}", shown.display());
            failure(message, "correct it, or create the project elsewhere")
        };
        let workspace = document.get_mut("workspace").and_then(Item::as_table_like_mut);
        let workspace = workspace.ok_or_else(|| wrong("`workspace`", "is not a table"))?;
        let is_new = !workspace.contains_key("members");
        let members = workspace.entry("members").or_insert_with(|| toml_edit::value(Array::new()));
        let members = members.as_array_mut().ok_or_else(|| wrong("`workspace.members`", "is not a list"))?;
        if !self.is_in(members) {
            insert(members, &self.member);
        }
        if let Some(Value::InlineTable(workspace)) = document["workspace"].as_value_mut().filter(|_| is_new) {
            workspace.fmt();
        }
        Ok(())
    }
}

impl fmt::Display for WorkspaceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", fs::for_people(&self.manifest).display(), self.summary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_member(manifest: &str, member: &str) -> String {
        let change = WorkspaceChange { manifest: "Cargo.toml".into(), member: member.to_owned() };
        change.apply(manifest).unwrap().unwrap_or_else(|| "no change".to_owned())
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
        let after = "[workspace]\r\nmembers = [\r\n  \"a\",\r\n  \"b\",\r\n]\r\n";
        assert_eq!(with_member(before, "b"), after);
    }

    #[test]
    fn a_workspace_without_members_gets_them() {
        assert_eq!(with_member("[workspace]\n", "b"), "[workspace]\nmembers = [\"b\"]\n");
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
    fn a_workspace_in_one_line_stays_in_one_line() {
        for (before, after) in [
            ("workspace = {}", "workspace = { members = [\"b\"] }"),
            ("workspace = { resolver = \"3\" }", "workspace = { resolver = \"3\", members = [\"b\"] }"),
            ("workspace = { members = [] }", "workspace = { members = [\"b\"] }"),
            (
                "workspace = { members = [\"a\"], resolver = \"3\" }",
                "workspace = { members = [\"a\", \"b\"], resolver = \"3\" }",
            ),
            ("workspace.members = [\"a\"]", "workspace.members = [\"a\", \"b\"]"),
            ("workspace.resolver = \"3\"", "workspace.resolver = \"3\"\nworkspace.members = [\"b\"]"),
        ] {
            let manifest = |workspace: &str| format!("{workspace}\n[profile.release]\nlto = true\n");
            assert_eq!(with_member(&manifest(before), "b"), manifest(after));
        }
    }

    #[test]
    fn what_was_written_in_the_meantime_stays() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("Cargo.toml");
        let change = WorkspaceChange { manifest: manifest.clone(), member: "b".to_owned() };
        std::fs::write(&manifest, "[workspace]\nmembers = [\"new\"] # theirs\n").unwrap();
        change.make().unwrap();
        let after = std::fs::read_to_string(&manifest).unwrap();
        assert_eq!(after, "[workspace]\nmembers = [\"b\", \"new\"] # theirs\n");
        std::fs::write(&manifest, "[workspace\n").unwrap();
        assert!(change.make().is_err());
        assert_eq!(std::fs::read_to_string(&manifest).unwrap(), "[workspace\n");
    }
}
