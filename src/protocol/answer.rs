//! The output of a policy, and the results that follow from it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{AdmissionResponse, Request};
use crate::untrusted::excerpt;

/// The status code of a request that is rejected because the policy failed.
const FAILED: u16 = 500;

/// The message when a policy changes an object that the request does not have.
const MUTATION_WITHOUT_OBJECT: &str = "Incoming object is null, which happens only with DELETE operations, but the \
    policy is attempting a mutation. This is not allowed";

/// The output of a policy, and why it failed if it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestOutput {
    /// Why the policy failed, in words for people; its stdout is then ignored.
    pub failure: Option<String>,
    /// One JSON document, unless the policy failed.
    pub stdout: Vec<u8>,
    /// The stderr of the policy, which is shown to the user if the policy failed, and logged otherwise.
    pub stderr: Vec<u8>,
}

/// The results of a policy's calls to its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostCalls {
    /// What it logged, one record per line.
    pub logged: String,
    /// How many records were not kept, because they are too long or too many.
    pub unlogged: usize,
    /// Host capabilities that were refused, each once: `oci/v1/manifest_digest`.
    pub refused_capabilities: Vec<String>,
}

/// The result of `validate`.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The response for the cluster.
    pub response: AdmissionResponse,
    /// The object as the policy wants it, changed or not, if it answered with one and the request has one.
    pub(crate) mutated_object: Option<Value>,
    /// Why there was no usable answer, in words for people.
    pub failure: Option<String>,
    /// What a host only logs: the stderr of a policy that did not fail, trimmed.
    pub(crate) log: String,
    /// The results of the policy's calls to its host.
    pub(crate) host_calls: HostCalls,
    /// An excerpt of stdout, if it is not an answer.
    pub(crate) unreadable: Option<String>,
}

/// The result of `validate-settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsVerdict {
    /// Whether the policy can be run with these settings.
    pub valid: bool,
    /// Why the settings are not valid. Empty for valid settings, and if the policy gives no reason.
    pub(crate) message: String,
    /// Why there was no usable answer, in words for people.
    pub failure: Option<String>,
    /// What a host only logs: the stderr of a policy that did not fail, trimmed.
    pub(crate) log: String,
    /// The results of the policy's calls to its host.
    pub(crate) host_calls: HostCalls,
    /// An excerpt of stdout, if it is not an answer.
    pub(crate) unreadable: Option<String>,
}

/// The output of `validate`. Unknown keys are ignored, and `null` is treated as absent.
#[derive(Deserialize)]
struct ValidationResponse {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<Value>,
    audit_annotations: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

/// The output of `validate-settings`. Messages contain the name of this type and of [`ValidationResponse`].
#[derive(Deserialize)]
struct SettingsValidationResponse {
    valid: bool,
    message: Option<String>,
}

impl Evaluation {
    /// Evaluates a policy's answer to `request`.
    pub fn new(request: &Request, mut answer: GuestOutput) -> Self {
        let failure = answer.failure.take();
        let (validation, log) = match Spoken::of(answer, failure.is_some()) {
            Err(Unreadable { message, stderr }) => {
                let failure = failure.unwrap_or_else(|| message.clone());
                return Self { log: stderr, ..Self::failed(request, message, failure) };
            }
            Ok(Spoken { stdout: None, stderr }) => {
                return Self::failed(request, stderr, failure.unwrap_or_default());
            }
            Ok(Spoken { stdout: Some(stdout), stderr }) => {
                match serde_json::from_str::<ValidationResponse>(&stdout) {
                    Ok(response) => (response, stderr),
                    Err(error) => {
                        let message = format!(
                            "internal server error: Cannot deserialize policy validation response: {error}"
                        );
                        let unreadable = Some(excerpt(&stdout));
                        let failed = Self::failed(request, message.clone(), message);
                        return Self { log: stderr, unreadable, ..failed };
                    }
                }
            }
        };
        let (response, mutated_object) = respond(request, validation);
        let host_calls = HostCalls::default();
        Self { response, mutated_object, failure: None, log, host_calls, unreadable: None }
    }

    fn failed(request: &Request, message: String, failure: String) -> Self {
        Self {
            response: AdmissionResponse::rejection(request.uid(), message, Some(FAILED)),
            mutated_object: None,
            failure: Some(failure),
            log: String::new(),
            host_calls: HostCalls::default(),
            unreadable: None,
        }
    }
}

/// Returns the admission response for a policy's answer, and the object as the policy wants it.
fn respond(request: &Request, validation: ValidationResponse) -> (AdmissionResponse, Option<Value>) {
    let patch = match (&validation.mutated_object, request.object()) {
        (None, _) => None,
        (Some(mutated), Some(object)) => Some(json_patch::diff(object, mutated)),
        (Some(_), None) => {
            let response = AdmissionResponse::rejection(request.uid(), MUTATION_WITHOUT_OBJECT, None);
            return (response, None);
        }
    };
    let mut response = AdmissionResponse {
        uid: request.uid().to_owned(),
        allowed: validation.accepted,
        patch: patch.filter(|patch| !patch.is_empty()),
        status: None,
        audit_annotations: validation.audit_annotations,
        warnings: validation.warnings,
    };
    if validation.message.is_some() || validation.code.is_some() {
        let status = response.status.get_or_insert_default();
        status.message = validation.message;
        status.code = validation.code;
    }
    (response, validation.mutated_object)
}

impl SettingsVerdict {
    /// Evaluates a policy's answer about settings. A policy that fails refuses them.
    pub fn new(mut answer: GuestOutput) -> Self {
        let failure = answer.failure.take();
        match Spoken::of(answer, failure.is_some()) {
            Err(Unreadable { message, stderr }) => {
                let failure = failure.unwrap_or_else(|| message.clone());
                Self { log: stderr, ..Self::failed(message, failure) }
            }
            Ok(Spoken { stdout: None, stderr }) => Self::failed(stderr, failure.unwrap_or_default()),
            Ok(Spoken { stdout: Some(stdout), stderr }) => match serde_json::from_str(&stdout) {
                Ok(SettingsValidationResponse { valid, message }) => Self {
                    valid,
                    message: message.filter(|_| !valid).unwrap_or_default(),
                    log: stderr,
                    ..Self::default()
                },
                Err(error) => {
                    let message = format!("Cannot deserialize settings validation response: {error}");
                    let unreadable = Some(excerpt(&stdout));
                    Self { log: stderr, unreadable, ..Self::failed(message.clone(), message) }
                }
            },
        }
    }

    fn failed(message: String, failure: String) -> Self {
        Self { message, failure: Some(failure), ..Self::default() }
    }
}

/// An answer as strings.
struct Spoken {
    /// The stdout; `None` if the policy failed.
    stdout: Option<String>,
    /// The stderr, trimmed.
    stderr: String,
}

/// An answer that is not UTF-8.
struct Unreadable {
    message: String,
    stderr: String,
}

impl Spoken {
    /// Converts an answer to strings. Fails if bytes that matter are not UTF-8, with a message, and with stderr if it
    /// can be read. Stderr is always checked first.
    fn of(answer: GuestOutput, failed: bool) -> Result<Self, Unreadable> {
        let text = |pipe, bytes| {
            String::from_utf8(bytes).map_err(|error| {
                format!("{pipe} pipe conversion error: Cannot convert buffer to UTF8 string: {error}")
            })
        };
        let nothing_said = |message| Unreadable { message, stderr: String::new() };
        let stderr = trimmed(text("stderr", answer.stderr).map_err(nothing_said)?);
        if failed {
            return Ok(Self { stdout: None, stderr });
        }
        match text("stdout", answer.stdout) {
            Ok(stdout) => Ok(Self { stdout: Some(stdout), stderr }),
            Err(message) => Err(Unreadable { message, stderr }),
        }
    }
}

/// Trims whitespace at both ends, without copying.
fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    let start = text.len() - text.trim_start().len();
    text.drain(..start);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stderr_is_kept_when_stdout_is_not_utf8() {
        let answer = || GuestOutput { failure: None, stdout: b"\xff".to_vec(), stderr: b" hello\n".to_vec() };
        let verdict = SettingsVerdict::new(answer());
        assert!(
            !verdict.valid && verdict.message.starts_with("stdout pipe conversion error: "),
            "{verdict:?}"
        );
        assert_eq!(verdict.log, "hello");
        let request = Request::from_json("{}", crate::protocol::PolicyType::Raw).unwrap();
        let evaluation = Evaluation::new(&request, answer());
        assert!(!evaluation.response.allowed);
        assert_eq!(evaluation.log, "hello");
    }
}
