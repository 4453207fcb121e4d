//! Builds admission requests as an API server does.

use serde_json::{Value, json};

use super::{AdmissionRequest, GroupVersionKind, GroupVersionResource, Operation, UserInfo};

/// The namespace of objects that do not name one.
pub(super) const NAMESPACE: &str = "default";

/// Details of a request besides its subject and its object. A complete request needs none of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestDetails {
    /// The operation, if it is not CREATE.
    pub(crate) operation: Option<Operation>,
    /// The old object for UPDATE and DELETE, if it is not the same.
    pub(crate) old_object: Option<Value>,
    /// Who asks, if not the administrator.
    pub(crate) user: Option<String>,
    pub(crate) groups: Option<Vec<String>>,
    /// Where and what it is, if the object does not say it.
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    /// The subresource that is asked for, such as `scale`.
    pub(crate) sub_resource: Option<String>,
    /// `false` if not given.
    pub(crate) dry_run: Option<bool>,
    /// In place of the options that have nothing but a kind.
    pub(crate) options: Option<Value>,
}

/// The subject of a request.
pub(super) struct RequestSubject {
    pub(super) kind: GroupVersionKind,
    pub(super) resource: GroupVersionResource,
    pub(super) subresource: Option<String>,
    pub(super) name: Option<String>,
    /// The namespace; `None` for an object outside of namespaces.
    pub(super) namespace: Option<String>,
}

impl RequestSubject {
    /// Creates the request about `object`, which is the new object, or the one to delete on DELETE.
    ///
    /// The `uid` depends only on `seed`, so that the result is the same every time.
    pub(super) fn request(self, object: Value, details: RequestDetails, seed: &str) -> AdmissionRequest {
        let operation = details.operation.unwrap_or(Operation::Create);
        let sub_resource = details.sub_resource.or(self.subresource);
        let administrator = administrator();
        let user_info = UserInfo {
            username: details.user.or(administrator.username),
            groups: details.groups.or(administrator.groups),
            ..administrator
        };
        let options = details.options.or_else(|| {
            options_kind(operation).map(|kind| json!({"apiVersion": "meta.k8s.io/v1", "kind": kind}))
        });
        let (object, old_object) = match operation {
            Operation::Delete => (None, Some(details.old_object.unwrap_or(object))),
            Operation::Update => {
                let old_object = details.old_object.unwrap_or_else(|| object.clone());
                (Some(object), Some(old_object))
            }
            Operation::Create | Operation::Connect | Operation::All => (Some(object), None),
        };
        AdmissionRequest {
            uid: uid(seed),
            request_kind: Some(self.kind.clone()),
            kind: self.kind,
            request_resource: Some(self.resource.clone()),
            resource: self.resource,
            request_sub_resource: sub_resource.clone(),
            sub_resource,
            name: details.name.or(self.name),
            namespace: details.namespace.or(self.namespace),
            operation: operation.as_str().to_owned(),
            user_info,
            object,
            old_object,
            dry_run: Some(details.dry_run.unwrap_or_default()),
            options,
        }
    }
}

/// The user in requests: the administrator of a new cluster.
fn administrator() -> UserInfo {
    UserInfo {
        username: Some("kubernetes-admin".to_owned()),
        groups: Some(vec!["kubeadm:cluster-admins".to_owned(), "system:authenticated".to_owned()]),
        ..UserInfo::default()
    }
}

/// The kind of the options that come with a request.
fn options_kind(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::Create => Some("CreateOptions"),
        Operation::Update => Some("UpdateOptions"),
        Operation::Delete => Some("DeleteOptions"),
        Operation::Connect | Operation::All => None,
    }
}

/// Returns a UUID that depends only on `seed`. Version 8 is for custom formats (RFC 9562, 5.8).
fn uid(seed: &str) -> String {
    // FNV-1a with 128 bits: the standard library's hashers may change between Rust releases
    let hash = seed.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    });
    let hex = format!("{hash:032x}");
    format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
