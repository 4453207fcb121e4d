//! `completions`, tested in real shells.

use std::path::Path;
use std::process::Command;

use crate::support::{Case, TOOL};
use rexpect::session::{PtySession, spawn_command};
use snapbox::Data;

#[test]
fn the_script_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let expected = Data::read_from(Path::new(&format!("tests/snapshots/completions-{shell}.txt")), None);
        Case::empty().kw_wasi(&format!("completions {shell}")).succeed().stderr_eq("").stdout_eq(expected);
    }
    Case::empty().kw_wasi("completions csh").run().code(2).stdout_eq("");
    Case::empty().kw_wasi("completions").run().code(2).stdout_eq("");
}

/// A shell at a terminal, in which `cargo` and the tool can be run.
struct Typing {
    session: PtySession,
    _case: Case,
    count: usize,
}

impl Typing {
    fn start(case: Case, shell: &str, args: &[&str]) -> Self {
        let invocation = case.kw_wasi("");
        let mut command = Command::new(shell);
        command.args(args).current_dir(case.root());
        for (name, value) in invocation.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let folder = Path::new(TOOL).parent().unwrap().to_str().unwrap();
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{folder}:{path}")).env("TERM", "dumb").env("LC_ALL", "C.UTF-8");
        let session = spawn_command(command, Some(60_000))
            .unwrap_or_else(|error| panic!("`make setup` installs {shell}: {error}"));
        Self { session, _case: case, count: 0 }
    }

    /// Runs a command and waits until it is done.
    #[track_caller]
    fn run(&mut self, command: &str) {
        self.count += 1;
        let done = format!("done-{}", self.count);
        // The shell's echo of what is typed has quotes in it.
        self.session.send_line(&format!("{command}; echo 'done'-{}", self.count)).unwrap();
        self.session.exp_string(&done).unwrap();
    }

    /// Returns the line after Tab is pressed at its end.
    #[track_caller]
    fn tab(&mut self, typed: &str) -> String {
        // The line is then printed instead of run: it becomes a quoted argument of `printf`.
        self.session.send(&format!("{typed}\t\u{5}'\u{1}printf '<%s>\\n' '\n")).unwrap();
        self.session.flush().unwrap();
        let (_, line) = self.session.exp_regex("<cargo[^>\r]*>").unwrap();
        let line = line.trim_matches(['<', '>']);
        line.trim_end().to_owned()
    }
}

/// A shell at a terminal does not exit on a signal.
impl Drop for Typing {
    fn drop(&mut self) {
        let _ = self.session.send_line("exit");
        let _ = self.session.exp_eof();
    }
}

/// Asserts what is true in each shell.
#[track_caller]
fn completes(typing: &mut Typing) {
    for program in ["cargo kw-wasi", "cargo-kw-wasi"] {
        for (typed, completed) in [
            ("bu", "build"),
            ("manif", "manifest"),
            ("build --message-f", "build --message-format"),
            ("manifest --mode mon", "manifest --mode monitor"),
            ("new --lang ru", "new --lang rust"),
        ] {
            let line = typing.tab(&format!("{program} {typed}"));
            let line = line.trim_end_matches('=');
            assert_eq!(line, format!("{program} {completed}"));
        }
    }
}

fn write_script(case: &Case, shell: &str, path: &str) {
    let script = case.kw_wasi(&format!("completions {shell}")).succeed().stdout;
    case.write(path, script);
}

#[test]
fn bash_completes() {
    let start = || {
        let case = Case::empty();
        write_script(&case, "bash", "ours.bash");
        let mut typing = Typing::start(case, "bash", &["--norc", "--noprofile", "-i"]);
        typing.run("PS1='$ '; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'");
        typing
    };
    let mut alone = start();
    alone.run("source ours.bash");
    assert_eq!(alone.tab("cargo kw-"), "cargo kw-wasi");
    completes(&mut alone);

    // After cargo's own completions, and sourced twice.
    let mut after = start();
    after.run("source /usr/share/bash-completion/bash_completion");
    after.run(
        "source \"$(rustc --print sysroot)/etc/bash_completion.d/cargo\"; source ours.bash; source ours.bash",
    );
    assert_eq!(after.tab("cargo kw-wasi bu"), "cargo kw-wasi build");
    assert_eq!(after.tab("cargo metad"), "cargo metadata");
    assert_eq!(after.tab("cargo build --all-t"), "cargo build --all-targets");

    // As in distributions: cargo's own completions are loaded at their first use.
    let mut lazy = start();
    lazy.run("mkdir -p data/completions; cp \"$(rustc --print sysroot)/etc/bash_completion.d/cargo\" data/completions/");
    lazy.run("BASH_COMPLETION_USER_DIR=$PWD/data; source /usr/share/bash-completion/bash_completion; source ours.bash");
    for _ in 0..2 {
        assert_eq!(lazy.tab("cargo kw-wasi bu"), "cargo kw-wasi build");
        assert_eq!(lazy.tab("cargo metad"), "cargo metadata");
    }
}

#[test]
fn zsh_completes() {
    let case = Case::empty();
    write_script(&case, "zsh", "functions/_cargo-kw-wasi");
    let mut typing = Typing::start(case, "zsh", &["-f", "-i"]);
    typing.run(
        "PS1='$ '; unsetopt zle_bracketed_paste prompt_sp prompt_cr; unset zle_bracketed_paste; bindkey -e",
    );
    typing.run("fpath=($PWD/functions $(rustc --print sysroot)/share/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D");
    completes(&mut typing);
    assert_eq!(typing.tab("cargo metad"), "cargo metadata");
    typing.run("source functions/_cargo-kw-wasi; source functions/_cargo-kw-wasi");
    assert_eq!(typing.tab("cargo kw-wasi bu"), "cargo kw-wasi build");
}

#[test]
fn fish_completes() {
    let case = Case::empty();
    let home = case.home();
    std::fs::create_dir_all(home.join(".config/fish/conf.d")).unwrap();
    let script = case.kw_wasi("completions fish").succeed().stdout;
    std::fs::write(home.join(".config/fish/conf.d/cargo-kw-wasi.fish"), script).unwrap();
    let mut typing = Typing::start(case, "fish", &["-i"]);
    typing.run("function fish_prompt; echo '$ '; end; set -g fish_autosuggestion_enabled 0");
    completes(&mut typing);
    assert_eq!(typing.tab("cargo metad"), "cargo metadata");
    typing.run("source ~/.config/fish/conf.d/cargo-kw-wasi.fish");
    assert_eq!(typing.tab("cargo kw-wasi bu"), "cargo kw-wasi build");
}
