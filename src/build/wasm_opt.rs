//! Binaryen's `wasm-opt`, which makes a module smaller after the compiler.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempPath;

use crate::error::{WithHint, failure};
use crate::fs;
use crate::module;
use crate::process::Program;
use crate::shell::Shell;

const INSTALL: &str = "install Binaryen (`apt-get install binaryen`, `brew install binaryen`, \
    `npm install --global binaryen`), or leave out `--wasm-opt`";

/// Fails, saying what to install, when `wasm-opt` is missing.
pub(crate) fn require() -> Result<Program> {
    Program::on_path("wasm-opt").ok_or_else(|| failure("`wasm-opt` is not on PATH", INSTALL))
}

/// A smaller module, in a temporary file in `folder`: a failure leaves nothing.
pub(crate) fn run(compiled: &Path, folder: &Path, shell: &Shell) -> Result<TempPath> {
    fs::create_folder(folder)?;
    // Closed: Windows may let no other program write to it otherwise.
    let smaller = fs::temporary_file(folder)
        .with_context(|| format!("could not write to `{}`", folder.display()))?
        .into_temp_path();
    // wasm-opt refuses features that are not enabled, and may introduce any that is: enable those in use.
    let features = module::features(&fs::read(compiled)?).into_iter().map(|name| format!("--enable-{name}"));
    let mut wasm_opt = require()?;
    wasm_opt.arg("-Oz").args(features).arg(compiled).arg("-o").arg(&smaller);
    let error = || format!("could not make `{}` smaller", fs::for_people(compiled).display());
    // As text, so that the error is not silent: an older wasm-opt names neither itself nor the reason.
    wasm_opt.run(shell).map_err(|failed| anyhow::anyhow!("{failed}")).with_context(error).hint(|| {
        format!("its own message is above; an old version may not know what compilers write today: {INSTALL}")
    })?;
    Ok(smaller)
}
