//! Checks of the protocol, which every policy must follow, whatever it decides.

use serde::de::IgnoredAny;

use super::judge::Failure;
use super::{Case, CaseFile, Expect};
use crate::protocol::{GuestOutput, Request, Settings, SettingsVerdict};
use crate::runtime::{GuestOutcome, Policy};
use crate::untrusted::excerpt;

/// One rule of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Both subcommands answer.
    Subcommands,
    /// An unknown subcommand ends with an exit code other than 0.
    UnknownSubcommand,
    /// An answer is one JSON document, and nothing else is on stdout.
    OneDocument,
    /// Settings that are not JSON are refused, and do not crash the policy.
    SettingsNotJson,
}

/// The input for the checks in which a policy has to answer.
#[derive(Debug)]
pub(super) struct CheckInput {
    request: Request,
    settings: Settings,
}

impl CheckInput {
    /// Returns the input of the first case that expects an answer, or `example` without settings if there is none.
    pub(super) fn of(files: &[CaseFile], example: Request) -> Self {
        let answered = |case: &&Case| {
            let Expect { error, settings_valid, skipped, .. } = &case.expect;
            error.is_none() && *settings_valid != Some(false) && *skipped != Some(true)
        };
        let mut cases = files.iter().flat_map(|file| &file.cases).filter(answered);
        match cases.find_map(|case| Some((case.request.clone()?, case.settings.settings.clone()))) {
            Some((request, settings)) => Self { request, settings },
            None => Self { request: example, settings: Settings::default() },
        }
    }

    /// Checks that each subcommand answers. A host calls `validate` only after it has accepted the settings; refused
    /// settings are reported by their case.
    fn answers(&self, policy: &Policy, failure: &mut Failure) {
        let verdict = policy.validate_settings(&self.settings);
        let refused = !verdict.valid && verdict.failure.is_none();
        if let Some(reason) = verdict.failure {
            failure.notes.push(format!("`validate-settings` does not answer: {reason}"));
            failure.stderr = stderr_of(verdict.log, verdict.message, &reason);
        }
        if refused {
            return;
        }
        let evaluation = policy.validate(&self.request, &self.settings);
        if let Some(reason) = evaluation.failure {
            failure.notes.push(format!("`validate` does not answer: {reason}"));
            let message = evaluation.response.message().unwrap_or_default().to_owned();
            failure.stderr = stderr_of(evaluation.log, message, &reason);
        }
    }

    /// Checks that the answer of each subcommand is one document.
    fn documents(&self, policy: &Policy, failure: &mut Failure) {
        let settings = serde_json::to_vec(&self.settings).expect("settings are JSON values");
        let request = self.request.to_stdin(&self.settings);
        let ask = |name: &str, stdin: &[u8]| GuestOutput::from(policy.call(&[name], stdin));
        let mut look_at = |name: &str, answer: &GuestOutput| {
            failure.notes.extend(not_one_document(answer).map(|reason| format!("`{name}`: {reason}")));
        };
        let verdict = ask("validate-settings", &settings);
        look_at("validate-settings", &verdict);
        let verdict = SettingsVerdict::new(verdict);
        if verdict.valid || verdict.failure.is_some() {
            look_at("validate", &ask("validate", &request));
        }
    }
}

/// Returns what the policy wrote to stderr. A host logs it, or returns it as the message if the policy failed.
fn stderr_of(log: String, message: String, reason: &str) -> String {
    excerpt(if log.is_empty() && message != reason { &message } else { &log })
}

impl Check {
    /// All checks, in the order in which they run.
    pub(crate) const ALL: [Self; 4] =
        [Self::Subcommands, Self::UnknownSubcommand, Self::OneDocument, Self::SettingsNotJson];

    /// The name of the check, as written in `skip_checks`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subcommands => "subcommands",
            Self::UnknownSubcommand => "unknown-subcommand",
            Self::OneDocument => "one-document",
            Self::SettingsNotJson => "settings-not-json",
        }
    }

    /// Runs the check. Returns `None` if the policy passes.
    pub(super) fn run(self, policy: &Policy, question: &CheckInput) -> Option<Failure> {
        let mut failure = Failure::default();
        match self {
            Self::Subcommands => question.answers(policy, &mut failure),
            Self::UnknownSubcommand => {
                let call = policy.call(&["no-such-subcommand"], b"{}");
                let ended = match call.outcome {
                    GuestOutcome::Exit(0) => Some("it ended with exit code 0".to_owned()),
                    GuestOutcome::Exit(_) => None,
                    _ => GuestOutput::from(call).failure,
                };
                failure.notes.extend(ended.map(|ended| format!("an unknown subcommand: {ended}")));
            }
            Self::OneDocument => question.documents(policy, &mut failure),
            Self::SettingsNotJson => {
                let call = policy.call(&["validate-settings"], b"not JSON");
                let refused = matches!(call.outcome, GuestOutcome::Exit(code) if code != 0);
                let answer = GuestOutput::from(call);
                failure.stderr = excerpt(String::from_utf8_lossy(&answer.stderr).trim());
                failure.notes.extend(if refused { None } else { not_refused(answer) });
            }
        }
        (!failure.notes.is_empty()).then_some(failure)
    }
}

fn not_one_document(answer: &GuestOutput) -> Option<String> {
    if let Some(reason) = &answer.failure {
        return Some(reason.clone());
    }
    let error = serde_json::from_slice::<IgnoredAny>(&answer.stdout).err()?;
    let stdout = String::from_utf8_lossy(&answer.stdout);
    Some(match stdout.trim() {
        "" => "stdout is empty".to_owned(),
        stdout => format!("stdout is not one JSON document ({error}):\n{}", excerpt(stdout)),
    })
}

fn not_refused(answer: GuestOutput) -> Option<String> {
    let crashed = answer.failure.is_some();
    let verdict = SettingsVerdict::new(answer);
    match verdict.failure {
        Some(reason) if crashed => Some(format!("settings that are not JSON: {reason}")),
        Some(reason) => Some(format!("settings that are not JSON get no answer: {reason}")),
        None if verdict.valid => Some("settings that are not JSON are accepted".to_owned()),
        None => None,
    }
}
