//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use cargo_kw_wasi::cli::Cargo;
use cargo_kw_wasi::error::{Canceled, Outcome, is_reader_gone};
use cargo_kw_wasi::process::ChildFailed;
use cargo_kw_wasi::shell::Shell;
use cargo_kw_wasi::signals;

fn main() -> ExitCode {
    signals::watch();
    let (result, shell) = Cargo::parse_args().run();
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => could_not_complete(&error, &shell),
    }
}

/// Prints the error, unless the user already knows it or has stopped reading. Returns 1 after a canceled prompt, the
/// child's code after a child that has printed the reason, and 101 otherwise.
fn could_not_complete(error: &anyhow::Error, shell: &Shell) -> ExitCode {
    if error.is::<Canceled>() {
        shell.note(error);
        return ExitCode::FAILURE;
    }
    if let Some(child) = error.downcast_ref::<ChildFailed>() {
        if !child.has_said_why() {
            shell.error(error);
        }
        return ExitCode::from(child.code);
    }
    if !is_reader_gone(error) {
        shell.error(error);
    }
    ExitCode::from(101)
}
