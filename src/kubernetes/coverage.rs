//! Which requests a cluster sends to a policy.
//!
//! Source: k8s.io/apiserver 0.34, pkg/admission/plugin/webhook: rules, `matchPolicy`, `objectSelector`,
//! `namespaceSelector`.

use serde::Deserialize;
use serde_json::Value;

use super::selector::LabelSelector;
use super::{AdmissionRequest, GroupVersionResource, Operation, Rule, builtin, names};

/// What a policy is asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    pub(crate) rules: Vec<CoveringRule>,
    pub(crate) match_policy: MatchPolicy,
    pub(crate) object_selector: LabelSelector,
    pub(crate) namespace_selector: LabelSelector,
    /// The only namespace, for a policy that is in one.
    pub(crate) namespace: Option<String>,
}

/// A rule as a resource of a policy has it, which lacks nothing for lack of a key.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CoveringRule {
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<Operation>,
    scope: Option<RuleScope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum RuleScope {
    #[serde(rename = "*")]
    All,
    Namespaced,
    Cluster,
}

/// Do rules cover a resource that is the same in another version?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum MatchPolicy {
    /// No.
    Exact,
    /// Yes: the cluster converts the object.
    #[default]
    Equivalent,
}

/// Does a cluster ask the policy?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It does.
    Yes,
    /// It may, or asks something else; why.
    Unsure(String),
    /// It does not; why, and what it asks about.
    No { reason: String, hint: Option<String> },
}

/// The label that every namespace has, with its name.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// Kinds that no webhook is asked about, all of one group.
const EXEMPT_GROUP: &str = "admissionregistration.k8s.io";

impl Coverage {
    /// The coverage of a policy that is deployed with the rules of its metadata.
    pub(crate) fn of_rules(rules: &[Rule]) -> Self {
        let rules = rules.iter().cloned().map(|rule| CoveringRule {
            api_groups: rule.api_groups,
            api_versions: rule.api_versions,
            resources: rule.resources,
            operations: rule.operations,
            scope: None,
        });
        Self { rules: rules.collect(), ..Self::default() }
    }

    /// Does a cluster ask about this?
    pub(crate) fn judge(&self, request: &AdmissionRequest) -> Asked {
        let what = format!("{} of `{}`", request.operation, in_words(request));
        let no = |reason: String| Asked::No { reason, hint: None };
        if request.kind.group == EXEMPT_GROUP {
            return no(format!("webhooks and admission policies are not sent to a policy: {what}"));
        }
        let covers = |resource: &GroupVersionResource| {
            self.rules.iter().any(|rule| rule.covers(request, &resource.group, &resource.version))
        };
        let is_covered = covers(&request.resource) || request.request_resource.as_ref().is_some_and(covers);
        let converted = match is_covered {
            true => None,
            false => match self.equivalent(request) {
                Some(version) => Some(version),
                None => {
                    let hint = Some(format!("the rules cover {}", self.rules_in_words()));
                    return Asked::No { reason: format!("no rule of the policy covers {what}"), hint };
                }
            },
        };
        if let Some(namespace) = &self.namespace
            && (is_about_namespace(request) || request.namespace.as_ref() != Some(namespace))
        {
            return no(format!("the policy is asked about objects in namespace `{namespace}` only"));
        }
        let selected = self.selects_namespace(request);
        if selected == Some(false) {
            return no("the `namespaceSelector` of the policy does not select the namespace".to_owned());
        }
        if !self.selects_object(request) {
            return no("the `objectSelector` of the policy does not select the object".to_owned());
        }
        match (converted, selected) {
            (Some(version), _) => {
                Asked::Unsure(format!("a cluster converts the object to `{version}` first, which is not done here"))
            }
            (None, None) => Asked::Unsure(
                "the `namespaceSelector` of the policy was not evaluated: labels of the namespace are not known"
                    .to_owned(),
            ),
            (None, _) => Asked::Yes,
        }
    }

    /// The version in which a rule covers what the request is about, where the rules do not have that of the request.
    fn equivalent(&self, request: &AdmissionRequest) -> Option<String> {
        if self.match_policy == MatchPolicy::Exact {
            return None;
        }
        let GroupVersionResource { group, resource, .. } = &request.resource;
        let built_in = builtin::of_group(group).find(|built_in| built_in.plural == resource);
        let candidates: Vec<(&str, &str)> = match built_in {
            // Events are the same in both groups.
            Some(_) if resource == "events" => vec![("", "v1"), ("events.k8s.io", "v1")],
            Some(built_in) => built_in.versions.iter().map(|version| (group.as_str(), *version)).collect(),
            None => {
                let versions = self.rules.iter().flat_map(|rule| &rule.api_versions);
                versions.map(|version| (group.as_str(), version.as_str())).collect()
            }
        };
        let is_covered = |(group, version): &(&str, &str)| {
            self.rules.iter().any(|rule| rule.covers(request, group, version))
        };
        let (group, version) = candidates.into_iter().find(is_covered)?;
        Some(names::api_version(group, version))
    }

    /// `None` where the labels of the namespace decide.
    fn selects_namespace(&self, request: &AdmissionRequest) -> Option<bool> {
        if self.namespace_selector.is_empty() {
            return Some(true);
        }
        let object = request.object.as_ref().or(request.old_object.as_ref());
        match (&request.namespace, object) {
            // The cluster adds the label.
            (Some(name), Some(object)) if is_about_namespace(request) => {
                let mut object = object.clone();
                let labels = object.get_mut("metadata").and_then(Value::as_object_mut).map(|metadata| {
                    metadata.entry("labels").or_insert_with(|| Value::Object(serde_json::Map::new()))
                });
                if let Some(labels) = labels.and_then(Value::as_object_mut) {
                    labels.insert(NAME_OF_NAMESPACE.to_owned(), Value::String(name.clone()));
                }
                Some(self.namespace_selector.selects(&object))
            }
            (Some(name), _) => self.namespace_selector.selects_by(NAME_OF_NAMESPACE, name),
            // What is not in a namespace is never left out.
            (None, _) => Some(true),
        }
    }

    fn selects_object(&self, request: &AdmissionRequest) -> bool {
        let is_selected = |object: &Value| {
            !builtin::is_connection(&request.kind.kind) && self.object_selector.selects(object)
        };
        let mut objects = request.object.iter().chain(&request.old_object);
        self.object_selector.is_empty() || objects.any(is_selected)
    }

    /// `CREATE, UPDATE of v1/pods`, for a message.
    fn rules_in_words(&self) -> String {
        const MOST: usize = 4;
        let in_words = |rule: &CoveringRule| {
            let operations: Vec<_> = rule.operations.iter().map(|operation| operation.as_str()).collect();
            let first = |list: &[String]| list.first().cloned().unwrap_or_default();
            let version = names::api_version(&first(&rule.api_groups), &first(&rule.api_versions));
            let name = |resource: &String| format!("`{version}/{resource}`");
            let resources: Vec<_> = rule.resources.iter().take(MOST).map(name).collect();
            let more = if rule.resources.len() > MOST { ", …" } else { "" };
            format!("{} of {}{more}", operations.join(", "), resources.join(", "))
        };
        let rules: Vec<_> = self.rules.iter().take(MOST).map(in_words).collect();
        match rules.is_empty() {
            true => "nothing: there are none".to_owned(),
            false => rules.join("; ") + if self.rules.len() > MOST { "; …" } else { "" },
        }
    }
}

impl CoveringRule {
    /// Does the rule cover the resource of the request in this group and version?
    fn covers(&self, request: &AdmissionRequest, group: &str, version: &str) -> bool {
        let is_in = |list: &[String], item: &str| list.iter().any(|each| each == "*" || each == item);
        let is_operation =
            |operation: &Operation| *operation == Operation::All || operation.as_str() == request.operation;
        let subresource = request.sub_resource.as_deref().unwrap_or_default();
        // `pods/*` covers pods as well, whatever the documentation says.
        let is_resource = |item: &String| {
            let (plural, sub) = item.split_once('/').unwrap_or((item, ""));
            (plural == "*" || plural == request.resource.resource) && (sub == "*" || sub == subresource)
        };
        let is_cluster_wide = request.namespace.is_none() || is_about_namespace(request);
        let is_in_scope = match self.scope {
            None | Some(RuleScope::All) => true,
            Some(RuleScope::Cluster) => is_cluster_wide,
            Some(RuleScope::Namespaced) => !is_cluster_wide,
        };
        is_in_scope
            && self.operations.iter().any(is_operation)
            && is_in(&self.api_groups, group)
            && is_in(&self.api_versions, version)
            && self.resources.iter().any(is_resource)
    }
}

/// Is the request about a namespace itself? Its `namespace` is then its name.
fn is_about_namespace(request: &AdmissionRequest) -> bool {
    (&*request.resource.group, &*request.resource.resource) == ("", "namespaces")
}

/// `apps/v1/deployments/scale`
fn in_words(request: &AdmissionRequest) -> String {
    let GroupVersionResource { group, version, resource } = &request.resource;
    let subresource = request.sub_resource.iter().map(|name| format!("/{name}"));
    format!("{}/{resource}{}", names::api_version(group, version), subresource.collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{KnownKinds, RequestDetails, request_for_object};
    use super::*;

    fn request(object: Value, operation: Operation) -> AdmissionRequest {
        let details = RequestDetails { operation: Some(operation), ..RequestDetails::default() };
        request_for_object(object, details, &KnownKinds::default()).unwrap()
    }

    fn create(api_version: &str, kind: &str) -> AdmissionRequest {
        let labels = json!({"app": "web"});
        let object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "labels": labels}});
        request(object, Operation::Create)
    }

    fn rule(groups: &[&str], versions: &[&str], resources: &[&str], scope: Value) -> Coverage {
        let rule = json!({
            "apiGroups": groups, "apiVersions": versions, "resources": resources,
            "operations": ["CREATE"], "scope": scope,
        });
        Coverage { rules: vec![serde_json::from_value(rule).unwrap()], ..Coverage::default() }
    }

    fn is_asked(coverage: &Coverage, request: &AdmissionRequest) -> bool {
        !matches!(coverage.judge(request), Asked::No { .. })
    }

    #[test]
    fn rules_cover_what_they_cover_in_a_cluster() {
        let pod = create("v1", "Pod");
        let eviction = create("policy/v1", "Eviction");
        for (resources, of_pod, of_eviction) in [
            (&["pods"][..], true, false),
            (&["pods/eviction"], false, true),
            (&["pods/*"], true, true),
            (&["*"], true, false),
            (&["*/*"], true, true),
            (&["*/eviction"], false, true),
            (&["services", "pods"], true, false),
            (&["Pods"], false, false),
            (&["pods/"], true, false),
        ] {
            let coverage = rule(&[""], &["v1"], resources, Value::Null);
            assert_eq!(is_asked(&coverage, &pod), of_pod, "{resources:?}");
            assert_eq!(is_asked(&coverage, &eviction), of_eviction, "{resources:?}");
        }
        let pods = rule(&["*"], &["*"], &["pods"], Value::Null);
        assert_eq!(pods.judge(&pod), Asked::Yes);
        assert!(!is_asked(&pods, &create("v1", "Service")));
        let pod = json!({"apiVersion": "v1", "kind": "Pod"});
        assert!(!is_asked(&pods, &request(pod, Operation::Delete)));
        assert!(!is_asked(&rule(&["apps"], &["v1"], &["pods"], Value::Null), &create("v1", "Pod")));
        assert!(!is_asked(&Coverage::default(), &create("v1", "Pod")));
    }

    #[test]
    fn the_reason_names_the_request_and_the_rules() {
        let coverage = rule(&["apps"], &["v1"], &["deployments", "deployments/scale"], Value::Null);
        let Asked::No { reason, hint } = coverage.judge(&create("v1", "Pod")) else { panic!("it is asked") };
        assert_eq!(reason, "no rule of the policy covers CREATE of `v1/pods`");
        let hint = hint.unwrap();
        assert_eq!(hint, "the rules cover CREATE of `apps/v1/deployments`, `apps/v1/deployments/scale`");
    }

    #[test]
    fn a_scope_leaves_out_the_other() {
        let (pod, node, namespace) = (create("v1", "Pod"), create("v1", "Node"), create("v1", "Namespace"));
        for (scope, asked) in [
            (Value::Null, [true; 3]),
            (json!("*"), [true; 3]),
            (json!("Namespaced"), [true, false, false]),
            (json!("Cluster"), [false, true, true]),
        ] {
            let coverage = rule(&[""], &["v1"], &["*"], scope.clone());
            let got = [&pod, &node, &namespace].map(|request| is_asked(&coverage, request));
            assert_eq!(got, asked, "{scope}");
        }
    }

    #[test]
    fn another_version_of_a_resource_is_covered_unless_the_match_is_exact() {
        let autoscaler = create("autoscaling/v1", "HorizontalPodAutoscaler");
        let mut coverage = rule(&["autoscaling"], &["v2"], &["horizontalpodautoscalers"], Value::Null);
        let Asked::Unsure(note) = coverage.judge(&autoscaler) else { panic!("it is converted") };
        assert!(note.contains("`autoscaling/v2`"), "{note}");
        coverage.match_policy = MatchPolicy::Exact;
        assert!(!is_asked(&coverage, &autoscaler));
        // A version that the cluster does not have.
        assert!(!is_asked(
            &rule(&["apps"], &["v1beta1"], &["deployments"], Value::Null),
            &create("apps/v1", "Deployment")
        ));
        assert!(is_asked(
            &rule(&["events.k8s.io"], &["v1"], &["events"], Value::Null),
            &create("v1", "Event")
        ));
        assert!(is_asked(
            &rule(&["example.com"], &["v2"], &["widgets"], Value::Null),
            &create("example.com/v1", "Widget")
        ));
    }

    #[test]
    fn selectors_leave_out_what_they_do_not_select() {
        let pods = || rule(&[""], &["*"], &["pods", "namespaces", "nodes", "pods/exec"], Value::Null);
        let selector = |labels: Value| serde_json::from_value(json!({ "matchLabels": labels })).unwrap();
        let pod = create("v1", "Pod");
        let objects = |labels| Coverage { object_selector: selector(labels), ..pods() };
        assert!(is_asked(&objects(json!({"app": "web"})), &pod));
        assert!(!is_asked(&objects(json!({"app": "db"})), &pod));
        let namespaces = |labels| Coverage { namespace_selector: selector(labels), ..pods() };
        assert_eq!(namespaces(json!({"kubernetes.io/metadata.name": "default"})).judge(&pod), Asked::Yes);
        assert!(!is_asked(&namespaces(json!({"kubernetes.io/metadata.name": "prod"})), &pod));
        assert!(matches!(namespaces(json!({"env": "prod"})).judge(&pod), Asked::Unsure(_)));
        // What is not in a namespace is asked about, and a namespace has labels itself.
        assert_eq!(namespaces(json!({"env": "prod"})).judge(&create("v1", "Node")), Asked::Yes);
        let namespace = create("v1", "Namespace");
        assert!(!is_asked(&namespaces(json!({"env": "prod"})), &namespace));
        assert_eq!(namespaces(json!({"app": "web"})).judge(&namespace), Asked::Yes);
        assert_eq!(namespaces(json!({"kubernetes.io/metadata.name": "a"})).judge(&namespace), Asked::Yes);
    }

    #[test]
    fn a_policy_in_a_namespace_is_asked_about_its_objects() {
        let all = |namespace: &str| Coverage {
            namespace: Some(namespace.to_owned()),
            ..rule(&["*"], &["*"], &["*"], Value::Null)
        };
        assert!(is_asked(&all("default"), &create("v1", "Pod")));
        assert!(!is_asked(&all("shop"), &create("v1", "Pod")));
        assert!(!is_asked(&all("a"), &create("v1", "Namespace")));
        assert!(!is_asked(&all("default"), &create("v1", "Node")));
    }

    #[test]
    fn no_policy_is_asked_about_webhooks() {
        let all = rule(&["*"], &["*"], &["*/*"], Value::Null);
        let webhooks = create("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
        assert!(!is_asked(&all, &webhooks));
    }
}
