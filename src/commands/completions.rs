//! `completions`: what a shell needs to complete our command line.

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap_complete::Shell as Dialect;

use crate::error::Outcome;
use crate::shell::Shell;

/// Print completions for a shell
///
/// The script completes `cargo-kw-wasi`. In bash and fish it completes `cargo kw-wasi` too, in addition to cargo's own
/// completions; in zsh, cargo's own completions find it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # In ~/.bashrc, after cargo's own completions
  source <(cargo kw-wasi completions bash)
  # For zsh, if ~/.zshrc adds ~/.zfunc to fpath before it calls compinit
  cargo kw-wasi completions zsh > ~/.zfunc/_cargo-kw-wasi
  # For fish
  cargo kw-wasi completions fish > ~/.config/fish/conf.d/cargo-kw-wasi.fish
  # For PowerShell
  cargo kw-wasi completions powershell >> $PROFILE
  # For Elvish
  cargo kw-wasi completions elvish >> ~/.config/elvish/rc.elv")]
pub(crate) struct CompletionsArgs {
    /// Shell to complete for
    shell: Dialect,
}

/// In bash, the words after `cargo` are completed by cargo's own completions; ours take `kw-wasi` and pass on the rest.
const BASH: &str = include_str!("completions.bash");

/// In fish, the words after `cargo kw-wasi` are those after `cargo-kw-wasi`.
const FISH: &str = include_str!("completions.fish");

impl CompletionsArgs {
    /// Prints the script that completes `program`.
    pub(crate) fn run(self, mut program: clap::Command, shell: &Shell) -> Result<Outcome> {
        program = without_star(program);
        shell.result(&script(self.shell, &mut program)).context("could not write to stdout")?;
        Ok(Outcome::Done)
    }
}

/// Hides the possible value `*` of arguments: shells would complete it to the names of files.
fn without_star(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_possible_values() {
        values if values.iter().any(|value| value.get_name() == "*") => {
            let values = values.into_iter().filter(|value| value.get_name() != "*");
            arg.value_parser(PossibleValuesParser::new(values))
        }
        _ => arg,
    });
    command.mut_subcommands(without_star)
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
