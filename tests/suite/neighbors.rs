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

/// Manifests, the folder of a project, and the manifest of the workspace that it is a member of: that of the project if it
/// is alone. `[ROOT]` is the root of the case.
const LAYOUTS: &[(&str, &[(&str, &str)], &str, &str)] = &[
    ("nothing above", &[], "new", "new/Cargo.toml"),
    ("a root above", &[("", "[workspace]")], "a/new", "Cargo.toml"),
    ("a root in one line", &[("", "workspace = {}")], "new", "Cargo.toml"),
    ("a package above", &[("", PACKAGE)], "new", "new/Cargo.toml"),
    (
        "below a member that names its root elsewhere",
        &[
            ("root", "[workspace]\nmembers = [\"../a\"]"),
            ("a", "[package]\nname = \"a\"\nworkspace = \"../root\""),
        ],
        "a/new",
        "root/Cargo.toml",
    ),
    (
        "below a member that names the root above it",
        &[("", "[workspace]\nmembers = [\"a\"]"), ("a", "[package]\nname = \"a\"\nworkspace = \"..\"")],
        "a/new",
        "Cargo.toml",
    ),
    (
        "below a member that names an absolute root",
        &[
            ("root", "[workspace]\nmembers = [\"../a\"]"),
            ("a", "[package]\nname = \"a\"\nworkspace = \"[ROOT]/root\""),
        ],
        "a/b/new",
        "root/Cargo.toml",
    ),
    ("an absolute exclude", &[("", "[workspace]\nexclude = [\"[ROOT]/a\"]")], "a/new", "a/new/Cargo.toml"),
    ("an exclude with dots", &[("", "[workspace]\nexclude = [\"./a\"]")], "a/new", "a/new/Cargo.toml"),
    ("an exclude with a slash", &[("", "[workspace]\nexclude = [\"a/\"]")], "a/new", "a/new/Cargo.toml"),
    ("an exclude of another folder", &[("", "[workspace]\nexclude = [\"a\"]")], "ab/new", "Cargo.toml"),
    ("an exclude is not a pattern", &[("", "[workspace]\nexclude = [\"a*\"]")], "ab/new", "Cargo.toml"),
    (
        "excluded, and below a member",
        &[("", "[workspace]\nmembers = [\"a/b\"]\nexclude = [\"a\"]"), ("a/b", PACKAGE)],
        "a/b/new",
        "Cargo.toml",
    ),
    (
        "excluded by the nearest root, and not by the next",
        &[("", "[workspace]\nmembers = []"), ("a", "[workspace]\nexclude = [\"new\"]")],
        "a/new",
        "Cargo.toml",
    ),
    (
        "excluded by both",
        &[("", "[workspace]\nexclude = [\"a\"]"), ("a", "[workspace]\nexclude = [\"new\"]")],
        "a/new",
        "a/new/Cargo.toml",
    ),
];

const PACKAGE: &str = "[package]\nname = \"above\"";

#[test]
fn a_project_joins_the_workspace_that_cargo_finds_for_it() {
    for (layout, manifests, folder, expected) in LAYOUTS {
        let case = Case::empty();
        for (folder, manifest) in *manifests {
            let root = case.root().to_string_lossy().replace('\\', "/");
            let file = case.path(folder).join("Cargo.toml");
            std::fs::create_dir_all(file.parent().unwrap().join("src")).unwrap();
            std::fs::write(file.with_file_name("src/lib.rs"), "").unwrap();
            std::fs::write(file, format!("{}\n", manifest.replace("[ROOT]", &root))).unwrap();
        }
        case.kw_wasi(&format!("new {folder} --defaults --vcs none")).succeed();
        let mut cargo = case.program("cargo").folder(case.path(folder));
        cargo = cargo.args(["locate-project", "--workspace", "--message-format=plain"]);
        let found = cargo.succeed().stdout;
        assert_eq!(std::path::Path::new(found.trim()), case.path(expected), "{layout}");
    }
}
