//! Policy modules: WebAssembly bytes in, WebAssembly bytes out. Replaces the metadata section, checks the contract
//! with a host, and describes what a module is made of. This room does not access files.

use crate::error::failure;

mod anatomy;
mod contract;
mod features;
mod host_metadata;
pub mod inspection;
mod kind;
mod nesting;
mod sections;

pub(crate) use contract::check_contract;
pub(crate) use features::features;
pub(crate) use host_metadata::host_metadata;
pub(crate) use nesting::check_nesting;
pub(crate) use sections::METADATA_SECTION;
pub use sections::{annotate, read_metadata};

/// Converts an offset into a module that is in memory.
pub(crate) fn in_memory(offset: u64) -> usize {
    usize::try_from(offset).expect("a slice is no longer than the address space")
}

pub(crate) fn unreadable(error: wasmparser::BinaryReaderError) -> anyhow::Error {
    // The parser then lists bytes, one per line.
    let reason = error.message().split(" - expected=").next().unwrap_or_default();
    failure(
        format!("not a WebAssembly module: {reason} (at byte {})", error.offset()),
        "the file is damaged or of another format: build it again",
    )
}
