//! Requests to a registry about one reference, with retries.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::connection::Connection;
use super::credentials::Credentials;
use super::error::{RegistryError, RegistryErrorKind};
use super::hint::HintContext;
use super::manifest::ACCEPTED_MEDIA_TYPES;
use super::session::RegistrySession;
use super::target::{Access, RegistryTarget};
use crate::digest::Digest;
use crate::error::failure;
use crate::reference::Reference;
use crate::shell::Shell;

/// The pauses before a request is sent again after a connection error or a server error.
const RETRIES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// The size of the largest manifest, which is the limit of registries themselves.
const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// A client of a registry, for one reference.
pub(super) struct RegistryClient<'a> {
    pub(super) target: RegistryTarget<'a>,
    session: RegistrySession,
    runtime: tokio::runtime::Runtime,
}

/// A manifest in a registry.
pub(super) struct StoredManifest {
    pub(super) json: Vec<u8>,
    pub(super) digest: Digest,
}

impl<'a> RegistryClient<'a> {
    /// Connects to the registry, and logs in.
    pub(super) fn open(
        reference: &'a Reference,
        connection: Connection,
        access: Access,
        shell: &'a Shell,
    ) -> Result<Self> {
        let limit = connection.patience.helper;
        let credentials = Credentials::find(reference, &connection.credentials, limit, shell)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("could not prepare a connection to the registry")?;
        let target = RegistryTarget { reference, connection, credentials, access, shell };
        let mut pauses = RETRIES.iter();
        loop {
            match runtime.block_on(RegistrySession::open(&target)) {
                Ok(session) => return Ok(Self { target, session, runtime }),
                Err(error) => {
                    let step = match error.is_about_authentication() {
                        true => "log in to the registry of",
                        false => "connect to the registry of",
                    };
                    target.pause_or_fail(step, &error, &mut pauses, None)?;
                }
            }
        }
    }

    /// Sends a request, and retries it after a transient error. An expired token is renewed once.
    ///
    /// `step` says what the request does to the reference: `upload the module to`.
    pub(super) fn ask<T>(
        &mut self,
        step: &str,
        request: impl AsyncFn(&RegistrySession) -> Result<T, RegistryError>,
    ) -> Result<T> {
        let (mut pauses, mut may_renew) = (RETRIES.iter(), true);
        loop {
            match self.attempt(&mut may_renew, &request) {
                Ok(answer) => return Ok(answer),
                Err(error) => self.target.pause_or_fail(step, &error, &mut pauses, self.session.token())?,
            }
        }
    }

    /// Sends a request once, or twice if the token has expired and may be renewed.
    pub(super) fn attempt<T>(
        &mut self,
        may_renew: &mut bool,
        request: &impl AsyncFn(&RegistrySession) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        match self.runtime.block_on(request(&self.session)) {
            Err(error)
                if error.kind == RegistryErrorKind::Unauthorized
                    && self.session.token().is_some()
                    && std::mem::take(may_renew) =>
            {
                self.session = self.runtime.block_on(RegistrySession::open(&self.target))?;
                self.runtime.block_on(request(&self.session))
            }
            result => result,
        }
    }

    /// Reads the manifest of the reference, or another one of its repository.
    pub(super) fn manifest(&mut self, step: &str, digest: Option<&str>) -> Result<StoredManifest> {
        let reference = self.target.reference;
        self.ask(step, async |session| manifest(session, reference, digest).await)
    }

    /// Reads the manifest of the reference, if there is one.
    pub(super) fn find_manifest(&mut self, step: &str) -> Result<Option<StoredManifest>> {
        let reference = self.target.reference;
        self.ask(step, async |session| found(manifest(session, reference, None).await))
    }

    /// Reads a blob of this size, and checks its digest. `verb` is the verb in the progress bar.
    pub(super) fn blob(&mut self, step: &str, verb: &str, digest: &str, size: usize) -> Result<Vec<u8>> {
        let shell = self.target.shell;
        self.ask(step, async |session| blob(session, shell, verb, digest, size).await)
    }

    /// Whether a blob is there and is what it should be.
    pub(super) fn has_blob(&mut self, step: &str, digest: &Digest, size: usize) -> Result<bool> {
        use RegistryErrorKind::{DigestMismatch, NotFound, TooLarge};
        let shell = self.target.shell;
        self.ask(step, async |session| {
            if !session.has_blob(digest).await? {
                return Ok(false);
            }
            match blob(session, shell, "Checking", digest.as_str(), size).await {
                Ok(_) => Ok(true),
                Err(RegistryError { kind: NotFound | DigestMismatch { .. } | TooLarge(_), .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// What went wrong, without secrets.
    pub(super) fn reason(&self, error: &RegistryError) -> String {
        self.target.reason(error, self.session.token())
    }

    /// The error of a step, for the user.
    pub(super) fn fail(&self, step: &str, error: &RegistryError) -> anyhow::Error {
        self.target.fail(step, error, self.session.token())
    }
}

impl RegistryTarget<'_> {
    /// Waits before the next attempt, or fails if there is none.
    fn pause_or_fail<'p>(
        &self,
        step: &str,
        error: &RegistryError,
        mut pauses: impl Iterator<Item = &'p Duration>,
        token: Option<&str>,
    ) -> Result<()> {
        if let Some(pause) = pauses.next().filter(|_| error.is_transient()) {
            let what = format!("could not {step} `{}`: {}", self.reference, self.reason(error, token));
            self.shell.warn(format!("{what}; trying again in {} s", pause.as_secs_f32()), None);
            std::thread::sleep(*pause);
            return Ok(());
        }
        Err(self.fail(step, error, token))
    }

    /// What went wrong, without secrets.
    fn reason(&self, error: &RegistryError, token: Option<&str>) -> String {
        error.describe(|text| self.conceal(text, token))
    }

    /// The error of a step, for the user.
    fn fail(&self, step: &str, error: &RegistryError, token: Option<&str>) -> anyhow::Error {
        let reason = self.reason(error, token);
        let context = HintContext {
            host: self.reference.host(),
            user: self.credentials.user(),
            source: self.credentials.source(),
            access: self.access,
            is_latest: self.reference.manifest() == "latest",
            plain_http: self.connection.plain_http,
            has_token: token.is_some(),
        };
        let error = match error.hint(&context) {
            Some(hint) => failure(reason, hint),
            None => anyhow!(reason),
        };
        error.context(format!("could not {step} `{}`", self.reference))
    }

    /// Removes secrets from messages of servers.
    fn conceal(&self, text: &str, token: Option<&str>) -> String {
        let text = self.credentials.conceal(text);
        match token {
            Some(token) => text.replace(token, "[token]"),
            None => text,
        }
    }
}

pub(super) async fn manifest(
    session: &RegistrySession,
    reference: &Reference,
    digest: Option<&str>,
) -> Result<StoredManifest, RegistryError> {
    let wanted = digest.or(reference.digest()).map(checkable).transpose()?;
    let name = wanted.as_ref().map_or(reference.manifest(), Digest::as_str);
    let response =
        session.get(&format!("manifests/{name}"), ACCEPTED_MEDIA_TYPES, MAX_MANIFEST_BYTES, |_| ()).await?;
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    if serde_json::from_slice::<serde::de::IgnoredAny>(&response.body).is_err() {
        let media_type = header("content-type").unwrap_or("something without a type");
        let why = format!("it sent `{media_type}` instead of a manifest");
        return Err(RegistryErrorKind::Protocol(why).into());
    }
    let announced = header("docker-content-digest").filter(|digest| !digest.is_empty());
    let announced = announced.map(checkable).transpose()?;
    for expected in [&wanted, &announced].into_iter().flatten() {
        check(expected, &response.body)?;
    }
    let digest = wanted.or(announced).unwrap_or_else(|| Digest::of(&response.body));
    Ok(StoredManifest { json: response.body, digest })
}

pub(super) async fn blob(
    session: &RegistrySession,
    shell: &Shell,
    verb: &str,
    digest: &str,
    size: usize,
) -> Result<Vec<u8>, RegistryError> {
    let digest = checkable(digest)?;
    let progress = shell.progress_bar(verb, size);
    let body = session.get(&format!("blobs/{digest}"), "*/*", size, |bytes| progress.set(bytes)).await?.body;
    check(&digest, &body)?;
    Ok(body)
}

/// Parses a digest from a registry.
fn checkable(digest: &str) -> Result<Digest, RegistryError> {
    digest.parse().map_err(|reason| RegistryErrorKind::Protocol(reason).into())
}

fn check(expected: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
    expected
        .check(bytes)
        .map_err(|actual| RegistryErrorKind::DigestMismatch { expected: expected.clone(), actual }.into())
}

/// Turns the error that there is nothing into `None`.
fn found<T>(result: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(RegistryError { kind: RegistryErrorKind::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
