//! Modules are written in WebAssembly's text format; the names of the tests state the property.

use super::check_contract;

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// Returns the names of the findings about a module.
fn findings(text: &str) -> Vec<&'static str> {
    check_contract(&wat(text)).iter().map(|finding| finding.name.as_str()).collect()
}

#[test]
fn a_policy_passes() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "some data")
        (func (export "_start")))"#;
    assert_eq!(findings(text), [""; 0]);
}

#[test]
fn host_call_and_both_generations_of_wasi_pass() {
    for (module, name) in [
        ("host", "call"),
        ("kubewarden:javy/host", "call"),
        ("wasi_snapshot_preview1", "fd_write"),
        ("wasi_unstable", "fd_write"),
    ] {
        let text = format!(
            r#"(module (import "{module}" "{name}" (func)) (memory (export "memory") 1) (func (export "_start")))"#
        );
        assert_eq!(findings(&text), [""; 0], "{module}.{name}");
    }
}

#[test]
fn each_breach_of_the_contract_is_one_finding() {
    let cases = [
        ("not-a-command", r#"(module (memory (export "memory") 1) (func (export "validate")))"#),
        (
            "not-a-command",
            r#"(module (memory (export "memory") 1) (global (export "_start") i32 (i32.const 0)))"#,
        ),
        (
            "start-type",
            r#"(module (memory (export "memory") 1) (func (export "_start") (result i32) i32.const 0))"#,
        ),
        (
            "start-type",
            r#"(module (import "host" "call" (func $imported)) (memory (export "memory") 1) (func (export "_start") (param i32)))"#,
        ),
        ("no-memory", r#"(module (memory (export "mem") 1) (func (export "_start")))"#),
        ("no-memory", r#"(module (func (export "_start")) (func (export "memory")))"#),
        (
            "unknown-import",
            r#"(module (import "env" "abort" (func)) (memory (export "memory") 1) (func (export "_start")))"#,
        ),
        (
            "unknown-import",
            r#"(module (import "host" "shout" (func)) (memory (export "memory") 1) (func (export "_start")))"#,
        ),
        (
            "unknown-import",
            r#"(module (import "wasi:cli/run@0.2.0" "run" (func)) (memory (export "memory") 1) (func (export "_start")))"#,
        ),
        ("component", "(component)"),
    ];
    for (name, text) in cases {
        assert_eq!(findings(text), [name], "{text}");
    }
}

#[test]
fn an_imported_function_counts_before_those_of_the_module() {
    let text = r#"(module (type $plain (func)) (type $other (func (param i32)))
        (import "host" "call" (func (type $other))) (memory (export "memory") 1) (func (export "_start") (type $plain)))"#;
    assert_eq!(findings(text), [""; 0]);
}

#[test]
fn a_wapc_policy_is_named_once_with_the_way_out() {
    let module =
        wat(r#"(module (import "wapc" "__guest_request" (func)) (import "wapc" "__console_log" (func))
            (memory (export "memory") 1) (func (export "_start")) (func (export "__guest_call")))"#);
    let findings = check_contract(&module);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].name.as_str(), "wapc-import");
    assert!(findings[0].fix.contains("stdin"));
}

#[test]
fn each_unknown_import_is_named() {
    let module = wat(
        r#"(module (import "env" "a" (func)) (import "env" "b" (func)) (memory (export "memory") 1) (func (export "_start")))"#,
    );
    let messages: Vec<_> = check_contract(&module).into_iter().map(|finding| finding.message).collect();
    assert!(messages[0].contains("`env`.`a`") && messages[1].contains("`env`.`b`"), "{messages:?}");
}

#[test]
fn code_that_does_not_type_check_is_not_a_valid_module() {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start") i32.add))"#;
    let findings = check_contract(&wat(text));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].name.as_str(), "invalid-module");
    assert!(findings[0].message.contains("at byte "), "{}", findings[0].message);
}
