//! An example request, for checks when no case has a request.

use anyhow::Result;
use serde_json::json;

use crate::kubernetes::{self, Operation, Resource, Rule};
use crate::protocol::{PolicyType, Request};

/// Returns an example of a request that a policy with these rules receives: for its first rule, or else for a Pod.
/// For a raw policy, it is an empty document.
pub(crate) fn example_request(policy_type: PolicyType, rules: &[Rule]) -> Result<Request> {
    if policy_type == PolicyType::Raw {
        return Ok(Request::Raw(json!({})));
    }
    let (resource, operation) = match rules.first().and_then(first_of) {
        Some(found) => found,
        None => ("pods".parse()?, Operation::Create),
    };
    let request = kubernetes::admission_request(&resource, operation, "example", None);
    Ok(Request::Kubernetes(Box::new(request)))
}

/// The first resource and operation of a rule.
fn first_of(rule: &Rule) -> Option<(Resource, Operation)> {
    let (group, version) = (rule.api_groups.first()?, rule.api_versions.first()?);
    let resource = format!("{group}/{version}/{}", rule.resources.first()?);
    let resource: Resource = resource.trim_start_matches('/').parse().ok()?;
    Some((resource, *rule.operations.first()?))
}
