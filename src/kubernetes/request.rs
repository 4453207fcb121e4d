//! Builds admission requests as an API server does.

use serde_json::{Map, Value, json};

use super::{
    AdmissionRequest, GroupVersionKind, GroupVersionResource, GuessedKind, Operation, UserInfo, builtin,
};

/// The namespace of objects that do not name one.
pub(super) const NAMESPACE: &str = "default";

/// Details of a request besides its subject and its object. A complete request needs none of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestDetails {
    /// The operation, if it is not the usual one for the kind: CREATE.
    pub operation: Option<Operation>,
    /// The old object for UPDATE and DELETE, if it is not the same.
    pub old_object: Option<Value>,
    /// Who asks, if not the administrator.
    pub user: Option<String>,
    /// The groups of who asks, if not those of the administrator.
    pub groups: Option<Vec<String>>,
    /// The namespace, if the object does not say it.
    pub namespace: Option<String>,
    /// The name, if the object does not say it.
    pub name: Option<String>,
    /// The subresource that is asked for, such as `scale`.
    pub sub_resource: Option<String>,
    /// `false` if not given.
    pub dry_run: Option<bool>,
    /// In place of the options that kubectl gives.
    pub options: Option<Value>,
}

/// The subject of a request.
pub(super) struct RequestSubject {
    pub(super) kind: GroupVersionKind,
    pub(super) resource: GroupVersionResource,
    pub(super) subresource: Option<String>,
    pub(super) name: Option<String>,
    /// The namespace; `None` for an object outside of namespaces.
    pub(super) namespace: Option<String>,
    /// What is not certain about all this.
    pub(super) guess: Option<GuessedKind>,
}

impl RequestSubject {
    /// Takes what the details say in place of the object.
    pub(super) fn take(&mut self, details: &mut RequestDetails) {
        let RequestDetails { namespace, name, sub_resource, .. } = details;
        self.namespace = namespace.take().or(self.namespace.take());
        self.name = name.take().or(self.name.take());
        self.subresource = sub_resource.take().or(self.subresource.take());
    }

    /// Creates the request about `object`, which is the new object, or the one to delete on DELETE.
    ///
    /// The `uid` depends only on `seed`, so that the result is the same every time.
    pub(super) fn request(
        self,
        mut object: Value,
        mut details: RequestDetails,
        seed: &str,
    ) -> AdmissionRequest {
        let operation = details.operation.unwrap_or_else(|| self.usual_operation());
        let administrator = administrator();
        let user_info = UserInfo {
            username: details.user.or(administrator.username),
            groups: details.groups.or(administrator.groups),
            ..administrator
        };
        self.set_namespace(&mut object);
        if let Some(old_object) = &mut details.old_object {
            self.set_namespace(old_object);
        }
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
            options: details.options.or_else(|| self.options(operation, old_object.as_ref())),
            request_kind: Some(self.kind.clone()),
            kind: self.kind,
            request_resource: Some(self.resource.clone()),
            resource: self.resource,
            request_sub_resource: self.subresource.clone(),
            sub_resource: self.subresource,
            name: self.name,
            namespace: self.namespace,
            operation: operation.as_str().to_owned(),
            user_info,
            object,
            old_object,
            dry_run: Some(details.dry_run.unwrap_or_default()),
            guess: self.guess,
        }
    }

    /// The operation that a cluster mostly has for the kind: some subresources can only be connected to or updated.
    pub(super) fn usual_operation(&self) -> Operation {
        match self.subresource.as_deref() {
            _ if builtin::is_connection(&self.kind.kind) => Operation::Connect,
            Some("scale") => Operation::Update,
            _ => Operation::Create,
        }
    }

    /// Puts the object where the request is, as an API server does: `metadata.namespace` is that of the request, and
    /// what is not in a namespace has none.
    fn set_namespace(&self, object: &mut Value) {
        let Value::Object(object) = object else { return };
        if builtin::is_connection(&self.kind.kind) {
            return;
        }
        let namespace = self.namespace.as_ref().filter(|_| !self.is_namespace());
        let metadata = object.entry("metadata").or_insert(Value::Null);
        if metadata.is_null() {
            *metadata = Value::Object(Map::new());
        }
        match (metadata, namespace) {
            (Value::Object(metadata), Some(namespace)) => {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            (Value::Object(metadata), None) => {
                metadata.remove("namespace");
            }
            _ => {}
        }
    }

    fn is_namespace(&self) -> bool {
        (&*self.resource.group, &*self.resource.resource) == ("", "namespaces")
    }

    /// The options that come with a request: those of `kubectl create`, `apply` of what exists, and `delete`. Whoever
    /// asks for a subresource gives none.
    fn options(&self, operation: Operation, old_object: Option<&Value>) -> Option<Value> {
        let kind = options_kind(operation)?;
        let mut options = json!({"apiVersion": "meta.k8s.io/v1", "kind": kind});
        let mut set = |key: &str, value| options[key] = value;
        match operation {
            _ if self.subresource.is_some() => {}
            Operation::Create => {
                set("fieldManager", json!("kubectl-create"));
                set("fieldValidation", json!("Strict"));
            }
            Operation::Update => {
                set("fieldManager", json!("kubectl-client-side-apply"));
                set("fieldValidation", json!("Strict"));
            }
            Operation::Delete => {
                set("propagationPolicy", json!("Background"));
                let old_object = old_object.unwrap_or(&Value::Null);
                if (&*self.resource.group, &*self.resource.resource) == ("", "pods") {
                    set("gracePeriodSeconds", json!(grace_period(old_object)));
                }
                let uid = &old_object["metadata"]["uid"];
                if uid.is_string() && (self.is_namespace() || self.kind.kind == "CustomResourceDefinition") {
                    set("preconditions", json!({ "uid": uid }));
                }
            }
            Operation::Connect | Operation::All => {}
        }
        Some(options)
    }
}

/// The seconds that an API server gives a Pod to end. Source: `CheckGracefulDelete` of k8s.io/kubernetes,
/// pkg/registry/core/pod.
fn grace_period(pod: &Value) -> i64 {
    let is_scheduled = pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    match pod["spec"]["terminationGracePeriodSeconds"].as_i64() {
        _ if !is_scheduled || is_over => 0,
        Some(seconds) if seconds < 0 => 1,
        Some(seconds) => seconds,
        None => 30,
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
