//! `manifest` prints the resource that deploys a policy, or the package file of Artifact Hub.

use std::fs;

use crate::support::cluster::{self, ApiServer, TRAPS};
use crate::support::guest::{self, Behavior};
use crate::support::{self, Case, GO_METADATA, Run};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use snapbox::{file, str};
use wasm_encoder::{CustomSection, Encode, Section};

const RULES: &str =
    r#""rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}]"#;

/// A case with a policy with this metadata in `policy.wasm`.
fn module(metadata: &str) -> Case {
    let case = Case::empty();
    case.write("policy.wasm", guest::policy(&Behavior::default(), &guest::settings_are_valid(), metadata));
    case
}

fn titled(title: &str) -> String {
    format!(
        r#"{{"protocolVersion":"Unknown",{RULES},"mutating":false,"executionMode":"wasi","annotations":{{"io.kubewarden.policy.title":"{title}","io.kubewarden.policy.version":"1.2.0","io.kubewarden.policy.ociUrl":"ghcr.io/acme/policies/{title}"}}}}"#
    )
}

fn demo() -> Case {
    module(&titled("demo"))
}

fn manifest(case: &Case, args: &str) -> Run {
    case.kw_wasi(&format!("manifest {args}")).run()
}

#[test]
fn a_project() {
    let case = Case::policy();
    manifest(&case, "").code(0).stderr_eq("").stdout_eq(file!["../snapshots/manifest-project.txt"]);
    assert!(!case.exists("target"), "nothing is compiled");
    assert!(!case.exists("metadata.yml"), "nothing is written");
}

#[test]
fn a_module_with_all_choices() {
    let case = demo();
    case.write("settings.yaml", "# what they may be called\nz: [a]\nb: {c: 1.0, d: '1.10', e: 0x10, f: yes, g: ~}\na: |\n  two\n  lines\n");
    let args = "policy.wasm -n team-a --name other -s settings.yaml --mode monitor --policy-server reserved \
                --module ghcr.io/acme/mirror@sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let run = manifest(&case, args).code(0);
    ApiServer::new().accepts(&run.stdout);
    run.stderr_eq("").stdout_eq(file!["../snapshots/manifest-choices.txt"]);
}

#[test]
fn a_project_in_go_and_a_file_to_write_to() {
    let case = Case::go_policy();
    manifest(&case, "-o deploy/demo.yml").code(0).stdout_eq("").stderr_eq(str![[r#"
       Wrote deploy/demo.yml

"#]]);
    let resource = ApiServer::new().accepts(&case.read("deploy/demo.yml"));
    assert_eq!(resource["spec"]["module"], "registry://ghcr.io/acme/policies/demo:v0.1.0");
}

#[test]
fn the_output_is_a_file_and_not_a_format() {
    let case = demo();
    manifest(&case, "policy.wasm -o yaml").code(0).stdout_eq("").stderr_eq(str![[r#"
warning: `-o yaml` does not choose a format: it writes to a file named `yaml`
  hint: leave it out to print YAML to stdout
       Wrote yaml

"#]]);
    manifest(&case, "policy.wasm -o ./yaml").code(0).stdout_eq("").stderr_lacks("warning");
}

#[test]
fn only_what_is_needed_is_printed() {
    let metadata = titled("demo").replace(
        r#""mutating":false"#,
        r#""mutating":true,"backgroundAudit":false,"minimumKubewardenVersion":"1.30.0","hostCapabilities":["oci/v1/verify"],"contextAwareResources":[{"apiVersion":"v1","kind":"Namespace"},{"apiVersion":"apps/v1","kind":"Deployment"}]"#,
    ).replace(r#""annotations":{"#, r#""annotations":{"io.kubewarden.policy.severity":"low","io.kubewarden.policy.category":"Yes: no","io.kubewarden.policy.description":"d","#);
    let case = module(&metadata);
    let run = manifest(&case, "policy.wasm").code(0);
    ApiServer::new().accepts(&run.stdout);
    run.stdout_eq(file!["../snapshots/manifest-everything.txt"]).stderr_eq(str![[r#"
      Grants the policy may read Deployment (apps/v1), Namespace (v1) from the whole cluster

"#]]);
    let run = manifest(&case, "policy.wasm --namespace team-a").code(0);
    let resource = ApiServer::new().accepts(&run.stdout);
    assert_eq!(resource["spec"].get("contextAwareResources"), None);
    run.stderr_eq(str![[r#"
warning: the policy wants to read Deployment (apps/v1), Namespace (v1) from the cluster, which no AdmissionPolicy can grant
  hint: deploy it without `--namespace`, as a ClusterAdmissionPolicy

"#]]);
}

#[test]
fn a_rule_for_everything_is_for_clusters_only() {
    for (resources, refused) in [(r#"["*"]"#, true), (r#"["*/*"]"#, true), (r#"["pods"]"#, false)] {
        let rules = format!(
            r#""rules":[{{"apiGroups":["*"],"apiVersions":["*"],"resources":{resources},"operations":["CREATE"]}}]"#
        );
        let case = module(&titled("demo").replace(RULES, &rules));
        manifest(&case, "policy.wasm").code(0);
        let run = manifest(&case, "policy.wasm --namespace team-a");
        if refused {
            run.code(101).stdout_eq("").stderr_eq(str![[r#"
error: `policy.wasm` has a rule for all versions and all resources, which Kubewarden refuses for one namespace
  hint: name versions or resources in its rules, or deploy it without `--namespace`

"#]]);
        } else {
            run.code(0);
        }
    }
}

#[test]
fn a_raw_policy() {
    let metadata = titled("demo")
        .replace(r#""executionMode":"wasi""#, r#""executionMode":"wasi","policyType":"raw""#)
        .replace(RULES, r#""rules":[]"#);
    let case = module(&metadata);
    manifest(&case, "policy.wasm --settings-json {\"a\":1} --mode monitor")
        .code(0)
        .stdout_eq(str![[r#"
demo:
  module: registry://ghcr.io/acme/policies/demo:v1.2.0
  policyMode: monitor
  settings:
    a: 1
  allowedToMutate: false

"#]])
        .stderr_eq(str![[r#"
         Raw an entry for the policies.yml of a policy server: no cluster resource deploys the policy

"#]]);
    for flag in ["--namespace a", "--policy-server b"] {
        manifest(&case, &format!("policy.wasm {flag}")).code(101).stdout_eq("").stderr_eq(str![[r#"
error: `policy.wasm` is a raw policy, which no cluster resource can deploy
  hint: leave out `--namespace` and `--policy-server`: the output is an entry for the policies.yml of a policy server

"#]]);
    }
}

#[test]
fn several_policies_are_several_documents() {
    let case = demo();
    case.write("b.wasm", guest::policy(&Behavior::default(), &Behavior::default(), &titled("other")));
    let both = manifest(&case, "policy.wasm b.wasm").code(0);
    let names: Vec<_> = both
        .stdout
        .split("---\n")
        .map(|text| ApiServer::new().accepts(text)["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["demo", "other"]);
    for flag in ["--name x", "--module a.b/c:v1", "--artifacthub"] {
        manifest(&case, &format!("policy.wasm b.wasm {flag}")).code(101).stdout_eq("").stderr_eq(str![[r#"
error: `--name`, `--module` and `--artifacthub` are about one policy, and there are several: `policy.wasm`, `b.wasm`
  hint: name one file

"#]]);
    }
}

#[test]
fn several_policies_that_cannot_be_deployed_by_one_file() {
    let case = demo();
    let write = |name: &str, metadata: &str| {
        case.write(name, guest::policy(&Behavior::default(), &Behavior::default(), metadata));
    };
    write("b.wasm", &titled("demo").replace("1.2.0", "2.0.0"));
    manifest(&case, "policy.wasm b.wasm").code(101).stdout_eq("").stderr_eq(str![[r#"
error: `policy.wasm` and `b.wasm` have the title `demo`: one would be deployed over the other
  hint: name one file

"#]]);
    let raw = |title: &str| {
        titled(title)
            .replace(r#""executionMode""#, r#""policyType":"raw","executionMode""#)
            .replace(RULES, r#""rules":[]"#)
    };
    write("b.wasm", &raw("b"));
    write("c.wasm", &raw("c"));
    manifest(&case, "policy.wasm b.wasm c.wasm").code(101).stdout_eq("").stderr_eq(str![[r#"
error: a policy server deploys the raw policies (`b.wasm`, `c.wasm`), a cluster the others (`policy.wasm`)
  hint: call `manifest` once for these and once for those

"#]]);
    let entries = cluster::read(&manifest(&case, "b.wasm c.wasm").code(0).stdout);
    assert_eq!(entries.as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn all_policies_of_a_workspace() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n");
    for name in ["a", "b"] {
        case.write(
            &format!("{name}/Cargo.toml"),
            support::POLICY_MANIFEST.replace("demo", name).split("[profile").next().unwrap(),
        );
        case.write(&format!("{name}/src/main.rs"), support::POLICY_SOURCE);
    }
    let all = manifest(&case, "--workspace --namespace team-a").code(0).stderr_eq("");
    let names: Vec<_> = all
        .stdout
        .split("---\n")
        .map(|text| ApiServer::new().accepts(text)["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
    manifest(&case, "--workspace --name x").code(101).stderr_has("there are several: `a`, `b`");
    let one = manifest(&case, "-p b --name x").code(0);
    assert_eq!(cluster::read(&one.stdout)["metadata"]["name"], "x");
}

#[test]
fn a_place_for_the_module_is_needed() {
    let case = Case::policy();
    case.edit("Cargo.toml", "registry = \"ghcr.io/acme/policies\"\n", "");
    manifest(&case, "").code(101).stdout_eq("").stderr_eq(str![[r#"
error: the metadata of `demo` has no registry for the cluster to load it from
  hint: name the module with `--module`, or write the registry: `registry = "ghcr.io/you/policies"` in `[package.metadata.kubewarden]`

"#]]);
    for (typed, module) in [
        ("ghcr.io/acme/demo", "registry://ghcr.io/acme/demo"),
        ("registry://ghcr.io/acme/demo:v1", "registry://ghcr.io/acme/demo:v1"),
        ("https://example.com/demo.wasm", "https://example.com/demo.wasm"),
        ("file:///policies/demo.wasm", "file:///policies/demo.wasm"),
    ] {
        let run = manifest(&case, &format!("--module {typed}")).code(0);
        assert_eq!(ApiServer::new().accepts(&run.stdout)["spec"]["module"], module);
    }
    for wrong in ["ftp://a/b", "file://", "ghcr.io/Acme/demo", "registry://", "a:b:c"] {
        manifest(&case, &format!("--module {wrong}")).code(2).stdout_eq("");
    }
}

#[test]
fn names_follow_the_rules_of_kubernetes() {
    let case = demo();
    for (flag, wrong) in [
        ("--name", "Demo"),
        ("--name", "a_b"),
        ("--name", "-a"),
        ("--name", "a..b"),
        ("--namespace", "a.b"),
        ("--namespace", "A"),
        ("--policy-server", "a/b"),
    ] {
        let run = case.kw_wasi("manifest policy.wasm").args([&format!("{flag}={wrong}")]).run();
        run.code(2).stdout_eq("").stderr_has(&format!("invalid value '{wrong}' for '{flag}"));
    }
    for (length, code) in [(63, 0), (64, 2)] {
        manifest(&case, &format!("policy.wasm --name {}", "a".repeat(length))).code(code);
    }
    // Without a title, the name of the file is used.
    let untitled = titled("demo").replace("policy.title", "policy.subtitle");
    let case = module(&untitled);
    let run = manifest(&case, "policy.wasm").code(0);
    assert_eq!(cluster::read(&run.stdout)["metadata"]["name"], "policy");
    fs::rename(case.path("policy.wasm"), case.path("My Policy.wasm")).unwrap();
    case.kw_wasi("manifest")
        .arg("My Policy.wasm")
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_has("error: `My Policy` cannot name a Kubernetes resource")
        .stderr_has("hint: give the resource a name with `--name`");
}

#[test]
fn settings_keep_their_order_and_their_types() {
    let case = demo();
    let text = "z: '1.10'\ny: 1.10\nx: 0x10\nw: 18446744073709551615\nv: -9223372036854775808\nu: yes\nt: 1_000\ns: 2001-01-01\nr: [~, true, 'true', 1e3]\nq: &a {k: v}\np: *a\n";
    case.write("settings.yaml", text);
    let run = manifest(&case, "policy.wasm -s settings.yaml").code(0);
    assert_eq!(
        ApiServer::new().accepts(&run.stdout)["spec"]["settings"],
        json!({
            "z": "1.10", "y": 1.1, "x": 16, "w": 18446744073709552000_f64, "v": -9223372036854775808_i64, "u": "yes", "t": "1_000",
            "s": "2001-01-01", "r": [null, true, "true", 1000], "q": {"k": "v"}, "p": {"k": "v"},
        })
    );
    let keys = run.stdout.lines().filter_map(|line| line.strip_prefix("    ")?.split(": ").next());
    let keys: String = keys
        .filter(|key| key.len() < 4 && !key.starts_with(['-', ' ']))
        .map(|key| key.trim_matches([':', '\'']))
        .collect();
    assert_eq!(keys, "zyxwvutsrqp", "{}", run.stdout);
    run.stdout_has("w: 18446744073709551615\n");
    // JSON has escapes that YAML does not have.
    let json = r#"{"b": "\ud83e\udd80\/", "a": [1, null, {"x": "no"}], "\t": 1.0}"#;
    case.write("settings.json", json);
    let from_line = case.kw_wasi("manifest policy.wasm --settings-json").arg(json).run().code(0);
    let from_file = manifest(&case, "policy.wasm -s settings.json").code(0);
    assert_eq!(from_file.stdout, from_line.stdout);
    let settings = &cluster::read(&from_line.stdout)["spec"]["settings"];
    assert_eq!(*settings, json!({"b": "🦀/", "a": [1, null, {"x": "no"}], "\t": 1}));
}

#[test]
fn every_trap_survives_as_a_setting() {
    let case = demo();
    let mut settings: Map<_, _> = TRAPS.iter().map(|text| (text.to_string(), json!([text]))).collect();
    settings.insert("long".repeat(1000), json!({"long: \n".repeat(1000): [[{"": "\n"}]]}));
    case.write("settings.json", serde_json::to_string(&settings).unwrap());
    let run = manifest(&case, "policy.wasm -s settings.json").code(0);
    assert_eq!(cluster::read(&run.stdout)["spec"]["settings"], Value::Object(settings));
}

#[test]
fn settings_that_a_cluster_would_refuse() {
    let case = demo();
    let mut said = String::new();
    for text in [
        "",
        "# nothing\n",
        "null\n",
        "[1]\n",
        "text\n",
        "1\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\na: 2\n",
        "a:\n  b: [1, {c: .nan}]\n",
        "a: -.inf\n",
        "1: a\n",
        "a:\n  true: b\n",
        "[x]: a\n",
        "a: !thing b\n",
        "a: 99999999999999999999\n",
        "a: [\n",
        "a: *b\n",
        "\u{feff}{a: 1}\n",
        "a: \"\u{1}\"\n",
    ] {
        case.write("settings.yaml", text);
        let run = manifest(&case, "policy.wasm -s settings.yaml");
        said += &format!("{text:?} ({})\n{}\n", run.code.unwrap(), run.stderr);
        assert!(run.code == Some(0) || run.stdout.is_empty());
    }
    for json in ["", "{a: 1}", "[1]", "null", r#"{"a": 1, "a": 2}"#, r#"{"a": 1e999}"#, r#"{"a": 1} {}"#] {
        let run =
            case.kw_wasi("manifest policy.wasm --settings-json").arg(json).run().code(101).stdout_eq("");
        said += &format!("--settings-json {json:?}\n{}\n", run.stderr);
    }
    support::assert_snapshot(&said, file!["../snapshots/manifest-settings.txt"], case.redactions());
    manifest(&case, "policy.wasm -s nowhere.yaml")
        .code(101)
        .stdout_eq("")
        .stderr_has("could not read `nowhere.yaml`");
    manifest(&case, "policy.wasm -s settings.yaml --settings-json {}").code(2);
    let bomb: String =
        (0..30).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n.max(1) - 1, n.max(1) - 1)).collect();
    case.write("settings.yaml", bomb.replacen("[*a0, *a0]", "[x, x]", 1));
    manifest(&case, "policy.wasm -s settings.yaml").code(101).stdout_eq("");
    case.write("settings.yaml", format!("a: {}1{}\n", "[".repeat(10_000), "]".repeat(10_000)));
    manifest(&case, "policy.wasm -s settings.yaml").code(101).stdout_eq("");
}

#[test]
fn modules_that_cannot_be_deployed() {
    let case = Case::empty();
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let mut said = String::new();
    for (about, bytes) in [
        ("not annotated", wat("(module (memory (export \"memory\") 1) (func (export \"_start\")))")),
        (
            "waPC",
            guest::policy(
                &Behavior::default(),
                &Behavior::default(),
                &titled("demo").replace("wasi", "kubewarden-wapc"),
            ),
        ),
        (
            "Rego",
            guest::policy(&Behavior::default(), &Behavior::default(), &titled("demo").replace("wasi", "opa")),
        ),
        ("a component", wat("(component)")),
        (
            "no rules",
            guest::policy(
                &Behavior::default(),
                &Behavior::default(),
                &titled("demo").replace(RULES, "\"rules\":[]"),
            ),
        ),
        ("unreadable metadata", guest::policy(&Behavior::default(), &Behavior::default(), "[]")),
        ("annotated twice", {
            let mut module = guest::policy(&Behavior::default(), &Behavior::default(), &titled("demo"));
            let section = CustomSection { name: "io.kubewarden.metadata".into(), data: b"{}".into() };
            module.push(section.id());
            section.encode(&mut module);
            module
        }),
        ("text", b"hello".to_vec()),
        ("empty", Vec::new()),
    ] {
        case.write("policy.wasm", bytes);
        let run = manifest(&case, "policy.wasm").code(101).stdout_eq("");
        said += &format!("{about}\n{}\n", run.stderr);
    }
    support::assert_snapshot(&said, file!["../snapshots/manifest-refused.txt"], case.redactions());
    manifest(&case, "nowhere.wasm").code(101).stderr_has("could not read `nowhere.wasm`");
}

#[derive(Deserialize)]
struct Vectors<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct ManifestCase {
    name: String,
    kind: String,
    metadata: Value,
    settings_text: Option<String>,
    title: Option<String>,
    allow_context_aware: bool,
    expected: ManifestExpected,
}

#[derive(Deserialize)]
struct ManifestExpected {
    ok: bool,
    resource_without_module: Option<Value>,
}

/// Cases in which our output differs from that of `kwctl scaffold manifest` on purpose, and why.
const BETTER: [(&str, &str); 4] = [
    (
        "context-aware-not-granted",
        "applying the resource grants access, and a message says so: without access, the policy does not work",
    ),
    ("no-title-at-all", "a resource without a name cannot be applied: the name of the file is used"),
    ("raw-policy", "no cluster resource can deploy a raw policy: an entry for a policy server is printed"),
    (
        "protocol-version-missing",
        "it is `Unknown` for every WASI policy, and nothing but `kwctl annotate` reads it",
    ),
];

#[test]
fn every_vector_gives_the_resource_of_kwctl() {
    let vectors: Vectors<ManifestCase> =
        serde_json::from_str(include_str!("../vectors/manifest.json")).unwrap();
    assert!(vectors.cases.len() >= 22, "the table is too short");
    for (name, _) in BETTER {
        assert!(vectors.cases.iter().any(|case| case.name == name), "`{name}` is a case");
    }
    let server = ApiServer::new();
    for case in &vectors.cases {
        let files = module(&case.metadata.to_string());
        let mut invocation = files.kw_wasi("manifest policy.wasm --module a.example/b:v1");
        if let Some(settings) = &case.settings_text {
            files.write("settings.yaml", settings);
            invocation = invocation.args(["-s", "settings.yaml"]);
        }
        if let Some(title) = &case.title {
            invocation = invocation.args(["--name", title]);
        }
        if case.kind == "AdmissionPolicy" {
            invocation = invocation.args(["--namespace", "team-a"]);
        }
        let run = invocation.run();
        let mut resource = case.expected.resource_without_module.clone().unwrap_or_default();
        match case.name.as_str() {
            "context-aware-not-granted" => {
                resource["spec"]["contextAwareResources"] = case.metadata["contextAwareResources"].clone();
            }
            "no-title-at-all" => resource["metadata"]["name"] = json!("policy"),
            "raw-policy" => {
                let run = run.code(0);
                assert_eq!(
                    cluster::read(&run.stdout),
                    json!({"demo-policy": {"module": "registry://a.example/b:v1", "settings": {}, "allowedToMutate": false}})
                );
                continue;
            }
            "protocol-version-missing" => {
                server.accepts(&run.code(0).stdout);
                continue;
            }
            _ => {}
        }
        if !case.expected.ok {
            assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{}", case.name);
            assert!(matches!(run.code, Some(2 | 101)), "{}: {:?}", case.name, run.code);
            continue;
        }
        let run = run.code(0);
        // The operator is told what the policy reads from the cluster.
        let reads = !case.metadata["contextAwareResources"].as_array().unwrap().is_empty();
        let said = &run.stderr;
        assert_eq!(said.contains("Grants") || said.contains("can grant"), reads, "{}: {said}", case.name);
        assert!(reads || !case.allow_context_aware);
        let mut read = server.accepts(&run.stdout);
        if case.kind == "AdmissionPolicy" {
            assert_eq!(read["metadata"].as_object_mut().unwrap().remove("namespace"), Some(json!("team-a")));
        }
        assert_eq!(
            read["spec"].as_object_mut().unwrap().remove("module"),
            Some(json!("registry://a.example/b:v1"))
        );
        assert_eq!(read, resource, "{}", case.name);
        let order = ["module", "settings", "rules", "mutating", "backgroundAudit", "contextAwareResources"];
        let places: Vec<_> = order.iter().filter_map(|key| run.stdout.find(&format!("\n  {key}:"))).collect();
        assert!(places.is_sorted() && places.len() >= 4, "{}", run.stdout);
    }
    let settings = vectors.cases.iter().find(|case| case.name == "settings").unwrap();
    let files = module(&settings.metadata.to_string());
    let run = files.kw_wasi("manifest policy.wasm --module a.example/b:v1 --settings-json");
    let run = run.arg(settings.settings_text.as_ref().unwrap()).run().code(0);
    assert!(
        run.stdout.contains("settings:\n    b:\n    - 1\n    - null\n    a:\n      x: true\n"),
        "{}",
        run.stdout
    );
}

#[derive(Deserialize)]
struct PackageCase {
    name: String,
    annotations: Value,
    #[serde(default)]
    other_metadata: Map<String, Value>,
    questions: Option<String>,
    expected: PackageExpected,
}

#[derive(Deserialize)]
struct PackageExpected {
    ok: bool,
    package: Option<Value>,
    error: Option<String>,
}

/// A project in Go with this `metadata.yml`.
fn project(metadata: &Value) -> Case {
    let case = Case::go_policy();
    case.write("metadata.yml", metadata.to_string());
    case
}

#[test]
fn every_vector_gives_the_package_of_kwctl() {
    let vectors: Vectors<PackageCase> =
        serde_json::from_str(include_str!("../vectors/artifacthub.json")).unwrap();
    assert!(vectors.cases.len() >= 24, "the table is too short");
    for case in &vectors.cases {
        let mut metadata: Value = serde_json::from_str(&format!(
            "{{{RULES}, \"mutating\": false, \"executionMode\": \"wasi\", \"annotations\": {}}}",
            case.annotations
        ))
        .unwrap();
        metadata.as_object_mut().unwrap().extend(case.other_metadata.clone());
        let files = project(&metadata);
        if let Some(questions) = &case.questions {
            files.write("questions-ui.yml", questions);
        }
        let run = files.kw_wasi("manifest --artifacthub").env("SOURCE_DATE_EPOCH", "1700000000").run();
        if !case.expected.ok {
            let run = run.code(101).stdout_eq("");
            // Our message names the key that kwctl's message names.
            let error = case.expected.error.as_ref().unwrap();
            if let Some(key) = error.split('"').find(|word| word.starts_with("io.")) {
                run.stderr_has(key);
            }
            continue;
        }
        let run = run.code(0);
        let mut package = cluster::read(&run.stdout);
        assert_eq!(package, yaml_serde::from_str::<Value>(&run.stdout).unwrap(), "both readers agree");
        let fields = package.as_object_mut().unwrap();
        assert_eq!(fields.remove("createdAt"), Some(json!("2023-11-14T22:13:20Z")));
        assert_eq!(fields.remove("provider"), Some(json!({"name": "kubewarden"})));
        assert_eq!(
            fields.remove("recommendations"),
            Some(json!([{"url": "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller"}]))
        );
        let install = fields.remove("install").unwrap();
        let image = package["containersImages"][0]["image"].as_str().unwrap();
        for command in [
            format!("kwctl pull registry://{image}\n"),
            format!("kwctl scaffold manifest -t ClusterAdmissionPolicy registry://{image}\n"),
        ] {
            assert!(install.as_str().unwrap().contains(&command), "{install}");
        }
        assert_eq!(Some(package), case.expected.package, "{}", case.name);
    }
}

const FULL: &str = r#"rules:
- {apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}
mutating: true
executionMode: wasi
contextAwareResources: [{apiVersion: v1, kind: Namespace}]
annotations:
  io.kubewarden.policy.title: demo
  io.kubewarden.policy.version: 0.1.0
  io.kubewarden.policy.description: "Yes: it is #1"
  io.kubewarden.policy.ociUrl: busybox
  io.kubewarden.policy.author: Jane Doe <jane@example.com>
  io.kubewarden.policy.license: Apache-2.0
  io.kubewarden.policy.url: https://example.com/demo
  io.kubewarden.policy.source: https://github.com/acme/demo/
  io.kubewarden.hidden-ui: "true"
  io.artifacthub.displayName: Demo
  io.artifacthub.keywords: pod, yes, 1.10
  io.artifacthub.resources: Pod
"#;

#[test]
fn an_artifact_hub_package_with_everything() {
    let case = Case::go_policy();
    case.write("metadata.yml", FULL).write("questions.yaml", "questions:\n- default: yes\n");
    let package =
        || case.kw_wasi("manifest --artifacthub").env("SOURCE_DATE_EPOCH", "1700000000").run().code(0);
    package().stderr_eq("").stdout_eq(file!["../snapshots/manifest-artifacthub.txt"]);
    // The first of these names is used, but the flag has precedence.
    case.write("questions-ui.yml", "first: 1\n").write("other.yml", "other: 1\n");
    assert!(package().stdout.contains("kubewarden/questions-ui: |\n    first: 1\n"));
    let run = case.kw_wasi("manifest --artifacthub --questions other.yml").run().code(0);
    assert!(run.stdout.contains("kubewarden/questions-ui: |\n    other: 1\n"));
    let created = cluster::read(&run.stdout)["createdAt"].as_str().unwrap().to_owned();
    assert!(created.starts_with("20") && created.ends_with('Z') && created.contains('.'), "{created}");
    manifest(&case, "--artifacthub -o artifacthub-pkg.yml").code(0).stdout_eq("");
    assert_eq!(cluster::read(&case.read("artifacthub-pkg.yml"))["name"], "demo");
    manifest(&case, "--artifacthub --questions nowhere.yml")
        .code(101)
        .stderr_has("could not read `nowhere.yml`");
    manifest(&case, "--questions other.yml").code(2).stderr_has("--artifacthub");
    for wrong in ["soon", "-1", "", "1e3", "99999999999"] {
        case.kw_wasi("manifest --artifacthub")
            .env("SOURCE_DATE_EPOCH", wrong)
            .run()
            .code(101)
            .stdout_eq("")
            .stderr_has("`SOURCE_DATE_EPOCH` must be a number of seconds since 1970");
    }
}

#[test]
fn an_artifact_hub_package_of_a_module() {
    let metadata: Value = yaml_serde::from_str(FULL).unwrap();
    let case = module(&metadata.to_string());
    case.write("questions-ui.yml", "of: something else\n").write("q.yml", "of: the policy\n");
    let package = cluster::read(&manifest(&case, "policy.wasm --artifacthub").code(0).stdout);
    assert_eq!(package["containersImages"][0]["image"], "docker.io/library/busybox:v0.1.0");
    assert_eq!(package["annotations"].get("kubewarden/questions-ui"), None);
    let package =
        cluster::read(&manifest(&case, "policy.wasm --artifacthub --questions q.yml").code(0).stdout);
    assert_eq!(package["annotations"]["kubewarden/questions-ui"], "of: the policy\n");
}

#[test]
fn everything_that_a_package_lacks_is_listed() {
    let case = Case::go_policy();
    case.write("metadata.yml", GO_METADATA.split("annotations:").next().unwrap());
    manifest(&case, "--artifacthub")
        .code(101)
        .stdout_eq("")
        .stderr_eq(file!["../snapshots/manifest-artifacthub-lacks.txt"]);
    let wrong = FULL
        .replace("https://example.com/demo", "example.com")
        .replace("https://github.com/acme/demo/", "acme")
        .replace("Jane Doe <jane@example.com>", "Jane")
        .replace("pod, yes", "pod,, yes")
        .replace("0.1.0", "0.1.0+build");
    case.write("metadata.yml", wrong).write("questions.yml", "");
    manifest(&case, "--artifacthub")
        .code(101)
        .stdout_eq("")
        .stderr_eq(file!["../snapshots/manifest-artifacthub-wrong.txt"]);
}

/// `build` writes the same resource that `manifest` prints, and a cluster accepts it.
#[test]
fn build_writes_the_same() {
    let case = Case::policy();
    case.edit(
        "Cargo.toml",
        "mutating = false\n",
        "mutating = false\nseverity = \"low\"\ncategory = \"1.10\"\n",
    );
    case.edit(
        "Cargo.toml",
        "version = \"0.1.0\"\n",
        "version = \"0.1.0\"\ndescription = \"yes\"\nlicense = \"no\"\n",
    );
    case.kw_wasi("build").env("CARGO_TARGET_DIR", case.path("target")).succeed();
    let written = case.read("target/kubewarden/demo.yml");
    let printed = manifest(&case, "").code(0).stdout;
    assert_eq!(written.split_once('\n').unwrap().1, printed);
    let resource = ApiServer::new().accepts(&written);
    assert_eq!(resource["metadata"]["annotations"]["io.kubewarden.policy.category"], "1.10");
    let metadata = cluster::read(&case.read("metadata.yml"));
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.description"], "yes");
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.license"], "no");
    assert!(
        case.read("metadata.yml").contains("  io.kubewarden.policy.version: 0.1.0\n"),
        "where scripts look for it"
    );
    let of_module = manifest(&case, "target/kubewarden/demo.wasm").code(0).stdout;
    assert_eq!(of_module, printed);
}

/// A cluster accepts the resource of every template, with and without choices.
#[test]
fn every_template() {
    let server = ApiServer::new();
    for lang in ["rust", "go"] {
        for template in ["validate", "mutate", "raw-validate", "raw-mutate"] {
            let case = Case::empty();
            let vcs = "--vcs none --defaults";
            case.kw_wasi(&format!("new demo --lang {lang} --kind {template} --registry ghcr.io/acme {vcs}"))
                .succeed();
            case.write("demo/settings.yml", "denied_names: ['no']\nlabels: {owner: yes}\n");
            for args in [
                "",
                "-s settings.yml --mode monitor",
                "--namespace team-a --policy-server reserved -s settings.yml",
            ] {
                let run = case.kw_wasi(&format!("manifest --offline {args}")).folder(case.path("demo")).run();
                match (template.starts_with("raw"), args.contains("--namespace")) {
                    (true, true) => drop(run.code(101)),
                    (true, false) => {
                        let entry = cluster::read(&run.code(0).stdout)["demo"].clone();
                        assert_eq!(entry["allowedToMutate"], template == "raw-mutate");
                    }
                    (false, _) => {
                        let resource = server.accepts(&run.code(0).stdout);
                        assert_eq!(resource["spec"]["mutating"], template == "mutate");
                        assert!(args.is_empty() || resource["spec"]["settings"]["labels"]["owner"] == "yes");
                    }
                }
            }
            let run = case.kw_wasi("manifest --artifacthub --offline").folder(case.path("demo")).run();
            assert_eq!(cluster::read(&run.code(0).stdout)["name"], "demo", "{lang} {template}");
        }
    }
}
