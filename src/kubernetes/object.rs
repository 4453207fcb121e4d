//! Turns an object into the request that an API server would send for it.

use serde_json::Value;

use super::error::{Error, quoted};
use super::request::{NAMESPACE, RequestDetails, RequestSubject};
use super::{AdmissionRequest, GroupVersionKind, KnownKinds, Operation, Scope};

/// Creates the request for an operation on `object`, by default the one that is mostly done to its kind.
///
/// On UPDATE, `object` is the new object, and the old object is the same by default. On DELETE, the old object is
/// deleted, or else `object`. The same arguments always give the same request, including its `uid`.
///
/// # Errors
///
/// Fails if `object` has no `apiVersion` or `kind`, if the operation is not a single one, or if the old object does
/// not fit.
pub fn request_for_object(
    object: Value,
    mut details: RequestDetails,
    kinds: &KnownKinds,
) -> Result<AdmissionRequest, Error> {
    if details.operation == Some(Operation::All) {
        return Err(Error::new(
            "a request is about one operation, not `*`",
            "use `CREATE`, `UPDATE`, `DELETE` or `CONNECT`",
        ));
    }
    let mut subject = RequestSubject::of(&object, details.namespace.as_deref(), kinds)?;
    subject.take(&mut details);
    let operation = details.operation.unwrap_or_else(|| subject.usual_operation());
    if let Some(old) = &details.old_object {
        check_old_object(old, operation, &subject, kinds)?;
    }
    let seed = format!("{operation} {object}");
    Ok(subject.request(object, details, &seed))
}

fn check_old_object(
    old: &Value,
    operation: Operation,
    subject: &RequestSubject,
    kinds: &KnownKinds,
) -> Result<(), Error> {
    if !matches!(operation, Operation::Update | Operation::Delete) {
        return Err(Error::new(
            format!("an old object was given, but a {operation} has none"),
            "leave it out, or use the operation `UPDATE` or `DELETE`",
        ));
    }
    let before = RequestSubject::of(old, None, kinds)?;
    if before.kind != subject.kind {
        return Err(Error::new(
            format!("the object is a `{}`, but the old object is a `{}`", subject.kind, before.kind),
            "give the same object as it was before the operation",
        ));
    }
    Ok(())
}

impl RequestSubject {
    /// Returns the subject of a request about an object: what the object says, and what follows from it. `namespace` is
    /// what the user says.
    fn of(object: &Value, namespace: Option<&str>, kinds: &KnownKinds) -> Result<Self, Error> {
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
        let in_metadata = |key: &str| {
            let value = object.get("metadata")?.get(key)?.as_str();
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let kind =
            GroupVersionKind { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() };
        let home = kinds.home(&kind, namespace.is_some() || in_metadata("namespace").is_some());
        let namespace = match (&*kind.group, &*kind.kind) {
            ("", "Namespace") => in_metadata("name"),
            _ if home.scope == Scope::Cluster => None,
            _ => Some(in_metadata("namespace").unwrap_or_else(|| NAMESPACE.to_owned())),
        };
        Ok(Self {
            kind,
            resource: home.resource,
            subresource: home.subresource.map(str::to_owned),
            name: in_metadata("name"),
            namespace,
            guess: home.guess,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{BUILT_IN, GroupVersionResource, names};
    use super::*;

    fn gvr(group: &str, version: &str, plural: &str) -> GroupVersionResource {
        GroupVersionResource {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: plural.to_owned(),
        }
    }

    fn request(object: Value, operation: Operation, old_object: Option<Value>) -> Result<Value, Error> {
        let details = RequestDetails { operation: Some(operation), old_object, ..RequestDetails::default() };
        Ok(json!(request_for_object(object, details, &KnownKinds::default())?))
    }

    fn create(object: Value) -> Value {
        request(object, Operation::Create, None).unwrap()
    }

    #[test]
    fn every_built_in_kind_finds_its_resource() {
        // A Binding is that of a Pod, whatever else takes it.
        for built_in in BUILT_IN.iter().filter(|built_in| built_in.kind != "Binding") {
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
        assert_eq!(request["options"]["fieldManager"], "kubectl-create");
        assert_eq!(request["options"]["kind"], "CreateOptions");
        let request =
            create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}));
        assert_eq!(request.get("name"), None);
        assert_eq!(request["namespace"], "default");
    }

    #[test]
    fn custom_kinds_get_the_likely_plural_and_scope() {
        for (kind, plural, namespace) in [
            ("BackupPolicy", "backuppolicies", json!("default")),
            ("PodChaos", "podchaos", json!("default")),
            ("Quiz", "quizzes", json!("default")),
            ("ClusterBackup", "clusterbackups", Value::Null),
            ("Cluster", "clusters", json!("default")),
        ] {
            let request = create(json!({"apiVersion": "example.com/v1", "kind": kind}));
            assert_eq!(request["resource"], json!(gvr("example.com", "v1", plural)));
            assert_eq!(request["namespace"], namespace, "{kind}");
        }
        let metadata = json!({"namespace": "shop"});
        let object = json!({"apiVersion": "example.com/v1", "kind": "ClusterBackup", "metadata": metadata});
        assert_eq!(create(object)["namespace"], "shop");
    }

    #[test]
    fn an_object_is_where_its_request_is() {
        let create = |kind: &str, metadata: Value| {
            create(json!({"apiVersion": "v1", "kind": kind, "metadata": metadata}))
        };
        assert_eq!(create("Pod", json!({"namespace": ""}))["object"]["metadata"]["namespace"], "default");
        assert_eq!(create("Pod", Value::Null)["object"]["metadata"], json!({"namespace": "default"}));
        assert_eq!(create("Pod", json!("x"))["object"]["metadata"], "x");
        for outside in ["Node", "Namespace"] {
            let request = create(outside, json!({"name": "a", "namespace": "shop"}));
            assert_eq!(request["object"]["metadata"], json!({"name": "a"}), "{outside}");
        }
    }

    #[test]
    fn the_user_may_say_more_than_the_object() {
        let object = json!({"apiVersion": "example.com/v1", "kind": "ClusterBackup"});
        let details = RequestDetails {
            namespace: Some("shop".to_owned()),
            sub_resource: Some("scale".to_owned()),
            ..RequestDetails::default()
        };
        let request = request_for_object(object, details, &KnownKinds::default()).unwrap();
        assert_eq!(request.object.unwrap()["metadata"], json!({"namespace": "shop"}));
        assert_eq!((request.namespace.as_deref(), &*request.operation), (Some("shop"), "UPDATE"));
        assert_eq!(request.options, Some(json!({"apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions"})));
        let guess = request.guess.unwrap().to_string();
        assert_eq!(
            guess,
            "`example.com/v1 ClusterBackup` is assumed to be a resource with the plural `clusterbackups`"
        );
    }

    #[test]
    fn options_are_those_of_kubectl() {
        let delete = |object: Value| {
            let request = request(object, Operation::Delete, None).unwrap();
            let mut options = request["options"].clone();
            let options = options.as_object_mut().unwrap();
            assert_eq!(options.remove("kind"), Some(json!("DeleteOptions")));
            assert_eq!(options.remove("propagationPolicy"), Some(json!("Background")));
            options.remove("apiVersion");
            json!(options)
        };
        let pod = |spec: Value, phase: &str| {
            let status = json!({ "phase": phase });
            json!({"apiVersion": "v1", "kind": "Pod", "spec": spec, "status": status})
        };
        for (spec, phase, seconds) in [
            (json!({}), "Pending", 0),
            (json!({"nodeName": "a"}), "Running", 30),
            (json!({"nodeName": "a", "terminationGracePeriodSeconds": 5}), "Running", 5),
            (json!({"nodeName": "a", "terminationGracePeriodSeconds": -5}), "Running", 1),
            (json!({"nodeName": "a"}), "Succeeded", 0),
        ] {
            assert_eq!(delete(pod(spec, phase)), json!({ "gracePeriodSeconds": seconds }));
        }
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "uid": "u"}});
        assert_eq!(delete(namespace), json!({"preconditions": {"uid": "u"}}));
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"uid": "u"}});
        assert_eq!(delete(deployment), json!({}));
    }

    #[test]
    fn the_rules_of_the_policy_name_the_plural() {
        let rule = |group: &str, resource: &str| super::super::Rule {
            api_groups: vec![group.to_owned()],
            api_versions: vec!["v1".to_owned()],
            resources: vec![resource.to_owned()],
            operations: vec![Operation::Create],
        };
        let resource = |group: &str, kind: &str, rules: &[super::super::Rule]| {
            let object = json!({"apiVersion": format!("{group}/v1"), "kind": kind});
            let kinds = KnownKinds::of_rules(rules);
            let request = request_for_object(object, RequestDetails::default(), &kinds).unwrap();
            let guess = request.guess.as_ref().map(ToString::to_string).unwrap_or_default();
            (request.resource.resource, guess.contains("with the plural"))
        };
        let network = "NetworkAttachmentDefinition";
        let of_rules = [rule("a.com", "network-attachment-definitions/status"), rule("b.com", "sheeps")];
        assert_eq!(
            resource("a.com", network, &of_rules),
            ("network-attachment-definitions".to_owned(), false)
        );
        assert_eq!(resource("b.com", network, &of_rules), ("networkattachmentdefinitions".to_owned(), true));
        assert_eq!(resource("b.com", "Sheep", &of_rules), ("sheeps".to_owned(), false));
        let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale"});
        let kinds = KnownKinds::of_rules(&[rule("apps", "statefulsets/scale")]);
        let request = request_for_object(scale, RequestDetails::default(), &kinds).unwrap();
        assert_eq!(request.resource.resource, "statefulsets");
    }

    #[test]
    fn a_definition_says_plural_and_scope() {
        let definition = |scope: &str| {
            let names = json!({"plural": "gadgetry", "kind": "Gadget"});
            let spec = json!({"group": "example.com", "scope": scope, "names": names});
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec})
        };
        let service = json!({"apiVersion": "v1", "kind": "Service"});
        let mut kinds = KnownKinds::default();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [service, definition("Cluster")]});
        kinds.define(vec![list.into()]).unwrap();
        let gadget = json!({"apiVersion": "example.com/v1", "kind": "Gadget"});
        let request = request_for_object(gadget, RequestDetails::default(), &kinds).unwrap();
        assert_eq!(request.resource.resource, "gadgetry");
        assert_eq!((request.namespace, request.guess), (None, None));
        for (wrong, message) in [
            (service, "there is no `CustomResourceDefinition` in it"),
            (definition(""), "the `CustomResourceDefinition` has no `spec.scope`"),
            (definition("Global"), "`spec.scope` of a `CustomResourceDefinition` is `Global`"),
        ] {
            assert_eq!(kinds.define(vec![wrong.into()]).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn objects_of_subresources_belong_to_their_resource() {
        let request = create(json!({"apiVersion": "autoscaling/v1", "kind": "Scale"}));
        assert_eq!(request["resource"], json!(gvr("apps", "v1", "deployments")));
        assert_eq!((&request["subResource"], &request["operation"]), (&json!("scale"), &json!("CREATE")));
        let of_kind = |api_version: &str, kind: &str| {
            let object = json!({"apiVersion": api_version, "kind": kind});
            json!(request_for_object(object, RequestDetails::default(), &KnownKinds::default()).unwrap())
        };
        for (api_version, kind, resource, subresource, operation) in [
            ("autoscaling/v1", "Scale", "deployments", "scale", "UPDATE"),
            ("v1", "PodExecOptions", "pods", "exec", "CONNECT"),
            ("v1", "ServiceProxyOptions", "services", "proxy", "CONNECT"),
            ("v1", "Binding", "pods", "binding", "CREATE"),
            ("policy/v1", "Eviction", "pods", "eviction", "CREATE"),
            ("authentication.k8s.io/v1", "TokenRequest", "serviceaccounts", "token", "CREATE"),
        ] {
            let request = of_kind(api_version, kind);
            assert_eq!(request["resource"]["resource"], resource);
            assert_eq!(request["subResource"], subresource);
            assert_eq!(request["operation"], operation);
        }
        assert_eq!(of_kind("v1", "PodExecOptions")["object"].get("metadata"), None);
        assert_eq!(request["kind"]["group"], "autoscaling");
    }

    #[test]
    fn old_and_new_object_are_where_the_operation_has_them() {
        let pod = |name: &str| {
            let metadata = json!({"name": name, "namespace": "default"});
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        };
        let without_namespace = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new"}});
        let request = |operation, old| request(without_namespace.clone(), operation, old).unwrap();
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
