//! `new` at a real terminal: a pseudo-terminal, keys and all. Windows has none that a test can take hold of.

use crate::support::{self, Case};
use rexpect::session::{PtySession, spawn_command};

const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const CTRL_C: &str = "\x03";

/// What the prompts ask, in order.
const PROMPTS: [&str; 9] = [
    "Where should the project be created?",
    "What should the policy do?",
    "Which resources should it see?",
    "Which operations?",
    "One line about the policy?",
    "Author?",
    "License?",
    "Which registry will it be pushed to?",
    "Create a git repository?",
];

struct Terminal {
    session: PtySession,
    seen: String,
}

impl Terminal {
    fn new(case: &Case, args: &str) -> Self {
        let mut invocation = case.kw_wasi(&format!("new {args}"));
        invocation
            .command
            .env_remove("NO_COLOR")
            .env_remove("CARGO_TERM_COLOR")
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::inherit());
        let mut command = std::process::Command::new(support::TOOL);
        command.args(invocation.command.get_args()).current_dir(case.root());
        for (name, value) in invocation.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self { session: spawn_command(command, Some(20_000)).unwrap(), seen: String::new() }
    }

    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        match self.session.exp_string(text) {
            Ok(before) => self.seen.push_str(&before),
            Err(error) => panic!("`{text}` is not shown: {error}"),
        }
        self
    }

    fn types(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// The rest of the screen, and how it ended.
    fn ends(mut self) -> (String, i32) {
        let rest = self.session.exp_eof().unwrap();
        self.seen.push_str(&rest);
        // `Exited(Pid(7), 0)`: the type itself is not exported.
        let status = format!("{:?}", self.session.process().wait().unwrap());
        let code = status
            .strip_prefix("Exited(")
            .and_then(|rest| rest.strip_suffix(')')?.rsplit(", ").next()?.parse().ok());
        (self.seen, code.unwrap_or_else(|| panic!("it was killed: {status}")))
    }
}

/// Was the cursor shown again, if it was hidden?
fn cursor_is_visible(screen: &str) -> bool {
    match (screen.rfind("\x1b[?25l"), screen.rfind("\x1b[?25h")) {
        (Some(hidden), Some(shown)) => shown > hidden,
        (Some(_), None) => false,
        _ => true,
    }
}

#[test]
fn enter_all_the_way_takes_the_defaults() {
    let case = Case::empty();
    let mut terminal = Terminal::new(&case, "");
    for prompt in PROMPTS {
        terminal.sees(prompt).types(ENTER);
    }
    terminal.sees("src/policy.rs").sees("Create it?").types(ENTER);
    let (screen, code) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("Created") && cursor_is_visible(&screen), "{screen}");
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
    terminal.sees(PROMPTS[0]).types("folder/demo\r");
    terminal.sees(PROMPTS[1]).types(DOWN).types(ENTER);
    // Pods off, deployments on, and something typed by hand, which stands last.
    terminal.sees(PROMPTS[2]).types(" ").types(DOWN).types(" ");
    terminal.types("\x1b[A\x1b[A").types(" ").types(ENTER);
    terminal.sees("Which others?").types("podz\r").sees("is not a resource").types("\x7f\x7f\x7f\x7f");
    terminal.types("example.com/v1/widgets po\r");
    terminal.sees(PROMPTS[3]).types(ENTER);
    terminal.sees(PROMPTS[4]).types("Labels things\r");
    terminal.sees(PROMPTS[5]).types("x\r").sees("form that is needed");
    terminal.types("\x7f").types("Max <max@example.com>\r");
    terminal.sees(PROMPTS[6]).types("MIT\r");
    terminal.sees(PROMPTS[7]).types("ghcr.io/acme/policies\r");
    terminal.sees(PROMPTS[8]).types(DOWN).types(ENTER);
    terminal.sees("Create it?").types("y\r");
    let (screen, code) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    let metadata = case.read("folder/demo/metadata.yml");
    let metadata: serde_json::Value = yaml_serde::from_str(&metadata).unwrap();
    assert_eq!(metadata["mutating"], true);
    let resources: Vec<_> = metadata["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["resources"][0].as_str().unwrap())
        .collect();
    assert_eq!(resources, ["deployments", "widgets", "pods"]);
    let annotations = &metadata["annotations"];
    assert_eq!(annotations["io.kubewarden.policy.description"], "Labels things");
    assert_eq!(annotations["io.kubewarden.policy.author"], "Max <max@example.com>");
    assert_eq!(annotations["io.kubewarden.policy.license"], "MIT");
    assert_eq!(annotations["io.kubewarden.policy.ociUrl"], "ghcr.io/acme/policies/demo");
    assert!(!case.exists("folder/demo/.git"));
}

#[test]
fn what_a_flag_says_is_not_asked() {
    let case = Case::empty();
    let mut terminal = Terminal::new(
        &case,
        "demo --kind raw-validate --author= --license MIT --registry ghcr.io/acme --description Checks --vcs none",
    );
    terminal.sees("Create it?").types(ENTER);
    let (screen, code) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    for prompt in PROMPTS {
        assert!(!screen.contains(prompt), "{prompt}");
    }
}

/// Backs out at each prompt in turn.
fn backs_out_everywhere(key: &str) {
    for stop in 0..=PROMPTS.len() {
        let case = Case::empty();
        let mut terminal = Terminal::new(&case, "");
        for prompt in &PROMPTS[..stop] {
            terminal.sees(prompt).types(ENTER);
        }
        terminal.sees(PROMPTS.get(stop).unwrap_or(&"Create it?")).types(key);
        let (screen, code) = terminal.ends();
        assert_eq!(code, 1, "at prompt {stop}: {screen}");
        assert!(cursor_is_visible(&screen), "at prompt {stop}: {screen:?}");
        assert!(!screen.contains("error"), "at prompt {stop}: {screen}");
        assert!(screen.contains("cancelled: nothing was written"), "at prompt {stop}: {screen}");
        assert!(case.path("").read_dir().unwrap().next().is_none(), "nothing is written");
    }
}

#[test]
fn ctrl_c_at_any_prompt_writes_nothing() {
    backs_out_everywhere(CTRL_C);
}

#[test]
fn esc_at_any_prompt_writes_nothing() {
    backs_out_everywhere(ESC);
}

#[test]
fn no_to_the_summary_writes_nothing() {
    let case = Case::empty();
    let mut terminal = Terminal::new(
        &case,
        "demo --kind raw-validate --author= --license MIT --registry ghcr.io/acme --description Checks --vcs none",
    );
    terminal.sees("Create it?").types("n\r");
    assert_eq!(terminal.ends().1, 1);
    assert!(case.path("").read_dir().unwrap().next().is_none());
}

#[test]
fn a_project_in_go_is_asked_for_the_path_of_its_module() {
    let case = Case::empty();
    let mut terminal =
        Terminal::new(&case, "demo --lang go --kind raw-validate --description x --author= --license=");
    terminal.sees("Path of the Go module?").sees("example.com/demo").types("/x").types(ENTER);
    terminal.sees("such as `github.com/acme/demo`").types("\x7f\x7fgithub.com/acme/demo").types(ENTER);
    terminal.sees("Which registry will it be pushed to?").types(ENTER);
    terminal.sees("Create a git repository?").types(ENTER);
    terminal.sees("metadata.yml").types(ENTER);
    let (screen, code) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
    assert!(case.read("demo/go.mod").starts_with("module github.com/acme/demo\n"));
    for key in [ESC, CTRL_C] {
        let mut terminal = Terminal::new(&case, "other --lang go");
        terminal.sees("Path of the Go module?").types(key);
        assert_eq!(terminal.ends().1, 1);
        assert!(!case.exists("other"));
    }
}
