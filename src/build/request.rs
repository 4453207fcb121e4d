//! The request for a build.

use std::path::PathBuf;

use crate::project::{Compile, Selection};

/// Everything a build needs to know, with all defaults applied.
#[derive(Debug)]
pub(crate) struct BuildRequest {
    /// The projects to build.
    pub(crate) selection: Selection,
    /// How to compile them.
    pub(crate) compile: Compile,
    /// The file or folder to write to, instead of the default in the target folder.
    pub(crate) output: Option<PathBuf>,
    /// The tool that embeds the metadata.
    pub(crate) annotator: Annotator,
    /// The tool that makes the module smaller.
    pub(crate) optimizer: Optimizer,
}

/// The tool that embeds the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Annotator {
    /// This tool, which needs no other program.
    Builtin,
    /// `kwctl annotate` from PATH.
    Kwctl,
}

/// The tool that makes the compiled module smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optimizer {
    /// No tool.
    None,
    /// `wasm-opt` from PATH.
    WasmOpt,
}

impl BuildRequest {
    /// Creates a request for a build to the default place.
    pub(crate) fn new(selection: Selection, compile: Compile) -> Self {
        Self { selection, compile, output: None, annotator: Annotator::Builtin, optimizer: Optimizer::None }
    }
}
