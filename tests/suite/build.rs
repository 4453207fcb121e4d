//! `build` on small packages, with the real compiler.

use std::time::{Duration, SystemTime};

use crate::support::{self, Case, ONE_CASE, POLICY_MANIFEST, POLICY_SOURCE};
#[cfg(unix)]
use snapbox::IntoData;
use snapbox::str;

/// Reads the metadata in a module.
fn metadata_of(wasm: &[u8]) -> serde_json::Value {
    let sections = cargo_kw_wasi::module::read_metadata(wasm).unwrap();
    assert_eq!(sections.len(), 1);
    serde_json::from_slice(sections[0]).unwrap()
}

#[test]
fn a_policy_is_built_and_annotated_and_gets_a_manifest() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed().stdout_eq("").stderr_eq("");
    let metadata = metadata_of(&case.read_bytes("target/kubewarden/demo.wasm"));
    assert_eq!(metadata["executionMode"], "wasi");
    assert_eq!(metadata["protocolVersion"], "Unknown");
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.usage"], "# demo\n\nA demo.\n");
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.ociUrl"], "ghcr.io/acme/policies/demo");
    snapbox::assert_data_eq!(
        case.read("target/kubewarden/demo.yml"),
        str![[r#"
# Written by `cargo kw-wasi build`: settings and mode are yours to add in a copy.
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata:
  name: demo
spec:
  module: registry://ghcr.io/acme/policies/demo:v0.1.0
  settings: {}
  rules:
  - apiGroups:
    - ''
    apiVersions:
    - v1
    resources:
    - pods
    operations:
    - CREATE
  mutating: false

"#]]
    );
    snapbox::assert_data_eq!(
        case.read("metadata.yml"),
        str![[r#"
# Written by `cargo kw-wasi build` from Cargo.toml, [package.metadata.kubewarden]: edit it there.
rules:
- apiGroups:
  - ''
  apiVersions:
  - v1
  resources:
  - pods
  operations:
  - CREATE
mutating: false
executionMode: wasi
policyType: kubernetes
backgroundAudit: true
annotations:
  io.kubewarden.policy.ociUrl: ghcr.io/acme/policies/demo
  io.kubewarden.policy.title: demo
  io.kubewarden.policy.version: 0.1.0

"#]]
    );
}

#[test]
fn people_see_the_path_the_size_and_the_next_step() {
    let case = Case::policy();
    case.kw_wasi("build").succeed().stdout_eq("").stderr_eq(str![[r#"
     Updated metadata.yml
   Compiling demo v0.1.0 ([ROOT])
    Finished `policy` profile [optimized] target(s) in [..]s
       Built demo v0.1.0: target/kubewarden/demo.wasm ([..] kB)
    Manifest target/kubewarden/demo.yml (apply it with `kubectl` after `cargo kw-wasi push`)
        Next cargo kw-wasi test

"#]]);
    case.kw_wasi("build").succeed().stdout_eq("").stderr_eq(str![[r#"
    Finished `policy` profile [optimized] target(s) in [..]s
       Fresh demo v0.1.0: target/kubewarden/demo.wasm ([..] kB)
    Manifest target/kubewarden/demo.yml (apply it with `kubectl` after `cargo kw-wasi push`)

"#]]);
}

#[test]
fn scripts_get_one_json_object() {
    let case = Case::policy();
    let run = case.kw_wasi("build -q --message-format json").succeed();
    let built: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(built["name"], "demo");
    assert_eq!(built["version"], "0.1.0");
    assert_eq!(built["wasm"], case.path("target/kubewarden/demo.wasm").to_str().unwrap());
    assert_eq!(built["manifest"], case.path("target/kubewarden/demo.yml").to_str().unwrap());
    assert_eq!(built["size_bytes"], case.read_bytes("target/kubewarden/demo.wasm").len());
    assert_eq!(built["fresh"], false);
    let again = case.kw_wasi("build -q --message-format json").succeed();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again.stdout).unwrap()["fresh"], true);
}

#[test]
fn a_build_with_nothing_to_do_changes_no_file() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    let files = ["metadata.yml", "target/kubewarden/demo.wasm", "target/kubewarden/demo.yml"];
    let old = SystemTime::now() - Duration::from_secs(3600);
    for file in files {
        std::fs::File::options().write(true).open(case.path(file)).unwrap().set_modified(old).unwrap();
    }
    case.kw_wasi("build -q").succeed();
    for file in files {
        assert_eq!(case.path(file).metadata().unwrap().modified().unwrap(), old, "{file}");
    }
    case.write("README.md", "# changed\n");
    case.kw_wasi("build -q").succeed();
    let changed = case.path("target/kubewarden/demo.wasm").metadata().unwrap().modified().unwrap();
    assert_ne!(changed, old, "the usage text is part of the module");
    assert_eq!(case.path("metadata.yml").metadata().unwrap().modified().unwrap(), old);
}

#[test]
fn the_module_contains_no_path_of_this_machine() {
    let case = Case::empty();
    case.write(
        "Cargo.toml",
        format!("{POLICY_MANIFEST}\n[dependencies]\nlocal = {{ path = \"../local\" }}\n")
            .replace("strip = true", ""),
    );
    // For a panic in a dependency outside of the workspace, cargo uses absolute paths.
    case.write("src/main.rs", "fn main() { local::fail(std::env::args().count()); let _ = include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); }");
    case.write("build.rs", "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"[1][std::env::args().count()]\").unwrap(); }");
    case.write(
        "../local/Cargo.toml",
        "[package]\nname = \"local\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    case.write(
        "../local/src/lib.rs",
        "pub fn fail(n: usize) { let list = vec![1, 2]; assert!(list[n] > n, \"no\"); }",
    );
    case.kw_wasi("build -q").succeed();
    let wasm = case.read_bytes("target/kubewarden/demo.wasm");
    let text = String::from_utf8_lossy(&wasm);
    let home = std::env::home_dir().unwrap();
    let toolchain = case.program("rustc").args(["--print", "sysroot"]).succeed().stdout;
    for path in [
        case.root(),
        case.path("target"),
        case.path("../local").canonicalize().unwrap(),
        home,
        toolchain.trim().into(),
    ] {
        assert!(!text.contains(path.to_str().unwrap()), "{}", path.display());
    }
    assert!(text.contains("src/lib.rs"), "panic locations are kept");
}

#[test]
fn flags_reach_cargo() {
    let case = Case::policy();
    case.write(
        "Cargo.toml",
        format!("{POLICY_MANIFEST}\n[profile.small]\ninherits = \"release\"\n\n[features]\ndefault = [\"a\"]\na = []\nb = []\nc = []\n"),
    );
    let command = |args: &str| {
        let run = case.kw_wasi(&format!("build -v {args}")).run();
        let line = run
            .stderr
            .lines()
            .find(|line| line.contains(" build --message-format"))
            .unwrap_or_else(|| panic!("{}", run.stderr));
        (run.code, line.to_owned())
    };
    for (flags, expected) in [
        ("-F b --features c", "--features b --features c"),
        ("--all-features", "--all-features"),
        ("--no-default-features", "--no-default-features"),
        ("--profile small", "--profile small"),
        ("--release", "--profile release"),
        ("--target-dir elsewhere", "--target-dir"),
        ("-j 1", "--jobs=1"),
        ("--jobs -1", "--jobs=-1"),
        ("--manifest-path Cargo.toml", "--manifest-path Cargo.toml"),
        ("-p demo", "--package demo@0.1.0 --bin demo"),
        ("--locked", "--locked"),
        ("--offline", "--offline"),
        ("--frozen", "--frozen"),
        ("--color never", "--color=never"),
    ] {
        let (code, line) = command(flags);
        assert_eq!(code, Some(0), "{flags}");
        assert!(line.contains(expected), "{flags}: {line}");
    }
    assert!(case.exists("elsewhere/kubewarden/demo.wasm"));
    assert!(command("-v").1.contains(" -v"), "a second -v is passed to cargo");
}

#[test]
fn features_change_what_is_built() {
    let case = Case::policy();
    case.write("Cargo.toml", format!("{POLICY_MANIFEST}\n[features]\nloud = []\n"));
    case.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", if cfg!(feature = \"loud\") { \"LOUD\" } else { \"quiet\" }); }",
    );
    case.kw_wasi("build -q -F loud").succeed();
    assert!(String::from_utf8_lossy(&case.read_bytes("target/kubewarden/demo.wasm")).contains("LOUD"));
}

#[test]
fn a_build_works_in_any_folder_of_the_package_and_with_a_binary_of_another_name() {
    let case = Case::policy();
    case.edit(
        "Cargo.toml",
        "[profile.policy]",
        "[[bin]]\nname = \"other\"\npath = \"src/main.rs\"\n\n[profile.policy]",
    );
    case.write("src/deep/er/x.txt", "");
    case.kw_wasi("build -q").folder(case.path("src/deep/er")).succeed().stderr_eq("");
    assert!(case.exists("target/kubewarden/demo.wasm"));
    assert!(case.exists("metadata.yml"));
}

#[test]
fn several_programs_need_one_to_be_the_policy() {
    let case = Case::policy();
    case.write("src/bin/one.rs", POLICY_SOURCE).write("src/bin/two.rs", POLICY_SOURCE);
    std::fs::remove_file(case.path("src/main.rs")).unwrap();
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: package `demo` has several programs (one, two), and none has its name
  hint: name the one that is the policy with `--bin NAME`, or for good with `default-run = "…"` in `[package]`

"#]]);
    case.edit("Cargo.toml", "edition", "default-run = \"two\"\nedition");
    case.kw_wasi("build -q").succeed();
}

#[test]
fn paths_with_spaces_and_non_ascii_letters_work() {
    let case = Case::empty();
    let folder = "mit Leerzeichen/übung 策略";
    case.write(&format!("{folder}/Cargo.toml"), POLICY_MANIFEST)
        .write(&format!("{folder}/src/main.rs"), POLICY_SOURCE);
    let run = case.kw_wasi("build -q --message-format json").folder(case.path(folder)).succeed();
    assert!(run.stdout.contains("übung 策略/target/kubewarden/demo.wasm"), "{}", run.stdout);
    assert!(case.exists(&format!("{folder}/target/kubewarden/demo.yml")));
}

#[test]
fn the_configuration_of_cargo_is_respected() {
    let case = Case::policy();
    case.write(
        ".cargo/config.toml",
        "[build]\ntarget-dir = \"made here\"\nrustflags = [\"--cfg\", \"loud\"]\n",
    );
    case.write("src/main.rs", "#![allow(unexpected_cfgs)]\nfn main() { println!(\"{}\", if cfg!(loud) { \"LOUD\" } else { \"quiet\" }); }");
    case.kw_wasi("build -q").succeed();
    let wasm = case.read_bytes("made here/kubewarden/demo.wasm");
    assert!(String::from_utf8_lossy(&wasm).contains("LOUD"), "flags in the configuration are kept");
    case.kw_wasi("build -q").env("RUSTFLAGS", "--cfg other").succeed();
    let wasm = case.read_bytes("made here/kubewarden/demo.wasm");
    assert!(!String::from_utf8_lossy(&wasm).contains("LOUD"), "RUSTFLAGS has precedence, as in cargo");
}

#[test]
fn the_output_can_go_elsewhere() {
    let case = Case::policy();
    case.kw_wasi("build -q -o annotated-policy.wasm").succeed();
    assert!(case.exists("annotated-policy.wasm") && case.exists("annotated-policy.yml"));
    std::fs::create_dir(case.path("out")).unwrap();
    case.kw_wasi("build -q -o out").succeed();
    assert!(case.exists("out/demo.wasm") && case.exists("out/demo.yml"));
    case.kw_wasi("build -q -o new/").succeed();
    assert!(case.exists("new/demo.wasm"));
}

#[test]
fn a_file_that_is_not_ours_is_not_overwritten_by_the_manifest() {
    let case = Case::policy();
    case.write("tests/policy.yml", "cases: []\n");
    case.kw_wasi("build -q -o tests/policy.wasm").run().code(101).stderr_eq(str![[r#"
error: could not write the manifest: `tests/policy.yml` exists and was not written by this tool
  hint: move that file, or build to another place with `--output`

"#]]);
    assert_eq!(case.read("tests/policy.yml"), "cases: []\n");
    assert!(!case.exists("tests/policy.wasm"));
}

#[test]
fn a_raw_policy_gets_an_entry_for_a_policy_server() {
    let case = Case::policy();
    let manifest = POLICY_MANIFEST
        .split("[[package")
        .next()
        .unwrap()
        .replace("mutating = false", "mutating = true\npolicy-type = \"raw\"");
    case.write("Cargo.toml", manifest);
    case.kw_wasi("build -q").succeed();
    snapbox::assert_data_eq!(
        case.read("target/kubewarden/demo.yml"),
        str![[r#"
# Written by `cargo kw-wasi build`: settings and mode are yours to add in a copy.
demo:
  module: registry://ghcr.io/acme/policies/demo:v0.1.0
  settings: {}
  allowedToMutate: true

"#]]
    );
}

#[test]
fn without_a_registry_a_warning_says_why_there_is_no_manifest() {
    let case = Case::policy();
    case.edit("Cargo.toml", "registry = \"ghcr.io/acme/policies\"\n", "");
    case.kw_wasi("build").succeed().stderr_has("warning[missing-registry]: no manifest for `demo`");
    assert!(case.exists("target/kubewarden/demo.wasm") && !case.exists("target/kubewarden/demo.yml"));
}

#[test]
fn a_hand_written_metadata_file_is_the_source() {
    let case = Case::policy();
    case.write("Cargo.toml", "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let text = "rules:\n- apiGroups: ['']\n  apiVersions: [v1]\n  resources: [pods]\n  operations: [CREATE]\nmutating: false\nexecutionMode: wasi\nannotations:\n  io.kubewarden.policy.version: 0.1.0\n  io.kubewarden.policy.title: other-title\n  io.kubewarden.policy.ociUrl: ghcr.io/acme/other\n";
    case.write("metadata.yml", text);
    case.kw_wasi("build -q").succeed().stderr_eq("");
    assert_eq!(case.read("metadata.yml"), text);
    let metadata = metadata_of(&case.read_bytes("target/kubewarden/demo.wasm"));
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.title"], "other-title");
    assert!(case.read("target/kubewarden/demo.yml").contains("name: other-title"));
    case.edit("Cargo.toml", "0.1.0", "0.2.0");
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error[version-mismatch]: annotation `io.kubewarden.policy.version` is `0.1.0`, but `Cargo.toml` has `version = "0.2.0"`
  --> metadata.yml:9
    |
  9 |   io.kubewarden.policy.version: 0.1.0
    |
  fix: write the same version in both, or move the metadata to `[package.metadata.kubewarden]` in `Cargo.toml`, which needs no second version
error: could not build `demo` (1 error): the metadata is not what Kubewarden accepts

"#]]);
}

#[test]
fn metadata_written_twice_is_refused_and_nothing_is_overwritten() {
    let case = Case::policy();
    case.write("metadata.yml", "rules: []\n");
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: package `demo` has its metadata twice: in `Cargo.toml` and in `metadata.yml`, which was not written by this tool
  hint: move what only `metadata.yml` has to the table, which accepts its keys as they are, and leave out annotations for what `[package]` has (version, description, authors, license, repository); then remove `metadata.yml`, and `build` writes it from the table. Or remove the table

"#]]);
    assert_eq!(case.read("metadata.yml"), "rules: []\n");
}

#[test]
fn a_table_that_was_removed_is_noticed() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    case.write("Cargo.toml", "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: `metadata.yml` was written from the table `[package.metadata.kubewarden]` of `Cargo.toml`, which no longer exists
  hint: restore the table, or remove the first line of `metadata.yml` to make it your own file

"#]]);
}

#[test]
fn locked_refuses_to_change_the_metadata_file() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    case.kw_wasi("build -q --locked").succeed();
    case.edit("Cargo.toml", "mutating = false", "mutating = true");
    for flag in ["--locked", "--frozen"] {
        case.kw_wasi("build").arg(flag).run().code(101).stderr_eq(str![[r#"
error: `metadata.yml` does not match the table `[package.metadata.kubewarden]`, and may not be written because of `--locked` or `--frozen`
  hint: run `cargo kw-wasi build` without that flag, and commit the file

"#]]);
    }
    assert!(case.read("metadata.yml").contains("mutating: false"));
    let crlf = case.read("metadata.yml").replace('\n', "\r\n");
    case.edit("Cargo.toml", "mutating = true", "mutating = false").write("metadata.yml", &crlf);
    case.kw_wasi("build -q --locked").succeed();
    assert_eq!(
        case.read("metadata.yml"),
        crlf,
        "line ends of a checkout on Windows do not count as a change"
    );
}

#[test]
fn all_findings_come_in_one_report_with_lines_and_fixes() {
    let case = Case::policy();
    case.edit(
        "Cargo.toml",
        "mutating = false",
        "mutatin = false\nseverity = \"urgent\"\ntitle = \"Demo Policy\"",
    );
    case.edit("Cargo.toml", "[\"pods\"]", "[\"pods\", \"*\"]").edit(
        "Cargo.toml",
        "[\"CREATE\"]",
        "[\"create\"]",
    );
    case.kw_wasi("build").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error[missing-key]: `mutating` is missing
  --> Cargo.toml:6
    |
  6 | [package.metadata.kubewarden]
    |
  fix: write `mutating = true` if the policy changes objects, else `mutating = false`
warning[unknown-key]: unknown key `mutatin`: Kubewarden ignores it
  --> Cargo.toml:8
    |
  8 | mutatin = false
    |
  fix: write `mutating`
warning[unknown-severity]: unknown severity `urgent`
  --> Cargo.toml:9
    |
  9 | severity = "urgent"
    |
  fix: write `info`, `low`, `medium`, `high` or `critical`
warning[invalid-title]: the title `Demo Policy` cannot name a Kubernetes resource: `D` is not allowed, only lower-case letters, digits, `-` and `.`
  --> Cargo.toml:10
     |
  10 | title = "Demo Policy"
     |
  fix: write `demo-policy`; a title for people goes into the annotation `io.artifacthub.displayName`
warning[covered-resource]: `pods` is covered by `*`: in another order, Kubernetes would refuse it
  --> Cargo.toml:15
     |
  15 | resources = ["pods", "*"]
     |
  fix: remove `pods`
error[unknown-operation]: unknown operation `create`
  --> Cargo.toml:16
     |
  16 | operations = ["create"]
     |
  fix: write `CREATE`
error: could not build `demo` (2 errors and 4 warnings): the metadata is not what Kubewarden accepts

"#]]);
    assert!(!case.exists("target"), "nothing was compiled");
}

#[test]
fn the_error_for_a_package_that_is_not_a_policy_says_what_to_add() {
    let case = Case::policy();
    case.write("Cargo.toml", "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: package `demo` is not a policy: Kubewarden's metadata is missing
  hint: add to `Cargo.toml`:
        
        [package.metadata.kubewarden]
        mutating = false
        
        [[package.metadata.kubewarden.rules]]
        api-groups = [""]
        api-versions = ["v1"]
        resources = ["pods"]
        operations = ["CREATE", "UPDATE"]
        
        or put a `metadata.yml` next to it

"#]]);
}

/// A workspace of two policies, a library and a program that is not a policy.
fn workspace() -> Case {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n\n[workspace.package]\nversion = \"1.2.3\"\ndescription = \"from the workspace\"\n");
    for name in ["one", "two"] {
        let manifest =
            POLICY_MANIFEST.split("[profile").next().unwrap().replace("\"demo\"", &format!("\"{name}\""));
        let manifest =
            manifest.replace("version = \"0.1.0\"", "version.workspace = true\ndescription.workspace = true");
        case.write(&format!("{name}/Cargo.toml"), manifest)
            .write(&format!("{name}/src/main.rs"), POLICY_SOURCE);
    }
    case.write(
        "library/Cargo.toml",
        "[package]\nname = \"library\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    )
    .write("library/src/lib.rs", "");
    case.write(
        "program/Cargo.toml",
        "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    )
    .write("program/src/main.rs", POLICY_SOURCE);
    case
}

#[test]
fn all_policies_of_a_workspace_are_built_and_others_skipped() {
    let case = workspace();
    let run = case.kw_wasi("build -v --workspace --message-format json").succeed();
    assert_eq!(run.stderr.matches(" build --message-format").count(), 2, "one call for each");
    for selected in ["--package one@1.2.3 --bin one", "--package two@1.2.3 --bin two"] {
        assert!(run.stderr.contains(selected), "{}", run.stderr);
    }
    let names: Vec<_> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].clone())
        .collect();
    assert_eq!(names, ["one", "two"]);
    let metadata = metadata_of(&case.read_bytes("target/kubewarden/two.wasm"));
    assert_eq!(
        metadata["annotations"]["io.kubewarden.policy.version"], "1.2.3",
        "inherited from the workspace"
    );
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.description"], "from the workspace");
    assert!(
        !case
            .path("target/wasm32-wasip1/policy")
            .read_dir()
            .unwrap()
            .flatten()
            .any(|file| file.file_name() == "program.wasm")
    );
}

#[test]
fn packages_are_selected_as_in_cargo() {
    let case = workspace();
    case.kw_wasi("build -q -p one").succeed();
    assert!(case.exists("target/kubewarden/one.wasm") && !case.exists("target/kubewarden/two.wasm"));
    case.kw_wasi("build -q").folder(case.path("two/src")).succeed();
    assert!(case.exists("target/kubewarden/two.wasm"));
    case.kw_wasi("build -q --workspace --exclude one").succeed();
    case.kw_wasi("build -q").succeed();
    case.kw_wasi("build -q -p t*").succeed();
    case.kw_wasi("build -q -p two@1.2.3").succeed();
    case.kw_wasi("build -q -p two@9.9.9").run().code(101).stderr_has("there is no package `two@9.9.9`");
    case.kw_wasi("build -p program").run().code(101).stderr_has("error: package `program` is not a policy");
    case.kw_wasi("build")
        .folder(case.path("library"))
        .run()
        .code(101)
        .stderr_has("error: package `library` is not a policy");
    case.kw_wasi("build -p tow").run().code(101).stderr_eq(str![[r#"
error: there is no package `tow`
  hint: did you mean `two`? The packages are `library`, `one`, `program`, `two`

"#]]);
    case.kw_wasi("build --workspace -o one.wasm").run().code(101).stderr_eq(str![[r#"
error: could not write several policies to the one file `one.wasm`
  hint: name an existing folder with `--output`, or one policy with `--package`

"#]]);
    case.kw_wasi("build --exclude one")
        .run()
        .code(101)
        .stderr_has("`--exclude` leaves packages out of `--workspace`");
}

#[test]
fn a_library_is_not_a_policy() {
    let case = Case::policy();
    std::fs::remove_file(case.path("src/main.rs")).unwrap();
    case.write("src/lib.rs", "");
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: package `demo` has no program: a WASI policy is a program, not a library
  hint: add `src/main.rs` with a `fn main`; if the library uses `kubewarden-policy-sdk`, it is a waPC policy: build it as Kubewarden's Rust template does

"#]]);
}

#[test]
fn a_module_that_no_host_can_load_is_not_written() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    let before = case.read_bytes("target/kubewarden/demo.wasm");
    case.write(
        "src/main.rs",
        "#[link(wasm_import_module = \"env\")]\nextern \"C\" { fn strange(); }\nfn main() { unsafe { strange() } }\n",
    );
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
   Compiling demo v0.1.0 ([ROOT])
    Finished `policy` profile [optimized] target(s) in [..]s
error[unknown-import]: no Kubewarden host provides the import `env`.`strange`
  fix: a policy may import from `wasi_snapshot_preview1`, and `host`.`call`; remove the dependency that imports more
error: could not build `demo`: no Kubewarden host would load the module `target/wasm32-wasip1/policy/demo.wasm`

"#]]);
    assert_eq!(case.read_bytes("target/kubewarden/demo.wasm"), before, "the earlier output is intact");
}

#[test]
fn after_a_compile_error_only_cargo_prints_errors() {
    let case = Case::policy();
    case.write("src/main.rs", "fn main() { nothing() }\n");
    let run = case.kw_wasi("build").run().code(101);
    assert!(run.stderr.contains("error[E0425]"), "{}", run.stderr);
    assert!(
        run.stderr.trim_end().lines().last().unwrap().starts_with("error: could not compile `demo`"),
        "{}",
        run.stderr
    );
    assert!(!case.exists("target/kubewarden/demo.wasm"));
    case.write("Cargo.toml", "[package]\nname = 3\n");
    let run = case.kw_wasi("build").run().code(101);
    assert!(!run.stderr.contains("cargo metadata"), "cargo has reported the error already: {}", run.stderr);
}

#[test]
fn outside_of_a_project_the_error_says_how_to_start() {
    let case = Case::empty();
    case.kw_wasi("build").run().code(101).stderr_eq(str![[r#"
error: could not find `Cargo.toml` or `go.mod` in `[ROOT]` or any folder above it
  hint: run it inside a policy project, or create one with `cargo kw-wasi new`

"#]]);
}

/// A compiler that is installed but does not work.
#[cfg(unix)]
const BROKEN_RUSTC: &str = "echo 'error: this compiler is broken' >&2\nexit 9\n";

#[cfg(unix)]
#[test]
fn commands_that_compile_nothing_work_with_a_broken_compiler() {
    let case = Case::policy();
    case.write("tests/policy.yml", ONE_CASE).stub("rustc", BROKEN_RUSTC);
    // Cargo accepts this value, but the library that reads the configuration for `build` does not.
    case.write(".cargo/config.toml", "[build]\njobs = \"default\"\n");
    let stubs = case.path_with_stubs();
    case.kw_wasi("manifest").env("PATH", &stubs).succeed().stdout_has("name: demo").stderr_eq("");
    case.kw_wasi("test --list").env("PATH", &stubs).succeed().stdout_has("all is well").stderr_eq("");
    std::fs::remove_file(case.path(".cargo/config.toml")).unwrap();
    for verb in ["build", "test"] {
        case.kw_wasi(verb).env("PATH", &stubs).run().code(9).stderr_has("error: this compiler is broken");
    }
    case.kw_wasi("build").env("RUSTC", "/nowhere/rustc").run().code(101).stderr_eq(str![[r#"
error: could not ask the compiler `/nowhere/rustc` for its targets
  cause: could not start `/nowhere/rustc`
  cause: No such file or directory (os error 2)
  hint: install Rust from https://rustup.rs, or from your system's packages

"#]]);
}

/// Each of the two stubs waits until the other has started.
#[cfg(unix)]
#[test]
fn cargo_and_the_compiler_run_at_the_same_time() {
    let case = Case::policy();
    for (own, other) in [("cargo", "rustc"), ("rustc", "cargo")] {
        let wait = format!("for _ in $(seq 300); do [ -e \"$HOME/{other}\" ] && break; sleep 0.1; done");
        let check = format!("[ -e \"$HOME/{other}\" ] || {{ echo '{own} was alone' >&2; exit 9; }}");
        let run = format!("PATH=${{PATH#*:}} exec {own} \"$@\"");
        case.stub(own, &format!("touch \"$HOME/{own}\"\n{wait}\n{check}\n{run}\n"));
    }
    case.kw_wasi("build -q").env("PATH", case.path_with_stubs()).succeed();
}

/// A stub that records its arguments and does what `kwctl annotate` does.
#[cfg(unix)]
const KWCTL: &str = r#"
printf '%s\n' "$@" > "$HOME/kwctl-arguments"
while [ $# -gt 1 ]; do
    case $1 in --output-path) output=$2 ;; esac
    shift
done
cp "$1" "$output"
printf '\000\031\026io.kubewarden.metadata{}' >> "$output"
"#;

#[cfg(unix)]
#[test]
fn the_real_annotator_can_be_called() {
    let case = Case::policy();
    case.stub("kwctl", KWCTL);
    case.kw_wasi("build -q --annotator kwctl").env("PATH", case.path_with_stubs()).succeed().stderr_eq("");
    let arguments = std::fs::read_to_string(case.home().join("kwctl-arguments")).unwrap();
    support::assert_snapshot(
        &arguments,
        str![[r#"
annotate
--metadata-path
[ROOT]/metadata.yml
--usage-path
[ROOT]/README.md
--output-path
[ROOT]/target/kubewarden/.kw-wasi-[..]
[ROOT]/target/wasm32-wasip1/policy/demo.wasm

"#]]
        .into_data(),
        case.redactions(),
    );
    assert!(case.read_bytes("target/kubewarden/demo.wasm").ends_with(b"io.kubewarden.metadata{}"));
    let left: Vec<_> =
        case.path("target/kubewarden").read_dir().unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
}

#[cfg(unix)]
#[test]
fn an_annotator_that_is_missing_or_fails_leaves_no_output() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    let before = case.read_bytes("target/kubewarden/demo.wasm");
    case.write("README.md", "# other\n");
    case.kw_wasi("build -q --annotator kwctl").run().code(101).stderr_eq(str![[r#"
error: `kwctl` is not on PATH
  hint: leave out `--annotator kwctl`: the annotator of this tool does not need kwctl, and writes the same metadata

"#]]);
    case.stub("kwctl", "echo 'Error: no' >&2; exit 7");
    case.kw_wasi("build -q --annotator kwctl")
        .env("PATH", case.path_with_stubs())
        .run()
        .code(7)
        .stderr_eq("Error: no\n");
    case.stub("kwctl", "exit 0");
    case.kw_wasi("build -q --annotator kwctl").env("PATH", case.path_with_stubs()).run().code(101);
    assert_eq!(case.read_bytes("target/kubewarden/demo.wasm"), before);
}

/// Uses `timeout`, which only Linux has by default.
#[cfg(target_os = "linux")]
#[test]
fn a_build_killed_while_compiling_leaves_the_earlier_output() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    let before = case.read_bytes("target/kubewarden/demo.wasm");
    case.write("build.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(30)); }");
    // Kills the tool and the compiler that it started, as when a terminal is closed.
    let script = format!("exec timeout --signal KILL 1 {} kw-wasi build -q", support::TOOL);
    assert_ne!(case.program("sh").args(["-c", &script]).run().code, Some(0));
    assert_eq!(case.read_bytes("target/kubewarden/demo.wasm"), before);
    assert_eq!(case.path("target/kubewarden").read_dir().unwrap().count(), 2);
}

#[test]
fn an_output_that_cannot_be_written_names_the_path() {
    let case = Case::policy();
    case.write("taken", "a file");
    case.kw_wasi("build -q -o taken/demo.wasm")
        .run()
        .code(101)
        .stderr_has("`[ROOT]/taken".replace("[ROOT]", case.root().to_str().unwrap()).as_str());
    assert_eq!(case.read("taken"), "a file");
}

#[cfg(unix)]
#[test]
fn a_missing_target_is_added_by_rustup_unless_offline() {
    let case = Case::policy();
    // A compiler whose target folder appears when the other stub runs.
    let toolchain = case.home().join("toolchains/stub-x");
    let libdir = toolchain.join("lib");
    case.stub("rustc", &format!("echo {}\necho {}\n", toolchain.display(), libdir.display()));
    case.stub(
        "rustup",
        &format!(
            "echo \"$@\" >> \"$HOME/rustup-arguments\"\nmkdir -p {0}\ntouch {0}/libstd-1.rlib\n",
            libdir.display()
        ),
    );
    let stubs = case.path_with_stubs();
    for flag in ["--offline", "--frozen"] {
        let run = case.kw_wasi("build").arg(flag).env("PATH", &stubs).run().code(101);
        assert!(
            run.stderr.contains("rustup target add --toolchain stub-x wasm32-wasip1`, with a network"),
            "{}",
            run.stderr
        );
    }
    assert!(!case.home().join("rustup-arguments").exists());
    let run = case.kw_wasi("build").env("PATH", &stubs).run();
    assert!(run.stderr.contains("Adding target `wasm32-wasip1` to toolchain `stub-x`"), "{}", run.stderr);
    assert_eq!(
        std::fs::read_to_string(case.home().join("rustup-arguments")).unwrap(),
        "target add --toolchain stub-x wasm32-wasip1\n"
    );
}

#[cfg(unix)]
#[test]
fn a_target_that_rustup_cannot_add_gives_the_command_for_this_system() {
    let case = Case::policy();
    let toolchain = case.home().join("toolchains/stub-x");
    case.stub("rustc", &format!("echo {0}\necho {0}/lib\n", toolchain.display()));
    case.stub("rustup", "echo 'error: no server' >&2; exit 1");
    case.kw_wasi("build").env("PATH", case.path_with_stubs()).run().code(101).stderr_eq(str![[r#"
     Updated metadata.yml
      Adding target `wasm32-wasip1` to toolchain `stub-x`
error: no server
error: target `wasm32-wasip1` is not installed for toolchain `stub-x`, and could not be added: `rustup` failed
  hint: if rustup cannot reach its server, use a compiler that has the target: [..]

"#]]);
    case.stub("rustc", "echo /usr\necho /usr/lib/none\n");
    case.kw_wasi("build").env("PATH", case.path_with_stubs()).run().code(101).stderr_eq(str![[r#"
error: target `wasm32-wasip1` is not installed for `rustc` in `/usr`
  hint: [..]

"#]]);
}

#[test]
fn packages_can_be_named_in_every_form_that_cargo_accepts() {
    let case = workspace();
    let url = format!("path+file://{}", case.path("two").display());
    for spec in
        ["two", "two@1", "two@1.2", "two:1.2.3", &url, &format!("{url}#1.2.3"), &format!("{url}#two@1.2.3")]
    {
        let run = case.kw_wasi("build --message-format json -q -p").arg(spec).succeed();
        assert!(
            run.stdout.contains("\"name\":\"two\"") && run.stdout.lines().count() == 1,
            "{spec}: {}",
            run.stdout
        );
    }
    let all = case.kw_wasi("build --message-format json -q -p one --workspace").succeed();
    assert_eq!(all.stdout.lines().count(), 2, "as in cargo, --workspace has precedence");
}

#[cfg(unix)]
#[test]
fn a_compiler_wrapper_is_left_to_cargo() {
    let case = Case::policy();
    case.stub("wrapper", "echo called >> \"$HOME/wrapped\"\nexec \"$@\"\n");
    let wrapper = case.home().join("../bin/wrapper");
    case.kw_wasi("build -q").env("RUSTC_WRAPPER", wrapper).succeed();
    assert!(case.home().join("wrapped").exists());
    case.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"\"\n");
    case.kw_wasi("build -q").env("CARGO_BUILD_JOBS", "default").succeed();
}

#[test]
fn an_outdated_manifest_is_removed() {
    let case = Case::policy();
    case.kw_wasi("build -q").succeed();
    assert!(case.exists("target/kubewarden/demo.yml"));
    case.edit("Cargo.toml", "registry = \"ghcr.io/acme/policies\"\n", "");
    case.kw_wasi("build -q").succeed();
    assert!(!case.exists("target/kubewarden/demo.yml"));
}

#[test]
fn a_module_replaces_only_another_module() {
    let case = Case::policy();
    case.write("notes.txt", "mine");
    for output in ["Cargo.toml", "notes.txt"] {
        case.kw_wasi("build -q -o")
            .arg(output)
            .run()
            .code(101)
            .stderr_has("exists and is not a WebAssembly module");
    }
    assert_eq!(case.read("notes.txt"), "mine");
}

#[cfg(unix)]
#[test]
fn devices_and_links_are_not_replaced() {
    let case = Case::policy();
    case.kw_wasi("build -q -o /dev/null")
        .run()
        .code(101)
        .stderr_has("exists and is not a WebAssembly module");
    case.write("real.wasm", "");
    std::os::unix::fs::symlink("real.wasm", case.path("link.wasm")).unwrap();
    case.kw_wasi("build -q -o link.wasm").succeed();
    assert!(case.path("link.wasm").symlink_metadata().unwrap().is_symlink());
    assert!(case.read_bytes("real.wasm").starts_with(b"\0asm"));
}

#[test]
fn a_cargo_manifest_may_begin_with_a_byte_order_mark() {
    let case = Case::policy();
    case.write("Cargo.toml", format!("\u{feff}{POLICY_MANIFEST}"));
    case.kw_wasi("build -q").succeed().stderr_eq("");
}

/// Git may check out files like this on Windows.
#[test]
fn windows_line_endings_make_no_difference() {
    let case = Case::policy();
    let annotations = "\n[package.metadata.kubewarden.annotations]\nnote = \"\"\"\nfirst\nsecond\n\"\"\"\n";
    let manifest = POLICY_MANIFEST.replace("edition", "description = \"\"\"\none\ntwo\"\"\"\nedition");
    case.write("Cargo.toml", format!("{manifest}{annotations}"));
    case.kw_wasi("build -q").succeed();
    let module = case.read_bytes("target/kubewarden/demo.wasm");
    for file in case.files() {
        case.write(&file, case.read(&file).replace('\n', "\r\n"));
    }
    case.kw_wasi("build -q --locked").succeed().stderr_eq("");
    assert!(case.read_bytes("target/kubewarden/demo.wasm") == module, "the module differs");
    assert!(case.read("metadata.yml").contains("\r\n"), "`metadata.yml` keeps its line endings");
    case.edit("metadata.yml", "first", "1st");
    case.kw_wasi("build -q --locked").run().code(101).stderr_has("`metadata.yml` does not match the table");
}
