//! Building: from projects to modules with their metadata inside, and a manifest next to each.

mod built;
mod kwctl;
mod manifest;
mod metadata_file;
mod output;
mod pending;
mod policy;
mod request;
mod wasm_opt;

use anyhow::Result;

use crate::shell::Shell;

pub(crate) use built::BuiltPolicy;
pub(crate) use pending::PendingBuild;
pub(crate) use request::{Annotator, BuildRequest, Optimizer};

/// What the verb `build` does: all policies that are selected, in the order of the workspace.
pub(crate) fn build(request: BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
    PendingBuild::new(request, shell)?.finish(shell)
}
