//! What deploys a policy: the Kubernetes resource, or, for a raw policy, which no cluster resource can deploy, the
//! entry for a policy server's `policies.yml`.
//!
//! Source: the CRDs of Kubewarden 1.36 and `kwctl scaffold manifest`.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use yaml_serde::Mapping;

use crate::error::failure;
use crate::kubernetes::Rule;
use crate::metadata::{ContextAwareResource, Metadata, PolicyType, key};
use crate::protocol::{Installation, Mode, Mutation, Settings as PolicySettings};
use crate::yaml;

pub mod artifacthub;

/// First line of every manifest we write. A file without it is somebody's own.
pub const WRITTEN_BY_US: &str =
    "# Written by `cargo kw-wasi build`: settings and mode are yours to add in a copy.";

const API_VERSION: &str = "policies.kubewarden.io/v1";

/// What to deploy under which name.
#[derive(Debug)]
pub struct Deployment<'a> {
    /// A name Kubernetes accepts.
    pub name: &'a str,
    /// Where the cluster finds the module, such as `registry://ghcr.io/acme/policies/demo:v0.1.0`.
    pub module: &'a str,
    /// What the policy is.
    pub metadata: &'a Metadata,
    /// What the operator decides.
    pub choices: &'a Choices,
}

/// What the operator decides about a policy. By default nothing: the cluster has a default for each.
#[derive(Debug, Default)]
pub struct Choices {
    /// The namespace an `AdmissionPolicy` is for; `None` makes it a `ClusterAdmissionPolicy`.
    pub namespace: Option<String>,
    /// Settings of the policy, in the order in which they were written, and of what JSON can hold.
    pub settings: Mapping,
    /// Are requests rejected, or is that only reported?
    pub mode: Option<Mode>,
    /// Name of the policy server that runs the policy.
    pub policy_server: Option<String>,
}

/// Where the cluster finds the module of a policy of this version once it is pushed; `None` when the metadata do not
/// name a registry.
pub fn module_in_registry(metadata: &Metadata, version: Option<&str>) -> Option<String> {
    Some(format!("registry://{}:v{}", metadata.annotation(key::OCI_URL)?, version?))
}

/// The error that the metadata do not name a registry. `instead` is what does without.
pub fn no_registry(message: impl Display, instead: &str) -> anyhow::Error {
    failure(
        message,
        format!(
            "{instead}, or write the registry into the metadata (`registry` in `[package.metadata.kubewarden]`, or the \
             annotation `{}` in `metadata.yml`)",
            key::OCI_URL
        ),
    )
}

impl Deployment<'_> {
    /// The YAML text: one document, no line in front. A comment says which hosts are too old.
    pub fn to_yaml(&self) -> String {
        let yaml = match self.metadata.policy_type {
            PolicyType::Kubernetes => yaml::to_string(&self.resource()),
            PolicyType::Raw => yaml::to_string(&BTreeMap::from([(self.name, self.server_entry())])),
        };
        let yaml = yaml.expect("only text, lists, booleans, and settings that JSON can hold");
        match &self.metadata.minimum_kubewarden_version {
            // No field of the resource says it: a host that is too old refuses the module.
            Some(version) => format!("# Needs Kubewarden {version} or later.\n{yaml}"),
            None => yaml,
        }
    }

    fn resource(&self) -> Resource<'_> {
        let Self { metadata, choices, .. } = *self;
        let annotations: BTreeMap<_, _> = [key::CATEGORY, key::SEVERITY]
            .into_iter()
            .filter_map(|key| Some((key, metadata.annotation(key)?)))
            .collect();
        let namespace = choices.namespace.as_deref();
        Resource {
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
                // Nobody can grant it to a policy of a namespace: its schema has no such field.
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

/// An entry of `policies.yml`. `false` is what a policy server assumes, but it is better said.
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

/// What a resource that deploys a policy says about running it.
#[derive(Debug)]
pub struct Deployed {
    /// What it makes of the policy's answers.
    pub installation: Installation,
    /// How it configures the policy.
    pub settings: PolicySettings,
}

/// Kinds of resources that deploy one policy, and those that deploy several in one expression.
const KINDS: [&str; 2] = ["ClusterAdmissionPolicy", "AdmissionPolicy"];
const GROUP_KINDS: [&str; 2] = ["ClusterAdmissionPolicyGroup", "AdmissionPolicyGroup"];

impl Deployed {
    /// Reads the one resource in a YAML text that deploys a policy, by the rules of Kubewarden's own tools.
    ///
    /// # Errors
    ///
    /// When there is none or more than one, when a field has the wrong type, and for what `kwctl` refuses to run.
    pub fn from_yaml(yaml: &str) -> Result<Self> {
        let documents = yaml::parse_all(yaml)?;
        let kind = |document: &Value, kinds: &[&str]| {
            document["kind"].as_str().is_some_and(|kind| kinds.contains(&kind))
        };
        let documents: Vec<_> = documents.into_iter().map(|node| (node.to_json(), node)).collect();
        let mut policies: Vec<_> = documents.iter().filter(|(document, _)| kind(document, &KINDS)).collect();
        if policies.len() > 1 {
            bail!("there are {} policies in it, and one is run", policies.len());
        }
        let Some((policy, node)) = policies.pop() else {
            return Err(if documents.iter().any(|(document, _)| kind(document, &GROUP_KINDS)) {
                anyhow!("it deploys a group of policies, of which none is run alone")
            } else {
                failure(
                    "there is no policy in it",
                    "name a file with a `ClusterAdmissionPolicy` or an `AdmissionPolicy`",
                )
            });
        };
        if let Some(repeated) = node.repeated_key() {
            bail!("line {}: `{}` is written twice", repeated.line, repeated.key);
        }
        Self::of_resource(policy)
    }

    fn of_resource(policy: &Value) -> Result<Self> {
        match policy["apiVersion"].as_str() {
            Some(API_VERSION) => {}
            Some(other) => {
                return Err(failure(
                    format!("its `apiVersion` is `{other}`"),
                    format!("write `apiVersion: {API_VERSION}`"),
                ));
            }
            None => bail!("it has no `apiVersion`, which is `{API_VERSION}`"),
        }
        let spec = &policy["spec"];
        let mutating = field::<bool>(spec, "spec", "mutating")?.unwrap_or_default();
        let name = field::<Option<String>>(&policy["metadata"], "metadata", "name")?.flatten();
        let installation = Installation {
            id: name.unwrap_or_else(|| "crd-without-name".to_owned()),
            mode: field(spec, "spec", "mode")?.unwrap_or_default(),
            mutation: if mutating { Mutation::Allowed } else { Mutation::Forbidden },
            message: field::<Option<String>>(spec, "spec", "message")?.flatten(),
        };
        Ok(Self { installation, settings: spec["settings"].clone().try_into()? })
    }
}

/// What a resource says under a key, if it says anything.
fn field<T: DeserializeOwned>(of: &Value, named: &str, key: &str) -> Result<Option<T>> {
    let Some(value) = of.get(key) else { return Ok(None) };
    T::deserialize(value).map(Some).with_context(|| format!("could not read `{named}.{key}`"))
}
