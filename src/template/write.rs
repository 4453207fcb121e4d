//! Writing a planned project: whole or not at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tempfile::TempPath;

use super::answers::VersionControl;
use super::destination::{self, OccupiedFolder};
use super::plan::ProjectPlan;
use super::question::Topic;
use crate::error::{WithHint, failure, name_list};
use crate::fs::{self, TemporaryFolder};
use crate::process::{ChildFailed, Program};
use crate::shell::Shell;
use crate::signals::Deferral;

impl ProjectPlan {
    /// Fails when the folder is taken, or files in it that the project needs. A link in it is taken too: what is written
    /// below it would go elsewhere.
    pub(crate) fn check_destination(&self, occupied: OccupiedFolder) -> Result<()> {
        destination::check(&self.destination, occupied)
            .map_err(|objection| objection.into_error(Topic::Path, &[]))?;
        let taken: BTreeSet<_> = self.files.iter().filter_map(|file| self.find_taken(&file.path)).collect();
        if taken.is_empty() {
            return Ok(());
        }
        let list = name_list(taken.iter().map(|path| path.display()));
        let shown = fs::for_people(&self.destination);
        Err(failure(
            format!("`{}` already contains {list}", shown.display()),
            "move them away first: `--force` writes next to files, not over them, and not through links",
        ))
    }

    /// The file itself if it exists, or the first of its parents below the destination that is not a folder.
    fn find_taken<'a>(&self, file: &'a Path) -> Option<&'a Path> {
        let mut parents: Vec<_> = file.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        parents.reverse();
        let is_taken = |path: &&&Path| match std::fs::symlink_metadata(self.destination.join(path)) {
            Ok(found) => **path == file || !found.is_dir(),
            Err(_) => false,
        };
        parents.iter().find(is_taken).copied()
    }
}

/// Writes the project. A failure leaves everything as it was; the message names the path.
pub(crate) fn write(plan: &ProjectPlan, occupied: OccupiedFolder, shell: &Shell) -> Result<()> {
    plan.check_destination(occupied)?;
    let is_there = fs::exists(&plan.destination);
    let mut undo = Undo::default();
    let parent = fs::folder_of(&plan.destination);
    undo.create_folders(parent)?;
    // Everything is written out of sight first: what can go wrong goes wrong there.
    let staging = TemporaryFolder::create_in(parent)
        .with_context(|| format!("could not create a folder in `{}`", fs::for_people(parent).display()))?;
    // A folder of its own inside, since the temporary one can be entered by its owner only.
    let project = staging.path().join("project");
    write_files(plan, &project)?;
    // A repository that is there already stays the only one.
    if plan.version_control == VersionControl::Git && !fs::exists(&plan.destination.join(".git")) {
        init_repository(&project, shell)?;
    }
    // What follows is done whole, whatever signal comes.
    let _deferral = Deferral::begin();
    if is_there {
        // Another `new` may have come first: the folder is looked at again while nobody else writes to it.
        let _lock = fs::lock_folder(&plan.destination);
        plan.check_destination(occupied)?;
        move_into(&project, &plan.destination, &mut undo)?;
    } else {
        // This fails if the folder exists by now, unless it is empty.
        rename(&project, &plan.destination)
            .or_else(|error| plan.check_destination(occupied).and(Err(error)))?;
        undo.project = Some(&plan.destination);
    }
    if let Some(change) = &plan.workspace {
        change.make().context("could not add the package to its workspace")?;
    }
    undo.keep();
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

/// Moves what is in one folder into another that exists, file by file. Nothing is replaced, and no link is followed.
fn move_into(from: &Path, to: &Path, undo: &mut Undo<'_>) -> Result<()> {
    let could_not = || {
        let shown = fs::for_people(to);
        format!("could not create the project: could not write to `{}`", shown.display())
    };
    for entry in std::fs::read_dir(from).with_context(could_not)? {
        let entry = entry.with_context(could_not)?;
        let target = to.join(entry.file_name());
        if entry.file_type().with_context(could_not)?.is_dir() {
            match std::fs::create_dir(&target) {
                Ok(()) => undo.created.push(target.clone()),
                Err(_) if std::fs::symlink_metadata(&target).is_ok_and(|found| found.is_dir()) => {}
                Err(error) => return Err(error).with_context(could_not),
            }
            move_into(&entry.path(), &target, undo)?;
        } else {
            TempPath::try_from_path(entry.path())
                .and_then(|staged| Ok(staged.persist_noclobber(&target)?))
                .with_context(could_not)?;
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
struct Undo<'a> {
    /// Files, and folders that are removed only if nobody else wrote to them.
    created: Vec<PathBuf>,
    /// The folder of the project, with all that is in it.
    project: Option<&'a Path>,
}

impl Undo<'_> {
    fn create_folders(&mut self, path: &Path) -> Result<()> {
        let missing: Vec<_> =
            path.ancestors().take_while(|folder| !fs::exists(folder)).map(Path::to_owned).collect();
        self.created.extend(missing.into_iter().rev());
        fs::create_folder(path)
    }

    fn keep(&mut self) {
        self.created.clear();
        self.project = None;
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the error that led here is the one to report.
        if let Some(project) = self.project {
            let _ = std::fs::remove_dir_all(project);
        }
        for path in self.created.iter().rev() {
            let is_folder = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
            let _ = if is_folder { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
        }
    }
}
