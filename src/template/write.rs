//! Writing a planned project: whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::Plan;
use crate::error::{WithHint, failure};
use crate::fs;
use crate::process::{ChildFailed, Program};
use crate::shell::Shell;

/// May a folder that has files already be written to?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// No.
    Refuse,
    /// Yes, beside the files that are there; those are never touched.
    Beside,
}

impl Plan {
    /// Fails when the destination is taken.
    pub fn check_destination(&self, overwrite: Overwrite) -> Result<()> {
        let shown = fs::for_people(&self.destination);
        let shown = shown.display();
        if !fs::exists(&self.destination) {
            return Ok(());
        }
        if !self.destination.is_dir() {
            return Err(failure(
                format!("`{shown}` already exists, and is no folder"),
                "choose another place",
            ));
        }
        let mut entries = std::fs::read_dir(&self.destination)
            .with_context(|| format!("could not read the folder `{shown}`"))?;
        if overwrite == Overwrite::Refuse && entries.next().is_some() {
            return Err(failure(
                format!("`{shown}` already contains files"),
                "choose another directory, or pass `--force` to write beside them",
            ));
        }
        let taken: Vec<_> =
            self.files.iter().filter(|file| fs::exists(&self.destination.join(&file.path))).collect();
        if taken.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = taken.iter().map(|file| format!("`{}`", file.path.display())).collect();
        Err(failure(
            format!("`{shown}` already contains {}", list.join(", ")),
            "`--force` writes beside files, not over them: move them away first",
        ))
    }
}

/// Writes the project. A failure leaves everything as it was; the message names the path.
pub fn write(plan: &Plan, overwrite: Overwrite, shell: &Shell) -> Result<()> {
    plan.check_destination(overwrite)?;
    let mut undo = Undo::default();
    let parent = fs::folder_of(&plan.destination);
    undo.create_folders(parent)?;
    // Everything is written out of sight first: what can go wrong goes wrong there.
    let staging = tempfile::Builder::new()
        .prefix(".kw-wasi-")
        .tempdir_in(parent)
        .with_context(|| format!("could not create a folder in `{}`", fs::for_people(parent).display()))?;
    // A folder of its own inside, since the temporary one can be entered by its owner only.
    let project = staging.path().join("project");
    write_files(plan, &project)?;
    if plan.git {
        init_repository(&project, shell)?;
    }
    if fs::exists(&plan.destination) {
        move_into(&project, &plan.destination, &mut undo)?;
    } else {
        rename(&project, &plan.destination)?;
        undo.created.push(plan.destination.clone());
    }
    if let Some((manifest, text)) = &plan.workspace_manifest {
        fs::write(manifest, text.as_bytes()).context("could not add the package to its workspace")?;
    }
    undo.created.clear();
    Ok(())
}

fn write_files(plan: &Plan, project: &Path) -> Result<()> {
    fs::create_folder(project)?;
    for file in &plan.files {
        let path = project.join(&file.path);
        fs::create_folder(fs::folder_of(&path))?;
        std::fs::write(&path, &file.bytes)
            .with_context(|| {
                format!("could not write `{}`", fs::for_people(&plan.destination).join(&file.path).display())
            })
            .context("could not create the project: nothing of it was left behind")?;
    }
    Ok(())
}

fn init_repository(project: &Path, shell: &Shell) -> Result<()> {
    let mut git = Program::new("git");
    git.args(["init", "--quiet"]).folder(project);
    // What git says about default branches is not about this project.
    git.env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "advice.defaultBranchName")
        .env("GIT_CONFIG_VALUE_0", "false");
    let hint = || "say `--vcs none`, or see to git".to_owned();
    match git.run(shell) {
        // Git has said why, but not what it means for the project.
        Err(error) if error.is::<ChildFailed>() => {
            Err(anyhow!("could not create a git repository: {error}")).hint(hint)
        }
        other => other.context("could not create a git repository").hint(hint),
    }
}

/// Moves what is in one folder into another that exists, file by file.
fn move_into(from: &Path, to: &Path, undo: &mut Undo) -> Result<()> {
    let entries = std::fs::read_dir(from).with_context(|| format!("could not read `{}`", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("could not read `{}`", from.display()))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() && fs::exists(&target) {
            move_into(&entry.path(), &target, undo)?;
        } else {
            rename(&entry.path(), &target)?;
            undo.created.push(target);
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)
        .with_context(|| format!("could not write `{}`", fs::for_people(to).display()))
        .context("could not create the project: nothing of it was left behind")
}

/// What was created so far; it is removed again unless everything succeeds.
#[derive(Default)]
struct Undo {
    created: Vec<PathBuf>,
}

impl Undo {
    fn create_folders(&mut self, path: &Path) -> Result<()> {
        let missing: Vec<_> =
            path.ancestors().take_while(|folder| !fs::exists(folder)).map(Path::to_owned).collect();
        self.created.extend(missing.into_iter().rev());
        fs::create_folder(path)
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for path in self.created.iter().rev() {
            // Nothing can be done about a failure here, and the error that led here is the one to report.
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
    }
}
