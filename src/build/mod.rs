//! Builds projects into modules with embedded metadata, and writes a manifest next to each module.

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

/// Builds all selected policies, as the verb `build` does, and returns them in the order of the workspace.
pub(crate) fn build(request: BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
    PendingBuild::new(request, shell)?.finish(shell)
}
