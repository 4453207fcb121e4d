//! Options that select packages, as in cargo's own commands.

use std::path::PathBuf;

use crate::project::Selection;

/// Options that select the package of a verb.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackageArgs {
    /// Package to use (see `cargo help pkgid`)
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    #[command(flatten)]
    manifest: ManifestPathArgs,
}

/// Options that select the packages of a verb.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackagesArgs {
    #[command(flatten)]
    workspace: clap_cargo::Workspace,
    #[command(flatten)]
    manifest: ManifestPathArgs,
}

/// The option for where to look for packages.
#[derive(Debug, clap::Args)]
struct ManifestPathArgs {
    /// Path to Cargo.toml or go.mod
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

impl From<PackageArgs> for Selection {
    fn from(args: PackageArgs) -> Self {
        Self {
            manifest_path: args.manifest.manifest_path,
            packages: args.package.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl From<PackagesArgs> for Selection {
    fn from(args: PackagesArgs) -> Self {
        Self {
            manifest_path: args.manifest.manifest_path,
            packages: args.workspace.package,
            workspace: args.workspace.workspace || args.workspace.all,
            exclude: args.workspace.exclude,
        }
    }
}
