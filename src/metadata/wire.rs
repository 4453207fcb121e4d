//! Kubewarden's metadata as it is written and read, in `metadata.yml` and in modules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::kubernetes::Rule;
use crate::protocol::PolicyType;
use crate::yaml;

/// What Kubewarden knows about a policy. Keys are in the order in which `kwctl` writes them into a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Always `Unknown` for a WASI policy.
    #[serde(default)]
    protocol_version: Option<ProtocolVersion>,
    /// Selects the requests that the policy receives. Empty for a raw policy.
    pub rules: Vec<Rule>,
    /// Strings by key; [`super::key`] has the keys with a meaning.
    #[serde(default, deserialize_with = "null_or_map")]
    pub annotations: BTreeMap<String, String>,
    /// Whether the policy changes objects.
    pub mutating: bool,
    /// Whether the audit scanner may run the policy.
    #[serde(default = "background_audit")]
    pub background_audit: bool,
    /// The execution mode, which is `wasi` for a policy that this tool can run.
    #[serde(default = "execution_mode")]
    pub(crate) execution_mode: String,
    /// Whether the policy evaluates Kubernetes requests or any JSON.
    #[serde(default)]
    pub policy_type: PolicyType,
    /// The resources that the policy reads from the cluster.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<ContextAwareResource>,
    /// The host capabilities that the policy uses, if they are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host_capabilities: Option<BTreeSet<String>>,
    /// The oldest host that runs the policy, if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<semver::Version>,
}

/// The version of the protocol between host and policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ProtocolVersion {
    /// The version of waPC policies.
    #[serde(rename = "v1")]
    V1,
    /// The version of all other policies.
    Unknown,
}

/// A kind of resource a policy reads from the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextAwareResource {
    /// The API version, such as `v1` or `apps/v1`.
    pub api_version: String,
    /// The kind, such as `Pod`.
    pub kind: String,
}

fn null_or_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn background_audit() -> bool {
    true
}

/// The mode that a host assumes by default.
fn execution_mode() -> String {
    "kubewarden-wapc".to_owned()
}

impl Metadata {
    /// Creates metadata without rules and annotations, for a policy that does not mutate.
    pub fn new() -> Self {
        Self {
            protocol_version: Some(ProtocolVersion::Unknown),
            rules: Vec::new(),
            annotations: BTreeMap::new(),
            mutating: false,
            background_audit: true,
            execution_mode: "wasi".to_owned(),
            policy_type: PolicyType::default(),
            context_aware_resources: BTreeSet::new(),
            host_capabilities: None,
            minimum_kubewarden_version: None,
        }
    }

    /// Returns the JSON of the section `io.kubewarden.metadata`: compact, with keys in the order of `kwctl`.
    pub(crate) fn to_section(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("metadata has string keys only and no fallible serializer")
    }

    /// Returns the content of `metadata.yml` without its first line. Keys are in the order of Kubewarden's templates.
    pub(super) fn to_file(&self) -> String {
        const ORDER: [&str; 9] = [
            "rules",
            "mutating",
            "executionMode",
            "policyType",
            "backgroundAudit",
            "contextAwareResources",
            "hostCapabilities",
            "minimumKubewardenVersion",
            "annotations",
        ];
        let proof = "metadata has string keys only and no fallible serializer";
        let mut keys: yaml_serde::Mapping =
            yaml_serde::to_value(self).and_then(yaml_serde::from_value).expect(proof);
        if self.context_aware_resources.is_empty() {
            keys.remove("contextAwareResources");
        }
        let ordered: yaml_serde::Mapping =
            ORDER.into_iter().filter_map(|key| Some((key.into(), keys.remove(key)?))).collect();
        yaml::to_string(&ordered).expect(proof)
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self::new()
    }
}
