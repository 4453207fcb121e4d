//! Checks of the protocol, which every policy must follow, whatever it decides.

use serde::de::IgnoredAny;

use super::judge::Failure;
use super::{Case, CaseFile};
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
        let answered =
            |case: &&Case| case.expect.error.is_none() && case.expect.settings_valid != Some(false);
        let mut cases = files.iter().flat_map(|file| &file.cases).filter(answered);
        match cases.find_map(|case| Some((case.request.clone()?, case.settings.settings.clone()))) {
            Some((request, settings)) => Self { request, settings },
            None => Self { request: example, settings: Settings::default() },
        }
    }
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
            Self::Subcommands => {
                let verdict = policy.validate_settings(&question.settings);
                let evaluation = policy.validate(&question.request, &question.settings);
                for (name, reason) in
                    [("validate-settings", verdict.failure), ("validate", evaluation.failure)]
                {
                    failure.notes.extend(reason.map(|reason| format!("`{name}` does not answer: {reason}")));
                }
            }
            Self::UnknownSubcommand => {
                let call = policy.call(&["no-such-subcommand"], b"{}");
                let ended = match call.outcome {
                    GuestOutcome::Exit(0) => Some("it ended with exit code 0".to_owned()),
                    GuestOutcome::Exit(_) => None,
                    _ => GuestOutput::from(call).failure,
                };
                failure.notes.extend(ended.map(|ended| format!("an unknown subcommand: {ended}")));
            }
            Self::OneDocument => {
                let settings = serde_json::to_vec(&question.settings).expect("settings are JSON values");
                let request = question.request.to_stdin(&question.settings);
                for (name, stdin) in [("validate-settings", settings), ("validate", request)] {
                    let answer = GuestOutput::from(policy.call(&[name], &stdin));
                    failure
                        .notes
                        .extend(not_one_document(&answer).map(|reason| format!("`{name}`: {reason}")));
                }
            }
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
