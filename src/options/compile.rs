//! Options for compiling, as in cargo's own commands.

use std::ffi::OsString;
use std::path::PathBuf;

use super::NetworkArgs;
use crate::build::BuildRequest;
use crate::project::{Compile, Features, Selection};

/// Options for policies of projects that are compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct CompiledArgs<P: clap::Args> {
    #[command(flatten)]
    packages: P,
    #[command(flatten)]
    compile: CompileArgs,
}

/// Options for compiling.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Compilation")]
struct CompileArgs {
    #[command(flatten)]
    features: clap_cargo::Features,
    /// Build with this profile [default: policy]
    #[arg(long, value_name = "NAME", overrides_with = "release")]
    profile: Option<String>,
    /// Build with the profile `release`
    #[arg(long, hide = true)]
    release: bool,
    /// Directory for all generated files [default: cargo's, or `target` in a Go module]
    #[arg(long, value_name = "PATH")]
    target_dir: Option<PathBuf>,
    /// Number of parallel jobs [default: number of cores]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    /// Further arguments for `cargo build` or `go build`
    #[arg(last = true, value_name = "BUILD ARGS")]
    further: Vec<OsString>,
}

impl<P: clap::Args + Into<Selection>> From<CompiledArgs<P>> for BuildRequest {
    fn from(args: CompiledArgs<P>) -> Self {
        Self::new(args.packages.into(), args.compile.into())
    }
}

impl From<CompileArgs> for Compile {
    fn from(args: CompileArgs) -> Self {
        Self {
            features: Features {
                names: args.features.features,
                all: args.features.all_features,
                no_default: args.features.no_default_features,
            },
            profile: args.profile.or_else(|| args.release.then(|| "release".to_owned())),
            target_dir: args.target_dir,
            jobs: args.jobs,
            further: args.further,
            network: args.network.into(),
        }
    }
}
