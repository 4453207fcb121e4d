//! `kwctl annotate`, for who wants the metadata embedded by the real thing.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::error::failure;
use crate::fs;
use crate::module;
use crate::process::Program;
use crate::shell::Shell;

/// Fails, with the way without it, when `kwctl` is missing.
pub(crate) fn require() -> Result<Program> {
    Program::on_path("kwctl").ok_or_else(|| {
        failure(
            "`kwctl` is not on PATH",
            "leave out `--annotator kwctl`: the annotator of this tool does not need kwctl, and writes the same metadata",
        )
    })
}

/// The annotated module. The temporary file for it is in `folder`.
pub(crate) fn annotate(
    compiled: &Path,
    metadata_file: &Path,
    usage: Option<&Path>,
    folder: &Path,
    shell: &Shell,
) -> Result<Vec<u8>> {
    fs::create_folder(folder)?;
    let output = fs::temporary_file(folder)
        .with_context(|| format!("could not write to `{}`", folder.display()))?
        .into_temp_path();
    let mut kwctl = require()?;
    kwctl.arg("annotate").arg("--metadata-path").arg(metadata_file);
    if let Some(usage) = usage {
        kwctl.arg("--usage-path").arg(usage);
    }
    kwctl.arg("--output-path").arg(&output).arg(compiled);
    kwctl.run(shell)?;
    let annotated = fs::read(&output)?;
    if module::read_metadata(&annotated)?.is_empty() {
        bail!("`kwctl annotate` succeeded, but there is no metadata in what it wrote");
    }
    Ok(annotated)
}
