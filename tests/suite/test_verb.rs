//! `test` on policies in WebAssembly text, and on a project that is built first.

use crate::support::{self, Case, Run};
use cargo_kw_wasi::kubernetes::{Operation, Rule};
use cargo_kw_wasi::metadata::{Metadata, PolicyType};
use cargo_kw_wasi::module;
use snapbox::str;

/// A policy that gives constant answers, and refuses settings that do not start with `{`.
struct Constant {
    /// What it prints for `validate`.
    answer: &'static str,
    /// What it prints for `validate-settings`.
    settings: &'static str,
    /// What it always writes to stderr.
    stderr: &'static str,
    /// What it does at the end of `validate`.
    end: &'static str,
    /// What it does for an unknown subcommand.
    otherwise: &'static str,
    /// What it does about settings that are not JSON.
    not_json: &'static str,
    policy_type: PolicyType,
    /// May it change objects?
    mutating: bool,
    /// Of which Pods it is asked about; nothing for a policy without rules.
    operations: &'static [Operation],
}

const ACCEPTING: Constant = Constant {
    answer: r#"{"accepted": true}"#,
    settings: r#"{"valid": true}"#,
    stderr: "",
    end: "",
    otherwise: "(call $exit (i32.const 2))",
    not_json: "(call $exit (i32.const 1))",
    policy_type: PolicyType::Kubernetes,
    mutating: true,
    operations: &[],
};

impl Constant {
    fn wasm(&self) -> Vec<u8> {
        let Self { end, otherwise, not_json, .. } = self;
        let [answer, settings, stderr] = [(self.answer, 1024), (self.settings, 4096), (self.stderr, 8192)]
            .map(|(text, at)| (format!("(data (i32.const {at}) {text:?})"), at, text.len()));
        let write = |fd: u32, (_, at, length): &(String, i32, usize)| {
            format!("(call $write (i32.const {fd}) (i32.const {at}) (i32.const {length}))")
        };
        let text = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                {} {} {}
                (func $write (param $fd i32) (param $at i32) (param $length i32)
                    (i32.store (i32.const 0) (local.get $at))
                    (i32.store (i32.const 4) (local.get $length))
                    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
                (func $first_byte (result i32)
                    (i32.store (i32.const 0) (i32.const 16))
                    (i32.store (i32.const 4) (i32.const 1))
                    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
                    (i32.load8_u (i32.const 16)))
                (func (export "_start")
                    {}
                    (drop (call $args (i32.const 0) (i32.const 4)))
                    ;; the bytes of both arguments, each with the zero after it
                    (if (i32.eq (i32.load (i32.const 4)) (i32.const 21))
                        (then {} {end} (return)))
                    (if (i32.eq (i32.load (i32.const 4)) (i32.const 30))
                        (then
                            (if (i32.ne (call $first_byte) (i32.const 0x7b)) (then {not_json} (return)))
                            {} (return)))
                    {otherwise}))"#,
            answer.0,
            settings.0,
            stderr.0,
            write(2, &stderr),
            write(1, &answer),
            write(1, &settings),
        );
        module::annotate(&wat::parse_str(text).unwrap(), &self.metadata()).unwrap()
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::new();
        metadata.policy_type = self.policy_type;
        metadata.mutating = self.mutating;
        if !self.operations.is_empty() {
            metadata.rules.push(Rule {
                api_groups: vec![String::new()],
                api_versions: vec!["v1".to_owned()],
                resources: vec!["pods".to_owned()],
                operations: self.operations.to_vec(),
            });
        }
        metadata
    }

    /// A case with this policy as `policy.wasm`, and cases about it.
    fn with(&self, cases: &str) -> Case {
        let case = Case::empty();
        case.write("policy.wasm", self.wasm()).write("tests/policy.yml", cases);
        case
    }
}

#[track_caller]
fn test(case: &Case, args: &str) -> Run {
    case.kw_wasi(&format!("test --wasm policy.wasm {args}")).run()
}

const POD: &str = "{ apiVersion: v1, kind: Pod, metadata: { name: web, namespace: default } }";

#[test]
fn expectations_that_are_met_are_ok() {
    let policy = Constant {
        answer: r#"{"accepted": false, "message": "no", "code": 403, "warnings": ["w1", "w2"], "audit_annotations": {"a": "b"}}"#,
        ..ACCEPTING
    };
    let case = policy.with(&format!(
        "cases:
  - name: everything is as stated
    object: {POD}
    expect:
      allowed: false
      message: no
      code: 403
      patch: []
      object: {POD}
      warnings: [w1, /^w/]
      audit_annotations: {{ a: /b/ }}
      settings_valid: true
  - name: what is not stated is not checked
    object: {POD}
    expect: {{ code: 403 }}
  - name: settings alone
    expect: {{ settings_valid: true }}
"
    ));
    test(&case, "")
        .code(0)
        .stderr_eq(str![[r#"
     Testing policy (policy.wasm)

"#]])
        .stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ok
test protocol::unknown-subcommand ... ok
test protocol::one-document ... ok
test protocol::settings-not-json ... ok
test everything is as stated ... ok
test what is not stated is not checked ... ok
test settings alone ... ok

test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
}

#[test]
fn expectations_that_are_not_met_are_shown_with_their_place_and_a_diff() {
    let policy = Constant {
        answer: r#"{"accepted": true, "message": "line one\nline two", "warnings": ["same", "other"], "mutated_object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default", "labels": {"owner": "you"}}}}"#,
        stderr: "a word\nto the \u{1b}[31mwise\n",
        ..ACCEPTING
    };
    let case = policy.with(&format!(
        "cases:
  - name: this holds
    object: {POD}
    expect: {{ allowed: true }}
  - name: everything is otherwise
    object: {POD}
    expect:
      allowed: false
      message: \"line one\\nline 2\"
      code: 403
      patch:
        - {{ op: add, path: /metadata/labels, value: {{ owner: me }} }}
      object:
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: default
          labels: {{ owner: me }}
      warnings: [/^same$/]
      audit_annotations: {{ a: b }}
  - name: the settings are refused
    expect: {{ settings_valid: false, message: no }}
"
    ));
    test(&case, "").code(1).stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ok
test protocol::unknown-subcommand ... ok
test protocol::one-document ... ok
test protocol::settings-not-json ... ok
test this holds ... ok
test everything is otherwise ... FAILED
test the settings are refused ... FAILED

failures:

---- everything is otherwise ----
tests/policy.yml:5
allowed: expected false, got true
message, - expected, + got:
    line one
  - line 2
  + line two
code: expected 403, got nothing
patch, - expected, + got:
  - {"op":"add","path":"/metadata/labels","value":{"owner":"me"}}
  + {"op":"add","path":"/metadata/labels","value":{"owner":"you"}}
object, - expected, + got:
    …
    kind: Pod
    metadata:
      labels:
  -     owner: me
  +     owner: you
      name: web
      namespace: default
warnings, - expected, + got:
    same
  + other
audit_annotations, - expected, + got:
  - a: b
the policy wrote to stderr:
  a word
  to the /u{1b}[31mwise

---- the settings are refused ----
tests/policy.yml:22
settings_valid: expected false, got true
the policy wrote to stderr:
  a word
  to the /u{1b}[31mwise


failures:
    everything is otherwise
    the settings are refused

test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
}

#[test]
fn a_policy_that_does_not_answer_fails_unless_the_case_expects_it() {
    let cases = format!(
        "skip_checks: [subcommands, unknown-subcommand, one-document, settings-not-json]
cases:
  - name: a failure is not a rejection
    object: {POD}
    expect: {{ allowed: false }}
  - name: a failure can be stated
    object: {POD}
    expect: {{ error: /oh no|REASON/ }}
  - name: but it has to be the right one
    object: {POD}
    expect: {{ error: another }}
"
    );
    let run = |policy: Constant, reason: &str| {
        let case = policy.with(&cases.replace("REASON", reason));
        test(&case, "--time-limit 1s --memory-limit 64KiB").code(1)
    };
    let trap = Constant { end: "unreachable", stderr: "oh no", ..ACCEPTING };
    run(trap, "").stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ignored
test protocol::unknown-subcommand ... ignored
test protocol::one-document ... ignored
test protocol::settings-not-json ... ignored
test a failure is not a rejection ... FAILED
test a failure can be stated ... ok
test but it has to be the right one ... FAILED

failures:

---- a failure is not a rejection ----
tests/policy.yml:3
the policy did not answer: it trapped: wasm trap: wasm `unreachable` instruction executed
the policy wrote to stderr:
  oh no

---- but it has to be the right one ----
tests/policy.yml:9
error, - expected, + got:
  - another
  + oh no


failures:
    a failure is not a rejection
    but it has to be the right one

test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
    let exit = Constant { end: "(call $exit (i32.const 3))", ..ACCEPTING };
    run(exit, "exit code 3").stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ignored
test protocol::unknown-subcommand ... ignored
test protocol::one-document ... ignored
test protocol::settings-not-json ... ignored
test a failure is not a rejection ... FAILED
test a failure can be stated ... ok
test but it has to be the right one ... FAILED

failures:

---- a failure is not a rejection ----
tests/policy.yml:3
the policy did not answer: it ended with exit code 3

---- but it has to be the right one ----
tests/policy.yml:9
error, - expected, + got:
  - another
  + it ended with exit code 3


failures:
    a failure is not a rejection
    but it has to be the right one

test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
    let endless = Constant { end: "(loop $again (br $again))", ..ACCEPTING };
    run(endless, "time-limit").stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ignored
test protocol::unknown-subcommand ... ignored
test protocol::one-document ... ignored
test protocol::settings-not-json ... ignored
test a failure is not a rejection ... FAILED
test a failure can be stated ... ok
test but it has to be the right one ... FAILED

failures:

---- a failure is not a rejection ----
tests/policy.yml:3
the policy did not answer: it was stopped after 1s (see `--time-limit`)

---- but it has to be the right one ----
tests/policy.yml:9
error, - expected, + got:
  - another
  + it was stopped after 1s (see `--time-limit`)


failures:
    a failure is not a rejection
    but it has to be the right one

test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
    let no_json = Constant { answer: "accepted", ..ACCEPTING };
    run(no_json, "Cannot deserialize").stdout_eq(str![[r#"

running 7 tests
test protocol::subcommands ... ignored
test protocol::unknown-subcommand ... ignored
test protocol::one-document ... ignored
test protocol::settings-not-json ... ignored
test a failure is not a rejection ... FAILED
test a failure can be stated ... ok
test but it has to be the right one ... FAILED

failures:

---- a failure is not a rejection ----
tests/policy.yml:3
the policy did not answer: internal server error: Cannot deserialize policy validation response: expected value at line 1 column 1

---- but it has to be the right one ----
tests/policy.yml:9
error, - expected, + got:
  - another
  + internal server error: Cannot deserialize policy validation response: expected value at line 1 column 1


failures:
    a failure is not a rejection
    but it has to be the right one

test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
}

#[test]
fn a_policy_that_fails_has_not_refused_its_settings() {
    let policy = Constant { settings: "garbage", ..ACCEPTING };
    let case = policy.with(
        "cases:
  - name: a failure is not a refusal
    expect: { settings_valid: false }
  - name: a failure can be stated
    expect: { error: /Cannot deserialize settings/ }
  - name: but it has to be the right one
    expect: { error: another }
",
    );
    let run = test(&case, "--skip protocol").code(1);
    for line in [
        "test a failure is not a refusal ... FAILED",
        "test a failure can be stated ... ok",
        "test but it has to be the right one ... FAILED",
        "the policy did not answer: Cannot deserialize settings validation response: ",
        "error, - expected, + got:\n  - another\n  + Cannot deserialize settings",
    ] {
        assert!(run.stdout.contains(line), "{line}:\n{}", run.stdout);
    }
    let accepting = ACCEPTING.with("cases: [{ name: it fails, expect: { error: /no/ } }]");
    test(&accepting, "--skip protocol").code(1).stdout_has("error, - expected, + got:\n  - /no/\n");
}

#[test]
fn no_expectation_is_ignored() {
    let unread = ACCEPTING.with("cases: [{ name: a, expect: { settings_valid: true, message: x } }]");
    test(&unread, "").code(101).stderr_has("`message` needs a request to be evaluated");
    let list = ACCEPTING.with(
        "cases: [{ name: a, object: { apiVersion: v1, kind: List, items: [] }, expect: { allowed: true } }]",
    );
    test(&list, "").code(101).stderr_has("a `List` contains several objects");
    let list = ACCEPTING.with("cases: [{ name: a, request: pods.json, expect: { allowed: true } }]");
    list.write("tests/pods.json", r#"{"apiVersion": "v1", "kind": "PodList", "items": []}"#);
    test(&list, "").code(101).stderr_has("a `PodList` contains several objects");
    list.write(
        "tests/pods.json",
        r#"{"apiVersion": "v1", "kind": "Pod"}{"apiVersion": "v1", "kind": "Pod"}"#,
    );
    test(&list, "").code(101).stderr_has("there is more than one document");
    let old = ACCEPTING.with(&format!(
        "cases: [{{ name: a, object: {POD}, old_object: {POD}, expect: {{ allowed: true }} }}]"
    ));
    test(&old, "").code(101).stderr_has("a CREATE has none");
    let deleted = Constant { answer: r#"{"accepted": true, "mutated_object": {"a": 1}}"#, ..ACCEPTING };
    let case = deleted.with(&format!(
        "cases: [{{ name: a, object: {POD}, operation: DELETE, expect: {{ allowed: false, object: {{ a: 1 }} }} }}]"
    ));
    test(&case, "--skip protocol").code(1).stdout_has("object, - expected, + got:\n  - a: 1\n");
    let empty = ACCEPTING.with(&format!("cases: [{{ name: a, object: {POD}, expect: {{ message: '' }} }}]"));
    test(&empty, "--skip protocol").code(1).stdout_has("message: expected \"\", got nothing\n");
}

#[test]
fn objects_are_read_as_kubectl_reads_them() {
    let labeled = Constant {
        answer: r#"{"accepted": true, "mutated_object": {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default"},"mode":420,"true":true}}"#,
        ..ACCEPTING
    };
    let case = labeled.with(
        "cases: [{ name: a, object: { apiVersion: v1, kind: Pod, mode: 0644, on: yes }, expect: { patch: [] } },
  { name: b, object: pod, expect: { object: { apiVersion: v1, kind: Pod, metadata: { namespace: default }, mode: 0644, on: yes } } }]"
            .replace("object: pod", "request: pod.yaml")
            .as_str(),
    );
    case.write("tests/pod.yaml", "apiVersion: v1\nkind: Pod\nmode: 0644\non: yes\n");
    test(&case, "--skip protocol").code(0);
}

#[test]
fn mistakes_in_several_policies_are_reported_together() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n");
    for name in ["a", "b"] {
        case.write(
            &format!("{name}/Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[package.metadata.kubewarden]\nmutating = false\n[[package.metadata.kubewarden.rules]]\napi-groups = [\"\"]\napi-versions = [\"v1\"]\nresources = [\"pods\"]\noperations = [\"CREATE\"]\n"
            ),
        );
        case.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
        case.write(&format!("{name}/tests/policy.yml"), "cases: [{ name: a }]\n");
    }
    let run = case.kw_wasi("test --workspace").run().code(101);
    assert_eq!(run.stderr.matches("error[missing-key]").count(), 2, "{}", run.stderr);
}

#[test]
fn refused_settings_fail_a_case_about_a_request() {
    let policy = Constant { settings: r#"{"valid": false, "message": "no names"}"#, ..ACCEPTING };
    let case = policy.with(&format!(
        "cases:
  - name: nothing is asked
    object: {POD}
    expect: {{ allowed: true }}
  - name: they are refused
    expect: {{ settings_valid: false, message: no names }}
"
    ));
    test(&case, "--skip protocol").code(1).stdout_eq(str![[r#"

running 2 tests
test nothing is asked ... FAILED
test they are refused ... ok

failures:

---- nothing is asked ----
tests/policy.yml:2
the policy refuses the settings: no names
settings_valid: expected true, got false


failures:
    nothing is asked

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in [..]s

"#]]);
}

#[test]
fn the_protocol_is_checked() {
    let policy = Constant {
        answer: r#"{"accepted": true} {"accepted": true}"#,
        settings: "",
        otherwise: "",
        not_json: "unreachable",
        ..ACCEPTING
    };
    let case = policy.with("cases: []\n");
    test(&case, "").code(1).stdout_eq(str![[r#"

running 4 tests
test protocol::subcommands ... FAILED
test protocol::unknown-subcommand ... FAILED
test protocol::one-document ... FAILED
test protocol::settings-not-json ... FAILED

failures:

---- protocol::subcommands ----
`validate-settings` does not answer: Cannot deserialize settings validation response: EOF while parsing a value at line 1 column 0
`validate` does not answer: internal server error: Cannot deserialize policy validation response: trailing characters at line 1 column 20

---- protocol::unknown-subcommand ----
an unknown subcommand: it ended with exit code 0

---- protocol::one-document ----
`validate-settings`: stdout is empty
`validate`: stdout is not one JSON document (trailing characters at line 1 column 20):
  {"accepted": true} {"accepted": true}

---- protocol::settings-not-json ----
settings that are not JSON: it trapped: wasm trap: wasm `unreachable` instruction executed


failures:
    protocol::subcommands
    protocol::unknown-subcommand
    protocol::one-document
    protocol::settings-not-json

test result: FAILED. 0 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
    let careless =
        Constant { not_json: "(call $write (i32.const 1) (i32.const 4096) (i32.const 15))", ..ACCEPTING };
    let case = careless.with("skip_checks: [one-document]\ncases: []\n");
    test(&case, "").code(1).stdout_eq(str![[r#"

running 4 tests
test protocol::subcommands ... ok
test protocol::unknown-subcommand ... ok
test protocol::one-document ... ignored
test protocol::settings-not-json ... FAILED

failures:

---- protocol::settings-not-json ----
settings that are not JSON are accepted


failures:
    protocol::settings-not-json

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in [..]s

"#]]);
}

#[test]
fn tests_are_selected_by_name() {
    let case = ACCEPTING.with(&format!(
        "cases:
  - name: one
    object: {POD}
    expect: {{ allowed: true }}
  - name: one more
    object: {POD}
    expect: {{ allowed: false }}
"
    ));
    let summary = |args: &str| {
        test(&case, args).stdout.lines().last().unwrap().split("; 0 ignored").next().unwrap().to_owned()
    };
    assert_eq!(summary(""), "test result: FAILED. 5 passed; 1 failed");
    assert_eq!(summary("one --exact"), "test result: ok. 1 passed; 0 failed");
    assert_eq!(summary("one --skip protocol"), "test result: FAILED. 1 passed; 1 failed");
    assert_eq!(summary("one --skip more --skip protocol"), "test result: ok. 1 passed; 0 failed");
    assert_eq!(summary("json unknown"), "test result: ok. 2 passed; 0 failed");
    assert!(
        test(&case, "nothing")
            .code(0)
            .stdout
            .contains("0 passed; 0 failed; 0 ignored; 0 measured; 6 filtered out")
    );
    test(&case, "--list --skip protocol").code(0).stderr_eq("").stdout_eq("one: test\none more: test\n");
    test(&case, "--list more --format json").code(0).stderr_eq("").stdout_eq(str![[r#"
{"file":"tests/policy.yml","line":5,"name":"one more","policy":"policy","type":"case"}

"#]]);
}

#[test]
fn scripts_get_json() {
    let policy = Constant { stderr: "a word", ..ACCEPTING };
    let case = policy.with(&format!(
        "skip_checks: [subcommands]
cases:
  - name: one
    object: {POD}
    expect: {{ allowed: true }}
  - name: two
    object: {POD}
    expect: {{ allowed: false, message: \"no\" }}
"
    ));
    let run = test(&case, "--format json --skip unknown --skip one- --skip json").code(1);
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().filter(|line| line["result"] != "ignored").all(|line| line["seconds"].is_f64()));
    let without_times: Vec<_> = lines
        .into_iter()
        .map(|mut line| {
            line.as_object_mut().unwrap().remove("seconds");
            line.to_string()
        })
        .collect();
    snapbox::assert_data_eq!(
        without_times.join("\n"),
        str![[r#"
{"name":"protocol::subcommands","policy":"policy","result":"ignored","type":"case"}
{"file":"tests/policy.yml","line":3,"name":"one","policy":"policy","result":"ok","type":"case"}
{"file":"tests/policy.yml","line":6,"mismatches":[{"expected":false,"got":true,"what":"allowed"},{"expected":"no","got":null,"what":"message"}],"name":"two","notes":[],"policy":"policy","result":"failed","stderr":"a word","type":"case"}
{"failed":1,"filtered_out":3,"ignored":1,"passed":1,"result":"failed","type":"summary"}
"#]]
    );
}

#[test]
fn ci_gets_junit() {
    let policy = Constant { stderr: "a <word>", ..ACCEPTING };
    let case = policy.with(&format!(
        "skip_checks: [subcommands]
cases:
  - name: one
    object: {POD}
    expect: {{ allowed: true }}
  - name: two & more
    object: {POD}
    expect: {{ allowed: false, message: \"no\" }}
"
    ));
    test(&case, "--format junit --skip unknown --skip one- --skip json").code(1).stdout_eq(str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="cargo kw-wasi test" tests="3" skipped="1" failures="1" errors="0">
    <testsuite name="policy" tests="3" skipped="1" errors="0" failures="1" time="[..]">
        <testcase name="protocol::subcommands" classname="policy" time="[..]">
            <skipped/>
        </testcase>
        <testcase name="one" classname="policy" time="[..]" file="tests/policy.yml" line="3"/>
        <testcase name="two &amp; more" classname="policy" time="[..]" file="tests/policy.yml" line="6">
            <failure message="allowed: expected false, got true; message is not as expected">allowed: expected false, got true
message, - expected, + got:
  - no
</failure>
            <system-err>a &lt;word&gt;</system-err>
        </testcase>
    </testsuite>
</testsuites>

"#]]);
}

#[test]
fn every_mistake_in_case_files_is_reported_before_anything_runs() {
    let case = ACCEPTING.with("cases:\n  - nmae: one\n    object: {}\n    expect: { alowed: true }\n");
    case.write(
        "tests/more.policy.yml",
        "cases:\n  - name: a\n    request: fixtures/a.json\n    expect: { allowed: true }\n",
    );
    case.write("tests/fixtures/a.json", "{\n  \"kind\": [\n}");
    case.write("tests/other.yml", "not: cases");
    test(&case, "").code(101).stdout_eq("").stderr_eq(str![[r#"
error[unknown-key]: unknown key `nmae` in a case
  --> tests/policy.yml:2
    |
  2 |   - nmae: one
    |
  fix: write `name`
error[missing-key]: the case has no `name`
  --> tests/policy.yml:2
    |
  2 |   - nmae: one
    |
  fix: write `name:` and what the case checks, such as `a denied name is rejected`
error[invalid-request]: not a request: cannot build AdmissionRequest object from given input: missing field `uid`
  --> tests/policy.yml:3
    |
  3 |     object: {}
    |
  fix: write an admission request, an AdmissionReview or a Kubernetes object
error[unknown-key]: unknown key `alowed` in `expect`
  --> tests/policy.yml:4
    |
  4 |     expect: { alowed: true }
    |
  fix: write `allowed`
error[invalid-fixture]: not JSON: expected value
  --> tests/fixtures/a.json:3
    |
  3 | }
    |
  fix: correct the JSON; tests/more.policy.yml:3 names the file
error: could not read the cases in `tests/policy.yml` (4 errors), `tests/more.policy.yml` (1 error)

"#]]);
}

#[test]
fn requests_are_reviews_requests_or_objects() {
    let case = Case::empty();
    let policy = Constant { answer: r#"{"accepted": true, "mutated_object": {"a": 1}}"#, ..ACCEPTING };
    let request = cargo_kw_wasi::kubernetes::admission_request(
        &"pods".parse().unwrap(),
        cargo_kw_wasi::kubernetes::Operation::Create,
        "web",
        None,
    );
    let request = serde_json::json!(request);
    let review = serde_json::json!({"kind": "AdmissionReview", "request": request});
    case.write("policy.wasm", policy.wasm())
        .write("cases/request.json", request.to_string())
        .write("cases/review.json", review.to_string())
        .write("cases/object.yaml", POD)
        .write(
            "cases/own.yml",
            "cases:
  - { name: request, request: request.json, expect: { object: { a: 1 } } }
  - { name: review, request: review.json, expect: { object: { a: 1 } } }
  - { name: object, request: object.yaml, expect: { object: { a: 1 } } }
  - { name: update, request: object.yaml, operation: UPDATE, old_object: object.yaml, expect: { object: { a: 1 } } }
  - { name: delete, request: object.yaml, operation: DELETE, expect: { allowed: false, message: /DELETE/ } }
",
        );
    let run = test(&case, "--cases cases/own.yml --skip protocol").code(0);
    assert!(run.stdout.contains("5 passed"), "{}", run.stdout);
    case.write(
        "cases/own.yml",
        "cases:
  - { name: twice, request: request.json, operation: UPDATE, expect: { allowed: true } }
  - { name: nothing, object: { a: 1 }, expect: { allowed: true } }
  - { name: half, object: { uid: a, kind: { group: a } }, expect: { allowed: true } }
",
    );
    test(&case, "--cases cases/own.yml").code(101).stderr_eq(str![[r#"
error[contradiction]: `operation` is for Kubernetes objects, and this is an admission request, which has its own
  --> cases/own.yml:2
    |
  2 |   - { name: twice, request: request.json, operation: UPDATE, expect: { allowed: true } }
    |
  fix: remove it
error[invalid-request]: not a request: cannot build AdmissionRequest object from given input: missing field `uid`
  --> cases/own.yml:3
    |
  3 |   - { name: nothing, object: { a: 1 }, expect: { allowed: true } }
    |
  fix: write an admission request, an AdmissionReview or a Kubernetes object
error[invalid-request]: not a request: cannot build AdmissionRequest object from given input: missing field `version`
  --> cases/own.yml:4
    |
  4 |   - { name: half, object: { uid: a, kind: { group: a } }, expect: { allowed: true } }
    |
  fix: write an admission request, an AdmissionReview or a Kubernetes object
error: could not read the cases in `cases/own.yml` (3 errors)

"#]]);
}

#[test]
fn a_raw_policy_gets_the_unchanged_document() {
    let answer = r#"{"accepted": true, "mutated_object": [1, 2]}"#;
    let policy = Constant { answer, policy_type: PolicyType::Raw, ..ACCEPTING };
    let case = policy.with("cases:\n  - name: a list grows\n    object: [1]\n    expect: { object: [1, 2], patch: [{ op: add, path: /1, value: 2 }] }\n");
    test(&case, "").code(0).stderr_eq(str![[r#"
     Testing policy (policy.wasm)

"#]]);
    case.write("tests/policy.yml", "cases:\n  - name: a list grows\n    object: [1]\n    operation: CREATE\n    expect: { allowed: true }\n");
    test(&case, "")
        .code(101)
        .stderr_has("`operation` is for Kubernetes objects, and this is a document for a raw policy");
}

#[test]
fn without_cases_the_protocol_is_checked() {
    let case = Case::empty();
    case.write("policy.wasm", ACCEPTING.wasm());
    let run = test(&case, "").code(0);
    assert!(run.stdout.contains("4 passed"), "{}", run.stdout);
    run.stderr_has("there are no cases for `policy`").stderr_has("tests/policy.yml");
}

#[test]
fn only_a_policy_can_be_tested() {
    let case = Case::empty();
    case.write("policy.wasm", "(module)");
    test(&case, "").code(101).stderr_has("could not read the metadata in `policy.wasm`");
    case.write("policy.wasm", wat::parse_str("(module (import \"env\" \"f\" (func)))").unwrap());
    test(&case, "").code(101).stderr_has("could not load the policy `policy.wasm`");
    case.kw_wasi("test --wasm nowhere.wasm").run().code(101).stderr_has("could not read `nowhere.wasm`");
    case.kw_wasi("test --wasm policy.wasm --cases nowhere.yml")
        .run()
        .code(101)
        .stderr_has("could not read `nowhere.yml`");
}

#[test]
fn a_project_is_built_and_tested() {
    let case = Case::policy();
    case.write(
        "tests/policy.yml",
        format!("cases:\n  - name: a Pod is accepted\n    object: {POD}\n    expect: {{ allowed: true }}\n"),
    );
    case.kw_wasi("test --list").succeed().stderr_eq("");
    assert!(!case.exists("target"), "`--list` builds nothing");
    let run = case.kw_wasi("test Pod").succeed();
    assert!(run.stdout.contains("test a Pod is accepted ... ok"), "{}", run.stdout);
    run.stderr_has("Testing demo (target/kubewarden/demo.wasm)").stderr_lacks("Manifest");
    // The policy answers every subcommand, which violates the protocol.
    case.kw_wasi("test -q").run().code(1).stderr_eq("");
    case.edit("tests/policy.yml", "allowed: true", "alowed: true");
    case.kw_wasi("test").run().code(101).stderr_has("tests/policy.yml:4").stderr_lacks("Compiling");
    case.write("src/main.rs", "fn main() { nonsense }");
    case.edit("tests/policy.yml", "alowed: true", "allowed: true");
    case.kw_wasi("test").run().code(101).stderr_has("nonsense").stdout_eq("");
}

#[test]
fn the_policies_of_a_workspace_are_tested_until_one_fails() {
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n");
    for name in ["a", "b"] {
        let manifest = support::POLICY_MANIFEST.replace("\"demo\"", &format!("{name:?}"));
        case.write(&format!("{name}/Cargo.toml"), manifest.split("[profile").next().unwrap());
        case.write(&format!("{name}/src/main.rs"), support::POLICY_SOURCE);
        let expected = name == "b";
        case.write(
            &format!("{name}/tests/policy.yml"),
            format!(
                "cases:\n  - name: case of {name}\n    object: {POD}\n    expect: {{ allowed: {expected} }}\n"
            ),
        );
    }
    let run = case.kw_wasi("test --workspace case").run().code(1);
    assert!(
        run.stdout.contains("case of a ... FAILED") && !run.stdout.contains("case of b"),
        "{}",
        run.stdout
    );
    run.stderr_has("1 policy is not tested").stderr_has("--no-fail-fast");
    let run = case.kw_wasi("test --workspace case --no-fail-fast --format json").run().code(1);
    let last: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["passed"], &last["failed"]), (&1.into(), &1.into()));
    case.kw_wasi("test -p b case").succeed();
    case.kw_wasi("test --workspace --cases a/tests/policy.yml").run().code(101).stderr_has("--package");
}

/// Git may check out files like this on Windows.
#[test]
fn cases_with_windows_line_endings_mean_the_same() {
    let policy = Constant { answer: r#"{"accepted": false, "message": "one\ntwo\n"}"#, ..ACCEPTING };
    let cases = "# Cases.\ncases:\n  - name: a block\n    request: pod.yaml\n    expect:\n      message: |\n        one\n        two\n  - name: another\n    request: pod.json\n    expect: { allowed: true }\n";
    let case = policy.with(&cases.replace('\n', "\r\n"));
    case.write("tests/pod.yaml", "apiVersion: v1\r\nkind: Pod\r\n");
    case.write("tests/pod.json", "{\r\n\"apiVersion\": \"v1\",\r\n\"kind\": \"Pod\"\r\n}\r\n");
    let stdout = test(&case, "a").code(1).stdout.replace('\\', "/");
    assert!(stdout.contains("test a block ... ok\n"), "{stdout}");
    assert!(stdout.contains("---- another ----\ntests/policy.yml:9\nallowed: expected true"), "{stdout}");
}

const SERVICE: &str = "{ apiVersion: v1, kind: Service, metadata: { name: web } }";

#[test]
fn a_request_that_no_rule_covers_is_skipped_by_a_cluster() {
    let policy = Constant { operations: &[Operation::Create], ..ACCEPTING };
    let case = policy.with(&format!(
        "cases:
  - {{ name: covered, object: {POD}, expect: {{ allowed: true }} }}
  - {{ name: another kind, object: {SERVICE}, expect: {{ skipped: true }} }}
  - {{ name: another operation, object: {POD}, operation: DELETE, expect: {{ skipped: true }} }}
  - {{ name: said to be covered, object: {POD}, expect: {{ skipped: false }} }}
"
    ));
    test(&case, "--skip protocol::").code(0).stdout_has("4 passed");
    case.write(
        "tests/policy.yml",
        format!(
            "cases:
  - {{ name: not covered, object: {SERVICE}, expect: {{ allowed: true }} }}
  - {{ name: covered, object: {POD}, expect: {{ skipped: true }} }}
"
        ),
    );
    let run = test(&case, "--skip protocol::").code(1);
    let run =
        run.stdout_has("skipped: expected false, got true").stdout_has("skipped: expected true, got false");
    run.stdout_has(
        "no rule of the policy covers CREATE of `v1/services`: the rules cover CREATE of `v1/pods`",
    );
    test(&case, "--skip protocol:: --format json").code(1).stdout_has(r#""what":"skipped""#);
    test(&case, "--skip protocol:: --format junit").code(1).stdout_has("skipped: expected true, got false");
}

#[test]
fn a_policy_without_rules_is_asked_about_everything() {
    let case = ACCEPTING.with(&format!(
        "cases:\n  - {{ name: a, object: {SERVICE}, expect: {{ allowed: true, skipped: false }} }}\n"
    ));
    test(&case, "").code(0);
}

#[test]
fn a_change_that_the_metadata_does_not_announce_fails() {
    let answer = r#"{"accepted": true, "mutated_object": {}}"#;
    let policy = Constant { answer, mutating: false, ..ACCEPTING };
    let cases = format!(
        "cases:\n  - {{ name: changed, object: {POD}, expect: {{ allowed: true, object: {{}} }} }}\n"
    );
    let run = test(&policy.with(&cases), "--skip protocol::").code(1);
    run.stdout_has("its metadata says `mutating: false`: a cluster would reject the request");
    test(&Constant { answer, ..ACCEPTING }.with(&cases), "--skip protocol::").code(0);
}

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgetry.example.com }
spec:
  group: example.com
  scope: Cluster
  names: { plural: gadgetry, kind: Gadget }
";

#[test]
fn custom_resources_are_what_their_definitions_say() {
    let gadget = "{ apiVersion: example.com/v1, kind: Gadget, metadata: { name: a } }";
    let cases = format!("cases:\n  - {{ name: a, object: {gadget}, expect: {{ allowed: true }} }}\n");
    let case = ACCEPTING.with(&cases);
    test(&case, "").code(0).stderr_has(
        "`example.com/v1 Gadget` is assumed to be a namespaced resource with the plural `gadgets`",
    );
    case.write("tests/crds/gadgets.yaml", DEFINITION);
    for crds in ["crds/gadgets.yaml", "[crds/gadgets.yaml]"] {
        case.write("tests/policy.yml", format!("crds: {crds}\n{cases}"));
        test(&case, "").code(0).stderr_eq(str![[r#"
     Testing policy (policy.wasm)

"#]]);
    }
    for (crds, words) in [
        ("nowhere.yaml", "could not read `nowhere.yaml`"),
        ("policy.yml", "there is no `CustomResourceDefinition` in it"),
        ("{}", "`crds` must name files, found a map"),
    ] {
        case.write("tests/policy.yml", format!("crds: {crds}\n{cases}"));
        test(&case, "").code(101).stderr_has(words);
    }
}
