//! The command line: `cargo kw-wasi`, its verbs, and the options several of them share.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use crate::commands::{build, new};
use crate::outcome::Outcome;
use crate::project::{Compile, Features, Network, Selection};
use crate::shell::{ColourChoice, Shell};

/// `cargo kw-wasi …`, as cargo calls us: with our own name as the first argument.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", styles = clap_cargo::style::CLAP_STYLING)]
pub enum Cargo {
    /// Create, build and deploy Kubewarden policies of the plain WASI kind
    #[command(
        name = "kw-wasi",
        version,
        propagate_version = false,
        subcommand_required = true,
        arg_required_else_help = true
    )]
    KwWasi(KwWasi),
}

/// What follows `cargo kw-wasi`.
#[derive(Debug, clap::Args)]
pub struct KwWasi {
    #[command(subcommand)]
    command: Command,
    /// Show the commands that are run; twice: let cargo show them too
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Display")]
    verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Display")]
    quiet: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Display")]
    color: ColourChoice,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(Box<new::NewArgs>),
    Build(Box<build::BuildArgs>),
}

impl Cargo {
    /// The command line of this process. Ends the process for `--help`, `--version` and wrong usage.
    pub fn parse_args() -> Self {
        let mut args: Vec<_> = std::env::args_os().collect();
        // Run by its own name rather than through cargo, there is no `kw-wasi` in front.
        if args.get(1).is_none_or(|first| first != "kw-wasi") {
            args.insert(1, "kw-wasi".into());
        }
        Self::parse_from(args)
    }

    /// Runs the verb. The shell is returned to say how it ended.
    pub fn run(self) -> (Result<Outcome>, Shell) {
        let Self::KwWasi(args) = self;
        let shell = Shell::new(args.quiet, args.verbose, args.color);
        let result = match args.command {
            Command::New(new) => new.run(&shell),
            Command::Build(build) => build.run(&shell),
        };
        (result, shell)
    }
}

/// Which packages, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Package selection")]
pub struct PackageArgs {
    #[command(flatten)]
    workspace: clap_cargo::Workspace,
    /// Path to Cargo.toml
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

/// How to compile, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Compilation")]
pub struct CompileArgs {
    #[command(flatten)]
    features: clap_cargo::Features,
    /// Build with this profile
    #[arg(long, value_name = "NAME", default_value = "release", overrides_with = "release")]
    profile: String,
    /// Build with the profile `release`, which is the default
    #[arg(short, long, hide = true)]
    release: bool,
    /// Directory for all that is generated [default: as cargo has it]
    #[arg(long, value_name = "PATH")]
    target_dir: Option<PathBuf>,
    /// Number of parallel jobs [default: number of cores]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    jobs: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// What may be fetched and changed, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    /// Fail instead of changing Cargo.lock or metadata.yml
    #[arg(long)]
    locked: bool,
    /// Use no network
    #[arg(long)]
    offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    frozen: bool,
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
            network: Network {
                locked: args.network.locked,
                offline: args.network.offline,
                frozen: args.network.frozen,
            },
        }
    }
}
