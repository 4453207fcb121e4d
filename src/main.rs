//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use cargo_kw_wasi::cli::Cargo;

fn main() -> ExitCode {
    let (result, shell) = Cargo::parse_args().run();
    cargo_kw_wasi::outcome::exit_code(result, &shell)
}
