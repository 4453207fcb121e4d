//! The requests that a policy evaluates.

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Settings;
use crate::error::{WithHint, failure};
use crate::kubernetes::{self, AdmissionRequest, InputDocument, KnownKinds, RequestDetails};

/// Whether a policy evaluates Kubernetes requests or any JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyType {
    /// Admission requests of a cluster.
    #[default]
    Kubernetes,
    /// Any JSON document, sent to a policy server by hand.
    Raw,
}

impl PolicyType {
    /// The values of a document that are each to be judged: Kubernetes objects, or whatever a raw policy gets.
    ///
    /// # Errors
    ///
    /// When `kubectl` could not read it.
    pub fn values_of(self, document: InputDocument) -> Result<Vec<Value>> {
        match self {
            Self::Kubernetes => document.into_objects(),
            Self::Raw => Ok(vec![document.into_json()]),
        }
    }

    /// The one value of a document.
    ///
    /// # Errors
    ///
    /// When `kubectl` could not read it.
    pub(crate) fn value_of(self, document: InputDocument) -> Result<Value> {
        match self {
            Self::Kubernetes => document.into_object(),
            Self::Raw => Ok(document.into_json()),
        }
    }
}

/// A request for a policy: an admission request of a cluster, or any JSON for a raw policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// An admission request.
    Kubernetes(Box<AdmissionRequest>),
    /// Any JSON.
    Raw(Value),
}

impl Request {
    /// Reads a request as `kwctl run` reads its request file: a raw one as it is, or else an admission request, bare
    /// or in an `AdmissionReview`, whose `apiVersion` is ignored.
    ///
    /// # Errors
    ///
    /// Fails with kwctl's message if it is not an admission request.
    pub(crate) fn from_document(document: Value, policy_type: PolicyType) -> Result<Self> {
        if policy_type == PolicyType::Raw {
            return Ok(Self::Raw(document));
        }
        let Value::Object(mut document) = document else { bail!("Invalid request object") };
        let request = match document.get("kind") {
            Some(Value::String(kind)) if kind == "AdmissionReview" => {
                document.remove("request").ok_or_else(|| anyhow!("invalid AdmissionReview object"))?
            }
            _ => Value::Object(document),
        };
        let request = serde_json::from_value(request)
            .map_err(|error| anyhow!("cannot build AdmissionRequest object from given input: {error}"))?;
        Ok(Self::Kubernetes(Box::new(request)))
    }

    /// Reads a request from a value, or creates one if the value is a Kubernetes object.
    ///
    /// # Errors
    ///
    /// Fails with kwctl's message if it is not a request, or if `details` are given for a complete request.
    pub fn for_value(
        value: Value,
        policy_type: PolicyType,
        details: &RequestDetails,
        kinds: &KnownKinds,
    ) -> Result<Self> {
        if policy_type == PolicyType::Kubernetes && kubernetes::is_list(&value) {
            return Err(failure(
                format!(
                    "a `{}` contains several objects, but a request is about one",
                    value["kind"].as_str().unwrap_or_default()
                ),
                "give each item as a separate request",
            ));
        }
        if policy_type == PolicyType::Kubernetes && kubernetes::is_object(&value) {
            let request = kubernetes::request_for_object(value, details.clone(), kinds)
                .map_err(|error| failure(&error, error.hint()))?;
            return Ok(Self::Kubernetes(Box::new(request)));
        }
        if *details != RequestDetails::default() {
            return Err(failure(
                "an operation or an old object was given, but this is a complete request",
                "leave out `--operation` and `--old-object`, or give a Kubernetes object instead of a request",
            ));
        }
        let missing = if policy_type == PolicyType::Kubernetes { missing_key(&value) } else { None };
        Self::from_document(value, policy_type).hint(|| match missing {
            Some(path) => format!("add `{path}`, which an admission request must have"),
            None => {
                "a request is an AdmissionRequest, an AdmissionReview or a Kubernetes object; with `--raw` it is any JSON"
                    .to_owned()
            }
        })
    }

    /// Reads a request from JSON.
    ///
    /// # Errors
    ///
    /// Fails if it is not JSON, or not an admission request.
    pub fn from_json(text: &str, policy_type: PolicyType) -> Result<Self> {
        Self::from_document(serde_json::from_str(text).context("the request is not valid JSON")?, policy_type)
    }

    /// The `uid`, which the answer repeats; empty for a raw request whose `uid` is not a string.
    pub(crate) fn uid(&self) -> &str {
        match self {
            Self::Kubernetes(request) => &request.uid,
            Self::Raw(document) => document.get("uid").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The value that a policy may change: the object of an admission request, which is absent on DELETE, or a whole
    /// raw request.
    pub(crate) fn object(&self) -> Option<&Value> {
        match self {
            Self::Kubernetes(request) => request.object.as_ref(),
            Self::Raw(document) => Some(document),
        }
    }

    /// The input of `validate` on stdin: compact JSON, with keys sorted at every level.
    pub(crate) fn to_stdin(&self, settings: &Settings) -> Vec<u8> {
        #[derive(Serialize)]
        struct ValidationRequest<'a> {
            request: &'a Value,
            settings: &'a Settings,
        }
        let typed;
        let request = match self {
            Self::Raw(document) => document,
            Self::Kubernetes(request) => {
                // Convert to a `Value`, which sorts its keys as in the real host.
                typed = serde_json::to_value(request).expect("strings, booleans and JSON values");
                &typed
            }
        };
        serde_json::to_vec(&ValidationRequest { request, settings }).expect("it is made of JSON values")
    }
}

/// Returns the path of what an admission request lacks, bare or in a review. `None` for any other document.
fn missing_key(document: &Value) -> Option<String> {
    let request = document.get("request").unwrap_or(document);
    request.get("uid")?;
    AdmissionRequest::missing_key(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::Operation;

    #[test]
    fn a_raw_document_is_any_value() {
        let null = || InputDocument::from(Value::Null);
        assert_eq!(PolicyType::Raw.values_of(null()).unwrap(), [Value::Null]);
        assert_eq!(PolicyType::Kubernetes.values_of(null()).unwrap().len(), 0);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [{}, {}]});
        assert_eq!(PolicyType::Raw.values_of(list.clone().into()).unwrap().len(), 1);
        assert_eq!(PolicyType::Kubernetes.values_of(list.into()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_missing_in_a_request_is_named_by_its_path() {
        let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
        let resource = json!({"group": "", "version": "v1", "resource": "pods"});
        let whole = json!({
            "uid": "1", "kind": kind, "resource": resource, "operation": "CREATE", "userInfo": {},
            "requestKind": kind, "requestResource": resource,
        });
        let hint = |request: Value| {
            let read = Request::for_value(
                request,
                PolicyType::Kubernetes,
                &RequestDetails::default(),
                &KnownKinds::default(),
            );
            read.err().map(|error| crate::error::hints(&error).collect::<String>())
        };
        assert_eq!(hint(whole.clone()), None);
        for path in ["kind/version", "requestKind/group", "requestResource/resource", "userInfo", "operation"]
        {
            let mut request = whole.clone();
            let (part, key) = path.rsplit_once('/').unwrap_or(("", path));
            let part = if part.is_empty() { &mut request } else { &mut request[part] };
            part.as_object_mut().unwrap().remove(key).unwrap();
            let named = format!("add `{}`, ", path.replace('/', "."));
            assert!(hint(request.clone()).unwrap().starts_with(&named), "{path}");
            let review = json!({"kind": "AdmissionReview", "request": request});
            assert!(hint(review).unwrap().starts_with(&named), "{path}");
        }
        assert!(hint(json!({"a": 1})).unwrap().starts_with("a request is "));
    }

    #[test]
    fn an_operation_is_for_objects_only() {
        let details = RequestDetails { operation: Some(Operation::Delete), ..RequestDetails::default() };
        let pod = || json!({"apiVersion": "v1", "kind": "Pod"});
        let kinds = KnownKinds::default();
        let request = Request::for_value(pod(), PolicyType::Kubernetes, &details, &kinds).unwrap();
        let Request::Kubernetes(request) = request else { panic!("a Pod is not a raw request") };
        assert_eq!(request.operation, "DELETE");
        let review = json!({"kind": "AdmissionReview"});
        assert!(Request::for_value(review, PolicyType::Kubernetes, &details, &kinds).is_err());
        assert!(Request::for_value(pod(), PolicyType::Raw, &details, &kinds).is_err());
    }
}
