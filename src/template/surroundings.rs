//! What is around the place of a new project.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::context::nouns;
use super::render::Renderer;
use super::workspace::Workspace;
use super::{Answers, Question, Template};
use crate::fs;
use crate::process::Program;
use crate::shell::Shell;

/// What is around the place of a new project.
#[derive(Debug)]
pub struct Surroundings {
    pub(super) destination: PathBuf,
    pub(super) workspace: Option<Workspace>,
    in_repository: bool,
}

/// What `[package]` takes over from `[workspace.package]`, and the question whose flag wins over it.
pub(super) const INHERITED: [(&str, &str); 8] = [
    ("version", ""),
    ("edition", ""),
    ("rust-version", ""),
    ("homepage", ""),
    ("authors", "author"),
    ("description", "description"),
    ("license", "license"),
    ("repository", "repository"),
];

impl Surroundings {
    /// Looks around the folder a project shall go to.
    pub fn of(path: &Path, template: &Template) -> Result<Self> {
        let destination = fs::resolve(path)?;
        let in_repository = destination.ancestors().any(|folder| fs::exists(&folder.join(".git")));
        let workspace = if template.content.workspaces { Workspace::find(&destination)? } else { None };
        Ok(Self { workspace, in_repository, destination })
    }

    /// Fills in the defaults that depend on more than the template, and asks nothing that is settled already.
    pub fn adjust(
        &self,
        question: &mut Question,
        answers: &Answers,
        template: &Template,
        shell: &Shell,
    ) -> Result<()> {
        let inherited = INHERITED.iter().any(|(key, name)| *name == question.name && self.inherits(key));
        match question.name.as_str() {
            _ if inherited => {
                question.asked = false;
                question.default.clear();
            }
            "module-path" => question.default = vec![module_path(answers)?],
            "author" => question.default = author_from_git(shell).into_iter().collect(),
            "description" => {
                let kind = template.kind(answers.kind())?;
                let context = json!({ "nouns": nouns(&answers.resources()?) });
                question.default = vec![Renderer::new(context).render("description", &kind.description)?];
            }
            "vcs" if self.in_repository => {
                question.asked = false;
                question.default = vec!["none".to_owned()];
            }
            _ => {}
        }
        Ok(())
    }

    /// Will the project have a repository of its own?
    pub(super) fn are_empty(&self) -> bool {
        self.workspace.is_none() && !self.in_repository
    }

    pub(super) fn inherits(&self, key: &str) -> bool {
        self.workspace.as_ref().is_some_and(|workspace| workspace.inherited(key).is_some())
    }
}

/// What a Go module is called if nothing else is said: what its repository suggests.
fn module_path(answers: &Answers) -> Result<String> {
    let name = answers.package_name()?;
    let repository = answers.one("repository").trim_end_matches('/').trim_end_matches(".git");
    Ok(match repository.split_once("://") {
        Some((_, place)) if place.ends_with(&format!("/{name}")) => place.to_owned(),
        Some((_, place)) => format!("{place}/{name}"),
        None => format!("example.com/{name}"),
    })
}

/// `Name <mail>`, as git would sign a commit here.
fn author_from_git(shell: &Shell) -> Option<String> {
    let mut git = Program::new("git");
    git.args(["config", "--get-regexp", r"^user\.(name|email)$"]);
    let output = git.start_silently(shell).ok()?.finish_with_output().ok()?;
    let value = |key: &str| output.lines().rev().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let (name, email) = (value("user.name ")?, value("user.email ")?);
    let author = format!("{name} <{email}>");
    let usable = !name.is_empty()
        && email.contains('@')
        && !author[..author.len() - 1].contains('>')
        && !name.contains('<');
    usable.then_some(author)
}
