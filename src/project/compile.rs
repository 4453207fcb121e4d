//! How to compile, and what comes of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::network::Network;
use super::source::Project;
use crate::fs;

/// How to compile.
#[derive(Debug, Default)]
pub(crate) struct Compile {
    /// Which features of the packages.
    pub(crate) features: Features,
    /// Cargo's build profile, if one is named.
    pub(crate) profile: Option<String>,
    /// The folder for everything that is generated, if it is not the default of the language.
    pub(crate) target_dir: Option<PathBuf>,
    /// Number of parallel jobs, in the syntax of cargo.
    pub(crate) jobs: Option<String>,
    /// Further arguments for the language's own tool.
    pub(crate) further: Vec<OsString>,
    /// What may be fetched and changed.
    pub(crate) network: Network,
}

/// Which features of the packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// Those given by name.
    pub(crate) names: Vec<String>,
    /// All of them.
    pub(crate) all: bool,
    /// Not those that are on by default.
    pub(crate) no_default: bool,
}

/// The modules as the compiler left them, in the target folder.
#[derive(Debug, Default)]
pub(crate) struct CompiledModules {
    /// By the folder of the project.
    paths: BTreeMap<PathBuf, PathBuf>,
}

impl Compile {
    /// The target folder that was asked for, as an absolute path.
    pub(crate) fn absolute_target_dir(&self) -> Result<Option<PathBuf>> {
        self.target_dir.as_deref().map(fs::absolute).transpose()
    }
}

impl CompiledModules {
    pub(crate) fn insert(&mut self, project: &Project, path: PathBuf) {
        self.paths.insert(project.root.clone(), path);
    }

    /// The module of this project.
    pub(crate) fn of(&self, project: &Project) -> Result<&Path> {
        let path = self.paths.get(&project.root).map(PathBuf::as_path);
        path.with_context(|| {
            format!("the compiler wrote no program `{}` for package `{}`", project.program, project.name)
        })
    }
}
