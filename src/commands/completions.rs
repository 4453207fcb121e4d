//! `completions`: what a shell needs to complete our command line.

use anyhow::{Context, Result};
use clap_complete::Shell as Dialect;

use crate::error::Outcome;
use crate::shell::Shell;

/// Print completions for a shell
///
/// They complete `cargo-kw-wasi`. In bash and fish they complete `cargo kw-wasi` too, beside what completes cargo itself;
/// in zsh cargo's own completions find them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(cargo kw-wasi completions bash)       in ~/.bashrc, behind what completes cargo
  cargo kw-wasi completions zsh > ~/.zfunc/_cargo-kw-wasi
                                                 ~/.zfunc stands in fpath before compinit is called in ~/.zshrc
  cargo kw-wasi completions fish > ~/.config/fish/conf.d/cargo-kw-wasi.fish
  cargo kw-wasi completions powershell >> $PROFILE
  cargo kw-wasi completions elvish >> ~/.config/elvish/rc.elv")]
pub struct CompletionsArgs {
    /// The shell
    shell: Dialect,
}

/// In bash the words behind `cargo` are completed by whatever completes cargo: ours go first, the rest to that.
const BASH: &str = include_str!("completions.bash");

/// In fish the words behind `cargo kw-wasi` are those behind `cargo-kw-wasi`.
const FISH: &str = include_str!("completions.fish");

impl CompletionsArgs {
    /// Prints the script that completes `program`.
    pub fn run(self, mut program: clap::Command, shell: &Shell) -> Result<Outcome> {
        shell.result(&script(self.shell, &mut program)).context("could not write to stdout")?;
        Ok(Outcome::Done)
    }
}

fn script(dialect: Dialect, program: &mut clap::Command) -> String {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(dialect, program, name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    match dialect {
        Dialect::Bash => {
            // Clap spells the state it looks for otherwise than the one it sets when a name has hyphens:
            // <https://github.com/clap-rs/clap/issues/6421>.
            script = script.replace("cargo__subcmd__kw__subcmd__wasi", "cargo__kw__wasi");
            // The name has changed between versions of clap.
            let function = script.split("()").next().unwrap_or_default().trim();
            let ours = BASH.replace("FUNCTION_OF_CLAP", function);
            script.push_str(&ours);
        }
        Dialect::Fish => script.push_str(FISH),
        _ => {}
    }
    script
}
