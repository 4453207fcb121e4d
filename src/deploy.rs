//! What deploys a policy: the Kubernetes resource, or, for a raw policy, which no cluster resource can deploy, the
//! entry for a policy server's `policies.yml`.
//!
//! Source: the CRDs of Kubewarden 1.36 and `kwctl scaffold manifest`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::kubernetes::Rule;
use crate::metadata::{ContextAwareResource, Metadata, PolicyType, key};

/// First line of every manifest we write. A file without it is somebody's own.
pub const WRITTEN_BY_US: &str =
    "# Written by `cargo kw-wasi build`: settings and mode are yours to add in a copy.";

/// What to deploy under which name.
#[derive(Debug)]
pub struct Deployment<'a> {
    /// A name Kubernetes accepts.
    pub name: &'a str,
    /// Where the cluster finds the module, such as `registry://ghcr.io/acme/policies/demo:v0.1.0`.
    pub module: &'a str,
    /// What the policy is.
    pub metadata: &'a Metadata,
}

impl Deployment<'_> {
    /// The YAML text, first line [`WRITTEN_BY_US`].
    pub fn to_yaml(&self) -> String {
        let yaml = match self.metadata.policy_type {
            PolicyType::Kubernetes => yaml_serde::to_string(&self.resource()),
            PolicyType::Raw => yaml_serde::to_string(&BTreeMap::from([(self.name, self.server_entry())])),
        };
        format!("{WRITTEN_BY_US}\n{}", yaml.expect("only text, lists and booleans, which YAML can hold"))
    }

    fn resource(&self) -> Resource<'_> {
        let metadata = self.metadata;
        let annotations: BTreeMap<_, _> = [key::CATEGORY, key::SEVERITY]
            .into_iter()
            .filter_map(|key| Some((key, metadata.annotation(key)?)))
            .collect();
        Resource {
            api_version: "policies.kubewarden.io/v1",
            kind: "ClusterAdmissionPolicy",
            metadata: ResourceMetadata {
                annotations: Some(annotations).filter(|map| !map.is_empty()),
                name: self.name,
            },
            spec: Spec {
                module: self.module,
                settings: Settings {},
                rules: &metadata.rules,
                mutating: metadata.mutating,
                background_audit: (!metadata.background_audit).then_some(false),
                context_aware_resources: self.context_aware_resources(),
            },
        }
    }

    fn server_entry(&self) -> ServerEntry<'_> {
        ServerEntry {
            module: self.module,
            settings: Settings {},
            allowed_to_mutate: self.metadata.mutating,
            context_aware_resources: self.context_aware_resources(),
        }
    }

    fn context_aware_resources(&self) -> Option<Vec<&ContextAwareResource>> {
        let resources: Vec<_> = self.metadata.context_aware_resources.iter().collect();
        (!resources.is_empty()).then_some(resources)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: ResourceMetadata<'a>,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct ResourceMetadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<&'a str, &'a str>>,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    module: &'a str,
    settings: Settings,
    rules: &'a [Rule],
    mutating: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    background_audit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_aware_resources: Option<Vec<&'a ContextAwareResource>>,
}

/// Always empty: settings are the operator's.
#[derive(Serialize)]
struct Settings {}

/// An entry of `policies.yml`. `false` is what a policy server assumes, but it is better said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerEntry<'a> {
    module: &'a str,
    settings: Settings,
    allowed_to_mutate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_aware_resources: Option<Vec<&'a ContextAwareResource>>,
}
