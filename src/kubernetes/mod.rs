//! What this tool knows about Kubernetes' resources: their names, the rules that select them, and a request for each.
//!
//! The source is the API of Kubernetes 1.34 to 1.37 as published in its OpenAPI documents, and for the short names
//! `kubectl api-resources`. Resources are written here as policies name them: the plural, with group and version.
//! `metadata` reads and checks a policy's metadata, which contains the rules.

mod admission;
mod builtin;
mod coverage;
mod document;
mod error;
mod example;
mod kinds;
mod misnomer;
mod names;
mod object;
mod object_name;
mod parse;
mod request;
mod resource;
mod rules;
mod selector;
mod well_known;

pub use admission::AdmissionRequest;
pub(crate) use admission::{GroupVersionKind, GroupVersionResource, GuessedKind, UserInfo};
pub use builtin::BUILT_IN;
pub(crate) use builtin::{BuiltIn, Scope};
pub(crate) use coverage::{Asked, Coverage, CoveringRule, MatchPolicy};
pub use document::read_documents;
pub(crate) use document::{InputDocument, UnreadableDocument, is_list, is_object, parse_documents};
pub(crate) use error::Error;
pub use example::admission_request;
pub use kinds::KnownKinds;
pub(crate) use misnomer::{
    is_cluster_wide, misnamed_group, misnamed_kind, misnamed_resource, misnamed_version,
};
pub use object::request_for_object;
pub use object_name::check_name;
pub(crate) use object_name::propose_name;
pub use request::RequestDetails;
pub(crate) use resource::Resource;
pub use rules::{Operation, Rule};
pub(crate) use rules::{check_operations, rules};
pub(crate) use selector::LabelSelector;

/// Resources for a prompt, in the form that users type. Those that policies are most often written for come first.
pub(crate) const COMMON: &[&str] = &[
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "services",
    "ingresses.networking.k8s.io",
    "namespaces",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
    "serviceaccounts",
    "rolebindings.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
];
