//! The commands in README.md, run as a reader would.

use crate::support::{self, Case};

/// What needs a whole machine, and runs in CI by itself; a registry, which other tests have; a cluster.
#[cfg(unix)]
const ELSEWHERE: [&str; 5] = [
    "make demo",
    "make test",
    "cargo install --path . --locked",
    "cargo kw-wasi push",
    "cargo kw-wasi manifest -s settings.yaml --mode monitor | kubectl apply -f -",
];

#[cfg(unix)]
#[test]
fn the_commands_of_the_readme_work_in_their_order() {
    let case = Case::empty();
    let readme = include_str!("../../README.md");
    let commands: Vec<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(|line| line.split('#').next().unwrap().trim())
        .filter(|line| !ELSEWHERE.contains(line))
        .collect();
    assert!(commands.len() >= 4, "{commands:?}");
    let tool = std::path::Path::new(support::TOOL).parent().unwrap().to_owned();
    let path =
        std::env::join_paths(std::iter::once(tool).chain(std::env::split_paths(&case.path_with_stubs())))
            .unwrap();
    let script = format!("set -eu\n{}\n", commands.join("\n"));
    // The toolchain with the target may not have all that native tests need, and the other way round.
    let script = script
        .replace("cargo test\n", &format!("RUSTUP_TOOLCHAIN={} cargo test\n", support::native_toolchain()));
    // What is compiled is kept, what was built from it is not: `build` shall say what it says the first time.
    let target = support::shared_target_folder("readme");
    let _ = std::fs::remove_dir_all(target.join("kubewarden"));
    let run = case
        .program("bash")
        .args(["-c", &script])
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target)
        .succeed();
    let built = run.stderr.lines().find(|line| line.trim_start().starts_with("Built ")).unwrap();
    assert!(built.contains("no-bad-names v0.1.0: ") && built.contains("no-bad-names.wasm ("), "{built}");
    // The lines README shows are the lines printed, apart from sizes and where the target folder is.
    for line in readme
        .lines()
        .filter(|line| line.trim_start().starts_with("Created ") || line.trim_start().starts_with("Next "))
    {
        let start: String = line.chars().take_while(|c| *c != '/').collect();
        assert!(run.stderr.contains(start.trim_end_matches("target")), "`{start}` is in:\n{}", run.stderr);
    }
}

#[test]
fn the_readme_quotes_a_finding_as_it_is_printed() {
    let readme = include_str!("../../README.md");
    let case = Case::policy();
    case.edit("Cargo.toml", "[\"pods\"]", "[\"*\", \"pods\"]");
    let run = case.kw_wasi("build").run().code(101);
    let quoted = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let without_numbers = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "").replace(' ', "");
    for line in quoted.lines() {
        assert!(
            without_numbers(&run.stderr).contains(&without_numbers(line)),
            "`{line}` is in:\n{}",
            run.stderr
        );
    }
}
