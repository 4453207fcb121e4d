//! One policy is one program and one module, whatever else is selected or lies around.

use crate::support::{Case, GO_SOURCE, POLICY_MANIFEST, POLICY_SOURCE, Run};
use snapbox::str;

fn answer(text: &str) -> String {
    format!(
        "fn main() {{ println!(\"{{{{\\\"accepted\\\":true,\\\"valid\\\":true,\\\"who\\\":\\\"{text}\\\"}}}}\"); }}\n"
    )
}

/// Two policies, of which one turns on a feature of their common dependency, and warnings in all three.
fn workspace() -> Case {
    let case = Case::empty();
    case.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"one\", \"two\", \"library\"]\n[workspace.nonsense]\n[profile.policy]\ninherits = \"release\"\n",
    );
    for (name, features) in [("one", ""), ("two", ", features = [\"loud\"]")] {
        let manifest =
            POLICY_MANIFEST.split("[profile").next().unwrap().replace("\"demo\"", &format!("\"{name}\""));
        case.write(
            &format!("{name}/Cargo.toml"),
            format!("{manifest}\n[dependencies]\nlibrary = {{ path = \"../library\"{features} }}\n"),
        );
        case.write(&format!("{name}/src/main.rs"), "fn main() { println!(\"{}\", library::voice()); }\n");
    }
    case.write(
        "library/Cargo.toml",
        "[package]\nname = \"library\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[features]\nloud = []\n",
    );
    case.write(
        "library/src/lib.rs",
        "pub fn voice() -> &'static str { let unused = 1; if cfg!(feature = \"loud\") { \"LOUD\" } else { \"quiet\" } }\n",
    );
    case
}

#[test]
fn a_policy_is_one_digest_whatever_is_selected() {
    let case = workspace();
    let module = || case.read_bytes("target/kubewarden/one.wasm");
    case.kw_wasi("build -q -p one").succeed();
    let alone = module();
    assert!(String::from_utf8_lossy(&alone).contains("quiet"));
    case.kw_wasi("build -q --workspace").succeed();
    assert!(module() == alone, "--workspace");
    assert!(String::from_utf8_lossy(&case.read_bytes("target/kubewarden/two.wasm")).contains("LOUD"));
    case.kw_wasi("build -q").folder(case.path("one/src")).succeed();
    assert!(module() == alone, "in its folder");
    case.kw_wasi("build -q --manifest-path one/Cargo.toml").succeed();
    assert!(module() == alone, "--manifest-path");
    // Also where nothing was compiled before.
    let fresh = workspace();
    fresh.kw_wasi("build -q --workspace").succeed();
    assert!(fresh.read_bytes("target/kubewarden/one.wasm") == alone, "--workspace first");
}

#[test]
fn warnings_come_once_however_many_policies_are_built() {
    let case = workspace();
    let run = case.kw_wasi("build --workspace").succeed();
    for warning in ["unused manifest key: workspace.nonsense", "unused variable: `unused`"] {
        assert_eq!(run.stderr.matches(warning).count(), 1, "{warning}: {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("Finished").count(), 2, "{}", run.stderr);
    let one = case.kw_wasi("build -p one").succeed();
    assert_eq!(one.stderr.matches("workspace.nonsense").count(), 1, "{}", one.stderr);
    assert_eq!(case.kw_wasi("build --workspace -q").succeed().stderr.matches("nonsense").count(), 0);
}

#[test]
fn policies_whose_programs_have_the_same_name_do_not_mix() {
    let case = workspace();
    for name in ["one", "two"] {
        case.edit(
            &format!("{name}/Cargo.toml"),
            "[dependencies]",
            "[[bin]]\nname = \"policy\"\npath = \"src/main.rs\"\n\n[dependencies]",
        );
    }
    let holds = |name: &str, text: &str| {
        String::from_utf8_lossy(&case.read_bytes(&format!("target/kubewarden/{name}.wasm"))).contains(text)
    };
    for args in ["--workspace", "--workspace", "-p one", "-p two", "-p one"] {
        case.kw_wasi(&format!("build -q {args}")).succeed();
        assert!(
            holds("one", "quiet") && (!case.exists("target/kubewarden/two.wasm") || holds("two", "LOUD")),
            "{args}"
        );
    }
}

#[test]
fn the_program_of_a_package_can_be_named() {
    let case = Case::policy();
    case.write("src/main.rs", answer("first")).write("src/bin/other.rs", answer("other"));
    let holds =
        |text: &str| String::from_utf8_lossy(&case.read_bytes("target/kubewarden/demo.wasm")).contains(text);
    case.kw_wasi("build -q").succeed();
    assert!(holds("first"));
    case.kw_wasi("build -q --bin other").succeed();
    assert!(holds("other"));
    case.write("request.json", "{}");
    case.kw_wasi("run --raw --bin other -r request.json").succeed().stdout_has("allowed");
    case.kw_wasi("build -q").succeed();
    assert!(holds("first"), "the default has not changed");
    case.kw_wasi("build --bin otter").run().code(101).stderr_eq(str![[r#"
error: package `demo` has no program `otter`
  hint: there are `demo`, `other`

"#]]);
    case.kw_wasi("build --go-package ./cmd").run().code(101).stderr_has("`--go-package` is for Go modules");
    let several = workspace();
    several
        .kw_wasi("build --workspace --bin one")
        .run()
        .code(101)
        .stderr_has("`--bin` names the program of one policy, and several are selected: `one`, `two`");
}

#[test]
fn arguments_after_the_dashes_do_not_select_programs() {
    let case = Case::policy();
    case.write("src/bin/other.rs", POLICY_SOURCE);
    for (args, flag) in [
        ("--bin other", "`--bin NAME`"),
        ("--bin=other", "`--bin NAME`"),
        ("-p demo", "in front of `--`"),
        ("--example x", "`--bin NAME`"),
        ("--target x86_64-unknown-linux-gnu", "always compiled for `wasm32-wasip1`"),
        ("--release", "`--profile NAME`"),
        ("--manifest-path x/Cargo.toml", "`--manifest-path PATH`"),
    ] {
        case.kw_wasi(&format!("build -- {args}"))
            .run()
            .code(101)
            .stderr_has("after `--` would change")
            .stderr_has(flag);
    }
    assert!(!case.exists("target"));
    case.kw_wasi("build -q -- --timings --config profile.policy.opt-level=1").succeed();
}

/// The module of a Go policy that says who it is.
fn go_program(who: &str) -> String {
    GO_SOURCE.replace("\\\"valid\\\":true", &format!("\\\"who\\\":\\\"{who}\\\""))
}

#[track_caller]
fn assert_program(case: &Case, run: Run, who: &str) {
    drop(run.code(0));
    let module = case.read_bytes("target/kubewarden/demo.wasm");
    let holds = |who: &str| String::from_utf8_lossy(&module).contains(&format!("who\":\"{who}"));
    assert!(holds(who), "it is not {who}");
}

#[test]
fn the_package_of_a_go_policy_can_be_named() {
    let case = Case::go_policy();
    case.write("main.go", go_program("root")).write("cmd/server/main.go", go_program("server"));
    assert_program(&case, case.kw_wasi("build -q").run(), "root");
    for named in ["./cmd/server", "cmd/server/", "example.com/acme/demo/cmd/server"] {
        assert_program(&case, case.kw_wasi("build -q --go-package").arg(named).run(), "server");
    }
    let from_elsewhere = case.kw_wasi("build -q --go-package . ").folder(case.path("cmd/server"));
    assert_program(&case, from_elsewhere.run(), "server");
    assert_program(&case, case.kw_wasi("build -q").run(), "root");
    case.kw_wasi("build -q -- ./cmd/server").run().code(101).stderr_eq(str![[r#"
error: `./cmd/server` after `--` would change which program go builds
  hint: name the package of the policy with `--go-package PATH`, in front of `--`

"#]]);
    case.kw_wasi("build -q -- -tags prod -v").succeed();
    for (args, words) in [
        ("--go-package ./...", "may name several packages"),
        ("--go-package ./missing", "there is no folder `./missing` in the Go module"),
        ("--go-package ..", "there is no folder `..` in the Go module"),
        ("--bin server", "`--bin` is for cargo projects"),
        ("-- main.go", "after `--` would change which program go builds"),
    ] {
        case.kw_wasi(&format!("build {args}")).run().code(101).stderr_has(words);
    }
    // Only a package below the root has a program.
    std::fs::remove_file(case.path("main.go")).unwrap();
    case.kw_wasi("build").run().code(1).stderr_has("no Go files");
    assert_program(&case, case.kw_wasi("build -q --go-package ./cmd/server").run(), "server");
}

#[test]
fn a_root_that_became_a_library_is_not_fresh() {
    let case = Case::go_policy();
    case.kw_wasi("build -q").succeed();
    case.write("main.go", "package demo\n");
    case.kw_wasi("build").run().code(1).stderr_lacks("Fresh").stderr_has("no main packages to build");
}

#[test]
fn go_modules_that_share_a_folder_do_not_replace_each_other() {
    let case = Case::go_policy();
    case.write("../other/go.mod", "module example.com/another/demo\n\ngo 1.21\n")
        .write("../other/main.go", go_program("another"))
        .write("../other/metadata.yml", case.read("metadata.yml"));
    case.kw_wasi("build -q --target-dir ../shared").succeed();
    let before = case.read_bytes("../shared/kubewarden/demo.wasm");
    case.kw_wasi("build --target-dir ../shared").folder(case.path("../other")).run().code(101).stderr_has(
        "could not write the program of `example.com/another/demo`: `../shared/wasip1/demo` is that of `example.com/acme/demo`",
    );
    assert!(case.read_bytes("../shared/kubewarden/demo.wasm") == before);
    case.kw_wasi("build --target-dir ../shared").succeed().stderr_has("Fresh");
}

#[test]
fn a_mode_of_go_that_makes_no_program_is_refused_with_its_place() {
    let case = Case::go_policy();
    for mode in ["pie", "c-shared", "archive"] {
        let run = case.kw_wasi("build").env("GOFLAGS", format!("-buildmode={mode}")).run().code(101);
        run.stderr_has(&format!(
            "`-buildmode={mode}` from the environment variable GOFLAGS does not make a policy"
        ))
        .stderr_lacks("crate");
        let run = case.kw_wasi("build -- -buildmode").arg(mode).run().code(101);
        run.stderr_has("after `--` does not make a policy");
    }
    case.kw_wasi("build -q -- -buildmode=exe").env("GOFLAGS", "-buildmode=pie").succeed();
    case.kw_wasi("build")
        .env("GOFLAGS", "-race")
        .run()
        .stderr_has("go was given `-race`, from the environment variable GOFLAGS");
}

#[test]
fn a_folder_with_a_policy_of_another_kind_is_not_taken_for_the_project_above_it() {
    let case = Case::policy();
    let metadata = "rules: []\nmutating: false\nexecutionMode: opa # Rego\n";
    case.write("rego/metadata.yml", metadata).write("rego/src/policy.rego", "package kubernetes.admission\n");
    for folder in ["rego", "rego/src"] {
        let run = case.kw_wasi("build").folder(case.path(folder)).run().code(101);
        run.stderr_has(
            "describes a policy (`executionMode: opa`) that is not a Cargo package or a Go module",
        )
        .stderr_has("`opa build`");
    }
    case.kw_wasi("build -q --manifest-path ../Cargo.toml").folder(case.path("rego")).succeed();
    case.write("src/metadata.yml", "notes: of something else\n");
    case.kw_wasi("build -q").folder(case.path("src")).succeed();
}
