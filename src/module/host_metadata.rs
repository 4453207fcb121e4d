//! The metadata in a module, as a host reads it before it runs the policy.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{METADATA_SECTION, read_metadata};
use crate::kubernetes::Rule;
use crate::metadata::ContextAwareResource;
use crate::protocol::PolicyType;

/// What a host reads from the metadata in a module. It insists on the types of all of them, and on two being there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleMetadata {
    /// `v1` or `Unknown`.
    #[serde(default)]
    pub(crate) protocol_version: Option<ProtocolVersion>,
    /// Which requests the policy wants to see.
    pub(crate) rules: Vec<Rule>,
    /// Free text by key.
    #[serde(default)]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
    /// Does the policy say that it changes objects?
    pub(crate) mutating: bool,
    /// May the audit scanner run the policy?
    #[serde(default = "yes")]
    pub(crate) background_audit: bool,
    /// `wasi` for a policy this host can run.
    #[serde(default = "wapc")]
    pub(crate) execution_mode: String,
    /// Does the policy judge Kubernetes requests or any JSON?
    #[serde(default)]
    pub(crate) policy_type: PolicyType,
    /// What the policy reads from the cluster.
    #[serde(default)]
    pub(crate) context_aware_resources: BTreeSet<ContextAwareResource>,
    /// What the policy asks of the host.
    #[serde(default)]
    pub(crate) host_capabilities: Option<BTreeSet<String>>,
    /// The oldest host that runs the policy.
    #[serde(default)]
    pub(crate) minimum_kubewarden_version: Option<semver::Version>,
}

/// How a policy of another kind is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum ProtocolVersion {
    /// The one of waPC policies.
    #[serde(rename = "v1")]
    V1,
    /// That of all others.
    Unknown,
}

fn yes() -> bool {
    true
}

/// What a host takes where nothing is said.
fn wapc() -> String {
    "kubewarden-wapc".to_owned()
}

impl ModuleMetadata {
    /// Reads it from a module; `None` if it has none, so that a host takes it for another kind of policy.
    pub(crate) fn read(wasm: &[u8]) -> Result<Option<Self>> {
        let sections = read_metadata(wasm)?;
        let Some(section) = sections.first() else { return Ok(None) };
        serde_json::from_slice(section).map(Some).with_context(|| {
            format!("cannot deserialize custom section `{}` of wasm module", METADATA_SECTION)
        })
    }
}
