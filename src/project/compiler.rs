//! The compiler of a language, asked for before it is needed.

use std::path::Path;

use anyhow::Result;

use super::cargo::CargoCompiler;
use super::compile::CompiledModules;
use super::go::GoCompiler;
use super::source::Project;
use crate::shell::Shell;

/// Compiles projects. Whether it can is known only when it is used: the answer may take a download, for which bad
/// metadata should not have to wait.
#[derive(Debug)]
pub(crate) enum Compiler {
    /// `cargo build`.
    Cargo(Box<CargoCompiler>),
    /// `go build`.
    Go(Box<GoCompiler>),
}

impl Compiler {
    /// The folder for everything that is generated.
    pub(crate) fn target_dir(&self) -> &Path {
        match self {
            Self::Cargo(compiler) => compiler.target_dir(),
            Self::Go(compiler) => compiler.target_dir(),
        }
    }

    /// Compiles these projects in one call of the language's own tool, whose output passes through.
    pub(crate) fn compile(self, projects: &[&Project], shell: &Shell) -> Result<CompiledModules> {
        match self {
            Self::Cargo(compiler) => compiler.compile(projects, shell),
            Self::Go(compiler) => compiler.compile(projects, shell),
        }
    }
}
