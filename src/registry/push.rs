//! Pushing a policy: its blobs, then the manifest that names them, each read back.
//!
//! What a registry accepts may take a while until it can be read, and not everybody who may write may read. So what cannot be
//! read back is a warning; only content that comes back changed is an error.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;

use super::artifact::{self, Artifact};
use super::client::{RegistryClient, StoredManifest, blob, manifest};
use super::connection::Connection;
use super::error::{RegistryError, RegistryErrorKind};
use super::hint::CHANGED_CONTENT;
use super::session::RegistrySession;
use super::target::Access;
use crate::digest::Digest;
use crate::error::failure;
use crate::reference::Reference;
use crate::shell::Shell;
use crate::untrusted::printable;

/// The pauses before accepted content is read again.
const READBACK_PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// What a registry returned of what it has accepted.
enum Readback {
    Same,
    /// What was there before, with this digest.
    Old(Digest),
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was uploaded.
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

/// Uploads a policy, unless it is there already. Reads back what the registry has accepted, and warns if it cannot.
///
/// # Errors
///
/// When the registry refuses something, or returns other content than it was given.
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
        if let Some(present) = &present
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
        self.upload_manifest(artifact, present.as_ref())?;
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
        // If it has none of it, it will refuse the manifest.
        self.read_back(what, async |session| {
            blob(session, shell, "Checking", digest.as_str(), bytes.len()).await.map(|_| Readback::Same)
        })?;
        Ok(true)
    }

    /// Uploads the manifest. `old` is what the tag meant before.
    fn upload_manifest(&mut self, artifact: &Artifact, old: Option<&StoredManifest>) -> Result<()> {
        let reference = self.target.reference;
        let location = self.ask("upload the manifest to", async |session| {
            let (name, body) = (reference.manifest(), artifact.manifest.clone());
            session.upload_manifest(name, artifact::MANIFEST_MEDIA_TYPE, body).await
        })?;
        self.check_location("the manifest", location.as_deref(), &artifact.digest())?;
        self.read_back("the manifest", async |session| {
            let stored = manifest(session, reference, None).await?;
            if stored.json == artifact.manifest {
                return Ok(Readback::Same);
            }
            match old.filter(|old| old.json == stored.json) {
                Some(old) => Ok(Readback::Old(old.digest.clone())),
                None => Err(RegistryErrorKind::DigestMismatch {
                    expected: artifact.digest(),
                    actual: Digest::of(&stored.json),
                }
                .into()),
            }
        })
    }

    /// Reads back what the registry has accepted, and gives it a while. Warns if it cannot be read.
    fn read_back(
        &mut self,
        what: &str,
        read: impl AsyncFn(&RegistrySession) -> Result<Readback, RegistryError>,
    ) -> Result<()> {
        let (mut pauses, mut may_renew) = (READBACK_PAUSES.iter(), true);
        loop {
            let (reason, is_lasting) = match self.attempt(&mut may_renew, &read) {
                Ok(Readback::Same) => return Ok(()),
                Ok(Readback::Old(digest)) => {
                    (format!("the tag still has the old content (`{digest}`)"), false)
                }
                Err(error) => match error.kind {
                    RegistryErrorKind::DigestMismatch { .. } | RegistryErrorKind::TooLarge(_) => {
                        return Err(self.fail("push to", &error));
                    }
                    _ => (self.reason(&error), error.is_lasting()),
                },
            };
            match pauses.next().filter(|_| !is_lasting) {
                Some(pause) => std::thread::sleep(*pause),
                None => {
                    let reference = self.target.reference;
                    self.target.shell.warn(
                        format!("the registry accepted {what} of `{reference}`, but it could not be read back: {reason}"),
                        Some(&format!("check it in a while: `cargo kw-wasi inspect {reference}`")),
                    );
                    return Ok(());
                }
            }
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
}
