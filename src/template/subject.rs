//! The resources and operations that a policy sees, parsed from what people type.

use super::objection::Objection;
use crate::kubernetes::{self, Operation, Resource};

/// The name for [`WORKLOADS`] as a whole.
pub(crate) const ALL_WORKLOADS: &str = "workloads";

/// Pods, and all of Kubernetes' own resources that create them.
const WORKLOADS: [&str; 8] = [
    "pods",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicationcontrollers",
    "jobs.batch",
    "cronjobs.batch",
];

/// The resources typed, each once, in the order of first mention.
pub(super) fn resources(typed: &[String]) -> Result<Vec<Resource>, Objection> {
    let mut resources = Vec::new();
    for word in typed {
        let words = if word.eq_ignore_ascii_case(ALL_WORKLOADS) { &WORKLOADS[..] } else { &[word.as_str()] };
        for word in words {
            let resource = word.parse::<Resource>()?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
    }
    Ok(resources)
}

/// The operations typed, each once.
pub(super) fn operations(typed: &[String]) -> Result<Vec<Operation>, Objection> {
    let mut operations = Vec::new();
    for word in typed {
        let operation = word.parse::<Operation>()?;
        if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    Ok(operations)
}

/// Is it one resource, with a type in the crate `k8s-openapi`?
pub(super) fn has_type(typed: &[String]) -> bool {
    resources(typed).is_ok_and(|resources| matches!(&*resources, [one] if one.k8s_openapi_path().is_some()))
}

/// `pods`, `pods and services`; `workloads`, or `objects`, for more than can be named in a line.
pub(super) fn nouns(resources: &[Resource]) -> String {
    const NAMED: usize = 3;
    const LONG: usize = 60;
    // A resource and its subresources are one noun.
    let mut names: Vec<&str> = Vec::new();
    for name in resources.iter().map(Resource::plural) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let is_workload = |resource: &Resource| WORKLOADS.iter().any(|word| word.parse() == Ok(resource.clone()));
    match names.as_slice() {
        [] => "documents".to_owned(),
        _ if names.contains(&"*") => "objects".to_owned(),
        _ if names.len() > NAMED && resources.iter().all(is_workload) => ALL_WORKLOADS.to_owned(),
        _ if names.len() > NAMED || names.iter().map(|name| name.len()).sum::<usize>() > LONG => {
            "objects".to_owned()
        }
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

impl From<kubernetes::Error> for Objection {
    fn from(error: kubernetes::Error) -> Self {
        Self::new(&error, error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(typed: &[&str]) -> Vec<Resource> {
        let typed: Vec<_> = typed.iter().map(|word| (*word).to_owned()).collect();
        resources(&typed).unwrap()
    }

    #[test]
    fn a_resource_named_twice_is_one() {
        assert_eq!(seen(&["pods", "po", "services", "v1/pods"]), seen(&["pods", "services"]));
        assert_eq!(seen(&["pods", "workloads", "deploy"]).len(), WORKLOADS.len());
    }

    #[test]
    fn a_description_stays_short_whatever_the_policy_sees() {
        let long = format!("example.com/v1/{}", "x".repeat(63));
        for (typed, expected) in [
            (&["pods"][..], "pods"),
            (&["pods", "services"], "pods and services"),
            (&["pods", "services", "secrets"], "pods, services and secrets"),
            (&["pods", "services", "secrets", "nodes"], "objects"),
            (&["pods", "deploy", "rs", "sts"], "workloads"),
            (&["workloads"], "workloads"),
            (&["pods", "pods/ephemeralcontainers"], "pods"),
            (&["pods/exec", "services", "pods/attach", "services/proxy"], "pods and services"),
            (&["events", "events.events.k8s.io"], "events"),
            (&["workloads", "services"], "objects"),
            (&["*"], "objects"),
            (&[long.as_str()], "objects"),
        ] {
            assert_eq!(nouns(&seen(typed)), expected, "{typed:?}");
        }
    }
}
