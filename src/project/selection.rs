//! The selection of projects.

use std::path::PathBuf;

/// Selects projects of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// The `Cargo.toml` or `go.mod` to start from, instead of the nearest one, in this folder or above it.
    pub(crate) manifest_path: Option<PathBuf>,
    /// Names of packages; empty for those that cargo would select.
    pub(crate) packages: Vec<String>,
    /// Whether all packages of the workspace are selected.
    pub(crate) workspace: bool,
    /// Names of packages to leave out of all.
    pub(crate) exclude: Vec<String>,
    /// The binary of a Cargo package that is the policy, instead of the default.
    pub(crate) bin: Option<String>,
    /// The package of a Go module that is the policy, instead of the one in its root.
    pub(crate) go_package: Option<PathBuf>,
}
