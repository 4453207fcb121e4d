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

#[cfg(unix)]
#[test]
fn a_folder_that_somebody_takes_meanwhile_is_theirs() {
    for (path, force) in [("a/demo", ""), ("a/demo", "--force"), (".", "")] {
        let case = Case::empty();
        let theirs = case.path(path).join("Cargo.toml");
        let folder = case.path(path);
        case.stub(
            "git",
            &format!(
                "[ $1 = init ] || exit 1\nmkdir .git\nmkdir -p {0}\necho theirs > {0}/Cargo.toml\n",
                folder.display()
            ),
        );
        let args = format!("new {path} --name demo --defaults --vcs git {force}");
        let run = case.kw_wasi(&args).env("PATH", case.path_with_stubs()).run();
        run.code(101).stderr_has("already contains");
        assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs\n");
        assert_eq!(folder.read_dir().unwrap().count(), 1);
        assert_eq!(case.files().len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_in_the_folder() {
    for link in ["src", "tests", "tests/fixtures", "README.md", "src/policy.rs", ".gitignore"] {
        for is_broken in [false, true] {
            let case = Case::empty();
            case.write("elsewhere/mine", "mine");
            let target = case.path(if is_broken { "nowhere" } else { "elsewhere" });
            let path = case.path("demo").join(link);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(&target, &path).unwrap();
            let before = case.files();
            let run = case.kw_wasi("new demo --defaults --force").run();
            run.code(101).stderr_has(&format!("`demo` already contains `{link}`"));
            assert_eq!(case.files(), before);
            assert!(path.is_symlink() && !case.exists("nowhere"));
        }
    }
    // A link to the folder itself was given by the user.
    let case = Case::empty();
    std::fs::create_dir(case.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", case.path("demo")).unwrap();
    case.kw_wasi("new demo --defaults --name demo").succeed();
    assert!(case.exists("elsewhere/Cargo.toml") && case.path("demo").is_symlink());
}

#[test]
fn a_repository_that_is_there_stays_as_it_is() {
    let case = Case::empty();
    case.program("git").args(["init", "-q", "-b", "theirs", "demo"]).succeed();
    let head = case.read("demo/.git/HEAD");
    case.kw_wasi("new demo --defaults --force --vcs git").succeed();
    assert_eq!(case.read("demo/.git/HEAD"), head);
    assert!(case.exists("demo/Cargo.toml"));
}

/// Paths and contents.
type Files = &'static [(&'static str, &'static str)];

/// Manifests, the folder of a project, and the manifest of the workspace that it is a member of: that of the project if it
/// is alone. `[ROOT]` is the root of the case.
const LAYOUTS: &[(&str, Files, &str, &str)] = &[
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
