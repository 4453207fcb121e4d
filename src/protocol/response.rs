//! The admission response, which is sent to the cluster.

use std::collections::BTreeMap;
use std::fmt::Display;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use json_patch::Patch;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The response for the cluster. It serializes with the keys of `kwctl run`, in the same order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdmissionResponse {
    /// The `uid` of the request.
    pub(crate) uid: String,
    /// Whether the request is allowed.
    pub allowed: bool,
    /// The changes to the object, if there are any. Never empty.
    pub(crate) patch: Option<Patch>,
    /// The reason or another message, if there is one.
    pub(crate) status: Option<Status>,
    /// Annotations for the cluster's audit log.
    pub(crate) audit_annotations: Option<BTreeMap<String, String>>,
    /// Warnings for the user who sent the request.
    pub(crate) warnings: Option<Vec<String>>,
}

/// Why a request was rejected, or a message about an accepted one.
///
/// Kubernetes has more keys, which no host sets for a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    /// The message for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// What led to the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Details>,
    /// A code like those of HTTP, but any number is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
}

/// What led to a status message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Details {
    /// The causes, in the order in which they occurred.
    pub(crate) causes: Vec<Cause>,
}

/// One cause. All keys are always written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// Never set for the answer of a single policy.
    pub(crate) reason: Option<String>,
    /// The policy's message, if the operator's message replaced it.
    pub(crate) message: Option<String>,
    /// Never set for the answer of a single policy.
    pub(crate) field: Option<String>,
}

impl AdmissionResponse {
    /// Creates a response that rejects the request with this message.
    pub(super) fn rejection(uid: &str, message: impl Into<String>, code: Option<u16>) -> Self {
        let status = Status { message: Some(message.into()), details: None, code };
        Self { uid: uid.to_owned(), status: Some(status), ..Self::default() }
    }

    /// The status message, if there is one.
    pub(crate) fn message(&self) -> Option<&str> {
        self.status.as_ref()?.message.as_deref()
    }

    /// The status code, if there is one.
    pub fn code(&self) -> Option<u16> {
        self.status.as_ref()?.code
    }
}

/// Serializes a value as a string piece by piece, because a patch may be long.
struct AsString<T>(T);

impl<T: Display> Serialize for AsString<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for AdmissionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uid", &self.uid)?;
        map.serialize_entry("allowed", &self.allowed)?;
        if let Some(patch) = &self.patch {
            map.serialize_entry("patchType", "JSONPatch")?;
            let json = serde_json::to_vec(patch).map_err(serde::ser::Error::custom)?;
            map.serialize_entry("patch", &AsString(Base64Display::new(&json, &STANDARD)))?;
        }
        if let Some(status) = &self.status {
            map.serialize_entry("status", status)?;
        }
        map.serialize_entry("auditAnnotations", &self.audit_annotations)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.end()
    }
}
