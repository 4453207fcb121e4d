//! The resource that deploys a policy: a Kubernetes resource or, for a raw policy, which no Kubernetes resource can
//! deploy, an entry in a policy server's `policies.yml`.
//!
//! Source: the CRDs of Kubewarden 1.36 and `kwctl scaffold manifest`.

use std::fmt::Display;

use crate::error::failure;
use crate::metadata::{Metadata, key};

pub mod artifacthub;
mod deployed;
mod deployment;
mod namespaced;
pub(crate) mod settings;

pub use deployed::Deployed;
pub use deployment::{Choices, Deployment};
pub(crate) use namespaced::find_cluster_wide;

/// The first line of every manifest that we write. A file without it was written by somebody else.
pub(crate) const WRITTEN_BY_US: &str =
    "# Written by `cargo kw-wasi build`: settings and mode are yours to add in a copy.";

const API_VERSION: &str = "policies.kubewarden.io/v1";

/// Returns the location of the module of this version after a push; `None` if the metadata has no registry.
pub(crate) fn module_in_registry(metadata: &Metadata, version: Option<&str>) -> Option<String> {
    Some(format!("registry://{}:v{}", metadata.annotation(key::OCI_URL)?, version?))
}

/// Returns the error for metadata without a registry. `instead` says how to do without one, and `place` where a project
/// names it; `place` is `None` for a module, whose metadata is fixed.
pub(crate) fn no_registry(message: impl Display, instead: &str, place: Option<&str>) -> anyhow::Error {
    failure(
        message,
        match place {
            Some(place) => format!("{instead}, or write the registry: {place}"),
            None => format!("{instead}, or build the policy again, with a registry in its metadata"),
        },
    )
}
