//! A file of a project, in memory.

use std::path::PathBuf;

/// A file of a project, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// Below the root of the project.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}
