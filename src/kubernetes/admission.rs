//! An admission request, as far as a policy sees it.
//!
//! Source: `AdmissionRequest` of k8s.io/api/admission/v1, without what Kubewarden drops before a policy sees it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Scope, names};

/// An admission request. Other keys are dropped, and `null` is treated as absent, before a policy sees the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "they are documented in k8s.io/api/admission/v1")]
pub struct AdmissionRequest {
    pub(crate) uid: String,
    pub(crate) kind: GroupVersionKind,
    pub(crate) resource: GroupVersionResource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_kind: Option<GroupVersionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_resource: Option<GroupVersionResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// The operation, which may be any string: the host does not check it.
    pub(crate) operation: String,
    pub(crate) user_info: UserInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old_object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<Value>,
    /// What this tool does not know for certain about a request that it made; no part of the request.
    #[serde(skip)]
    pub(crate) guess: Option<GuessedKind>,
}

impl AdmissionRequest {
    /// Returns the path of the first required key that this JSON lacks, such as `requestKind.group`.
    pub(crate) fn missing_key(request: &Value) -> Option<String> {
        const REQUIRED: [&str; 5] = ["uid", "kind", "resource", "operation", "userInfo"];
        const PARTS: [(&str, [&str; 3]); 4] = [
            ("kind", ["group", "version", "kind"]),
            ("resource", ["group", "version", "resource"]),
            ("requestKind", ["group", "version", "kind"]),
            ("requestResource", ["group", "version", "resource"]),
        ];
        let lacks = |value: &Value, key: &&str| value.get(*key).is_none_or(Value::is_null);
        if let Some(key) = REQUIRED.iter().find(|key| lacks(request, key)) {
            return Some((*key).to_owned());
        }
        PARTS.iter().find_map(|(part, keys)| {
            let value = request.get(*part).filter(|value| value.is_object())?;
            let key = keys.iter().find(|key| lacks(value, key))?;
            Some(format!("{part}.{key}"))
        })
    }
}

/// The group, version and name of a kind, from `apiVersion` and `kind` of an object. The core group is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are documented in k8s.io/api/admission/v1")]
pub(crate) struct GroupVersionKind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl GroupVersionKind {
    /// Returns the `apiVersion` of a manifest: `v1`, `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        names::api_version(&self.group, &self.version)
    }
}

/// Written as `apps/v1 Deployment`.
impl fmt::Display for GroupVersionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.kind)
    }
}

/// The group, version and plural of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are documented in k8s.io/api/admission/v1")]
pub(crate) struct GroupVersionResource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
}

/// The user who sends a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are documented in k8s.io/api/admission/v1")]
pub(crate) struct UserInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
}

/// What is not certain about the request for an object of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuessedKind {
    pub(super) kind: GroupVersionKind,
    /// Unless the rules of the policy have it.
    pub(super) plural: Option<String>,
    /// Unless the object is in a namespace.
    pub(super) scope: Option<Scope>,
}

/// `example.com/v1 Widget` is assumed to be a namespaced resource with the plural `widgets`.
impl fmt::Display for GuessedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is assumed to be a", self.kind)?;
        match self.scope {
            Some(Scope::Namespaced) => f.write_str(" namespaced resource")?,
            Some(Scope::Cluster) => f.write_str(" cluster-wide resource")?,
            None => f.write_str(" resource")?,
        }
        match &self.plural {
            Some(plural) => write!(f, " with the plural `{plural}`"),
            None => Ok(()),
        }
    }
}
