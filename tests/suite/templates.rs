//! Every template is generated, and the project is formatted, linted, tested, built, and run as the policy server runs it.

use crate::support::{self, Case};
use serde_json::{Value, json};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};

/// A generated project and the policy that was built from it.
struct Built {
    case: Case,
    policy: Policy,
    name: String,
    /// The message of the language for settings that are not a list.
    not_a_list: &'static str,
}

/// Generates a project, checks it as its author would, and builds it.
#[track_caller]
fn built(name: &str, args: &str) -> Built {
    let case = Case::empty();
    case.kw_wasi(&format!("new {name} --vcs none --registry ghcr.io/acme/policies --defaults {args}"))
        .succeed();
    let folder = case.path(name);
    let target = support::shared_target_folder("generated");
    let cargo = |args: &[&str]| {
        // The native checks do not need the WebAssembly target, and not every toolchain with that target has a linter.
        let command = case.program("cargo").args(args).folder(&folder).env("CARGO_TARGET_DIR", &target);
        command.env("RUSTUP_TOOLCHAIN", support::native_toolchain()).succeed()
    };
    cargo(&["fmt", "--check"]);
    cargo(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]);
    let tests = cargo(&["test", "--quiet"]);
    assert!(
        tests.stdout.contains("test result: ok. ") && !tests.stdout.contains("ok. 0 passed"),
        "{}",
        tests.stdout
    );
    let build = case.kw_wasi("build").folder(&folder).env("CARGO_TARGET_DIR", &target).succeed();
    assert!(
        !build.stderr.contains("Updated metadata.yml"),
        "`new` wrote what `build` would write: {}",
        build.stderr
    );
    assert!(!build.stderr.contains("warning"), "{}", build.stderr);
    let wasm = std::fs::read(target.join(format!("kubewarden/{name}.wasm"))).unwrap();
    let tested = case.kw_wasi("test").folder(&folder).env("CARGO_TARGET_DIR", &target).succeed();
    assert!(!tested.stderr.contains("warning"), "{}", tested.stderr);
    assert!(
        tested.stdout.contains("\ntest result: ok. ") && tested.stdout.lines().count() > 10,
        "{}",
        tested.stdout
    );
    let home = std::env::home_dir().unwrap();
    for path in [home.as_path(), &target, &folder] {
        assert!(!String::from_utf8_lossy(&wasm).contains(path.to_str().unwrap()), "no path of this machine");
    }
    Built { policy: Policy::load(&wasm), case, name: name.to_owned(), not_a_list: "expected a sequence" }
}

/// The same for a project in Go.
#[track_caller]
fn built_in_go(name: &str, args: &str) -> Built {
    let case = Case::empty();
    case.kw_wasi(&format!(
        "new {name} --lang go --vcs none --registry ghcr.io/acme/policies --defaults {args}"
    ))
    .succeed();
    let folder = case.path(name);
    let run = |program: &str, args: &[&str]| case.program(program).args(args).folder(&folder).succeed();
    assert_eq!(run("gofmt", &["-l", "."]).stdout, "");
    run("go", &["vet", "./..."]);
    run(support::staticcheck(), &["./..."]);
    let tests = run("go", &["test", "-v", "./..."]);
    assert!(tests.stdout.matches("--- PASS").count() > 5, "{}", tests.stdout);
    let build = case.kw_wasi("build").folder(&folder).succeed();
    assert!(!build.stderr.contains("warning"), "{}", build.stderr);
    let wasm = case.read_bytes(&format!("{name}/target/kubewarden/{name}.wasm"));
    let tested = case.kw_wasi("test").folder(&folder).succeed();
    assert!(!tested.stderr.contains("warning"), "{}", tested.stderr);
    assert!(
        tested.stdout.contains("\ntest result: ok. ") && tested.stdout.lines().count() > 10,
        "{}",
        tested.stdout
    );
    Built { policy: Policy::load(&wasm), case, name: name.to_owned(), not_a_list: "cannot unmarshal string" }
}

impl Built {
    fn fixture(&self, file: &str) -> Value {
        serde_json::from_str(&self.case.read(&format!("{}/tests/fixtures/{file}", self.name))).unwrap()
    }

    /// The answer to a request of the fixtures, with the settings of the fixtures.
    fn answer(&self, request: &str) -> Value {
        self.policy.validate(&self.fixture(request), &self.fixture("settings.json"))
    }
}

/// A module in a host: compiled once, with a fresh instance for each call.
struct Policy {
    engine: Engine,
    module: Module,
}

impl Policy {
    fn load(wasm: &[u8]) -> Self {
        let engine = Engine::new(&Config::new()).unwrap();
        let module = Module::new(&engine, wasm).unwrap();
        Self { engine, module }
    }

    /// Returns the exit code and the standard output of one call.
    fn run(&self, arguments: &[&str], stdin: &str) -> (i32, String) {
        let stdout = MemoryOutputPipe::new(1 << 20);
        let context = wasmtime_wasi::WasiCtx::builder()
            .args(arguments)
            .stdin(MemoryInputPipe::new(stdin.to_owned().into_bytes()))
            .stdout(stdout.clone())
            .build_p1();
        let mut linker: Linker<WasiP1Ctx> = Linker::new(&self.engine);
        add_to_linker_sync(&mut linker, |context| context).unwrap();
        let mut store = Store::new(&self.engine, context);
        let instance = linker.instantiate(&mut store, &self.module).unwrap();
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
        let code = match start.call(&mut store, ()) {
            Ok(()) => 0,
            Err(error) => {
                error.downcast_ref::<I32Exit>().unwrap_or_else(|| panic!("it trapped: {error:?}")).0
            }
        };
        (code, String::from_utf8(stdout.contents().to_vec()).unwrap())
    }

    #[track_caller]
    fn validate(&self, request: &Value, settings: &Value) -> Value {
        let (code, stdout) = self.run(
            &["policy.wasm", "validate"],
            &json!({"request": request, "settings": settings}).to_string(),
        );
        assert_eq!(code, 0);
        serde_json::from_str(&stdout).unwrap()
    }

    #[track_caller]
    fn validate_settings(&self, settings: &str) -> Value {
        let (code, stdout) = self.run(&["policy.wasm", "validate-settings"], settings);
        assert_eq!(code, 0, "settings are refused without a trap: {settings}");
        serde_json::from_str(&stdout).unwrap()
    }
}

/// Asserts that a policy follows the protocol between host and policy.
#[track_caller]
fn keeps_the_protocol(built: &Built) {
    let policy = &built.policy;
    let valid = |settings: &str| policy.validate_settings(settings)["valid"].as_bool().unwrap();
    assert!(valid(&built.fixture("settings.json").to_string()));
    assert!(valid("{}") && valid("null"));
    for settings in ["", "{", "not json", "\"text\"", "7", "{\"no_such_setting\": 1}"] {
        let answer = policy.validate_settings(settings);
        assert_eq!(answer["valid"], false, "{settings}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    for arguments in
        [&["policy.wasm"][..], &["policy.wasm", "frobnicate"], &["policy.wasm", "validate", "more"], &[]]
    {
        let (code, stdout) = policy.run(arguments, "{}");
        assert!((1..126).contains(&code) && stdout.is_empty(), "{arguments:?}: {code}");
    }
    for request in ["", "{", "[]", "{}", "{\"request\": 1}", "\u{0}"] {
        let (code, stdout) = policy.run(&["policy.wasm", "validate"], request);
        // A raw policy judges any document, but fails if the input is not a validation request.
        assert!(code == 0 || ((1..126).contains(&code) && stdout.is_empty()), "{request}: {code}");
    }
}

#[track_caller]
fn validates(built: &Built, message: &str) {
    keeps_the_protocol(built);
    assert_eq!(built.answer("accepted.json"), json!({"accepted": true}));
    let rejected = json!({"accepted": false, "code": 403, "message": message});
    assert_eq!(built.answer("rejected.json"), rejected);
    // These requests are longer than a buffer, and for one of them the buffer ends right after a `}`.
    for length in 0..3 {
        let mut request = built.fixture("rejected.json");
        request["more"] = json!({"before": "x".repeat(length), "objects": vec![json!({}); 4000]});
        assert_eq!(built.policy.validate(&request, &built.fixture("settings.json")), rejected);
    }
    let refused = built.policy.validate_settings("{\"denied_names\": \"bad\"}");
    assert_eq!(refused["valid"], false);
    assert!(refused["message"].as_str().unwrap().contains(built.not_a_list), "{refused}");
}

#[track_caller]
fn mutates(built: &Built, labels: &str) {
    keeps_the_protocol(built);
    let object = |file: &str| {
        let mut request = built.fixture(file);
        if labels == "/labels" { request } else { request["object"].take() }
    };
    let answer = built.answer("unlabeled.json");
    assert_eq!(answer["accepted"], true);
    let (before, after) = (object("unlabeled.json"), answer["mutated_object"].clone());
    let added = after.pointer(labels).unwrap().as_object().unwrap().clone();
    let wanted = built.fixture("settings.json")["labels"].as_object().unwrap().clone();
    for (key, value) in &wanted {
        assert_eq!(added.get(key), Some(value));
    }
    // Nothing has changed except the labels.
    let without_labels = |mut value: Value| {
        let (parent, key) = labels.rsplit_once('/').unwrap();
        value.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().remove(key);
        value
    };
    assert_eq!(without_labels(after), without_labels(before));
    let labeled = built.answer("labeled.json");
    assert_eq!(labeled["accepted"], true);
    let kept =
        labeled.get("mutated_object").unwrap_or(&object("labeled.json")).pointer(labels).unwrap().clone();
    assert_eq!(kept["owner"], "somebody", "an existing label is never overwritten");
    assert_eq!(built.policy.validate_settings("{\"labels\": [\"a\"]}")["valid"], false);
}

#[test]
fn validate_pods() {
    validates(&built("validate-pods", "--resource pods"), "pod name bad is not accepted");
}

#[test]
fn validate_deployments() {
    validates(
        &built("validate-deployments", "--resource deployments.apps"),
        "deployment name bad is not accepted",
    );
}

#[test]
fn validate_everything() {
    validates(&built("validate-everything", "--resource *"), "object name bad is not accepted");
}

#[test]
fn validate_with_the_types_of_k8s_openapi() {
    validates(&built("validate-k8s-openapi", "--types k8s-openapi"), "pod name bad is not accepted");
}

#[test]
fn mutate_pods() {
    mutates(&built("mutate-pods", "--kind mutate --resource pods"), "/metadata/labels");
}

#[test]
fn mutate_deployments() {
    mutates(&built("mutate-deployments", "--kind mutate --resource deployments.apps"), "/metadata/labels");
}

#[test]
fn mutate_everything() {
    mutates(&built("mutate-everything", "--kind mutate --resource *"), "/metadata/labels");
}

#[test]
fn mutate_with_the_types_of_k8s_openapi() {
    mutates(
        &built("mutate-k8s-openapi", "--kind mutate --types k8s-openapi --resource deployments.apps"),
        "/metadata/labels",
    );
}

#[test]
fn raw_validate() {
    validates(&built("raw-validate", "--kind raw-validate"), "name bad is not accepted");
}

#[test]
fn raw_mutate() {
    mutates(&built("raw-mutate", "--kind raw-mutate"), "/labels");
}

#[test]
fn deletions_are_accepted_or_judged_by_the_name_of_the_request() {
    let built = built("validate-deletions", "--operation DELETE");
    assert_eq!(built.answer("accepted.json"), json!({"accepted": true}));
    assert_eq!(built.answer("rejected.json")["accepted"], false);
    assert!(built.fixture("rejected.json").get("object").is_none());
}

#[test]
fn go_validate() {
    validates(&built_in_go("go-pods", ""), "pod name bad is not accepted");
    validates(&built_in_go("go-all", "--resource *"), "object name bad is not accepted");
    let several = built_in_go("go-several", "--resource pods,deployments.apps --operation DELETE");
    assert_eq!(several.answer("rejected.json")["accepted"], false);
    assert!(several.fixture("rejected.json").get("object").is_none());
}

#[test]
fn go_mutate() {
    mutates(&built_in_go("go-labels", "--kind mutate --resource deployments.apps"), "/metadata/labels");
}

#[test]
fn go_raw_validate() {
    validates(&built_in_go("go-raw", "--kind raw-validate"), "name bad is not accepted");
}

#[test]
fn go_raw_mutate() {
    mutates(&built_in_go("go-raw-labels", "--kind raw-mutate"), "/labels");
}

/// The Makefile works with only go and `kwctl`, as in Kubewarden's own workflows, and with this tool.
#[cfg(unix)]
#[test]
fn the_makefile_of_a_go_project_works_with_and_without_the_tool() {
    let case = Case::empty();
    case.kw_wasi("new demo --lang go --defaults --vcs none").succeed();
    case.stub("kwctl", "echo \"kwctl $*\" >> \"$HOME/called\"\nwhile [ $# -gt 1 ]; do case $1 in -o) output=$2;; esac; shift; done\ncp \"$1\" \"$output\"\n");
    case.stub("bats", "echo \"bats $*\" >> \"$HOME/called\"\n");
    let called = || {
        let path = case.home().join("called");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    };
    let path = case.path_with_stubs();
    let without: Vec<_> =
        std::env::split_paths(&path).filter(|folder| !folder.join("cargo-kw-wasi").exists()).collect();
    let without = std::env::join_paths(without).unwrap();
    let make = |goal: &str, path: &std::ffi::OsStr| {
        case.program("make").args([goal]).folder(case.path("demo")).env("PATH", path).succeed()
    };
    make("test", &without);
    make("policy.wasm", &without);
    make("annotated-policy.wasm", &without);
    assert_eq!(
        called(),
        "kwctl annotate -m metadata.yml -u README.md -o annotated-policy.wasm policy.wasm\n"
    );
    make("e2e-tests", &without);
    assert!(called().ends_with("bats e2e.bats\n"));
    make("clean", &without);
    assert!(!case.exists("demo/policy.wasm") && !case.exists("demo/annotated-policy.wasm"));
    let tool = std::path::Path::new(support::TOOL).parent().unwrap().to_owned();
    let with = std::env::join_paths(std::iter::once(tool).chain(std::env::split_paths(&path))).unwrap();
    make("annotated-policy.wasm", &with);
    make("e2e-tests", &with);
    assert_eq!(called(), "", "the tool needs neither kwctl nor bats");
    let wasm = case.read_bytes("demo/annotated-policy.wasm");
    assert_eq!(cargo_kw_wasi::module::read_metadata(&wasm).unwrap().len(), 1);
    case.write("demo/policy.go", "package main\n\nfunc  x(){}\n");
    case.program("make").args(["fmt"]).folder(case.path("demo")).run().code(2);
}

/// Generated code is formatted whatever the name of the kind is, and the rules have the given resource.
#[test]
fn every_resource_of_kubernetes_gives_formatted_code() {
    let case = Case::empty();
    let mut files = Vec::new();
    for (index, resource) in cargo_kw_wasi::kubernetes::BUILT_IN.iter().enumerate() {
        for kind in ["validate", "mutate"] {
            let name = format!("p{index}-{kind}");
            case.kw_wasi(&format!(
                "new {name} -q --defaults --vcs none --kind {kind} --resource {}",
                resource.typed()
            ))
            .succeed();
            for file in ["policy", "settings", "kubewarden", "main"] {
                files.push(case.path(&format!("{name}/src/{file}.rs")));
            }
            case.kw_wasi(&format!(
                "new go/{name} -q --lang go --defaults --vcs none --kind {kind} --resource {}",
                resource.typed()
            ))
            .succeed();
        }
    }
    assert!(files.len() > 400);
    case.program("rustfmt")
        .args(["--check", "--edition", "2021"])
        .args(files)
        .env("RUSTUP_TOOLCHAIN", support::native_toolchain())
        .succeed();
    assert_eq!(case.program("gofmt").args(["-l", "go"]).succeed().stdout, "");
}

/// The Makefile works with only cargo and `kwctl`, as in Kubewarden's own workflows, and with this tool.
#[cfg(unix)]
#[test]
fn the_makefile_works_with_and_without_the_tool() {
    let case = Case::empty();
    case.kw_wasi("new demo --defaults --vcs none").succeed();
    let folder = case.path("demo");
    // The project has its own target folder, since `make clean` empties it.
    let target = support::shared_target_folder("makefile");
    case.stub("kwctl", "echo \"kwctl $*\" >> \"$HOME/called\"\nwhile [ $# -gt 1 ]; do case $1 in -o) output=$2;; esac; shift; done\ncp \"$1\" \"$output\"\n");
    case.stub("bats", "echo \"bats $*\" >> \"$HOME/called\"\n");
    let called = || {
        let path = case.home().join("called");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    };
    // The cargo that runs these tests may have the tool on its PATH.
    let path = case.path_with_stubs();
    let without: Vec<_> =
        std::env::split_paths(&path).filter(|folder| !folder.join("cargo-kw-wasi").exists()).collect();
    let without = std::env::join_paths(without).unwrap();
    let make = |goal: &str, path: &std::ffi::OsStr| {
        case.program("make")
            .args([goal])
            .folder(&folder)
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", &target)
            .succeed()
    };
    make("annotated-policy.wasm", &without);
    assert_eq!(
        called(),
        "kwctl annotate -m metadata.yml -u README.md -o annotated-policy.wasm policy.wasm\n"
    );
    assert!(case.exists("demo/policy.wasm"));
    // CI creates the module itself, so annotating must need only kwctl.
    std::fs::remove_file(case.path("demo/annotated-policy.wasm")).unwrap();
    make("annotated-policy.wasm", &without);
    make("e2e-tests", &without);
    assert!(called().ends_with("bats e2e.bats\n"));
    make("clean", &without);
    assert!(!case.exists("demo/policy.wasm") && !case.exists("demo/annotated-policy.wasm"));

    let tool = std::path::Path::new(support::TOOL).parent().unwrap().to_owned();
    let with = std::env::join_paths(std::iter::once(tool).chain(std::env::split_paths(&path))).unwrap();
    make("annotated-policy.wasm", &with);
    assert_eq!(called(), "", "the tool does not need kwctl");
    let wasm = case.read_bytes("demo/annotated-policy.wasm");
    assert_eq!(cargo_kw_wasi::module::read_metadata(&wasm).unwrap().len(), 1);
    make("e2e-tests", &with);
    assert_eq!(called(), "", "nor bats");
    make("policy.wasm", &with);
    assert!(cargo_kw_wasi::module::read_metadata(&case.read_bytes("demo/policy.wasm")).unwrap().is_empty());
}

/// Kubewarden's workflows read these facts from a repository with line-oriented tools.
#[test]
fn a_repository_is_what_kubewardens_workflows_expect() {
    let case = Case::empty();
    case.kw_wasi("new demo --defaults").succeed();
    let versions: Vec<_> = case
        .read("demo/Cargo.toml")
        .lines()
        .filter(|line| line.starts_with("version = "))
        .map(str::to_owned)
        .collect();
    assert_eq!(versions, ["version = \"0.1.0\""]);
    let metadata = case.read("demo/metadata.yml");
    let line = metadata.lines().find(|line| line.contains("io.kubewarden.policy.version")).unwrap();
    assert_eq!(line.split_whitespace().nth(1), Some("0.1.0"));
    for file in ["README.md", "Makefile", "artifacthub-repo.yml", "e2e.bats", ".gitignore"] {
        assert!(case.exists(&format!("demo/{file}")), "{file}");
    }
    let makefile = case.read("demo/Makefile");
    for goal in ["policy.wasm", "annotated-policy.wasm", "test", "lint", "fmt", "e2e-tests", "clean"] {
        assert!(makefile.lines().any(|line| line.starts_with(&format!("{goal}:"))), "{goal}");
    }
}
