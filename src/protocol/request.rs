//! Requests: what a policy is asked about.

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Settings;
use crate::error::{WithHint, failure};
use crate::kubernetes::{self, AdmissionRequest, InputDocument, RequestDetails};

/// Does the policy judge Kubernetes requests or any JSON?
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
    pub fn values_of(self, document: InputDocument) -> Vec<Value> {
        match self {
            Self::Kubernetes => document.into_objects(),
            Self::Raw => vec![document.into_json()],
        }
    }

    /// The one value of a document.
    pub(crate) fn value_of(self, document: InputDocument) -> Value {
        match self {
            Self::Kubernetes => document.into_object(),
            Self::Raw => document.into_json(),
        }
    }
}

/// What a policy is asked about: an admission request of a cluster, or, raw, any JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// An admission request.
    Kubernetes(Box<AdmissionRequest>),
    /// Any JSON.
    Raw(Value),
}

impl Request {
    /// Reads a request as `kwctl run` reads its request file: a raw one as it is, else an admission request, bare or in
    /// an `AdmissionReview`, whose `apiVersion` is not looked at.
    ///
    /// # Errors
    ///
    /// When it is not an admission request, in kwctl's words.
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

    /// The request that a value is, or that is made for it when it is a Kubernetes object.
    ///
    /// # Errors
    ///
    /// When it is not a request, in kwctl's words, or `details` are given for a complete request.
    pub fn for_value(value: Value, policy_type: PolicyType, details: &RequestDetails) -> Result<Self> {
        if policy_type == PolicyType::Kubernetes && kubernetes::is_list(&value) {
            return Err(failure(
                "a `List` contains several objects, but a request is about one",
                "give each item as a separate request",
            ));
        }
        if policy_type == PolicyType::Kubernetes && kubernetes::is_object(&value) {
            let request = kubernetes::request_for_object(value, details.clone())
                .map_err(|error| failure(&error, error.hint()))?;
            return Ok(Self::Kubernetes(Box::new(request)));
        }
        if *details != RequestDetails::default() {
            return Err(failure(
                "an operation or an old object was given, but this is a complete request",
                "leave out `--operation` and `--old-object`, or give a Kubernetes object instead of a request",
            ));
        }
        Self::from_document(value, policy_type).hint(|| {
            "a request is an AdmissionRequest, an AdmissionReview or a Kubernetes object; with `--raw` it is any JSON"
                .to_owned()
        })
    }

    /// The same, from text that is JSON.
    ///
    /// # Errors
    ///
    /// When it is not JSON or not an admission request.
    pub fn from_json(text: &str, policy_type: PolicyType) -> Result<Self> {
        Self::from_document(serde_json::from_str(text).context("the request is not valid JSON")?, policy_type)
    }

    /// What the answer is labelled with; empty for a raw request whose `uid` is not a string.
    pub(crate) fn uid(&self) -> &str {
        match self {
            Self::Kubernetes(request) => &request.uid,
            Self::Raw(document) => document.get("uid").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// What a policy may change: the object of an admission request, which is absent on DELETE, or all of a raw one.
    pub(crate) fn object(&self) -> Option<&Value> {
        match self {
            Self::Kubernetes(request) => request.object.as_ref(),
            Self::Raw(document) => Some(document),
        }
    }

    /// What a policy reads from stdin for `validate`: compact JSON, keys sorted at every level.
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
                // By way of a `Value`, which sorts its keys as the real host's does.
                typed = serde_json::to_value(request).expect("text, booleans and JSON values");
                &typed
            }
        };
        serde_json::to_vec(&ValidationRequest { request, settings }).expect("it is made of JSON values")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::Operation;

    #[test]
    fn a_raw_document_is_any_value() {
        let null = || InputDocument::from(Value::Null);
        assert_eq!(PolicyType::Raw.values_of(null()), [Value::Null]);
        assert_eq!(PolicyType::Kubernetes.values_of(null()).len(), 0);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [1, 2]});
        assert_eq!(PolicyType::Raw.values_of(list.clone().into()).len(), 1);
        assert_eq!(PolicyType::Kubernetes.values_of(list.into()).len(), 2);
    }

    #[test]
    fn an_operation_is_for_objects_only() {
        let details = RequestDetails { operation: Some(Operation::Delete), old_object: None };
        let pod = || json!({"apiVersion": "v1", "kind": "Pod"});
        let request = Request::for_value(pod(), PolicyType::Kubernetes, &details).unwrap();
        let Request::Kubernetes(request) = request else { panic!("a Pod is not a raw request") };
        assert_eq!(request.operation, "DELETE");
        let review = json!({"kind": "AdmissionReview"});
        assert!(Request::for_value(review, PolicyType::Kubernetes, &details).is_err());
        assert!(Request::for_value(pod(), PolicyType::Raw, &details).is_err());
    }
}
