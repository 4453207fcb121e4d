//! The verdict of `run` in words, for a person at a terminal.

use serde_json::Value;

use crate::protocol::{AdmissionResponse, Evaluation, HostCalls, Installation, Mode, Request};
use crate::shell::Shell;
use crate::untrusted::printable;

/// The size of the largest object that is shown as a diff.
const SHOWN_BYTES: usize = 1 << 20;

/// The answer to a request, with everything that is needed to show it.
pub(crate) struct Verdict<'a> {
    pub(crate) request: &'a Request,
    pub(crate) evaluation: &'a Evaluation,
    /// The response for the cluster: the response of the evaluation, as changed by the installation.
    pub(crate) response: &'a AdmissionResponse,
    /// How the policy is installed; `None` if there is no resource that says so.
    pub(crate) installation: Option<&'a Installation>,
}

impl Verdict<'_> {
    /// Prints whether the request is accepted, why, and what changes.
    pub(crate) fn show(&self, shell: &Shell) {
        let about = about(self.request);
        match self.response.allowed {
            true => shell.status("Accepted", &about),
            false => shell.setback("Rejected", &about),
        }
        self.show_monitored(shell);
        show_reason(self.response, shell);
        for warning in self.response.warnings.iter().flatten() {
            shell.status("Warning", printable(warning));
        }
        for (key, value) in self.response.audit_annotations.iter().flatten() {
            shell.status("Audit", printable(&format!("{key}: {value}")));
        }
        self.show_change(shell);
    }

    /// Prints what a host in mode `monitor` only logs: the answer in mode `protect`.
    pub(crate) fn show_monitored(&self, shell: &Shell) {
        let monitored = self.installation.filter(|installation| installation.mode == Mode::Monitor);
        let Some(installation) = monitored else { return };
        let protect = Installation { mode: Mode::Protect, ..installation.clone() };
        let response = protect.apply(self.evaluation.response.clone());
        if *self.response == response {
            return;
        }
        let verdict = match (response.allowed, &response.patch) {
            (true, Some(_)) => "accepted with a change",
            (true, None) => "accepted",
            (false, _) => "rejected",
        };
        shell.status("Monitored", format!("in mode `protect` it would be {verdict}"));
        show_reason(&response, shell);
    }

    fn show_change(&self, shell: &Shell) {
        let (Some(patch), Some(old), Some(new)) =
            (&self.response.patch, self.request.object(), &self.evaluation.mutated_object)
        else {
            return;
        };
        let s = if patch.len() == 1 { "" } else { "s" };
        shell.status("Changed", format!("the object, with {} operation{s}", patch.len()));
        if let (Some(old), Some(new)) = (yaml(old), yaml(new)) {
            shell.diff(&old, &new);
        }
    }
}

fn show_reason(response: &AdmissionResponse, shell: &Shell) {
    let message = response.message().filter(|message| !message.is_empty()).map(printable);
    match (message, response.code()) {
        (None, None) => {}
        (Some(message), None) => shell.status("Reason", message),
        (None, Some(code)) => shell.status("Code", code),
        (Some(message), Some(code)) => shell.status("Reason", format!("{message} (code {code})")),
    }
    for cause in response.status.iter().filter_map(|status| status.details.as_ref()).flat_map(|d| &d.causes) {
        if let Some(message) = cause.message.as_deref().filter(|message| !message.is_empty()) {
            shell.status("Cause", printable(message));
        }
    }
}

/// Describes a request: ``CREATE of Pod `web` in namespace `default` ``.
fn about(request: &Request) -> String {
    let Request::Kubernetes(request) = request else { return "the request".to_owned() };
    let mut about = format!("{} of {}", request.operation, request.kind.kind);
    if let Some(subresource) = &request.sub_resource {
        about += &format!(" ({subresource})");
    }
    if let Some(name) = &request.name {
        about += &format!(" `{name}`");
    }
    if let Some(namespace) = &request.namespace {
        about += &format!(" in namespace `{namespace}`");
    }
    printable(&about).into_owned()
}

/// Formats a value as YAML, which people read best, unless it is too long to read.
fn yaml(value: &Value) -> Option<String> {
    yaml_serde::to_string(value).ok().filter(|yaml| yaml.len() <= SHOWN_BYTES)
}

/// Prints what a host only logs.
pub(crate) fn host_log(log: &str, host_calls: &HostCalls, shell: &Shell) {
    for line in host_calls.logged.lines() {
        shell.status("Logged", printable(line));
    }
    if !log.is_empty() {
        shell.status("Logged", printable(log));
    }
    if host_calls.unlogged > 0 {
        shell.warn(
            format!("the policy logged {} more records, which were not kept", host_calls.unlogged),
            Some("`--output-limit` sets how much of it is kept"),
        );
    }
    for capability in &host_calls.refused_capabilities {
        shell.warn(
            format!("the policy asked for the host capability `{capability}`, which is not provided here"),
            Some("the policy got the answer of a host that does not grant it"),
        );
    }
}

/// Prints what a policy wrote to stdout instead of an answer.
pub(crate) fn unreadable_answer(stdout: Option<&str>, shell: &Shell) {
    let Some(stdout) = stdout.map(str::trim).filter(|stdout| !stdout.is_empty()) else { return };
    let shown = printable(stdout).replace('\n', "\n  ");
    shell.warn(
        format!("the policy's stdout is not one JSON document:\n  {shown}"),
        Some("print only the answer to stdout, and messages to stderr"),
    );
}

/// Warns that a cluster would not accept a change, because the metadata does not announce it.
pub(crate) fn unannounced_mutation(shell: &Shell) {
    shell.warn(
        "the policy changes the object, but its metadata says `mutating: false`: a cluster would reject the request",
        Some("write `mutating = true` in `[package.metadata.kubewarden]`, or `mutating: true` in `metadata.yml`"),
    );
}
