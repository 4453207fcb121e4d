//! What a module carries: its kind, its metadata, what it is made of, and what is wrong with it.
//!
//! Sources: WebAssembly core specification, 5.5 (modules); Kubewarden's behaviour as of policy-evaluator 0.32.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef};

use crate::finding::{Finding, Severity, has_errors, tally};
use crate::metadata::{self, Checked, Document, Facts, Metadata};
use crate::module::{self, METADATA_SECTION, in_memory, unreadable};
use crate::shell::{failure, printable};

/// What a module is to Kubewarden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A plain WASI policy: what this tool is for.
    Wasi,
    /// A policy that is called through waPC.
    Wapc,
    /// A Rego policy made with Open Policy Agent.
    Opa,
    /// A Rego policy made for Gatekeeper.
    Gatekeeper,
    /// A WebAssembly component, which Kubewarden does not load.
    Component,
    /// A policy of another mode, which this tool has never heard of.
    Other(String),
    /// A module without metadata, which Kubewarden does not deploy. It may look like a policy of some kind.
    Unannotated(Option<Resemblance>),
}

/// What a module without metadata looks like, by its imports and exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resemblance {
    /// A program.
    Wasi,
    /// A waPC policy.
    Wapc,
    /// A Rego policy.
    Rego,
}

impl Kind {
    fn of_mode(mode: Option<&str>) -> Self {
        match mode {
            Some("wasi") => Self::Wasi,
            // What Kubewarden takes where nothing is said.
            Some("kubewarden-wapc") | None => Self::Wapc,
            Some("opa") => Self::Opa,
            Some("gatekeeper") => Self::Gatekeeper,
            Some(other) => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wasi => f.write_str("WASI policy"),
            Self::Wapc => f.write_str("waPC policy"),
            Self::Opa => f.write_str("Rego policy of Open Policy Agent"),
            Self::Gatekeeper => f.write_str("Rego policy of Gatekeeper"),
            Self::Component => f.write_str("WebAssembly component"),
            Self::Other(mode) => write!(f, "policy of the mode `{}`", printable(mode)),
            Self::Unannotated(None) => f.write_str("WebAssembly module without metadata"),
            Self::Unannotated(Some(Resemblance::Wasi)) => f.write_str("WASI program without metadata"),
            Self::Unannotated(Some(Resemblance::Wapc)) => f.write_str("waPC module without metadata"),
            Self::Unannotated(Some(Resemblance::Rego)) => f.write_str("Rego module without metadata"),
        }
    }
}

/// What is in a module.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// What it is to Kubewarden.
    pub kind: Kind,
    /// Length of the file.
    pub size_bytes: usize,
    /// Of the whole file, in hexadecimal digits.
    pub sha256: String,
    /// The metadata Kubewarden reads, as they are; `None` when there are none, or none that can be read.
    pub metadata: Option<Value>,
    /// Where the bytes are.
    pub sizes: Sizes,
    /// All sections, in the order of the file, without the eight bytes in front of them.
    pub sections: Vec<Section>,
    /// What it wants from its host.
    pub imports: Vec<Import>,
    /// What it offers to its host.
    pub exports: Vec<Export>,
    /// What is wrong with it. Empty for a good WASI policy.
    #[serde(serialize_with = "findings_for_scripts")]
    pub findings: Vec<Finding>,
}

/// A section of a module, with its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// That of the specification, or of the custom section.
    pub name: String,
    /// Is it a custom section?
    pub custom: bool,
    /// Length with its frame.
    pub size_bytes: usize,
}

/// Where the bytes of a module are. They add up to the length of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Functions.
    pub code: usize,
    /// What memory begins with.
    pub data: usize,
    /// Names of functions and variables, for people.
    pub names: usize,
    /// The metadata of Kubewarden.
    pub metadata: usize,
    /// Other custom sections.
    pub custom: usize,
    /// Types, imports, exports, and whatever else there is.
    pub other: usize,
}

/// A thing wanted from the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Who has it.
    pub module: String,
    /// What it is called.
    pub name: String,
    /// `function`, `memory`, `table`, `global` or `tag`.
    pub kind: &'static str,
}

/// A thing offered to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// What it is called.
    pub name: String,
    /// `function`, `memory`, `table`, `global` or `tag`.
    pub kind: &'static str,
}

/// Name, severity, message and fix: places are for people.
fn findings_for_scripts<S: serde::Serializer>(
    findings: &[Finding],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Plain<'a> {
        name: &'a str,
        severity: &'static str,
        message: &'a str,
        fix: &'a str,
    }
    serializer.collect_seq(findings.iter().map(|finding| Plain {
        name: finding.name,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &finding.message,
        fix: &finding.fix,
    }))
}

impl Inspection {
    /// Looks at a module. `file` is what people call it.
    ///
    /// # Errors
    ///
    /// When it is no WebAssembly, or damaged: the message gives the byte offset.
    pub fn of(module: &[u8], file: &Path) -> Result<Self> {
        let anatomy = Anatomy::read(module)?;
        let mut findings = Vec::new();
        let mut metadata = None;
        let kind = if anatomy.is_component {
            Kind::Component
        } else {
            let sections = module::read_metadata(module)?;
            if sections.len() > 1 {
                findings.push(Finding::warning(
                    "annotated-twice",
                    format!(
                        "there are {} sections with metadata: Kubewarden reads the first, and the others count for nothing",
                        sections.len()
                    ),
                    "build it with `cargo kw-wasi build`, or annotate what the compiler has written",
                ));
            }
            match sections.first().map(|section| serde_json::from_slice::<Value>(section)) {
                None => Kind::Unannotated(anatomy.resemblance()),
                Some(Ok(read)) => {
                    let kind = Kind::of_mode(read["executionMode"].as_str());
                    metadata = Some(read);
                    kind
                }
                Some(Err(error)) => {
                    findings.push(Finding::error(
                        "unreadable-metadata",
                        format!("the metadata in the module are no JSON: {error}"),
                        "annotate the module again",
                    ));
                    Kind::Unannotated(anatomy.resemblance())
                }
            }
        };
        // What a WASI host needs is no matter of a policy of another kind.
        if matches!(kind, Kind::Wasi | Kind::Component | Kind::Unannotated(Some(Resemblance::Wasi) | None)) {
            findings.extend(module::check_contract(module));
        }
        if kind == Kind::Wasi
            && let Some(section) = module::read_metadata(module)?.first()
        {
            findings.extend(check_metadata(section, file).findings);
        }
        if matches!(kind, Kind::Unannotated(_)) && findings.iter().all(|f| f.name != "unreadable-metadata") {
            findings.push(Finding::error(
                "not-annotated",
                "there are no metadata of Kubewarden in it: a host would take it for a waPC policy",
                "build it with `cargo kw-wasi build`",
            ));
        }
        Ok(Self {
            kind,
            size_bytes: module.len(),
            sha256: sha256(module),
            metadata,
            sizes: Sizes::of(&anatomy.sections, module.len()),
            sections: anatomy.sections,
            imports: anatomy.imports,
            exports: anatomy.exports,
            findings,
        })
    }
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks the metadata in a module as those in a file are checked. A section is one long line, so findings have no place.
fn check_metadata(section: &[u8], file: &Path) -> Checked {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let facts = Facts { name, ..Facts::default() };
    let text = String::from_utf8_lossy(section).into_owned();
    let mut checked = metadata::read(&Document::yaml(file, text), &facts);
    for finding in &mut checked.findings {
        finding.place = None;
        finding.quote = None;
    }
    checked
}

/// The metadata of a module that is a WASI policy as it can be deployed, and what is worth a warning in them.
///
/// # Errors
///
/// When it is anything else. Findings that are errors are in the message: nobody has their place.
pub fn require_policy(module: &[u8], file: &Path) -> Result<(Metadata, Vec<Finding>)> {
    let shown = file.display();
    let inspection = Inspection::of(module, file).with_context(|| format!("could not read `{shown}`"))?;
    match &inspection.kind {
        Kind::Wasi => {}
        Kind::Unannotated(_) => {
            return Err(failure(
                format!(
                    "`{shown}` has no metadata of Kubewarden that could be read: it is a {}",
                    inspection.kind
                ),
                "take what `cargo kw-wasi build` or `kwctl annotate` has written",
            ));
        }
        Kind::Component => {
            return Err(failure(
                format!("`{shown}` is a WebAssembly component, which Kubewarden does not load"),
                "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
            ));
        }
        other => {
            return Err(failure(
                format!("`{shown}` is no WASI policy: it is a {other}"),
                "`kwctl` takes policies of every kind",
            ));
        }
    }
    if inspection.findings.iter().any(|finding| finding.name == "annotated-twice") {
        return Err(failure(
            format!("`{shown}` has more than one section with metadata, of which Kubewarden reads the first"),
            "build it with `cargo kw-wasi build`, which leaves one",
        ));
    }
    let section = module::read_metadata(module)?;
    let checked = check_metadata(section.first().context("a WASI policy has metadata")?, file);
    if has_errors(&inspection.findings) {
        let errors: Vec<_> = inspection
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| format!("{}: {}", finding.name, printable(&finding.message)))
            .collect();
        return Err(failure(
            format!(
                "`{shown}` is not what Kubewarden accepts ({}):\n{}",
                tally(&inspection.findings),
                errors.join("\n")
            ),
            "mend what it is built from, and build it with `cargo kw-wasi build`",
        ));
    }
    let metadata = checked.metadata.context("metadata without an error among their findings")?;
    Ok((metadata, inspection.findings))
}

/// What a module is made of.
#[derive(Debug, Default)]
struct Anatomy {
    is_component: bool,
    sections: Vec<Section>,
    imports: Vec<Import>,
    exports: Vec<Export>,
}

impl Anatomy {
    fn read(module: &[u8]) -> Result<Self> {
        let mut anatomy = Self::default();
        let mut start = 0;
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(unreadable)?;
            match &payload {
                Payload::Version { encoding: Encoding::Component, range, .. } => {
                    // Its sections are others, and may hold modules: none of that is looked at.
                    start = in_memory(range.end);
                    anatomy.is_component = true;
                    anatomy.section("component", false, &mut start, module.len());
                    return Ok(anatomy);
                }
                Payload::Version { range, .. } => start = in_memory(range.end),
                Payload::ImportSection(section) => {
                    for import in section.clone().into_imports() {
                        let import = import.map_err(unreadable)?;
                        anatomy.imports.push(Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                            kind: kind_of_import(&import.ty),
                        });
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section.clone() {
                        let export = export.map_err(unreadable)?;
                        anatomy
                            .exports
                            .push(Export { name: export.name.to_owned(), kind: kind_of_export(export.kind) });
                    }
                }
                _ => {}
            }
            let name = match &payload {
                Payload::CustomSection(custom) => Some((custom.name(), true)),
                other => other.as_section().map(|(id, _)| (name_of_section(id), false)),
            };
            if let (Some((name, custom)), Some((_, range))) = (name, payload.as_section()) {
                anatomy.section(name, custom, &mut start, in_memory(range.end));
            }
        }
        Ok(anatomy)
    }

    fn section(&mut self, name: &str, custom: bool, start: &mut usize, end: usize) {
        self.sections.push(Section { name: name.to_owned(), custom, size_bytes: end.saturating_sub(*start) });
        *start = end;
    }

    /// Every tool chain leaves its mark.
    fn resemblance(&self) -> Option<Resemblance> {
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
    fn of(sections: &[Section], total: usize) -> Self {
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
        // The eight bytes in front.
        sizes.other += total - sizes.total();
        sizes
    }

    /// The length of the file.
    pub fn total(self) -> usize {
        self.code + self.data + self.names + self.metadata + self.custom + self.other
    }
}

/// Source: WebAssembly core specification, 5.5.2.
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

#[cfg(test)]
mod tests {
    use super::*;

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
        inspection.findings.iter().map(|finding| finding.name).collect()
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
        // Id, length, count, kind, and a constant of three bytes; then length and text.
        assert_eq!(inspect(PROGRAM).sizes.data, 13);
    }

    #[test]
    fn two_sections_are_found_and_the_first_counts() {
        let first = format!("{{\"protocolVersion\":\"Unknown\",{RULE},\"executionMode\":\"wasi\"}}");
        let module = annotated(PROGRAM, &[&first, "{}"]);
        let inspection = Inspection::of(&module, Path::new("demo.wasm")).unwrap();
        assert_eq!((inspection.kind.clone(), names(&inspection)), (Kind::Wasi, vec!["annotated-twice"]));
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
            // Between two sections it is a shorter module.
            assert!(read.is_err() || read.unwrap().size_bytes == length, "{length}");
        }
        assert!(Inspection::of(b"hello", Path::new("demo.wasm")).is_err());
    }
}
