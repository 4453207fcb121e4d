//! `new` at a pseudo-terminal, with real keys. These tests cannot run on Windows, which has none of this kind.

use crate::support::{self, Case};
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const BACKSPACE: &str = "\x7f";
const CTRL_C: &str = "\x03";

const LANGUAGE: &str = "Which language?";
const FOLDER: &str = "Where should the project be created?";
const KIND: &str = "What should the policy do?";
const RESOURCES: &str = "Which resources should it see?";
const OPERATIONS: &str = "Which operations should it see?";
const TYPES: &str = "How should it read objects?";
const DESCRIPTION: &str = "What does the policy do, in one line?";
const AUTHOR: &str = "Who is the author?";
const LICENSE: &str = "Which license?";
const REGISTRY: &str = "Which registry will it be pushed to?";
const GIT: &str = "Create a git repository?";
const ESC_NOTE: &str = "Esc goes back from lists";
const REVIEW: &str = "Create it, or change an answer?";

/// All questions, in order.
const PROMPTS: [&str; 11] =
    [LANGUAGE, FOLDER, KIND, RESOURCES, OPERATIONS, TYPES, DESCRIPTION, AUTHOR, LICENSE, REGISTRY, GIT];

/// Flags that answer all questions except the folder.
const ALL_GIVEN: &str = "demo --lang rust --kind raw-validate --author= --license MIT --registry ghcr.io/acme --description Checks --vcs none";

struct Terminal {
    session: PtySession,
    seen: String,
}

impl Terminal {
    fn new(case: &Case, args: &str) -> Self {
        Self::with(case, args, "xterm", "true")
    }

    /// Starts `new` at a terminal of this kind, after a shell command. In the end, the shell reports whether the terminal is
    /// as before.
    fn with(case: &Case, args: &str, term: &str, first: &str) -> Self {
        let mut invocation = case.kw_wasi(&format!("new {args}"));
        invocation
            .command
            .env_remove("NO_COLOR")
            .env_remove("CARGO_TERM_COLOR")
            .env("TERM", term)
            .stdin(std::process::Stdio::inherit());
        // A shell cannot trap signals that this process was started to ignore.
        let (program, args): (_, &[_]) = match cfg!(target_os = "linux") {
            true => ("env", &["--default-signal", "sh"]),
            false => ("sh", &[]),
        };
        let mut command = Command::new(program);
        let script = format!(
            "trap : INT; {first}; before=$(stty -g); \"$@\"; code=$?; [ \"$before\" = \"$(stty -g)\" ] || echo the terminal differs; exit $code"
        );
        command.args(args).args(["-c", &script, "sh", support::TOOL]);
        command.args(invocation.command.get_args()).current_dir(case.root());
        for (name, value) in invocation.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self { session: spawn_command(command, Some(30_000)).unwrap(), seen: String::new() }
    }

    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        match self.session.exp_string(text) {
            Ok(before) => self.seen.push_str(&(before + text)),
            Err(error) => panic!("`{text}` is not shown: {error}"),
        }
        self
    }

    fn types(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// Accepts the default of each of these questions.
    #[track_caller]
    fn enters(&mut self, prompts: &[&str]) -> &mut Self {
        for prompt in prompts {
            self.sees(prompt).types(ENTER);
        }
        self
    }

    /// Waits for the end, and asserts the exit code and that the terminal is as before. Returns everything on the screen.
    #[track_caller]
    fn ends(mut self, code: i32) -> String {
        let rest = self.session.exp_eof().unwrap();
        self.seen.push_str(&rest);
        // `Exited(Pid(7), 0)`: the type itself is not exported.
        let status = format!("{:?}", self.session.process().wait().unwrap());
        assert!(
            status.starts_with("Exited(") && status.ends_with(&format!(", {code})")),
            "{status}: {}",
            self.seen
        );
        assert!(cursor_is_visible(&self.seen), "{:?}", self.seen);
        assert!(!self.seen.contains("the terminal differs"), "the terminal is not as before: {}", self.seen);
        self.seen
    }

    /// Sends a signal to the tool, which the shell of [`Terminal::with_shell_id`] has started.
    fn gets(&self, case: &Case, signal: &str) {
        let shell = std::fs::read_to_string(case.temporary("shell").join("id")).unwrap();
        let tool = Command::new("pgrep").args(["-P", shell.trim()]).output().unwrap();
        let tool = String::from_utf8(tool.stdout).unwrap();
        Command::new("kill").args([&format!("-{signal}"), tool.trim()]).status().unwrap();
    }

    /// A terminal whose tool can get signals.
    fn with_shell_id(case: &Case, args: &str, term: &str) -> Self {
        let id = case.temporary("shell").join("id");
        Self::with(case, args, term, &format!("echo $$ > {}", id.display()))
    }

    /// The same after the user canceled: nothing is written.
    #[track_caller]
    fn ends_without_a_trace(self, case: &Case) -> String {
        let screen = self.ends(1);
        assert!(screen.contains("nothing was written") && !screen.contains("error"), "{screen}");
        assert!(case.path("").read_dir().unwrap().next().is_none(), "nothing is written");
        screen
    }
}

/// Whether the cursor was shown again if it was hidden.
fn cursor_is_visible(screen: &str) -> bool {
    match (screen.rfind("\x1b[?25l"), screen.rfind("\x1b[?25h")) {
        (Some(hidden), Some(shown)) => shown > hidden,
        (Some(_), None) => false,
        _ => true,
    }
}

fn metadata(case: &Case, project: &str) -> serde_json::Value {
    yaml_serde::from_str(&case.read(&format!("{project}/metadata.yml"))).unwrap()
}

#[test]
fn enter_at_every_prompt_accepts_the_defaults() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, "");
    terminal
        .enters(&PROMPTS)
        .sees(REVIEW)
        .sees("`my-policy` gets 17 files and a git repository")
        .types(ENTER);
    let screen = terminal.ends(0);
    assert!(screen.contains("Created"), "{screen}");
    let asked = case.files();
    let other = Case::empty();
    other.kw_wasi("new --defaults").succeed();
    assert_eq!(asked, other.files());
    for file in asked {
        assert_eq!(case.read(&file), other.read(&file), "{file} is the same as with --defaults");
    }
}

#[test]
fn answers_end_up_in_the_project() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, "");
    terminal.enters(&[LANGUAGE]);
    terminal.sees(FOLDER).types("folder/demo\r");
    terminal.sees(KIND).types(DOWN).types(ENTER);
    // Deselect pods, select deployments, and type others: first a wrong one, then two, one of which is already selected.
    terminal.sees(RESOURCES).types(" ").types(DOWN).types(DOWN).types(" ").types(&UP.repeat(3)).types(" ");
    terminal.types(ENTER).sees("Which others?").types("podz\r").sees("`podz` is not a resource");
    terminal.types("example.com/v1/widgets deploy\r");
    terminal.sees("[x] example.com/v1/widgets").types(ENTER);
    terminal.sees("Resources: example.com/v1/widgets, deployments.apps");
    terminal.enters(&[OPERATIONS]);
    terminal.sees(DESCRIPTION).types("Labels\t thi\x01ngs\r");
    terminal
        .sees(AUTHOR)
        .types("x\r")
        .sees("not a valid author; write a name")
        .types("Max <max@example.com>\r");
    terminal.sees(LICENSE).types("Apache 2\r").sees("not an SPDX license expression, at `2`");
    terminal.types("MIT OR Apache-2.0\r");
    terminal.sees(REGISTRY).types("https://ghcr.io\r").sees("not a registry: it has a scheme;");
    terminal.types("ghcr.io/acme/policies\r");
    terminal.sees(GIT).types(DOWN).types(ENTER);
    terminal.enters(&[REVIEW]);
    terminal.ends(0);
    let metadata = metadata(&case, "folder/demo");
    assert_eq!(metadata["mutating"], true);
    let rules = metadata["rules"].as_array().unwrap().iter();
    let resources: Vec<_> = rules.map(|rule| rule["resources"][0].as_str().unwrap()).collect();
    assert_eq!(resources, ["widgets", "deployments"]);
    let annotations = &metadata["annotations"];
    assert_eq!(annotations["io.kubewarden.policy.description"], "Labels things");
    assert_eq!(annotations["io.kubewarden.policy.author"], "Max <max@example.com>");
    assert_eq!(annotations["io.kubewarden.policy.license"], "MIT OR Apache-2.0");
    assert_eq!(annotations["io.kubewarden.policy.ociUrl"], "ghcr.io/acme/policies/demo");
    assert!(!case.exists("folder/demo/.git"));
}

#[test]
fn what_a_flag_answers_is_not_asked() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, ALL_GIVEN);
    terminal.enters(&[REVIEW]);
    let screen = terminal.ends(0);
    for prompt in PROMPTS {
        assert!(!screen.contains(prompt), "{prompt}");
    }
}

#[test]
fn ctrl_c_at_any_prompt_writes_nothing() {
    for stop in 0..=PROMPTS.len() {
        let case = Case::empty();
        let mut terminal = Terminal::new(&case, "");
        terminal.enters(&PROMPTS[..stop]).sees(PROMPTS.get(stop).unwrap_or(&REVIEW)).types(CTRL_C);
        terminal.ends_without_a_trace(&case);
    }
}

#[test]
fn ctrl_c_in_the_search_and_by_hand_writes_nothing() {
    for (entry, prompt) in [(2, "Which resource?"), (1, "Which others?")] {
        let case = Case::empty();
        let mut terminal = Terminal::new(&case, "");
        terminal.enters(&[LANGUAGE, FOLDER, KIND]).sees(RESOURCES).types(&UP.repeat(entry)).types(" \r");
        terminal.sees(prompt).types("po").types(CTRL_C);
        terminal.ends_without_a_trace(&case);
    }
}

#[test]
fn a_signal_while_no_key_is_pressed_writes_nothing() {
    let case = Case::empty();
    let mut terminal = Terminal::with(&case, "", "xterm", "echo $$ > \"$HOME/pid\"; exec \"$@\"");
    terminal.sees(LANGUAGE).sees("Go, a module");
    let pid = std::fs::read_to_string(case.home().join("pid")).unwrap();
    case.program("kill").args(["-INT", pid.trim()]).succeed();
    terminal.ends_without_a_trace(&case);
}

#[test]
fn esc_at_a_list_goes_back_one_question() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, "");
    terminal.enters(&[LANGUAGE]).sees(FOLDER).types("one\r").sees(KIND).types(ESC);
    // The earlier answer is now the default.
    terminal.sees(FOLDER).sees("[one]").types("two\r");
    terminal.sees(KIND).types(DOWN).types(ENTER).sees(RESOURCES).types(ESC);
    terminal.sees(KIND).sees("> mutate").types(ENTER).sees(RESOURCES);
    terminal.types(ESC).sees(KIND).types(ESC).enters(&[FOLDER, KIND]).sees(RESOURCES).types(CTRL_C);
    terminal.ends_without_a_trace(&case);
    let mut terminal = Terminal::new(&case, "");
    terminal.sees(LANGUAGE).types(ESC);
    terminal.ends_without_a_trace(&case);
}

#[test]
fn going_back_takes_the_answer_off_the_screen() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, "--lang rust");
    terminal.sees(FOLDER).sees(ESC_NOTE).types("one\r").sees(KIND).types(ESC);
    terminal.sees(FOLDER).types("two\r").sees(KIND).types(CTRL_C);
    let stream = terminal.ends_without_a_trace(&case);
    assert_eq!(stream.matches(ESC_NOTE).count(), 1, "{stream}");
    let screen = last_screen(&stream);
    assert_eq!(screen.lines().next(), Some("Folder: two"), "{screen}");
    assert!(!screen.contains("one"), "{screen}");
}

/// What is left on a screen, which is high enough, after these bytes were sent to it.
fn last_screen(stream: &str) -> String {
    let mut lines = vec![String::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = stream;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\x1b' => {
                let end = rest.find(char::is_alphabetic).unwrap();
                let (code, after) = rest.split_at(end);
                let count = code.trim_start_matches('[').parse().unwrap_or(1);
                match after.chars().next() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('K') => lines[row].clear(),
                    _ => {}
                }
                rest = &after[1..];
            }
            c => {
                let line = lines[row].chars().chain(std::iter::repeat(' ')).take(column);
                lines[row] = line.chain([c]).collect();
                column += 1;
            }
        }
    }
    lines.join("\n")
}

#[test]
fn no_at_the_end_writes_nothing() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, ALL_GIVEN);
    terminal.sees(REVIEW).sees("Write nothing").types(UP).types(ENTER);
    terminal.ends_without_a_trace(&case);
}

#[test]
fn any_answer_can_be_changed_at_the_end() {
    let case = Case::empty();
    let mut terminal =
        Terminal::new(&case, "demo --registry ghcr.io/acme --author= --license MIT --vcs none");
    terminal.enters(&[LANGUAGE, KIND, RESOURCES, OPERATIONS, TYPES, DESCRIPTION]);
    terminal.sees(REVIEW).sees("Rejects pods by name");
    // The kind is the fifth: language, folder, name, source, kind.
    terminal.types(&DOWN.repeat(5)).types(ENTER);
    terminal.sees(KIND).types(&DOWN.repeat(2)).types(ENTER);
    // There are no resources now, and the default description changes.
    terminal.sees(REVIEW).sees("Kind").sees("raw-validate").sees("Rejects documents by name");
    // Answers from flags can be changed too, such as the language, which needs another answer.
    terminal.types(DOWN).types(ENTER).sees(LANGUAGE).types(DOWN).types(ENTER);
    terminal.sees("Path of the Go module?").sees("[example.com/demo]").types(ENTER);
    terminal.sees(REVIEW).sees("Language").sees("go").sees("MIT").types(&UP.repeat(4)).types(ENTER);
    terminal.sees(LICENSE).sees("[MIT]").types("none\r");
    terminal.sees(REVIEW).types(&DOWN.repeat(2)).types(ENTER).sees(FOLDER).types("other\r");
    // The path of the module ends in the name, which is derived from the folder.
    terminal.sees(REVIEW).sees("example.com/other").types(ENTER);
    terminal.ends(0);
    assert!(case.read("other/go.mod").starts_with("module example.com/other\n"));
    let metadata = metadata(&case, "other");
    assert_eq!(metadata["policyType"], "raw");
    assert_eq!(metadata["annotations"].get("io.kubewarden.policy.license"), None);
    assert!(!case.exists("demo"));
}

#[test]
fn what_no_longer_fits_is_asked_again() {
    let case = Case::empty();
    let mut terminal =
        Terminal::new(&case, "demo --lang rust --operation DELETE --types k8s-openapi --vcs none");
    terminal.enters(&[KIND, RESOURCES, DESCRIPTION, AUTHOR, LICENSE, REGISTRY]);
    terminal.sees(REVIEW).types(&DOWN.repeat(5)).types(ENTER).sees(KIND).types(DOWN).types(ENTER);
    terminal
        .sees(OPERATIONS)
        .sees("[x] DELETE")
        .types(ENTER)
        .sees("add CREATE or UPDATE")
        .types(" ")
        .types(ENTER);
    terminal.sees(REVIEW).sees("CREATE, DELETE").sees("k8s-openapi").types(&DOWN.repeat(6)).types(ENTER);
    terminal.sees(RESOURCES).types(DOWN).types(" ").types(ENTER);
    // Several resources have no common type, so `--types` does not apply.
    terminal.sees(REVIEW).sees("Adds labels to workloads").types(ENTER);
    terminal.ends(0);
    assert!(!case.read("demo/Cargo.toml").contains("k8s-openapi"));
}

#[test]
fn a_folder_is_refused_before_anything_else_is_asked() {
    let case = Case::empty();
    case.write("my-policy/notes.txt", "mine");
    case.write("file", "");
    let mut terminal = Terminal::new(&case, "");
    terminal.enters(&[LANGUAGE, FOLDER]).sees("`my-policy` already contains files; choose another folder");
    terminal.types("match\r").sees("it is a Rust keyword; choose\r\nanother name");
    terminal.types("My_Policy\r").sees("cannot name a policy").sees("`my-policy`");
    terminal.types("file\r").sees("is not a folder; choose another folder");
    terminal.types("~/in-home\r").sees(KIND).types(CTRL_C);
    let screen = terminal.ends(1);
    assert!(!screen.contains("--name") && !screen.contains("--force"), "{screen}");
    let in_home = case.home().join("in-home");
    assert!(screen.contains(&format!("Folder: {}", in_home.display())), "{screen}");
    // An answer from the command line is not asked again.
    let mut terminal = Terminal::new(&case, "my-policy");
    terminal.sees("`my-policy` already contains files").sees("pass `--force`");
    terminal.ends(101);
}

#[test]
fn resources_can_be_searched() {
    let case = Case::empty();
    let mut terminal =
        Terminal::new(&case, "demo --lang go --operation CREATE --author= --license MIT --vcs none");
    terminal.enters(&["Path of the Go module?", KIND]).sees(RESOURCES).types(&UP.repeat(2)).types(" \r");
    terminal
        .sees("Which resource?")
        .types("leases")
        .sees("> leases|")
        .types(ENTER)
        .sees("Added: leases.coordination.k8s.io");
    // A resource that is already selected is not added again.
    terminal.sees("Which resource?").types("pods").sees("> pods|").types(ENTER).sees("Added: pods");
    terminal.types(ESC).sees("[x] leases.coordination.k8s.io").types(ENTER);
    terminal.sees("Resources: leases.coordination.k8s.io, pods");
    terminal.enters(&[DESCRIPTION, REGISTRY, REVIEW]);
    terminal.ends(0);
    let rules = metadata(&case, "demo")["rules"].clone();
    assert_eq!(rules[0]["resources"], serde_json::json!(["leases"]));
    assert_eq!(rules[1]["resources"], serde_json::json!(["pods"]));
}

/// A small terminal shows one page of a list at a time, and no line is too wide.
#[test]
fn lists_fit_a_small_terminal() {
    let case = Case::empty();
    let mut terminal = Terminal::with(&case, "demo", "xterm", "stty rows 10 cols 40");
    terminal.enters(&[LANGUAGE, KIND]).sees("[Page 1/").types(RIGHT).sees("[Page 2/").types(" ").types(ENTER);
    terminal.enters(&[OPERATIONS]).enters(&["What does the policy do, in one"]);
    terminal.enters(&[AUTHOR, LICENSE, REGISTRY, GIT]).sees("[Page 1/").types(UP).types(ENTER);
    let screen = terminal.ends_without_a_trace(&case);
    for line in screen.split(['\n', '\r']) {
        let shown = without_escapes(line);
        assert!(shown.chars().count() <= 40, "{shown:?}");
    }
}

fn without_escapes(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        shown.push_str(before);
        rest = after.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..).unwrap_or("");
    }
    shown + rest
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_plain_lines() {
    let case = Case::empty();
    let mut terminal = Terminal::with(&case, "demo --author= --license MIT --vcs none", "dumb", "true");
    terminal
        .sees(LANGUAGE)
        .sees("Enter for rust")
        .types("rusty\n")
        .sees("unknown answer `rusty`")
        .types("rust\n");
    terminal.sees(KIND).types("\n");
    terminal.sees(RESOURCES).types("po workloads\n").sees(OPERATIONS).types("create\n");
    terminal.sees(DESCRIPTION).types("\n").sees(REGISTRY).types("\n");
    terminal.sees("Create it?").types("kind\n").sees(KIND).types("mutate\n");
    terminal.sees("Adds labels to workloads").sees("Create it?").types("yes\n");
    let screen = terminal.ends(0);
    assert!(!screen.contains('\x1b'), "{screen:?}");
    assert_eq!(metadata(&case, "demo")["mutating"], true);
    // Ctrl-C, the end of the input, and the answer no.
    for keys in [CTRL_C, "\x04", "n\n"] {
        let case = Case::empty();
        let mut terminal = Terminal::with(&case, ALL_GIVEN, "dumb", "true");
        terminal.sees("Create it?").types(keys);
        terminal.ends_without_a_trace(&case);
    }
}

#[test]
fn a_line_can_be_edited() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, &ALL_GIVEN.replace("--description Checks", ""));
    terminal.sees(DESCRIPTION).types("ab").types("\x1b[D").types(BACKSPACE).types("Ü").types(ENTER);
    // The pseudo-terminal is read byte by byte, not as UTF-8.
    terminal.sees("Description: \u{c3}\u{9c}b").enters(&[REVIEW]);
    terminal.ends(0);
}

#[test]
fn a_project_in_go_is_asked_for_the_path_of_its_module() {
    let case = Case::empty();
    let mut terminal =
        Terminal::new(&case, "demo --lang go --kind raw-validate --description x --author= --license=");
    terminal.sees("Path of the Go module?").sees("example.com/demo").types("x/\r");
    terminal.sees("such as\r\n`github.com/acme/demo`").types("github.com/acme/other\r");
    terminal.sees("end the path in `demo`").types("github.com/acme/demo\r");
    terminal.enters(&[REGISTRY, GIT, REVIEW]);
    terminal.ends(0);
    assert!(case.read("demo/go.mod").starts_with("module github.com/acme/demo\n"));
}

#[test]
fn a_signal_from_elsewhere_leaves_the_terminal_as_before() {
    let rounds: u64 = std::env::var("ATTACK_ROUNDS").map_or(2, |rounds| rounds.parse().unwrap());
    for signal in ["INT", "TERM", "HUP"] {
        for term in ["xterm", "dumb"] {
            for round in 0..rounds {
                let case = Case::empty();
                let mut terminal = Terminal::with_shell_id(&case, "", term);
                terminal.sees(LANGUAGE);
                std::thread::sleep(std::time::Duration::from_millis(round % 20));
                terminal.gets(&case, signal);
                terminal.ends_without_a_trace(&case);
            }
        }
    }
    support::print_count(format_args!(
        "{rounds} times each of three signals at a prompt, at two terminals: all are as before"
    ));
}

#[test]
fn a_signal_from_elsewhere_ends_any_prompt() {
    let case = Case::empty();
    let mut terminal = Terminal::with_shell_id(&case, "", "xterm");
    terminal.enters(&PROMPTS[..4]).sees(OPERATIONS);
    terminal.gets(&case, "TERM");
    terminal.ends_without_a_trace(&case);
    let mut terminal = Terminal::with_shell_id(&case, "", "xterm");
    terminal.sees(LANGUAGE).types(ENTER).sees(FOLDER).types("abc");
    terminal.gets(&case, "HUP");
    terminal.ends_without_a_trace(&case);
    let mut terminal = Terminal::with_shell_id(&case, ALL_GIVEN, "xterm");
    terminal.sees(REVIEW);
    terminal.gets(&case, "INT");
    terminal.ends_without_a_trace(&case);
}
