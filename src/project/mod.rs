//! Projects: what policies are compiled from. Code above this module does not know the language.

use std::path::PathBuf;

use anyhow::Result;

use crate::metadata::{self, Checked, Document, Facts};
use crate::shell::{Shell, failure};
use crate::toolchain::{Question, Toolchain};

mod cargo;

/// Which projects of a workspace.
#[derive(Debug, Default)]
pub struct Selection {
    /// The manifest to start from, instead of the one that lies in this folder or nearest above it.
    pub manifest_path: Option<PathBuf>,
    /// Names of packages; none means those cargo would take.
    pub packages: Vec<String>,
    /// All packages of the workspace.
    pub workspace: bool,
    /// Names of packages left out of all.
    pub exclude: Vec<String>,
}

/// How to compile.
#[derive(Debug)]
pub struct Compile {
    /// Which features of the packages.
    pub features: Features,
    /// Cargo's build profile.
    pub profile: String,
    /// Where everything generated goes, if not where the language has it.
    pub target_dir: Option<PathBuf>,
    /// Number of parallel jobs, in cargo's syntax.
    pub jobs: Option<String>,
    /// What may be fetched and changed.
    pub network: Network,
}

/// Which features of the packages.
#[derive(Debug, Default)]
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
    workspace: cargo::Workspace,
}

/// One policy's project.
#[derive(Debug)]
pub struct Project {
    /// Name of the package: what the outputs are called.
    pub name: String,
    /// Version of the package.
    pub version: String,
    /// The folder with README.md and metadata.yml.
    pub root: PathBuf,
    source: Source,
    facts: Facts,
    package: cargo::Package,
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
    /// Finds the selected projects and all that is written in their manifests. The question whether there is a
    /// compiler for them is on its way: the answer may take a download, for which bad metadata should not wait.
    pub fn load(selection: &Selection, compile: &Compile, shell: &Shell) -> Result<(Self, Question)> {
        cargo::load(selection, compile, shell)
    }

    /// Compiles all policies in one call of the language's own tool, whose output passes through. One artifact for
    /// each policy, in their order.
    pub fn compile(&self, compile: &Compile, toolchain: &Toolchain, shell: &Shell) -> Result<Vec<Artifact>> {
        self.workspace.compile(&self.policies, compile, toolchain, shell)
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
