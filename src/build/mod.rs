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

use crate::error::failure;
use crate::shell::Shell;

pub(crate) use built::BuiltPolicy;
pub(crate) use pending::PendingBuild;
pub(crate) use request::{Annotator, BuildRequest, Optimizer};

/// What the verb `build` does: all policies that are selected, in the order of the workspace.
pub(crate) fn build(request: BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
    PendingBuild::new(request, shell)?.finish(shell)
}

/// Builds the one policy that is selected, for verbs that need it.
pub(crate) fn build_one(request: BuildRequest, shell: &Shell) -> Result<BuiltPolicy> {
    let pending = PendingBuild::new(request, shell)?;
    if let several @ [_, _, ..] = pending.projects() {
        let names: Vec<_> = several.iter().map(|project| format!("`{}`", project.name)).collect();
        return Err(failure(
            format!("there are several policies to choose from: {}", names.join(", ")),
            "name one with `--package`",
        ));
    }
    let mut built = pending.finish(shell)?;
    Ok(built.pop().expect("a selection without a policy is refused when it is loaded"))
}
