//! Kubewarden's metadata of a policy: read from `metadata.yml` or from `[package.metadata.kubewarden]`, checked,
//! and written as YAML or as the JSON inside the module. This layer does not know WebAssembly.
//!
//! The rules are those of `kwctl annotate` 1.36; where the cluster's webhook is stricter, so are we.

mod annotations;
mod check;
mod document;
mod facts;
mod read;
mod reader;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod wire;

pub use crate::protocol::PolicyType;
pub(crate) use annotations::{absolute_url, addresses};
pub use document::Document;
pub use facts::Facts;
pub(crate) use read::Checked;
pub use read::read;
pub(crate) use source::{browsable, github_repository};
pub use wire::{ContextAwareResource, Metadata};

/// Keys of annotations that Kubewarden, its workflows or Artifact Hub read.
pub mod key {
    /// Name of the policy, and by default of the resource that deploys it.
    pub const TITLE: &str = "io.kubewarden.policy.title";
    /// Semantic version without `v`.
    pub const VERSION: &str = "io.kubewarden.policy.version";
    /// One line about the policy.
    pub const DESCRIPTION: &str = "io.kubewarden.policy.description";
    /// Email addresses, as in an email header.
    pub(crate) const AUTHOR: &str = "io.kubewarden.policy.author";
    /// Registry and repository, without scheme and tag.
    pub const OCI_URL: &str = "io.kubewarden.policy.ociUrl";
    /// Home page.
    pub(crate) const URL: &str = "io.kubewarden.policy.url";
    /// Source repository.
    pub(crate) const SOURCE: &str = "io.kubewarden.policy.source";
    /// SPDX expression.
    pub const LICENSE: &str = "io.kubewarden.policy.license";
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub const SEVERITY: &str = "io.kubewarden.policy.severity";
    /// Free text.
    pub const CATEGORY: &str = "io.kubewarden.policy.category";
    /// README of the policy.
    pub(crate) const USAGE: &str = "io.kubewarden.policy.usage";
    /// The tool that annotated the module. Kubewarden's `inspect` shows it.
    pub(crate) const ANNOTATED_BY: &str = "io.kubewarden.kwctl";
    /// Title for people.
    pub const DISPLAY_NAME: &str = "io.artifacthub.displayName";
    /// The resources that the policy is about, such as `Pod, Job`, for user interfaces.
    pub(crate) const RESOURCES: &str = "io.artifacthub.resources";
    /// The tag of a release on GitHub, if it is not `v` and the version.
    pub(crate) const RELEASE_TAG: &str = "com.github.release.tag";
    /// Keywords, separated by commas.
    pub(crate) const KEYWORDS: &str = "io.artifacthub.keywords";
    /// `true` or `false`.
    pub(crate) const HIDDEN_UI: &str = "io.kubewarden.hidden-ui";
}

/// Values of `io.kubewarden.policy.severity`.
pub(crate) const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// The first line of the `metadata.yml` that `build` writes. A file without it was written by a person.
pub(crate) const WRITTEN_BY_US: &str =
    "# Written by `cargo kw-wasi build` from Cargo.toml, [package.metadata.kubewarden]: edit it there.";

impl Metadata {
    /// The value of an annotation, unless it is missing or empty.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the metadata to embed in a module: with the README of the policy as its usage text, if there is
    /// one, and with the tool that wrote it.
    pub(crate) fn for_module(&self, usage: Option<&str>) -> Self {
        let mut metadata = self.clone();
        if let Some(usage) = usage {
            metadata.annotations.insert(key::USAGE.to_owned(), usage.to_owned());
        }
        let annotated_by = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        metadata.annotations.insert(key::ANNOTATED_BY.to_owned(), annotated_by.to_owned());
        metadata
    }

    /// Returns the content of `metadata.yml`, for Kubewarden's tools that read it from the repository.
    pub fn to_yaml(&self) -> String {
        format!("{WRITTEN_BY_US}\n{}", self.to_file())
    }
}
