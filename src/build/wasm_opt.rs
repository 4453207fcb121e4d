//! Binaryen's `wasm-opt`, which makes a module smaller behind the compiler.

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

/// Fails, saying what to install, when there is no `wasm-opt`.
pub(crate) fn require() -> Result<Program> {
    Program::on_path("wasm-opt").ok_or_else(|| failure("there is no `wasm-opt` on PATH", INSTALL))
}

/// A smaller module, in a temporary file in `folder`: one that fails half way leaves nothing.
pub(crate) fn run(compiled: &Path, folder: &Path, shell: &Shell) -> Result<TempPath> {
    fs::create_folder(folder)?;
    // Closed: Windows may let no other program write to it otherwise.
    let smaller = fs::temporary_file(folder)
        .with_context(|| format!("could not write to `{}`", folder.display()))?
        .into_temp_path();
    // What it is not told of it refuses, and what the module does not use it should not bring in.
    let features = module::features(&fs::read(compiled)?).into_iter().map(|name| format!("--enable-{name}"));
    let mut wasm_opt = require()?;
    wasm_opt.arg("-Oz").args(features).arg(compiled).arg("-o").arg(&smaller);
    let error = || format!("could not make `{}` smaller", fs::for_people(compiled).display());
    // In words as well: an older one does not name itself, nor what it stumbled upon.
    wasm_opt.run(shell).map_err(|failed| anyhow::anyhow!("{failed}")).with_context(error).hint(|| {
        format!("its own message is above; an old one may not know what compilers write today: {INSTALL}")
    })?;
    Ok(smaller)
}
