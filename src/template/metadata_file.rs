//! The `metadata.yml` of a new project, and the check that Kubewarden would accept it.

use std::path::Path;

use anyhow::{Context, Result};

use super::rendered::Rendered;
use super::workspace::{Inherited, Workspace};
use crate::error::failure;
use crate::metadata::{self, Checked, Document, Facts, Metadata};

/// `metadata.yml` as the first build would write it.
pub(super) fn metadata_file(
    name: &str,
    files: &[Rendered],
    workspace: Option<&Workspace>,
) -> Result<Rendered> {
    let manifest = files
        .iter()
        .find(|file| file.path == Path::new("Cargo.toml"))
        .context("the template has no Cargo.toml")?;
    let text = String::from_utf8(manifest.bytes.clone()).context("Cargo.toml is not UTF-8")?;
    let parsed: toml_edit::DocumentMut = text.parse().context("the rendered Cargo.toml is not TOML")?;
    let written = |key: &str| parsed.get("package")?.get(key)?.as_str().map(str::to_owned);
    let inherited = |key: &str| match workspace?.inherited(key)? {
        Inherited::Text(text) => Some(text),
        Inherited::Texts(_) => None,
    };
    let value = |key: &str| written(key).or_else(|| inherited(key));
    let authors = match (parsed["package"].get("authors").and_then(|authors| authors.as_array()), workspace) {
        (Some(authors), _) => {
            authors.iter().filter_map(|author| author.as_str().map(str::to_owned)).collect()
        }
        (None, Some(workspace)) => match workspace.inherited("authors") {
            Some(Inherited::Texts(authors)) => authors,
            _ => Vec::new(),
        },
        (None, None) => Vec::new(),
    };
    let facts = Facts {
        name: name.to_owned(),
        file: "Cargo.toml".into(),
        version: value("version"),
        description: value("description"),
        authors,
        license: value("license"),
        repository: value("repository"),
        homepage: value("homepage"),
    };
    let document =
        Document::toml(Path::new("Cargo.toml"), text).context("the rendered Cargo.toml is not TOML")?;
    let metadata = acceptable(metadata::read(&document, &facts))?;
    Ok(Rendered { path: "metadata.yml".into(), bytes: metadata.to_yaml().into_bytes() })
}

/// Fails if `build` would refuse the metadata that the project starts with.
pub(super) fn check_metadata_file(name: &str, file: &Rendered) -> Result<()> {
    let text = String::from_utf8(file.bytes.clone()).context("metadata.yml is not UTF-8")?;
    let facts = Facts { name: name.to_owned(), file: "go.mod".into(), ..Facts::default() };
    acceptable(metadata::read(&Document::yaml(&file.path, text), &facts)).map(drop)
}

fn acceptable(checked: Checked) -> Result<Metadata> {
    checked.metadata.ok_or_else(|| {
        let reasons: Vec<_> = checked.findings.iter().map(|finding| finding.message.as_str()).collect();
        failure(
            format!("the policy would not be accepted by Kubewarden: {}", reasons.join("; ")),
            "give other answers",
        )
    })
}
