//! Pushing a policy, and pulling one.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures_util::{StreamExt, stream};

use super::artifact::{self, Artifact};
use super::connection::Connection;
use super::credentials::Credentials;
use super::error::{RegistryError, RegistryErrorKind};
use super::hint::{CHANGED_CONTENT, HintContext};
use super::manifest::{ACCEPTED_MEDIA_TYPES, OciManifest};
use super::session::{Access, Answer, Pulse, Session};
use crate::digest::Digest;
use crate::error::failure;
use crate::reference::Reference;
use crate::shell::Shell;
use crate::untrusted::printable;

/// After which times a request is tried again that met a connection error or a server error.
const RETRIES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// No policy is larger; what claims to be is not downloaded.
const MAX_MODULE_BYTES: usize = 1 << 28;
/// The limit of registries themselves.
const MAX_MANIFEST_BYTES: usize = 4 << 20;
/// What is sent between two looks at the progress.
const PIECE_BYTES: usize = 1 << 16;

/// A registry, about one reference in it.
struct Registry<'a> {
    reference: &'a Reference,
    connection: Connection,
    credentials: Credentials,
    access: Access,
    runtime: tokio::runtime::Runtime,
    session: RefCell<Option<Session>>,
    shell: &'a Shell,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was uploaded, read back, and is what was to be pushed.
    Now,
    /// It was there already.
    Before,
}

/// May a tag be moved from one content to another?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// A tag keeps its content.
    Refuse,
    /// The old content loses its tag.
    Allow,
}

/// A policy as a registry has it.
#[derive(Debug)]
pub struct Pulled {
    /// The module.
    pub module: Vec<u8>,
    /// Digest of the manifest.
    pub digest: String,
}

/// A manifest as a registry has it.
struct Manifest {
    bytes: Vec<u8>,
    digest: Digest,
}

/// Uploads a policy, unless it is there already. Ends well only when the registry gives back what was pushed.
pub fn push(
    reference: &Reference,
    connection: Connection,
    artifact: &Artifact,
    overwrite: Overwrite,
    shell: &Shell,
) -> Result<Pushed> {
    Registry::open(reference, connection, Access::Write, shell)?.push(artifact, overwrite)
}

/// Downloads a policy, checking every digest.
pub fn pull(reference: &Reference, connection: Connection, shell: &Shell) -> Result<Pulled> {
    Registry::open(reference, connection, Access::Read, shell)?.pull()
}

impl<'a> Registry<'a> {
    fn open(
        reference: &'a Reference,
        connection: Connection,
        access: Access,
        shell: &'a Shell,
    ) -> Result<Self> {
        let credentials = Credentials::find(reference.host(), connection.docker_config.as_deref(), shell)?;
        // The provider is the same for the whole process; the second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("could not prepare a connection to the registry")?;
        let session = RefCell::new(None);
        let registry = Self { reference, connection, credentials, access, runtime, session, shell };
        registry.log_in()?;
        Ok(registry)
    }

    fn log_in(&self) -> Result<()> {
        let what = |error: &RegistryError| match error.is_about_authentication() {
            true => "log in",
            false => "talk to the registry",
        };
        let session = self.retrying(what, || {
            self.runtime.block_on(Session::open(
                self.reference,
                &self.connection,
                &self.credentials,
                self.access,
            ))
        })?;
        self.session.replace(Some(session));
        Ok(())
    }

    fn push(&self, artifact: &Artifact, overwrite: Overwrite) -> Result<Pushed> {
        let present = self.find_manifest()?;
        let is_same = present.as_ref().is_some_and(|present| present.bytes == artifact.manifest);
        if is_same && self.has_blobs(artifact)? {
            return Ok(Pushed::Before);
        }
        if let Some(present) = present
            && !is_same
            && overwrite == Overwrite::Refuse
        {
            return Err(failure(
                format!(
                    "could not push to `{}`: the tag exists with other content (`{}`)",
                    self.reference, present.digest
                ),
                "raise the version of the policy; or say `--force`, and clusters get another policy under the same tag",
            ));
        }
        self.upload("the module", &artifact.module)?;
        self.upload("the configuration", &bytes::Bytes::from_static(artifact::CONFIG))?;
        self.upload_manifest(artifact)?;
        self.read_back(artifact)?;
        Ok(Pushed::Now)
    }

    fn pull(&self) -> Result<Pulled> {
        let could_not = || format!("could not pull `{}`", self.reference);
        let mut manifest =
            self.ask("read the manifest", async |session| self.manifest(session, None).await)?;
        let image = match OciManifest::parse(&manifest.bytes).with_context(could_not)? {
            OciManifest::Image(image) => image,
            OciManifest::Index(index) => {
                let chosen = index.for_this_platform().with_context(could_not)?;
                manifest = self
                    .ask("read the manifest", async |session| self.manifest(session, Some(chosen)).await)?;
                match OciManifest::parse(&manifest.bytes).with_context(could_not)? {
                    OciManifest::Image(image) => image,
                    OciManifest::Index(_) => {
                        return Err(anyhow!("it is a list of lists of images, which holds no policy"))
                            .with_context(could_not);
                    }
                }
            }
        };
        let layer = image.module().with_context(could_not)?;
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > MAX_MODULE_BYTES {
            return Err(anyhow!("a module of {} bytes is too large for a policy", layer.size))
                .with_context(could_not);
        }
        let module = self.ask("download the module", async |session| {
            self.blob(session, &layer.digest, size, "Downloading").await
        })?;
        Ok(Pulled { module, digest: manifest.digest.to_string() })
    }

    /// What the tag names, if it names something.
    fn find_manifest(&self) -> Result<Option<Manifest>> {
        self.ask("look for the tag", async |session| found(self.manifest(session, None).await))
    }

    /// Are the module and the configuration there, and what they should be?
    fn has_blobs(&self, artifact: &Artifact) -> Result<bool> {
        for bytes in [&artifact.module[..], artifact::CONFIG] {
            let digest = Digest::of(bytes);
            let found = self.ask("look for the module", async |session| {
                match found(self.blob(session, digest.as_str(), bytes.len(), "Checking").await) {
                    // Something else: it is uploaded once more, and read back.
                    Err(RegistryError {
                        kind: RegistryErrorKind::DigestMismatch { .. } | RegistryErrorKind::TooLarge(_),
                        ..
                    }) => Ok(None),
                    found => found,
                }
            })?;
            if found.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn upload(&self, what: &str, bytes: &bytes::Bytes) -> Result<()> {
        let digest = Digest::of(bytes);
        let url = self.ask(&format!("upload {what}"), async |session| {
            let progress = self.shell.progress_bar("Uploading", bytes.len());
            let pulse = Pulse::new();
            let (heart, whole) = (pulse.clone(), bytes.clone());
            let pieces = stream::iter((0..bytes.len()).step_by(PIECE_BYTES)).map(move |start| {
                let end = (start + PIECE_BYTES).min(whole.len());
                heart.beat();
                progress.set(end);
                Ok(whole.slice(start..end))
            });
            let size = Some(bytes.len() as u64);
            let request = session.oci.push_blob_stream(&session.oci_reference, pieces, digest.as_str(), size);
            session.while_alive(&pulse, request).await
        })?;
        self.check_digest_of(&url, &digest, what)
    }

    fn upload_manifest(&self, artifact: &Artifact) -> Result<()> {
        let url = self.ask("upload the manifest", async |session| {
            let content_type = artifact::MANIFEST_MEDIA_TYPE.parse().expect("letters, dots and a slash");
            let manifest = artifact.manifest.clone();
            let request = session.oci.push_manifest_raw(&session.oci_reference, manifest, content_type);
            session.while_alive(&Pulse::new(), request).await
        })?;
        self.check_digest_of(&url, &artifact.digest(), "the manifest")
    }

    /// A registry answers with the place where the content is now, which ends in its digest.
    fn check_digest_of(&self, url: &str, expected: &Digest, what: &str) -> Result<()> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let named = path.rsplit('/').next().unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
        // Another algorithm, or no digest at all, says nothing.
        match named.starts_with("sha256:") && named != expected.as_str() {
            true => Err(self.changed(what, &named, expected)),
            false => Ok(()),
        }
    }

    /// What the registry gives for the tag must be what was pushed.
    fn read_back(&self, artifact: &Artifact) -> Result<()> {
        let manifest =
            self.ask("read the manifest back", async |session| found(self.manifest(session, None).await))?;
        let Some(manifest) = manifest else { return Err(self.lost("the manifest")) };
        if manifest.bytes != artifact.manifest {
            let named = Digest::of(&manifest.bytes);
            return Err(self.changed("the manifest", named.as_str(), &artifact.digest()));
        }
        for (what, bytes) in [("the module", &artifact.module[..]), ("the configuration", artifact::CONFIG)] {
            let digest = Digest::of(bytes);
            let there = self.ask(&format!("read {what} back"), async |session| {
                found(self.blob(session, digest.as_str(), bytes.len(), "Checking").await)
            })?;
            if there.is_none() {
                return Err(self.lost(what));
            }
        }
        Ok(())
    }

    fn changed(&self, what: &str, named: &str, expected: &Digest) -> anyhow::Error {
        let named = printable(named);
        failure(
            format!(
                "could not push to `{}`: the registry has stored {what} as `{named}`, and it is `{expected}`",
                self.reference
            ),
            CHANGED_CONTENT,
        )
    }

    fn lost(&self, what: &str) -> anyhow::Error {
        failure(
            format!(
                "could not push to `{}`: the registry took {what}, and does not have it now",
                self.reference
            ),
            "this is a problem of the registry: try again later",
        )
    }

    /// The manifest of the reference, or of a digest beside it.
    async fn manifest(&self, session: &Session, digest: Option<&str>) -> Result<Manifest, RegistryError> {
        let wanted = digest.or(self.reference.digest()).map(checkable).transpose()?;
        let name = wanted.as_ref().map_or(self.reference.manifest(), Digest::as_str);
        let path = format!("{}/manifests/{name}", self.reference.repository());
        let answer = session.get(&path, ACCEPTED_MEDIA_TYPES, MAX_MANIFEST_BYTES, |_| ()).await?;
        let type_of = |header: &str| answer.headers.get(header).and_then(|value| value.to_str().ok());
        if serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_err() {
            let media_type = type_of("content-type").unwrap_or("something without a type");
            return Err(RegistryErrorKind::Protocol(format!("no manifest came, but `{media_type}`")).into());
        }
        let announced = type_of("docker-content-digest").filter(|digest| !digest.is_empty());
        let announced = announced.map(checkable).transpose()?;
        for expected in [&wanted, &announced].into_iter().flatten() {
            check_digest(expected, &answer.body)?;
        }
        let digest = wanted.or(announced).unwrap_or_else(|| Digest::of(&answer.body));
        Ok(Manifest { digest, bytes: answer.body })
    }

    async fn blob(
        &self,
        session: &Session,
        digest: &str,
        size: usize,
        verb: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let digest = checkable(digest)?;
        let progress = self.shell.progress_bar(verb, size);
        let path = format!("{}/blobs/{digest}", self.reference.repository());
        let Answer { body, .. } = session.get(&path, "*/*", size, |bytes| progress.set(bytes)).await?;
        check_digest(&digest, &body)?;
        Ok(body)
    }

    /// Sends a request, again and again while there is hope. A token may have expired: then with a new one, once.
    fn ask<T>(&self, what: &str, request: impl AsyncFn(&Session) -> Result<T, RegistryError>) -> Result<T> {
        let once = || {
            let session = self.session.borrow();
            let session = session.as_ref().expect("`open` has logged in");
            self.runtime.block_on(request(session))
        };
        let mut renewed = false;
        self.retrying(
            |_| what,
            || match once() {
                Err(RegistryError { kind: RegistryErrorKind::Unauthorized, .. })
                    if self.has_token() && !renewed =>
                {
                    renewed = true;
                    let session = self.runtime.block_on(Session::open(
                        self.reference,
                        &self.connection,
                        &self.credentials,
                        self.access,
                    ))?;
                    self.session.replace(Some(session));
                    once()
                }
                outcome => outcome,
            },
        )
    }

    fn has_token(&self) -> bool {
        self.session.borrow().as_ref().is_some_and(Session::has_token)
    }

    /// `what` names what could not be done when this happened.
    fn retrying<'w, T>(
        &self,
        what: impl Fn(&RegistryError) -> &'w str,
        mut request: impl FnMut() -> Result<T, RegistryError>,
    ) -> Result<T> {
        let mut pauses = RETRIES.iter();
        loop {
            let error = match request() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let what = what(&error);
            let reason = error.describe(|text| self.conceal(text));
            match pauses.next().filter(|_| error.is_transient()) {
                Some(pause) => {
                    let again = format!("trying again in {} s", pause.as_secs_f32());
                    self.shell.warn(format!("could not {what}: {reason}; {again}"), None);
                    std::thread::sleep(*pause);
                }
                None => {
                    let asked = HintContext {
                        host: self.reference.host(),
                        user: self.credentials.user(),
                        access: self.access,
                        plain_http: self.connection.plain_http,
                        has_token: self.has_token(),
                    };
                    let error = match error.hint(&asked) {
                        Some(hint) => failure(reason, hint),
                        None => anyhow!(reason),
                    };
                    return Err(error.context(format!("could not {what} (`{}`)", self.reference)));
                }
            }
        }
    }

    fn conceal(&self, text: &str) -> String {
        let text = self.credentials.conceal(text);
        let session = self.session.borrow();
        match session.as_ref().and_then(Session::token) {
            Some(token) => text.replace(token, "[token]"),
            None => text,
        }
    }
}

/// What is not there is nothing.
fn found<T>(found: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(RegistryError { kind: RegistryErrorKind::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A digest that a registry names.
fn checkable(digest: &str) -> Result<Digest, RegistryError> {
    digest.parse().map_err(|reason| RegistryErrorKind::Protocol(reason).into())
}

fn check_digest(expected: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
    expected
        .check(bytes)
        .map_err(|actual| RegistryErrorKind::DigestMismatch { expected: expected.clone(), actual }.into())
}

/// The registry of the tests of the command line.
#[cfg(test)]
#[path = "../../tests/suite/support/bad_registry.rs"]
#[allow(dead_code, unreachable_pub, reason = "these tests use a part of it")]
mod bad_registry;

#[cfg(test)]
mod tests;
