//! Which packages.

use std::path::PathBuf;

use crate::project::Selection;

/// Which packages, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackageArgs {
    #[command(flatten)]
    workspace: clap_cargo::Workspace,
    /// Path to Cargo.toml, or to go.mod
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

impl From<PackageArgs> for Selection {
    fn from(args: PackageArgs) -> Self {
        Self {
            manifest_path: args.manifest_path,
            packages: args.workspace.package,
            workspace: args.workspace.workspace || args.workspace.all,
            exclude: args.workspace.exclude,
        }
    }
}
