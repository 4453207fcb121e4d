//! The resources that are built into kube-apiserver.

use strsim::{damerau_levenshtein, jaro_winkler};

/// A resource that every cluster has.
#[derive(Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// The versions that Kubernetes 1.34 to 1.37 serve, the preferred one first.
    pub(crate) versions: &'static [&'static str],
    /// The plural, as in URLs and rules: `ingresses`.
    pub(crate) plural: &'static str,
    /// The kind, as in a manifest: `Ingress`.
    pub(crate) kind: &'static str,
    /// Whether its objects are in a namespace.
    pub(crate) scope: Scope,
    /// The short names, as in `kubectl get po`.
    pub(crate) short_names: &'static [&'static str],
}

/// Whether the objects of a resource are in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Its objects are in a namespace.
    Namespaced,
    /// Its objects are not in a namespace.
    Cluster,
}

const V1: &[&str] = &["v1"];

/// All built-in resources that are stable in Kubernetes 1.35, and those in beta that have no stable version there.
///
/// Sorted by group and plural, so that the core group comes first: `events` alone means the resource in the core
/// group, as in kubectl. Subresources are not listed.
#[rustfmt::skip] // a table
pub const BUILT_IN: &[BuiltIn] = &[
    namespaced("", V1, "bindings", "Binding", &[]),
    cluster("", V1, "componentstatuses", "ComponentStatus", &["cs"]),
    namespaced("", V1, "configmaps", "ConfigMap", &["cm"]),
    namespaced("", V1, "endpoints", "Endpoints", &["ep"]),
    namespaced("", V1, "events", "Event", &["ev"]),
    namespaced("", V1, "limitranges", "LimitRange", &["limits"]),
    cluster("", V1, "namespaces", "Namespace", &["ns"]),
    cluster("", V1, "nodes", "Node", &["no"]),
    namespaced("", V1, "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"]),
    cluster("", V1, "persistentvolumes", "PersistentVolume", &["pv"]),
    namespaced("", V1, "pods", "Pod", &["po"]),
    namespaced("", V1, "podtemplates", "PodTemplate", &[]),
    namespaced("", V1, "replicationcontrollers", "ReplicationController", &["rc"]),
    namespaced("", V1, "resourcequotas", "ResourceQuota", &["quota"]),
    namespaced("", V1, "secrets", "Secret", &[]),
    namespaced("", V1, "serviceaccounts", "ServiceAccount", &["sa"]),
    namespaced("", V1, "services", "Service", &["svc"]),

    cluster("admissionregistration.k8s.io", &["v1beta1", "v1", "v1alpha1"], "mutatingadmissionpolicies", "MutatingAdmissionPolicy", &[]),
    cluster("admissionregistration.k8s.io", &["v1beta1", "v1", "v1alpha1"], "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", &[]),
    cluster("admissionregistration.k8s.io", V1, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", &[]),
    cluster("admissionregistration.k8s.io", V1, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", &[]),
    cluster("admissionregistration.k8s.io", V1, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", &[]),
    cluster("admissionregistration.k8s.io", V1, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", &[]),

    cluster("apiextensions.k8s.io", V1, "customresourcedefinitions", "CustomResourceDefinition", &["crd", "crds"]),

    cluster("apiregistration.k8s.io", V1, "apiservices", "APIService", &[]),

    namespaced("apps", V1, "controllerrevisions", "ControllerRevision", &[]),
    namespaced("apps", V1, "daemonsets", "DaemonSet", &["ds"]),
    namespaced("apps", V1, "deployments", "Deployment", &["deploy"]),
    namespaced("apps", V1, "replicasets", "ReplicaSet", &["rs"]),
    namespaced("apps", V1, "statefulsets", "StatefulSet", &["sts"]),

    cluster("authentication.k8s.io", V1, "selfsubjectreviews", "SelfSubjectReview", &[]),
    cluster("authentication.k8s.io", V1, "tokenreviews", "TokenReview", &[]),

    namespaced("authorization.k8s.io", V1, "localsubjectaccessreviews", "LocalSubjectAccessReview", &[]),
    cluster("authorization.k8s.io", V1, "selfsubjectaccessreviews", "SelfSubjectAccessReview", &[]),
    cluster("authorization.k8s.io", V1, "selfsubjectrulesreviews", "SelfSubjectRulesReview", &[]),
    cluster("authorization.k8s.io", V1, "subjectaccessreviews", "SubjectAccessReview", &[]),

    namespaced("autoscaling", &["v2", "v1"], "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"]),

    namespaced("batch", V1, "cronjobs", "CronJob", &["cj"]),
    namespaced("batch", V1, "jobs", "Job", &[]),

    cluster("certificates.k8s.io", V1, "certificatesigningrequests", "CertificateSigningRequest", &["csr"]),
    cluster("certificates.k8s.io", &["v1beta1", "v1", "v1alpha1"], "clustertrustbundles", "ClusterTrustBundle", &[]),
    namespaced("certificates.k8s.io", &["v1beta1", "v1", "v1alpha1"], "podcertificaterequests", "PodCertificateRequest", &[]),

    namespaced("coordination.k8s.io", &["v1beta1", "v1alpha2"], "leasecandidates", "LeaseCandidate", &[]),
    namespaced("coordination.k8s.io", V1, "leases", "Lease", &[]),

    namespaced("discovery.k8s.io", V1, "endpointslices", "EndpointSlice", &[]),

    namespaced("events.k8s.io", V1, "events", "Event", &["ev"]),

    cluster("flowcontrol.apiserver.k8s.io", V1, "flowschemas", "FlowSchema", &[]),
    cluster("flowcontrol.apiserver.k8s.io", V1, "prioritylevelconfigurations", "PriorityLevelConfiguration", &[]),

    cluster("networking.k8s.io", V1, "ingressclasses", "IngressClass", &[]),
    namespaced("networking.k8s.io", V1, "ingresses", "Ingress", &["ing"]),
    cluster("networking.k8s.io", &["v1", "v1beta1"], "ipaddresses", "IPAddress", &["ip"]),
    namespaced("networking.k8s.io", V1, "networkpolicies", "NetworkPolicy", &["netpol"]),
    cluster("networking.k8s.io", &["v1", "v1beta1"], "servicecidrs", "ServiceCIDR", &[]),

    cluster("node.k8s.io", V1, "runtimeclasses", "RuntimeClass", &[]),

    namespaced("policy", V1, "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"]),

    cluster("rbac.authorization.k8s.io", V1, "clusterrolebindings", "ClusterRoleBinding", &[]),
    cluster("rbac.authorization.k8s.io", V1, "clusterroles", "ClusterRole", &[]),
    namespaced("rbac.authorization.k8s.io", V1, "rolebindings", "RoleBinding", &[]),
    namespaced("rbac.authorization.k8s.io", V1, "roles", "Role", &[]),

    cluster("resource.k8s.io", &["v1", "v1beta2", "v1beta1"], "deviceclasses", "DeviceClass", &[]),
    namespaced("resource.k8s.io", &["v1", "v1beta2", "v1beta1"], "resourceclaims", "ResourceClaim", &[]),
    namespaced("resource.k8s.io", &["v1", "v1beta2", "v1beta1"], "resourceclaimtemplates", "ResourceClaimTemplate", &[]),
    cluster("resource.k8s.io", &["v1", "v1beta2", "v1beta1"], "resourceslices", "ResourceSlice", &[]),

    cluster("scheduling.k8s.io", V1, "priorityclasses", "PriorityClass", &["pc"]),

    cluster("storage.k8s.io", V1, "csidrivers", "CSIDriver", &[]),
    cluster("storage.k8s.io", V1, "csinodes", "CSINode", &[]),
    namespaced("storage.k8s.io", V1, "csistoragecapacities", "CSIStorageCapacity", &[]),
    cluster("storage.k8s.io", V1, "storageclasses", "StorageClass", &["sc"]),
    cluster("storage.k8s.io", V1, "volumeattachments", "VolumeAttachment", &[]),
    cluster("storage.k8s.io", &["v1", "v1beta1", "v1alpha1"], "volumeattributesclasses", "VolumeAttributesClass", &["vac"]),

    cluster("storagemigration.k8s.io", &["v1beta1", "v1", "v1alpha1"], "storageversionmigrations", "StorageVersionMigration", &[]),
];

const fn namespaced(
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    kind: &'static str,
    short_names: &'static [&'static str],
) -> BuiltIn {
    BuiltIn { group, versions, plural, kind, scope: Scope::Namespaced, short_names }
}

const fn cluster(
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    kind: &'static str,
    short_names: &'static [&'static str],
) -> BuiltIn {
    let scope = Scope::Cluster;
    BuiltIn { scope, ..namespaced(group, versions, plural, kind, short_names) }
}

/// Subresources whose requests carry an object of another kind: resource, subresource, and group, version and kind.
#[rustfmt::skip] // a table
const FOREIGN_OBJECTS: &[(&str, &str, (&str, &str, &str))] = &[
    ("pods", "attach", ("", "v1", "PodAttachOptions")),
    ("pods", "binding", ("", "v1", "Binding")),
    ("pods", "eviction", ("policy", "v1", "Eviction")),
    ("pods", "exec", ("", "v1", "PodExecOptions")),
    ("pods", "portforward", ("", "v1", "PodPortForwardOptions")),
    ("pods", "proxy", ("", "v1", "PodProxyOptions")),
    ("services", "proxy", ("", "v1", "ServiceProxyOptions")),
    ("nodes", "proxy", ("", "v1", "NodeProxyOptions")),
    ("serviceaccounts", "token", ("authentication.k8s.io", "v1", "TokenRequest")),
    ("deployments", "scale", ("autoscaling", "v1", "Scale")),
    ("replicasets", "scale", ("autoscaling", "v1", "Scale")),
    ("statefulsets", "scale", ("autoscaling", "v1", "Scale")),
    ("replicationcontrollers", "scale", ("autoscaling", "v1", "Scale")),
];

impl BuiltIn {
    /// The version that a rule and a manifest should name.
    pub(crate) fn preferred_version(&self) -> &'static str {
        self.versions[0] // a test checks that there is one
    }

    /// The shortest unambiguous name: `pods`, `deployments.apps`.
    pub fn typed(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// Group, version and kind of the object in requests for `subresource`, if it is not the resource itself.
    pub(super) fn object_of(&self, subresource: &str) -> Option<(&'static str, &'static str, &'static str)> {
        let mut foreign = FOREIGN_OBJECTS.iter();
        let (.., object) =
            foreign.find(|(plural, name, _)| (*plural, *name) == (self.plural, subresource))?;
        Some(*object)
    }

    /// Whether `name` is the plural, singular, kind or a short name, in any letter case, as for kubectl.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether `name` is the plural or singular with at most two typos.
    pub(super) fn is_nearly_called(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_near = |own: &str| damerau_levenshtein(&own.to_ascii_lowercase(), &name) <= 2;
        is_near(self.plural) || is_near(self.kind)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let short_names = self.short_names.iter().copied();
        [self.plural, self.kind].into_iter().chain(short_names)
    }

    fn similarity(&self, name: &str) -> f64 {
        let similar = |own: &str| jaro_winkler(&own.to_ascii_lowercase(), name);
        self.names().map(similar).fold(0.0, f64::max)
    }
}

/// Finds the first resource with this name in any group.
pub(super) fn find(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| built_in.is_called(name))
}

/// Returns the resources of a group, in table order; none for a group that is not built in.
pub(super) fn of_group(group: &str) -> impl Iterator<Item = &'static BuiltIn> {
    BUILT_IN.iter().filter(move |built_in| built_in.group == group)
}

/// The resource whose objects are of this kind, in this letter case.
pub(super) fn of_kind(group: &str, kind: &str) -> Option<&'static BuiltIn> {
    of_group(group).find(|built_in| built_in.kind == kind)
}

/// The resources that have a subresource with objects of this kind, in this letter case, and its name.
pub(super) fn with_subresource_of_kind(
    group: &str,
    kind: &str,
) -> impl Iterator<Item = (&'static BuiltIn, &'static str)> {
    let mine = move |(.., (its_group, _, its_kind)): &(_, _, _)| (*its_group, *its_kind) == (group, kind);
    let foreign = FOREIGN_OBJECTS.iter().copied().filter(mine);
    foreign.filter_map(|(plural, subresource, _)| Some((find(plural)?, subresource)))
}

/// Is it the kind of what a client says when it connects to a subresource, which is not an object with metadata?
pub(super) fn is_connection(kind: &str) -> bool {
    kind.ends_with("Options") && FOREIGN_OBJECTS.iter().any(|(.., (_, _, known))| *known == kind)
}

/// Returns at most three resources that the user may have meant, the most likely first.
pub(super) fn similar_to<'a>(name: &str, among: impl Iterator<Item = &'a BuiltIn>) -> Vec<&'a BuiltIn> {
    const LIKELY: f64 = 0.85;
    let name = name.to_ascii_lowercase();
    let scored = among.map(|built_in| (built_in.similarity(&name), built_in));
    let mut likely: Vec<_> = scored.filter(|(score, _)| *score >= LIKELY).collect();
    likely.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    likely.truncate(3);
    likely.into_iter().map(|(_, built_in)| built_in).collect()
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_sorted_and_names_each_resource_once() {
        let key = |built_in: &BuiltIn| (built_in.group, built_in.plural);
        assert!(BUILT_IN.is_sorted_by(|one, next| key(one) < key(next)));
    }

    #[test]
    fn every_entry_follows_the_syntax_of_kubernetes() {
        for entry in BUILT_IN {
            assert!(entry.group.is_empty() || names::is_group(entry.group));
            assert!(!entry.versions.is_empty(), "{}", entry.plural);
            assert!(entry.versions.iter().all(|name| names::is_version(name)));
            assert!(entry.names().skip(2).all(names::is_resource));
            assert!(names::is_resource(entry.plural));
            assert!(entry.kind.starts_with(|c: char| c.is_ascii_uppercase()));
        }
    }

    #[test]
    fn names_are_ambiguous_only_for_events() {
        let mut seen = HashSet::new();
        for entry in BUILT_IN {
            let own: HashSet<_> = entry.names().map(str::to_ascii_lowercase).collect();
            for name in own {
                let is_new = seen.insert(name.clone());
                assert!(is_new || entry.group == "events.k8s.io", "{name}");
            }
        }
        assert_eq!(find("events").unwrap().group, "");
    }

    #[test]
    fn foreign_objects_belong_to_listed_resources() {
        for (plural, subresource, _) in FOREIGN_OBJECTS {
            assert!(find(plural).unwrap().object_of(subresource).is_some());
        }
    }

    #[test]
    fn misspelled_names_find_the_right_one_first() {
        for (typed, meant) in [
            ("deploymnet", "deployments"),
            ("podz", "pods"),
            ("ingreses", "ingresses"),
            ("ClusterRoleBindngs", "clusterrolebindings"),
            ("confgimaps", "configmaps"),
            ("netpolicy", "networkpolicies"),
        ] {
            let found = similar_to(typed, BUILT_IN.iter());
            assert_eq!(found[0].plural, meant, "{typed}");
        }
        assert!(similar_to("qqqqq", BUILT_IN.iter()).is_empty());
        assert!(similar_to("", BUILT_IN.iter()).is_empty());
    }
}
