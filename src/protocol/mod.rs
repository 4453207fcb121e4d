//! What passes between a host and a policy: settings and request in, the policy's answer out, and the response for
//! the cluster. This layer only converts values; `runtime` runs the policy.
//!
//! Source: the behavior of kwctl and policy-server 1.36 with WASI policies. Messages in an admission response are the
//! same, word for word.

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
