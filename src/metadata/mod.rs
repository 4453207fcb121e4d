//! What Kubewarden knows of a policy: read from `metadata.yml` or from `[package.metadata.kubewarden]`, checked,
//! and written as YAML or as the JSON inside the module. Knows no WebAssembly.
//!
//! The rules are those of `kwctl annotate` 1.36; where the cluster's webhook is stricter, so are we.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::kubernetes::Rule;
use crate::yaml;

mod annotations;
mod check;
mod document;
mod read;
mod reader;
#[cfg(test)]
mod tests;

pub use crate::protocol::PolicyType;
pub(crate) use annotations::{addresses, check_repository};
pub use document::Document;
pub use read::{Checked, Facts, read};

/// Keys of annotations that mean something to Kubewarden, its workflows or Artifact Hub.
pub mod key {
    /// Name of the policy, and by default of the resource that deploys it.
    pub const TITLE: &str = "io.kubewarden.policy.title";
    /// Semantic version without `v`.
    pub const VERSION: &str = "io.kubewarden.policy.version";
    /// One line about the policy.
    pub const DESCRIPTION: &str = "io.kubewarden.policy.description";
    /// Mail addresses, as in a mail header.
    pub const AUTHOR: &str = "io.kubewarden.policy.author";
    /// Registry and repository, without scheme and tag.
    pub const OCI_URL: &str = "io.kubewarden.policy.ociUrl";
    /// Home page.
    pub const URL: &str = "io.kubewarden.policy.url";
    /// Source repository.
    pub const SOURCE: &str = "io.kubewarden.policy.source";
    /// SPDX expression.
    pub const LICENSE: &str = "io.kubewarden.policy.license";
    /// One of [`super::SEVERITIES`].
    pub const SEVERITY: &str = "io.kubewarden.policy.severity";
    /// Free text.
    pub const CATEGORY: &str = "io.kubewarden.policy.category";
    /// README of the policy.
    pub const USAGE: &str = "io.kubewarden.policy.usage";
    /// The tool that annotated the module. Kubewarden's `inspect` shows it.
    pub const ANNOTATED_BY: &str = "io.kubewarden.kwctl";
    /// Title for people.
    pub const DISPLAY_NAME: &str = "io.artifacthub.displayName";
    /// What the policy is about, such as `Pod, Job`: shown by user interfaces.
    pub const RESOURCES: &str = "io.artifacthub.resources";
    /// The tag of a release on GitHub, where it is not `v` and the version.
    pub const RELEASE_TAG: &str = "com.github.release.tag";
    /// Comma separated.
    pub const KEYWORDS: &str = "io.artifacthub.keywords";
    /// `true` or `false`.
    pub const HIDDEN_UI: &str = "io.kubewarden.hidden-ui";
}

/// What `io.kubewarden.policy.severity` may say.
pub const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// What Kubewarden knows of a policy. Its execution mode is always `wasi`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Always `Unknown` for a WASI policy, whatever the file says.
    protocol_version: &'static str,
    /// Which requests the policy wants to see. Empty for a raw policy.
    pub rules: Vec<Rule>,
    /// Free text by key; [`key`] has the keys that mean something.
    pub annotations: BTreeMap<String, String>,
    /// Does the policy change objects?
    pub mutating: bool,
    /// May the audit scanner run the policy?
    pub background_audit: bool,
    execution_mode: &'static str,
    /// Does the policy judge Kubernetes requests or any JSON?
    pub policy_type: PolicyType,
    /// What the policy reads from the cluster.
    pub context_aware_resources: BTreeSet<ContextAwareResource>,
    /// What the policy asks of the host, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_capabilities: Option<BTreeSet<String>>,
    /// The oldest host that runs the policy, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<semver::Version>,
}

/// A kind of resource a policy reads from the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextAwareResource {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Pod`.
    pub kind: String,
}

/// First line of the `metadata.yml` that `build` writes. A file without it is somebody's own.
pub const WRITTEN_BY_US: &str =
    "# Written by `cargo kw-wasi build` from Cargo.toml, [package.metadata.kubewarden]: edit it there.";

impl Metadata {
    /// Metadata without rules and annotations, of a policy that does not mutate.
    pub fn new() -> Self {
        Self {
            protocol_version: "Unknown",
            rules: Vec::new(),
            annotations: BTreeMap::new(),
            mutating: false,
            background_audit: true,
            execution_mode: "wasi",
            policy_type: PolicyType::default(),
            context_aware_resources: BTreeSet::new(),
            host_capabilities: None,
            minimum_kubewarden_version: None,
        }
    }

    /// The value of an annotation, if it is there and says something.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same metadata as it goes into a module: with the README of the policy as its usage text, if it has
    /// one, and with the tool that wrote it.
    pub fn for_module(&self, usage: Option<&str>) -> Self {
        let mut metadata = self.clone();
        if let Some(usage) = usage {
            metadata.annotations.insert(key::USAGE.to_owned(), usage.to_owned());
        }
        let annotated_by = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        metadata.annotations.insert(key::ANNOTATED_BY.to_owned(), annotated_by.to_owned());
        metadata
    }

    /// The JSON of the section `io.kubewarden.metadata`: compact, keys in the order in which `kwctl` writes them.
    pub fn to_section(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("metadata has text keys only and no fallible serialiser")
    }

    /// The `metadata.yml` of these metadata, for the tools of Kubewarden that read it from the repository.
    pub fn to_yaml(&self) -> String {
        /// The order in which Kubewarden's own templates have the keys.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct File<'a> {
            rules: &'a [Rule],
            mutating: bool,
            execution_mode: &'a str,
            policy_type: PolicyType,
            background_audit: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            context_aware_resources: Option<&'a BTreeSet<ContextAwareResource>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            host_capabilities: Option<&'a BTreeSet<String>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            minimum_kubewarden_version: Option<&'a semver::Version>,
            annotations: &'a BTreeMap<String, String>,
        }
        let file = File {
            rules: &self.rules,
            mutating: self.mutating,
            execution_mode: self.execution_mode,
            policy_type: self.policy_type,
            background_audit: self.background_audit,
            context_aware_resources: Some(&self.context_aware_resources).filter(|list| !list.is_empty()),
            host_capabilities: self.host_capabilities.as_ref(),
            minimum_kubewarden_version: self.minimum_kubewarden_version.as_ref(),
            annotations: &self.annotations,
        };
        let yaml = yaml::to_string(&file).expect("metadata has text keys only and no fallible serialiser");
        format!("{WRITTEN_BY_US}\n{yaml}")
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self::new()
    }
}
