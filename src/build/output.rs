//! Where the files of a build go.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::failure;
use crate::fs;

/// Where a build writes its modules.
#[derive(Debug)]
pub(crate) enum OutputPlace {
    /// In this folder, each with its project's name.
    Folder(PathBuf),
    /// To this file, for a single module.
    File(PathBuf),
}

/// The output files of one policy, as absolute paths.
#[derive(Debug)]
pub(crate) struct OutputFiles {
    pub(crate) module: PathBuf,
    pub(crate) manifest: PathBuf,
}

impl OutputPlace {
    /// Returns the given place, or the default: `<target-dir>/kubewarden`.
    pub(crate) fn new(given: Option<PathBuf>, target_dir: &Path, policies: usize) -> Result<Self> {
        let Some(path) = given else { return Ok(Self::Folder(target_dir.join("kubewarden"))) };
        if path.is_dir() || path.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
            return Ok(Self::Folder(path));
        }
        if policies > 1 {
            return Err(failure(
                format!("could not write several policies to the one file `{}`", path.display()),
                "name an existing folder with `--output`, or one policy with `--package`",
            ));
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yml")) {
            return Err(failure(
                format!(
                    "could not write the module to `{}`: the manifest next to it would have that name",
                    path.display()
                ),
                "give the module a name that ends in `.wasm`",
            ));
        }
        Ok(Self::File(path))
    }

    /// Returns the files of the policy with this name. Fails if a module would replace a file that is not a module.
    pub(crate) fn files(&self, name: &str) -> Result<OutputFiles> {
        let module = match self {
            Self::Folder(folder) => folder.join(format!("{name}.wasm")),
            Self::File(file) => file.clone(),
        };
        refuse_to_replace_other_files(&module)?;
        let module = fs::absolute(&module)?;
        Ok(OutputFiles { manifest: module.with_extension("yml"), module })
    }
}

fn refuse_to_replace_other_files(path: &Path) -> Result<()> {
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let is_module = metadata.is_file() && (metadata.len() == 0 || fs::read(path)?.starts_with(b"\0asm"));
    if is_module {
        return Ok(());
    }
    Err(failure(
        format!("could not write the policy: `{}` exists and is not a WebAssembly module", path.display()),
        "name another file, or an existing folder",
    ))
}
