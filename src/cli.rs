//! The command line: `cargo kw-wasi`, its verbs, and the options several of them share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{CommandFactory, Parser};

use crate::commands::{build, completions, inspect, manifest, new, push, run, test};
use crate::error::failure;
use crate::fs;
use crate::outcome::Outcome;
use crate::project::{Compile, Features, Network, Selection};
use crate::registry::{self, Connection};
use crate::runtime::Limits;
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
    Run(Box<run::RunArgs>),
    Test(Box<test::TestArgs>),
    Inspect(Box<inspect::InspectArgs>),
    Manifest(Box<manifest::ManifestArgs>),
    Push(Box<push::PushArgs>),
    Completions(completions::CompletionsArgs),
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

    /// The command line as that of a program of its own, `cargo-kw-wasi`: what shells and manuals know.
    pub fn program() -> clap::Command {
        // The tree starts with `cargo`, which is not ours.
        let tree = Self::command();
        let tool = tree.find_subcommand("kw-wasi").expect("the one subcommand").clone();
        tool.name("cargo-kw-wasi").version(env!("CARGO_PKG_VERSION"))
    }

    /// Runs the verb. The shell is returned to say how it ended.
    pub fn run(self) -> (Result<Outcome>, Shell) {
        let Self::KwWasi(args) = self;
        let shell = Shell::new(args.quiet, args.verbose, args.color);
        let result = match args.command {
            Command::New(new) => new.run(&shell),
            Command::Build(build) => build.run(&shell),
            Command::Run(run) => run.run(&shell),
            Command::Test(test) => test.run(&shell),
            Command::Inspect(inspect) => inspect.run(&shell),
            Command::Manifest(manifest) => manifest.run(&shell),
            Command::Push(push) => push.run(&shell),
            Command::Completions(completions) => completions.run(&shell),
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

/// How to reach a registry.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryArgs {
    /// Use plain HTTP. Without a host this is for a registry on this machine only
    #[arg(long, value_name = "HOST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    insecure: Option<String>,
    /// Trust this certificate authority too, in PEM or DER; several times for several
    #[arg(long, value_name = "PATH")]
    ca: Vec<PathBuf>,
}

impl RegistryArgs {
    /// How to reach this host.
    pub(crate) fn connection_to(&self, host: &str) -> Result<Connection> {
        let plain_http = match self.insecure.as_deref() {
            None => false,
            Some("") if registry::is_loopback(host) => true,
            Some("") => {
                return Err(failure(
                    format!(
                        "`{host}` is not on this machine, and what goes there by plain HTTP can be read and changed on its way"
                    ),
                    format!("say `--insecure={host}` if that is what you want"),
                ));
            }
            Some(named) if named == host => true,
            Some(named) => {
                return Err(failure(
                    format!("`--insecure={named}` is about another host than `{host}`"),
                    "name the host with its port, as in the reference",
                ));
            }
        };
        let mut authorities = Vec::new();
        for path in &self.ca {
            authorities.extend(registry::certificates(&fs::read(path)?).map_err(|reason| {
                failure(
                    format!("could not trust `{}`: {reason}", path.display()),
                    "name the certificate of an authority, in PEM or DER",
                )
            })?);
        }
        Ok(Connection { plain_http, authorities, ..Connection::default() })
    }
}

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
pub struct CompileArgs {
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

/// What may be fetched and changed, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    /// Fail instead of changing Cargo.lock, go.mod or metadata.yml
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
            further: args.further,
            network: args.network.into(),
        }
    }
}

impl From<NetworkArgs> for Network {
    fn from(args: NetworkArgs) -> Self {
        Self { locked: args.locked, offline: args.offline, frozen: args.frozen }
    }
}

/// What a policy may use while it runs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Stop the policy after this time: `2s`, `500ms`; `none` lets it run, as `kwctl` does
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time_limit)]
    time_limit: TimeLimit,
    /// Stop the policy when it wants more memory: `256MiB`
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    memory_limit: usize,
    /// Stop the policy when it writes more to stdout, or to stderr: `16MiB`
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = parse_size)]
    output_limit: usize,
}

impl From<LimitArgs> for Limits {
    fn from(args: LimitArgs) -> Self {
        Self { time: args.time_limit.0, memory_bytes: args.memory_limit, output_bytes: args.output_limit }
    }
}

/// `None` when it is `none`. In a type of its own, since clap takes a plain `Option` for what may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeLimit(Option<Duration>);

/// A number of seconds, or of what the unit says; or `none`.
fn parse_time_limit(typed: &str) -> Result<TimeLimit, String> {
    if typed.eq_ignore_ascii_case("none") {
        return Ok(TimeLimit(None));
    }
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    with_unit(typed, &UNITS)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .map(|time| TimeLimit(Some(time)))
        .ok_or_else(|| "write a time longer than nothing, such as `2s` or `500ms`, or `none`".to_owned())
}

/// A number of bytes, or of what the unit says: `MB` is a million, `MiB` is 1024 times 1024.
fn parse_size(typed: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 8] = [
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("B", 1.0),
        ("", 1.0),
    ];
    match with_unit(typed, &UNITS) {
        // A memory of 32-bit WebAssembly ends at four gibibytes.
        Some(bytes) if (1.0..=(1_u64 << 40) as f64).contains(&bytes) => Ok(bytes as usize),
        _ => Err("write a size, such as `256MiB` or `64KiB`".to_owned()),
    }
}

fn with_unit(typed: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits = typed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(typed.len());
    let (number, unit) = typed.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let milliseconds =
            |typed| parse_time_limit(typed).map(|TimeLimit(time)| time.map(|it| it.as_millis()));
        assert_eq!(milliseconds("2"), Ok(Some(2000)));
        assert_eq!(milliseconds("0.5s"), Ok(Some(500)));
        assert_eq!(milliseconds("500ms"), Ok(Some(500)));
        assert_eq!(milliseconds("2 m"), Ok(Some(120_000)));
        assert_eq!(milliseconds("none"), Ok(None));
        for wrong in ["", "0", "-1s", "s", "1.2.3", "2d", "1e3", "99999999999999999999h"] {
            assert!(parse_time_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("1"), Ok(1));
        assert_eq!(parse_size("64KiB"), Ok(65_536));
        assert_eq!(parse_size("1.5 mib"), Ok(1_572_864));
        assert_eq!(parse_size("2GB"), Ok(2_000_000_000));
        for wrong in ["", "0", "-1", "many", "1TiB", "1e9", "99999999GiB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
