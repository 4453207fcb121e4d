//! The inspection of a module: its kind, its metadata, what it is made of, and what is wrong with it.
//!
//! Sources: WebAssembly core specification, 5.5 (modules); Kubewarden's behavior as of policy-evaluator 0.32.

use std::path::Path;

use anyhow::{Context, Result};
use bytesize::ByteSize;
use serde::Serialize;
use serde_json::Value;

use crate::digest::sha256;
use crate::error::failure;
use crate::finding::{Finding, FindingName, Severity, has_errors, tally};
use crate::metadata::{self, Checked, Document, Facts, Metadata};
use crate::module;
use crate::untrusted::printable;

use super::anatomy::Anatomy;
pub(crate) use super::anatomy::{Export, Import, Section, Sizes};
pub(crate) use super::kind::{ModuleKind, Resemblance};
use super::sections::{TOO_MANY_VALUES, has_too_many_values, is_long};

/// The most errors that a message lists.
const MOST_LISTED: usize = 20;

/// What is in a module.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The kind of the module.
    pub(crate) kind: ModuleKind,
    /// What a module without metadata looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resembles: Option<Resemblance>,
    /// The length of the file.
    pub(crate) size_bytes: usize,
    /// The SHA-256 digest of the whole file, in hexadecimal digits.
    pub(crate) sha256: String,
    /// The metadata that Kubewarden reads, unchanged; `None` if there is none that can be read.
    pub(crate) metadata: Option<Value>,
    /// The size of each part.
    pub sizes: Sizes,
    /// All sections, in the order of the file, without the header of eight bytes.
    pub sections: Vec<Section>,
    /// What the module needs from its host.
    pub(crate) imports: Vec<Import>,
    /// What the module offers to its host.
    pub(crate) exports: Vec<Export>,
    /// What is wrong with it. Empty for a good WASI policy.
    #[serde(serialize_with = "findings_for_scripts")]
    pub(crate) findings: Vec<Finding>,
    /// The metadata of a WASI policy, if it has no error.
    #[serde(skip)]
    policy: Option<Metadata>,
}

/// Serializes the name, severity, message and fix of each finding. Places are for people.
fn findings_for_scripts<S: serde::Serializer>(
    findings: &[Finding],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Plain<'a> {
        name: FindingName,
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
    /// Inspects a module. `file` is the path that people see.
    ///
    /// # Errors
    ///
    /// Fails if it is not WebAssembly, or is damaged; the message gives the byte offset.
    pub fn of(module: &[u8], file: &Path) -> Result<Self> {
        let Anatomy { is_component, sections, imports, exports, resemblance } = Anatomy::read(module)?;
        let mut inspection = Self {
            kind: if is_component { ModuleKind::Component } else { ModuleKind::Unannotated(resemblance) },
            resembles: None,
            size_bytes: module.len(),
            sha256: sha256(module),
            metadata: None,
            sizes: Sizes::of(&sections, module.len()),
            sections,
            imports,
            exports,
            findings: Vec::new(),
            policy: None,
        };
        let metadata = if is_component { Vec::new() } else { module::read_metadata(module)? };
        if metadata.len() > 1 {
            inspection.findings.push(annotated_twice(metadata.len()));
        }
        if let Some(section) = metadata.first() {
            inspection.read(section);
        }
        // Policies of other kinds do not have to satisfy a WASI host.
        let kind = &inspection.kind;
        if matches!(
            kind,
            ModuleKind::Wasi
                | ModuleKind::Component
                | ModuleKind::Unannotated(Some(Resemblance::Wasi) | None)
        ) {
            inspection.findings.extend(module::check_contract(module));
        }
        match inspection.kind {
            ModuleKind::Wasi => {
                let checked = check_metadata(metadata.first().copied().unwrap_or_default(), file);
                inspection.findings.extend(checked.findings);
                inspection.policy = checked.metadata;
            }
            ModuleKind::Unannotated(resemblance) => {
                inspection.resembles = resemblance;
                if metadata.is_empty() {
                    inspection.findings.push(not_annotated(resemblance));
                }
            }
            _ => {}
        }
        Ok(inspection)
    }

    /// Reads kind and metadata from the section that Kubewarden reads.
    fn read(&mut self, section: &[u8]) {
        if is_long(section) {
            self.findings.push(long_metadata(section.len()));
        }
        if has_too_many_values(section) {
            let fix = "shorten its lists: no policy needs so many rules";
            self.findings.push(Finding::error(FindingName::UnreadableMetadata, TOO_MANY_VALUES, fix));
            return;
        }
        let read =
            serde_json::from_slice::<Value>(section).map_err(|error| format!("it is not JSON: {error}"));
        match read.and_then(|metadata| Ok((ModuleKind::of_metadata(&metadata)?, metadata))) {
            Ok((kind, metadata)) => (self.kind, self.metadata) = (kind, Some(metadata)),
            Err(reason) => self.findings.push(Finding::error(
                FindingName::UnreadableMetadata,
                format!("no host can read the metadata in the module: {reason}"),
                "annotate the module again",
            )),
        }
    }
}

fn long_metadata(bytes: usize) -> Finding {
    Finding::warning(
        FindingName::LongMetadata,
        format!(
            "the metadata is {}: a host reads all of it each time it loads the policy",
            ByteSize::b(bytes as u64)
        ),
        "shorten it: the longest part is usually the README, in `io.kubewarden.policy.usage`",
    )
}

fn annotated_twice(count: usize) -> Finding {
    Finding::warning(
        FindingName::AnnotatedTwice,
        format!(
            "there are {count} sections with metadata: Kubewarden reads the first and ignores the others"
        ),
        "build it with `cargo kw-wasi build`, or annotate what the compiler has written",
    )
}

fn not_annotated(resemblance: Option<Resemblance>) -> Finding {
    Finding::error(
        FindingName::NotAnnotated,
        "the module has no Kubewarden metadata: a host would treat it as a waPC policy",
        match resemblance {
            Some(Resemblance::Wapc | Resemblance::Rego) => "annotate it with `kwctl annotate`",
            Some(Resemblance::Wasi) | None => "build it with `cargo kw-wasi build`",
        },
    )
}

/// Checks the metadata in a module in the same way as metadata in a file.
fn check_metadata(section: &[u8], file: &Path) -> Checked {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    metadata::read(&Document::section(file, section), &Facts { name, ..Facts::default() })
}

/// Returns the metadata of a WASI policy that can be deployed, and warnings about it.
///
/// # Errors
///
/// Fails for any other module. The message lists the findings that are errors, because they have no place in a file.
pub fn require_policy(module: &[u8], file: &Path) -> Result<(Metadata, Vec<Finding>)> {
    let shown = file.display();
    let inspection = Inspection::of(module, file).with_context(|| format!("could not read `{shown}`"))?;
    match &inspection.kind {
        ModuleKind::Wasi => {}
        ModuleKind::Unannotated(_) => {
            return Err(failure(
                format!("`{shown}` has no readable Kubewarden metadata: it is a {}", inspection.kind),
                "use a module written by `cargo kw-wasi build` or `kwctl annotate`",
            ));
        }
        ModuleKind::Component => {
            return Err(failure(
                format!("`{shown}` is a WebAssembly component, which Kubewarden does not load"),
                "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
            ));
        }
        other => {
            return Err(failure(
                format!("`{shown}` is not a WASI policy: it is a {other}"),
                "use `kwctl`, which takes policies of every kind",
            ));
        }
    }
    if inspection.findings.iter().any(|finding| finding.name == FindingName::AnnotatedTwice) {
        return Err(failure(
            format!("`{shown}` has more than one section with metadata, of which Kubewarden reads the first"),
            "build it with `cargo kw-wasi build`, which leaves one",
        ));
    }
    if has_errors(&inspection.findings) {
        let errors: Vec<_> = inspection
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| format!("{}: {}", finding.name, printable(&finding.message)))
            .take(MOST_LISTED)
            .collect();
        return Err(failure(
            format!(
                "`{shown}` is not what Kubewarden accepts ({}):\n{}",
                tally(&inspection.findings),
                errors.join("\n")
            ),
            "fix the sources of the policy, and build it with `cargo kw-wasi build`",
        ));
    }
    let metadata = inspection.policy.context("metadata without errors")?;
    Ok((metadata, inspection.findings))
}

#[cfg(test)]
mod tests;
