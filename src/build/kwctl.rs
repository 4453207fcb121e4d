//! `kwctl annotate`, as an alternative to this tool's own annotator.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::error::failure;
use crate::fs::{self, TemporaryFile};
use crate::module;
use crate::process::Program;
use crate::shell::Shell;

/// Finds `kwctl`. If it is missing, the hint of the error says how to build without it.
pub(crate) fn require() -> Result<Program> {
    Program::on_path("kwctl").ok_or_else(|| {
        failure(
            "`kwctl` is not on PATH",
            "leave out `--annotator kwctl`: the annotator of this tool does not need kwctl, and writes the same metadata",
        )
    })
}

/// Returns the annotated module, which `kwctl` writes to a temporary file in `folder`.
pub(crate) fn annotate(
    compiled: &Path,
    metadata_file: &Path,
    usage: Option<&Path>,
    folder: &Path,
    shell: &Shell,
) -> Result<Vec<u8>> {
    fs::create_folder(folder)?;
    let output = TemporaryFile::create_in(folder)
        .with_context(|| format!("could not write to `{}`", folder.display()))?;
    let mut kwctl = require()?;
    kwctl.arg("annotate").arg("--metadata-path").arg(metadata_file);
    if let Some(usage) = usage {
        kwctl.arg("--usage-path").arg(usage);
    }
    kwctl.arg("--output-path").arg(output.path()).arg(compiled);
    kwctl.run(shell)?;
    let annotated = fs::read(output.path())?;
    if module::read_metadata(&annotated)?.is_empty() {
        bail!("`kwctl annotate` succeeded, but wrote a module without metadata");
    }
    Ok(annotated)
}
