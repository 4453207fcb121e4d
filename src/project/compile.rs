//! How to compile.

use std::ffi::OsString;
use std::path::PathBuf;

use super::network::Network;

/// How to compile.
#[derive(Debug, Default)]
pub(crate) struct Compile {
    /// Which features of the packages.
    pub(crate) features: Features,
    /// Cargo's build profile, if one is named.
    pub(crate) profile: Option<String>,
    /// Where everything generated goes, if not where the language has it.
    pub(crate) target_dir: Option<PathBuf>,
    /// Number of parallel jobs, in the syntax of the language's own tool.
    pub(crate) jobs: Option<String>,
    /// What else the language's own tool is told.
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

/// A module as the compiler left it.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Its file in the target folder.
    pub(crate) path: PathBuf,
}
