//! What a host needs of a module to run it as a WASI policy.
//!
//! Source: Kubewarden's behavior as of policy-evaluator 0.32.

use anyhow::Result;
use wasmparser::types::{EntityType, Types};
use wasmparser::{Export, ExternalKind, Parser, Payload, Validator};

use super::nesting::check_nesting;
use super::unreadable;
use crate::finding::{Finding, FindingName};

/// Checks that a host can run a module as a WASI policy. Source: protocol of Kubewarden, "Module shape".
///
/// Without findings, it is a valid core module that exports a function `_start` of type `() -> ()` and a memory
/// `memory`, and that imports only from WASI preview 1 and `host.call`.
pub(crate) fn check_contract(module: &[u8]) -> Vec<Finding> {
    if Parser::is_component(module) {
        return vec![Finding::error(
            FindingName::Component,
            "this is a component: Kubewarden loads core modules only",
            "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
        )];
    }
    match Shape::read(module) {
        Ok(shape) => {
            let mut findings = shape.check();
            findings.extend(check_nesting(module));
            findings
        }
        Err(error) => vec![Finding::error(
            FindingName::InvalidModule,
            format!("{error:#}"),
            "build it again; if that does not help, the compiler, or a tool that runs after it, writes invalid modules",
        )],
    }
}

/// The most unknown imports that are reported. A module may have a million.
const MOST_NAMED: usize = 100;

/// The imports and exports of a valid module that the contract is about.
#[derive(Debug, Default)]
struct Shape<'a> {
    imports: Vec<(&'a str, &'a str)>,
    start: Start,
    exports_memory: bool,
    exports_guest_call: bool,
}

/// The export `_start`.
#[derive(Debug, Default)]
enum Start {
    #[default]
    Missing,
    NotAFunction,
    WrongType,
    Good,
}

impl<'a> Shape<'a> {
    /// Fails if `module` is not valid, including its code; the message gives the byte offset.
    fn read(module: &'a [u8]) -> Result<Self> {
        let types = Validator::new().validate_all(module).map_err(unreadable)?;
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(unreadable)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(unreadable)?;
                        shape.imports.push((import.module, import.name));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        shape.take_export(&export.map_err(unreadable)?, &types);
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    fn take_export(&mut self, export: &Export, types: &Types) {
        match (export.name, export.kind) {
            ("_start", _) => self.start = Start::of(export, types),
            ("memory", ExternalKind::Memory) => self.exports_memory = true,
            ("__guest_call", _) => self.exports_guest_call = true,
            _ => {}
        }
    }

    fn check(&self) -> Vec<Finding> {
        let is_wapc = self.exports_guest_call || self.imports.iter().any(|(module, _)| *module == "wapc");
        let mut findings: Vec<_> = is_wapc.then(wapc).into_iter().collect();
        findings.extend(
            self.imports.iter().filter(|import| !is_known(import)).map(unknown_import).take(MOST_NAMED),
        );
        if !is_wapc {
            findings.extend(self.start.check());
        }
        if !self.exports_memory {
            findings.push(Finding::error(
                FindingName::NoMemory,
                "no memory is exported as `memory`: the host could not pass the request",
                "export the module's memory as `memory`, as compilers for WASI do by default",
            ));
        }
        findings
    }
}

impl Start {
    fn of(export: &Export, types: &Types) -> Self {
        let Some(EntityType::Func(id) | EntityType::FuncExact(id)) =
            types.as_ref().entity_type_from_export(export)
        else {
            return Self::NotAFunction;
        };
        let function = types[id].unwrap_func();
        match function.params().is_empty() && function.results().is_empty() {
            true => Self::Good,
            false => Self::WrongType,
        }
    }

    fn check(&self) -> Option<Finding> {
        let (name, message, fix) = match self {
            Self::Good => return None,
            Self::Missing => (
                FindingName::NotACommand,
                "there is no function `_start`: this is a library, not a program",
                "build a binary: a package with `src/main.rs` and `fn main`",
            ),
            Self::NotAFunction => (
                FindingName::NotACommand,
                "the export `_start` is not a function",
                "export the program's entry point as `_start`",
            ),
            Self::WrongType => (
                FindingName::StartType,
                "the function `_start` takes or returns values, but a host calls it without any",
                "give `_start` the type `() -> ()`",
            ),
        };
        Some(Finding::error(name, message, fix))
    }
}

/// Whether a host provides this import, or the finding about waPC covers it.
fn is_known((module, name): &&(&str, &str)) -> bool {
    match *module {
        "wasi_snapshot_preview1" | "wasi_unstable" | "wapc" => true,
        "host" | "kubewarden:javy/host" => *name == "call",
        _ => false,
    }
}

fn wapc() -> Finding {
    Finding::error(
        FindingName::WapcImport,
        "this is a waPC policy: it imports from `wapc` or exports `__guest_call`, which no WASI host provides",
        "do not use the crate `kubewarden-policy-sdk` in a WASI policy: read the request from stdin and write the \
         response to stdout, as the projects of `cargo kw-wasi new` do",
    )
}

fn unknown_import((module, name): &(&str, &str)) -> Finding {
    Finding::error(
        FindingName::UnknownImport,
        format!("no Kubewarden host provides the import `{module}`.`{name}`"),
        "a policy may import from `wasi_snapshot_preview1`, and `host`.`call`; remove the dependency that imports more",
    )
}

#[cfg(test)]
mod tests;
