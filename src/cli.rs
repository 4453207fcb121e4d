//! The command line: `cargo kw-wasi`, its verbs, and which of them runs.

use anyhow::Result;
use clap::{CommandFactory, Parser};

use crate::commands::{build, completions, inspect, manifest, new, push, run, test};
use crate::error::Outcome;
use crate::shell::{ColorChoice, Shell, TermFlags};

/// `cargo kw-wasi …`, as cargo runs it: with `kw-wasi` as the first argument.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", styles = clap_cargo::style::CLAP_STYLING)]
pub enum Cargo {
    /// Create, build, test and deploy Kubewarden policies that are plain WASI programs
    #[command(
        name = "kw-wasi",
        version,
        propagate_version = false,
        subcommand_required = true,
        arg_required_else_help = true
    )]
    KwWasi(KwWasi),
}

/// The arguments after `cargo kw-wasi`.
#[derive(Debug, clap::Args)]
pub struct KwWasi {
    #[command(subcommand)]
    command: Command,
    /// Print the commands that are run; with `-vv`, cargo prints its own too
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Display")]
    verbose: u8,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Display")]
    quiet: bool,
    /// When to use colors [default: auto]
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Display")]
    color: Option<clap::ColorChoice>,
}

impl KwWasi {
    fn term_flags(&self) -> TermFlags {
        let color = self.color.map(|choice| match choice {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        });
        TermFlags { quiet: self.quiet, verbose_level: self.verbose, color }
    }
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(Box<new::NewArgs>),
    Build(Box<build::BuildArgs>),
    Run(Box<run::RunArgs>),
    Test(Box<test::TestArgs>),
    Inspect(Box<inspect::InspectArgs>),
    Manifest(Box<manifest::ManifestArgs>),
    Push(Box<push::PushArgs>),
    Completions(completions::CompletionsArgs),
}

impl Cargo {
    /// Parses the command line of this process. Exits for `--help`, `--version` and invalid usage.
    pub fn parse_args() -> Self {
        let mut args: Vec<_> = std::env::args_os().collect();
        // Without cargo, the first argument is not `kw-wasi`.
        if args.get(1).is_none_or(|first| first != "kw-wasi") {
            args.insert(1, "kw-wasi".into());
        }
        Self::parse_from(args)
    }

    /// Returns the command line of the program `cargo-kw-wasi`, for completions and manual pages.
    pub fn program() -> clap::Command {
        // The root of the tree is `cargo`, which is not ours.
        let tree = Self::command();
        let tool = tree.find_subcommand("kw-wasi").expect("the one subcommand").clone();
        tool.name("cargo-kw-wasi").version(env!("CARGO_PKG_VERSION"))
    }

    /// Runs the verb. The shell is returned so that the caller can report how it ended.
    pub fn run(self) -> (Result<Outcome>, Shell) {
        let Self::KwWasi(args) = self;
        let shell = match Shell::new(args.term_flags()) {
            Ok(shell) => shell,
            Err(error) => return (Err(error), Shell::default()),
        };
        let result = match args.command {
            Command::New(new) => new.run(&shell),
            Command::Build(build) => build.run(&shell),
            Command::Run(run) => run.run(&shell),
            Command::Test(test) => test.run(&shell),
            Command::Inspect(inspect) => inspect.run(&shell),
            Command::Manifest(manifest) => manifest.run(&shell),
            Command::Push(push) => push.run(&shell),
            Command::Completions(completions) => completions.run(Self::program(), &shell),
        };
        (result, shell)
    }
}
