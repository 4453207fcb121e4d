//! The manifest next to a module: the resource that deploys it, without settings.

use std::path::Path;

use anyhow::Result;

use crate::deploy::{self, Choices, Deployment, WRITTEN_BY_US};
use crate::error::failure;
use crate::finding::{Finding, FindingName};
use crate::fs::{self, Written};
use crate::kubernetes;
use crate::metadata::{Metadata, key};
use crate::project::Project;

/// A value that a manifest needs and the metadata does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingForManifest {
    Title,
    Version,
    Registry,
}

/// Returns the manifest as YAML, or the value that is missing for it.
pub(crate) fn to_yaml(project: &Project, metadata: &Metadata) -> Result<String, MissingForManifest> {
    let name = metadata.annotation(key::TITLE).unwrap_or(&project.name);
    let version = project.version_in(metadata);
    Err(match deploy::module_in_registry(metadata, version) {
        _ if kubernetes::check_name(name).is_err() => MissingForManifest::Title,
        None if version.is_none() => MissingForManifest::Version,
        None => MissingForManifest::Registry,
        Some(module) => {
            let choices = Choices::default();
            let resource = Deployment { name, module: &module, metadata, choices: &choices };
            return Ok(format!("{WRITTEN_BY_US}\n{}", resource.to_yaml()));
        }
    })
}

impl MissingForManifest {
    /// Returns a warning that names the missing value and where to write it.
    pub(crate) fn finding(self, project: &Project) -> Finding {
        let (name, word, fix) = match self {
            Self::Title => {
                (FindingName::MissingTitle, "title that can name a Kubernetes resource", "write one")
            }
            Self::Version => {
                (FindingName::MissingVersion, "version", "write the version it will be pushed as")
            }
            Self::Registry => {
                (FindingName::MissingRegistry, "registry", "write the registry it will be pushed to")
            }
        };
        Finding::warning(
            name,
            format!("no manifest for `{}`: the metadata has no {word}", project.name),
            format!("{fix}: {}", self.where_to_write(project)),
        )
    }

    fn where_to_write(self, project: &Project) -> String {
        let annotation = |key| format!("annotation `{key}` in `metadata.yml`");
        match (self, project.writes_metadata_file()) {
            (Self::Registry, _) => project.registry_place(),
            (_, true) => "`title = \"…\"` in `[package.metadata.kubewarden]`".to_owned(),
            (Self::Title, false) => annotation(key::TITLE),
            (Self::Version, false) => annotation(key::VERSION),
        }
    }
}

/// Fails if there is a file at `path` that was not written by an earlier build.
pub(crate) fn refuse_to_replace_other_files(path: &Path) -> Result<()> {
    match fs::find(path)? {
        Some(present) if !is_ours(&present) => Err(failure(
            format!(
                "could not write the manifest: `{}` exists and was not written by this tool",
                fs::for_people(path).display()
            ),
            "move that file, or build to another place with `--output`",
        )),
        _ => Ok(()),
    }
}

/// Writes the manifest. If there is none, removes the one of an earlier build, which would deploy something else.
pub(crate) fn write(path: &Path, yaml: Option<&str>) -> Result<Written> {
    if let Some(yaml) = yaml {
        return fs::write(path, yaml.as_bytes());
    }
    if fs::find(path)?.is_some_and(|present| is_ours(&present)) {
        fs::remove(path)?;
    }
    Ok(Written::Unchanged)
}

fn is_ours(content: &[u8]) -> bool {
    content.starts_with(WRITTEN_BY_US.as_bytes())
}
