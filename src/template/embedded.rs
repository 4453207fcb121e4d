//! The files of all templates, in the binary.

use std::path::PathBuf;

use anyhow::{Result, bail};
use include_dir::{Dir, DirEntry, include_dir};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A file of a template as it is stored.
pub(super) struct Stored {
    /// Where it goes below the root of the project.
    pub(super) path: PathBuf,
    pub(super) bytes: &'static [u8],
    /// Is it rendered, or copied as it is?
    pub(super) rendered: bool,
}

/// The text of a file, by its path below `templates/`.
pub(super) fn text(path: &str) -> Option<&'static str> {
    TEMPLATES.get_file(path)?.contents_utf8()
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
        collect(folder, folder, &mut files);
    }
    Ok(files)
}

fn collect(root: &Dir<'static>, folder: &Dir<'static>, files: &mut Vec<Stored>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(root, folder, files),
            DirEntry::File(file) => {
                let below = file.path().strip_prefix(root.path()).unwrap_or(file.path());
                let (path, rendered) = target_path(below);
                files.push(Stored { path, bytes: file.contents(), rendered });
            }
        }
    }
}

/// `dot-gitignore.hbs` becomes `.gitignore`, rendered: a real one would act on this repository.
fn target_path(stored: &std::path::Path) -> (PathBuf, bool) {
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
