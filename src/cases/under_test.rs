//! The policy that cases are about, with what a cluster knows of it.

use crate::kubernetes::{Asked, Coverage};
use crate::metadata::Metadata;
use crate::protocol::Request;
use crate::runtime::Policy;

/// A policy, deployed as its metadata says.
pub(crate) struct PolicyUnderTest<'a> {
    pub(super) policy: &'a Policy,
    /// May it change objects?
    pub(super) is_mutating: bool,
    /// `None` if its metadata has no rules.
    coverage: Option<Coverage>,
}

impl<'a> PolicyUnderTest<'a> {
    pub(crate) fn new(policy: &'a Policy, metadata: &Metadata) -> Self {
        let rules = &metadata.rules;
        let coverage = (!rules.is_empty()).then(|| Coverage::of_rules(rules));
        Self { policy, is_mutating: metadata.mutating, coverage }
    }

    /// Why a cluster does not ask about this, if it does not.
    pub(super) fn reason_to_skip(&self, request: &Request) -> Option<String> {
        let (Some(coverage), Request::Kubernetes(request)) = (&self.coverage, request) else { return None };
        match coverage.judge(request) {
            Asked::Yes | Asked::Unsure(_) => None,
            Asked::No { reason, hint: Some(hint) } => Some(format!("{reason}: {hint}")),
            Asked::No { reason, hint: None } => Some(reason),
        }
    }
}
