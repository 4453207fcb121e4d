//! A resource that a policy can ask to see.

use std::fmt;

use super::{BuiltIn, GroupVersionKind, Scope, names};

/// A resource, or with `*` a set of them, that a policy can ask to see.
///
/// It is parsed from a string (`"deploy".parse()`), so that every name in it follows Kubernetes' syntax. Two
/// resources are equal if they select the same: `po` equals `v1/pods`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) subresource: Option<String>,
    pub(super) built_in: Option<&'static BuiltIn>,
}

impl Resource {
    /// The API group; empty for the core group, `*` for all.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The version; `*` for all.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The plural without a subresource, `*` for all.
    pub(crate) fn plural(&self) -> &str {
        &self.plural
    }

    /// The subresource; `*` for all subresources of the resource, which do not include the resource itself.
    pub(crate) fn subresource(&self) -> Option<&str> {
        self.subresource.as_deref()
    }

    /// What people type for it: `deployments.apps/scale`. A custom resource has its group and version.
    pub(crate) fn short(&self) -> String {
        match (self.built_in, &self.subresource) {
            (None, _) => self.to_string(),
            (Some(built_in), None) => built_in.typed(),
            (Some(built_in), Some(subresource)) => format!("{}/{subresource}", built_in.typed()),
        }
    }

    /// The kind of the resource, which is `Deployment` also for `deployments/scale`. `None` if a `*` leaves it open.
    ///
    /// For a custom resource it is a guess from the plural.
    pub(crate) fn kind(&self) -> Option<String> {
        match self.built_in {
            Some(built_in) => Some(built_in.kind.to_owned()),
            None if self.plural == "*" || self.group == "*" => None,
            None => Some(names::kind_of(&self.plural)),
        }
    }

    /// The kind of the objects in requests for the resource. For a subresource, it may differ from
    /// [`Resource::kind`]: `autoscaling/v1` `Scale` for `deployments/scale`. `None` if a `*` leaves it open.
    pub(crate) fn object_kind(&self) -> Option<GroupVersionKind> {
        let own = |kind| GroupVersionKind { group: self.group.clone(), version: self.version.clone(), kind };
        let foreign = || {
            let (group, version, kind) = self.built_in?.object_of(self.subresource()?)?;
            Some(GroupVersionKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            })
        };
        if self.subresource() == Some("*") || self.group == "*" {
            return None;
        }
        foreign().or_else(|| (self.version != "*").then(|| self.kind().map(own))?)
    }

    /// Whether its objects are in a namespace, which is assumed for custom resources and for `*`.
    pub(crate) fn is_namespaced(&self) -> bool {
        self.built_in.is_none_or(|built_in| built_in.scope == Scope::Namespaced)
    }

    /// The resource, as written in a rule's `resources` list: `pods`, `pods/exec`, `*`, `*/*`.
    pub(crate) fn in_rule(&self) -> String {
        match &self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.plural),
            None => self.plural.clone(),
        }
    }

    /// The type of its objects in the crate `k8s-openapi`: `k8s_openapi::api::core::v1::Pod`.
    ///
    /// `None` for custom resources, for `*`, for subresources whose objects that crate has no type for (`pods/exec`),
    /// and for versions that are neither stable nor the preferred one. Checked with `k8s-openapi` 0.29, feature
    /// `latest`; for [`BuiltIn::preferred_version`] also with the features `v1_35` and `v1_36`.
    pub(crate) fn k8s_openapi_path(&self) -> Option<String> {
        let built_in = self.built_in?;
        let object = self.object_kind()?;
        if object.kind.ends_with("Options") {
            return None;
        }
        let is_own = object.kind == built_in.kind;
        let is_preview = self.version.contains("alpha") || self.version.contains("beta");
        if is_own && is_preview && self.version != built_in.preferred_version() {
            return None;
        }
        let module = match object.group.as_str() {
            "" => "api::core",
            "apiextensions.k8s.io" => "apiextensions_apiserver::pkg::apis::apiextensions",
            "apiregistration.k8s.io" => "kube_aggregator::pkg::apis::apiregistration",
            group => &format!("api::{}", group.split('.').next().unwrap_or(group)),
        };
        let GroupVersionKind { version, kind, .. } = object;
        Some(format!("k8s_openapi::{module}::{version}::{kind}"))
    }
}

/// The full form, which parses to the same resource: `apps/v1/deployments/scale`, `v1/pods`, `*.apps`, `*`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.group, &*self.version, &*self.plural) {
            ("*", "*", "*") => f.write_str("*")?,
            (group, "*", "*") => write!(f, "*.{group}")?,
            ("", "*", plural) => write!(f, "/*/{plural}")?,
            ("", version, plural) => write!(f, "{version}/{plural}")?,
            (group, version, plural) => write!(f, "{group}/{version}/{plural}")?,
        }
        match &self.subresource {
            Some(subresource) => write!(f, "/{subresource}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::COMMON;
    use super::*;

    fn resource(typed: &str) -> Resource {
        typed.parse().unwrap()
    }

    #[test]
    fn common_resources_are_built_in_and_said_once() {
        let mut seen = Vec::new();
        for typed in COMMON {
            let common = resource(typed);
            assert_eq!(common.built_in.unwrap().typed(), *typed);
            assert!(!seen.contains(&common), "{typed} twice");
            seen.push(common);
        }
    }

    #[test]
    fn what_is_displayed_reads_back_as_the_same() {
        for typed in [
            "pods",
            "pods/exec",
            "pods/*",
            "deploy/scale",
            "*",
            "*/*",
            "*/scale",
            "*.apps",
            "*.apps/status",
            "*.example.com",
            "v1/*",
            "apps/v1/*",
            "apps/*/deployments",
            "*/*/pods",
            "*/v1/pods/exec",
            "/*/pods",
            "*.",
            "example.com/v1/widgets/status",
            "autoscaling/v1/horizontalpodautoscalers",
        ] {
            let first = resource(typed);
            assert_eq!(resource(&first.to_string()), first, "{typed} is {first}");
        }
    }

    #[test]
    fn the_object_of_a_subresource_may_be_of_another_kind() {
        let object = |typed: &str| {
            let object = resource(typed).object_kind()?;
            Some(object.to_string())
        };
        assert_eq!(object("deploy/scale").unwrap(), "autoscaling/v1 Scale");
        assert_eq!(object("pods/exec").unwrap(), "v1 PodExecOptions");
        assert_eq!(object("pods/eviction").unwrap(), "policy/v1 Eviction");
        assert_eq!(object("pods/status").unwrap(), "v1 Pod");
        assert_eq!(object("example.com/v1/widgets/status").unwrap(), "example.com/v1 Widget");
        for open in ["*", "pods/*", "*.apps", "*/*/pods", "apps/*/deployments"] {
            assert_eq!(object(open), None, "{open}");
        }
    }

    #[test]
    fn the_kind_is_left_open_by_wildcards() {
        assert_eq!(resource("apps/*/deployments").kind().unwrap(), "Deployment");
        assert_eq!(resource("*").kind(), None);
        assert_eq!(resource("*.apps").kind(), None);
    }

    #[test]
    fn only_the_cluster_scoped_are_outside_of_namespaces() {
        assert!(resource("pods").is_namespaced());
        assert!(!resource("ns").is_namespaced());
        assert!(resource("example.com/v1/widgets").is_namespaced());
        assert!(resource("*").is_namespaced());
    }

    #[test]
    fn openapi_paths_follow_the_module_tree_of_the_crate() {
        let path = |typed: &str| resource(typed).k8s_openapi_path();
        let expected = [
            ("pods", "api::core::v1::Pod"),
            ("deploy", "api::apps::v1::Deployment"),
            ("roles", "api::rbac::v1::Role"),
            ("flowschemas", "api::flowcontrol::v1::FlowSchema"),
            ("deploy/scale", "api::autoscaling::v1::Scale"),
            ("hpa", "api::autoscaling::v2::HorizontalPodAutoscaler"),
            ("autoscaling/v1/hpa", "api::autoscaling::v1::HorizontalPodAutoscaler"),
            ("crd", "apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition"),
            ("apiservices", "kube_aggregator::pkg::apis::apiregistration::v1::APIService"),
        ];
        for (typed, expected) in expected {
            assert_eq!(path(typed).unwrap(), format!("k8s_openapi::{expected}"));
        }
        for none in [
            "*",
            "*.apps",
            "pods/exec",
            "pods/*",
            "example.com/v1/widgets",
            "certificates.k8s.io/v1alpha1/clustertrustbundles",
            "scheduling.k8s.io/v1alpha1/workloads",
        ] {
            assert_eq!(path(none), None, "{none}");
        }
    }
}
