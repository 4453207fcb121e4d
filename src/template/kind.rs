//! The kinds of policies that a project can start from. They are data in `templates/shared`, shared by all languages.

use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded;

/// All kinds, in the order in which they are offered.
pub(super) static KINDS: LazyLock<Vec<PolicyKind>> =
    LazyLock::new(|| embedded::data::<KindFile>("shared/kinds.toml").kinds);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    kinds: Vec<PolicyKind>,
}

/// A policy to start from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyKind {
    pub(super) name: String,
    /// What the policy does, for the prompt.
    pub(super) about: String,
    /// Does it see any JSON document, rather than Kubernetes objects?
    #[serde(default)]
    pub(super) raw: bool,
    /// Does it change what it sees?
    #[serde(default)]
    pub(super) mutating: bool,
    /// The folders that its files are in.
    pub(super) layers: Vec<String>,
    /// Default description of the policy, to be rendered.
    pub(super) description: String,
}

impl PolicyKind {
    /// `None` when there is no such kind.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}
