//! One module, and what verbs do with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::BuiltPolicy;
use crate::error::failure;
use crate::finding::{Finding, FindingName};
use crate::fs;
use crate::metadata::Metadata;
use crate::module;
use crate::module::inspection::{self, Inspection};
use crate::reference::Reference;
use crate::registry::PulledPolicy;
use crate::runtime::{Cache, Limits, Policy};
use crate::shell::Shell;
use crate::untrusted::printable;

/// A module with its name and origin.
pub(crate) struct PolicyModule {
    /// The name of the project, or the last part of the path or reference, without its extension.
    pub(crate) name: String,
    pub(crate) origin: ModuleOrigin,
    pub(crate) bytes: Vec<u8>,
}

/// Where a module was read from.
#[derive(Debug)]
pub(crate) enum ModuleOrigin {
    /// A file, with the path that people should see.
    File(PathBuf),
    /// A registry, with the digest of the OCI manifest.
    Registry { reference: Reference, digest: String },
}

impl ModuleOrigin {
    /// Returns the path or the reference.
    pub(crate) fn shown(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Registry { reference, .. } => PathBuf::from(reference.to_string()),
        }
    }
}

impl PolicyModule {
    /// Reads the module in a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, bytes: fs::read(path)?, origin: ModuleOrigin::File(fs::for_people(path)) })
    }

    /// Reads the module that a project was compiled to.
    pub(super) fn built(policy: &BuiltPolicy) -> Result<Self> {
        Ok(Self { name: policy.name.clone(), ..Self::read(&policy.wasm)? })
    }

    /// Creates a module from a pulled policy.
    pub(super) fn pulled(reference: &Reference, pulled: PulledPolicy) -> Self {
        let name = reference.repository().rsplit('/').next().unwrap_or_default().to_owned();
        let origin = ModuleOrigin::Registry { reference: reference.clone(), digest: pulled.digest };
        Self { name, origin, bytes: pulled.module }
    }

    /// Inspects the module, whatever its kind.
    pub(crate) fn inspect(&self) -> Result<Inspection> {
        let shown = self.origin.shown();
        Inspection::of(&self.bytes, &shown)
            .with_context(|| format!("could not inspect `{}`", shown.display()))
    }

    /// Returns the metadata of a WASI policy that can be deployed, and warnings about it. Fails for any other module.
    pub(crate) fn metadata(&self) -> Result<(Metadata, Vec<Finding>)> {
        inspection::require_policy(&self.bytes, &self.origin.shown())
    }

    /// Returns what a host needs and the module lacks. An invalid module has its own error, and no findings here.
    fn unmet_contract(&self) -> Vec<Finding> {
        let mut findings = module::check_contract(&self.bytes);
        findings.retain(|finding| finding.name != FindingName::InvalidModule);
        findings
    }

    fn compile(&self, limits: Limits, shell: &Shell) -> Result<Policy> {
        let cache = Cache::of_user();
        if let Some(why) = cache.refusal() {
            shell.detail("Cache", format!("compiled policies are not kept: {why}"));
        }
        let on_slow = || shell.status("Compiling", self.origin.shown().display());
        Policy::load_slowly(&self.bytes, limits, &cache, on_slow)
    }

    /// Loads the policy, ready to evaluate requests. Fails unless it is a Kubewarden WASI policy.
    pub(crate) fn load(&self, limits: Limits, shell: &Shell) -> Result<LoadedPolicy> {
        let shown = self.origin.shown();
        let (metadata, policy) = module::host_metadata(&self.bytes)
            .and_then(|metadata| Ok((metadata, self.compile(limits, shell)?)))
            .inspect_err(|_| shell.findings(&self.unmet_contract()))
            .with_context(|| format!("could not load the policy `{}`", shown.display()))?;
        match metadata {
            None => Err(failure(
                format!(
                    "`{}` has no Kubewarden metadata: a host treats it as a waPC policy",
                    shown.display()
                ),
                "use a module written by `cargo kw-wasi build` or `kwctl annotate`",
            )),
            Some(metadata) if metadata.execution_mode != "wasi" => Err(failure(
                format!(
                    "`{}` is not a WASI policy: its metadata says `executionMode: {}`",
                    shown.display(),
                    printable(&metadata.execution_mode)
                ),
                "run policies of other kinds with `kwctl run`",
            )),
            Some(metadata) => Ok(LoadedPolicy { policy, metadata }),
        }
    }
}

/// A Kubewarden WASI policy, ready to evaluate requests.
pub(crate) struct LoadedPolicy {
    pub(crate) policy: Policy,
    pub(crate) metadata: Metadata,
}
