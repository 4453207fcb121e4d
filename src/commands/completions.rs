//! `completions`: what a shell needs to complete our command line.

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell as Dialect;

use crate::cli::Cargo;
use crate::outcome::Outcome;
use crate::shell::Shell;

/// Print completions for a shell
///
/// They complete `cargo-kw-wasi`, and in bash, fish and zsh `cargo kw-wasi` too, beside what completes cargo itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi completions bash > ~/.local/share/bash-completion/completions/cargo-kw-wasi
  source <(cargo kw-wasi completions bash)       in ~/.bashrc: completes `cargo kw-wasi` too
  cargo kw-wasi completions zsh > ~/.zfunc/_cargo-kw-wasi
  cargo kw-wasi completions fish > ~/.config/fish/conf.d/cargo-kw-wasi.fish
  cargo kw-wasi completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    shell: Dialect,
}

/// In bash the words behind `cargo` are completed by whatever completes cargo: ours go first, the rest to that.
const BASH: &str = include_str!("completions.bash");

/// In fish the words behind `cargo kw-wasi` are those behind `cargo-kw-wasi`.
const FISH: &str = "\
complete -c cargo -n '__fish_seen_subcommand_from kw-wasi' -f -a '(complete -C (string replace -r \"^\\\\S+\\\\s+kw-wasi\" cargo-kw-wasi (commandline -cp)))'
complete -c cargo -n '__fish_use_subcommand' -f -a kw-wasi -d 'Create, build and deploy Kubewarden policies'
";

impl CompletionsArgs {
    /// Prints the script.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        shell.result(&script(self.shell)).context("could not write to stdout")?;
        Ok(Outcome::Done)
    }
}

fn script(dialect: Dialect) -> String {
    // The tree starts with `cargo`, whose completions are not ours to replace.
    let mut command = Cargo::command();
    let mut ours =
        command.find_subcommand_mut("kw-wasi").expect("the one subcommand").clone().name("cargo-kw-wasi");
    let mut script = Vec::new();
    clap_complete::generate(dialect, &mut ours, "cargo-kw-wasi", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    match dialect {
        Dialect::Bash => script.push_str(BASH),
        Dialect::Fish => script.push_str(FISH),
        _ => {}
    }
    script
}
