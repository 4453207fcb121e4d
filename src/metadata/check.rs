//! The rules of rules: what `kwctl annotate` refuses, and what the cluster's webhook would refuse later.

use super::document::{Step, at};
use super::reader::{Reader, below, context};
use super::{Metadata, PolicyType};
use crate::finding::FindingName;

/// A policy for a cluster needs rules.
pub(super) fn has_rules(reader: &mut Reader<'_>, metadata: &Metadata) {
    let path = at!["rules"];
    if metadata.policy_type != PolicyType::Kubernetes || reader.document.len(&path) != 0 {
        return;
    }
    let table = reader.document.is_table();
    // That there is no list where one must be is a finding of the reader's.
    if !table && !matches!(reader.document.read::<Vec<serde::de::IgnoredAny>>(&path), Ok(Some(_))) {
        return;
    }
    let fix = if table {
        "add a `[[package.metadata.kubewarden.rules]]` with `api-groups`, `api-versions`, `resources` and `operations`; \
         a policy for other JSON says `policy-type = \"raw\"`"
    } else {
        "add a rule with `apiGroups`, `apiVersions`, `resources` and `operations`; a policy for other JSON says `policyType: raw`"
    };
    reader.error(
        FindingName::EmptyRules,
        &path,
        "there are no rules: the cluster refuses a policy that asks for no requests",
        fix,
    );
}

/// Checks one list of a rule. Kubewarden looks at resources in the order of the list and misses some conflicts;
/// Kubernetes does not, so the order does not matter here.
pub(super) fn list(reader: &mut Reader<'_>, path: &[Step], key: &str, list: &[String]) {
    not_empty(reader, path, list);
    match key {
        "resources" => resources(reader, path, list),
        "apiVersions" => {
            wildcard_alone(reader, path, list);
            for (item, _) in list.iter().enumerate().filter(|(_, version)| version.is_empty()) {
                empty_text(reader, &below(path, item), "write a version such as `v1`, or `*` for any");
            }
        }
        _ => wildcard_alone(reader, path, list),
    }
}

fn not_empty(reader: &mut Reader<'_>, path: &[Step], list: &[String]) {
    if list.is_empty() {
        let key = reader.document.spelling(path);
        reader.error(
            FindingName::EmptyList,
            path,
            format!("`{key}`{} is empty: the rule would match nothing", context(path)),
            "name at least one, or write `*` for all",
        );
    }
}

fn wildcard_alone(reader: &mut Reader<'_>, path: &[Step], list: &[String]) {
    if list.len() > 1 && list.iter().any(|item| item == "*") {
        let key = reader.document.spelling(path);
        reader.error(
            FindingName::WildcardNotAlone,
            path,
            format!("`*` in `{key}` covers the other items: Kubewarden wants it alone"),
            "keep `*`, or remove it",
        );
    }
}

fn empty_text(reader: &mut Reader<'_>, path: &[Step], fix: &str) {
    let list = reader.document.spelling(&path[..path.len() - 1]);
    reader.error(FindingName::EmptyText, path, format!("an item of `{list}` is empty"), fix);
}

/// `resource` or `resource/subresource`, of which none should cover another.
///
/// `kwctl` and Kubernetes refuse that only in some orders: elsewhere it is a warning, since one may be mended into the
/// other.
fn resources(reader: &mut Reader<'_>, path: &[Step], list: &[String]) {
    for (index, resource) in list.iter().enumerate() {
        let path = below(path, index);
        if resource.is_empty() {
            empty_text(reader, &path, "write a resource in the plural, such as `pods`");
            continue;
        }
        let covered_by = list
            .iter()
            .enumerate()
            .find(|&(other, by)| other != index && covers(by, resource, other < index));
        let Some((_, by)) = covered_by else { continue };
        let fix = format!("remove `{resource}`");
        let covered = if by == resource {
            format!("`{resource}` is written twice")
        } else {
            format!("`{resource}` is covered by `{by}`")
        };
        if is_refused(list, index) {
            reader.error(
                FindingName::ConflictingResources,
                &path,
                format!("{covered}, which Kubernetes refuses"),
                fix,
            );
        } else {
            let message = format!("{covered}: in another order, Kubernetes would refuse it");
            reader.warning(FindingName::CoveredResource, &path, message, fix);
        }
    }
}

/// Is this item the reason why a list is refused? Source: `validateResources` in k8s.io/kubernetes,
/// pkg/apis/admissionregistration/validation, which the validator of Kubewarden is a copy of.
fn is_refused(list: &[String], index: usize) -> bool {
    let resource = &list[index];
    match resource.split_once('/') {
        // Of those without a subresource, the last one decides.
        None => {
            let last = list.iter().rev().find(|item| !item.contains('/'));
            list.iter().any(|item| item == "*/*")
                || resource != "*"
                    && last.is_some_and(|last| last != "*")
                    && list.iter().any(|item| item == "*")
        }
        Some((name, subresource)) => {
            let earlier = &list[..index];
            earlier.contains(&format!("{name}/*"))
                || earlier.contains(&format!("*/{subresource}"))
                || resource != "*/*" && list.iter().any(|item| item == "*/*")
        }
    }
}

/// Does one item of a list of resources cover another? `earlier`: does it stand before it? Two wildcards that are
/// equal conflict once; two equal names do not, in Kubernetes and here.
fn covers(by: &str, resource: &str, earlier: bool) -> bool {
    if by == resource {
        return earlier && by.contains('/') && by.contains('*');
    }
    if by == "*/*" {
        return true;
    }
    match (by.split_once('/'), resource.split_once('/')) {
        // `*` is all resources without a subresource.
        (None, None) => by == "*",
        (Some(("*", by_sub)), Some((_, sub))) => by_sub == sub,
        (Some((by_name, "*")), Some((name, _))) => by_name == name,
        _ => false,
    }
}

/// Each needs to say which resource it means.
pub(super) fn context_aware_resources(reader: &mut Reader<'_>) {
    for index in 0..reader.document.len(&at!["contextAwareResources"]) {
        for key in ["apiVersion", "kind"] {
            let path = at!["contextAwareResources", index, key];
            if reader.document.read::<String>(&path).ok().flatten().is_some_and(|text| text.is_empty()) {
                let spelling = reader.document.spelling(&path);
                let example = if key == "kind" { "Pod" } else { "v1" };
                reader.error(
                    FindingName::EmptyText,
                    &path,
                    format!("`{spelling}`{} is empty", context(&path)),
                    format!("write, for example, `{example}`"),
                );
            }
        }
    }
}
