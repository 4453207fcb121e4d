//! The plan of a project: every byte that will be written, before the first one is.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::context::context;
use super::metadata_file::{check_metadata_file, metadata_file};
use super::render::Renderer;
use super::{Answers, Given, Rendered, Surroundings, Template, embedded};
use crate::fs;

/// A project that could be written.
#[derive(Debug)]
pub struct Plan {
    /// Name of the package.
    pub name: String,
    /// The folder of the project, absolute.
    pub destination: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<Rendered>,
    /// The manifest of the workspace it joins, with its new text.
    pub workspace_manifest: Option<(PathBuf, String)>,
    /// Will the release profile be added to that manifest?
    pub adds_profile: bool,
    /// Is a git repository created?
    pub git: bool,
}

/// Settings of the release profile in the manifest of a workspace: small, and quick to start, as each request
/// starts the policy anew.
const RELEASE_PROFILE: &str = "\
[profile.release]
opt-level = \"s\"
lto = true
codegen-units = 1
panic = \"abort\"
strip = true
";

impl Plan {
    /// The files, a line each, as paths from here.
    pub fn list(&self) -> String {
        let folder = fs::for_people(&self.destination);
        self.files.iter().map(|file| format!("{}\n", folder.join(&file.path).display())).collect()
    }

    /// What will be written, for a person.
    pub fn summary(&self) -> String {
        let mut summary =
            format!("\n`{}` will have these files:\n", fs::for_people(&self.destination).display());
        for file in &self.files {
            summary.push_str(&format!("  {}\n", file.path.display()));
        }
        if let Some((manifest, _)) = &self.workspace_manifest {
            summary.push_str(&format!(
                "`{}`: {}\n",
                fs::for_people(manifest).display(),
                self.workspace_change()
            ));
        }
        if self.git {
            summary.push_str("with a git repository\n");
        }
        summary
    }

    /// What changes in the manifest of the workspace, for a person.
    pub fn workspace_change(&self) -> String {
        let profile = if self.adds_profile { ", with the release profile of policies" } else { "" };
        format!("the package is a member of the workspace{profile}")
    }
}

/// Renders all files of a project.
pub fn plan(
    template: &Template,
    given: &Given,
    answers: &Answers,
    surroundings: Surroundings,
) -> Result<Plan> {
    let name = answers.package_name()?;
    let inherits = |key: &str, question: &str| surroundings.inherits(key) && !given.contains_key(question);
    let mut context = context(&name, answers, &surroundings, &inherits)?;
    context["words"] = json!(template.content.words);
    let renderer = Renderer::new(context);

    let kind = template.kind(answers.kind())?;
    let alone = template.content.standalone.layers.iter().filter(|_| surroundings.are_empty());
    let layers = kind.layers.iter().chain(alone);
    let mut files = Vec::new();
    for layer in layers {
        for stored in embedded::layer(&template.name, layer)? {
            let shown = stored.path.display().to_string();
            let text = if stored.rendered { renderer.render(&shown, &stored.text)? } else { stored.text };
            files.push(Rendered { path: stored.path, bytes: text.into_bytes() });
        }
    }
    match files.iter().find(|file| file.path == Path::new("metadata.yml")) {
        Some(written_by_hand) => check_metadata_file(&name, written_by_hand)?,
        None => files.push(metadata_file(&name, &files, surroundings.workspace.as_ref())?),
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));

    let git = answers.one("vcs") == "git";
    let adds_profile =
        surroundings.workspace.as_ref().is_some_and(|workspace| !workspace.has_release_profile());
    let workspace_manifest = match surroundings.workspace {
        Some(workspace) => workspace.with_member(RELEASE_PROFILE)?,
        None => None,
    };
    Ok(Plan { name, destination: surroundings.destination, files, workspace_manifest, adds_profile, git })
}
