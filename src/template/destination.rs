//! The folder that a project is written to, and what it may contain already.

use std::path::Path;

use super::objection::Objection;
use crate::fs;

/// Can a project be written to a folder that already has files?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OccupiedFolder {
    /// No.
    Refuse,
    /// Yes, next to these files, which are never changed.
    Fill,
}

/// Fails if the folder is occupied.
pub(super) fn check(folder: &Path, occupied: OccupiedFolder) -> Result<(), Objection> {
    const ELSEWHERE: &str = "choose another folder";
    let shown = fs::for_people(folder);
    let shown = shown.display();
    if !fs::exists(folder) {
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(Objection::new(format!("`{shown}` already exists, and is not a folder"), ELSEWHERE));
    }
    let mut entries = std::fs::read_dir(folder).map_err(|error| {
        Objection::new(format!("could not read the folder `{shown}`: {error}"), ELSEWHERE)
    })?;
    // An empty clone has only its repository.
    let is_file_of_others =
        |entry: std::io::Result<std::fs::DirEntry>| !entry.is_ok_and(|entry| entry.file_name() == ".git");
    if occupied == OccupiedFolder::Refuse && entries.any(is_file_of_others) {
        return Err(Objection::new(format!("`{shown}` already contains files"), ELSEWHERE)
            .by_flag("choose another folder, or pass `--force` to write next to them"));
    }
    Ok(())
}
