//! `new` next to files of others: the workspace that a project joins, and folders that have something in them.

use crate::support::Case;

#[cfg(unix)]
#[test]
fn what_is_written_to_the_workspace_while_new_works_stays() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nmembers = []\n");
    // It works for as long as somebody needs to save the file in an editor.
    let manifest = case.path("Cargo.toml");
    case.stub(
        "git",
        &format!("[ $1 = init ] || exit 1\nmkdir .git\nprintf '[workspace]\\nmembers = [\"theirs\"]\\n# new\\n' > {}\n", manifest.display()),
    );
    case.kw_wasi("new demo --defaults --vcs git").env("PATH", case.path_with_stubs()).succeed();
    let after = case.read("Cargo.toml");
    assert!(after.starts_with("[workspace]\nmembers = [\"demo\", \"theirs\"]\n# new\n"), "{after}");
}

#[cfg(unix)]
#[test]
fn a_workspace_that_cannot_be_changed_any_more_gets_no_package() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nmembers = []\n");
    let manifest = case.path("Cargo.toml");
    case.stub(
        "git",
        &format!("[ $1 = init ] || exit 1\nmkdir .git\nprintf '[workspace\\n' > {}\n", manifest.display()),
    );
    let run = case.kw_wasi("new a/demo --defaults --vcs git").env("PATH", case.path_with_stubs()).run();
    run.code(101).stderr_has("could not add the package to").stderr_has("Cargo.toml");
    assert_eq!(case.read("Cargo.toml"), "[workspace\n");
    assert_eq!(case.files(), ["Cargo.toml"]);
    assert!(!case.exists("a"));
}
