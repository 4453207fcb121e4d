//! Policy modules: WebAssembly bytes in, WebAssembly bytes out. Replaces the metadata section and checks the
//! contract with a host. Knows nothing of files.
//!
//! Sources: WebAssembly core specification, 5.5 (modules); Kubewarden's behaviour as of policy-evaluator 0.32.

use anyhow::{Context, Result};
use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Encoding, ExternalKind, FuncType, Parser, Payload, TypeRef, Validator, WasmFeatures};

use crate::error::failure;
use crate::finding::Finding;
use crate::metadata::Metadata;

mod anatomy;
pub mod inspection;
mod kind;

/// The custom section with the metadata. Kubewarden reads the first of that name.
pub const METADATA_SECTION: &str = "io.kubewarden.metadata";

/// Returns `module` with `metadata` as its only `io.kubewarden.metadata` custom section.
///
/// `module` is a core module, 8-byte header included; components are refused. Other sections keep bytes and
/// order; the metadata comes last, as compact JSON. Kubewarden reads the first section of that name: append a
/// second and the stale one wins. Source: WebAssembly core specification, 5.5.3.
///
/// # Errors
///
/// When `module` cannot be parsed; the message gives the byte offset.
pub fn annotate(module: &[u8], metadata: &Metadata) -> Result<Vec<u8>> {
    let json = metadata.to_section();
    let mut annotated = Vec::with_capacity(module.len() + json.len() + METADATA_SECTION.len() + 16);
    let mut copied = 0;
    for section in metadata_sections(module)? {
        annotated.extend_from_slice(&module[copied..section.whole.start]);
        copied = section.whole.end;
    }
    annotated.extend_from_slice(&module[copied..]);
    let section = CustomSection { name: METADATA_SECTION.into(), data: json.into() };
    annotated.push(section.id());
    section.encode(&mut annotated);
    Ok(annotated)
}

/// The metadata in a module as JSON text: all of its sections, of which Kubewarden reads the first.
///
/// # Errors
///
/// When `module` cannot be parsed; the message gives the byte offset.
pub fn read_metadata(module: &[u8]) -> Result<Vec<&[u8]>> {
    Ok(metadata_sections(module)?.into_iter().map(|section| section.data).collect())
}

struct MetadataSection<'a> {
    /// From the section's id to its last byte.
    whole: std::ops::Range<usize>,
    data: &'a [u8],
}

/// All metadata sections, in file order. Reads every section's frame, so a module that is cut off is found out.
fn metadata_sections(module: &[u8]) -> Result<Vec<MetadataSection<'_>>> {
    let mut sections = Vec::new();
    // Where the section begins that is read next: right behind the header, then behind the one before it.
    let mut start = 0;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(unreadable)?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => return Err(component()),
            Payload::Version { range, .. } => start = in_memory(range.end),
            Payload::CustomSection(custom) if custom.name() == METADATA_SECTION => {
                sections.push(MetadataSection {
                    whole: start..in_memory(custom.range().end),
                    data: custom.data(),
                });
            }
            _ => {}
        }
        if let Some((_, range)) = payload.as_section() {
            start = in_memory(range.end);
        }
    }
    Ok(sections)
}

/// An offset into a module that lies in memory.
pub(crate) fn in_memory(offset: u64) -> usize {
    usize::try_from(offset).expect("a slice is no longer than the address space")
}

pub(crate) fn unreadable(error: wasmparser::BinaryReaderError) -> anyhow::Error {
    // Behind this the parser lists bytes, one a line.
    let reason = error.message().split(" - expected=").next().unwrap_or_default();
    failure(
        format!("not a WebAssembly module: {reason} (at byte {})", error.offset()),
        "the file is damaged or something else: build it again",
    )
}

fn component() -> anyhow::Error {
    failure(
        "this is a WebAssembly component, not a core module: Kubewarden does not load components (at byte 4)",
        "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
    )
}

/// What a host must find in a module to run it as a WASI policy. Source: protocol of Kubewarden, "Module shape".
///
/// No finding means: a valid core module, with a function `_start` of type `() -> ()`, a memory `memory`, and no
/// imports but those of WASI preview 1 and `host.call`.
pub fn check_contract(module: &[u8]) -> Vec<Finding> {
    let shape = match Shape::read(module) {
        Ok(shape) => shape,
        Err(error) => {
            let fix = "build it again; if it stays so, the compiler or a tool after it is at fault";
            return vec![Finding::error("invalid-module", format!("{error:#}"), fix)];
        }
    };
    if shape.is_component {
        let message = "this is a component: Kubewarden loads core modules only";
        return vec![Finding::error(
            "component",
            message,
            "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
        )];
    }
    let mut findings = Vec::new();
    let wapc = shape.imports.iter().any(|(module, _)| *module == "wapc") || shape.exports_guest_call;
    if wapc {
        findings.push(Finding::error(
            "wapc-import",
            "this is a waPC policy: it imports from `wapc` or exports `__guest_call`, which no WASI host provides",
            "do not use the crate `kubewarden-policy-sdk` in a WASI policy: read the request from stdin and write the \
             response to stdout, as the projects of `cargo kw-wasi new` do",
        ));
    }
    for (module, name) in &shape.imports {
        let known = matches!(*module, "wasi_snapshot_preview1" | "wasi_unstable")
            || (*name == "call" && matches!(*module, "host" | "kubewarden:javy/host"));
        if !(known || wapc && *module == "wapc") {
            findings.push(Finding::error(
                "unknown-import",
                format!("import `{module}`.`{name}` is known to no Kubewarden host"),
                "a policy may import from `wasi_snapshot_preview1`, and `host`.`call`; remove the dependency that wants more",
            ));
        }
    }
    match shape.start {
        _ if wapc => {}
        Start::Missing => findings.push(Finding::error(
            "not-a-command",
            "there is no function `_start`: this is a library, not a program",
            "build a binary: a package with `src/main.rs` and `fn main`",
        )),
        Start::NotAFunction => findings.push(Finding::error(
            "not-a-command",
            "the export `_start` is no function",
            "export the program's entry point as `_start`",
        )),
        Start::WrongType => findings.push(Finding::error(
            "start-type",
            "the function `_start` takes or returns values: a host calls it without any",
            "let `_start` have the type `() -> ()`",
        )),
        Start::Good => {}
    }
    if !shape.exports_memory {
        findings.push(Finding::error(
            "no-memory",
            "no memory is exported as `memory`: the host could not pass the request",
            "export the module's memory as `memory`, as compilers for WASI do by default",
        ));
    }
    findings
}

/// Fails when `module` is no valid WebAssembly, code included; the message gives the byte offset.
fn validate(module: &[u8]) -> Result<()> {
    Validator::new().validate_all(module).map(drop).map_err(unreadable)
}

/// What a module uses beyond the first version of WebAssembly, each by the name of its proposal. A module has a section
/// that says so, but not when it is stripped: this looks at what would be invalid without.
///
/// Everything that has a name here is returned for what is no valid module.
pub fn features(module: &[u8]) -> Vec<&'static str> {
    const KNOWN: [(WasmFeatures, &str); 10] = [
        (WasmFeatures::BULK_MEMORY, "bulk-memory"),
        (WasmFeatures::EXTENDED_CONST, "extended-const"),
        (WasmFeatures::MULTI_VALUE, "multivalue"),
        (WasmFeatures::MUTABLE_GLOBAL, "mutable-globals"),
        (WasmFeatures::REFERENCE_TYPES, "reference-types"),
        (WasmFeatures::RELAXED_SIMD, "relaxed-simd"),
        (WasmFeatures::SATURATING_FLOAT_TO_INT, "nontrapping-float-to-int"),
        (WasmFeatures::SIGN_EXTENSION, "sign-ext"),
        (WasmFeatures::SIMD, "simd"),
        (WasmFeatures::TAIL_CALL, "tail-call"),
    ];
    let first = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);
    let all = KNOWN.iter().fold(first, |all, (feature, _)| all.union(*feature));
    let is_needed = |feature: WasmFeatures| {
        Validator::new_with_features(all.difference(feature)).validate_all(module).is_err()
    };
    KNOWN.iter().filter(|(feature, _)| is_needed(*feature)).map(|(_, name)| *name).collect()
}

#[derive(Debug, Default)]
enum Start {
    #[default]
    Missing,
    NotAFunction,
    WrongType,
    Good,
}

/// Imports and exports of a module, as far as the contract is about them.
#[derive(Debug, Default)]
struct Shape<'a> {
    is_component: bool,
    imports: Vec<(&'a str, &'a str)>,
    start: Start,
    exports_memory: bool,
    exports_guest_call: bool,
}

impl<'a> Shape<'a> {
    fn read(module: &'a [u8]) -> Result<Self> {
        let mut shape = Self::default();
        let mut types: Vec<Option<FuncType>> = Vec::new();
        // Type of each function: imported ones come first.
        let mut functions: Vec<u32> = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(unreadable)? {
                Payload::Version { encoding: Encoding::Component, .. } => {
                    return Ok(Self { is_component: true, ..shape });
                }
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group.map_err(unreadable)?.into_types().map(|ty| {
                            match ty.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(function) => Some(function),
                                _ => None,
                            }
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(unreadable)?;
                        shape.imports.push((import.module, import.name));
                        if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty {
                            functions.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        functions.push(ty.map_err(unreadable)?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(unreadable)?;
                        match (export.name, export.kind) {
                            ("_start", ExternalKind::Func | ExternalKind::FuncExact) => {
                                let ty =
                                    usize::try_from(export.index).ok().and_then(|index| functions.get(index));
                                let ty = ty
                                    .and_then(|ty| types.get(usize::try_from(*ty).ok()?))
                                    .and_then(Option::as_ref);
                                let plain =
                                    ty.is_some_and(|ty| ty.params().is_empty() && ty.results().is_empty());
                                shape.start = if plain { Start::Good } else { Start::WrongType };
                            }
                            ("_start", _) => shape.start = Start::NotAFunction,
                            ("memory", ExternalKind::Memory) => shape.exports_memory = true,
                            ("__guest_call", _) => shape.exports_guest_call = true,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        validate(module).context("the module is not valid")?;
        Ok(shape)
    }
}

#[cfg(test)]
mod tests;
