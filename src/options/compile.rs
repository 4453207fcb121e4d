//! How to compile.

use std::ffi::OsString;
use std::path::PathBuf;

use super::NetworkArgs;
use crate::project::{Compile, Features};

/// The flags that say what is built and how. Network and lock files are of no matter to what is built already.
pub(crate) const OF_BUILDS: [&str; 13] = [
    "package",
    "workspace",
    "all",
    "exclude",
    "manifest_path",
    "all_features",
    "no_default_features",
    "features",
    "profile",
    "release",
    "target_dir",
    "jobs",
    "further",
];

/// How to compile, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Compilation")]
pub(crate) struct CompileArgs {
    #[command(flatten)]
    features: clap_cargo::Features,
    /// Build with this profile [default: release]
    #[arg(long, value_name = "NAME", overrides_with = "release")]
    profile: Option<String>,
    /// Build with the profile `release`, which is the default
    #[arg(long, hide = true)]
    release: bool,
    /// Directory for all that is generated [default: as cargo has it, or `target` in a Go module]
    #[arg(long, value_name = "PATH")]
    target_dir: Option<PathBuf>,
    /// Number of parallel jobs [default: number of cores]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    /// Further arguments of `cargo build` or `go build`
    #[arg(last = true, value_name = "BUILD ARGS")]
    further: Vec<OsString>,
}

impl From<CompileArgs> for Compile {
    fn from(args: CompileArgs) -> Self {
        Self {
            features: Features {
                names: args.features.features,
                all: args.features.all_features,
                no_default: args.features.no_default_features,
            },
            profile: args.profile,
            target_dir: args.target_dir,
            jobs: args.jobs,
            further: args.further,
            network: args.network.into(),
        }
    }
}
