//! What an `AdmissionPolicy`, which is for the requests of one namespace, cannot see.

use crate::error::name_list;
use crate::finding::{Finding, FindingName};
use crate::kubernetes;
use crate::metadata::Metadata;

/// A warning about the rules for resources that are in no namespace; `None` if there are none.
pub(crate) fn find_cluster_wide(metadata: &Metadata, namespace: &str) -> Option<Finding> {
    let mut found: Vec<&str> = Vec::new();
    for rule in &metadata.rules {
        let is_cluster_wide = |name: &&String| kubernetes::is_cluster_wide(name, &rule.api_groups);
        for name in rule.resources.iter().filter(is_cluster_wide) {
            if !found.contains(&name.as_str()) && found.len() < 10 {
                found.push(name);
            }
        }
    }
    (!found.is_empty()).then(|| {
        Finding::warning(
            FindingName::NamespacedClusterResource,
            format!(
                "an AdmissionPolicy is for the requests of its namespace, here `{namespace}`, and these resources of the \
                 rules are in none: {}",
                name_list(found)
            ),
            "deploy it without `--namespace`, as a ClusterAdmissionPolicy, or remove them from the rules",
        )
    })
}
