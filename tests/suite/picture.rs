//! The picture in the README shows what a terminal shows when the commands are run.

use std::path::Path;

use regex_lite::{Captures, Regex};
use snapbox::Data;

use crate::readme::README;
use crate::readme::commands::with_target_folder;
use crate::support::{self, Case};

/// A terminal this wide fits next to the text of a page.
const COLUMNS: usize = 100;

/// These commands are in the picture, in this order.
const COMMANDS: [&str; 4] = ["new ", "build", "run ", "test"];

#[test]
fn the_picture_shows_what_a_terminal_shows() {
    with_target_folder(|target| {
        let case = Case::empty();
        let mut screen = String::new();
        for start in COMMANDS {
            let command = README
                .lines()
                .find_map(|line| line.strip_prefix("$ cargo kw-wasi ").filter(|line| line.starts_with(start)))
                .unwrap_or_else(|| panic!("README has the command `{start}`"));
            if start == "build" {
                // Dependencies are compiled first, so that the picture shows only the policy.
                std::os::unix::fs::symlink(&target, case.path("no-bad-names/target")).unwrap();
                case.kw_wasi("build -q").folder(case.path("no-bad-names")).succeed();
                case.write("no-bad-names/src/main.rs", case.read("no-bad-names/src/main.rs"));
                std::fs::remove_dir_all(target.join("kubewarden")).unwrap();
                screen += &prompt("cd no-bad-names");
            }
            screen += &prompt(&format!("cargo kw-wasi {command}"));
            screen += &without_what_varies(&case, &at_a_terminal(&case, command));
            screen.push('\n');
        }
        assert_readme_shows_the_same(&screen);
        let svg = anstyle_svg::Term::new().palette(anstyle_svg::WIN10_CONSOLE).render_svg(&wrapped(&screen));
        let expected = Data::read_from(Path::new("docs/terminal.svg"), None);
        support::assert_snapshot(&svg, expected, case.redactions());
    });
}

fn prompt(command: &str) -> String {
    format!("\x1b[1;34m$\x1b[0m \x1b[1m{command}\x1b[0m\n")
}

/// What is on the screen after a command in the folder of the policy, or in the one where it is created.
fn at_a_terminal(case: &Case, command: &str) -> String {
    let folder = case.path("no-bad-names");
    let mut invocation = case.kw_wasi(command).folder(if folder.exists() { folder } else { case.root() });
    for variable in ["NO_COLOR", "CARGO_TERM_COLOR"] {
        invocation.command.env_remove(variable);
    }
    let invocation =
        invocation.env("CARGO_TERM_PROGRESS_WHEN", "never").env("CARGO_TERM_HYPERLINKS", "false");
    let (screen, code) = invocation.at_a_terminal();
    assert_eq!(code, 0, "{screen}");
    screen.replace("\r\n", "\n")
}

/// Times, sizes within the limits of what README says, and the path of the case are as in README.
fn without_what_varies(case: &Case, screen: &str) -> String {
    let replace = |pattern: &str, text: &str, by: &dyn Fn(&Captures<'_>) -> String| {
        Regex::new(pattern).unwrap().replace_all(text, by).into_owned()
    };
    // All terminal codes except colors.
    let text = replace("\x1b\\[[0-9;?]*[A-Za-ln-z]", screen, &|_| String::new());
    let text = text.replace(case.root().to_str().unwrap(), "~");
    let text = replace(r"target\(s\) in [0-9.]+s", &text, &|_| "target(s) in 2.41s".to_owned());
    let text = replace(r"finished in [0-9.]+s", &text, &|_| "finished in 0.02s".to_owned());
    replace(r"\(([0-9.]+) kB\)", &text, &|size| {
        let said = Regex::new(r"\(([0-9.]+) kB\)").unwrap().captures(README).unwrap();
        let kilobytes = |size: &Captures<'_>| size[1].parse::<f64>().unwrap();
        let difference = (kilobytes(size) - kilobytes(&said)).abs();
        assert!(difference < 5.0, "README says {}, but it is {}", &said[0], &size[0]);
        said[0].to_owned()
    })
}

/// Each line of output that README shows is in the picture too.
#[track_caller]
fn assert_readme_shows_the_same(screen: &str) {
    let plain = Regex::new("\x1b\\[[0-9;]*m").unwrap().replace_all(screen, "").into_owned();
    let verbs = ["Created", "Next", "Built", "Manifest", "Rejected", "Reason", "{\"uid\""];
    let mut shown = 0;
    for line in README.lines().filter(|line| verbs.iter().any(|verb| line.trim_start().starts_with(verb))) {
        assert!(plain.contains(line), "`{line}` is in:\n{plain}");
        shown += 1;
    }
    assert!(shown > verbs.len(), "{shown}");
}

/// Breaks lines as a terminal does.
fn wrapped(screen: &str) -> String {
    let mut result = String::new();
    let (mut column, mut in_code) = (0, false);
    for c in screen.trim_end().chars() {
        match c {
            '\n' => column = 0,
            '\x1b' => in_code = true,
            'm' if in_code => in_code = false,
            _ if in_code => {}
            _ if column == COLUMNS => {
                result.push('\n');
                column = 1;
            }
            _ => column += 1,
        }
        result.push(c);
    }
    result
}
