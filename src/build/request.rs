//! What is asked of a build.

use std::path::PathBuf;

use crate::project::{Compile, Selection};

/// All that a build needs to know: no flag is left open.
#[derive(Debug)]
pub(crate) struct BuildRequest {
    /// Which projects.
    pub(crate) selection: Selection,
    /// How to compile them.
    pub(crate) compile: Compile,
    /// A file or a folder, instead of the default below the target folder.
    pub(crate) output: Option<PathBuf>,
    /// What embeds the metadata.
    pub(crate) annotator: Annotator,
    /// What makes the module smaller.
    pub(crate) optimizer: Optimizer,
}

/// What embeds the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Annotator {
    /// This tool, which needs no other program.
    Builtin,
    /// `kwctl annotate` from PATH.
    Kwctl,
}

/// What makes the module smaller after the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optimizer {
    /// Nothing.
    None,
    /// `wasm-opt` from PATH.
    WasmOpt,
}

impl BuildRequest {
    /// A build to the default place.
    pub(crate) fn new(selection: Selection, compile: Compile) -> Self {
        Self { selection, compile, output: None, annotator: Annotator::Builtin, optimizer: Optimizer::None }
    }
}
