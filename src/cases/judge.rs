//! Compares what a policy did with what a case expects.

use serde_json::{Map, Value, json};

use super::{Case, Expect, PolicyUnderTest, Wording};
use crate::protocol::{Evaluation, HostCalls, Request, SettingsVerdict};
use crate::untrusted::excerpt;

/// Why a test failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Failure {
    /// Explanations, one line each.
    pub(crate) notes: Vec<String>,
    /// The expectations that do not hold.
    pub(crate) mismatches: Vec<Mismatch>,
    /// What the policy wrote to stderr.
    pub(crate) stderr: String,
}

/// One expectation that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mismatch {
    /// The key of `expect`.
    pub(crate) what: &'static str,
    /// The expected value, as written in the case; regular expressions are between slashes.
    pub(crate) expected: Value,
    /// The actual value; `null` if there is none.
    pub(crate) got: Value,
}

impl Failure {
    fn expect(&mut self, what: &'static str, expected: impl Into<Value>, got: impl Into<Value>) {
        let (expected, got) = (expected.into(), got.into());
        if expected != got {
            self.mismatches.push(Mismatch { what, expected, got });
        }
    }

    fn expect_text(&mut self, what: &'static str, expected: &Wording, got: Option<&str>) {
        if !got.is_some_and(|got| expected.fits(got)) {
            self.mismatches.push(Mismatch {
                what,
                expected: json!(expected.to_string()),
                got: json!(got.map(excerpt)),
            });
        }
    }

    /// Compares the expected error with the host's reason, and then with the message for the cluster.
    fn expect_error(&mut self, expected: &Wording, reason: &str, told: Option<&str>) {
        if !expected.fits(reason) {
            let told = told.filter(|told| !told.is_empty());
            self.expect_text("error", expected, told.or(Some(reason)));
        }
    }

    fn host_calls(&mut self, calls: &HostCalls) {
        self.notes.extend(excerpt(&calls.logged).lines().map(|line| format!("the policy logged: {line}")));
        if calls.unlogged > 0 {
            self.notes
                .push(format!("the policy logged {} more records, which were not kept", calls.unlogged));
        }
        for path in &calls.refused_capabilities {
            self.notes.push(format!(
                "the policy asked for the host capability `{path}`, which is not granted here"
            ));
        }
    }
}

impl Case {
    /// Runs the case. Returns `None` if all expectations hold.
    pub(super) fn judge(&self, under_test: &PolicyUnderTest<'_>) -> Option<Failure> {
        let verdict = self.settings.verdict(under_test.policy);
        let failure = match &self.request {
            Some(request) if verdict.valid && self.expect.settings_valid != Some(false) => {
                self.judge_request(request, under_test)
            }
            _ => self.expect.judge_settings(verdict),
        };
        (!failure.notes.is_empty() || !failure.mismatches.is_empty()).then_some(failure)
    }

    fn judge_request(&self, request: &Request, under_test: &PolicyUnderTest<'_>) -> Failure {
        let mut failure = Failure::default();
        let reason_to_skip = under_test.reason_to_skip(request);
        failure.expect("skipped", self.expect.skipped.unwrap_or_default(), reason_to_skip.is_some());
        if let Some(reason) = &reason_to_skip
            && !failure.mismatches.is_empty()
        {
            failure.notes.push(format!("a cluster would not send this request: {reason}"));
            failure.notes.push("if this is meant, write `expect: { skipped: true }`".to_owned());
        }
        if reason_to_skip.is_some() || !failure.mismatches.is_empty() {
            return failure;
        }
        let evaluation = under_test.policy.validate(request, &self.settings.settings);
        let object = evaluation.mutated_object.as_ref().or(request.object());
        let mut failure = self.expect.judge_answer(&evaluation, object);
        if evaluation.response.patch.is_some() && !under_test.is_mutating {
            failure.notes.push(
                "the policy changes the object, but its metadata says `mutating: false`: a cluster would reject the \
                 request"
                    .to_owned(),
            );
            failure.notes.push(
                "write `mutating = true` in `[package.metadata.kubewarden]`, or `mutating: true` in `metadata.yml`"
                    .to_owned(),
            );
        }
        failure
    }
}

impl Expect {
    /// Judges a case whose request was not evaluated.
    fn judge_settings(&self, verdict: &SettingsVerdict) -> Failure {
        let mut failure = Failure { stderr: excerpt(&verdict.log), ..Failure::default() };
        match (&self.error, &verdict.failure) {
            (Some(error), Some(reason)) => failure.expect_error(error, reason, Some(&verdict.message)),
            (Some(error), None) => failure.expect_text("error", error, None),
            // A policy that fails has not refused the settings, although a host treats it as if it had.
            (None, Some(reason)) => {
                failure.notes.push(format!("the policy did not answer: {reason}"));
                if failure.stderr.is_empty() && verdict.message != *reason {
                    failure.stderr = excerpt(&verdict.message);
                }
            }
            (None, None) => {
                failure.expect("settings_valid", self.settings_valid.unwrap_or(true), verdict.valid);
                if let (Some(message), Some(false), false) =
                    (&self.message, self.settings_valid, verdict.valid)
                {
                    failure.expect_text("message", message, Some(&verdict.message));
                }
            }
        }
        if failure.mismatches.is_empty() && failure.notes.is_empty() {
            return failure;
        }
        let refused = !verdict.valid && verdict.failure.is_none() && self.settings_valid != Some(false);
        if refused && !verdict.message.is_empty() {
            failure.notes.push(format!("the policy refuses the settings: {}", excerpt(&verdict.message)));
        }
        failure.host_calls(&verdict.host_calls);
        failure
    }

    /// Judges the answer to a request. `object` is the object after the patch, if any.
    fn judge_answer(&self, evaluation: &Evaluation, object: Option<&Value>) -> Failure {
        let mut failure = Failure { stderr: excerpt(&evaluation.log), ..Failure::default() };
        let told = evaluation.response.message();
        match (&self.error, &evaluation.failure) {
            (Some(error), Some(reason)) => failure.expect_error(error, reason, told),
            (Some(error), None) => failure.expect_text("error", error, None),
            (None, Some(reason)) => {
                failure.notes.push(format!("the policy did not answer: {reason}"));
                if failure.stderr.is_empty() && told != Some(reason) {
                    failure.stderr = excerpt(told.unwrap_or_default());
                }
            }
            (None, None) => self.judge_response(evaluation, object, &mut failure),
        }
        if !failure.mismatches.is_empty() || !failure.notes.is_empty() {
            failure.host_calls(&evaluation.host_calls);
        }
        failure
    }

    fn judge_response(&self, evaluation: &Evaluation, object: Option<&Value>, failure: &mut Failure) {
        let response = &evaluation.response;
        if let Some(allowed) = self.allowed {
            failure.expect("allowed", allowed, response.allowed);
        }
        if let Some(message) = &self.message {
            failure.expect_text("message", message, response.message());
        }
        if let Some(code) = self.code {
            failure.expect("code", code, json!(response.code()));
        }
        if let Some(patch) = &self.patch {
            let got = response.patch.as_ref().map_or_else(|| json!([]), |patch| json!(patch));
            failure.expect("patch", patch.clone(), got);
        }
        if let Some(expected) = &self.object {
            failure.expect("object", expected.clone(), json!(object));
        }
        if let Some(expected) = &self.warnings {
            let got = response.warnings.clone().unwrap_or_default();
            let expected: Vec<_> =
                (0..expected.len()).map(|index| as_got(&expected[index], got.get(index))).collect();
            failure.expect("warnings", expected, got);
        }
        if let Some(expected) = &self.audit_annotations {
            let got = response.audit_annotations.clone().unwrap_or_default();
            let as_got = |(key, wording): (&String, _)| (key.clone(), json!(as_got(wording, got.get(key))));
            let expected: Map<_, _> = expected.iter().map(as_got).collect();
            failure.expect("audit_annotations", expected, json!(got));
        }
    }
}

/// Returns the actual string if it fits, or else the expected one as it is written.
fn as_got(expected: &Wording, got: Option<&String>) -> String {
    match got {
        Some(got) if expected.fits(got) => got.clone(),
        _ => expected.to_string(),
    }
}
