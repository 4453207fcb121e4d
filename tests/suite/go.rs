//! Policies in Go, built with the real compiler, run and tested.

use std::path::Path;

use crate::support::{Case, GO_SOURCE, ONE_CASE, shared_target_folder};
use snapbox::str;

#[test]
fn a_go_module_is_built_like_any_project() {
    let case = Case::go_policy();
    case.kw_wasi("build").succeed().stdout_eq("").stderr_eq(str![[r#"
       Built demo v0.1.0: target/kubewarden/demo.wasm ([..] MB)
    Manifest target/kubewarden/demo.yml (apply it with `kubectl` after `cargo kw-wasi push`)
        Next cargo kw-wasi test

"#]]);
    let first = case.read_bytes("target/kubewarden/demo.wasm");
    let metadata = cargo_kw_wasi::module::read_metadata(&first).unwrap();
    assert_eq!(metadata.len(), 1);
    let metadata: serde_json::Value = serde_json::from_slice(metadata[0]).unwrap();
    assert_eq!(metadata["executionMode"], "wasi");
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.usage"], "# demo\n\nA demo.\n");
    assert!(case.read("target/kubewarden/demo.yml").contains("registry://ghcr.io/acme/policies/demo:v0.1.0"));
    // If there is nothing to do, nothing is rewritten.
    let built = case.path("target/kubewarden/demo.wasm").metadata().unwrap().modified().unwrap();
    case.kw_wasi("build").succeed().stderr_has("Fresh demo v0.1.0");
    assert_eq!(case.path("target/kubewarden/demo.wasm").metadata().unwrap().modified().unwrap(), built);
    // Another folder and a git repository give the same module, byte for byte.
    let elsewhere = Case::go_policy();
    elsewhere.program("git").args(["init", "-q"]).succeed();
    elsewhere.program("git").args(["add", "."]).succeed();
    elsewhere.program("git").args(["commit", "-qm", "all"]).succeed();
    elsewhere.kw_wasi("build -q").succeed();
    assert!(elsewhere.read_bytes("target/kubewarden/demo.wasm") == first, "the module differs");
    let goroot = case.program("go").args(["env", "GOROOT"]).succeed().stdout;
    for path in [case.root().to_str().unwrap(), case.home().to_str().unwrap(), goroot.trim()] {
        assert!(!String::from_utf8_lossy(&first).contains(path), "`{path}` is not in the module");
    }
}

#[test]
fn the_module_is_found_from_a_subfolder_and_by_its_manifest() {
    let case = Case::go_policy();
    case.write("internal/deep/doc.go", "package deep\n");
    case.kw_wasi("build -q").folder(case.path("internal/deep")).succeed();
    assert!(case.exists("target/kubewarden/demo.wasm"));
    case.kw_wasi("build -q --manifest-path root/go.mod --target-dir elsewhere -o out.wasm")
        .folder(case.root().parent().unwrap())
        .succeed();
    let outside = case.root().parent().unwrap().to_owned();
    assert!(outside.join("out.wasm").is_file() && outside.join("out.yml").is_file());
    assert!(outside.join("elsewhere").is_dir());
    let json = case.kw_wasi("build -q --message-format json").succeed().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["name"], &json["version"]), (&"demo".into(), &"0.1.0".into()));
    // In a folder with both languages, Rust is chosen unless `go.mod` is named.
    case.write("Cargo.toml", "[package]\nname = \"rusty\"\nversion = \"0.1.0\"\n");
    case.kw_wasi("build").run().code(101).stderr_has("failed to parse manifest");
    case.kw_wasi("build -q --manifest-path go.mod").succeed();
    // The nearest project is chosen.
    case.write("go/go.mod", "module demo\n").write("go/main.go", GO_SOURCE);
    case.kw_wasi("build")
        .folder(case.path("go"))
        .run()
        .code(101)
        .stderr_has("the Go module `demo` is not a policy");
}

/// Each row has a change to the project or to the command line, and the error message.
#[test]
fn what_cannot_be_built_is_refused_before_go_is_started() {
    let table = [
        (
            "metadata.yml",
            None,
            "",
            "the Go module `example.com/acme/demo` is not a policy: `metadata.yml` is missing",
        ),
        ("go.mod", Some("go 1.21\n"), "", "could not find the name of the module in `go.mod`"),
        ("metadata.yml", Some("rules: 1\n"), "", "metadata.yml:1"),
        ("x", Some(""), "--features a", "`--features` is for cargo projects, and this is a Go module"),
        ("x", Some(""), "--all-features", "`--all-features` is for cargo projects"),
        ("x", Some(""), "--no-default-features", "`--no-default-features` is for cargo projects"),
        ("x", Some(""), "--profile dev", "`--profile` is for cargo projects"),
        ("x", Some(""), "-p demo", "`--package` is for cargo projects"),
        ("x", Some(""), "--workspace", "`--workspace` is for cargo projects"),
        ("x", Some(""), "--exclude demo", "`--exclude` is for cargo projects"),
        ("x", Some(""), "-j many", "`many` is not a number of jobs"),
        ("x", Some(""), "-- -o elsewhere", "`-o` after `--` would hide what go builds"),
        ("x", Some(""), "-- -n", "`-n` after `--` keeps go from building anything"),
    ];
    for (file, text, args, words) in table {
        let case = Case::go_policy();
        match text {
            Some(text) => drop(case.write(file, text)),
            None => std::fs::remove_file(case.path(file)).unwrap(),
        }
        case.kw_wasi(&format!("build {args}")).run().code(101).stdout_eq("").stderr_has(words);
        assert!(!case.exists("target/kubewarden"), "{words}");
    }
    let case = Case::go_policy();
    std::fs::rename(case.path("metadata.yml"), case.path("metadata.yaml")).unwrap();
    case.kw_wasi("build").run().code(101).stderr_has("rename the file");
    case.kw_wasi("build --release").run().code(101).stderr_has("metadata.yaml");
}

#[test]
fn messages_of_go_are_passed_on_unchanged() {
    let compile_error = GO_SOURCE.replace("os.Exit(1)", "os.Exit(missing)");
    let cgo = "package main\n\nimport \"C\"\n\nfunc main() {}\n";
    for (source, words) in [
        ("package demo\n", "go: no main packages to build\n"),
        (&compile_error, "# example.com/acme/demo\n./main.go:12:11: undefined: missing\n"),
        (cgo, "package example.com/acme/demo: build constraints exclude all Go files in [ROOT]\n"),
    ] {
        let case = Case::go_policy();
        case.kw_wasi("build -q").succeed();
        let before = case.read_bytes("target/kubewarden/demo.wasm");
        case.write("main.go", source);
        let run = case.kw_wasi("build").run().code(1).stdout_eq("");
        run.stderr_eq(words.to_owned());
        assert!(case.read_bytes("target/kubewarden/demo.wasm") == before, "the last good module is kept");
    }
}

#[cfg(unix)]
#[test]
fn a_go_that_is_too_old_or_missing_is_reported() {
    let case = Case::go_policy();
    case.stub("go", "echo '{\"GOVERSION\": \"go1.20.14\", \"GOFLAGS\": \"\"}'\n");
    case.kw_wasi("build").env("PATH", case.path_with_stubs()).run().code(101).stderr_eq(str![[r#"
error: go1.20.14 cannot compile for WebAssembly with WASI
  hint: get Go 1.21 or later from https://go.dev/dl or from your system's packages

"#]]);
    case.kw_wasi("build").env("PATH", "/nowhere").run().code(101).stderr_eq(str![[r#"
error: could not build the Go module `demo`: `go` is not on PATH
  hint: get Go 1.21 or later from https://go.dev/dl or from your system's packages

"#]]);
}

#[test]
fn what_compiles_nothing_needs_no_go() {
    let case = Case::go_policy();
    case.write("tests/policy.yml", ONE_CASE);
    case.kw_wasi("manifest").env("PATH", "/nowhere").succeed().stdout_has("name: demo").stderr_eq("");
    case.kw_wasi("test --list").env("PATH", "/nowhere").succeed().stdout_has("all is well").stderr_eq("");
    for verb in ["build", "test", "push", "inspect"] {
        case.kw_wasi(verb).env("PATH", "/nowhere").run().code(101).stderr_has("`go` is not on PATH");
    }
}

#[test]
fn legacy_keys_of_metadata_are_warnings() {
    let case = Case::go_policy();
    case.edit("metadata.yml", "executionMode", "contextAware: false\nexecutionMode");
    case.kw_wasi("build")
        .succeed()
        .stderr_has("warning[legacy-context-aware]")
        .stderr_has("--> metadata.yml:7");
    case.edit("metadata.yml", "  io.kubewarden.policy.version: 0.1.0\n", "");
    case.kw_wasi("build").succeed().stderr_has("no manifest for `demo`: the metadata has no version");
}

/// A module with a dependency in a folder next to it, so that nothing is downloaded.
fn with_dependency() -> Case {
    let case = Case::go_policy();
    case.write("go.mod", "module example.com/acme/demo\n\ngo 1.21\n");
    case.edit("main.go", "import \"os\"", "import (\n\t\"os\"\n\n\t_ \"example.com/acme/other\"\n)");
    case.write("other/go.mod", "module example.com/acme/other\n").write("other/other.go", "package other\n");
    case
}

#[test]
fn nothing_is_fetched_offline_and_nothing_changes_when_locked() {
    let case = with_dependency();
    case.edit("main.go", "example.com/acme/other", "example.com/never/fetched");
    for flag in ["--offline", "--frozen"] {
        let flags = format!("build {flag} -- -mod=mod");
        let run = case.kw_wasi(&flags).run().code(1);
        assert!(
            run.stderr.contains("GOPROXY=off")
                || run.stderr.contains("import lookup disabled by -mod=readonly"),
            "{flag}: {}",
            run.stderr
        );
    }
    // Private modules come from their repositories, not from a proxy.
    let private = case.kw_wasi("build --offline -- -mod=mod").env("GOPRIVATE", "example.com");
    private.run().code(1).stderr_has("GOPROXY=off");

    let case = with_dependency();
    case.write(
        "go.mod",
        "module example.com/acme/demo\n\ngo 1.21\n\nreplace example.com/acme/other => ./other\n",
    );
    let before = case.read("go.mod");
    let mod_may_change = ("GOFLAGS", "-mod=mod");
    case.kw_wasi("build --locked")
        .env(mod_may_change.0, mod_may_change.1)
        .run()
        .code(1)
        .stderr_has("is replaced but not required");
    assert_eq!(case.read("go.mod"), before);
    case.kw_wasi("build -q").env(mod_may_change.0, mod_may_change.1).succeed();
    assert!(case.read("go.mod").contains("require example.com/acme/other"), "{}", case.read("go.mod"));
    case.kw_wasi("build -q --frozen").succeed();
    // If there is a folder `vendor`, only that folder is used.
    case.program("go").args(["mod", "vendor"]).succeed();
    std::fs::remove_dir_all(case.path("other")).unwrap();
    case.kw_wasi("build -q --locked").succeed();
}

#[test]
fn flags_of_the_user_are_joined_with_ours() {
    let case = Case::go_policy();
    let source = GO_SOURCE.replace("func main", "var said, told = \"nothing\", \"nothing\"\n\nfunc main");
    case.write(
        "main.go",
        source.replace("true}\\n\")", "true}\\n\")\n\tos.Stderr.WriteString(said + \" \" + told)"),
    );
    case.kw_wasi("build -q").succeed();
    let plain = case.read_bytes("target/kubewarden/demo.wasm");
    case.kw_wasi("build -q -j 1 -- -ldflags=-X=main.told=there")
        .env("GOFLAGS", "'-ldflags=-X main.said=here'")
        .succeed();
    let joined = case.read_bytes("target/kubewarden/demo.wasm");
    assert!(joined.len() < plain.len() + 1000, "the module is still stripped");
    case.write("request.json", "{}");
    case.kw_wasi("run --raw --wasm target/kubewarden/demo.wasm -r request.json")
        .succeed()
        .stderr_has("here there");
    // Build tags go after `--`.
    case.write("tagged.go", "//go:build tagged\n\npackage main\n\nfunc init() { undefined() }\n");
    case.kw_wasi("build -q -- -tags tagged").run().code(1).stderr_has("undefined: undefined");
    case.kw_wasi("build -v").succeed().stderr_has(" go build -trimpath");
    // A package pattern does not bring back the symbols, and `-j` accepts the same values as cargo's.
    case.kw_wasi("build -q -j default -- -ldflags=all=-X=main.told=there").succeed();
    let of_all = case.read_bytes("target/kubewarden/demo.wasm");
    assert!(of_all.len() < plain.len() + 1000, "the module is still stripped");
    case.kw_wasi("build -q -j -1").succeed();
}

#[test]
fn a_program_is_linked_next_to_its_destination_and_then_renamed() {
    let case = Case::go_policy();
    case.kw_wasi("build -q").env("TMPDIR", "/nowhere").succeed();
    let left = || -> Vec<_> {
        let files = case.path("target/wasip1").read_dir().unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(left(), ["demo"]);
    let elsewhere = case.home().join("work");
    std::fs::create_dir(&elsewhere).unwrap();
    case.kw_wasi("build -v -- -a -work").env("GOTMPDIR", &elsewhere).succeed();
    assert!(elsewhere.read_dir().unwrap().count() > 0, "the folder of the user is used");
    assert_eq!(left(), ["demo"]);
}

#[test]
fn a_vendored_workspace_is_locked_already() {
    let case = Case::go_policy();
    case.write(
        "work/demo/go.mod",
        "module example.com/acme/demo\n\ngo 1.22\n\nrequire example.com/acme/other v0.0.0\n",
    )
    .write(
        "work/demo/main.go",
        GO_SOURCE.replace("import \"os\"", "import (\n\t\"os\"\n\n\t_ \"example.com/acme/other\"\n)"),
    )
    .write("work/demo/metadata.yml", case.read("metadata.yml"))
    .write("work/other/go.mod", "module example.com/acme/other\n\ngo 1.22\n")
    .write("work/other/other.go", "package other\n")
    .write("work/go.work", "go 1.22\n\nuse ./demo\n\nreplace example.com/acme/other => ./other\n");
    case.program("go").args(["work", "vendor"]).folder(case.path("work")).succeed();
    std::fs::remove_dir_all(case.path("work/other")).unwrap();
    for flag in ["--locked", "--frozen"] {
        case.kw_wasi("build -q").arg(flag).folder(case.path("work/demo")).succeed().stderr_eq("");
    }
}

#[cfg(unix)]
#[test]
fn wasm_opt_makes_a_module_smaller_or_leaves_the_last_one() {
    let case = Case::go_policy();
    case.kw_wasi("build -q").succeed();
    let plain = case.read_bytes("target/kubewarden/demo.wasm");
    case.kw_wasi("build -q --wasm-opt").succeed().stderr_eq("");
    let small = case.read_bytes("target/kubewarden/demo.wasm");
    assert!(small.len() < plain.len(), "{} bytes of {}", small.len(), plain.len());
    case.write("request.json", "{}");
    case.kw_wasi("run --raw --wasm target/kubewarden/demo.wasm -r request.json").succeed();
    case.stub("wasm-opt", "echo 'Unknown option' >&2\nexit 1\n");
    case.kw_wasi("build --wasm-opt")
        .env("PATH", case.path_with_stubs())
        .run()
        .code(101)
        .stderr_has("Unknown option\nerror: could not make `target/wasip1/demo` smaller")
        .stderr_has("install Binaryen");
    assert_eq!(case.files().iter().filter(|file| file.contains(".kw-wasi-")).count(), 0);
    assert!(case.read_bytes("target/kubewarden/demo.wasm") == small, "the last module is kept");
    let rust = Case::policy();
    rust.kw_wasi("build --wasm-opt")
        .env("PATH", "/nowhere")
        .run()
        .code(101)
        .stderr_has("error: `wasm-opt` is not on PATH\n  hint: install Binaryen");
    // The features that a stripped module needs are found in its code.
    rust.write("src/main.rs", "use std::arch::wasm32::{f32x4, f32x4_extract_lane, f32x4_add};\nfn main() { let n = std::env::args().count() as f32; let v = f32x4(n, n, n, n); print!(\"{}\", f32x4_extract_lane::<2>(f32x4_add(v, v))); }\n");
    rust.kw_wasi("build -q --wasm-opt").env("RUSTFLAGS", "-Ctarget-feature=+simd128").succeed();
    assert!(rust.exists("target/kubewarden/demo.wasm"));
}

#[test]
fn a_policy_in_go_is_run_and_tested() {
    let case = Case::go_policy();
    case.write("tests/policy.yml", ONE_CASE);
    case.kw_wasi("test").succeed().stderr_has("Testing demo").stderr_lacks("warning");
    case.write("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n");
    case.kw_wasi("run -q -r pod.yaml").succeed().stdout_eq(str![[r#"
{"uid":"[..]","allowed":true,"auditAnnotations":null,"warnings":null}

"#]]);
}

/// Only the official compiler can build this policy, which is why Go policies are plain WASI.
#[test]
fn a_policy_that_evaluates_cel_is_built_and_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cel-policy");
    let case = Case::empty();
    let target = shared_target_folder("cel-policy");
    let tested = case
        .kw_wasi("test --locked --target-dir")
        .arg(&target)
        .folder(&folder)
        .env("XDG_CACHE_HOME", target.join("cache"))
        .succeed();
    assert!(tested.stdout.contains("\ntest result: ok. 9 passed"), "{}", tested.stdout);
}
