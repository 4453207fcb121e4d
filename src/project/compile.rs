//! How to compile, and the result.

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
    /// The features to enable.
    pub(crate) features: Features,
    /// Cargo's build profile, if one is named.
    pub(crate) profile: Option<String>,
    /// The folder for all generated files, if it is not the default of the language.
    pub(crate) target_dir: Option<PathBuf>,
    /// The number of parallel jobs, in the syntax of cargo.
    pub(crate) jobs: Option<String>,
    /// Further arguments for the language's build tool.
    pub(crate) further: Vec<OsString>,
    /// Restrictions on network access and changes to files.
    pub(crate) network: Network,
}

/// The features of packages to enable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// The features that are given by name.
    pub(crate) names: Vec<String>,
    /// Whether all features are enabled.
    pub(crate) all: bool,
    /// Whether default features are disabled.
    pub(crate) no_default: bool,
}

/// The compiled modules in the target folder.
#[derive(Debug, Default)]
pub(crate) struct CompiledModules {
    /// The paths of modules, by the folder of their project.
    paths: BTreeMap<PathBuf, PathBuf>,
}

impl Compile {
    /// Returns the given target folder, as an absolute path.
    pub(crate) fn absolute_target_dir(&self) -> Result<Option<PathBuf>> {
        self.target_dir.as_deref().map(fs::absolute).transpose()
    }
}

impl CompiledModules {
    pub(crate) fn insert(&mut self, project: &Project, path: PathBuf) {
        self.paths.insert(project.root.clone(), path);
    }

    /// Returns the module of this project.
    pub(crate) fn of(&self, project: &Project) -> Result<&Path> {
        let path = self.paths.get(&project.root).map(PathBuf::as_path);
        path.with_context(|| {
            format!("the compiler wrote no program `{}` for package `{}`", project.program, project.name)
        })
    }
}
