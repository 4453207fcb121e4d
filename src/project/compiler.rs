//! The compiler of a language, which is queried before it is needed.

use std::path::Path;

use anyhow::Result;

use super::cargo::CargoCompiler;
use super::compile::Made;
use super::go::GoCompiler;
use super::source::Project;
use crate::shell::Shell;

/// Compiles projects. Whether the compiler works is known only when it is used: the query may need a download, which
/// the report of invalid metadata should not have to wait for.
#[derive(Debug)]
pub(crate) enum Compiler {
    /// `cargo build`.
    Cargo(Box<CargoCompiler>),
    /// `go build`.
    Go(Box<GoCompiler>),
}

impl Compiler {
    /// Returns the folder for all generated files.
    pub(crate) fn target_dir(&self) -> &Path {
        match self {
            Self::Cargo(compiler) => compiler.target_dir(),
            Self::Go(compiler) => compiler.target_dir(),
        }
    }

    /// Compiles these projects, one after the other, with the language's build tool, whose output passes through. Each
    /// program is handed to `made` before the next one is compiled.
    pub(crate) fn compile(self, projects: &[&Project], made: &mut Made, shell: &Shell) -> Result<()> {
        match self {
            Self::Cargo(compiler) => compiler.compile(projects, made, shell),
            Self::Go(compiler) => compiler.compile(made, shell),
        }
    }
}
