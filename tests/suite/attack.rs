//! Races, kills and signals: files of others are safe, and nothing is written in part.
//!
//! `make attack` does the same many more times, and prints what it counted.

use crate::support::{self, Case, TOOL, files_below};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often to try.
fn rounds(few: u32) -> u32 {
    std::env::var("ATTACK_ROUNDS").map_or(few, |rounds| rounds.parse().unwrap())
}

/// The tool, which gets all signals even if this process was started to ignore some.
fn tool(case: &Case, args: &str) -> Command {
    let mut command = case.program("env").args(["--default-signal", TOOL, "kw-wasi"]).command;
    command.args(args.split_whitespace()).stdout(Stdio::null());
    command
}

fn start(case: &Case, args: &str) -> Child {
    tool(case, args).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    // It may have ended by itself.
    let _ = kill_process(Pid::from_child(child), signal);
}

/// What a killed call may leave out of sight.
fn leftovers(case: &Case) -> usize {
    let entries = case.root().read_dir().unwrap();
    entries.filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().starts_with(".kw-wasi-")).count()
}

/// The members of the workspace in the root, as cargo sees them.
fn members(case: &Case) -> usize {
    let run =
        case.program("cargo").args(["metadata", "--no-deps", "--offline", "--format-version=1"]).succeed();
    let metadata: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    metadata["workspace_members"].as_array().unwrap().len()
}

#[test]
fn projects_created_at_once_are_all_members_of_the_workspace() {
    let rounds = rounds(5);
    for _ in 0..rounds {
        let case = Case::empty();
        case.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = []\n");
        let children =
            ["one", "two", "three"].map(|name| start(&case, &format!("new {name} --defaults --vcs none")));
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(members(&case), 3, "{}", case.read("Cargo.toml"));
    }
    support::print_count(format_args!("{rounds} rounds of three projects at once: all are members"));
}

#[test]
fn of_projects_created_at_once_in_one_folder_one_is_there() {
    let rounds = rounds(5);
    for path in ["demo", "a/b/demo", "."] {
        for _ in 0..rounds {
            let case = Case::empty();
            let kinds = ["validate", "mutate", "raw-validate"];
            let children = kinds.map(|kind| {
                start(&case, &format!("new {path} --name demo --vcs none --defaults --kind {kind}"))
            });
            let outputs = children.map(|child| child.wait_with_output().unwrap());
            let created: Vec<_> = kinds
                .iter()
                .zip(&outputs)
                .filter(|(_, it)| it.status.success())
                .map(|(kind, _)| *kind)
                .collect();
            let said: String = outputs.iter().map(|it| String::from_utf8_lossy(&it.stderr)).collect();
            assert_eq!(created.len(), 1, "{said}");
            assert_eq!(said.matches("already contains").count(), 2, "{said}");
            assert_eq!(leftovers(&case), 0, "{said}");
            let alone = Case::empty();
            alone.kw_wasi(&format!("new demo --vcs none --defaults --kind {}", created[0])).succeed();
            let root = alone.path("demo");
            assert_eq!(files_below(&case.path(path)), files_below(&root));
            for file in files_below(&root) {
                assert_eq!(
                    case.read(&format!("{path}/{file}")),
                    alone.read(&format!("demo/{file}")),
                    "{file}"
                );
            }
        }
    }
    support::print_count(format_args!(
        "{rounds} rounds of three projects in one folder, for three folders: one is there, whole"
    ));
}

/// Starts `new` again and again, and sends a signal ever later.
fn interrupt_new(signal: Signal, rounds: u32) {
    let (mut created, mut left) = (0, 0);
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = []\n";
    let whole = Case::empty();
    whole.write("Cargo.toml", manifest);
    let begin = Instant::now();
    whole.kw_wasi("new demo --defaults --vcs none").succeed();
    let longest = begin.elapsed() * 5 / 4;
    let whole = files_below(&whole.path("demo"));
    for round in 0..rounds {
        let case = Case::empty();
        case.write("Cargo.toml", manifest);
        let mut child = start(&case, "new demo --defaults --vcs none");
        std::thread::sleep(longest * round / rounds);
        send(&child, signal);
        let status = child.wait().unwrap();
        let is_there = case.exists("demo");
        if is_there {
            assert_eq!(files_below(&case.path("demo")), whole);
            created += 1;
        }
        let is_member = case.read("Cargo.toml") != manifest;
        if signal == Signal::KILL {
            left += leftovers(&case);
            assert!(!is_member || is_there);
        } else {
            assert_eq!((leftovers(&case), is_member), (0, is_there), "{signal:?} {status:?}");
            assert!(status.code() == Some(0) || status.signal() == Some(signal.as_raw()), "{status:?}");
        }
    }
    support::print_count(format_args!(
        "{rounds} times {signal:?} while `new` works: {created} projects are there, {left} temporary folders"
    ));
}

#[test]
fn a_signal_while_new_works_leaves_a_project_or_nothing() {
    let rounds = rounds(20);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        interrupt_new(signal, rounds);
    }
}

#[test]
fn a_kill_while_new_works_leaves_a_project_or_nothing() {
    interrupt_new(Signal::KILL, rounds(20));
}

/// Waits until it is so, for at most ten seconds.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_running(id: &str) -> bool {
    // A process that has ended, and that nobody has waited for, is a zombie.
    let state = std::fs::read_to_string(format!("/proc/{}/status", id.trim())).unwrap_or_default();
    state.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[test]
fn a_signal_while_new_waits_for_git_ends_git_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let case = Case::empty();
        let id = case.temporary("ids").join("git");
        case.stub("git", &format!("[ $1 = init ] || exit 1\necho $$ > {}\nexec sleep 60\n", id.display()));
        let mut command = tool(&case, "new demo --defaults --vcs git");
        let mut child = command.env("PATH", case.path_with_stubs()).stderr(Stdio::null()).spawn().unwrap();
        let read = || std::fs::read_to_string(&id).unwrap_or_default();
        wait_until("git runs", || read().ends_with('\n'));
        send(&child, signal);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status:?}");
        wait_until("git has ended", || !is_running(&read()));
        assert_eq!(case.root().read_dir().unwrap().count(), 0);
    }
}

#[test]
fn a_signal_to_the_tool_ends_cargo() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let case = Case::policy();
        let id = case.temporary("ids").join("cargo");
        let cargo = "case \"$*\" in *metadata*|*-V*|*version*) exec cargo \"$@\";; esac";
        case.stub("slow-cargo", &format!("{cargo}\necho $$ > {}\nexec sleep 60\n", id.display()));
        let program = case.temporary("bin").join("slow-cargo");
        let mut child = tool(&case, "build").env("CARGO", program).stderr(Stdio::null()).spawn().unwrap();
        let read = || std::fs::read_to_string(&id).unwrap_or_default();
        wait_until("cargo runs", || read().ends_with('\n'));
        send(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        wait_until("cargo has ended", || !is_running(&read()));
    }
}

#[test]
fn signals_that_were_ignored_stay_ignored() {
    let case = Case::empty();
    let id = case.temporary("ids").join("git");
    case.stub(
        "git",
        &format!("[ $1 = init ] || exit 1\necho $PPID > {}\nsleep 1\nmkdir .git\n", id.display()),
    );
    let mut command = case.program("nohup").env("PATH", case.path_with_stubs()).command;
    command.args([TOOL, "kw-wasi", "new", "demo", "--defaults", "--vcs", "git"]).stderr(Stdio::null());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_until("git runs", || std::fs::read_to_string(&id).is_ok_and(|id| id.ends_with('\n')));
    send(&child, Signal::HUP);
    assert!(child.wait().unwrap().success());
    assert!(case.exists("demo/Cargo.toml"));
}
