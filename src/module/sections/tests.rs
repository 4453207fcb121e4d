//! Modules are written in WebAssembly's text format; the names of the tests state the property.

use super::*;
use crate::metadata::key;
use crate::module::check_contract;

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

/// Returns all sections except the metadata, each as its id and its bytes.
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
fn every_earlier_section_is_replaced_wherever_it_is() {
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
        wasmparser::validate(&annotated).unwrap();
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
fn what_is_not_a_core_module_is_refused_with_the_offset() {
    assert!(refused(b"").contains("byte 0"));
    assert!(refused(b"\0asm").contains("byte "));
    refused(b"#!/bin/sh\n");
    refused(&[0xff; 100]);
    assert!(refused(&wat("(component)")).contains("component"));
    refused(b"\0asm\x01\0\0\0\x0a\xff\xff\xff\xff\x0f");
}

#[test]
fn a_truncated_module_is_refused_unless_it_ends_between_sections() {
    let module = wat(POLICY);
    let mut refused = 0;
    for end in 0..module.len() {
        let cut = &module[..end];
        match annotate(cut, &titled("demo")) {
            // Cut between two sections, it is still a module.
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
