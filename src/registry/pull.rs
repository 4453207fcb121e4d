//! Pulling a policy: its manifest, then the module that it names, each checked.

use anyhow::{Context, Result, anyhow};

use super::client::RegistryClient;
use super::connection::Connection;
use super::manifest::OciManifest;
use super::target::Access;
use crate::reference::Reference;
use crate::shell::Shell;

/// The size of the largest module. A module that claims to be larger is not downloaded.
const MAX_MODULE_BYTES: usize = 1 << 28;

/// A policy from a registry.
#[derive(Debug)]
pub(crate) struct PulledPolicy {
    /// The module.
    pub(crate) module: Vec<u8>,
    /// The digest of the manifest.
    pub(crate) digest: String,
}

/// Downloads a policy, and checks every digest.
pub(crate) fn pull(reference: &Reference, connection: Connection, shell: &Shell) -> Result<PulledPolicy> {
    RegistryClient::open(reference, connection, Access::Read, shell)?.pull()
}

impl RegistryClient<'_> {
    fn pull(mut self) -> Result<PulledPolicy> {
        let context = format!("could not pull `{}`", self.target.reference);
        let context = || context.clone();
        let step = "read the manifest of";
        let mut stored = self.manifest(step, None)?;
        let mut manifest = OciManifest::parse(&stored.json).with_context(context)?;
        if let OciManifest::Index(index) = &manifest {
            stored = self.manifest(step, Some(index.for_this_platform().with_context(context)?))?;
            manifest = OciManifest::parse(&stored.json).with_context(context)?;
        }
        let OciManifest::Image(image) = manifest else {
            return Err(anyhow!("it is not a policy: it is a list of lists of images")).with_context(context);
        };
        let layer = image.module().with_context(context)?;
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > MAX_MODULE_BYTES {
            return Err(anyhow!("its module is too large for a policy: {} bytes", layer.size))
                .with_context(context);
        }
        let module = self.blob("download the module of", "Downloading", &layer.digest, size)?;
        Ok(PulledPolicy { module, digest: stored.digest.to_string() })
    }
}
