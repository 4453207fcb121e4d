use super::*;
use crate::protocol::Request;
use serde_json::json;

fn checked(text: &str) -> CheckedCases {
    read(Path::new("tests/policy.yml"), text.as_bytes(), PolicyType::Kubernetes, &[])
}

#[track_caller]
fn cases(text: &str) -> CaseFile {
    let CheckedCases { file, findings } = checked(text);
    assert!(findings.is_empty(), "{:#?}", findings);
    file.unwrap()
}

/// Returns each finding as `line name message (fix)`.
fn findings(text: &str) -> Vec<String> {
    let CheckedCases { file, findings } = checked(text);
    assert_eq!(file.is_none(), has_errors(&findings), "a file with a mistake is not used");
    let line = |finding: &Finding| finding.place.as_ref().unwrap().line.unwrap();
    // The message depends on the operating system.
    let missing = std::io::Error::from_raw_os_error(2).to_string();
    let message = |finding: &Finding| finding.message.replace(&missing, "there is none");
    findings.iter().map(|f| format!("{} {}: {} ({})", line(f), f.name, message(f), f.fix)).collect()
}

#[test]
fn a_case_has_the_settings_of_the_file_unless_it_has_its_own() {
    let file = cases(
        "settings: {a: 1}
cases:
  - name: one
    object: {apiVersion: v1, kind: Pod}
    expect: {allowed: true}

  - name: two
    settings: {b: 2}
    expect: {settings_valid: false}
  - name: three
    settings:
    expect: {settings_valid: true}
",
    );
    let settings: Vec<_> = file.cases.iter().map(|case| json!(case.settings.settings)).collect();
    assert_eq!(settings, [json!({"a": 1}), json!({"b": 2}), json!({})]);
    assert_eq!(file.cases.iter().map(|case| case.line).collect::<Vec<_>>(), [3, 7, 10]);
}

#[test]
fn all_expectations_are_read() {
    let file = cases(
        r#"
skip_checks: [settings-not-json]
cases:
  - name: everything
    object: {apiVersion: v1, kind: Pod}
    expect:
      allowed: false
      message: /no./
      code: 403
      patch: [{op: add, path: /a, value: 1}, {op: remove, path: ""}]
      object: {kind: Pod, a: 1}
      warnings: [one, /two/]
      audit_annotations: {a: b}
      settings_valid: true
"#,
    );
    assert_eq!(file.skipped_checks, [Check::SettingsNotJson]);
    let expect = &file.cases[0].expect;
    assert_eq!((expect.allowed, expect.code, expect.settings_valid), (Some(false), Some(403), Some(true)));
    assert_eq!(expect.message.as_ref().unwrap().to_string(), "/no./");
    let patch = json!([{"op": "add", "path": "/a", "value": 1}, {"op": "remove", "path": ""}]);
    assert_eq!(json!(expect.patch), patch);
    assert_eq!(expect.object, Some(json!({"kind": "Pod", "a": 1})));
    assert_eq!(expect.warnings.as_ref().unwrap().len(), 2);
    assert!(expect.audit_annotations.as_ref().unwrap()["a"].fits("b"));
    assert!(expect.error.is_none());
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = r#"setings: {}
skip_checks: [setings-not-json, 1]
cases:
  - nmae: one
    expect: {alowed: true}
  - name: two
    name: two
    object: {kind: Pod, kind: Job}
    expect:
      allowed: "true"
      code: 70000
      message: /(/
      warnings: [1]
      patch:
        - {op: move, path: a}
        - {op: add, path: /a, valeu: 1}
  - just text
  - name: three
    request: fixtures/no-such-file.yaml
    operation: UPDAET
    expect: {}
  - name: two
    settings: [1]
    expect: {allowed: true}
"#;
    assert_eq!(
        findings(text),
        [
            "1 unknown-key: unknown key `setings` in a case file (write `settings`)",
            "2 unknown-check: unknown check: found the string `setings-not-json` (write `settings-not-json`)",
            "2 unknown-check: unknown check: found the number `1` (write a list of `subcommands`, `unknown-subcommand`, `one-document`, `settings-not-json`)",
            "4 unknown-key: unknown key `nmae` in a case (write `name`)",
            "4 missing-key: the case has no `name` (write `name:` and what the case checks, such as `a denied name is rejected`)",
            "4 missing-request: there is nothing to evaluate: the case has no `request` and no `object` (write `request:` or `object:`, or `settings_valid:` alone)",
            "5 unknown-key: unknown key `alowed` in `expect` (write `allowed`)",
            "7 duplicate-key: `name` is written twice (keep one of them)",
            "8 duplicate-key: `kind` is written twice (keep one of them)",
            "10 wrong-type: `allowed` must be `true` or `false`, found the string `true` (write `true` or `false`, without quotes)",
            "11 wrong-type: `code` must be a whole number from 0 to 65535, found the number `70000` (write the status, such as `403`)",
            "12 invalid-regex: `/(/` is not a regular expression: found open group without closing ')' (a string between slashes is a regular expression: write `\\` before its special characters)",
            "13 wrong-type: `warnings` must hold strings, found the number `1` (write it in quotes)",
            "15 wrong-type: `op` must be one of `add`, `remove`, `replace` (hosts create patches with these operations only)",
            "15 wrong-type: `a` is not a JSON pointer (write `/a`)",
            "16 unknown-key: unknown key `valeu` in an operation of a patch (write `value`)",
            "16 missing-key: the operation has no `value` (add it)",
            "17 wrong-type: a case must be a map, found the string `just text` (known keys are `name`, `settings`, `settings_file`, `request`, `object`, `operation`, `old_object`, `user`, `groups`, `namespace`, `object_name`, `sub_resource`, `dry_run`, `options`, `expect`)",
            "19 unreadable-file: could not read `fixtures/no-such-file.yaml`: there is none (write the path of a file, relative to the folder of this one, `tests`)",
            "20 unknown-operation: unknown operation `UPDAET` (write `UPDATE`)",
            "21 missing-key: `expect` is empty: the case expects nothing (write one of `allowed`, `message`, `code`, `patch`, `object`, `warnings`, `audit_annotations`, `settings_valid`, `error`, `skipped`)",
            "22 duplicate-name: the case in line 6 has the name `two` too (give each case a name of its own)",
            "23 wrong-type: `settings` must be a map, or a file with one (settings are keys and values: Kubewarden refuses anything else before the policy sees it)",
            "24 missing-request: `allowed` needs a request to be evaluated (write `request:` or `object:`, or `settings_valid:` alone)",
        ]
    );
}

#[test]
fn what_cannot_hold_together_is_reported() {
    let case = |fields: &str| findings(&format!("cases:\n  - name: a\n{fields}"));
    let object = "    object: {apiVersion: v1, kind: Pod}\n";
    for (expect, found) in [
        ("{error: x, allowed: false}", "`allowed`"),
        ("{error: x, message: y}", "`message`"),
        ("{settings_valid: false, allowed: false}", "`allowed`"),
        ("{settings_valid: false, error: x}", "`error`"),
    ] {
        let found_here = case(&format!("{object}    expect: {expect}\n"));
        assert_eq!(found_here.len(), 1, "{expect}: {found_here:?}");
        assert!(
            found_here[0].starts_with("4 contradiction") && found_here[0].contains(found),
            "{found_here:?}"
        );
    }
    for expect in ["{settings_valid: false, message: x}", "{error: x, settings_valid: true}"] {
        assert_eq!(case(&format!("{object}    expect: {expect}\n")), [""; 0]);
    }
    let found = case("    request: a\n    object: {}\n    expect: {allowed: true}\n");
    assert!(found[0].starts_with("4 contradiction: `request` and `object` are both written"), "{found:?}");
    let found = case("    operation: DELETE\n    expect: {settings_valid: true}\n");
    assert!(found[0].starts_with("3 missing-request: `operation` needs an object"), "{found:?}");
    let found = case("    settings: {}\n    settings_file: a\n    expect: {settings_valid: true}\n");
    assert!(found[0].starts_with("4 contradiction"), "{found:?}");
}

#[test]
fn a_broken_file_is_one_finding() {
    for (text, found) in [
        ("", "1 wrong-type: a case file must be a map, found nothing"),
        ("- a", "1 wrong-type: a case file must be a map, found a list"),
        ("a: [", "2 invalid-yaml: not YAML"),
        ("cases: []\n---\ncases: []", "3 invalid-yaml: not YAML: there is more than one document"),
        ("settings: {}", "1 missing-key: there are no cases"),
        ("cases: {}", "1 wrong-type: `cases` must be a list, found a map"),
        ("cases: !x []", "1 invalid-yaml: not YAML"),
    ] {
        let all = findings(text);
        assert_eq!(all.len(), 1, "{text:?}: {all:?}");
        assert!(all[0].starts_with(found), "{text:?}: {all:?}");
    }
    let not_utf8 = read(Path::new("a.yml"), b"cases:\n- \xff", PolicyType::Kubernetes, &[]);
    assert_eq!(not_utf8.findings[0].place.as_ref().unwrap().line, Some(2));
    assert!(not_utf8.file.is_none());
}

#[test]
fn cases_share_keys_through_merges_and_keys_of_the_user() {
    let text = "
x-pod: &pod { apiVersion: v1, kind: Pod }
cases:
- &first
  name: a
  x-note: by alice
  object: { <<: *pod, metadata: { name: b } }
  user: alice
  groups: [developers]
  namespace: shop
  object_name: c
  sub_resource: exec
  dry_run: true
  options: { kind: CreateOptions, fieldManager: me }
  expect: { allowed: true }
- { <<: *first, name: b, user: bob }
";
    let read = read(Path::new("a.yml"), text.as_bytes(), PolicyType::Kubernetes, &[]);
    assert!(read.findings.is_empty(), "{:?}", read.findings);
    let cases = read.file.unwrap().cases;
    let requests = cases.iter().map(|case| match case.request.as_ref().unwrap() {
        Request::Kubernetes(request) => serde_json::to_value(request).unwrap(),
        Request::Raw(document) => document.clone(),
    });
    let users: Vec<_> = requests.clone().map(|request| request["userInfo"]["username"].clone()).collect();
    assert_eq!(users, ["alice", "bob"]);
    for request in requests {
        assert_eq!(request["userInfo"]["groups"], json!(["developers"]));
        assert_eq!((&request["namespace"], &request["name"]), (&json!("shop"), &json!("c")));
        assert_eq!((&request["subResource"], &request["dryRun"]), (&json!("exec"), &json!(true)));
        assert_eq!(request["options"]["fieldManager"], "me");
        assert_eq!(request["object"]["metadata"]["name"], "b");
    }
}

#[test]
fn schema_and_documentation_have_the_keys_that_are_read() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schemas/policy-tests.schema.json")).unwrap();
    let documentation = include_str!("../../../docs/testing.md");
    let definition = |name| &schema["definitions"][name];
    let operation = &definition("expect")["properties"]["patch"]["items"];
    for (described, keys) in [
        (&schema, FILE_KEYS.as_slice()),
        (definition("case"), &CASE_KEYS),
        (definition("expect"), &expect::EXPECT_KEYS),
        (operation, &expect::OPERATION_KEYS),
    ] {
        let properties = described["properties"].as_object().unwrap().keys().map(String::as_str);
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        assert_eq!(properties.collect::<Vec<_>>(), keys);
        assert_eq!(described["additionalProperties"], false);
    }
    let checks = &schema["properties"]["skip_checks"]["items"]["enum"];
    assert_eq!(*checks, json!(Check::ALL.map(Check::name)));
    assert_eq!(definition("case")["properties"]["operation"]["enum"], json!(OPERATIONS));
    let names = Check::ALL.map(Check::name);
    for key in [FILE_KEYS.as_slice(), &CASE_KEYS, &expect::EXPECT_KEYS, &names].concat() {
        assert!(documentation.contains(&format!("`{key}`")), "{key}");
    }
    let line = format!("# yaml-language-server: $schema={}\n", schema["$id"].as_str().unwrap());
    assert!(documentation.contains(&line));
    for template in [
        include_str!("../../../templates/shared/files/validate/tests/policy.yml.hbs"),
        include_str!("../../../templates/shared/files/mutate/tests/policy.yml.hbs"),
        include_str!("../../../templates/shared/files/raw-validate/tests/policy.yml.hbs"),
        include_str!("../../../templates/shared/files/raw-mutate/tests/policy.yml.hbs"),
    ] {
        assert!(template.starts_with(&line));
    }
    assert!(line.contains(&format!("={}/", env!("CARGO_PKG_REPOSITORY"))));
}

/// An editor reports what this tool reports, as far as that depends on this file alone.
#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = serde_json::from_str(include_str!("../../../schemas/policy-tests.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let pod = "object: { apiVersion: v1, kind: Pod }";
    let refused = [
        "expect: { allowed: true }",
        "expect: { message: x }",
        "expect: { settings_valid: true, message: x }",
        "expect: { settings_valid: false, code: 403 }",
        "expect: {}",
        "operation: UPDATE, expect: { settings_valid: true }",
        "POD, expect: { error: x, allowed: false }",
        "POD, expect: { skipped: true, allowed: false }",
        "POD, expect: { skipped: true, message: x }",
        "POD, expect: { skipped: true, error: x }",
        "POD, expect: { skipped: true, settings_valid: false }",
        "expect: { skipped: true }",
        "POD, expect: { error: x, message: x }",
        "POD, expect: { error: x, settings_valid: false }",
        "POD, expect: { settings_valid: false, patch: [] }",
        "POD, expect: { patch: [{ op: add, path: /a }] }",
        "POD, expect: { patch: [{ op: move, path: /a }] }",
        "POD, request: a.json, expect: { allowed: true }",
        "POD, settings: {}, settings_file: a.yaml, expect: { allowed: true }",
        "POD, expect: { allowed: yes }",
        "POD",
    ];
    let accepted = [
        "expect: { settings_valid: true }",
        "expect: { settings_valid: false, message: x }",
        "expect: { error: x }",
        "POD, expect: { error: x }",
        "POD, expect: { skipped: true }",
        "POD, expect: { skipped: true, settings_valid: true }",
        "POD, expect: { skipped: false, allowed: true }",
        "POD, expect: { error: x, settings_valid: true }",
        "POD, expect: { allowed: true, settings_valid: true, message: x }",
        "POD, expect: { patch: [{ op: remove, path: /a }, { op: add, path: /a, value: null }] }",
        "POD, operation: UPDATE, old_object: { apiVersion: v1, kind: Pod }, expect: { message: x }",
    ];
    let files = |cases: &[&str]| -> Vec<String> {
        cases.iter().map(|case| format!("cases: [{{ name: a, {} }}]", case.replace("POD", pod))).collect()
    };
    let mut refused = files(&refused);
    for name in ["''", "' '", "\"a\\nb\"", "1"] {
        refused.push(format!("cases: [{{ name: {name}, expect: {{ settings_valid: true }} }}]"));
    }
    refused.push("settings: {}\nsettings_file: a.yaml\ncases: []".to_owned());
    for (files, good) in [(refused, false), (files(&accepted), true)] {
        for text in files {
            let value: serde_json::Value = yaml_serde::from_str(&text).unwrap();
            assert_eq!(schema.is_valid(&value), good, "the schema about {text}");
            assert_eq!(findings(&text).is_empty(), good, "the reader about {text}: {:?}", findings(&text));
        }
    }
}

#[test]
fn the_documented_example_is_a_case_file() {
    let example = include_str!("../../../docs/testing.md").split("```yaml\n").nth(1).unwrap();
    let findings = findings(example.split("```").next().unwrap());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("could not read `fixtures/pod-bad.yaml`"), "{findings:?}");
}
