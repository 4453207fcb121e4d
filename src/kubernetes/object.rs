//! Turns an object into the request that an API server would send for it.

use serde_json::Value;

use super::error::{Error, quoted};
use super::request::{NAMESPACE, RequestDetails, RequestSubject};
use super::{AdmissionRequest, GroupVersionKind, GroupVersionResource, Operation, Scope, builtin, names};

/// Creates the request for an operation on `object`.
///
/// On UPDATE, `object` is the new object, and the old object is the same by default. On DELETE, the old object is
/// deleted, or else `object`. The same arguments always give the same request, including its `uid`.
///
/// # Errors
///
/// Fails if `object` has no `apiVersion` or `kind`, if the operation is not a single one, or if the old object does
/// not fit.
pub(crate) fn request_for_object(object: Value, details: RequestDetails) -> Result<AdmissionRequest, Error> {
    let operation = details.operation.unwrap_or(Operation::Create);
    if operation == Operation::All {
        return Err(Error::new(
            "a request is about one operation, not `*`",
            "use `CREATE`, `UPDATE`, `DELETE` or `CONNECT`",
        ));
    }
    let subject = RequestSubject::of(&object)?;
    if let Some(old) = &details.old_object {
        check_old_object(old, operation, &subject)?;
    }
    let seed = format!("{operation} {object}");
    Ok(subject.request(object, details, &seed))
}

fn check_old_object(old: &Value, operation: Operation, subject: &RequestSubject) -> Result<(), Error> {
    if !matches!(operation, Operation::Update | Operation::Delete) {
        return Err(Error::new(
            format!("an old object was given, but a {operation} has none"),
            "leave it out, or use the operation `UPDATE` or `DELETE`",
        ));
    }
    let before = RequestSubject::of(old)?;
    if before.kind != subject.kind {
        return Err(Error::new(
            format!("the object is a `{}`, but the old object is a `{}`", subject.kind, before.kind),
            "give the same object as it was before the operation",
        ));
    }
    Ok(())
}

impl RequestSubject {
    /// Returns the subject of a request about an object: what the object says, and what follows from it.
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
        let in_metadata = |key: &str| object.get("metadata")?.get(key)?.as_str().map(str::to_owned);
        let is_namespaced = built_in.is_none_or(|built_in| built_in.scope == Scope::Namespaced);
        let namespace = match (group, kind) {
            ("", "Namespace") => in_metadata("name"),
            _ => is_namespaced.then(|| in_metadata("namespace").unwrap_or_else(|| NAMESPACE.to_owned())),
        };
        Ok(Self {
            kind: GroupVersionKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            },
            resource,
            subresource: subresource.map(str::to_owned),
            name: in_metadata("name"),
            namespace,
        })
    }
}

fn gvr(group: &str, version: &str, plural: &str) -> GroupVersionResource {
    GroupVersionResource { group: group.to_owned(), version: version.to_owned(), resource: plural.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::BUILT_IN;
    use super::*;

    fn request(object: Value, operation: Operation, old_object: Option<Value>) -> Result<Value, Error> {
        let details = RequestDetails { operation: Some(operation), old_object, ..RequestDetails::default() };
        Ok(json!(request_for_object(object, details)?))
    }

    fn create(object: Value) -> Value {
        request(object, Operation::Create, None).unwrap()
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
        let request = |operation, old| request(pod("new"), operation, old).unwrap();
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
    fn an_old_object_must_fit_operation_and_object() {
        let refused = |operation, old: Value| {
            let pod = json!({"apiVersion": "v1", "kind": "Pod"});
            request(pod, operation, Some(old)).unwrap_err().to_string()
        };
        let pod = json!({"apiVersion": "v1", "kind": "Pod"});
        assert!(refused(Operation::Create, pod.clone()).contains("a CREATE has none"));
        assert!(refused(Operation::Connect, pod).contains("a CONNECT has none"));
        let service = json!({"apiVersion": "v1", "kind": "Service"});
        assert!(
            refused(Operation::Update, service).contains("a `v1 Pod`, but the old object is a `v1 Service`")
        );
        assert!(refused(Operation::Delete, json!(5)).contains("no `apiVersion` and `kind`"));
    }

    #[test]
    fn a_namespace_is_in_itself() {
        let request = create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        assert_eq!((&request["namespace"], &request["name"]), (&json!("shop"), &json!("shop")));
    }

    #[test]
    fn an_object_needs_an_api_version_and_a_kind() {
        for (object, missing) in [
            (json!({}), "`apiVersion` and `kind`"),
            (json!([]), "`apiVersion` and `kind`"),
            (json!({"kind": "Pod"}), "`apiVersion`"),
            (json!({"apiVersion": "", "kind": "Pod"}), "`apiVersion`"),
            (json!({"apiVersion": "v1", "kind": 1}), "`kind`"),
        ] {
            let error = request(object, Operation::Create, None).unwrap_err();
            assert_eq!(error.to_string(), format!("the object has no {missing}"));
        }
        let pod = json!({"apiVersion": "a/b/c", "kind": "Pod"});
        let error = request(pod.clone(), Operation::Create, None).unwrap_err();
        assert_eq!(error.to_string(), "`a/b/c` is not an `apiVersion`");
        assert!(request(pod, Operation::All, None).is_err());
    }
}
