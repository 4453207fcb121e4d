//! Writes the resource that deploys a policy.

use std::collections::BTreeMap;

use serde::Serialize;
use yaml_serde::Mapping;

use super::API_VERSION;
use crate::kubernetes::Rule;
use crate::metadata::{ContextAwareResource, Metadata, key};
use crate::protocol::{Mode, PolicyType};
use crate::yaml;

/// A policy to deploy, and how to deploy it.
#[derive(Debug)]
pub struct Deployment<'a> {
    /// The name of the resource, which must be valid in Kubernetes.
    pub name: &'a str,
    /// The location of the module, such as `registry://ghcr.io/acme/policies/demo:v0.1.0`.
    pub module: &'a str,
    /// The metadata of the policy.
    pub metadata: &'a Metadata,
    /// The choices of the operator.
    pub choices: &'a Choices,
}

/// The operator's choices for a policy. Nothing is set by default, so that the cluster's defaults apply.
#[derive(Debug, Default)]
pub struct Choices {
    /// The namespace of an `AdmissionPolicy`; `None` for a `ClusterAdmissionPolicy`.
    pub namespace: Option<String>,
    /// The settings of the policy, in the order in which they were written. JSON can hold all of them.
    pub settings: Mapping,
    /// Whether requests are rejected, or rejections are only logged.
    pub mode: Option<Mode>,
    /// The name of the policy server that runs the policy.
    pub policy_server: Option<String>,
}

impl Deployment<'_> {
    /// Returns one YAML document, without `---`. A comment names the oldest Kubewarden that can run the policy.
    pub fn to_yaml(&self) -> String {
        let yaml = match self.metadata.policy_type {
            PolicyType::Kubernetes => yaml::to_string(&self.resource()),
            PolicyType::Raw => yaml::to_string(&BTreeMap::from([(self.name, self.server_entry())])),
        };
        let yaml = yaml.expect("only strings, lists, booleans, and settings that JSON can hold");
        match &self.metadata.minimum_kubewarden_version {
            // The resource has no field for the version: a host that is too old refuses the module.
            Some(version) => format!("# Needs Kubewarden {version} or later.\n{yaml}"),
            None => yaml,
        }
    }

    fn resource(&self) -> PolicyResource<'_> {
        let Self { metadata, choices, .. } = *self;
        let annotations: BTreeMap<_, _> = [key::CATEGORY, key::SEVERITY]
            .into_iter()
            .filter_map(|key| Some((key, metadata.annotation(key)?)))
            .collect();
        let namespace = choices.namespace.as_deref();
        PolicyResource {
            api_version: API_VERSION,
            kind: if namespace.is_some() { "AdmissionPolicy" } else { "ClusterAdmissionPolicy" },
            metadata: ResourceMetadata {
                annotations: Some(annotations).filter(|map| !map.is_empty()),
                name: self.name,
                namespace,
            },
            spec: Spec {
                module: self.module,
                policy_server: choices.policy_server.as_deref(),
                mode: choices.mode,
                settings: &choices.settings,
                rules: &metadata.rules,
                mutating: metadata.mutating,
                background_audit: (!metadata.background_audit).then_some(false),
                // The schema of an AdmissionPolicy has no such field.
                context_aware_resources: self.context_aware_resources().filter(|_| namespace.is_none()),
            },
        }
    }

    fn server_entry(&self) -> ServerEntry<'_> {
        ServerEntry {
            module: self.module,
            policy_mode: self.choices.mode,
            settings: &self.choices.settings,
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
struct PolicyResource<'a> {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    module: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    settings: &'a Mapping,
    rules: &'a [Rule],
    mutating: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    background_audit: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_aware_resources: Option<Vec<&'a ContextAwareResource>>,
}

/// An entry of `policies.yml`. Booleans are written even if they are the default of a policy server.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerEntry<'a> {
    module: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_mode: Option<Mode>,
    settings: &'a Mapping,
    allowed_to_mutate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_aware_resources: Option<Vec<&'a ContextAwareResource>>,
}
