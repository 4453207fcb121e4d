//! An example of an admission request for any resource that a policy can ask to see.
//!
//! Source: `AdmissionRequest` of k8s.io/api/admission/v1, without what Kubewarden drops before a policy sees it.

use super::builtin::{self, BuiltIn};
use super::request::{NAMESPACE, RequestDetails, RequestSubject};
use super::{AdmissionRequest, COMMON, GroupVersionKind, GroupVersionResource, Operation, Resource};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Manifests by `apiVersion/Kind`, without names and namespaces; valid for kubectl.
const OBJECTS: &str = include_str!("../../templates/shared/objects.json");

/// Creates a request for `operation` on an object called `name`.
///
/// The object is a valid manifest of its kind if this tool has one, and otherwise only `apiVersion`, `kind` and
/// `metadata`. `labels` are added to its metadata. If `*` leaves the resource open, the most likely one is used,
/// which is a Pod if possible; [`Operation::All`] becomes a CREATE. If no subresource is given, CONNECT uses
/// `pods/exec` and the `proxy` of services and nodes. The same arguments always give the same request, including its
/// `uid`.
pub fn admission_request(
    resource: &Resource,
    operation: Operation,
    name: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> AdmissionRequest {
    let operation = match operation {
        Operation::All => Operation::Create,
        operation => operation,
    };
    let resource = resource.example(operation);
    let kind = resource.object_kind().expect("an example has no wildcards");
    let object = object(&resource, &kind, name, labels);
    let seed = format!("{operation} {resource} {name}");
    let subject = RequestSubject {
        kind,
        namespace: resource.is_namespaced().then(|| NAMESPACE.to_owned()),
        resource: GroupVersionResource {
            group: resource.group,
            version: resource.version,
            resource: resource.plural,
        },
        subresource: resource.subresource,
        name: Some(name.to_owned()),
        guess: None,
    };
    subject.request(object, RequestDetails { operation: Some(operation), ..RequestDetails::default() }, &seed)
}

fn object(
    resource: &Resource,
    kind: &GroupVersionKind,
    name: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> Value {
    let api_version = kind.api_version();
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!(api_version));
    object.insert("kind".to_owned(), json!(kind.kind));
    if !kind.kind.ends_with("Options") {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        if resource.is_namespaced() {
            metadata.insert("namespace".to_owned(), json!(NAMESPACE));
        }
        if let Some(labels) = labels {
            metadata.insert("labels".to_owned(), json!(labels));
        }
        object.insert("metadata".to_owned(), Value::Object(metadata));
    }
    object.extend(manifest(&format!("{api_version}/{}", kind.kind)));
    Value::Object(object)
}

/// Returns what a manifest has besides `apiVersion`, `kind` and `metadata`; empty for a kind that is not in
/// [`OBJECTS`].
fn manifest(key: &str) -> Map<String, Value> {
    let mut objects: Map<String, Value> =
        serde_json::from_str(OBJECTS).expect("a test reads every object of the file");
    match objects.remove(key) {
        Some(Value::Object(manifest)) => manifest,
        _ => Map::new(),
    }
}

impl Resource {
    /// Returns one resource that `self` selects, without wildcards.
    fn example(&self, operation: Operation) -> Self {
        let built_in = self.built_in.or_else(|| self.likeliest_built_in());
        let mut example = self.clone();
        match built_in {
            Some(built_in) if self.plural == "*" || self.group == "*" => {
                example.group = built_in.group.to_owned();
                example.plural = built_in.plural.to_owned();
                example.built_in = Some(built_in);
            }
            None if self.plural == "*" => example.plural = "examples".to_owned(),
            None if self.group == "*" => example.group = "example.com".to_owned(),
            _ => {}
        }
        let preferred = built_in.map_or("v1", BuiltIn::preferred_version);
        let has_version = |b: &BuiltIn| b.versions.contains(&self.version.as_str());
        if self.version == "*" || self.group == "*" && !built_in.is_none_or(has_version) {
            example.version = preferred.to_owned();
        }
        let connectable = built_in.and_then(connection_of);
        match self.subresource() {
            None if operation == Operation::Connect => {
                example.subresource = connectable.map(str::to_owned);
            }
            Some("*") => {
                let connection = connectable.filter(|_| operation == Operation::Connect);
                example.subresource = Some(connection.unwrap_or("status").to_owned());
            }
            _ => {}
        }
        example
    }

    /// Returns the resource covered by a `*` that policies are most often written for.
    fn likeliest_built_in(&self) -> Option<&'static BuiltIn> {
        if self.plural != "*" {
            return None;
        }
        let common = COMMON.iter().map(|typed| typed.split('.').next());
        let common = common.filter_map(|plural| builtin::find(plural?));
        let fits = |built_in: &&BuiltIn| {
            let subresource = self.subresource().unwrap_or("*");
            let in_group = self.group == "*" || self.group == built_in.group;
            let in_version = self.group == "*"
                || self.version == "*"
                || built_in.versions.contains(&self.version.as_str());
            let scales = subresource != "scale" || built_in.object_of("scale").is_some();
            in_group && in_version && scales
        };
        common.chain(builtin::BUILT_IN).find(fits)
    }
}

/// Returns the subresource that CONNECT requests to a resource most often name.
fn connection_of(built_in: &BuiltIn) -> Option<&'static str> {
    match built_in.plural {
        "pods" => Some("exec"),
        "services" | "nodes" => Some("proxy"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BUILT_IN, names};
    use super::*;

    fn request(typed: &str, operation: Operation) -> Value {
        json!(admission_request(&typed.parse().unwrap(), operation, "example", None))
    }

    fn api_kind(object: &Value) -> String {
        let text = |key| object[key].as_str().unwrap();
        format!("{} {}", text("apiVersion"), text("kind"))
    }

    #[test]
    fn every_object_of_the_file_belongs_to_a_kind_a_request_can_have() {
        let objects: Map<String, Value> = serde_json::from_str(OBJECTS).unwrap();
        let known: Vec<_> = BUILT_IN
            .iter()
            .flat_map(|built_in| {
                let own = |version: &&str| {
                    let api_version = names::api_version(built_in.group, version);
                    format!("{api_version}/{}", built_in.kind)
                };
                let subresources =
                    ["attach", "binding", "eviction", "exec", "portforward", "proxy", "token", "scale"];
                let foreign = subresources.iter().filter_map(|name| {
                    let (group, version, kind) = built_in.object_of(name)?;
                    Some(format!("{}/{kind}", names::api_version(group, version)))
                });
                let own = built_in.versions.iter().map(own);
                own.chain(foreign).collect::<Vec<_>>()
            })
            .collect();
        for (key, object) in &objects {
            assert!(known.contains(key), "{key}");
            let object = object.as_object().unwrap();
            for owned in ["apiVersion", "kind", "metadata"] {
                assert!(!object.contains_key(owned), "{key} has {owned}");
            }
        }
        for typed in COMMON {
            let kind = typed.parse::<Resource>().unwrap().object_kind().unwrap();
            let api_version = kind.api_version();
            assert!(objects.contains_key(&format!("{api_version}/{}", kind.kind)));
        }
    }

    #[test]
    fn every_built_in_resource_has_a_request_for_every_operation() {
        for built_in in BUILT_IN {
            for operation in Operation::EVERY {
                let request = request(&built_in.typed(), operation);
                let namespaced = built_in.scope == super::super::Scope::Namespaced;
                assert_eq!(request["namespace"].is_string(), namespaced);
                assert_eq!(request["resource"]["resource"], built_in.plural);
                assert_eq!(request["resource"]["group"], built_in.group);
                assert_eq!(request["resource"], request["requestResource"]);
                assert_eq!(request["kind"], request["requestKind"]);
                assert_eq!(request["name"], "example");
                for key in ["object", "oldObject"] {
                    let Some(object) = request.get(key) else {
                        continue;
                    };
                    assert_eq!(object["kind"], request["kind"]["kind"]);
                    if object.get("metadata").is_some() {
                        assert_eq!(object["metadata"]["name"], "example");
                        assert_eq!(object["metadata"]["namespace"].is_string(), namespaced);
                    }
                }
            }
        }
    }

    #[test]
    fn objects_are_there_as_the_operation_demands() {
        for (operation, name, object, old_object) in [
            (Operation::Create, "CREATE", true, false),
            (Operation::Update, "UPDATE", true, true),
            (Operation::Delete, "DELETE", false, true),
            (Operation::Connect, "CONNECT", true, false),
            (Operation::All, "CREATE", true, false),
        ] {
            let request = request("deploy", operation);
            assert_eq!(request["operation"], name);
            assert_eq!(request.get("object").is_some(), object, "{name}");
            assert_eq!(request.get("oldObject").is_some(), old_object, "{name}");
            assert_eq!(request["dryRun"], false);
        }
    }

    #[test]
    fn connect_carries_options() {
        for (typed, subresource, kind) in [
            ("pods", "exec", "v1 PodExecOptions"),
            ("pods/*", "exec", "v1 PodExecOptions"),
            ("pods/attach", "attach", "v1 PodAttachOptions"),
            ("*", "exec", "v1 PodExecOptions"),
            ("nodes", "proxy", "v1 NodeProxyOptions"),
        ] {
            let request = request(typed, Operation::Connect);
            assert_eq!(request["subResource"], subresource, "{typed}");
            assert_eq!(request["requestSubResource"], subresource);
            assert_eq!(api_kind(&request["object"]), kind);
            assert_eq!(request["object"].get("metadata"), None);
        }
    }

    #[test]
    fn wildcards_are_filled_with_the_likeliest() {
        for (typed, resource, kind) in [
            ("*", "pods", "v1 Pod"),
            ("*/*", "pods", "v1 Pod"),
            ("v1/*", "pods", "v1 Pod"),
            ("*.apps", "deployments", "apps/v1 Deployment"),
            ("*/scale", "deployments", "autoscaling/v1 Scale"),
            ("*.batch", "jobs", "batch/v1 Job"),
            ("autoscaling/v1/*", "horizontalpodautoscalers", "autoscaling/v1 HorizontalPodAutoscaler"),
            ("*.policy", "poddisruptionbudgets", "policy/v1 PodDisruptionBudget"),
            ("apps/*/sts", "statefulsets", "apps/v1 StatefulSet"),
            ("*/*/sts", "statefulsets", "apps/v1 StatefulSet"),
            ("*/v2/pods", "pods", "v1 Pod"),
            ("*.example.com", "examples", "example.com/v1 Example"),
            ("example.com/*/widgets", "widgets", "example.com/v1 Widget"),
            ("*/*/widgets", "widgets", "example.com/v1 Widget"),
        ] {
            let request = request(typed, Operation::All);
            assert_eq!(request["resource"]["resource"], resource, "{typed}");
            assert_eq!(api_kind(&request["object"]), kind, "{typed}");
            assert!(!request.to_string().contains(r#":"*""#), "{request}");
        }
    }

    #[test]
    fn labels_are_those_given() {
        let labels = BTreeMap::from([("owner".to_owned(), "me".to_owned())]);
        let pod: Resource = "pods".parse().unwrap();
        let request = |labels| json!(admission_request(&pod, Operation::Update, "a", labels));
        let with = request(Some(&labels));
        assert_eq!(with["object"]["metadata"]["labels"], json!({"owner": "me"}));
        assert_eq!(with["object"], with["oldObject"]);
        assert_eq!(request(None)["object"]["metadata"].get("labels"), None);
    }

    #[test]
    fn the_uid_is_a_uuid_that_stays() {
        let uid = |name: &str| {
            let pod = "pods".parse().unwrap();
            admission_request(&pod, Operation::Create, name, None).uid
        };
        assert_eq!(uid("a"), "544f03eb-5098-8151-a0b4-c62307860108");
        assert_ne!(uid("a"), uid("b"));
        let parts: Vec<_> = uid("a").split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
    }
}
