//! What people should know about requests that are sent here: what was guessed, and what no cluster sends.

use std::collections::HashSet;

use crate::kubernetes::{Asked, Coverage};
use crate::protocol::Request;
use crate::shell::Shell;
use crate::untrusted::printable;

/// Says what is not certain about the requests that were made for custom resources, each thing once.
pub(crate) fn guessed_kinds<'a>(requests: impl IntoIterator<Item = &'a Request>, hint: &str, shell: &Shell) {
    let guesses = requests.into_iter().filter_map(|request| match request {
        Request::Kubernetes(request) => request.guess.as_ref(),
        Request::Raw(_) => None,
    });
    let mut told = HashSet::new();
    for guess in guesses.map(ToString::to_string) {
        if !told.contains(&guess) {
            shell.warn(printable(&guess), Some(hint));
            told.insert(guess);
        }
    }
}

/// Says which requests a cluster would not send to the policy, each thing once.
pub(crate) fn not_asked(requests: &[Request], coverage: &Coverage, shell: &Shell) {
    let mut told = HashSet::new();
    for request in requests {
        let Request::Kubernetes(request) = request else { continue };
        let (message, hint) = match coverage.judge(request) {
            Asked::Yes => continue,
            Asked::Unsure(note) => (note, None),
            Asked::No { reason, hint } => (format!("a cluster would not send this request: {reason}"), hint),
        };
        if !told.contains(&message) {
            shell.warn(printable(&message), hint.as_deref().map(printable).as_deref());
            told.insert(message);
        }
    }
}
