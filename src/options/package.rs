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
    program: ProgramArgs,
}

/// Options that select the packages of a verb.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub(crate) struct PackagesArgs {
    #[command(flatten)]
    workspace: clap_cargo::Workspace,
    #[command(flatten)]
    program: ProgramArgs,
}

/// Where to look for packages, and which of their programs is the policy.
#[derive(Debug, clap::Args)]
struct ProgramArgs {
    /// Path to Cargo.toml or go.mod
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Binary of the package that is the policy [default: `default-run`, or the one with the package's name]
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// Package of the Go module that is the policy, such as `./cmd/policy` [default: the root of the module]
    #[arg(long, value_name = "PATH")]
    go_package: Option<PathBuf>,
}

impl From<ProgramArgs> for Selection {
    fn from(args: ProgramArgs) -> Self {
        Self {
            manifest_path: args.manifest_path,
            bin: args.bin,
            go_package: args.go_package,
            ..Self::default()
        }
    }
}

impl From<PackageArgs> for Selection {
    fn from(args: PackageArgs) -> Self {
        Self { packages: args.package.into_iter().collect(), ..args.program.into() }
    }
}

impl From<PackagesArgs> for Selection {
    fn from(args: PackagesArgs) -> Self {
        Self {
            packages: args.workspace.package,
            workspace: args.workspace.workspace || args.workspace.all,
            exclude: args.workspace.exclude,
            ..args.program.into()
        }
    }
}
