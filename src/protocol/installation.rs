//! How a policy is installed: what the resource that deploys it makes of the policy's answer.

use serde::{Deserialize, Serialize};

use super::AdmissionResponse;
use super::response::{Cause, Status};

/// What the resource that deploys a policy says about its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    /// The policy's name in messages.
    pub(crate) id: String,
    /// Do the answers count?
    pub(crate) mode: Mode,
    /// May the policy change objects?
    pub(crate) mutation: Mutation,
    /// Said instead of the policy's own message when it rejects.
    pub(crate) message: Option<String>,
}

/// Do a policy's answers count?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They do.
    #[default]
    Protect,
    /// They are only logged.
    Monitor,
}

/// May a policy change objects?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// A change is passed on.
    Allowed,
    /// A change is a reason to reject the request.
    #[default]
    Forbidden,
}

/// As `kwctl run` treats a module that no resource configures.
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
    /// What the cluster is told, of what the policy answered.
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
