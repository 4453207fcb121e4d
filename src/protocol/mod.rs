//! What passes between a host and a policy: settings and request in, the policy's answer out, and what the cluster is
//! told because of it. Pure conversions; running the policy is left to `runtime`.
//!
//! Source: the behaviour of kwctl and policy-server 1.36 with WASI policies. Messages in an admission response are theirs,
//! word for word.

mod answer;
mod installation;
mod request;
mod response;
mod settings;

pub(crate) use answer::HostCalls;
pub use answer::{Evaluation, GuestOutput, SettingsVerdict};
pub use installation::Mode;
pub(crate) use installation::{Installation, Mutation};
pub use request::{PolicyType, Request};
pub(crate) use response::AdmissionResponse;
pub use settings::Settings;
