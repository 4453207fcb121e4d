//! Which packages, as cargo's own commands take it.

use std::path::PathBuf;

use crate::project::Selection;

/// The one package that a verb is about.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackageArgs {
    /// Package to use (see `cargo help pkgid`)
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    #[command(flatten)]
    manifest: ManifestPathArgs,
}

/// The packages that a verb is about.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackagesArgs {
    #[command(flatten)]
    workspace: clap_cargo::Workspace,
    #[command(flatten)]
    manifest: ManifestPathArgs,
}

/// Where to look for packages.
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
