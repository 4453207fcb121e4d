//! The output of every `--help`, and usage errors.

use std::path::Path;

use crate::support::{self, Case};
use cargo_kw_wasi::cli::Cargo;
use clap::CommandFactory;
use snapbox::{Data, file};

#[test]
fn help_of_the_tool() {
    Case::empty().kw_wasi("--help").succeed().stderr_eq("").stdout_eq(file!["../snapshots/help.txt"]);
}

#[test]
fn help_of_every_verb() {
    for verb in ["new", "build", "run", "test", "inspect", "manifest", "push", "completions"] {
        let expected = Data::read_from(Path::new(&format!("tests/snapshots/help-{verb}.txt")), None);
        Case::empty().kw_wasi(&format!("{verb} --help")).succeed().stderr_eq("").stdout_eq(expected);
    }
}

#[test]
fn the_tool_answers_to_cargo_and_to_its_own_name() {
    let case = Case::empty();
    let through_cargo = case.kw_wasi("--version").succeed().stdout;
    assert_eq!(case.program(support::TOOL).args(["--version"]).succeed().stdout, through_cargo);
    assert!(through_cargo.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors_exit_with_code_2() {
    let case = Case::empty();
    case.kw_wasi("").run().code(2);
    case.kw_wasi("biuld").run().code(2).stderr_has("a similar subcommand exists: 'build'");
    case.kw_wasi("build --targt-dir x").run().code(2).stderr_has("--target-dir");
    case.kw_wasi("new --lang cobol").run().code(2).stderr_has("rust");
    case.kw_wasi("build -q -v").run().code(2);
    case.kw_wasi("run -r a.yaml --operation FLY").run().code(2).stderr_has("CONNECT");
    for verb in ["run -r a.yaml", "inspect"] {
        case.kw_wasi(&format!("{verb} --workspace")).run().code(2);
    }
    for verb in ["run -r a.yaml", "test", "inspect", "push"] {
        let run = case.kw_wasi(&format!("{verb} --wasm a.wasm --release")).run().code(2);
        run.stderr_has("the argument '--wasm <FILE>' cannot be used with");
    }
}

#[test]
fn clap_finds_no_mistake_in_the_command_line() {
    Cargo::command().debug_assert();
    Cargo::program().debug_assert();
}

#[test]
fn no_example_wraps_at_80_columns() {
    for verb in Cargo::program().get_subcommands() {
        let examples = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in examples.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", verb.get_name());
        }
    }
}
