//! `new` without a terminal: the files that it writes, and the answers that it refuses.

use crate::support::{self, Case};
use snapbox::{IntoData, file, str};

/// All files of a project in one string, to be compared with a snapshot.
fn tree(case: &Case, folder: &str) -> String {
    let root = case.path(folder);
    let files = support::files_below(&root);
    files
        .iter()
        .map(|file| format!("==== {file}\n{}\n", std::fs::read_to_string(root.join(file)).unwrap()))
        .collect()
}

#[track_caller]
fn writes(args: &str, snapshot: snapbox::Data) {
    let case = Case::empty();
    case.kw_wasi(&format!("new demo --defaults {args}")).succeed().stdout_eq("").stderr_eq(str![[r#"
     Created policy `demo` in `demo`
        Next cd demo && cargo kw-wasi build

"#]]);
    support::assert_snapshot(&tree(&case, "demo"), snapshot, case.redactions());
}

#[test]
fn files_of_a_validating_policy() {
    writes("", file!["../snapshots/new-validate.txt"]);
}

#[test]
fn files_of_a_mutating_policy() {
    writes("--kind mutate --resource deployments.apps", file!["../snapshots/new-mutate.txt"]);
}

#[test]
fn files_of_a_validating_policy_in_go() {
    writes(
        "--lang go --repository https://github.com/acme/policies",
        file!["../snapshots/new-go-validate.txt"],
    );
}

#[test]
fn files_of_a_raw_mutating_policy_in_go() {
    writes("--lang go --kind raw-mutate", file!["../snapshots/new-go-raw-mutate.txt"]);
}

#[test]
fn a_project_in_go_needs_the_path_of_its_module() {
    let case = Case::empty();
    // The arguments, and the name of the module or the error.
    for (args, module) in [
        ("a", Ok("example.com/a")),
        ("b --repository https://github.com/acme/b.git", Ok("github.com/acme/b")),
        ("c --repository https://github.com/acme/policies/", Ok("github.com/acme/policies/c")),
        ("d --module-path gitlab.example/team/d", Ok("gitlab.example/team/d")),
        ("folder --name e --module-path e", Ok("e")),
        ("fn", Ok("example.com/fn")),
        (
            "f --module-path github.com/acme/other",
            Err("`github.com/acme/other` cannot be used for `--module-path`"),
        ),
        (
            "f --module-path https://github.com/acme/f",
            Err("`https://github.com/acme/f` cannot be used for `--module-path`"),
        ),
        ("f --module-path acme//f", Err("cannot be used for `--module-path`")),
        ("f --types serde", Err("`--types` makes no sense for a policy in Go")),
        ("F_1", Err("`F_1` cannot name a policy")),
    ] {
        let run = case.kw_wasi(&format!("new {args} --lang go --defaults --vcs none"));
        match module {
            Ok(module) => {
                run.succeed();
                let folder = args.split(' ').next().unwrap();
                assert!(
                    case.read(&format!("{folder}/go.mod")).starts_with(&format!("module {module}\n")),
                    "{args}"
                );
            }
            Err(words) => {
                run.run().code(101).stderr_has(words);
                assert!(!case.exists("f") && !case.exists("F_1"));
            }
        }
    }
    case.kw_wasi("new g --module-path example.com/g --defaults")
        .run()
        .code(101)
        .stderr_has("`--module-path` makes no sense for a policy in Rust");
    // A Go module does not join a cargo workspace.
    case.write("ws/Cargo.toml", "[workspace]\nmembers = []\n");
    case.kw_wasi("new ws/h --lang go --defaults --vcs none").succeed();
    assert_eq!(case.read("ws/Cargo.toml"), "[workspace]\nmembers = []\n");
    // Without a terminal, the path must be given.
    case.kw_wasi("new i --lang go").run().code(101).stderr_has("--module-path");
    case.kw_wasi("new i --lang go --defaults --dry-run").succeed();
    assert!(!case.exists("i"));
    let described = "new j --lang go --defaults --vcs none --description";
    case.kw_wasi(described).arg("It's \"quoted\": #1 \\ {{x}}").succeed();
    case.kw_wasi("build -q").folder(case.path("j")).succeed().stderr_eq("");
}

#[test]
fn files_of_a_raw_validating_policy() {
    writes("--kind raw-validate", file!["../snapshots/new-raw-validate.txt"]);
}

#[test]
fn files_of_a_raw_mutating_policy() {
    writes("--kind raw-mutate", file!["../snapshots/new-raw-mutate.txt"]);
}

#[test]
fn the_default_path_is_my_policy() {
    let case = Case::empty();
    case.kw_wasi("new --defaults").succeed();
    assert!(case.read("my-policy/Cargo.toml").contains("name = \"my-policy\""));
    assert!(case.exists("my-policy/.git/HEAD"), "a git repository is created");
}

#[test]
fn without_a_terminal_all_missing_flags_are_listed() {
    let case = Case::empty();
    case.kw_wasi("new").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: stdin is not a terminal, and these arguments are missing: `--lang`, `PATH`, `--kind`, `--resource`, `--operation`, `--types`, `--description`, `--author`, `--license`, `--registry`, `--vcs`
  hint: pass them, or `--defaults` to use the default of each

"#]]);
    case.kw_wasi("new demo --lang rust --kind raw-mutate --author")
        .arg("")
        .args(["--license", "MIT", "--vcs", "none"])
        .run()
        .code(101)
        .stderr_eq(str![[r#"
error: stdin is not a terminal, and these arguments are missing: `--description`, `--registry`
  hint: pass them, or `--defaults` to use the default of each

"#]]);
    assert!(case.files().is_empty());
}

#[test]
fn with_every_flag_nothing_is_asked() {
    let case = Case::empty();
    case.kw_wasi("new folder --lang rust --name demo --kind mutate --resource pods,services --resource apps/v1/deployments --operation create --operation update --license MIT --registry ghcr.io/acme/policies --repository https://example.com/demo --vcs none --types serde")
        .args(["--description", "Says \"hello\" # \\ to 'all'", "--author", "Jörg Ö. <j@example.com>"])
        .succeed();
    let manifest: toml_edit::DocumentMut = case.read("folder/Cargo.toml").parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("demo"));
    assert_eq!(manifest["package"]["description"].as_str(), Some("Says \"hello\" # \\ to 'all'"));
    assert_eq!(manifest["package"]["authors"][0].as_str(), Some("Jörg Ö. <j@example.com>"));
    assert_eq!(manifest["package"]["license"].as_str(), Some("MIT"));
    assert_eq!(manifest["package"]["repository"].as_str(), Some("https://example.com/demo"));
    let rules = manifest["package"]["metadata"]["kubewarden"]["rules"].as_array_of_tables().unwrap();
    assert_eq!(rules.len(), 2, "pods and services share a rule");
    assert!(!case.exists("folder/.git"));
    let metadata: serde_json::Value = yaml_serde::from_str(&case.read("folder/metadata.yml")).unwrap();
    assert_eq!(metadata["mutating"], true);
    assert_eq!(metadata["rules"][0]["operations"], serde_json::json!(["CREATE", "UPDATE"]));
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.description"], "Says \"hello\" # \\ to 'all'");
}

#[test]
fn a_dry_run_lists_the_files_and_writes_none() {
    let case = Case::empty();
    case.kw_wasi("new --defaults --dry-run").succeed().stderr_eq("").stdout_eq(str![[r#"
my-policy/.github/workflows/release.yml
my-policy/.github/workflows/test.yml
my-policy/.gitignore
my-policy/Cargo.toml
my-policy/Makefile
my-policy/README.md
my-policy/artifacthub-repo.yml
my-policy/e2e.bats
my-policy/metadata.yml
my-policy/src/kubewarden.rs
my-policy/src/main.rs
my-policy/src/policy.rs
my-policy/src/settings.rs
my-policy/tests/fixtures/accepted.json
my-policy/tests/fixtures/rejected.json
my-policy/tests/fixtures/settings.json
my-policy/tests/policy.yml

"#]]);
    assert!(case.files().is_empty());
}

#[test]
fn resources_can_be_given_in_many_forms() {
    for (typed, group, version, resource) in [
        ("pods", "", "v1", "pods"),
        ("Pod", "", "v1", "pods"),
        ("deploy", "apps", "v1", "deployments"),
        ("deployments.apps", "apps", "v1", "deployments"),
        ("apps/v1/deployments", "apps", "v1", "deployments"),
        ("example.com/v1beta1/widgets", "example.com", "v1beta1", "widgets"),
        ("pods/exec", "", "v1", "pods/exec"),
        ("*", "*", "*", "*"),
    ] {
        let case = Case::empty();
        case.kw_wasi("new demo --defaults --vcs none --resource").arg(typed).succeed();
        let metadata: serde_json::Value = yaml_serde::from_str(&case.read("demo/metadata.yml")).unwrap();
        let rule = &metadata["rules"][0];
        let found = [&rule["apiGroups"][0], &rule["apiVersions"][0], &rule["resources"][0]]
            .map(|value| value.as_str().unwrap());
        assert_eq!(found, [group, version, resource], "{typed}");
    }
}

#[test]
fn answers_that_make_no_sense_are_refused_with_the_reason() {
    let case = Case::empty();
    let refuses = |args: &[&str], expected: snapbox::data::Inline| {
        case.kw_wasi("new demo --defaults")
            .args(args)
            .run()
            .code(101)
            .stdout_eq("")
            .stderr_eq(expected.into_data());
        assert!(case.files().is_empty());
    };
    refuses(
        &["--resource", "podz"],
        str![[r#"
error: `podz` cannot be used for `--resource`
  cause: `podz` is not a resource of Kubernetes
  hint: did you mean `pods`? a custom resource is written `GROUP/VERSION/RESOURCE`, such as `example.com/v1/widgets`

"#]],
    );
    refuses(
        &["--resource", "widgets.example.com"],
        str![[r#"
error: `widgets.example.com` cannot be used for `--resource`
  cause: custom resource `widgets.example.com` has no version
  hint: write `example.com/VERSION/widgets`

"#]],
    );
    refuses(
        &["--resource", "pods,*"],
        str![[r#"
error: `pods,*` cannot be used for `--resource`
  cause: `*` already covers `pods`
  hint: leave out `pods`, or name resources without `*`

"#]],
    );
    refuses(
        &["--kind", "raw-validate", "--resource", "pods"],
        str![[r#"
error: `--resource` makes no sense for a policy of kind `raw-validate`
  hint: leave it out, or choose a `--kind` for Kubernetes objects

"#]],
    );
    refuses(
        &["--kind", "mutate", "--operation", "DELETE"],
        str![[r#"
error: `DELETE` cannot be used for `--operation`
  cause: a policy that changes objects needs requests with one
  hint: add `--operation CREATE`, or choose `--kind validate`

"#]],
    );
    refuses(
        &["--types", "k8s-openapi", "--resource", "pods,services"],
        str![[r#"
error: `k8s-openapi` cannot be used for `--types`
  cause: it needs exactly one resource, and one of Kubernetes' own
  hint: name one `--resource`, or leave `--types` out: small structs fit any object

"#]],
    );
    refuses(
        &["--registry", "https://ghcr.io/Acme"],
        str![[r#"
error: `https://ghcr.io/Acme` cannot be used for `--registry`
  cause: not a registry: it has a scheme
  hint: write `none`, or registry and path, such as `ghcr.io/acme/policies`: lower case, no scheme, no tag

"#]],
    );
    refuses(
        &["--registry", "acme/policies"],
        str![[r#"
error: `acme/policies` cannot be used for `--registry`
  cause: not a registry: its first part is not the host of a registry
  hint: write `none`, or registry and path, such as `ghcr.io/acme/policies`: lower case, no scheme, no tag

"#]],
    );
    refuses(
        &["--author", "Jane"],
        str![[r#"
error: `Jane` cannot be used for `--author`
  cause: not a valid author
  hint: write a name and an address, such as `Jane Doe <jane@example.com>`, or `none`

"#]],
    );
    refuses(
        &["--license", "Apache 2"],
        str![[r#"
error: `Apache 2` cannot be used for `--license`
  cause: not an SPDX license expression, at `2`: unknown term
  hint: write one, such as `Apache-2.0`, `MIT OR Apache-2.0` or `LicenseRef-Proprietary`

"#]],
    );
    refuses(
        &["--description", "red: \u{1b}[31m"],
        str![[r#"
error: `red: /u{1b}[31m` cannot be used for `--description`
  cause: it has a control character
  hint: write it without

"#]],
    );
}

#[test]
fn an_unknown_value_of_a_flag_is_a_usage_error() {
    let case = Case::empty();
    for (flag, values) in [
        ("--lang", "rust, go"),
        ("--kind", "validate, mutate, raw-validate, raw-mutate"),
        ("--operation", "CREATE, UPDATE, DELETE, CONNECT, *"),
        ("--types", "serde, k8s-openapi"),
        ("--vcs", "git, none"),
    ] {
        let run = case.kw_wasi(&format!("new demo --defaults {flag} cvs")).run().code(2);
        run.stderr_has("invalid value 'cvs'").stderr_has(&format!("[possible values: {values}]"));
    }
    assert!(case.files().is_empty());
}

#[test]
fn help_lists_the_flags_that_are_never_asked_for() {
    let help = Case::empty().kw_wasi("new --help").succeed().stdout;
    let case = Case::empty();
    let missing = case.kw_wasi("new --lang go").run().code(101).stderr
        + &case.kw_wasi("new --lang rust").run().code(101).stderr;
    let help = help.replace('\n', " ");
    let not_asked = help.split(". ").find(|sentence| sentence.contains("not asked")).unwrap();
    let flags =
        help.split_whitespace().filter_map(|word| word.strip_prefix("--")).filter(|flag| !flag.contains('`'));
    // These flags say how to write, not what. The language is the first question.
    let others = ["lang", "defaults", "dry-run", "force", "color", "quiet", "verbose...", "help"];
    for flag in flags.take_while(|flag| *flag != "quiet").filter(|flag| !others.contains(flag)) {
        let [is_asked, is_not] = [&missing, not_asked].map(|text| text.contains(&format!("`--{flag}`")));
        assert_ne!(is_asked, is_not, "--{flag}");
    }
}

#[test]
fn workloads_are_pods_and_their_creators_and_a_resource_counts_once() {
    let case = Case::empty();
    case.kw_wasi("new demo --defaults --vcs none --resource po,Workloads,pods").succeed();
    let metadata: serde_json::Value = yaml_serde::from_str(&case.read("demo/metadata.yml")).unwrap();
    let resources: Vec<_> =
        metadata["rules"].as_array().unwrap().iter().map(|rule| rule["resources"].to_string()).collect();
    assert_eq!(
        resources,
        [
            r#"["pods","replicationcontrollers"]"#,
            r#"["deployments","replicasets","statefulsets","daemonsets"]"#,
            r#"["jobs","cronjobs"]"#
        ]
    );
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.description"], "Rejects workloads by name");
}

/// The registry has no default: commands that need one say what to write.
#[test]
fn a_project_without_a_registry_builds_and_says_what_is_missing() {
    let case = Case::empty();
    case.kw_wasi("new demo --defaults --vcs none").succeed();
    assert!(case.read("demo/Cargo.toml").contains("\n# registry = \"ghcr.io/acme/policies\""));
    case.kw_wasi("new go/demo --lang go --defaults --vcs none").succeed();
    assert!(
        case.read("go/demo/metadata.yml")
            .contains("\n  # io.kubewarden.policy.ociUrl: ghcr.io/acme/policies/demo\n")
    );
    let folder = case.path("go/demo");
    case.kw_wasi("build").folder(&folder).succeed().stderr_has("warning[missing-registry]");
    case.kw_wasi("manifest").folder(&folder).run().code(101).stderr_eq(str![[r#"
error: the metadata of `demo` has no registry for the cluster to load it from
  hint: name the module with `--module`, or write the registry: annotation `io.kubewarden.policy.ociUrl` in `metadata.yml`

"#]]);
    case.kw_wasi("push").folder(&folder).run().code(101).stderr_eq(str![[r#"
error: the policy's metadata has no registry to push to
  hint: name a reference, or write the registry: annotation `io.kubewarden.policy.ociUrl` in `metadata.yml`

"#]]);
}

#[test]
fn names_follow_cargo_and_kubernetes() {
    let case = Case::empty();
    for (name, expected) in [
        (
            "1st",
            str![[r#"
error: invalid character `1` in package name: `1st`, the name cannot start with a digit
  hint: if the folder should have another name than the package, pass `--name`

"#]],
        ),
        (
            "match",
            str![[r#"
error: the name `match` cannot be used as a package name, it is a Rust keyword
  hint: if the folder should have another name than the package, pass `--name`

"#]],
        ),
        (
            "My_Policy",
            str![[r#"
error: `My_Policy` cannot name a policy, which is a Kubernetes resource: `M` is not allowed, only lower-case letters, digits, `-` and `.`
  hint: choose another name, such as `my-policy` (`--name my-policy`)

"#]],
        ),
    ] {
        case.kw_wasi("new --defaults").arg(name).run().code(101).stderr_eq(expected.into_data());
    }
    case.kw_wasi("new --defaults My_Policy --name my-policy").succeed();
    assert!(case.read("My_Policy/Cargo.toml").contains("name = \"my-policy\""));
}

#[test]
fn an_occupied_folder_is_refused_and_an_empty_one_filled() {
    let case = Case::empty();
    case.write("demo/notes.txt", "mine");
    case.kw_wasi("new demo --defaults").run().code(101).stderr_eq(str![[r#"
error: `demo` already contains files
  hint: choose another folder, or pass `--force` to write next to them

"#]]);
    assert_eq!(case.files(), ["demo/notes.txt"]);
    case.kw_wasi("new demo --defaults --force").succeed();
    assert_eq!(case.read("demo/notes.txt"), "mine");
    assert!(case.exists("demo/src/main.rs") && case.exists("demo/.git/HEAD"));
    case.write("other/src/main.rs", "mine");
    case.kw_wasi("new other --defaults --force").run().code(101).stderr_eq(str![[r#"
error: `other` already contains `src/main.rs`
  hint: move them away first: `--force` writes next to files, not over them, and not through links

"#]]);
    assert_eq!(support::files_below(&case.path("other")), ["src/main.rs"]);
    case.write("file", "");
    case.kw_wasi("new file --defaults")
        .run()
        .code(101)
        .stderr_has("`file` already exists, and is not a folder");
    std::fs::create_dir(case.path("empty")).unwrap();
    case.kw_wasi("new . --defaults").folder(case.path("empty")).succeed().stderr_eq(str![[r#"
     Created policy `empty` in `.`
        Next cargo kw-wasi build

"#]]);
    assert!(case.exists("empty/src/main.rs"));
}

#[test]
fn missing_parents_are_created() {
    let case = Case::empty();
    case.kw_wasi("new a/b/demo --defaults").succeed();
    assert!(case.exists("a/b/demo/Cargo.toml"));
}

#[cfg(unix)]
#[test]
fn a_project_has_the_permissions_that_the_umask_allows() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::empty();
    case.program("sh")
        .args(["-c", &format!("umask 022; exec {} kw-wasi new demo --defaults", support::TOOL)])
        .succeed();
    let mode = |path: &str| case.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("demo"), mode("demo/Cargo.toml")), (0o755, 0o644));
}

/// Runs `new` with a limit on the size of files, as on a full disk.
#[cfg(unix)]
fn with_full_disk(case: &Case, args: &str) -> support::Run {
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {} kw-wasi new --defaults {args}", support::TOOL);
    case.program("sh").args(["-c", &script]).run()
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_no_files_are_left_and_the_path_is_named() {
    let case = Case::empty();
    with_full_disk(&case, "a/demo").code(101).stderr_eq(str![[r#"
error: could not create the project: nothing was written
  cause: could not write `a/demo/[..]`
  cause: File too large (os error 27)

"#]]);
    assert_eq!(case.path("").read_dir().unwrap().count(), 0, "not even the parent that was created");
    case.write("demo/notes.txt", "mine");
    with_full_disk(&case, "demo --force").code(101);
    assert_eq!(support::files_below(&case.root()), ["demo/notes.txt"]);
}

#[test]
fn a_folder_that_can_be_written_only_in_part_is_restored() {
    let case = Case::empty();
    // `src` is a file: `src/main.rs` cannot be written.
    case.write("demo/src", "mine");
    case.kw_wasi("new demo --defaults --force").run().code(101).stderr_has("`demo` already contains `src`");
    assert_eq!(support::files_below(&case.path("demo")), ["src"]);
    #[cfg(unix)]
    case.kw_wasi("new /dev/null/demo --defaults").run().code(101).stderr_has("/dev/null");
}

#[cfg(unix)]
#[test]
fn without_git_no_files_are_left() {
    let case = Case::empty();
    case.kw_wasi("new demo --defaults").env("PATH", case.path("nowhere")).run().code(101).stderr_eq(str![[
        r#"
error: could not create a git repository
  cause: could not start `git`
  cause: No such file or directory (os error 2)
  hint: pass `--vcs none`, or repair git

"#
    ]]);
    case.stub("git", "echo 'fatal: no' >&2; exit 128");
    let run =
        case.kw_wasi("new demo --defaults --author=").env("PATH", case.path_with_stubs()).run().code(101);
    run.stderr_eq(str![[r#"
fatal: no
error: could not create a git repository: `git` failed
  hint: pass `--vcs none`, or repair git

"#]]);
    assert!(case.path("").read_dir().unwrap().next().is_none());
}

#[test]
fn inside_a_repository_no_second_one_is_created() {
    let case = Case::empty();
    case.program("git").args(["init", "-q"]).succeed();
    case.kw_wasi("new demo --defaults").succeed();
    assert!(!case.exists("demo/.git"));
    assert!(!case.exists("demo/.github"), "GitHub reads workflows only in the root of a repository");
}

const WORKSPACE: &str = r#"# All our policies.
[workspace]
resolver = "3"
members = [
    # the oldest
    "alpha", # kept
    "omega",
]

[workspace.package]
version = "2.0.0"
edition = "2024"
authors = ["The Team <team@example.com>"]
license = "MIT"
repository = "https://example.com/policies"

[workspace.lints.rust]
unused = "warn"
"#;

/// Workspaces whose members have to be stricter, or older, than generated code can be.
#[test]
fn a_new_package_builds_in_a_strict_workspace() {
    let case = Case::empty();
    case.write(
        "Cargo.toml",
        r#"[workspace]
resolver = "2"
members = []
package.edition = "2018"
package.rust-version = "1.74"

[workspace.lints.rust]
missing_docs = "deny"
rust_2018_idioms = { level = "deny", priority = -1 }
unreachable_pub = "deny"

[workspace.lints.clippy]
pedantic = { level = "deny", priority = -1 }
unwrap_used = "deny"

[profile.release]
debug = true
"#,
    );
    let root = case.read("Cargo.toml");
    let target = crate::support::shared_target_folder("generated");
    for kind in ["validate", "mutate", "raw-validate", "raw-mutate"] {
        case.kw_wasi(&format!("new strict-{kind} --defaults --kind {kind}")).succeed().stderr_has(
            "the policy needs Rust 1.80, and the workspace supports Rust 1.74: the package has its own `rust-version`",
        );
        let manifest = case.read(&format!("strict-{kind}/Cargo.toml"));
        assert!(manifest.contains("edition = \"2021\"\nrust-version = \"1.80\""), "{manifest}");
        let cargo = |args: &[&str]| {
            let command = case.program("cargo").args(args).folder(case.path(&format!("strict-{kind}")));
            let command = command.env("RUSTUP_TOOLCHAIN", crate::support::native_toolchain());
            command.env("CARGO_TARGET_DIR", &target).succeed()
        };
        cargo(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]);
        cargo(&["fmt", "--check"]);
    }
    let after = case.read("Cargo.toml");
    assert_eq!(after.lines().count(), root.lines().count(), "only the members have changed: {after}");
    case.kw_wasi("build -q -p strict-validate").env("CARGO_TARGET_DIR", &target).succeed();
    let size = std::fs::metadata(target.join("kubewarden/strict-validate.wasm")).unwrap().len();
    assert!(size < 110_000, "{size} bytes");
}

#[test]
fn an_empty_clone_is_an_empty_folder() {
    let case = Case::empty();
    case.program("git").args(["init", "--quiet", "clone"]).succeed();
    let clone = case.path("clone");
    case.kw_wasi("new . --defaults").folder(&clone).succeed().stderr_lacks("workflows");
    assert!(case.exists("clone/Cargo.toml") && case.exists("clone/.git/HEAD"));
    assert!(case.exists("clone/.github/workflows/test.yml"), "it is the root of a repository");
    case.kw_wasi("new inner --defaults").folder(&clone).succeed().stderr_has("no GitHub workflows");
    assert!(!case.exists("clone/inner/.github"));
}

#[test]
fn a_package_joins_its_workspace() {
    let case = Case::empty();
    case.write("Cargo.toml", WORKSPACE);
    for name in ["alpha", "omega"] {
        case.write(
            &format!("{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion.workspace = true\n"),
        );
        case.write(&format!("{name}/src/lib.rs"), "");
    }
    case.kw_wasi("new demo --defaults --vcs none").succeed().stderr_eq(str![[r#"
     Created policy `demo` in `demo`
     Updated `Cargo.toml`: the package is a member of the workspace
        Note no GitHub workflows: GitHub reads them only at the root of a repository
        Next cd demo && cargo kw-wasi build

"#]]);
    let expected = WORKSPACE.replace("    \"omega\",\n", "    \"demo\",\n    \"omega\",\n");
    assert_eq!(case.read("Cargo.toml"), expected);
    let manifest = case.read("demo/Cargo.toml");
    for line in [
        "version.workspace = true",
        "edition.workspace = true",
        "authors.workspace = true",
        "license.workspace = true",
        "repository.workspace = true",
        "# [lints]\n# workspace = true",
    ] {
        assert!(manifest.contains(line), "{line} is in:\n{manifest}");
    }
    assert!(!manifest.contains("[profile"));
    let before = case.read("demo/metadata.yml");
    assert!(before.contains("2.0.0") && before.contains("The Team <team@example.com>"), "{before}");
    // `new` wrote what `build` would write.
    case.kw_wasi("build -q -p demo --offline").run();
    case.kw_wasi("build -p demo").run().stderr_lacks("Updated");
    assert_eq!(case.read("demo/metadata.yml"), before);
}

#[test]
fn a_workspace_is_left_alone_where_nothing_needs_to_change() {
    let case = Case::empty();
    let manifest = "[workspace]\nmembers = [\"policies/*\"]\nexclude = [\"vendor\"]\n\n[profile.release]\nlto = \"thin\"\n";
    case.write("Cargo.toml", manifest);
    case.kw_wasi("new policies/demo --defaults --license MIT").succeed().stderr_lacks("Updated");
    case.kw_wasi("new vendor/demo --defaults").succeed().stderr_lacks("Updated");
    assert_eq!(case.read("Cargo.toml"), manifest);
    assert!(case.read("policies/demo/Cargo.toml").contains("license = \"MIT\""), "a flag is not inherited");
}

#[test]
fn a_workspace_that_cannot_be_changed_gets_no_package() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace\n");
    case.kw_wasi("new demo --defaults")
        .run()
        .code(101)
        .stderr_has("could not read the manifest `Cargo.toml`, whose workspace the package would belong to");
    case.write("Cargo.toml", "[workspace]\nmembers = \"all\"\n");
    case.kw_wasi("new demo --defaults")
        .run()
        .code(101)
        .stderr_has("`workspace.members` in `Cargo.toml` is not a list");
    assert_eq!(case.files(), ["Cargo.toml"]);
}

#[test]
fn cargo_itself_accepts_the_workspace() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = []\n");
    case.kw_wasi("new one --defaults").succeed();
    case.kw_wasi("new sub/two --defaults --kind raw-mutate").succeed();
    let run = case.program("cargo").args(["metadata", "--no-deps", "--format-version=1"]).succeed();
    assert_eq!(run.stderr, "");
    let metadata: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(metadata["workspace_members"].as_array().unwrap().len(), 2);
}

#[test]
fn a_project_next_to_a_workspace_or_repository_is_not_in_it() {
    let case = Case::empty();
    let manifest = "[workspace]\nmembers = []\n";
    case.write("ws/Cargo.toml", manifest).write("ws/sub/x", "");
    case.program("git").args(["init", "-q", "ws"]).succeed();
    case.kw_wasi("new ../sibling --defaults").folder(case.path("ws")).succeed();
    assert_eq!(case.read("ws/Cargo.toml"), manifest);
    assert!(case.exists("sibling/.git"));
    case.kw_wasi("new ../inner --defaults").folder(case.path("ws/sub")).succeed();
    assert!(case.read("ws/Cargo.toml").contains("members = [\"inner\"]"));
}

#[cfg(unix)]
#[test]
fn a_project_in_a_linked_folder_is_where_the_link_leads() {
    let case = Case::empty();
    case.write("ws/Cargo.toml", "[workspace]\nmembers = []\n");
    std::os::unix::fs::symlink("../elsewhere", case.path("ws/link")).unwrap();
    std::fs::create_dir(case.path("elsewhere")).unwrap();
    case.kw_wasi("new link/outer --defaults").folder(case.path("ws")).succeed();
    assert!(!case.read("ws/Cargo.toml").contains("outer"), "the target of the link is not in a workspace");
}

#[test]
fn a_dry_run_says_what_would_change_in_the_workspace() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\n");
    case.kw_wasi("new demo --defaults --dry-run").succeed().stderr_eq(str![[r#"
`Cargo.toml` would be changed: the package is a member of the workspace
note: no GitHub workflows: GitHub reads them only at the root of a repository

"#]]);
    assert_eq!(case.read("Cargo.toml"), "[workspace]\n");
}
