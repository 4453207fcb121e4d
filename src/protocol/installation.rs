//! How a policy is installed, and how the resource that deploys it changes the policy's answers.

use serde::{Deserialize, Serialize};

use super::AdmissionResponse;
use super::response::{Cause, Status};

/// How the resource that deploys a policy treats its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    /// The policy's name in messages.
    pub(crate) id: String,
    /// Whether the answers count.
    pub(crate) mode: Mode,
    /// Whether the policy may change objects.
    pub(crate) mutation: Mutation,
    /// The message that replaces the policy's own when it rejects a request.
    pub(crate) message: Option<String>,
}

/// Whether a policy's answers count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The answers count.
    #[default]
    Protect,
    /// The answers are only logged.
    Monitor,
}

/// Whether a policy may change objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// A change is passed on.
    Allowed,
    /// A change causes the request to be rejected.
    #[default]
    Forbidden,
}

/// The default is how `kwctl run` treats a module that no resource configures.
impl Default for Installation {
    fn default() -> Self {
        Self {
            id: "policy-from-cli".to_owned(),
            mode: Mode::Protect,
            mutation: Mutation::Allowed,
            message: None,
        }
    }
}

impl Installation {
    /// Returns the response for the cluster, from the response of the policy.
    pub(crate) fn apply(&self, mut response: AdmissionResponse) -> AdmissionResponse {
        if self.mode == Mode::Monitor {
            return AdmissionResponse { allowed: true, patch: None, status: None, ..response };
        }
        if self.mutation == Mutation::Forbidden && response.patch.take().is_some() {
            response.allowed = false;
            response.status = Some(Status {
                message: Some(format!(
                    "Request rejected by policy {}. The policy attempted to mutate the request, but it is currently \
                     configured to not allow mutations.",
                    self.id
                )),
                ..Status::default()
            });
        }
        if let (false, Some(message)) = (response.allowed, &self.message) {
            let status = response.status.get_or_insert_default();
            let own = status.message.replace(message.clone()).unwrap_or_default();
            let cause = Cause { message: Some(own), ..Cause::default() };
            status.details.get_or_insert_default().causes.push(cause);
        }
        response
    }
}
