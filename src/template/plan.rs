//! The plan of a project: every byte that will be written, before the first one is.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::render::Renderer;
use super::workspace::{Inherited, Workspace};
use super::{Answers, Given, Question, Rendered, Template, embedded};
use crate::error::failure;
use crate::fs;
use crate::kubernetes::{self, Operation, Resource};
use crate::metadata::{self, Checked, Document, Facts, Metadata};
use crate::process::Program;
use crate::shell::Shell;

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

/// What is around the place of a new project.
#[derive(Debug)]
pub struct Surroundings {
    destination: PathBuf,
    workspace: Option<Workspace>,
    in_repository: bool,
}

/// Edition of generated packages.
const EDITION: &str = "2024";

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

/// Kinds of resources whose name means something else in the code of a policy.
const TAKEN_NAMES: [&str; 8] =
    ["Request", "Response", "Settings", "Object", "Option", "String", "Vec", "Cow"];

/// What `[package]` takes over from `[workspace.package]`, and the question whose flag wins over it.
const INHERITED: [(&str, &str); 8] = [
    ("version", ""),
    ("edition", ""),
    ("rust-version", ""),
    ("homepage", ""),
    ("authors", "author"),
    ("description", "description"),
    ("license", "license"),
    ("repository", "repository"),
];

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
}

impl Plan {
    /// What changes in the manifest of the workspace, for a person.
    pub fn workspace_change(&self) -> String {
        let profile = if self.adds_profile { ", with the release profile of policies" } else { "" };
        format!("the package is a member of the workspace{profile}")
    }
}

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
    fn are_empty(&self) -> bool {
        self.workspace.is_none() && !self.in_repository
    }

    fn inherits(&self, key: &str) -> bool {
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

/// `metadata.yml` as the first build would write it.
fn metadata_file(name: &str, files: &[Rendered], workspace: Option<&Workspace>) -> Result<Rendered> {
    let manifest = files
        .iter()
        .find(|file| file.path == Path::new("Cargo.toml"))
        .context("the template has no Cargo.toml")?;
    let text = String::from_utf8(manifest.bytes.clone()).context("Cargo.toml is not UTF-8")?;
    let parsed: toml_edit::DocumentMut = text.parse().context("the rendered Cargo.toml is not TOML")?;
    let written = |key: &str| parsed.get("package")?.get(key)?.as_str().map(str::to_owned);
    let inherited = |key: &str| match workspace?.inherited(key)? {
        Inherited::Text(text) => Some(text),
        Inherited::Texts(_) => None,
    };
    let value = |key: &str| written(key).or_else(|| inherited(key));
    let authors = match (parsed["package"].get("authors").and_then(|authors| authors.as_array()), workspace) {
        (Some(authors), _) => {
            authors.iter().filter_map(|author| author.as_str().map(str::to_owned)).collect()
        }
        (None, Some(workspace)) => match workspace.inherited("authors") {
            Some(Inherited::Texts(authors)) => authors,
            _ => Vec::new(),
        },
        (None, None) => Vec::new(),
    };
    let facts = Facts {
        name: name.to_owned(),
        file: "Cargo.toml".into(),
        version: value("version"),
        description: value("description"),
        authors,
        license: value("license"),
        repository: value("repository"),
        homepage: value("homepage"),
    };
    let document =
        Document::toml(Path::new("Cargo.toml"), text).context("the rendered Cargo.toml is not TOML")?;
    let metadata = acceptable(metadata::read(&document, &facts))?;
    Ok(Rendered { path: "metadata.yml".into(), bytes: metadata.to_yaml().into_bytes() })
}

/// Fails when the metadata would be refused that the author is to edit.
fn check_metadata_file(name: &str, file: &Rendered) -> Result<()> {
    let text = String::from_utf8(file.bytes.clone()).context("metadata.yml is not UTF-8")?;
    let facts = Facts { name: name.to_owned(), file: "go.mod".into(), ..Facts::default() };
    acceptable(metadata::read(&Document::yaml(&file.path, text), &facts)).map(drop)
}

fn acceptable(checked: Checked) -> Result<Metadata> {
    checked.metadata.ok_or_else(|| {
        let reasons: Vec<_> = checked.findings.iter().map(|finding| finding.message.as_str()).collect();
        failure(
            format!("the policy would not be accepted by Kubewarden: {}", reasons.join("; ")),
            "give other answers",
        )
    })
}

/// What templates can use.
fn context(
    name: &str,
    answers: &Answers,
    surroundings: &Surroundings,
    inherits: &dyn Fn(&str, &str) -> bool,
) -> Result<Value> {
    let mut inherit: Map<String, Value> = INHERITED
        .iter()
        .map(|(key, question)| (key.replace('-', "_"), inherits(key, question).into()))
        .collect();
    let lints = surroundings.workspace.as_ref().is_some_and(Workspace::has_lints);
    inherit.insert("lints".to_owned(), lints.into());

    let raw = answers.kind().starts_with("raw-");
    let mut context = json!({
        "name": name,
        "crate_name": name.replace('-', "_"),
        "edition": EDITION,
        "description": answers.one("description"),
        "license": answers.one("license"),
        "author": answers.one("author"),
        "repository": answers.one("repository"),
        "module": answers.one("module-path"),
        "registry": answers.one("registry").trim_end_matches('/'),
        "kind": answers.kind(),
        "mutating": answers.kind().ends_with("mutate"),
        "raw": raw,
        "standalone": surroundings.workspace.is_none(),
        "releases": surroundings.are_empty(),
        "inherit": inherit,
    });
    let added = if raw { without_kubernetes() } else { with_kubernetes(answers)? };
    if let (Value::Object(context), Value::Object(added)) = (&mut context, added) {
        context.extend(added);
    }
    Ok(context)
}

fn without_kubernetes() -> Value {
    json!({
        "k8s_openapi": false, "k8s_openapi_feature": "", "rules": [], "type": "Document", "noun": "document", "article": "a",
        "k8s_path": "", "resource_kinds": "",
    })
}

fn with_kubernetes(answers: &Answers) -> Result<Value> {
    let resources = answers.resources()?;
    let operations = answers.operations()?;
    let rules: Vec<Value> = kubernetes::rules(&resources, &operations)?
        .into_iter()
        .map(|rule| {
            json!({
                "api_groups": rule.api_groups, "api_versions": rule.api_versions,
                "resources": rule.resources, "operations": rule.operations,
            })
        })
        .collect();
    let kinds: Vec<String> =
        resources.iter().map_while(|resource| Some(resource.object_kind()?.kind)).collect();
    let kind = match (resources.as_slice(), kinds.as_slice()) {
        ([_], [kind]) => kind.clone(),
        _ => "Object".to_owned(),
    };
    let path = match resources.as_slice() {
        [one] => one.k8s_openapi_path().unwrap_or_default(),
        _ => String::new(),
    };
    let noun = kind.to_lowercase();
    let first = resources.first().context("the question for resources needs an answer")?;
    let operation = operations
        .iter()
        .copied()
        .find(|operation| *operation == Operation::Create)
        .or(operations.first().copied());
    let operation = operation.context("the question for operations needs an answer")?;
    let request =
        |name: &str, labels: Option<&_>| kubernetes::admission_request(first, operation, name, labels);
    let owned = [("owner".to_owned(), "somebody".to_owned())].into();
    Ok(json!({
        "k8s_openapi": answers.one("types") == "k8s-openapi",
        "k8s_openapi_feature": "latest",
        "rules": rules,
        "type": if TAKEN_NAMES.contains(&kind.as_str()) { "Object" } else { kind.as_str() },
        "article": if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" },
        "noun": noun,
        "k8s_path": path,
        "resource_kinds": if kinds.len() == resources.len() { kinds.join(", ") } else { "*".to_owned() },
        "request_accepted": request("good", None),
        "request_rejected": request("bad", None),
        "request_unlabelled": request("good", None),
        "request_labelled": request("good", Some(&owned)),
    }))
}

/// `pods`, `pods and services`; `objects` for any.
fn nouns(resources: &[Resource]) -> String {
    let names: Vec<_> = resources.iter().map(Resource::plural).collect();
    match names.as_slice() {
        [] => "documents".to_owned(),
        _ if names.contains(&"*") => "objects".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
