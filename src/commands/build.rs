//! `build`: the command line of building, and the report on what was built.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::build::{Annotator, BuildRequest, BuiltPolicy, Optimizer, build};
use crate::error::Outcome;
use crate::fs;
use crate::options::{CompiledArgs, OutputFormat, PackagesArgs};
use crate::protocol::PolicyType;
use crate::shell::Shell;

/// Compile a policy to WebAssembly, ready to deploy
///
/// Compiles the package for `wasm32-wasip1`, or the Go module for `wasip1`, checks that a Kubewarden host can load the
/// result, and embeds the policy's metadata, from `[package.metadata.kubewarden]` in Cargo.toml or from a hand-written
/// metadata.yml. Writes `<target-dir>/kubewarden/<name>.wasm` and, next to it, `<name>.yml`, the resource that deploys it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Build the policy in this folder
  cargo kw-wasi build
  # Write the module to another place
  cargo kw-wasi build -o annotated-policy.wasm
  # Build all policies of the workspace, as in CI
  cargo kw-wasi build --workspace --locked
  # Report what was built as JSON
  cargo kw-wasi build --message-format json
  # Pass more arguments to `go build`, or to `cargo build`
  cargo kw-wasi build -- -tags prod")]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    projects: CompiledArgs<PackagesArgs>,
    /// Short form of `--release`, for this verb only
    #[arg(short = 'r', hide = true)]
    release_in_short: bool,
    // Not a doc comment: rustdoc would take the default for a link.
    #[arg(help = "Write the policy to this file or folder [default: `<target-dir>/kubewarden/<name>.wasm`]")]
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Program that embeds the metadata
    #[arg(long, value_name = "TOOL", default_value = "builtin", help_heading = "Output")]
    annotator: AnnotatorChoice,
    /// Make the module smaller with `wasm-opt -Oz` from PATH
    #[arg(long, help_heading = "Output")]
    wasm_opt: bool,
    /// Report what was built in words on stderr, or also as one JSON object for each policy on stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        value_parser = OutputFormat::one_of([OutputFormat::Human, OutputFormat::Json]),
        help_heading = "Output"
    )]
    message_format: OutputFormat,
}

/// The values of `--annotator`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AnnotatorChoice {
    /// This tool, which needs no other program
    Builtin,
    /// `kwctl annotate` from PATH
    Kwctl,
}

impl BuildArgs {
    /// Builds the selected policies.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let message_format = self.message_format;
        let built = build(self.into(), shell)?;
        for policy in &built {
            report(policy, shell);
            if message_format == OutputFormat::Json {
                let line = serde_json::to_string(policy)
                    .context("could not report a path that is not UTF-8 as JSON")?;
                shell.result(&format!("{line}\n")).context("could not write to stdout")?;
            }
        }
        if built.iter().any(|policy| !policy.fresh) {
            shell.status("Next", "cargo kw-wasi test");
        }
        Ok(Outcome::Done)
    }
}

impl From<BuildArgs> for BuildRequest {
    fn from(args: BuildArgs) -> Self {
        let mut request: Self = args.projects.into();
        if args.release_in_short {
            request.compile.profile.get_or_insert_with(|| "release".to_owned());
        }
        Self {
            output: args.output,
            annotator: match args.annotator {
                AnnotatorChoice::Builtin => Annotator::Builtin,
                AnnotatorChoice::Kwctl => Annotator::Kwctl,
            },
            optimizer: if args.wasm_opt { Optimizer::WasmOpt } else { Optimizer::None },
            ..request
        }
    }
}

/// Tells a person where the policy and its manifest are.
fn report(policy: &BuiltPolicy, shell: &Shell) {
    let verb = if policy.fresh { "Fresh" } else { "Built" };
    shell.status(verb, policy);
    let Some(manifest) = &policy.manifest else { return };
    let manifest = fs::for_people(manifest);
    let shown = manifest.display();
    let purpose = match policy.policy_type {
        PolicyType::Kubernetes => "apply it with `kubectl` after `cargo kw-wasi push`",
        PolicyType::Raw => "an entry for the policies.yml of a policy server",
    };
    shell.status("Manifest", format!("{shown} ({purpose})"));
}
