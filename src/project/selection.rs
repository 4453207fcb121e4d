//! Which projects.

use std::path::PathBuf;

/// Which projects of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// The `Cargo.toml` or `go.mod` to start from, instead of the nearest one, in this folder or above it.
    pub(crate) manifest_path: Option<PathBuf>,
    /// Names of packages; none means those that cargo would select.
    pub(crate) packages: Vec<String>,
    /// All packages of the workspace.
    pub(crate) workspace: bool,
    /// Names of packages left out of all.
    pub(crate) exclude: Vec<String>,
}
