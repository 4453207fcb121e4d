//! The compiler of a language, which is queried before it is needed.

use std::path::Path;

use anyhow::Result;

use super::cargo::CargoCompiler;
use super::compile::CompiledModules;
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

    /// Compiles these projects in one call of the language's build tool, whose output passes through.
    pub(crate) fn compile(self, projects: &[&Project], shell: &Shell) -> Result<CompiledModules> {
        match self {
            Self::Cargo(compiler) => compiler.compile(projects, shell),
            Self::Go(compiler) => compiler.compile(projects, shell),
        }
    }
}
