//! What a project knows about a policy, apart from its metadata.

use std::path::PathBuf;

/// What a project knows about a policy: for a cargo package, the values in `[package]`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Name of the project.
    pub name: String,
    /// The file the facts are from, as the user would name it.
    pub file: PathBuf,
    /// Version of the project, where the language has one.
    pub version: Option<String>,
    /// One line about it.
    pub description: Option<String>,
    /// `Name <mail>` each.
    pub authors: Vec<String>,
    /// SPDX expression.
    pub license: Option<String>,
    /// URL of the sources.
    pub repository: Option<String>,
    /// URL of the home page.
    pub homepage: Option<String>,
}
