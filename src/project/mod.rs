//! Projects: what policies are compiled from. Code above this module does not know the language.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::{WithHint, failure};
use crate::fs;
use crate::metadata::{self, Checked, Document, Facts};
use crate::shell::Shell;
use cargo::toolchain::{Fetch, Question};

mod cargo;
mod go;

/// Which projects of a workspace.
#[derive(Debug, Default)]
pub struct Selection {
    /// The `Cargo.toml` or `go.mod` to start from, instead of the one that lies in this folder or nearest above it.
    pub manifest_path: Option<PathBuf>,
    /// Names of packages; none means those cargo would take.
    pub packages: Vec<String>,
    /// All packages of the workspace.
    pub workspace: bool,
    /// Names of packages left out of all.
    pub exclude: Vec<String>,
}

/// How to compile.
#[derive(Debug, Default)]
pub struct Compile {
    /// Which features of the packages.
    pub features: Features,
    /// Cargo's build profile, if one is named.
    pub profile: Option<String>,
    /// Where everything generated goes, if not where the language has it.
    pub target_dir: Option<PathBuf>,
    /// Number of parallel jobs, in the syntax of the language's own tool.
    pub jobs: Option<String>,
    /// What else the language's own tool is told.
    pub further: Vec<OsString>,
    /// What may be fetched and changed.
    pub network: Network,
}

/// Which features of the packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Those given by name.
    pub names: Vec<String>,
    /// All of them.
    pub all: bool,
    /// Not those that are on by default.
    pub no_default: bool,
}

/// What may be fetched and changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Network {
    /// No file that is committed may change.
    pub locked: bool,
    /// Nothing may be fetched.
    pub offline: bool,
    /// Both.
    pub frozen: bool,
}

impl Network {
    /// May `Cargo.lock` and `metadata.yml` change?
    pub fn may_change_files(self) -> bool {
        !self.locked && !self.frozen
    }

    /// May something be fetched?
    pub fn may_fetch(self) -> bool {
        !self.offline && !self.frozen
    }

    fn flags(self) -> impl Iterator<Item = &'static str> {
        let flags = [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")];
        flags.into_iter().filter_map(|(given, flag)| given.then_some(flag))
    }
}

/// Projects that are compiled together.
#[derive(Debug)]
pub struct Projects {
    /// The policies, in the order of the workspace.
    pub policies: Vec<Project>,
    /// Folder that outputs go to: `<target-dir>/kubewarden`.
    pub output_folder: PathBuf,
}

/// What compiles projects, once they are known to be good.
#[derive(Debug)]
pub struct Compiler(Language);

/// What projects are written in.
#[derive(Debug)]
enum Language {
    /// With the question whether there is a compiler on its way: the answer may take a download, for which bad metadata
    /// should not wait.
    Cargo(Box<cargo::Workspace>, Question),
    Go(go::Module),
}

/// One policy's project.
#[derive(Debug)]
pub struct Project {
    /// Name of the package: what the outputs are called.
    pub name: String,
    /// Version of the package, in a language where packages have one.
    pub version: Option<String>,
    /// The folder with README.md and metadata.yml.
    pub root: PathBuf,
    source: Source,
    facts: Facts,
}

/// Where the metadata is written by hand.
#[derive(Debug)]
enum Source {
    /// `[package.metadata.kubewarden]`; `metadata.yml` follows it.
    Table(Box<Document>),
    /// `metadata.yml`.
    File(Box<Document>),
}

/// A module as the compiler left it.
#[derive(Debug)]
pub struct Artifact {
    /// Its file in the target folder.
    pub path: PathBuf,
}

impl Projects {
    /// Finds the selected projects and all that is written in their manifests.
    pub fn load(selection: &Selection, compile: &Compile, shell: &Shell) -> Result<(Self, Compiler)> {
        let manifest = start_manifest(selection)?;
        let (projects, language) = match manifest.file_name() {
            Some(name) if name == "go.mod" => go::load(&manifest, selection, compile, shell)?,
            _ => cargo::load(&manifest, selection, compile, shell)?,
        };
        Ok((projects, Compiler(language)))
    }
}

impl Compiler {
    /// Compiles all policies in one call of the language's own tool, whose output passes through. One artifact for
    /// each policy, in their order.
    pub fn compile(self, policies: &[Project], compile: &Compile, shell: &Shell) -> Result<Vec<Artifact>> {
        match self.0 {
            Language::Cargo(workspace, question) => {
                let fetch = if compile.network.may_fetch() { Fetch::Allowed } else { Fetch::Forbidden };
                let toolchain = question.require_target(fetch, shell)?;
                workspace.compile(policies, compile, &toolchain, shell)
            }
            Language::Go(module) => Ok(vec![module.compile(compile, shell)?]),
        }
    }
}

/// The manifest to start from: the one given, or the nearest. Of two in one folder, it is Cargo's.
fn start_manifest(selection: &Selection) -> Result<PathBuf> {
    if let Some(path) = &selection.manifest_path {
        return Ok(path.clone());
    }
    let here = std::env::current_dir().context("could not find the current folder")?;
    let nearest = here
        .ancestors()
        .flat_map(|folder| [folder.join("Cargo.toml"), folder.join("go.mod")])
        .find(|manifest| manifest.is_file());
    nearest.ok_or_else(|| {
        failure(
            format!("could not find `Cargo.toml` or `go.mod` in `{}` or any folder above it", here.display()),
            "run it inside a policy project, or create one with `cargo kw-wasi new`",
        )
    })
}

impl Source {
    /// The `metadata.yml` in this folder, whose bytes are these.
    fn file(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let shown = fs::for_people(path);
        let text = String::from_utf8(bytes)
            .with_context(|| format!("could not read `{}`", shown.display()))
            .hint(|| "save the file as UTF-8".to_owned())?;
        Ok(Self::File(Box::new(Document::yaml(&shown, text))))
    }
}

impl Project {
    /// The metadata, complete and checked.
    pub fn metadata(&self) -> Checked {
        match &self.source {
            Source::Table(document) | Source::File(document) => metadata::read(document, &self.facts),
        }
    }

    /// Is `metadata.yml` written by us, after what another file says?
    pub fn writes_metadata_file(&self) -> bool {
        matches!(self.source, Source::Table(_))
    }

    /// `metadata.yml` beside the manifest: written by us or by hand.
    pub fn metadata_file(&self) -> PathBuf {
        self.root.join("metadata.yml")
    }

    /// README.md beside the manifest: it becomes the usage text.
    pub fn readme(&self) -> PathBuf {
        self.root.join("README.md")
    }
}

/// An unknown name typed by the user, with the names that exist.
fn unknown_name(what: &str, name: &str, known: &[&str]) -> anyhow::Error {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let similarity = |known: &str| strsim::normalized_damerau_levenshtein(name, known);
    let near = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match near.filter(|near| similarity(near) > 0.5) {
        Some(near) => failure(
            format!("there is no {what} `{name}`"),
            format!("did you mean `{near}`? There are {list}"),
        ),
        None => failure(format!("there is no {what} `{name}`"), format!("there are {list}")),
    }
}
