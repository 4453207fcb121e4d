//! Requests: what a policy is asked about.

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Settings;
use crate::kubernetes::AdmissionRequest;

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
    /// When it is no admission request, in kwctl's words.
    pub fn from_document(document: Value, policy_type: PolicyType) -> Result<Self> {
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

    /// The same, from text that is JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON or no admission request.
    pub fn from_json(text: &str, policy_type: PolicyType) -> Result<Self> {
        Self::from_document(serde_json::from_str(text).context("the request is no valid JSON")?, policy_type)
    }

    /// What the answer is labelled with; empty for a raw request without a text `uid`.
    pub fn uid(&self) -> &str {
        match self {
            Self::Kubernetes(request) => &request.uid,
            Self::Raw(document) => document.get("uid").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// What a policy may change: the object of an admission request, which is absent on DELETE, or all of a raw one.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Kubernetes(request) => request.object.as_ref(),
            Self::Raw(document) => Some(document),
        }
    }

    /// What a policy reads from stdin for `validate`: compact JSON, keys sorted at every level.
    pub fn to_stdin(&self, settings: &Settings) -> Vec<u8> {
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
