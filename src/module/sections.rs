//! Reads, adds and replaces the metadata section of a module.
//!
//! Source: WebAssembly core specification, 5.5 (modules).

use anyhow::Result;
use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Encoding, Parser, Payload};

use super::{in_memory, unreadable};
use crate::error::failure;
use crate::metadata::Metadata;
use crate::untrusted::is_heavy;

/// The name of the custom section with the metadata. Kubewarden reads the first section of that name.
pub(crate) const METADATA_SECTION: &str = "io.kubewarden.metadata";

/// Longer metadata is reported. Metadata with a long README has a tenth of this length.
const USUAL_METADATA_BYTES: usize = 1 << 20;

/// The most memory that the values of metadata may need when they are parsed.
const MOST_PARSED_BYTES: usize = 32 << 20;

/// The message about metadata that is not read. A host has no such limit.
pub(super) const TOO_MANY_VALUES: &str = "the metadata has too many values to be read";

/// Whether the metadata is much longer than that of other policies.
pub(super) fn is_long(metadata: &[u8]) -> bool {
    metadata.len() > USUAL_METADATA_BYTES
}

/// Whether the metadata has too many values to be read.
pub(super) fn has_too_many_values(metadata: &[u8]) -> bool {
    is_heavy(metadata, MOST_PARSED_BYTES)
}

/// Returns `module` with `metadata` as its only `io.kubewarden.metadata` custom section.
///
/// `module` is a core module, 8-byte header included; components are refused. Other sections keep bytes and
/// order; the metadata comes last, as compact JSON. Kubewarden reads the first section of that name: append a
/// second and the stale one wins. Source: WebAssembly core specification, 5.5.3.
///
/// # Errors
///
/// Fails if `module` cannot be parsed, with the byte offset in the message, or if the metadata has too many values.
pub fn annotate(module: &[u8], metadata: &Metadata) -> Result<Vec<u8>> {
    let json = metadata.to_section();
    if has_too_many_values(&json) {
        return Err(failure(TOO_MANY_VALUES, "shorten its lists, or the README, which becomes a part of it"));
    }
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

/// Returns the content of all metadata sections of a module, which is JSON. Kubewarden reads the first one.
///
/// # Errors
///
/// Fails if `module` cannot be parsed; the message gives the byte offset.
pub fn read_metadata(module: &[u8]) -> Result<Vec<&[u8]>> {
    Ok(metadata_sections(module)?.into_iter().map(|section| section.data).collect())
}

struct MetadataSection<'a> {
    /// The range from the section's id to its last byte.
    whole: std::ops::Range<usize>,
    data: &'a [u8],
}

/// Returns all metadata sections, in file order. Reads the header of every section, to detect a truncated module.
fn metadata_sections(module: &[u8]) -> Result<Vec<MetadataSection<'_>>> {
    let mut sections = Vec::new();
    // Where the next section begins: after the header, then after the section before it.
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
fn component() -> anyhow::Error {
    failure(
        "this is a WebAssembly component, not a core module: Kubewarden does not load components (at byte 4)",
        "build for the target `wasm32-wasip1`, not `wasm32-wasip2`",
    )
}

#[cfg(test)]
mod tests;
