//! The commands in README.md and docs, run as a reader would run them.

use crate::support::{self, Case};

pub(crate) const README: &str = include_str!("../../README.md");

#[test]
fn the_metadata_page_quotes_a_finding_as_it_is_printed() {
    let page = include_str!("../../docs/metadata.md");
    let case = Case::policy();
    case.edit("Cargo.toml", "[\"pods\"]", "[\"*\", \"pods\"]");
    let run = case.kw_wasi("build").run().code(101);
    let quoted = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let without_numbers = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "").replace(' ', "");
    for line in quoted.lines() {
        assert!(
            without_numbers(&run.stderr).contains(&without_numbers(line)),
            "`{line}` is not in:\n{}",
            run.stderr
        );
    }
}

#[cfg(unix)]
pub(crate) mod commands {
    use std::path::PathBuf;
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Commands that are not run here, since they need a whole machine, a registry or a cluster.
    const ELSEWHERE: [&str; 9] = [
        "make demo",
        "make test",
        "cargo install --path . --locked",
        "docker login ghcr.io",
        "cargo kw-wasi push",
        "cargo kw-wasi inspect ghcr.io/acme/policies/no-bad-names:v0.1.0",
        "cargo kw-wasi manifest -s settings.yaml --mode monitor | kubectl apply -f -",
        "cargo kw-wasi manifest -s tests/fixtures/settings.json --mode monitor | kubectl apply -f -",
        "cargo kw-wasi new",
    ];

    /// The commands of a page, without their comments.
    fn commands(page: &str) -> Vec<&str> {
        let lines = page.lines().filter_map(|line| line.strip_prefix("$ "));
        let commands = lines.map(|line| line.split("  #").next().unwrap().trim());
        commands.filter(|command| !ELSEWHERE.contains(command)).collect()
    }

    /// Runs a test with the folder where these tests compile policies. Dependencies stay there from one run of the tests to
    /// the next. All policies have the same name, so only one test at a time may use the folder.
    pub(crate) fn with_target_folder(test: impl FnOnce(PathBuf)) {
        static IN_USE: Mutex<()> = Mutex::new(());
        let _in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let target = support::shared_target_folder("readme");
        let _ = std::fs::remove_dir_all(target.join("kubewarden"));
        std::fs::create_dir_all(&target).unwrap();
        test(target);
    }

    /// A shell with the environment of a reader, as far as these commands need it.
    fn shell(case: &Case, script: &str) -> support::Invocation {
        let tool = std::path::Path::new(support::TOOL).parent().unwrap().to_owned();
        let paths = case.path_with_stubs();
        let paths = std::iter::once(tool).chain(std::env::split_paths(&paths));
        // The toolchain with the target may lack what native tests need, and vice versa.
        let native = format!("RUSTUP_TOOLCHAIN={} cargo test\n", support::native_toolchain());
        let script = format!("set -eu\n{script}\n").replace("\ncargo test\n", &format!("\n{native}"));
        case.program("bash").args(["-c", &script]).env("PATH", std::env::join_paths(paths).unwrap())
    }

    #[test]
    fn the_commands_of_the_readme_work_in_order() {
        with_target_folder(|target| {
            let commands = commands(README);
            assert!(commands.len() >= 6, "{commands:?}");
            shell(&Case::empty(), &commands.join("\n")).env("CARGO_TARGET_DIR", target).succeed();
        });
    }

    #[test]
    fn the_commands_of_pages_that_create_projects_work_in_order() {
        for page in [include_str!("../../docs/creating.md"), include_str!("../../docs/go.md")] {
            let commands = commands(page);
            assert!(!commands.is_empty());
            shell(&Case::empty(), &commands.join("\n")).succeed();
        }
    }

    #[test]
    fn the_commands_of_pages_about_a_project_work_in_order() {
        with_target_folder(|target| {
            for page in [
                include_str!("../../docs/building.md"),
                include_str!("../../docs/commands.md"),
                include_str!("../../docs/running.md"),
                include_str!("../../docs/testing.md"),
                include_str!("../../docs/deploying.md"),
            ] {
                let commands = commands(page);
                assert!(!commands.is_empty());
                let case = project(&target);
                shell(&case, &commands.join("\n")).folder(case.path("no-bad-names")).succeed();
            }
        });
    }

    /// The project of the README, with this target folder.
    fn project(target: &std::path::Path) -> Case {
        let case = Case::empty();
        let new = README.lines().find_map(|line| line.strip_prefix("$ cargo kw-wasi new ")).unwrap();
        case.kw_wasi(&format!("new {new}")).succeed();
        std::os::unix::fs::symlink(target, case.path("no-bad-names/target")).unwrap();
        case.kw_wasi("build -q").folder(case.path("no-bad-names")).succeed();
        case
    }
}
