//! Binaryen's `wasm-opt`, which makes a compiled module smaller.

use std::path::Path;

use anyhow::{Context, Result};

use crate::error::{WithHint, failure};
use crate::fs::{self, TemporaryFile};
use crate::module;
use crate::process::Program;
use crate::shell::Shell;

const INSTALL: &str = "install Binaryen (`apt-get install binaryen`, `brew install binaryen`, \
    `npm install --global binaryen`), or leave out `--wasm-opt`";

/// Finds `wasm-opt`. If it is missing, the hint of the error says what to install.
pub(crate) fn require() -> Result<Program> {
    Program::on_path("wasm-opt").ok_or_else(|| failure("`wasm-opt` is not on PATH", INSTALL))
}

/// Writes a smaller module to a temporary file in `folder`, which is removed on failure.
pub(crate) fn run(compiled: &Path, folder: &Path, shell: &Shell) -> Result<TemporaryFile> {
    fs::create_folder(folder)?;
    let smaller = TemporaryFile::create_in(folder)
        .with_context(|| format!("could not write to `{}`", folder.display()))?;
    // wasm-opt rejects features that are not enabled and may introduce any that are, so enable those in use.
    let features = module::features(&fs::read(compiled)?).into_iter().map(|name| format!("--enable-{name}"));
    let mut wasm_opt = require()?;
    wasm_opt.arg("-Oz").args(features).arg(compiled).arg("-o").arg(smaller.path());
    let error = || format!("could not make `{}` smaller", fs::for_people(compiled).display());
    // As a string, so that the error is printed: an older wasm-opt names neither itself nor the reason.
    wasm_opt.run(shell).map_err(|failed| anyhow::anyhow!("{failed}")).with_context(error).hint(|| {
        format!(
            "see its message above; an old version may not support what current compilers emit: {INSTALL}"
        )
    })?;
    Ok(smaller)
}
