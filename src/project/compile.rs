//! How to compile, and the result.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::network::Network;
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

/// Gets the program of each project, in their order: the next one may be compiled to the same file.
pub(crate) type Made<'a> = dyn FnMut(&Path) -> Result<()> + 'a;

impl Compile {
    /// Returns the given target folder, as an absolute path.
    pub(crate) fn absolute_target_dir(&self) -> Result<Option<PathBuf>> {
        self.target_dir.as_deref().map(fs::absolute).transpose()
    }
}
