//! Writing a planned project: whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::answers::VersionControl;
use super::destination::{self, OccupiedFolder};
use super::plan::ProjectPlan;
use super::question::Topic;
use crate::error::{WithHint, failure, name_list};
use crate::fs;
use crate::process::{ChildFailed, Program};
use crate::shell::Shell;

impl ProjectPlan {
    /// Fails when the folder is taken, or files in it that the project needs.
    pub(crate) fn check_destination(&self, occupied: OccupiedFolder) -> Result<()> {
        destination::check(&self.destination, occupied)
            .map_err(|objection| objection.into_error(Topic::Path, &[]))?;
        let taken: Vec<_> =
            self.files.iter().filter(|file| fs::exists(&self.destination.join(&file.path))).collect();
        if taken.is_empty() {
            return Ok(());
        }
        let list = name_list(taken.iter().map(|file| file.path.display()));
        let shown = fs::for_people(&self.destination);
        Err(failure(
            format!("`{}` already contains {list}", shown.display()),
            "move them away first: `--force` writes next to files, not over them",
        ))
    }
}

/// Writes the project. A failure leaves everything as it was; the message names the path.
pub(crate) fn write(plan: &ProjectPlan, occupied: OccupiedFolder, shell: &Shell) -> Result<()> {
    plan.check_destination(occupied)?;
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
    if plan.version_control == VersionControl::Git {
        init_repository(&project, shell)?;
    }
    if fs::exists(&plan.destination) {
        move_into(&project, &plan.destination, &mut undo)?;
    } else {
        rename(&project, &plan.destination)?;
        undo.created.push(plan.destination.clone());
    }
    if let Some(change) = &plan.workspace {
        change.make().context("could not add the package to its workspace")?;
    }
    undo.created.clear();
    Ok(())
}

fn write_files(plan: &ProjectPlan, project: &Path) -> Result<()> {
    fs::create_folder(project)?;
    for file in &plan.files {
        let path = project.join(&file.path);
        fs::create_folder(fs::folder_of(&path))?;
        std::fs::write(&path, &file.bytes)
            .with_context(|| {
                format!("could not write `{}`", fs::for_people(&plan.destination).join(&file.path).display())
            })
            .context("could not create the project: nothing was written")?;
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
    let hint = || "pass `--vcs none`, or repair git".to_owned();
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
        .context("could not create the project: nothing was written")
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
