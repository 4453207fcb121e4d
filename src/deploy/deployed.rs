//! Reads a resource that deploys a policy.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::API_VERSION;
use crate::error::failure;
use crate::kubernetes::{Coverage, CoveringRule, LabelSelector, MatchPolicy};
use crate::protocol::{Installation, Mutation, Settings};
use crate::yaml;

/// How a resource that deploys a policy configures it.
#[derive(Debug)]
pub struct Deployed {
    /// What the resource does with the policy's answers.
    pub(crate) installation: Installation,
    /// The settings of the policy.
    pub(crate) settings: Settings,
    /// What the policy is asked about, but for `matchConditions`.
    pub(crate) coverage: Coverage,
    /// Are there `matchConditions`?
    pub(crate) has_conditions: bool,
    /// `timeoutEvalSeconds`, for each evaluation.
    pub(crate) time_limit: Option<Duration>,
}

/// Kinds of resources that deploy one policy, and kinds that deploy a group of policies.
const KINDS: [&str; 2] = ["ClusterAdmissionPolicy", "AdmissionPolicy"];
const GROUP_KINDS: [&str; 2] = ["ClusterAdmissionPolicyGroup", "AdmissionPolicyGroup"];

impl Deployed {
    /// Reads the one resource in a YAML file that deploys a policy, by the rules of Kubewarden's own tools.
    ///
    /// # Errors
    ///
    /// Fails if there is none or more than one, if a field has the wrong type, or if `kwctl` would refuse to run it.
    pub fn from_yaml(yaml: &str) -> Result<Self> {
        let documents = yaml::parse_all(yaml)?;
        let kind = |document: &Value, kinds: &[&str]| {
            document["kind"].as_str().is_some_and(|kind| kinds.contains(&kind))
        };
        let documents: Vec<_> = documents.into_iter().map(|node| (node.to_json(), node)).collect();
        let mut policies: Vec<_> = documents.iter().filter(|(document, _)| kind(document, &KINDS)).collect();
        if policies.len() > 1 {
            bail!("the file has {} policies, and only one can be run", policies.len());
        }
        let Some((policy, node)) = policies.pop() else {
            return Err(if documents.iter().any(|(document, _)| kind(document, &GROUP_KINDS)) {
                anyhow!("it deploys a policy group, whose policies cannot be run alone")
            } else {
                failure(
                    "the file has no policy",
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
            None => bail!("it has no `apiVersion`: write `apiVersion: {API_VERSION}`"),
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
        let seconds = field::<Option<u64>>(spec, "spec", "timeoutEvalSeconds")?.flatten();
        let conditions = field::<Option<Vec<Value>>>(spec, "spec", "matchConditions")?.flatten();
        Ok(Self {
            installation,
            settings: spec["settings"].clone().try_into()?,
            coverage: coverage(policy)?,
            has_conditions: conditions.is_some_and(|conditions| !conditions.is_empty()),
            time_limit: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        })
    }
}

fn coverage(policy: &Value) -> Result<Coverage> {
    let spec = &policy["spec"];
    let selector = |key| -> Result<LabelSelector> {
        Ok(field::<Option<LabelSelector>>(spec, "spec", key)?.flatten().unwrap_or_default())
    };
    let is_namespaced = policy["kind"] == "AdmissionPolicy";
    let namespace = field::<Option<String>>(&policy["metadata"], "metadata", "namespace")?.flatten();
    Ok(Coverage {
        rules: field::<Option<Vec<CoveringRule>>>(spec, "spec", "rules")?.flatten().unwrap_or_default(),
        match_policy: field::<Option<MatchPolicy>>(spec, "spec", "matchPolicy")?
            .flatten()
            .unwrap_or_default(),
        object_selector: selector("objectSelector")?,
        // A policy in a namespace has no selector of its own.
        namespace_selector: if is_namespaced {
            LabelSelector::default()
        } else {
            selector("namespaceSelector")?
        },
        namespace: namespace.filter(|_| is_namespaced),
    })
}

/// Reads the value of a key, if there is one.
fn field<T: DeserializeOwned>(of: &Value, named: &str, key: &str) -> Result<Option<T>> {
    let Some(value) = of.get(key) else { return Ok(None) };
    T::deserialize(value).map(Some).with_context(|| format!("could not read `{named}.{key}`"))
}
