//! What a project knows about a policy, apart from its metadata.

use std::path::PathBuf;

/// What a project knows about a policy: for a cargo package, the values in `[package]`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The name of the project.
    pub name: String,
    /// The file with the facts, as the user would write its path.
    pub file: PathBuf,
    /// The version of the project, if the language has versions.
    pub version: Option<String>,
    /// One line about the project.
    pub description: Option<String>,
    /// The authors, each as `Name <email>`.
    pub authors: Vec<String>,
    /// The license, as an SPDX expression.
    pub license: Option<String>,
    /// The URL of the sources.
    pub repository: Option<String>,
    /// The URL of the home page.
    pub homepage: Option<String>,
}
