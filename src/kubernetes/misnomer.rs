//! Names in rules that the API server accepts although they match nothing.
//!
//! Sources: what an API server 1.34 accepts in a webhook configuration; the validation of
//! `CustomResourceDefinition` for names; [`BUILT_IN`] for what Kubernetes serves.

use super::builtin::{self, BUILT_IN, BuiltIn};
use super::error::{alternatives, quoted};
use super::names;
use crate::finding::{Finding, FindingName};

/// The versions whose resources are known here.
const KNOWN: &str = "Kubernetes 1.34 to 1.37";

/// A group that no cluster has; `None` if one may have it. That of a custom resource has a dot.
pub(crate) fn misnamed_group(group: &str) -> Option<Finding> {
    let is_valid = names::is_group(group);
    let is_built_in = || builtin::of_group(group).next().is_some() || group == "extensions";
    if group.is_empty() || group == "*" || is_valid && (group.contains('.') || is_built_in()) {
        return None;
    }
    let fix = match (group.split_once('/'), tidy(group)) {
        (Some((group, version)), _) if names::is_group(group) => {
            format!("write the group {} and, in its own list, the version {}", quoted(group), quoted(version))
        }
        (None, Some(tidy)) if tidy == "core" || names::is_version(&tidy) => {
            "write `\"\"` for the core group".to_owned()
        }
        (None, Some(tidy)) if !is_valid && names::is_group(&tidy) => format!("write {}", quoted(&tidy)),
        _ if is_valid => "write the group that `kubectl api-resources` shows".to_owned(),
        _ => LIST.to_owned(),
    };
    Some(invalid("an API group", group, fix))
}

/// A version that no cluster has; `None` if one may have it. An empty one is refused, and not looked at here.
pub(crate) fn misnamed_version(version: &str) -> Option<Finding> {
    if version.is_empty() || version == "*" || names::is_resource(version) {
        return None;
    }
    let fix = match (version.split_once('/'), tidy(version)) {
        (Some((group, version)), _) if names::is_resource(version) => {
            format!("write the version {} and, in its own list, the group {}", quoted(version), quoted(group))
        }
        (None, Some(tidy)) if names::is_resource(&tidy) => format!("write {}", quoted(&tidy)),
        _ => LIST.to_owned(),
    };
    Some(invalid("an API version", version, fix))
}

/// A resource, or a resource and a subresource, that no cluster has in any of these groups and versions; `None` if one
/// may have it. An empty one is refused, and not looked at here.
pub(crate) fn misnamed_resource(resource: &str, groups: &[String], versions: &[String]) -> Option<Finding> {
    let (name, subresource) = match resource.split_once('/') {
        Some((name, subresource)) => (name, Some(subresource)),
        None => (resource, None),
    };
    let is_valid = |part: &str| part == "*" || names::is_resource(part);
    if !is_valid(name) || !subresource.is_none_or(is_valid) {
        return (!resource.is_empty()).then(|| invalid("a resource", resource, instead_of(resource)));
    }
    // A group that matches nothing is a finding of its own.
    let groups: Vec<_> = groups.iter().filter(|group| misnamed_group(group).is_none()).cloned().collect();
    let is_known = groups.iter().all(|group| builtin::of_group(group).next().is_some());
    let is_preview = |version: &String| version.contains("alpha") || version.contains("beta");
    // Groups that are not built in, and previews, have resources that are not listed.
    if name == "*" || !is_known || groups.is_empty() || versions.iter().any(is_preview) {
        return None;
    }
    let own: Vec<_> = groups.iter().filter_map(|group| find(group, name)).collect();
    if own.is_empty() {
        return Some(absent(resource, name, &groups));
    }
    let is_served = |built_in: &&BuiltIn| {
        versions.iter().any(|version| version == "*" || built_in.versions.contains(&version.as_str()))
    };
    let is_misnamed = versions.iter().any(|version| misnamed_version(version).is_some());
    (!versions.is_empty() && !is_misnamed && !own.iter().any(is_served)).then(|| {
        let version = quoted(own[0].preferred_version());
        let message = format!("{KNOWN} does not serve {} as {}", quoted(name), alternatives(versions));
        Finding::warning(FindingName::UnknownResource, message, format!("add the version {version}"))
    })
}

/// A kind that no cluster has in this API version, such as `apps/v1`; `None` if one may have it.
pub(crate) fn misnamed_kind(api_version: &str, kind: &str) -> Option<Finding> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    if misnamed_group(group).is_some() || group == "*" || !names::is_resource(version) {
        let fix = "write group and version, such as `apps/v1`, or `v1` for the core group";
        return Some(invalid("an API version", api_version, fix.to_owned()));
    }
    if !names::is_resource(&kind.to_ascii_lowercase()) {
        return Some(invalid("a kind", kind, "write one kind in the singular, such as `Pod`".to_owned()));
    }
    let is_preview = version.contains("alpha") || version.contains("beta");
    let mut own = builtin::of_group(group).peekable();
    if own.peek().is_none() || is_preview || own.any(|built_in| built_in.kind == kind) {
        return None;
    }
    let home = |built_in: &BuiltIn| names::api_version(built_in.group, built_in.preferred_version());
    if let Some(meant) = builtin::of_group(group).find(|built_in| built_in.is_called(kind)) {
        let message = format!("{KNOWN} has no kind {} in {}", quoted(kind), quoted(api_version));
        return Some(Finding::warning(
            FindingName::UnknownResource,
            message,
            format!("write {}", quoted(meant.kind)),
        ));
    }
    let Some(meant) = builtin::find(kind) else {
        let message = format!("{KNOWN} has no kind {} in {}", quoted(kind), quoted(api_version));
        return Some(Finding::warning(FindingName::UnknownResource, message, similar(kind, |it| it.kind)));
    };
    let message = format!(
        "the kind {} is not in {}, but in {}",
        quoted(meant.kind),
        quoted(api_version),
        quoted(&home(meant))
    );
    let fix = format!("write the API version {}", quoted(&home(meant)));
    Some(Finding::warning(FindingName::ResourceInAnotherGroup, message, fix))
}

/// Is this resource of a rule outside of namespaces, in one of these groups, and Kubernetes' own?
pub(crate) fn is_cluster_wide(resource: &str, groups: &[String]) -> bool {
    let name = resource.split('/').next().unwrap_or_default();
    groups.iter().filter_map(|group| find(group, name)).any(|it| it.scope == builtin::Scope::Cluster)
}

const LIST: &str = "write one name, in lower case, for each item of the list";

/// The built-in resource of that plural in this group, `*` for any.
fn find(group: &str, plural: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|it| it.plural == plural && (group == "*" || it.group == group))
}

fn invalid(what: &str, name: &str, fix: String) -> Finding {
    let message = format!("{} cannot be the name of {what}: it matches nothing", quoted(name));
    Finding::warning(FindingName::InvalidNameInRule, message, fix)
}

/// A resource that is in none of these groups, all of which are built in.
fn absent(resource: &str, name: &str, groups: &[String]) -> Finding {
    let called = |built_in: &&BuiltIn| built_in.is_called(name);
    let here = BUILT_IN.iter().find(|it| groups.iter().any(|group| group == it.group) && called(it));
    if let (None, Some(meant)) = (here, BUILT_IN.iter().find(|it| it.plural == name)) {
        let message = format!(
            "{} is not in {}, but in {}",
            quoted(resource),
            shown(groups),
            shown(&[meant.group.to_owned()])
        );
        let fix = format!("write a rule for it with the group {:?}", meant.group);
        return Finding::warning(FindingName::ResourceInAnotherGroup, message, fix);
    }
    let message = format!("{KNOWN} has no resource {} in {}", quoted(resource), shown(groups));
    let fix = match here {
        Some(meant) => format!("write {}", quoted(&resource.replacen(name, meant.plural, 1))),
        None => similar(name, |it| it.plural),
    };
    Finding::warning(FindingName::UnknownResource, message, fix)
}

/// `` the group `apps` ``, `the core group`, `` the group `apps` or the core group ``
fn shown(groups: &[String]) -> String {
    let shown = |group: &String| match group.as_str() {
        "" => "the core group".to_owned(),
        group => format!("the group {}", quoted(group)),
    };
    groups.iter().map(shown).collect::<Vec<_>>().join(" or ")
}

fn similar(name: &str, called: fn(&BuiltIn) -> &'static str) -> String {
    let similar = builtin::similar_to(name, BUILT_IN.iter());
    let names: Vec<_> = similar.into_iter().map(called).collect();
    match names.as_slice() {
        [] => "write the name that `kubectl api-resources` shows".to_owned(),
        names => format!("did you mean {}?", alternatives(names)),
    }
}

/// What was meant by a resource whose name is not one.
fn instead_of(resource: &str) -> String {
    let tidied =
        tidy(resource).filter(|name| name.split('/').all(|part| part == "*" || names::is_resource(part)));
    match tidied {
        Some(name) if name.matches('/').count() > 1 => "write one subresource only".to_owned(),
        // A kind: its plural is what a rule names.
        Some(name) if !name.contains('/') && builtin::find(&name).is_some_and(|it| it.plural != name) => {
            format!("write {}", quoted(builtin::find(&name).map_or("", |it| it.plural)))
        }
        Some(name) if builtin::find(&name).is_some() || resource.trim() == name || name.contains('/') => {
            format!("write {}", quoted(&name))
        }
        Some(name) => format!("write the plural in lower case, such as {}", quoted(&names::plural_of(&name))),
        None if resource.contains('*') => {
            "write the whole name, or `*` alone: there are no patterns".to_owned()
        }
        None => LIST.to_owned(),
    }
}

/// Without spaces around it and in lower case; `None` for a name too long to be one.
fn tidy(name: &str) -> Option<String> {
    (name.len() <= 253).then(|| name.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(finding: Option<Finding>) -> String {
        finding.map_or("nothing".to_owned(), |it| format!("{}: {}; {}", it.name, it.message, it.fix))
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[track_caller]
    fn resource_is(resource: &str, groups: &[&str], expected: &str) {
        let said = said(misnamed_resource(resource, &owned(groups), &owned(&["v1"])));
        assert!(said.starts_with(expected) || said.ends_with(expected), "{said}");
    }

    #[test]
    fn names_that_no_cluster_can_have_are_reported_with_what_was_meant() {
        for (resource, fix) in [
            ("VirtualMachine", "such as `virtualmachines`"),
            ("Pods", "write `pods`"),
            ("Pod", "write `pods`"),
            ("pods ", "write `pods`"),
            ("pods/Status", "write `pods/status`"),
            ("Pods/status", "write `pods/status`"),
            ("pods,services", "for each item of the list"),
            ("pods services", "for each item of the list"),
            ("pod*", "there are no patterns"),
            ("*pods/exec", "there are no patterns"),
            ("pods/", "for each item of the list"),
            ("pods/a/b", "one subresource only"),
            ("pods.v1", "for each item of the list"),
            ("a_b", "for each item of the list"),
        ] {
            resource_is(resource, &["example.com"], fix);
            resource_is(resource, &["*"], "invalid-name-in-rule");
        }
        for (group, fix) in [
            ("Apps", "write `apps`"),
            ("apps/v1", "write the group `apps` and, in its own list, the version `v1`"),
            ("apps ", "write `apps`"),
            ("apps,batch", "for each item of the list"),
            ("*.example.com", "for each item of the list"),
            ("core", "write `\"\"` for the core group"),
            ("v1", "write `\"\"` for the core group"),
            ("app", "`kubectl api-resources` shows"),
        ] {
            assert!(said(misnamed_group(group)).ends_with(fix), "{}", said(misnamed_group(group)));
        }
        for (version, fix) in [
            ("apps/v1", "write the version `v1` and, in its own list, the group `apps`"),
            ("V1", "write `v1`"),
            ("v1,v2", "for each item of the list"),
            ("1", "for each item of the list"),
        ] {
            assert!(said(misnamed_version(version)).ends_with(fix), "{}", said(misnamed_version(version)));
        }
    }

    #[test]
    fn names_that_a_cluster_may_have_are_left_alone() {
        for (resource, group) in [
            ("pods", ""),
            ("pods/exec", ""),
            ("pods/*", ""),
            ("*", ""),
            ("*/scale", "apps"),
            ("widgets", "example.com"),
            ("pods", "metrics.k8s.io"),
            ("anything", "*"),
            ("ingresses", "extensions"),
            ("events", "events.k8s.io"),
        ] {
            resource_is(resource, &[group], "nothing");
        }
        resource_is("deployments", &["", "apps"], "nothing");
        resource_is("widgets", &["apps", "example.com"], "nothing");
        assert_eq!(
            said(misnamed_resource("workloads", &owned(&["scheduling.k8s.io"]), &owned(&["v1alpha1"]))),
            "nothing"
        );
        for group in ["", "*", "apps", "extensions", "gateway.networking.k8s.io", "example.com"] {
            assert_eq!(said(misnamed_group(group)), "nothing");
        }
        for version in ["v1", "*", "v2beta10", "stable"] {
            assert_eq!(said(misnamed_version(version)), "nothing");
        }
        for built_in in BUILT_IN {
            let group = owned(&[built_in.group]);
            assert_eq!(said(misnamed_resource(built_in.plural, &group, &owned(&["*"]))), "nothing");
            let api_version = names::api_version(built_in.group, built_in.preferred_version());
            assert_eq!(said(misnamed_kind(&api_version, built_in.kind)), "nothing");
        }
    }

    #[test]
    fn resources_of_kubernetes_are_looked_for_where_they_are() {
        let elsewhere = "resource-in-another-group";
        resource_is("pods", &["apps"], elsewhere);
        resource_is("pods/exec", &["apps"], elsewhere);
        resource_is("deployments", &[""], elsewhere);
        resource_is("jobs", &["", "apps"], "write a rule for it with the group \"batch\"");
        resource_is("po", &[""], "write `pods`");
        resource_is("po", &["core", ""], "write `pods`");
        resource_is("po", &["core"], "nothing");
        resource_is("pod/exec", &[""], "write `pods/exec`");
        resource_is("deploymnets", &["apps"], "did you mean `deployments`?");
        resource_is("qqqqq", &["apps"], "`kubectl api-resources` shows");
        let said = said(misnamed_resource("pods", &owned(&[""]), &owned(&["v2"])));
        assert_eq!(
            said,
            "unknown-resource: Kubernetes 1.34 to 1.37 does not serve `pods` as `v2`; add the version `v1`"
        );
    }

    #[test]
    fn kinds_are_looked_for_where_they_are() {
        for (api_version, kind, expected) in [
            ("v1", "pods", "write `Pod`"),
            ("v1", "po", "write `Pod`"),
            ("v1", "Deployment", "write the API version `apps/v1`"),
            ("apps/v1", "Namespace", "write the API version `v1`"),
            ("v1", "Pdo", "did you mean `Pod`?"),
            ("apps", "Deployment/x", "such as `Pod`"),
            ("apps/v1/x", "Pod", "`v1` for the core group"),
            ("Apps/v1", "Deployment", "`v1` for the core group"),
            ("core/v1", "Pod", "`v1` for the core group"),
            ("example.com/v1", "Widget", "nothing"),
            ("apps", "Widget", "did you mean"),
        ] {
            let said = said(misnamed_kind(api_version, kind));
            assert!(said.contains(expected) || said.contains("has no kind"), "{api_version} {kind}: {said}");
        }
    }

    #[test]
    fn cluster_wide_resources_are_known() {
        for (resource, group, expected) in [
            ("namespaces", "", true),
            ("namespaces/status", "", true),
            ("persistentvolumes", "", true),
            ("persistentvolumes", "*", true),
            ("pods", "", false),
            ("*", "", false),
            ("namespaces", "example.com", false),
        ] {
            assert_eq!(is_cluster_wide(resource, &owned(&[group])), expected, "{resource}");
        }
    }
}
