//! What a person hands in as a request: an admission request, an `AdmissionReview`, or a Kubernetes object, for which
//! the request is made. JSON or YAML, in which several documents are several requests.

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::{self, Operation};
use crate::metadata::PolicyType;
use crate::protocol::Request;
use crate::shell::{WithHint, failure};

/// How a request is made of a Kubernetes object. A request that is complete has no use for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Making {
    /// What is done to the object, if not CREATE.
    pub operation: Option<Operation>,
    /// The object before, for UPDATE and DELETE.
    pub old_object: Option<Value>,
}

/// The documents of a text that is JSON or YAML, without empty ones. The items of a `List` are documents of their own.
///
/// # Errors
///
/// When it is neither, or there is nothing in it.
pub fn read_documents(text: &str) -> Result<Vec<Value>> {
    let documents = match serde_json::from_str(text) {
        Ok(document) => return Ok(items(document)),
        Err(error) if text.trim_start().starts_with(['{', '[']) && !error.is_eof() => {
            // Meant as JSON, most likely; but YAML can look like that too.
            read_yaml(text).map_err(|_| error).context("it is no valid JSON")?
        }
        Err(_) => read_yaml(text).context("it is neither JSON nor YAML")?,
    };
    let documents: Vec<_> =
        documents.into_iter().filter(|document| !document.is_null()).flat_map(items).collect();
    if documents.is_empty() {
        return Err(anyhow!("there is nothing in it"));
    }
    Ok(documents)
}

fn read_yaml(text: &str) -> Result<Vec<Value>, yaml_serde::Error> {
    yaml_serde::Deserializer::from_str(text).map(Value::deserialize).collect()
}

/// What `kubectl get` prints for several objects is a `List`; `kubectl apply` takes its items one by one.
fn items(mut document: Value) -> Vec<Value> {
    if document["kind"] == "List"
        && document["apiVersion"] == "v1"
        && let Value::Array(items) = document["items"].take()
    {
        return items;
    }
    vec![document]
}

/// The request that a document is, or that is made of it.
///
/// # Errors
///
/// When it is no request, in kwctl's words, or `making` is given for what is a request already.
pub fn to_request(document: Value, policy_type: PolicyType, making: &Making) -> Result<Request> {
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
    use super::*;

    #[test]
    fn documents_are_json_or_yaml() {
        assert_eq!(read_documents("{\"a\": 1}").unwrap().len(), 1);
        assert_eq!(read_documents("a: 1").unwrap().len(), 1);
        assert_eq!(read_documents("---\na: 1\n---\nb: 2\n---\n").unwrap().len(), 2);
        assert_eq!(read_documents("{a: 1, b: [c]}").unwrap()[0]["b"][0], "c");
        assert_eq!(read_documents("[1, 2]").unwrap(), [serde_json::json!([1, 2])]);
    }

    #[test]
    fn the_items_of_a_list_are_documents() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n- {kind: Service}\n";
        assert_eq!(read_documents(list).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (text, words) in
            [("", "nothing in it"), ("{\"a\": 1,}}", "JSON"), ("a: [", "neither"), ("\t- x: y: z", "neither")]
        {
            let error = format!("{:#}", read_documents(text).unwrap_err());
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
