//! The files of all templates, embedded in the program.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use include_dir::{Dir, DirEntry, include_dir};
use serde::de::DeserializeOwned;

use crate::fs;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A file of a template, as stored.
pub(super) struct Stored {
    /// Its path in the project.
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Is it rendered, or copied as it is?
    pub(super) rendered: bool,
}

/// Reads a TOML file below `templates/`. It is part of the program, and tests read all of them.
pub(super) fn data<T: DeserializeOwned>(path: &str) -> T {
    let file =
        TEMPLATES.get_file(path).and_then(|file| file.contents_utf8()).expect("a file of this repository");
    toml_edit::de::from_str(file).expect("checked by tests")
}

/// All files of a layer, such as `common`: those of this language, and those that all languages share.
pub(super) fn layer(language: &str, name: &str) -> Result<Vec<Stored>> {
    let folders: Vec<_> = [language, "shared"]
        .iter()
        .filter_map(|owner| TEMPLATES.get_dir(format!("{owner}/files/{name}")))
        .collect();
    if folders.is_empty() {
        bail!("there is no layer `{name}` for `{language}` in the binary");
    }
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, folder, &mut files)?;
    }
    Ok(files)
}

fn collect(root: &Dir<'static>, folder: &Dir<'static>, files: &mut Vec<Stored>) -> Result<()> {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(root, folder, files)?,
            DirEntry::File(file) => {
                let below = file.path().strip_prefix(root.path()).unwrap_or(file.path());
                files.push(stored(below, file.contents())?);
            }
        }
    }
    Ok(())
}

/// The content of a file. A checkout on Windows may have changed its line endings before it was embedded.
fn stored(below: &Path, bytes: &[u8]) -> Result<Stored> {
    let (path, rendered) = target_path(below);
    let text = str::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", path.display()))?;
    Ok(Stored { path, text: fs::unix_line_ends(text.to_owned()), rendered })
}

/// `dot-gitignore.hbs` becomes `.gitignore`, rendered: a real one would act on this repository.
fn target_path(stored: &Path) -> (PathBuf, bool) {
    let mut rendered = false;
    let mut target = PathBuf::new();
    for part in stored.iter() {
        let part = part.to_string_lossy();
        let part = part.strip_suffix(".hbs").inspect(|_| rendered = true).unwrap_or(&part);
        match part.strip_prefix("dot-") {
            Some(rest) => target.push(format!(".{rest}")),
            None => target.push(part),
        }
    }
    (target, rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_line_ends_of_unix_whatever_went_into_the_binary() {
        let stored = stored(Path::new("dot-github/a.yml.hbs"), b"a: 1\r\nb: {{name}}\r\n").unwrap();
        assert_eq!(stored.text, "a: 1\nb: {{name}}\n");
        assert_eq!(stored.path, Path::new(".github/a.yml"));
        assert!(stored.rendered);
    }
}
