//! The result of a build: the files of each policy.

use std::fmt;
use std::path::PathBuf;

use bytesize::ByteSize;
use serde::Serialize;

use crate::fs;
use crate::protocol::PolicyType;

/// The files of one policy. As JSON, it is a line of `build --message-format json`.
#[derive(Debug, Serialize)]
pub(crate) struct BuiltPolicy {
    /// The name of the project.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The annotated module.
    pub(crate) wasm: PathBuf,
    /// The manifest next to it, unless the metadata lacks what it needs.
    pub(crate) manifest: Option<PathBuf>,
    pub(crate) size_bytes: usize,
    /// Whether the files already had this content.
    pub(crate) fresh: bool,
    /// The location of the module that the manifest gives to the cluster.
    pub(crate) module: Option<String>,
    #[serde(skip)]
    pub(crate) policy_type: PolicyType,
}

/// `demo v0.1.0: target/kubewarden/demo.wasm (101.2 kB)`
impl fmt::Display for BuiltPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(version) = &self.version {
            write!(f, " v{version}")?;
        }
        let size = ByteSize::b(self.size_bytes as u64).display().si();
        write!(f, ": {} ({size})", fs::for_people(&self.wasm).display())
    }
}
