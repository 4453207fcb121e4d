//! Flags, environment and cargo's configuration decide how much is printed, and in which colors.

use crate::support::{Case, Invocation};

const RED: &str = "\u{1b}[91m";

/// A command that fails, without the environment that tests normally set.
fn failing(case: &Case, flags: &str) -> Invocation {
    let mut invocation = case.kw_wasi(&format!("inspect missing.wasm {flags}"));
    invocation.command.env_remove("NO_COLOR").env_remove("CARGO_TERM_COLOR");
    invocation
}

fn is_red(invocation: Invocation) -> bool {
    let run = invocation.run().code(101);
    assert!(run.stderr.contains("missing.wasm"), "{}", run.stderr);
    run.stderr.contains(RED)
}

#[test]
fn colors_in_a_pipe_must_be_requested() {
    let case = Case::empty();
    let run = |flags: &str| failing(&case, flags);
    assert!(!is_red(run("")));
    assert!(is_red(run("--color always")));
    assert!(is_red(run("").env("CARGO_TERM_COLOR", "always")));
    assert!(is_red(run("").env("CLICOLOR_FORCE", "1")));
    assert!(is_red(run("--color always").env("NO_COLOR", "1")));
    assert!(is_red(run("").env("CARGO_TERM_COLOR", "always").env("NO_COLOR", "1")));
    assert!(!is_red(run("").env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(!is_red(run("--color never").env("CLICOLOR_FORCE", "1")));
    assert!(!is_red(run("--color auto").env("CARGO_TERM_COLOR", "always")));
    assert!(!is_red(run("").env("CARGO_TERM_COLOR", "never").env("CLICOLOR_FORCE", "1")));
}

#[cfg(unix)]
#[test]
fn colors_at_a_terminal_can_be_disabled() {
    let case = Case::empty();
    let is_red = |invocation: Invocation| {
        let (screen, code) = invocation.at_a_terminal();
        assert_eq!(code, 101, "{screen}");
        screen.contains(RED)
    };
    assert!(is_red(failing(&case, "")));
    assert!(is_red(failing(&case, "").env("NO_COLOR", "")));
    assert!(!is_red(failing(&case, "").env("NO_COLOR", "1")));
    assert!(!is_red(failing(&case, "").env("CLICOLOR", "0")));
    assert!(!is_red(failing(&case, "").env("TERM", "dumb")));
    assert!(!is_red(failing(&case, "").env("CARGO_TERM_COLOR", "never")));
    assert!(!is_red(failing(&case, "--color never")));
}

/// Returns what `new` prints in a case of its own.
fn created(flags: &str, variables: &[(&str, &str)]) -> String {
    let case = Case::empty();
    let invocation = case.kw_wasi(&format!("new demo --defaults {flags}"));
    let invocation =
        variables.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value));
    invocation.succeed().stderr
}

#[test]
fn cargo_term_quiet_works_like_the_flag_quiet() {
    assert!(created("", &[]).contains("Created"));
    assert_eq!(created("", &[("CARGO_TERM_QUIET", "true")]), "");
    assert!(created("", &[("CARGO_TERM_QUIET", "false")]).contains("Created"));
    assert!(created("-v", &[("CARGO_TERM_QUIET", "true")]).contains("Created"));
}

#[test]
fn cargo_term_verbose_works_like_the_flag_verbose() {
    let case = Case::policy();
    let manifest = |flags: &str, verbose: &str| {
        case.kw_wasi(&format!("manifest {flags}")).env("CARGO_TERM_VERBOSE", verbose).succeed()
    };
    manifest("", "true").stderr_has("Running `");
    manifest("", "false").stderr_eq("");
    manifest("--quiet", "true").stderr_eq("");
}

#[test]
fn the_configuration_of_cargo_has_the_lowest_precedence() {
    let case = Case::empty();
    case.write(".cargo/config.toml", "[term]\ncolor = 'always'\nquiet = true\n");
    assert!(is_red(failing(&case, "")));
    assert!(!is_red(failing(&case, "").env("CARGO_TERM_COLOR", "auto")));
    assert!(!is_red(failing(&case, "--color auto")));
    assert_eq!(case.kw_wasi("new one --defaults").succeed().stderr, "");
    case.kw_wasi("new two --defaults").env("CARGO_TERM_QUIET", "false").succeed().stderr_has("Created");
    case.write(".cargo/config.toml", "this is not TOML");
    assert!(!is_red(failing(&case, "")), "the code that needs the file reports it");
}

#[test]
fn a_wrong_value_is_an_error() {
    let case = Case::empty();
    case.kw_wasi("inspect missing.wasm").env("CARGO_TERM_COLOR", "red").run().code(101).stderr_eq(
        "error: invalid value `red` for the environment variable CARGO_TERM_COLOR
  hint: set it to one of `auto`, `always`, `never`, or unset it
",
    );
    case.kw_wasi("inspect missing.wasm").env("CARGO_TERM_QUIET", "1").run().code(101).stderr_eq(
        "error: invalid value `1` for the environment variable CARGO_TERM_QUIET
  hint: set it to one of `true`, `false`, or unset it
",
    );
    case.kw_wasi("inspect missing.wasm --color red").run().code(2);
}
