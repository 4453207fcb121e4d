//! The plan of a project: every byte that will be written, before the first one is.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::answers::{Answers, VersionControl};
use super::context::context;
use super::embedded;
use super::membership::WorkspaceChange;
use super::metadata_file::{check_metadata_file, metadata_file};
use super::render::Renderer;
use super::rendered::Rendered;
use super::surroundings::Surroundings;
use crate::fs;

/// A project that could be written.
#[derive(Debug)]
pub(crate) struct ProjectPlan {
    /// Name of the package.
    pub(crate) name: String,
    /// The folder of the project, absolute.
    pub(crate) destination: PathBuf,
    /// Its files, sorted by path.
    pub(crate) files: Vec<Rendered>,
    /// What changes in the manifest of the workspace that it joins.
    pub(crate) workspace: Option<WorkspaceChange>,
    pub(crate) version_control: VersionControl,
    /// What a person should know that the files do not tell.
    pub(crate) notes: Vec<String>,
}

impl ProjectPlan {
    /// The files, a line each, as paths from here.
    pub(crate) fn list(&self) -> String {
        let folder = fs::for_people(&self.destination);
        self.files.iter().map(|file| format!("{}\n", folder.join(&file.path).display())).collect()
    }

    /// What will be written, in a line for a person.
    pub(crate) fn summary(&self) -> String {
        let folder = fs::for_people(&self.destination);
        let git = match self.version_control {
            VersionControl::Git => " and a git repository",
            VersionControl::None => "",
        };
        let mut summary = format!("`{}` gets {} files{git}", folder.display(), self.files.len());
        if let Some(change) = &self.workspace {
            summary.push_str("; ");
            summary.push_str(&change.to_string());
        }
        summary
    }
}

/// Renders all files of a project.
pub(super) fn plan(answers: &Answers, around: &Surroundings) -> Result<ProjectPlan> {
    let renderer = Renderer::new(context(answers, around)?);
    let (language, kind) = (answers.language, answers.kind);
    let alone = language.standalone.layers.iter().filter(|_| around.are_empty());
    let mut files = Vec::new();
    for layer in kind.layers.iter().chain(alone) {
        for stored in embedded::layer(&language.name, layer)? {
            let shown = stored.path.display().to_string();
            let text = if stored.rendered { renderer.render(&shown, &stored.text)? } else { stored.text };
            files.push(Rendered { path: stored.path, bytes: text.into_bytes() });
        }
    }
    let name = answers.name.clone();
    match files.iter().find(|file| file.path == Path::new("metadata.yml")) {
        Some(written_by_hand) => check_metadata_file(&name, written_by_hand)?,
        None => files.push(metadata_file(&name, &files, around.workspace.as_ref())?),
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let destination = around.destination.clone();
    let workspace = match &around.workspace {
        Some(workspace) => workspace.change()?,
        None => None,
    };
    Ok(ProjectPlan {
        name,
        destination,
        files,
        workspace,
        version_control: answers.version_control,
        notes: around.notes(),
    })
}
