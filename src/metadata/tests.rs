//! Metadata compared with what the real `kwctl` does, and findings of our own.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{Checked, Document, Facts, Metadata, WRITTEN_BY_US, key, read};
use crate::finding::Severity;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<MetadataCase>,
}

#[derive(Deserialize)]
struct MetadataCase {
    name: String,
    metadata_yml: String,
    usage: Option<String>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    ok: bool,
    section: Option<String>,
}

/// Cases that `kwctl annotate` accepts and we refuse on purpose: name of the case, our finding, the reason.
const STRICTER: [(&str, &str, &str); 4] = [
    ("empty-rules", "empty-rules", "the cluster's webhook refuses a policy without rules"),
    ("rules-key-without-value", "empty-rules", "the same"),
    ("mutating-capital", "empty-rules", "the same; `True` itself is read"),
    ("rule-version-empty-string", "empty-text", "the cluster's webhook refuses an empty version"),
];

fn facts() -> Facts {
    Facts { name: "demo".to_owned(), file: "Cargo.toml".into(), ..Facts::default() }
}

fn yaml(text: &str) -> Checked {
    read(&Document::yaml(Path::new("metadata.yml"), text.to_owned()), &facts())
}

fn toml(text: &str, facts: &Facts) -> Checked {
    read(&Document::toml(Path::new("Cargo.toml"), text.to_owned()).unwrap(), facts)
}

/// Returns the findings as `name:line`.
fn found(checked: &Checked) -> Vec<String> {
    let place = |finding: &crate::finding::Finding| finding.place.as_ref().and_then(|place| place.line);
    checked
        .findings
        .iter()
        .map(|finding| {
            format!("{}:{}", finding.name, place(finding).map_or("-".to_owned(), |line| line.to_string()))
        })
        .collect()
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    assert_eq!(found(&yaml(text)), expected, "{text}");
}

#[test]
fn every_vector_gives_the_section_of_kwctl_or_a_refusal() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../tests/vectors/metadata.json")).unwrap();
    assert!(vectors.cases.len() >= 50, "the table is there");
    let stricter: BTreeMap<_, _> = STRICTER.iter().map(|(name, finding, _)| (*name, *finding)).collect();
    for name in stricter.keys() {
        assert!(
            vectors.cases.iter().any(|case| case.name == *name && case.expected.ok),
            "`{name}` is a case kwctl takes"
        );
    }
    for case in &vectors.cases {
        let checked = yaml(&case.metadata_yml);
        let names: Vec<_> = checked
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.name.as_str())
            .collect();
        match (stricter.get(case.name.as_str()), case.expected.ok) {
            (Some(finding), _) => assert!(
                names.contains(finding) && names.iter().all(|name| name == finding),
                "{}: {names:?}",
                case.name
            ),
            (None, false) => {
                assert!(!names.is_empty() && checked.metadata.is_none(), "{} is refused", case.name)
            }
            (None, true) => {
                let metadata = checked.metadata.unwrap_or_else(|| panic!("{}: {names:?}", case.name));
                assert_eq!(
                    Some(section(&metadata, case.usage.as_deref())),
                    case.expected.section,
                    "{}",
                    case.name
                );
            }
        }
        for finding in &checked.findings {
            assert!(
                !finding.message.is_empty() && !finding.fix.is_empty() && finding.place.is_some(),
                "{}: {finding:?}",
                case.name
            );
        }
    }
}

/// Returns the section as a string, without the annotation that names the tool, which the vectors leave out.
fn section(metadata: &Metadata, usage: Option<&str>) -> String {
    let mut metadata = metadata.for_module(usage);
    let tool =
        metadata.annotations.remove(key::ANNOTATED_BY).expect("a module names the tool that annotated it");
    assert_eq!(tool, format!("cargo-kw-wasi {}", env!("CARGO_PKG_VERSION")));
    String::from_utf8(metadata.to_section()).unwrap()
}

const RULES: &str =
    "rules:\n- apiGroups: [\"\"]\n  apiVersions: [v1]\n  resources: [pods]\n  operations: [CREATE]\n";
const REST: &str = "mutating: false\nexecutionMode: wasi\n";

#[test]
fn good_metadata_have_no_findings() {
    finds(&format!("{RULES}{REST}"), &[]);
}

#[test]
fn all_mistakes_are_in_one_report_in_the_order_of_the_file() {
    let text = "\
rules:
- apiGroups: []
  apiVersion: [v1]
  resources: pods
  operations: [create, FROB]
mutating: yes
executionMode: kubewarden-wapc
policyType: raws
minimumKubewardenVersion: v1.20
annotations:
  io.kubewarden.policy.title: Demo Policy
  io.kubewarden.policy.version: v0.1.0
  io.kubewarden.policy.ociUrl: https://ghcr.io/a/b:v1
  io.kubewarden.policy.severity: urgent
  hostCapabilities: [oci/*]
";
    finds(
        text,
        &[
            "empty-list:2",
            "missing-key:2",
            "unknown-key:3",
            "wrong-type:4",
            "unknown-operation:5",
            "unknown-operation:5",
            "wrong-type:6",
            "execution-mode:7",
            "unknown-policy-type:8",
            "invalid-version:9",
            "invalid-title:11",
            "invalid-version:12",
            "invalid-oci-url:13",
            "unknown-severity:14",
            "invalid-annotation:15",
        ],
    );
}

#[test]
fn what_kubewarden_ignores_is_a_warning_with_the_nearest_name() {
    let checked = yaml(&format!("{RULES}{REST}contextAware: false\nbackgroundAudits: false\nzzz: 1\n"));
    assert!(checked.metadata.is_some());
    assert_eq!(found(&checked), ["legacy-context-aware:8", "unknown-key:9", "unknown-key:10"]);
    assert_eq!(checked.findings[1].fix, "write `backgroundAudit`");
    let scope = yaml(&format!("{}  scope: Namespaced\n{REST}", RULES));
    assert_eq!(found(&scope), ["unknown-key:6"]);
}

#[test]
fn lists_that_are_empty_or_contradict_themselves_are_found() {
    let rule = |lists: &str| format!("rules:\n- {lists}\n{REST}");
    let all = "apiGroups: [example.com], apiVersions: [v1], resources: [pods], operations: [CREATE]";
    finds(&rule(&format!("{{{all}}}")), &[]);
    finds(&rule(&format!("{{{}}}", all.replace("[CREATE]", "[]"))), &["empty-list:2"]);
    finds(&rule(&format!("{{{}}}", all.replace("[v1]", "[\"*\", v1]"))), &["wildcard-not-alone:2"]);
    for (resources, findings) in [
        ("[\"*\", \"pods/exec\"]", &[][..]),
        ("[pods, \"pods/*\"]", &[]),
        ("[\"*/scale\", \"pods/*\"]", &[]),
        ("[pods, \"*\"]", &["covered-resource:2"]),
        ("[\"*\", pods]", &["conflicting-resources:2"]),
        ("[\"*/*\", pods]", &["conflicting-resources:2"]),
        ("[\"*\", \"*/*\"]", &["conflicting-resources:2"]),
        ("[\"pods/*\", \"pods/*\"]", &["conflicting-resources:2"]),
        ("[\"a/b\", \"*/b\"]", &["covered-resource:2"]),
        ("[\"*/b\", \"a/b\"]", &["conflicting-resources:2"]),
        ("[\"a/*\", \"a/b\"]", &["conflicting-resources:2"]),
        ("[a, b, \"*\"]", &["covered-resource:2", "covered-resource:2"]),
        ("[a, \"*\", b]", &["conflicting-resources:2", "conflicting-resources:2"]),
    ] {
        let checked = yaml(&rule(&format!("{{{}}}", all.replace("[pods]", resources))));
        assert_eq!(found(&checked), findings, "{resources}");
    }
}

#[test]
fn names_that_match_nothing_are_warnings() {
    let rule = |groups: &str, versions: &str, resources: &str| {
        format!(
            "rules:\n- apiGroups: {groups}\n  apiVersions: {versions}\n  resources: {resources}\n  operations: [CREATE]\n{REST}"
        )
    };
    for (groups, versions, resources, expected) in [
        ("[\"\"]", "[v1]", "[pods, pods/exec, \"*/scale\"]", &[][..]),
        ("[\"*\"]", "[\"*\"]", "[virtualmachines]", &[]),
        ("[\"\"]", "[v1]", "[VirtualMachine]", &["invalid-name-in-rule:4"]),
        ("[\"\"]", "[v1]", "[Pods, \"pods \"]", &["invalid-name-in-rule:4", "invalid-name-in-rule:4"]),
        (
            "[\"\"]",
            "[v1]",
            "[\"pods,services\", pods/Status]",
            &["invalid-name-in-rule:4", "invalid-name-in-rule:4"],
        ),
        ("[Apps]", "[v1]", "[deployments]", &["invalid-name-in-rule:2"]),
        ("[apps/v1]", "[v1]", "[deployments]", &["invalid-name-in-rule:2"]),
        ("[apps]", "[apps/v1]", "[deployments]", &["invalid-name-in-rule:3"]),
        ("[apps]", "[v1]", "[pods]", &["resource-in-another-group:4"]),
        ("[\"\"]", "[v1]", "[deployments]", &["resource-in-another-group:4"]),
        ("[\"\", apps]", "[v1]", "[pods, deployments, podz]", &["unknown-resource:4"]),
        ("[apps]", "[v2]", "[deployments]", &["unknown-resource:4"]),
    ] {
        let checked = yaml(&rule(groups, versions, resources));
        assert_eq!(found(&checked), expected, "{groups} {versions} {resources}");
        assert!(checked.metadata.is_some(), "the API server accepts it");
    }
    let many = format!("[{}]", (0..100).map(|n| format!("no{n}")).collect::<Vec<_>>().join(", "));
    assert_eq!(yaml(&rule("[apps]", "[v1]", &many)).findings.len(), 20);
    for (resource, expected) in [
        ("apiVersion: v1\n  kind: Pod", &[][..]),
        ("apiVersion: example.com/v1\n  kind: Widget", &[]),
        ("apiVersion: v1\n  kind: pods", &["unknown-resource:9"]),
        ("apiVersion: v1\n  kind: Deployment", &["resource-in-another-group:9"]),
        ("apiVersion: apps\n  kind: Deployment", &["resource-in-another-group:9"]),
        ("apiVersion: Apps/v1\n  kind: Deployment", &["invalid-name-in-rule:9"]),
        ("apiVersion: v1\n  kind: \"Pod, Job\"", &["invalid-name-in-rule:9"]),
    ] {
        let text = format!("{RULES}{REST}contextAwareResources:\n- {resource}\n");
        let checked = yaml(&text);
        assert_eq!(found(&checked), expected, "{resource}");
        assert!(checked.metadata.is_some());
    }
}

#[test]
fn a_title_that_names_no_resource_is_a_warning() {
    for title in ["trusted registry", "Deployment", "a_b"] {
        let checked = yaml(&format!("{RULES}{REST}annotations:\n  io.kubewarden.policy.title: {title}\n"));
        assert_eq!(found(&checked), ["invalid-title:9"]);
        assert!(checked.metadata.is_some());
        let table = TABLE.replace("severity", &format!("title = \"{title}\"\nseverity"));
        let checked = toml(&table, &facts());
        assert_eq!(found(&checked), ["invalid-title:7"], "the repository is named after it");
        assert!(checked.metadata.is_some());
    }
}

#[test]
fn a_source_on_github_is_in_a_repository() {
    for (source, expected) in [
        ("https://github.com/a/p", &[][..]),
        ("https://github.com/a/p/tree/main/x", &[]),
        ("git+https://github.com/a/p.git", &[]),
        ("https://example.com/a", &[]),
        ("https://github.com/a", &["invalid-url:9"]),
        ("https://github.com", &["invalid-url:9"]),
        ("github.com/a/p", &["invalid-url:9"]),
        ("git@github.com:a/p.git", &["invalid-url:9"]),
    ] {
        let text = format!("{RULES}{REST}annotations:\n  io.kubewarden.policy.source: {source}\n");
        finds(&text, expected);
    }
}

#[test]
fn a_broken_file_is_one_finding() {
    finds("rules: [", &["invalid-yaml:2"]);
    finds("- a\n", &["invalid-yaml:1"]);
    finds("just text", &["invalid-yaml:1"]);
    finds(&format!("\u{feff}{RULES}{REST}"), &["byte-order-mark:-"]);
    finds("", &["missing-key:-", "missing-key:-", "execution-mode:-"]);
    finds("# nothing\n", &["missing-key:-", "missing-key:-", "execution-mode:-"]);
}

#[test]
fn versions_and_the_line_that_release_workflows_look_for() {
    let with = |lines: &str| format!("{RULES}{REST}annotations:\n{lines}");
    finds(&with("  io.kubewarden.policy.version: 0.1.0\n"), &[]);
    finds(&with("  io.kubewarden.policy.version: \"0.1.0\"\n"), &[]);
    finds(&with("  io.kubewarden.policy.version: '0.1.0'\n"), &["version-line:9"]);
    finds(
        &with("  # io.kubewarden.policy.version is ours\n  io.kubewarden.policy.version: 0.1.0\n"),
        &["version-line:10"],
    );
    finds(&with("  io.kubewarden.policy.version: 0.1.0+x\n"), &["version-with-build:9"]);
    let facts = Facts { version: Some("0.2.0".to_owned()), ..facts() };
    let document = Document::yaml(Path::new("metadata.yml"), with("  io.kubewarden.policy.version: 0.1.0\n"));
    let checked = read(&document, &facts);
    assert_eq!(found(&checked), ["version-mismatch:9"]);
    assert!(checked.findings[0].message.contains("0.1.0") && checked.findings[0].message.contains("0.2.0"));
}

const TABLE: &str = "\
[package]
name = \"demo\"

[package.metadata.kubewarden]
registry = \"ghcr.io/acme/policies\"
mutating = false
severity = \"low\"

[[package.metadata.kubewarden.rules]]
api-groups = [\"\"]
api-versions = [\"v1\"]
resources = [\"pods\"]
operations = [\"CREATE\"]
";

#[test]
fn a_table_is_completed_with_what_the_package_says() {
    let facts = Facts {
        version: Some("0.1.0".to_owned()),
        description: Some("A demo".to_owned()),
        authors: vec!["Jane Doe <jane@example.com>".to_owned(), "Roe, Rick <rick@example.com>".to_owned()],
        license: Some("MIT".to_owned()),
        repository: Some("https://example.com/demo".to_owned()),
        ..facts()
    };
    let checked = toml(TABLE, &facts);
    assert_eq!(found(&checked), [""; 0]);
    let metadata = checked.metadata.unwrap();
    let expected = [
        (key::AUTHOR, "Jane Doe <jane@example.com>, \"Roe, Rick\" <rick@example.com>"),
        (key::DESCRIPTION, "A demo"),
        (key::LICENSE, "MIT"),
        (key::OCI_URL, "ghcr.io/acme/policies/demo"),
        (key::SEVERITY, "low"),
        (key::SOURCE, "https://example.com/demo"),
        (key::TITLE, "demo"),
        (key::URL, "https://example.com/demo"),
        (key::VERSION, "0.1.0"),
    ];
    let annotations: Vec<_> =
        metadata.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(annotations, expected);
}

#[test]
fn a_table_takes_the_names_of_metadata_yml_too() {
    let camel = TABLE.replace("api-groups", "apiGroups").replace("api-versions", "apiVersions");
    assert_eq!(found(&toml(&camel, &facts())), [""; 0]);
    assert_eq!(toml(&camel, &facts()).metadata, toml(TABLE, &facts()).metadata);
    let both = TABLE.replace("api-groups", "apiGroups = [\"\"]\napi-groups");
    assert_eq!(found(&toml(&both, &facts())), ["duplicate-key:11"]);
}

#[test]
fn mistakes_in_a_table_have_their_lines_and_its_spelling() {
    let wrong = TABLE
        .replace("mutating = false", "mutating = \"no\"\nexecution-mode = \"opa\"\nbackground-audits = true")
        .replace("[\"pods\"]", "\"pods\"");
    let checked = toml(&wrong, &facts());
    assert_eq!(found(&checked), ["wrong-type:6", "execution-mode:7", "unknown-key:8", "wrong-type:14"]);
    assert_eq!(checked.findings[2].fix, "write `background-audit`");
    assert_eq!(checked.findings[3].fix, "write `resources = [\"pods\"]`");
}

#[test]
fn a_table_that_contradicts_the_package_is_refused() {
    let facts = Facts { version: Some("0.1.0".to_owned()), ..facts() };
    let text = format!(
        "{TABLE}\n[package.metadata.kubewarden.annotations]\n\"io.kubewarden.policy.version\" = \"0.2.0\"\n"
    );
    assert_eq!(found(&toml(&text, &facts)), ["contradiction:16"]);
    let bare =
        format!("{TABLE}\n[package.metadata.kubewarden.annotations]\nio.artifacthub.keywords = \"a\"\n");
    assert_eq!(found(&toml(&bare, &facts)), ["invalid-annotation:16"]);
}

#[test]
fn authors_without_an_address_are_left_out_with_a_warning() {
    let facts = Facts { authors: vec!["Jane".to_owned(), "Rick <rick@example.com>".to_owned()], ..facts() };
    let checked = toml(TABLE, &facts);
    assert_eq!(
        checked.findings.iter().map(|finding| finding.name.as_str()).collect::<Vec<_>>(),
        ["author-without-address"]
    );
    assert_eq!(checked.metadata.unwrap().annotation(key::AUTHOR), Some("Rick <rick@example.com>"));
}

#[test]
fn what_is_written_as_yaml_reads_back_the_same() {
    let text = format!(
        "{RULES}{REST}backgroundAudit: false\nhostCapabilities: [b, a]\nminimumKubewardenVersion: 1.20.0\n\
         contextAwareResources:\n- apiVersion: v1\n  kind: Pod\nannotations:\n  a: 'true'\n  b: 1.10\n  c: \"#x: y\"\n  d: |\n    two\n    lines\n  \
         io.kubewarden.policy.version: 0.1.0\n"
    );
    let metadata = yaml(&text).metadata.unwrap();
    let written = metadata.to_yaml();
    assert!(written.starts_with(WRITTEN_BY_US));
    assert!(
        written.contains("\n  io.kubewarden.policy.version: 0.1.0\n"),
        "as the release workflows look for it: {written}"
    );
    assert_eq!(yaml(&written).metadata.unwrap(), metadata);
    assert_eq!(found(&yaml(&written)), [""; 0]);
}

#[test]
fn no_text_makes_the_reader_panic() {
    let text = format!("{RULES}{REST}annotations: {{a: b}}\nhostCapabilities: [x]\n");
    for cut in 0..text.len() {
        let _ = yaml(&text[..cut]);
        let mut changed = text.clone().into_bytes();
        for replacement in *b"\"'[{&*!|>%@`\t\0" {
            changed[cut] = replacement;
            if let Ok(changed) = String::from_utf8(changed.clone()) {
                let _ = yaml(&changed);
            }
        }
    }
}
