//! What a person hands in as a request: an admission request, an `AdmissionReview`, or a Kubernetes object, for which
//! the request is made. JSON or YAML, in which several documents are several requests.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::error::{WithHint, failure};
use crate::kubernetes::{self, Operation};
use crate::protocol::{PolicyType, Request};
use crate::yaml;

/// How a request is made of a Kubernetes object. A request that is complete has no use for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Making {
    /// What is done to the object, if not CREATE.
    pub operation: Option<Operation>,
    /// The object before, for UPDATE and DELETE.
    pub old_object: Option<Value>,
}

/// One document of a file, not yet a value: what its scalars are depends on who reads it.
#[derive(Debug, Clone)]
pub struct InputDocument(InputContent);

#[derive(Debug, Clone)]
enum InputContent {
    Json(Value),
    Yaml(yaml::Node),
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// As JSON, and as nothing else.
    Json,
    /// As YAML, of which JSON is a part.
    Yaml,
    /// As what it looks like: JSON begins with a bracket.
    Unknown,
}

impl InputFormat {
    /// What the name of a file says.
    pub fn of(path: &Path) -> Self {
        let is =
            |known: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(known));
        match (is("json"), is("yaml") || is("yml")) {
            (true, _) => Self::Json,
            (_, true) => Self::Yaml,
            _ => Self::Unknown,
        }
    }
}

/// The documents of a text. JSON is one, YAML may be several.
///
/// # Errors
///
/// When it is not in that format, or there is nothing in it.
pub fn read_documents(text: &str, format: InputFormat) -> Result<Vec<InputDocument>> {
    let looks_like_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let error = match serde_json::from_str(text) {
        Ok(document) => return Ok(vec![Value::into(document)]),
        Err(error) => error,
    };
    match format {
        InputFormat::Json => return Err(error).context("it is no valid JSON"),
        InputFormat::Unknown if looks_like_json => {
            return Err(error).context("it is no valid JSON").hint(|| {
                "YAML may begin with a bracket too: then put it into a file that ends in `.yaml`".to_owned()
            });
        }
        InputFormat::Yaml | InputFormat::Unknown => {}
    }
    let documents = yaml::parse_all(text.strip_prefix('\u{feff}').unwrap_or(text));
    let documents = documents.context(match format {
        InputFormat::Yaml => "it is no valid YAML",
        _ => "it is neither JSON nor YAML",
    })?;
    // Null is what stands behind a last `---`.
    let documents: Vec<_> = documents.into_iter().filter(|document| !document.is_null()).collect();
    if documents.is_empty() {
        return Err(anyhow!("there is nothing in it"));
    }
    Ok(documents.into_iter().map(InputDocument::from).collect())
}

impl From<Value> for InputDocument {
    fn from(json: Value) -> Self {
        Self(InputContent::Json(json))
    }
}

impl From<yaml::Node> for InputDocument {
    fn from(node: yaml::Node) -> Self {
        Self(InputContent::Yaml(node))
    }
}

impl InputDocument {
    /// What a policy of this type is to judge: one value for most, the items of a `List` for Kubernetes, and nothing for
    /// a document without any value there. `kubectl get` prints a `List` for several objects, and `kubectl apply` takes
    /// its items one by one.
    pub fn values(self, policy_type: PolicyType) -> Vec<Value> {
        match (policy_type, self.value(policy_type)) {
            (PolicyType::Kubernetes, Value::Null) => Vec::new(),
            (PolicyType::Kubernetes, list) if is_list(&list) => match list {
                Value::Object(mut list) => match list.remove("items") {
                    Some(Value::Array(items)) => items,
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            (_, value) => vec![value],
        }
    }

    /// The one value. Kubernetes reads YAML by other rules than Kubewarden does.
    pub fn value(self, policy_type: PolicyType) -> Value {
        match (self.0, policy_type) {
            (InputContent::Json(value), _) => value,
            (InputContent::Yaml(node), PolicyType::Kubernetes) => node.to_kubernetes_json(),
            (InputContent::Yaml(node), PolicyType::Raw) => node.to_json(),
        }
    }
}

/// Is this what `kubectl get` prints for several objects?
fn is_list(document: &Value) -> bool {
    document["kind"] == "List" && document["apiVersion"] == "v1" && document["items"].is_array()
}

/// The request that a document is, or that is made of it.
///
/// # Errors
///
/// When it is no request, in kwctl's words, or `making` is given for what is a request already.
pub fn to_request(document: Value, policy_type: PolicyType, making: &Making) -> Result<Request> {
    if policy_type == PolicyType::Kubernetes && is_list(&document) {
        return Err(failure(
            "a `List` is several objects, and a request is about one",
            "give each of its items as a request of its own",
        ));
    }
    if policy_type == PolicyType::Kubernetes && is_object(&document) {
        let operation = making.operation.unwrap_or(Operation::Create);
        let request = kubernetes::request_for_object(document, operation, making.old_object.clone())
            .map_err(|error| failure(&error, error.hint()))?;
        return Request::from_document(request, policy_type);
    }
    if *making != Making::default() {
        return Err(failure(
            "an operation or an old object is given for what is a request already",
            "leave `--operation` and `--old-object` out, or give a Kubernetes object instead of a request",
        ));
    }
    Request::from_document(document, policy_type).hint(|| {
        "a request is an AdmissionRequest, an AdmissionReview or a Kubernetes object; with `--raw` it is any JSON"
            .to_owned()
    })
}

/// Is a document a Kubernetes object, of which a request can be made? An admission request has a `kind` that is no
/// text, and an `AdmissionReview` is known by its name.
pub(crate) fn is_object(document: &Value) -> bool {
    document["kind"].as_str().is_some_and(|kind| kind != "AdmissionReview")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(text: &str, format: InputFormat, policy_type: PolicyType) -> Vec<Value> {
        let documents = read_documents(text, format).unwrap();
        documents.into_iter().flat_map(|document| document.values(policy_type)).collect()
    }

    #[test]
    fn documents_are_json_or_yaml() {
        let read = |text| values(text, InputFormat::Unknown, PolicyType::Kubernetes);
        assert_eq!(read("{\"a\": 1}"), [json!({"a": 1})]);
        assert_eq!(read("a: 1"), [json!({"a": 1})]);
        assert_eq!(read("---\na: 1\n---\nb: 2\n---\n").len(), 2);
        assert_eq!(read("[1, 2]"), [json!([1, 2])]);
        let read = |text| values(text, InputFormat::Yaml, PolicyType::Kubernetes);
        assert_eq!(read("{a: 1, b: [c]}"), [json!({"a": 1, "b": ["c"]})]);
    }

    #[test]
    fn kubernetes_reads_yaml_as_kubectl_does() {
        let text = "mode: 0644\non: yes\nitems: null\n";
        let read = |policy_type| values(text, InputFormat::Yaml, policy_type);
        assert_eq!(read(PolicyType::Kubernetes), [json!({"mode": 420, "on": true, "items": null})]);
        assert_eq!(read(PolicyType::Raw), [json!({"mode": "0644", "on": "yes", "items": null})]);
    }

    #[test]
    fn the_items_of_a_list_are_documents_of_kubernetes() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n- {kind: Service}\n";
        assert_eq!(values(list, InputFormat::Yaml, PolicyType::Kubernetes).len(), 2);
        assert_eq!(values(list, InputFormat::Yaml, PolicyType::Raw).len(), 1);
        let empty = r#"{"apiVersion":"v1","kind":"List","items":[]}"#;
        assert_eq!(values(empty, InputFormat::Json, PolicyType::Kubernetes).len(), 0);
        for no_list in
            [r#"{"apiVersion":"v1","kind":"List"}"#, r#"{"apiVersion":"v1","kind":"List","items":1}"#]
        {
            let document: Value = serde_json::from_str(no_list).unwrap();
            assert_eq!(values(no_list, InputFormat::Json, PolicyType::Kubernetes), [document]);
        }
    }

    #[test]
    fn a_raw_document_is_any_value() {
        assert_eq!(values("null", InputFormat::Json, PolicyType::Raw), [Value::Null]);
        assert_eq!(values("null", InputFormat::Json, PolicyType::Kubernetes).len(), 0);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (text, format, words) in [
            ("{\"a\": 1,}", InputFormat::Unknown, "no valid JSON"),
            ("{\"a\": 1e400}", InputFormat::Unknown, "number out of range"),
            ("\u{feff}{\"a\": 1}", InputFormat::Unknown, "no valid JSON"),
            ("a: 1", InputFormat::Json, "no valid JSON"),
            ("", InputFormat::Unknown, "nothing in it"),
            ("---\n# none\n---\n", InputFormat::Yaml, "nothing in it"),
            ("a: [", InputFormat::Unknown, "neither"),
            ("a: 1\nb: [", InputFormat::Yaml, "no valid YAML: line 3"),
            ("\t- x: y: z", InputFormat::Unknown, "neither"),
        ] {
            let error = format!("{:#}", read_documents(text, format).unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn an_operation_is_for_objects_only() {
        let making = Making { operation: Some(Operation::Delete), old_object: None };
        let pod = || serde_json::json!({"apiVersion": "v1", "kind": "Pod"});
        let Request::Kubernetes(request) = to_request(pod(), PolicyType::Kubernetes, &making).unwrap() else {
            panic!("an object is no raw request");
        };
        assert_eq!(request.operation, "DELETE");
        let review = serde_json::json!({"kind": "AdmissionReview"});
        assert!(to_request(review, PolicyType::Kubernetes, &making).is_err());
        assert!(to_request(pod(), PolicyType::Raw, &making).is_err());
    }
}
