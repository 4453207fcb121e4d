//! Names in metadata that stock Kubewarden takes: they stop only what needs them.

use crate::support::{Case, GO_METADATA};

#[test]
fn a_title_that_names_no_resource_stops_only_what_needs_a_name() {
    for title in ["trusted registry", "Deployment", "a_b"] {
        let case = Case::policy();
        case.edit("Cargo.toml", "mutating =", &format!("title = \"{title}\"\nmutating ="));
        case.write("pod.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}"#);
        case.kw_wasi("run -r pod.json").succeed().stdout_has("\"allowed\":true");
        case.kw_wasi("build")
            .succeed()
            .stderr_has("warning[invalid-title]")
            .stderr_has("warning[missing-title]: no manifest for `demo`");
        assert!(case.exists("target/kubewarden/demo.wasm") && !case.exists("target/kubewarden/demo.yml"));
        case.kw_wasi("test --list").succeed();
        let hint = "hint: give the resource a name with `--name`";
        case.kw_wasi("manifest --module ghcr.io/a/b:v1").run().code(101).stderr_has(hint);
        case.kw_wasi("manifest --module ghcr.io/a/b:v1 --name named").succeed().stdout_has("name: named");
        case.kw_wasi("manifest --artifacthub").run().code(101).stderr_has("cannot name a package");
    }
}

#[test]
fn a_manifest_for_a_namespace_warns_of_cluster_wide_resources() {
    let case = Case::go_policy();
    case.kw_wasi("manifest -n a").succeed().stderr_eq("");
    let with = |resources: &str| {
        case.write("metadata.yml", GO_METADATA.replace("[pods]", resources));
    };
    for (resources, named) in [
        ("[namespaces]", "`namespaces`"),
        ("[pods, persistentvolumes, nodes/proxy]", "`persistentvolumes`, `nodes/proxy`"),
    ] {
        with(resources);
        case.kw_wasi("manifest -n a")
            .succeed()
            .stderr_has("warning[namespaced-cluster-resource]")
            .stderr_has(named)
            .stdout_has("kind: AdmissionPolicy");
        case.kw_wasi("manifest").succeed().stderr_eq("");
    }
    with("[\"*\"]");
    case.kw_wasi("manifest -n a").succeed().stderr_eq("");
}

#[test]
fn links_of_a_package_exist() {
    let case = Case::go_policy();
    let about =
        "annotations:\n  io.kubewarden.policy.description: A demo\n  io.artifacthub.displayName: Demo\n";
    let metadata = GO_METADATA.replace("annotations:\n", about);
    for (source, policy, shown) in [
        ("https://github.com/a/p/tree/main/x", true, "https://github.com/a/p/tree/main/x"),
        ("https://github.com/a/p.git", true, "https://github.com/a/p.git"),
        ("https://github.com/a/p?tab=readme", true, "https://github.com/a/p?tab=readme"),
        ("git+https://github.com/a/p", true, "https://github.com/a/p"),
        ("https://github.com/a", false, "https://github.com/a"),
        ("https://example.com/a/p", false, "https://example.com/a/p"),
    ] {
        case.write("metadata.yml", format!("{metadata}  io.kubewarden.policy.source: {source}\n"));
        let run = case.kw_wasi("manifest --artifacthub").succeed();
        let link = "url: https://github.com/a/p/releases/download/v0.1.0/policy.wasm";
        assert_eq!(run.stdout.contains(link), policy, "{source}: {}", run.stdout);
        assert_eq!(run.stdout.contains("/releases/"), policy, "{source}: {}", run.stdout);
        let is_warned = run.stderr.contains("warning[invalid-url]");
        assert_eq!(is_warned, source == "https://github.com/a", "{}", run.stderr);
        run.stdout_has(&format!("url: {shown}"));
    }
}

#[test]
fn a_new_policy_names_a_resource_and_its_subresources_once() {
    let case = Case::empty();
    for lang in ["rust", "go"] {
        let args = "--resource pods,pods/ephemeralcontainers --kind mutate --defaults --vcs none";
        case.kw_wasi(&format!("new {lang}-demo --lang {lang} {args}")).succeed();
        let metadata = case.read(&format!("{lang}-demo/metadata.yml"));
        assert!(metadata.contains("Adds labels to pods"), "{metadata}");
        assert!(!metadata.contains("pods, pods") && !metadata.contains("pods and pods"), "{metadata}");
        let kinds = metadata.lines().find(|line| line.contains("io.artifacthub.resources"));
        assert!(kinds.is_some_and(|line| line.matches("Pod").count() == 1), "{metadata}");
    }
}

#[test]
fn kinds_that_yaml_takes_for_something_else_are_quoted() {
    for (plural, kind) in
        [("trues", "True"), ("nulls", "Null"), ("nos", "No"), ("ons", "On"), ("widgets", "Widget")]
    {
        for policy in ["validate", "mutate"] {
            let case = Case::empty();
            let args = format!("--resource x.y/v1/{plural} --kind {policy} --defaults --vcs none");
            case.kw_wasi(&format!("new demo {args}")).succeed();
            let cases: serde_json::Value = yaml_serde::from_str(&case.read("demo/tests/policy.yml")).unwrap();
            let kinds: Vec<_> =
                cases["cases"].as_array().unwrap().iter().filter_map(|it| it["object"].get("kind")).collect();
            assert!(!kinds.is_empty() && kinds.iter().all(|it| *it == kind), "{kinds:?}");
            let text = case.read("demo/tests/policy.yml");
            assert_eq!(text.contains(&format!("kind: {kind}\n")), kind == "Widget", "{text}");
        }
    }
}
