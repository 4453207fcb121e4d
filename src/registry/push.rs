//! Pushing a policy: its blobs, then the manifest that names them, each read back.

use anyhow::Result;
use bytes::Bytes;

use super::artifact::{self, Artifact};
use super::client::RegistryClient;
use super::connection::Connection;
use super::hint::CHANGED_CONTENT;
use super::session::Access;
use crate::digest::Digest;
use crate::error::failure;
use crate::reference::Reference;
use crate::shell::Shell;
use crate::untrusted::printable;

/// The result of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The policy was uploaded and read back, and is what was to be pushed.
    Now,
    /// The policy was already there.
    Before,
}

/// Whether a tag may be moved from one content to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagPolicy {
    /// A tag keeps its content.
    Keep,
    /// A tag may move, and the old content loses it.
    Move,
}

/// Uploads a policy, unless it is already there. Succeeds only if the registry returns exactly what was pushed.
pub fn push(
    reference: &Reference,
    connection: Connection,
    artifact: &Artifact,
    tag_policy: TagPolicy,
    shell: &Shell,
) -> Result<Pushed> {
    RegistryClient::open(reference, connection, Access::Write, shell)?.push(artifact, tag_policy)
}

impl RegistryClient<'_> {
    fn push(mut self, artifact: &Artifact, tag_policy: TagPolicy) -> Result<Pushed> {
        let present = self.find_manifest("look up")?;
        let is_same = present.as_ref().is_some_and(|present| present.json == artifact.manifest);
        if let Some(present) = present
            && !is_same
            && tag_policy == TagPolicy::Keep
        {
            return Err(failure(
                format!(
                    "could not push to `{}`: the tag exists with other content (`{}`)",
                    self.target.reference, present.digest
                ),
                "raise the version of the policy, or pass `--force`, after which clusters get another policy under the same tag",
            ));
        }
        let is_module_new = self.provide("the module", &artifact.module)?;
        let is_config_new = self.provide("the configuration", &Bytes::from_static(artifact::CONFIG))?;
        if is_same && !is_module_new && !is_config_new {
            return Ok(Pushed::Before);
        }
        self.upload_manifest(artifact)?;
        Ok(Pushed::Now)
    }

    /// Uploads a blob, unless it is already there, and reads it back. Returns whether it was uploaded.
    fn provide(&mut self, what: &str, bytes: &Bytes) -> Result<bool> {
        let digest = Digest::of(bytes);
        if self.has_blob(&format!("look for {what} of"), &digest, bytes.len())? {
            return Ok(false);
        }
        let shell = self.target.shell;
        let location = self.ask(&format!("upload {what} to"), async |session| {
            let progress = shell.progress_bar("Uploading", bytes.len());
            session.upload_blob(bytes.clone(), &digest, progress).await
        })?;
        self.check_location(what, location.as_deref(), &digest)?;
        let step = format!("read {what} back from");
        match self.find_blob(&step, "Checking", &digest, bytes.len())? {
            Some(_) => Ok(true),
            None => Err(self.lost(what)),
        }
    }

    fn upload_manifest(&mut self, artifact: &Artifact) -> Result<()> {
        let name = self.target.reference.manifest();
        let location = self.ask("upload the manifest to", async |session| {
            session.upload_manifest(name, artifact::MANIFEST_MEDIA_TYPE, artifact.manifest.clone()).await
        })?;
        self.check_location("the manifest", location.as_deref(), &artifact.digest())?;
        let Some(stored) = self.find_manifest("read the manifest back from")? else {
            return Err(self.lost("the manifest"));
        };
        match stored.json == artifact.manifest {
            true => Ok(()),
            false => Err(self.changed("the manifest", Digest::of(&stored.json).as_str(), &artifact.digest())),
        }
    }

    /// Checks the location that the registry returns for some content, which ends in the digest.
    fn check_location(&self, what: &str, location: Option<&str>, expected: &Digest) -> Result<()> {
        let path = location.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        let named = path.rsplit('/').next().unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
        // Another algorithm, or no digest at all, cannot be compared.
        match named.starts_with("sha256:") && named != expected.as_str() {
            true => Err(self.changed(what, &named, expected)),
            false => Ok(()),
        }
    }

    fn changed(&self, what: &str, stored: &str, expected: &Digest) -> anyhow::Error {
        failure(
            format!(
                "could not push to `{}`: the registry stored {what} as `{}` instead of `{expected}`",
                self.target.reference,
                printable(stored)
            ),
            CHANGED_CONTENT,
        )
    }

    fn lost(&self, what: &str) -> anyhow::Error {
        failure(
            format!(
                "could not push to `{}`: the registry accepted {what}, but does not have it",
                self.target.reference
            ),
            "this is a problem with the registry: try again later",
        )
    }
}
