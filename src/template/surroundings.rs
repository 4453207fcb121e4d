//! The surroundings of a new project, such as a workspace or repository, and the defaults that follow from them.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::form::Form;
use super::question::{Question, Topic};
use super::render::Renderer;
use super::subject;
use super::workspace::{Inherited, Workspace};
use crate::fs;
use crate::process::Program;
use crate::shell::Shell;

/// The surroundings of a new project.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The folder of the project, absolute.
    pub(super) destination: PathBuf,
    /// The cargo workspace that the project becomes a member of.
    pub(super) workspace: Option<Workspace>,
    in_repository: bool,
    /// Is the folder of the project the root of a repository, such as an empty clone?
    is_repository: bool,
}

/// The oldest Rust that compiles generated packages: clippy's `incompatible_msrv` checks it in a test.
pub(super) const RUST_VERSION: &str = "1.80";

/// What `[package]` takes over from `[workspace.package]`, and the question whose answer wins over it.
pub(super) const INHERITED: [(&str, Option<Topic>); 8] = [
    ("version", None),
    ("edition", None),
    ("rust-version", None),
    ("homepage", None),
    ("authors", Some(Topic::Author)),
    ("description", Some(Topic::Description)),
    ("license", Some(Topic::License)),
    ("repository", Some(Topic::Repository)),
];

impl Surroundings {
    /// Looks for a workspace and a repository around the folder of the project.
    pub(super) fn of(form: &Form) -> Result<Self> {
        let destination = fs::resolve(form.path())?;
        let in_repository = destination.ancestors().any(|folder| fs::exists(&folder.join(".git")));
        let workspace = match form.language() {
            Some(language) if language.workspaces => Workspace::find(&destination)?,
            _ => None,
        };
        let is_repository = fs::exists(&destination.join(".git"));
        Ok(Self { workspace, in_repository, is_repository, destination })
    }

    /// Will the project have a repository of its own?
    pub(super) fn are_empty(&self) -> bool {
        self.workspace.is_none() && (self.is_repository || !self.in_repository)
    }

    /// Does the workspace answer this question?
    pub(super) fn answer(&self, topic: Topic) -> bool {
        INHERITED.iter().any(|(key, about)| *about == Some(topic) && self.inherits(key))
    }

    /// Does the project take this key from `[workspace.package]`? Not an edition or a version of Rust that is too old for
    /// generated code.
    pub(super) fn inherits(&self, key: &str) -> bool {
        self.workspace.as_ref().is_some_and(|workspace| match (key, workspace.inherited(key)) {
            (_, None) => false,
            ("edition", Some(Inherited::Text(edition))) => !["2015", "2018"].contains(&edition.as_str()),
            ("rust-version", Some(Inherited::Text(version))) => !is_older(&version, RUST_VERSION),
            _ => true,
        })
    }

    /// What a person should know about the project that files do not tell.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.are_empty() {
            notes.push("no GitHub workflows: GitHub reads them only at the root of a repository".to_owned());
        }
        let version = self.workspace.as_ref().and_then(|workspace| workspace.inherited("rust-version"));
        if let Some(Inherited::Text(version)) = version.filter(|_| !self.inherits("rust-version")) {
            notes.push(format!(
                "the policy needs Rust {RUST_VERSION}, and the workspace supports Rust {version}: the package has its own `rust-version`"
            ));
        }
        notes
    }

    /// Does only one answer make sense here, so that there is nothing to ask?
    pub(super) fn settle(&self, topic: Topic) -> bool {
        topic == Topic::Vcs && self.in_repository
    }
}

/// Is a version of Rust such as `1.74.1` older than another?
fn is_older(version: &str, other: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    numbers(version) < numbers(other)
}

/// The defaults of all questions, as far as they follow from other answers.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    shell: &'a Shell,
    author: OnceCell<Option<String>>,
}

impl<'a> Defaults<'a> {
    pub(super) fn new(shell: &'a Shell) -> Self {
        Self { shell, author: OnceCell::new() }
    }

    pub(super) fn of(
        &self,
        question: &Question,
        form: &Form,
        around: Option<&Surroundings>,
    ) -> Result<Vec<String>> {
        Ok(match question.topic {
            Topic::Name => around.and_then(|around| name_of(&around.destination)).into_iter().collect(),
            Topic::ModulePath => vec![module_path(form)],
            Topic::Description => vec![description(form)?],
            Topic::Author => {
                self.author.get_or_init(|| author_from_git(self.shell)).iter().cloned().collect()
            }
            Topic::Vcs if around.is_some_and(|around| around.in_repository) => vec!["none".to_owned()],
            _ => question.default.clone(),
        })
    }
}

/// `my-policy` from `policies/my-policy`.
pub(super) fn name_of(resolved: &Path) -> Option<String> {
    resolved.file_name()?.to_str().map(str::to_owned)
}

fn description(form: &Form) -> Result<String> {
    let kind = form.kind().context("the kind is known before the description")?;
    let resources = subject::resources(form.values(Topic::Resource)).unwrap_or_default();
    let nouns = json!({ "nouns": subject::nouns(&resources) });
    Renderer::new(nouns).render("description", &kind.description)
}

/// What a Go module is called if nothing else is given: what its repository suggests.
fn module_path(form: &Form) -> String {
    let name = form.one(Topic::Name);
    let repository = form.one(Topic::Repository).trim_end_matches('/').trim_end_matches(".git");
    match repository.split_once("://") {
        Some((_, place)) if place.ends_with(&format!("/{name}")) => place.to_owned(),
        Some((_, place)) => format!("{place}/{name}"),
        None => format!("example.com/{name}"),
    }
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
