//! From an object, as one would `kubectl apply` it, to the request that an API server would send about it.

use serde_json::{Value, json};

use super::error::{Error, quoted};
use super::example::{NAMESPACE, options_kind, uid, user_info};
use super::{GroupVersionKind, GroupVersionResource, Operation, Scope, builtin, names};

/// What a request says beside the object. A request that is complete has no use for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestDetails {
    /// What is done to the object, if not CREATE.
    pub operation: Option<Operation>,
    /// The object before, for UPDATE and DELETE.
    pub old_object: Option<Value>,
}

/// A complete request, bare of the `AdmissionReview` around it, for `operation` on `object`.
///
/// On UPDATE the object is the new one, and `old_object` the one before, by default the same. On DELETE it is
/// `old_object`, or else `object`, that goes. The same arguments give the same request, `uid` included.
///
/// # Errors
///
/// When `object` has no `apiVersion` and `kind`, `operation` is no single one, or `old_object` does not go with them.
pub fn request_for_object(
    object: Value,
    operation: Operation,
    old_object: Option<Value>,
) -> Result<Value, Error> {
    if operation == Operation::All {
        return Err(Error::new(
            "a request is about one operation, not `*`",
            "use `CREATE`, `UPDATE`, `DELETE` or `CONNECT`",
        ));
    }
    let subject = ObjectSubject::of(&object)?;
    if let Some(old) = &old_object {
        check_old_object(old, operation, &subject)?;
    }
    let mut request = json!({
        "uid": uid(&format!("{operation} {object}")),
        "kind": subject.kind,
        "resource": subject.resource,
        "requestKind": subject.kind,
        "requestResource": subject.resource,
        "operation": operation.as_str(),
        "userInfo": user_info(),
        "dryRun": false,
    });
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            request[key] = value;
        }
    };
    set("subResource", subject.subresource.map(Value::from));
    set("requestSubResource", subject.subresource.map(Value::from));
    set("name", subject.name.map(Value::from));
    set("namespace", subject.namespace.map(Value::from));
    let options = options_kind(operation);
    set("options", options.map(|kind| json!({"apiVersion": "meta.k8s.io/v1", "kind": kind})));
    match operation {
        Operation::Delete => set("oldObject", Some(old_object.unwrap_or(object))),
        Operation::Update => {
            set("oldObject", Some(old_object.unwrap_or_else(|| object.clone())));
            set("object", Some(object));
        }
        _ => set("object", Some(object)),
    }
    Ok(request)
}

fn check_old_object(old: &Value, operation: Operation, subject: &ObjectSubject) -> Result<(), Error> {
    if !matches!(operation, Operation::Update | Operation::Delete) {
        return Err(Error::new(
            format!("an object that is there before is given, and a {operation} has none"),
            "make the operation `UPDATE` or `DELETE`",
        ));
    }
    let before = ObjectSubject::of(old)?;
    if before.kind != subject.kind {
        return Err(Error::new(
            format!("the object is a `{}`, and the one before a `{}`", subject.kind, before.kind),
            "give the same object as it was before",
        ));
    }
    Ok(())
}

/// What an object says about itself, and what follows from it.
struct ObjectSubject {
    kind: GroupVersionKind,
    resource: GroupVersionResource,
    /// Where objects of this kind belong to a subresource.
    subresource: Option<&'static str>,
    name: Option<String>,
    /// `None` for what lives beside the namespaces. A namespace lives in itself.
    namespace: Option<String>,
}

impl ObjectSubject {
    fn of(object: &Value) -> Result<Self, Error> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let missing = |what: &str| {
            Error::new(
                format!("the object has no {what}"),
                "a Kubernetes object says what it is: `apiVersion: v1` and `kind: Pod`",
            )
        };
        let (api_version, kind) = match (text("apiVersion"), text("kind")) {
            (Some(api_version), Some(kind)) => (api_version, kind),
            (None, Some(_)) => return Err(missing("`apiVersion`")),
            (Some(_), None) => return Err(missing("`kind`")),
            (None, None) => return Err(missing("`apiVersion` and `kind`")),
        };
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        if version.is_empty() || group.contains('/') {
            let message = format!("{} is not an `apiVersion`", quoted(api_version));
            return Err(Error::new(message, "write `v1`, `apps/v1` or `example.com/v1`"));
        }
        let (built_in, subresource) = builtin::of_kind(group, kind).unzip();
        let subresource = subresource.flatten();
        let resource = match (built_in, subresource) {
            (Some(owner), Some(_)) => gvr(owner.group, owner.preferred_version(), owner.plural),
            (Some(own), None) => gvr(group, version, own.plural),
            (None, _) => gvr(group, version, &names::plural_of(kind)),
        };
        let said = |key: &str| object.get("metadata")?.get(key)?.as_str().map(str::to_owned);
        let is_namespaced = built_in.is_none_or(|built_in| built_in.scope == Scope::Namespaced);
        let namespace = match (group, kind) {
            ("", "Namespace") => said("name"),
            _ => is_namespaced.then(|| said("namespace").unwrap_or_else(|| NAMESPACE.to_owned())),
        };
        Ok(Self {
            kind: GroupVersionKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            },
            resource,
            subresource,
            name: said("name"),
            namespace,
        })
    }
}

fn gvr(group: &str, version: &str, plural: &str) -> GroupVersionResource {
    GroupVersionResource { group: group.to_owned(), version: version.to_owned(), resource: plural.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::BUILT_IN;
    use super::*;

    fn create(object: Value) -> Value {
        request_for_object(object, Operation::Create, None).unwrap()
    }

    #[test]
    fn every_built_in_kind_finds_its_resource() {
        for built_in in BUILT_IN {
            for version in built_in.versions {
                let api_version = names::api_version(built_in.group, version);
                let request = create(json!({"apiVersion": api_version, "kind": built_in.kind}));
                assert_eq!(request["resource"], json!(gvr(built_in.group, version, built_in.plural)));
                assert_eq!(request["kind"]["kind"], built_in.kind);
                assert_eq!(request.get("namespace").is_some(), built_in.scope == Scope::Namespaced);
                assert_eq!(request.get("subResource"), None);
            }
        }
    }

    #[test]
    fn the_object_says_its_name_and_namespace() {
        let object =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}});
        let request = create(object.clone());
        assert_eq!(request["name"], "web");
        assert_eq!(request["namespace"], "shop");
        assert_eq!(request["object"], object);
        assert_eq!(request["options"]["kind"], "CreateOptions");
        let request =
            create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}));
        assert_eq!(request.get("name"), None);
        assert_eq!(request["namespace"], "default");
    }

    #[test]
    fn custom_kinds_get_the_likely_plural() {
        let request = create(json!({"apiVersion": "example.com/v1", "kind": "BackupPolicy"}));
        assert_eq!(request["resource"], json!(gvr("example.com", "v1", "backuppolicies")));
        assert_eq!(request["namespace"], "default");
    }

    #[test]
    fn objects_of_subresources_belong_to_their_resource() {
        let request = create(json!({"apiVersion": "autoscaling/v1", "kind": "Scale"}));
        assert_eq!(request["resource"], json!(gvr("apps", "v1", "deployments")));
        assert_eq!(request["subResource"], "scale");
        assert_eq!(request["kind"]["group"], "autoscaling");
    }

    #[test]
    fn old_and_new_object_are_where_the_operation_has_them() {
        let pod = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}});
        let request = |operation, old| request_for_object(pod("new"), operation, old).unwrap();
        let update = request(Operation::Update, Some(pod("old")));
        assert_eq!((&update["object"], &update["oldObject"]), (&pod("new"), &pod("old")));
        let update = request(Operation::Update, None);
        assert_eq!((&update["object"], &update["oldObject"]), (&pod("new"), &pod("new")));
        let delete = request(Operation::Delete, None);
        assert_eq!((delete.get("object"), &delete["oldObject"]), (None, &pod("new")));
        let delete = request(Operation::Delete, Some(pod("old")));
        assert_eq!(delete["oldObject"], pod("old"));
        assert_eq!(request(Operation::Create, None).get("oldObject"), None);
    }

    #[test]
    fn an_old_object_goes_with_operation_and_object() {
        let refused = |operation, old: Value| {
            let pod = json!({"apiVersion": "v1", "kind": "Pod"});
            request_for_object(pod, operation, Some(old)).unwrap_err().to_string()
        };
        let pod = json!({"apiVersion": "v1", "kind": "Pod"});
        assert!(refused(Operation::Create, pod.clone()).contains("a CREATE has none"));
        assert!(refused(Operation::Connect, pod).contains("a CONNECT has none"));
        let service = json!({"apiVersion": "v1", "kind": "Service"});
        assert!(
            refused(Operation::Update, service).contains("a `v1 Pod`, and the one before a `v1 Service`")
        );
        assert!(refused(Operation::Delete, json!(5)).contains("no `apiVersion` and `kind`"));
    }

    #[test]
    fn a_namespace_lives_in_itself() {
        let request = create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        assert_eq!((&request["namespace"], &request["name"]), (&json!("shop"), &json!("shop")));
    }

    #[test]
    fn what_says_nothing_about_itself_is_refused() {
        for (object, missing) in [
            (json!({}), "`apiVersion` and `kind`"),
            (json!([]), "`apiVersion` and `kind`"),
            (json!({"kind": "Pod"}), "`apiVersion`"),
            (json!({"apiVersion": "", "kind": "Pod"}), "`apiVersion`"),
            (json!({"apiVersion": "v1", "kind": 1}), "`kind`"),
        ] {
            let error = request_for_object(object, Operation::Create, None).unwrap_err();
            assert_eq!(error.to_string(), format!("the object has no {missing}"));
        }
        let pod = json!({"apiVersion": "a/b/c", "kind": "Pod"});
        let error = request_for_object(pod.clone(), Operation::Create, None).unwrap_err();
        assert_eq!(error.to_string(), "`a/b/c` is not an `apiVersion`");
        assert!(request_for_object(pod, Operation::All, None).is_err());
    }
}
