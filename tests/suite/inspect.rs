//! `inspect` shows each kind of module to people and to scripts.

use std::process::Stdio;

use crate::support::guest::{self, Behavior};
use crate::support::{self, Case, POLICY_MANIFEST, Run, TOOL};
use rexpect::session::spawn_command;
use serde_json::{Value, json};
use snapbox::{Data, file, str};
use wasm_encoder::{CustomSection, Encode, Section};

const METADATA: &str = r##"{"protocolVersion":"Unknown","rules":[{"apiGroups":["","apps"],"apiVersions":["v1"],"resources":["pods","deployments"],"operations":["CREATE","UPDATE"]},{"apiGroups":["*"],"apiVersions":["*"],"resources":["*/scale"],"operations":["*"]}],"annotations":{"io.kubewarden.kwctl":"kwctl 1.36.0","io.kubewarden.policy.description":"First line\nand a second","io.kubewarden.policy.title":"demo","io.kubewarden.policy.usage":"# Demo\n\nSome *text* with `code`:\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | a longer cell, which a narrow screen breaks |\n\n```yaml\nsettings: {}\n```\n","io.kubewarden.policy.version":"1.2.0"},"mutating":true,"backgroundAudit":false,"executionMode":"wasi","policyType":"kubernetes","contextAwareResources":[{"apiVersion":"v1","kind":"Namespace"}],"hostCapabilities":["oci/v1/verify"],"minimumKubewardenVersion":"1.30.0"}"##;

const PROGRAM: &str = r#"(module $named
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "host" "call" (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $start (export "_start"))
  (data (i32.const 0) "hello")
  (@custom "producers" "made by hand"))"#;

fn annotated(wat: &str, sections: &[&str]) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap();
    for text in sections {
        let section = CustomSection { name: "io.kubewarden.metadata".into(), data: text.as_bytes().into() };
        module.push(section.id());
        section.encode(&mut module);
    }
    module
}

fn with_mode(mode: &str) -> String {
    METADATA.replace(r#""executionMode":"wasi""#, &format!(r#""executionMode":"{mode}""#))
}

/// One module of each kind, by name.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("wasi", annotated(PROGRAM, &[METADATA])),
        ("wapc", annotated(r#"(module (func (export "__guest_call")))"#, &[&with_mode("kubewarden-wapc")])),
        ("opa", annotated(r#"(module (func (export "opa_eval")))"#, &[&with_mode("opa")])),
        ("gatekeeper", annotated(r#"(module (func (export "opa_eval")))"#, &[&with_mode("gatekeeper")])),
        ("of-another-mode", annotated(PROGRAM, &[&with_mode("new\\u001b[31m")])),
        ("no-mode", annotated(PROGRAM, &[r#"{"rules":[],"mutating":false}"#])),
        ("component", wat::parse_str("(component (core module (func)) (component))").unwrap()),
        ("plain-wasi", annotated(PROGRAM, &[])),
        ("plain-wapc", annotated(r#"(module (import "wapc" "__guest_request" (func)))"#, &[])),
        ("plain-rego", annotated(r#"(module (func (export "opa_eval")))"#, &[])),
        ("plain", annotated("(module)", &[])),
        ("twice", annotated(PROGRAM, &[METADATA, "{}"])),
        (
            "broken",
            annotated(
                r#"(module (import "env" "f" (func)) (func (export "_start") (param i32)))"#,
                &[r#"{"rules":[],"mutating":false,"executionMode":"wasi"}"#],
            ),
        ),
        ("not-json", annotated(PROGRAM, &["rules: []"])),
        ("not-an-object", annotated(PROGRAM, &["[1]"])),
        ("mode-is-not-a-string", annotated(PROGRAM, &[r#"{"executionMode":null}"#])),
    ]
}

fn inspect(case: &Case, args: &str) -> Run {
    case.kw_wasi(&format!("inspect {args}")).run()
}

#[test]
fn every_kind_is_shown_in_words() {
    let case = Case::empty();
    for (name, module) in kinds() {
        case.write("policy.wasm", module);
        let run = inspect(&case, "policy.wasm").code(0);
        let shown = format!("{}--- stderr\n{}", run.stdout, run.stderr);
        let expected = Data::read_from(format!("tests/snapshots/inspect-{name}.txt").as_ref(), None);
        support::assert_snapshot(&shown, expected, case.redactions());
    }
}

#[test]
fn scripts_read_the_same_in_json_and_in_yaml() {
    let case = Case::empty();
    for (name, module) in kinds() {
        case.write("policy.wasm", &module);
        let json = inspect(&case, "policy.wasm --format json").code(0).stderr_eq("").stdout;
        let yaml = inspect(&case, "policy.wasm --format yaml").code(0).stderr_eq("").stdout;
        let report: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(report, yaml_serde::from_str::<Value>(&yaml).unwrap(), "{name}");
        assert_eq!(report, support::cluster::read(&yaml), "{name}");
        case.write("report.json", &json);
        let query = "[.kind, .size_bytes, (.sizes | add), ([.sections[].size_bytes] | add // 0), .source]";
        let answer = case.program("jq").args(["-c", query, "report.json"]).succeed().stdout;
        let kind = match name {
            "of-another-mode" => "other",
            "no-mode" => "wapc",
            "twice" | "broken" => "wasi",
            "not-json" | "not-an-object" | "mode-is-not-a-string" => "unannotated",
            name if name.starts_with("plain") => "unannotated",
            name => name,
        };
        let length = module.len();
        let expected = json!([kind, length, length, length - 8, "policy.wasm"]);
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), expected, "{name}");
        let resembles = match name {
            "plain-wapc" => json!("wapc"),
            "plain-rego" => json!("rego"),
            "plain" => Value::Null,
            _ if kind == "unannotated" => json!("wasi"),
            _ => Value::Null,
        };
        assert_eq!(report.get("resembles").unwrap_or(&Value::Null), &resembles, "{name}");
        case.write("policy.sha256", format!("{}  policy.wasm\n", report["sha256"].as_str().unwrap()));
        case.program("sha256sum").args(["-c", "--quiet", "policy.sha256"]).succeed();
    }
    case.write("policy.wasm", annotated(PROGRAM, &[METADATA]));
    inspect(&case, "policy.wasm --format json").code(0).stdout_eq(file!["../snapshots/inspect.json"]);
    inspect(&case, "policy.wasm --format yaml").code(0).stdout_eq(file!["../snapshots/inspect.yaml"]);
    inspect(&case, "policy.wasm --format toml").code(2);
}

#[test]
fn a_file_that_is_not_a_module_is_an_error() {
    let case = Case::empty();
    case.write("text.wasm", "hello").write("empty.wasm", "").write("folder/file", "");
    let module = annotated(PROGRAM, &[METADATA]);
    case.write("cut.wasm", &module[..module.len() - 5]);
    let mut said = String::new();
    for what in
        ["text.wasm", "empty.wasm", "cut.wasm", "folder", "nowhere.wasm", "file://nowhere.wasm", "./a/b"]
    {
        let run = inspect(&case, what).code(101).stdout_eq("");
        said += &format!("{what}\n{}\n", run.stderr);
    }
    support::assert_snapshot(&said, file!["../snapshots/inspect-no-module.txt"], case.redactions());
    // Damage that is only in the code is a finding: whatever can be read is shown.
    let mut module = annotated(PROGRAM, &[METADATA]);
    let body = module.windows(4).position(|bytes| bytes == [1, 2, 0, 0x0b]).unwrap();
    module[body + 3] = 0xff;
    case.write("damaged.wasm", module);
    inspect(&case, "damaged.wasm").code(0).stderr_has("error[invalid-module]").stderr_has("at byte");
}

#[test]
fn a_file_can_be_named_in_many_ways() {
    let case = Case::empty();
    let module = annotated(PROGRAM, &[METADATA]);
    case.write("policy.wasm", &module).write("localhost:5000/acme", &module);
    for what in ["./policy.wasm", "file://policy.wasm", "localhost:5000/acme"] {
        inspect(&case, what).code(0);
    }
    let shown = inspect(&case, "policy.wasm").code(0).stdout;
    let absolute = case.path("policy.wasm");
    assert_eq!(inspect(&case, absolute.to_str().unwrap()).code(0).stdout, shown);
}

#[test]
fn the_policy_of_the_project_is_built_first_and_silently() {
    let case = Case::policy();
    let target = support::shared_target_folder("inspect");
    let inspect = || case.kw_wasi("inspect --format json").env("CARGO_TARGET_DIR", &target).run();
    for _ in 0..2 {
        let run = inspect().code(0).stderr_eq("");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&report["kind"], &report["findings"]), (&json!("wasi"), &json!([])));
        assert_eq!(report["metadata"]["annotations"]["io.kubewarden.policy.usage"], "# demo\n\nA demo.\n");
    }
    case.edit("src/main.rs", "fn main()", "fn main(");
    let failed = inspect();
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(101), ""), "{}", failed.stderr);
    case.write("Cargo.toml", POLICY_MANIFEST.replace("mutating = false\n", ""));
    inspect().code(101).stdout_eq("").stderr_has("error[missing-key]");
}

/// Stdout and stderr, on a screen with this number of columns.
fn screen(case: &Case, args: &str, columns: u16) -> String {
    let invocation = case.kw_wasi(&format!("inspect {args}"));
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &format!("stty cols {columns} rows 50; exec \"$0\" \"$@\""), TOOL])
        .args(invocation.command.get_args())
        .current_dir(case.root())
        .stdin(Stdio::inherit());
    for (name, value) in invocation.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env_remove("NO_COLOR").env_remove("CARGO_TERM_COLOR").env("TERM", "xterm");
    let mut session = spawn_command(command, Some(60_000)).unwrap();
    // The output was decoded as Latin-1.
    let bytes = session.exp_eof().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[track_caller]
fn assert_screen(seen: &str, expected: Data) {
    support::assert_snapshot(&seen.replace('\u{1b}', "<ESC>"), expected, Case::empty().redactions());
}

#[test]
fn at_a_terminal_the_usage_text_is_rendered() {
    let case = Case::empty();
    case.write("policy.wasm", annotated(PROGRAM, &[METADATA]));
    assert_screen(&screen(&case, "policy.wasm", 80), file!["../snapshots/inspect-terminal.txt"]);
    assert_screen(&screen(&case, "policy.wasm --color never", 40), file!["../snapshots/inspect-narrow.txt"]);
    for columns in [1, 2, 5, 20, 1000] {
        let seen = screen(&case, "policy.wasm --color never", columns);
        assert!(seen.contains("Usage\n"), "{columns}: {seen}");
    }
    case.write("policy.wasm", annotated(r#"(module (import "env" "f" (func)))"#, &[METADATA]));
    assert_screen(&screen(&case, "policy.wasm", 80), file!["../snapshots/inspect-terminal-findings.txt"]);
    // Scripts get no colors and the unchanged text.
    let json = screen(&case, "policy.wasm --format json", 40);
    serde_json::from_str::<Value>(&json).unwrap();
}

fn with_usage(usage: &str) -> Vec<u8> {
    let mut metadata: Value = serde_json::from_str(METADATA).unwrap();
    metadata["annotations"]["io.kubewarden.policy.usage"] = json!(usage);
    annotated(PROGRAM, &[&metadata.to_string()])
}

#[test]
fn a_policy_cannot_control_the_terminal() {
    let case = Case::empty();
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{8}\r\u{0}\u{202e}";
    let mut metadata: Value = serde_json::from_str(METADATA).unwrap();
    metadata["annotations"] = json!({
        hostile: hostile, "io.kubewarden.policy.title": hostile, "io.kubewarden.policy.version": hostile, "io.kubewarden.policy.usage": hostile,
        "io.kubewarden.kwctl": hostile,
    });
    metadata["policyType"] = json!(hostile);
    metadata["minimumKubewardenVersion"] = json!(hostile);
    metadata["rules"][0] = json!({"apiGroups": [hostile], "apiVersions": [hostile], "resources": [hostile], "operations": [hostile]});
    metadata["contextAwareResources"] = json!([{"apiVersion": hostile, "kind": hostile}]);
    metadata["hostCapabilities"] = json!([hostile]);
    metadata[hostile] = json!(1);
    let names: String = hostile.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let wat = format!(
        r#"(module (import "{names}" "{names}" (func)) (memory (export "{names}") 1) (@custom "{names}" ""))"#
    );
    for metadata in [metadata.to_string(), with_mode("x"), hostile.to_owned()] {
        case.write("policy.wasm", annotated(&wat, &[&metadata]));
        for seen in [
            screen(&case, "policy.wasm --color never", 80),
            screen(&case, "policy.wasm --format json", 80),
            screen(&case, "policy.wasm --format yaml", 80),
        ] {
            let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
            assert!(!seen.contains(obeyed), "{:?}", seen.lines().find(|line| line.contains(obeyed)));
        }
    }
}

#[test]
fn a_long_or_deep_usage_is_shown_in_time() {
    let case = Case::empty();
    let start = std::time::Instant::now();
    for usage in [
        "word ".repeat(2_000_000),
        "x".repeat(10_000_000),
        "# heading\n\n".repeat(100_000),
        "> ".repeat(100_000),
        format!("{}item\n", "  ".repeat(50_000) + "- "),
        "*".repeat(100_000),
        "`".repeat(100_001),
        "|".repeat(100_000),
        format!("{}\n", "|".repeat(4000)).repeat(65),
        format!("{}\n", "a|".repeat(2000)).repeat(65),
        "|a|b|\n|-|-|\n".repeat(20_000),
        "[a](".repeat(50_000),
        "```\n".repeat(50_001),
        "🦀\u{301}\u{200d}".repeat(20_000),
        "\t\t\t\n".repeat(1000),
    ] {
        case.write("policy.wasm", with_usage(&usage));
        // `script` reads as fast as it can.
        let command = format!("stty cols 20; {TOOL} kw-wasi inspect policy.wasm --color never");
        let seen = case.program("script").args(["-qec", &command, "/dev/null"]).run().code(0).stdout;
        assert!(seen.contains("Usage\r\n") && !seen.contains("panicked"), "{:?}", usage.get(..20));
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    case.write("policy.wasm", annotated(PROGRAM, &[&deep]));
    inspect(&case, "policy.wasm").code(0).stderr_has("error[unreadable-metadata]");
    let deep = METADATA
        .replace(r#""mutating""#, &format!(r#""x":{}1{},"mutating""#, "[".repeat(120), "]".repeat(120)));
    case.write("policy.wasm", annotated(PROGRAM, &[&deep]));
    for format in ["human", "yaml", "json"] {
        inspect(&case, &format!("policy.wasm --format {format}")).code(0);
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn a_closed_pipe_does_not_panic() {
    let case = Case::empty();
    case.write("policy.wasm", with_usage(&"word ".repeat(100_000)));
    let run = case
        .program("sh")
        .args(["-c", &format!("{} kw-wasi inspect policy.wasm | head -n 1", TOOL)])
        .run()
        .stderr_lacks("panicked");
    assert_eq!(run.stdout, "demo v1.2.0\n");
}

#[test]
fn a_module_is_not_run() {
    let case = Case::empty();
    let looping = Behavior { end: guest::End::Loop, ..Behavior::default() };
    case.write("policy.wasm", guest::policy(&looping, &looping, METADATA));
    inspect(&case, "policy.wasm").code(0).stderr_eq(str![""]);
}
