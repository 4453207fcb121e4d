//! What a module is made of: its sections, its imports and its exports.
//!
//! Source: WebAssembly core specification, 5.5 (modules).

use anyhow::{Result, bail};
use serde::Serialize;
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef};

use super::kind::Resemblance;
use crate::module::{METADATA_SECTION, in_memory, unreadable};

/// The most sections, imports and exports together. Compilers write some thousands at most.
const MOST_PARTS: usize = 100_000;

/// A section of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The name in the specification, or the name of the custom section.
    pub(crate) name: String,
    /// Whether it is a custom section.
    pub(crate) custom: bool,
    /// The length, including the section's id and size.
    pub size_bytes: usize,
}

/// The size of each part of a module. They add up to the length of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The code of functions.
    pub(crate) code: usize,
    /// The initial content of memory.
    pub(crate) data: usize,
    /// Names of functions and variables, for people.
    pub(crate) names: usize,
    /// The metadata of Kubewarden.
    pub(crate) metadata: usize,
    /// Other custom sections.
    pub(crate) custom: usize,
    /// Types, imports, exports, and whatever else there is.
    pub(crate) other: usize,
}

/// An import: something that a module needs from its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Import {
    /// The module that provides it.
    pub(crate) module: String,
    /// The name.
    pub(crate) name: String,
    /// `function`, `memory`, `table`, `global` or `tag`.
    pub(crate) kind: &'static str,
}

/// An export: something that a module offers to its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Export {
    /// The name.
    pub(crate) name: String,
    /// `function`, `memory`, `table`, `global` or `tag`.
    pub(crate) kind: &'static str,
}

/// What a module is made of.
#[derive(Debug, Default)]
pub(super) struct Anatomy {
    pub(super) is_component: bool,
    pub(super) sections: Vec<Section>,
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    pub(super) resemblance: Option<Resemblance>,
}

impl Anatomy {
    /// Reads everything in a module except the code, and nothing in a component.
    ///
    /// # Errors
    ///
    /// Fails if the module is damaged, with the byte offset in the message, or has too many parts.
    pub(super) fn read(module: &[u8]) -> Result<Self> {
        let mut anatomy = Self::default();
        let mut start = 0;
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(unreadable)?;
            match &payload {
                Payload::Version { encoding: Encoding::Component, range, .. } => {
                    // A component has other sections, which may contain modules: skip all of it.
                    start = in_memory(range.end);
                    anatomy.is_component = true;
                    anatomy.section("component", false, &mut start, module.len());
                    return Ok(anatomy);
                }
                Payload::Version { range, .. } => start = in_memory(range.end),
                Payload::ImportSection(section) => {
                    for import in section.clone().into_imports().take(MOST_PARTS) {
                        let import = import.map_err(unreadable)?;
                        anatomy.imports.push(Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                            kind: kind_of_import(&import.ty),
                        });
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section.clone().into_iter().take(MOST_PARTS) {
                        let export = export.map_err(unreadable)?;
                        anatomy
                            .exports
                            .push(Export { name: export.name.to_owned(), kind: kind_of_export(export.kind) });
                    }
                }
                _ => {}
            }
            if anatomy.sections.len() + anatomy.imports.len() + anatomy.exports.len() > MOST_PARTS {
                bail!(
                    "it has more than {MOST_PARTS} sections, imports and exports, and no compiler writes that"
                );
            }
            let name = match &payload {
                Payload::CustomSection(custom) => Some((custom.name(), true)),
                other => other.as_section().map(|(id, _)| (name_of_section(id), false)),
            };
            if let (Some((name, custom)), Some((_, range))) = (name, payload.as_section()) {
                anatomy.section(name, custom, &mut start, in_memory(range.end));
            }
        }
        anatomy.resemblance = anatomy.find_resemblance();
        Ok(anatomy)
    }

    fn section(&mut self, name: &str, custom: bool, start: &mut usize, end: usize) {
        self.sections.push(Section { name: name.to_owned(), custom, size_bytes: end.saturating_sub(*start) });
        *start = end;
    }

    /// Recognizes the kind of policy by its imports and exports.
    fn find_resemblance(&self) -> Option<Resemblance> {
        let exports = |name: &str| self.exports.iter().any(|export| export.name == name);
        if exports("__guest_call") || self.imports.iter().any(|import| import.module == "wapc") {
            return Some(Resemblance::Wapc);
        }
        if self.exports.iter().any(|export| export.name.starts_with("opa_")) {
            return Some(Resemblance::Rego);
        }
        exports("_start").then_some(Resemblance::Wasi)
    }
}

impl Sizes {
    pub(super) fn of(sections: &[Section], total: usize) -> Self {
        let mut sizes = Self::default();
        for section in sections {
            let place = match (section.custom, section.name.as_str()) {
                (true, "name") => &mut sizes.names,
                (true, METADATA_SECTION) => &mut sizes.metadata,
                (true, _) => &mut sizes.custom,
                (false, "code") => &mut sizes.code,
                (false, "data") => &mut sizes.data,
                (false, _) => &mut sizes.other,
            };
            *place += section.size_bytes;
        }
        // The header of eight bytes.
        sizes.other += total - sizes.total();
        sizes
    }

    /// The length of the file.
    pub fn total(self) -> usize {
        self.code + self.data + self.names + self.metadata + self.custom + self.other
    }
}

/// Returns the name of the section with this id. Source: WebAssembly core specification, 5.5.2.
fn name_of_section(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("other")
}

fn kind_of_import(ty: &TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

fn kind_of_export(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
