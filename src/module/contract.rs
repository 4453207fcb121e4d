//! What a host needs of a module to run it as a WASI policy.
//!
//! Source: Kubewarden's behaviour as of policy-evaluator 0.32.

use anyhow::{Context, Result};
use wasmparser::{Encoding, ExternalKind, FuncType, Parser, Payload, TypeRef, Validator};

use super::unreadable;
use crate::finding::{Finding, FindingName};

/// What a host must find in a module to run it as a WASI policy. Source: protocol of Kubewarden, "Module shape".
///
/// No finding means: a valid core module, with a function `_start` of type `() -> ()`, a memory `memory`, and no
/// imports but those of WASI preview 1 and `host.call`.
pub(crate) fn check_contract(module: &[u8]) -> Vec<Finding> {
    let shape = match Shape::read(module) {
        Ok(shape) => shape,
        Err(error) => {
            let fix = "build it again; if it stays so, the compiler or a tool after it is at fault";
            return vec![Finding::error(FindingName::InvalidModule, format!("{error:#}"), fix)];
        }
    };
    if shape.is_component {
        let message = "this is a component: Kubewarden loads core modules only";
        return vec![Finding::error(
            FindingName::Component,
            message,
            "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
        )];
    }
    let mut findings = Vec::new();
    let wapc = shape.imports.iter().any(|(module, _)| *module == "wapc") || shape.exports_guest_call;
    if wapc {
        findings.push(Finding::error(
            FindingName::WapcImport,
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
                FindingName::UnknownImport,
                format!("import `{module}`.`{name}` is known to no Kubewarden host"),
                "a policy may import from `wasi_snapshot_preview1`, and `host`.`call`; remove the dependency that wants more",
            ));
        }
    }
    match shape.start {
        _ if wapc => {}
        Start::Missing => findings.push(Finding::error(
            FindingName::NotACommand,
            "there is no function `_start`: this is a library, not a program",
            "build a binary: a package with `src/main.rs` and `fn main`",
        )),
        Start::NotAFunction => findings.push(Finding::error(
            FindingName::NotACommand,
            "the export `_start` is no function",
            "export the program's entry point as `_start`",
        )),
        Start::WrongType => findings.push(Finding::error(
            FindingName::StartType,
            "the function `_start` takes or returns values: a host calls it without any",
            "let `_start` have the type `() -> ()`",
        )),
        Start::Good => {}
    }
    if !shape.exports_memory {
        findings.push(Finding::error(
            FindingName::NoMemory,
            "no memory is exported as `memory`: the host could not pass the request",
            "export the module's memory as `memory`, as compilers for WASI do by default",
        ));
    }
    findings
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
/// Fails when `module` is no valid WebAssembly, code included; the message gives the byte offset.
fn validate(module: &[u8]) -> Result<()> {
    Validator::new().validate_all(module).map(drop).map_err(unreadable)
}

#[cfg(test)]
mod tests;
