//! The release of this repository: `scripts/release` creates a tag, and the workflow packs archives that `cargo binstall`
//! and generated workflows find. Compilers, `gh` and crates.io are replaced by stubs.
//!
//! The steps need the shell and the tools of GitHub's Linux machines.

use std::path::{Path, PathBuf};

use crate::support::workflow::{Runner, failed_at, step, stub_curl, stub_gh, succeeded};
use crate::support::{self, Case, TOOL};
use cargo_metadata::semver::Version;
use yaml_serde::Value;

const REPOSITORY: &str = "kubewarden/cargo-kw-wasi";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A copy of this repository with one commit, and something to release.
fn copy_of_this() -> Case {
    let case = Case::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in support::files_below(root) {
        // A release does not need the tests. `.git` is a file in a worktree.
        if !file.starts_with("tests/") && file != ".git" {
            case.write(&file, "");
            std::fs::copy(root.join(&file), case.path(&file)).unwrap();
        }
    }
    let changelog = case.read("CHANGELOG.md");
    let (head, _) = changelog.split_once("\n## ").unwrap();
    case.write(
        "CHANGELOG.md",
        format!("{head}\n## Unreleased\n\n- Policies are pushed.\n\n## 0.0.1 - 2025-01-01\n\n- The first.\n"),
    );
    git(&case, &["init", "--quiet", "--initial-branch", "main"]);
    git(&case, &["add", "."]);
    git(&case, &["commit", "--quiet", "--message", "all"]);
    case
}

#[track_caller]
fn git(case: &Case, args: &[&str]) -> String {
    case.program("git").args(args).succeed().stdout
}

fn release(case: &Case, version: &str) -> support::Run {
    let run = case.program(case.path("scripts/release")).arg(version);
    run.env("RUSTUP_TOOLCHAIN", support::native_toolchain()).run()
}

fn next_minor() -> String {
    let version = Version::parse(VERSION).unwrap();
    Version::new(version.major, version.minor + 1, 0).to_string()
}

#[test]
fn a_release_is_version_date_and_tag() {
    let case = copy_of_this();
    let next = next_minor();
    let lock = case.read("Cargo.lock");
    let stdout = release(&case, &next).code(0).stdout;
    assert!(stdout.ends_with(&format!("\n  git push origin HEAD v{next}\n")), "{stdout}");
    let changed = git(&case, &["show", "--format=%s", "--numstat", &format!("v{next}^{{commit}}")]);
    assert_eq!(
        changed,
        format!("chore: release {next}\n\n2\t0\tCHANGELOG.md\n1\t1\tCargo.lock\n1\t1\tCargo.toml\n")
    );
    assert_eq!(
        git(&case, &["tag", "--list", "--format=%(objecttype) %(subject)"]),
        format!("tag cargo-kw-wasi {next}\n")
    );
    assert!(case.read("Cargo.toml").contains(&format!("name = \"cargo-kw-wasi\"\nversion = \"{next}\"\n")));
    let package = |version: &str| format!("name = \"cargo-kw-wasi\"\nversion = \"{version}\"\n");
    assert_eq!(case.read("Cargo.lock"), lock.replace(&package(VERSION), &package(&next)));
    let today = case.program("date").args(["-u", "+%F"]).succeed().stdout;
    let section = format!("## Unreleased\n\n## {next} - {}\n\n- Policies are pushed.\n", today.trim());
    assert!(case.read("CHANGELOG.md").contains(&section), "{}", case.read("CHANGELOG.md"));
    let says = |version: &str| case.program(case.path("scripts/changelog")).arg(version).run();
    says(&next).code(0).stdout_eq("- Policies are pushed.\n");
    says("0.0.1").code(0).stdout_eq("- The first.\n");
    says("Unreleased").code(1).stderr_has("has no entries for Unreleased");
    says("0.0").code(1).stderr_has("has no entries for 0.0");
    // The section "Unreleased" is now empty.
    release(&case, "99.0.0").code(1).stderr_has("there is nothing to release");
}

#[test]
fn the_version_in_cargo_toml_can_be_the_first_release() {
    let case = copy_of_this();
    release(&case, VERSION).code(0);
    assert_eq!(git(&case, &["diff", "--name-only", "HEAD~"]), "CHANGELOG.md\n");
}

#[test]
fn a_refused_release_changes_nothing() {
    let case = copy_of_this();
    let before = git(&case, &["rev-parse", "HEAD"]);
    let refused = |version: &str, why: &str| {
        release(&case, version).code(1).stderr_has(why);
        assert_eq!(git(&case, &["rev-parse", "HEAD"]), before);
        assert_eq!(git(&case, &["tag", "--list"]).lines().filter(|tag| *tag != "v99.0.0").count(), 0);
    };
    for wrong in ["1", "1.0", "v1.0.0", "1.0.0+build", "01.0.0", "1.0.0-", "one", "", "1.0.0\n"] {
        refused(wrong, "is not a valid version");
    }
    refused("0.0.1", "is lower than");
    refused(&format!("{VERSION}-rc.1"), "is lower than");
    git(&case, &["tag", "v99.0.0"]);
    refused("99.0.0", "the tag v99.0.0 already exists");
    case.write("new-file", "");
    refused("98.0.0", "the working tree has uncommitted changes");
    std::fs::remove_file(case.path("new-file")).unwrap();
    case.edit("CHANGELOG.md", "- Policies are pushed.\n", "");
    git(&case, &["commit", "--quiet", "--all", "--message", "less"]);
    release(&case, "98.0.0").code(1).stderr_has("there is nothing to release");
    assert_eq!(git(&case, &["status", "--porcelain"]), "");
}

/// Stubs for the programs of GitHub's machines. Nothing is compiled.
fn machine(case: &Case) {
    stub_gh(case);
    stub_curl(case);
    case.stub("rustup", "case \"$1 $2\" in 'toolchain install' | 'default stable') ;; *) exit 3 ;; esac\n");
    case.stub("sudo", "case $2 in update | install) ;; *) exit 3 ;; esac\n");
    // `.ci/run` uses the first, the release workflow the second.
    case.stub(
        "make",
        "case \"$*\" in\n  'lint test demo') ;;\n  man) mkdir -p target/man; echo .TH > target/man/cargo-kw-wasi.1 ;;\n  *) exit 3 ;;\nesac\n",
    );
    let small = format!("#!/bin/sh\necho cargo-kw-wasi {VERSION}\n");
    std::fs::write(case.home().join("small"), small).unwrap();
    let cargo = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("cargo"))
        .find(|path| path.is_file())
        .unwrap();
    let cargo = cargo.display();
    case.stub(
        "cargo",
        &format!(
            r#"echo "cargo $*" >> "$HOME/called"
case "$*" in
  "build --profile dist --locked --target "*)
    mkdir -p "target/$6/dist"
    case $6 in
      # The one that is asked for completions. Packing the others would only take time.
      x86_64-unknown-linux-musl) cp '{TOOL}' "target/$6/dist/cargo-kw-wasi" ;;
      *-windows-*) cp "$HOME/small" "target/$6/dist/cargo-kw-wasi.exe" ;;
      *) cp "$HOME/small" "target/$6/dist/cargo-kw-wasi" ;;
    esac ;;
  "test --profile checked --locked "*) ;;
  "info --registry crates-io "*) [ -e "$HOME/published" ] ;;
  "publish --locked") [ "$CARGO_REGISTRY_TOKEN" = crates-token ] && touch "$HOME/published" ;;
  *) RUSTUP_TOOLCHAIN={native} exec '{cargo}' "$@" ;;
esac
"#,
            native = support::native_toolchain()
        ),
    );
}

/// A copy of this repository whose tag for this version was pushed to GitHub.
fn tagged(version: &str) -> Case {
    let case = copy_of_this();
    machine(&case);
    release(&case, version).code(0);
    let bare = case.temporary("github/kubewarden/cargo-kw-wasi");
    git(&case, &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    case
}

fn runner<'a>(case: &'a Case, tag: &'static str, crates_token: &str) -> Runner<'a> {
    Runner::for_tag(case, REPOSITORY, tag).expression("secrets.CARGO_REGISTRY_TOKEN", crates_token)
}

fn called(case: &Case) -> String {
    std::fs::read_to_string(case.home().join("called")).unwrap()
}

/// The targets in the matrix of the workflow.
fn targets() -> Vec<String> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/release.yml"));
    let workflow: Value = yaml_serde::from_str(&text.unwrap()).unwrap();
    let include =
        workflow["jobs"]["programs"]["strategy"]["matrix"]["include"].as_sequence().unwrap().clone();
    include.iter().map(|entry| entry["target"].as_str().unwrap().to_owned()).collect()
}

/// The URL at which `cargo binstall` looks for an archive, and the path of the program in it. Source: its SUPPORT.md.
fn binstall(target: &str, version: &str) -> (String, String) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml_edit::DocumentMut = text.parse().unwrap();
    let package = &manifest["package"];
    let settings = &package["metadata"]["binstall"];
    let setting = |key: &str| {
        let own = settings.get("overrides").and_then(|overrides| overrides.get(target)?.get(key));
        own.unwrap_or(&settings[key]).as_str().unwrap().to_owned()
    };
    let fill = |template: &str| {
        let filled = template
            .replace("{ repo }", package["repository"].as_str().unwrap())
            .replace("{ version }", version)
            .replace("{ name }", package["name"].as_str().unwrap())
            .replace("{ bin }", "cargo-kw-wasi")
            .replace("{ target }", target)
            .replace("{ binary-ext }", if target.contains("-windows-") { ".exe" } else { "" });
        assert!(!filled.contains(['{', '}']), "`{filled}` has a variable that this test does not know");
        filled
    };
    let url = fill(&setting("pkg-url"));
    let ending = match setting("pkg-fmt").as_str() {
        "tgz" => ".tar.gz",
        "zip" => ".zip",
        other => panic!("{other}"),
    };
    assert!(url.ends_with(ending), "{url}");
    (url, fill(&setting("bin-dir")))
}

#[test]
fn a_tag_becomes_archives_where_binstall_looks_for_them() {
    let case = tagged("99.1.0");
    let ran = succeeded(runner(&case, "v99.1.0", "crates-token").run("release.yml"));
    step(&ran, "Lint, test, and run the demo");
    let folder = case.home().join("gh/v99.1.0");
    let mut expected = vec!["SHA256SUMS".to_owned()];
    for target in targets() {
        let (url, program) = binstall(&target, "99.1.0");
        let place = format!("https://github.com/{REPOSITORY}/releases/download/v99.1.0/");
        let name = url.strip_prefix(&place).unwrap_or_else(|| panic!("{url}"));
        expected.push(name.to_owned());
        check_archive(&case, &folder.join(name), &program);
    }
    expected.sort();
    assert_eq!(expected.len(), 6);
    assert_eq!(support::files_below(&folder), expected);
    let sums = case.program("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).folder(&folder);
    assert_eq!(sums.succeed().stdout.lines().count(), 5);
    assert_eq!(std::fs::read_to_string(case.home().join("notes.md")).unwrap(), "- Policies are pushed.\n");
    assert!(called(&case).contains(" --prerelease=false "));
    assert_eq!(called(&case).matches("cargo publish").count(), 1);

    // A second run gives the same result.
    let before = std::fs::read(folder.join("SHA256SUMS")).unwrap();
    let ran = succeeded(runner(&case, "v99.1.0", "crates-token").run("release.yml"));
    assert_eq!(step(&ran, "Publish to crates.io").stdout, "This version is already on crates.io.\n");
    assert!(std::fs::read(folder.join("SHA256SUMS")).unwrap() == before, "archives are reproducible");
    assert!(called(&case).contains("gh release upload v99.1.0 "));
    assert_eq!(called(&case).matches("cargo publish").count(), 1);

    generated_workflows_install(&folder);
}

/// An archive contains the executable program and the files that belong to it.
#[track_caller]
fn check_archive(case: &Case, archive: &Path, program: &str) {
    let into = case.temporary(&format!("extracted/{}", archive.file_name().unwrap().display()));
    match archive.extension().unwrap().to_str() {
        Some("zip") => case.program("unzip").arg("-q").arg(archive).arg("-d").arg(&into).succeed(),
        _ => case.program("tar").arg("-xzf").arg(archive).arg("-C").arg(&into).succeed(),
    };
    case.program(into.join(program))
        .arg("--version")
        .succeed()
        .stdout_eq(format!("cargo-kw-wasi {VERSION}\n"));
    let folder = Path::new(program).parent().unwrap();
    let mut expected: Vec<PathBuf> = [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "completions/_cargo-kw-wasi",
        "completions/cargo-kw-wasi.bash",
        "completions/cargo-kw-wasi.elv",
        "completions/cargo-kw-wasi.fish",
        "completions/cargo-kw-wasi.ps1",
        "man/cargo-kw-wasi.1",
    ]
    .iter()
    .map(|file| folder.join(file))
    .collect();
    expected.push(program.into());
    expected.sort();
    let files: Vec<_> = support::files_below(&into).into_iter().map(PathBuf::from).collect();
    assert_eq!(files, expected);
}

/// The workflows that `new` writes install the archive of the latest release.
fn generated_workflows_install(folder: &Path) {
    let case = Case::empty();
    stub_curl(&case);
    case.stub(
        "cargo",
        "[ \"$*\" = 'kw-wasi --version' ] && exec \"$CARGO_HOME/bin/cargo-kw-wasi\" --version\n",
    );
    case.kw_wasi("new . --name demo --lang go --defaults -q").succeed();
    git(&case, &["add", "."]);
    git(&case, &["commit", "--quiet", "--message", "all"]);
    git(&case, &["tag", "v0.1.0"]);
    git(&case, &["clone", "--quiet", "--bare", ".", case.temporary("github/acme/demo").to_str().unwrap()]);
    let archives = case.home().join("archives");
    std::fs::create_dir(&archives).unwrap();
    for file in support::files_below(folder) {
        std::fs::copy(folder.join(&file), archives.join(&file)).unwrap();
    }
    let home = case.temporary("cargo-home");
    let runner = Runner::for_tag(&case, "acme/demo", "v0.1.0").env("CARGO_HOME", &home);
    let ran = succeeded(runner.only("Install cargo kw-wasi").run("test.yml"));
    let said = step(&ran, "Install cargo kw-wasi").stdout;
    assert_eq!(said, format!("cargo-kw-wasi {VERSION}\n"));
    assert_eq!(
        support::files_below(&home.join("bin")),
        ["cargo-kw-wasi"],
        "only the program is installed from the archive"
    );
}

#[test]
fn a_candidate_is_a_prerelease_and_crates_io_needs_a_token() {
    let case = tagged("99.1.0-rc.1");
    let ran = succeeded(runner(&case, "v99.1.0-rc.1", "").run("release.yml"));
    let said = step(&ran, "Publish to crates.io").stdout;
    assert!(said.starts_with("::warning::Not published to crates.io"), "{said}");
    assert!(called(&case).contains(" --prerelease=true "));
    assert!(!case.home().join("published").exists());
}

#[test]
fn a_tag_that_does_not_match_the_version_stops_the_workflow() {
    let case = tagged("99.1.0");
    let bare = case.temporary("github/kubewarden/cargo-kw-wasi");
    git(&case, &["--git-dir", bare.to_str().unwrap(), "tag", "v99.2.0", "v99.1.0^{commit}"]);
    let failed = failed_at(
        runner(&case, "v99.2.0", "").run("release.yml"),
        "Compare the tag with the version of the package",
    );
    assert!(
        failed.stdout.starts_with("::error::The tag is v99.2.0, but the version in Cargo.toml is 99.1.0")
    );
    // The changelog has no section for the version.
    case.edit("CHANGELOG.md", "## 99.1.0 ", "## 99.0.0 ");
    git(&case, &["commit", "--quiet", "--all", "--message", "less"]);
    git(&case, &["tag", "--force", "v99.1.0"]);
    git(&case, &["push", "--quiet", "--force", bare.to_str().unwrap(), "v99.1.0"]);
    let failed = failed_at(
        runner(&case, "v99.1.0", "").run("release.yml"),
        "Compare the tag with the version of the package",
    );
    failed.stderr_has("CHANGELOG.md has no entries for 99.1.0");
}

/// A filter that matches nothing would run no tests and pass.
#[test]
fn the_modules_tested_on_other_systems_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(".github/workflows/test.yml")).unwrap();
    let line = text.lines().find(|line| line.contains(" --test suite -- ")).unwrap();
    let filters: Vec<_> = line.split_once(" -- ").unwrap().1.split_whitespace().collect();
    assert!(filters.len() > 4, "{filters:?}");
    for filter in filters {
        let module = filter.strip_suffix("::").expect("a filter selects a module");
        assert!(root.join(format!("tests/suite/{module}.rs")).is_file(), "{module}");
    }
}
