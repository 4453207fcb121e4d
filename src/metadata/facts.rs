//! What a project says about a policy besides its metadata.

use std::path::PathBuf;

/// What the project knows besides its metadata: for a cargo package, what `[package]` says.
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
