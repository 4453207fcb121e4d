//! Inspects modules of every kind, written in WebAssembly's text format.

use std::path::Path;

use super::{Inspection, ModuleKind, require_policy};
use crate::module::METADATA_SECTION;

fn inspect(wat: &str) -> Inspection {
    Inspection::of(&wat::parse_str(wat).unwrap(), Path::new("demo.wasm")).unwrap()
}

fn annotated(wat: &str, json: &[&str]) -> Vec<u8> {
    use wasm_encoder::{CustomSection, Encode, Section};
    let mut module = wat::parse_str(wat).unwrap();
    for json in json {
        let section = CustomSection { name: METADATA_SECTION.into(), data: json.as_bytes().into() };
        module.push(section.id());
        section.encode(&mut module);
    }
    module
}

const PROGRAM: &str =
    r#"(module (memory (export "memory") 1) (func (export "_start")) (data (i32.const 0) "hello"))"#;
const RULE: &str = r#""rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"mutating":false"#;

fn names(inspection: &Inspection) -> Vec<&str> {
    inspection.findings.iter().map(|finding| finding.name.as_str()).collect()
}

#[test]
fn every_kind_is_recognised_and_named() {
    for (mode, kind) in [
        (r#","executionMode":"wasi""#, "WASI policy"),
        (r#","executionMode":"kubewarden-wapc""#, "waPC policy"),
        ("", "waPC policy"),
        (r#","executionMode":"opa""#, "Rego policy of Open Policy Agent"),
        (r#","executionMode":"gatekeeper""#, "Rego policy of Gatekeeper"),
        (r#","executionMode":"new""#, "policy of the mode `new`"),
    ] {
        let json = format!("{{\"protocolVersion\":\"Unknown\",{RULE}{mode}}}");
        let inspection = Inspection::of(&annotated(PROGRAM, &[&json]), Path::new("demo.wasm")).unwrap();
        assert_eq!(inspection.kind.to_string(), kind);
        assert_eq!(names(&inspection), Vec::<&str>::new(), "{mode}");
    }
    for (wat, kind) in [
        (PROGRAM, "WASI program without metadata"),
        (r#"(module (func (export "__guest_call")))"#, "waPC module without metadata"),
        (r#"(module (func (export "opa_eval")))"#, "Rego module without metadata"),
        ("(module)", "WebAssembly module without metadata"),
        ("(component)", "WebAssembly component"),
    ] {
        assert_eq!(inspect(wat).kind.to_string(), kind, "{wat}");
    }
}

#[test]
fn sizes_add_up_to_the_length() {
    let nested = "(component (core module (func)) (component (core module (memory 1))) (core module))";
    for wat in [PROGRAM, "(module)", "(component)", nested, "(module $with_a_name (func $f))"] {
        let module = wat::parse_str(wat).unwrap();
        let inspection = Inspection::of(&module, Path::new("a.wasm")).unwrap();
        assert_eq!(inspection.sizes.total(), module.len(), "{wat}");
        let sections: usize = inspection.sections.iter().map(|section| section.size_bytes).sum();
        assert_eq!(sections + 8, module.len(), "{wat}: {:?}", inspection.sections);
    }
    let named = inspect("(module $with_a_name (func $f))").sizes;
    assert!(named.names > 10 && named.code > 0, "{named:?}");
    // Id, length, count, kind, and a constant of three bytes; then length and string.
    assert_eq!(inspect(PROGRAM).sizes.data, 13);
}

#[test]
fn two_sections_are_found_and_the_first_counts() {
    let first = format!("{{\"protocolVersion\":\"Unknown\",{RULE},\"executionMode\":\"wasi\"}}");
    let module = annotated(PROGRAM, &[&first, "{}"]);
    let inspection = Inspection::of(&module, Path::new("demo.wasm")).unwrap();
    assert_eq!((inspection.kind.clone(), names(&inspection)), (ModuleKind::Wasi, vec!["annotated-twice"]));
    let error = require_policy(&module, Path::new("demo.wasm")).unwrap_err();
    assert!(error.to_string().contains("more than one section"), "{error}");
}

#[test]
fn metadata_in_a_module_are_checked() {
    let json = r#"{"protocolVersion":"Unknown","rules":[],"mutating":false,"executionMode":"wasi"}"#;
    let module = annotated(PROGRAM, &[json]);
    assert_eq!(names(&Inspection::of(&module, Path::new("demo.wasm")).unwrap()), ["empty-rules"]);
    let error = require_policy(&module, Path::new("demo.wasm")).unwrap_err();
    assert!(error.to_string().contains("empty-rules"), "{error}");
    let no_json = Inspection::of(&annotated(PROGRAM, &["rules: []"]), Path::new("demo.wasm")).unwrap();
    assert_eq!(names(&no_json), ["unreadable-metadata"]);
}

#[test]
fn what_is_cut_off_is_an_error() {
    let module = wat::parse_str(PROGRAM).unwrap();
    for length in 0..module.len() {
        let read = Inspection::of(&module[..length], Path::new("demo.wasm"));
        // Cut between two sections, it is a shorter module.
        assert!(read.is_err() || read.unwrap().size_bytes == length, "{length}");
    }
    assert!(Inspection::of(b"hello", Path::new("demo.wasm")).is_err());
}
