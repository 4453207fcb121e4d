//! Modules are written as text; the names of the tests state the property.

use super::*;
use crate::metadata::key;

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn titled(title: &str) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.annotations.insert(key::TITLE.to_owned(), title.to_owned());
    metadata
}

fn metadata_in(module: &[u8]) -> Vec<Vec<u8>> {
    read_metadata(module).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

/// All sections but the metadata, each as its id and its bytes.
fn other_sections(module: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.unwrap();
        if matches!(&payload, Payload::CustomSection(custom) if custom.name() == METADATA_SECTION) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            sections.push((id, module[in_memory(range.start)..in_memory(range.end)].to_vec()));
        }
    }
    sections
}

const POLICY: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "some data")
    (@custom "first" "kept")
    (func (export "_start"))
    (@custom "last" (after last) "kept too"))"#;

#[test]
fn annotating_twice_leaves_one_section_with_the_newer_metadata() {
    let once = annotate(&wat("(module)"), &titled("first")).unwrap();
    let twice = annotate(&once, &titled("second")).unwrap();
    assert_eq!(metadata_in(&twice), [titled("second").to_section()]);
}

#[test]
fn every_earlier_section_is_replaced_wherever_it_stands() {
    for place in ["", "(before first)", "(after last)"] {
        let module = wat(&format!(
            r#"(module (@custom "io.kubewarden.metadata" {place} "old") (memory 1) (func) (@custom "io.kubewarden.metadata" (after last) "older"))"#
        ));
        assert_eq!(metadata_in(&module).len(), 2);
        let annotated = annotate(&module, &titled("new")).unwrap();
        assert_eq!(metadata_in(&annotated), [titled("new").to_section()], "{place}");
        assert_eq!(other_sections(&annotated), other_sections(&module));
    }
}

#[test]
fn every_other_byte_is_kept() {
    let module = wat(POLICY);
    let annotated = annotate(&module, &titled("demo")).unwrap();
    assert_eq!(annotated[..module.len()], module);
    assert_eq!(other_sections(&annotated), other_sections(&module));
}

#[test]
fn equal_inputs_give_equal_results() {
    let module = wat(POLICY);
    assert_eq!(annotate(&module, &titled("demo")).unwrap(), annotate(&module, &titled("demo")).unwrap());
    let again = annotate(&annotate(&module, &titled("demo")).unwrap(), &titled("demo")).unwrap();
    assert_eq!(again, annotate(&module, &titled("demo")).unwrap(), "also when it was annotated before");
}

#[test]
fn generated_modules_stay_valid_and_read_back() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut with_code = 0;
    for _ in 0..300 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()
        })
        .take(256)
        .flatten()
        .collect();
        let mut input = arbitrary::Unstructured::new(&bytes);
        let mut module =
            wasm_smith::Module::new(wasm_smith::Config::default(), &mut input).unwrap().to_bytes();
        let custom = CustomSection { name: "other".into(), data: bytes.as_slice().into() };
        module.push(custom.id());
        custom.encode(&mut module);
        let annotated = annotate(&module, &titled("demo")).unwrap();
        validate(&annotated).unwrap();
        assert_eq!(metadata_in(&annotated), [titled("demo").to_section()]);
        assert_eq!(other_sections(&annotated), other_sections(&module));
        assert_eq!(annotate(&annotated, &titled("demo")).unwrap(), annotated);
        with_code += usize::from(other_sections(&module).iter().any(|(id, _)| *id == 10));
        let _ = check_contract(&module);
    }
    assert!(with_code > 50, "the modules are more than empty: {with_code}");
}

#[track_caller]
fn refused(module: &[u8]) -> String {
    let error = format!("{:#}", annotate(module, &titled("demo")).unwrap_err());
    assert!(error.contains("at byte "), "{error}");
    assert!(!check_contract(module).is_empty());
    error
}

#[test]
fn what_is_no_core_module_is_refused_with_the_offset() {
    assert!(refused(b"").contains("byte 0"));
    assert!(refused(b"\0asm").contains("byte "));
    refused(b"#!/bin/sh\n");
    refused(&[0xff; 100]);
    assert!(refused(&wat("(component)")).contains("component"));
    refused(b"\0asm\x01\0\0\0\x0a\xff\xff\xff\xff\x0f");
}

#[test]
fn a_module_cut_off_anywhere_is_refused_or_whole_so_far() {
    let module = wat(POLICY);
    let mut refused = 0;
    for end in 0..module.len() {
        let cut = &module[..end];
        match annotate(cut, &titled("demo")) {
            // Cut between two sections it is a module still.
            Ok(annotated) => assert_eq!(annotated[..end], *cut),
            Err(error) => {
                assert!(format!("{error:#}").contains("at byte "));
                refused += 1;
            }
        }
    }
    assert!(refused > module.len() / 2);
}

#[test]
fn damaged_bytes_never_panic() {
    let module = wat(POLICY);
    for at in 0..module.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = module.clone();
            damaged[at] = value;
            let _ = annotate(&damaged, &titled("demo"));
            let _ = check_contract(&damaged);
        }
    }
}

/// The names of the findings of a module.
fn findings(text: &str) -> Vec<&'static str> {
    check_contract(&wat(text)).iter().map(|finding| finding.name).collect()
}

#[test]
fn a_policy_passes() {
    assert_eq!(findings(POLICY), [""; 0]);
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
    assert_eq!(findings[0].name, "wapc-import");
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
fn code_that_does_not_type_check_is_no_valid_module() {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start") i32.add))"#;
    let findings = check_contract(&wat(text));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].name, "invalid-module");
    assert!(findings[0].message.contains("at byte "), "{}", findings[0].message);
}

#[test]
fn features_are_those_the_code_uses() {
    for (text, names) in [
        ("(module)", &[][..]),
        ("(module (func (drop (i32.extend8_s (i32.const 1)))))", &["sign-ext"]),
        ("(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))", &["nontrapping-float-to-int"]),
        (
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)) (drop (v128.const i32x4 0 0 0 0))))",
            &["bulk-memory", "simd"],
        ),
        ("(module (func $f (result i32 i32) (return_call $f)))", &["multivalue", "tail-call"]),
        ("(module (table 1 externref))", &["reference-types"]),
    ] {
        assert_eq!(features(&wat(text)), names, "{text}");
    }
}
