//! Checks of rules: what `kwctl annotate` refuses, and what the cluster's webhook would refuse later.

use std::collections::HashMap;

use crate::finding::FindingName;
use crate::kubernetes;
use crate::yaml::Fields;

use super::reader::{Item, MetadataReader, within};

/// Checks one list of a rule. Kubewarden looks at resources in the order of the list and misses some conflicts;
/// Kubernetes does not, so the order does not matter here.
pub(super) fn list(reader: &mut MetadataReader<'_>, rule: &Fields<'_>, key: &str, list: &[Item]) {
    let Some(entry) = rule.find(key) else { return };
    let spelling = &entry.key;
    if list.is_empty() {
        let message = format!("`{spelling}`{} is empty: the rule would match nothing", within(rule));
        let fix = "name at least one, or write `*` for all";
        reader.reader.error(FindingName::EmptyList, entry.line, message, fix);
    }
    if key == "resources" {
        return resources(reader, spelling, list);
    }
    if list.len() > 1 && list.iter().any(|item| item.text == "*") {
        let message =
            format!("`*` in `{spelling}` covers the other items: Kubewarden requires it to be alone");
        let fix = "keep `*`, or remove it";
        reader.reader.error(FindingName::WildcardNotAlone, entry.line, message, fix);
    }
    if key == "apiVersions" {
        for item in list.iter().filter(|item| item.text.is_empty()) {
            empty_text(reader, spelling, item, "write a version such as `v1`, or `*` for any");
        }
    }
}

fn empty_text(reader: &mut MetadataReader<'_>, list: &str, item: &Item, fix: &str) {
    reader.reader.error(FindingName::EmptyText, item.line, format!("an item of `{list}` is empty"), fix);
}

/// Checks the names of a rule: the API server accepts them whatever they are, and they may match nothing.
pub(super) fn names(reader: &mut MetadataReader<'_>, groups: &[Item], versions: &[Item], resources: &[Item]) {
    /// More would not be read by anybody, and a module may have thousands.
    const MOST: usize = 20;
    let texts = |items: &[Item]| match items.len() {
        0..=MOST => items.iter().map(|item| item.text.clone()).collect(),
        _ => vec!["*".to_owned()],
    };
    let (group_names, version_names) = (texts(groups), texts(versions));
    let of_groups = groups.iter().map(|item| (item, kubernetes::misnamed_group(&item.text)));
    let of_versions = versions.iter().map(|item| (item, kubernetes::misnamed_version(&item.text)));
    let of_resources = resources
        .iter()
        .map(|item| (item, kubernetes::misnamed_resource(&item.text, &group_names, &version_names)));
    let found = of_groups.chain(of_versions).chain(of_resources);
    for (item, finding) in found.filter_map(|(item, finding)| Some((item, finding?))).take(MOST) {
        reader.reader.warning(finding.name, item.line, finding.message, finding.fix);
    }
}

/// Checks items of the form `resource` or `resource/subresource`, of which none should cover another.
///
/// `kwctl` and Kubernetes refuse this only in some orders. In the others, it is a warning, because the next edit may
/// change the order.
fn resources(reader: &mut MetadataReader<'_>, key: &str, list: &[Item]) {
    let resources = Resources::of(list);
    for (index, item) in list.iter().enumerate() {
        let resource = item.text.as_str();
        if resource.is_empty() {
            empty_text(reader, key, item, "write a resource in the plural, such as `pods`");
            continue;
        }
        let Some(by) = resources.covering(resource, index) else { continue };
        let fix = format!("remove `{resource}`");
        let covered = if by == resource {
            format!("`{resource}` is written twice")
        } else {
            format!("`{resource}` is covered by `{by}`")
        };
        if resources.is_refused(resource, index) {
            let message = format!("{covered}, which Kubernetes refuses");
            reader.reader.error(FindingName::ConflictingResources, item.line, message, fix);
        } else {
            let message = format!("{covered}: in another order, Kubernetes would refuse it");
            reader.reader.warning(FindingName::CoveredResource, item.line, message, fix);
        }
    }
}

/// The resources of a rule, and where each of them first appears.
struct Resources<'a> {
    first: HashMap<&'a str, usize>,
    /// The last resource without a subresource.
    last_whole: Option<&'a str>,
}

impl<'a> Resources<'a> {
    fn of(list: &'a [Item]) -> Self {
        let mut first = HashMap::new();
        for (index, item) in list.iter().enumerate() {
            first.entry(item.text.as_str()).or_insert(index);
        }
        let last_whole = list.iter().rev().map(|item| item.text.as_str()).find(|text| !text.contains('/'));
        Self { first, last_whole }
    }

    fn has(&self, resource: &str) -> bool {
        self.first.contains_key(resource)
    }

    fn has_before(&self, resource: &str, index: usize) -> bool {
        self.first.get(resource).is_some_and(|first| *first < index)
    }

    /// Returns the first resource of the list that covers this one. Two equal wildcards conflict once; two equal
    /// names do not conflict, in Kubernetes and here.
    fn covering(&self, resource: &str, index: usize) -> Option<&'a str> {
        let wider = match resource.split_once('/') {
            // `*` is all resources without a subresource.
            None => vec!["*".to_owned(), "*/*".to_owned()],
            Some((name, subresource)) => {
                vec![format!("{name}/*"), format!("*/{subresource}"), "*/*".to_owned()]
            }
        };
        let wider = wider.iter().filter(|wider| *wider != resource).map(String::as_str);
        let is_wildcard = resource.contains('/') && resource.contains('*');
        let repeated = (is_wildcard && self.has_before(resource, index)).then_some(resource);
        let found = wider.chain(repeated).filter_map(|by| self.first.get_key_value(by));
        found.min_by_key(|(_, first)| **first).map(|(by, _)| *by)
    }

    /// Whether a list is refused because of this resource. Source: `validateResources` in k8s.io/kubernetes,
    /// pkg/apis/admissionregistration/validation, which Kubewarden's validator is a copy of.
    fn is_refused(&self, resource: &str, index: usize) -> bool {
        match resource.split_once('/') {
            // Among the resources without a subresource, the last one decides.
            None => {
                self.has("*/*")
                    || resource != "*" && self.last_whole.is_some_and(|last| last != "*") && self.has("*")
            }
            Some((name, subresource)) => {
                self.has_before(&format!("{name}/*"), index)
                    || self.has_before(&format!("*/{subresource}"), index)
                    || resource != "*/*" && self.has("*/*")
            }
        }
    }
}
