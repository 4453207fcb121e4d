//! Registries: policies are OCI artifacts there. Pushes and pulls them, through `oci-client`.
//!
//! Sources: OCI distribution specification 1.1; `kwctl push` and `pull` 1.36. What is stored is in [`artifact`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures_util::{StreamExt, stream};
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::OciImageManifest;
use oci_client::{Client, Reference, RegistryOperation};

use crate::inspection::sha256;
use crate::shell::{Shell, failure};

pub mod artifact;
mod credentials;
mod trouble;

use artifact::Artifact;
use credentials::Credentials;
use trouble::Trouble;

/// How often a request is tried again that met a connection error or a server error, and after which times.
const RETRIES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// No policy is larger; what claims to be is not downloaded.
const MAX_MODULE_BYTES: usize = 1 << 28;

/// Where the cluster finds a module: `registry://…` of a registry, or a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleLocation(String);

impl FromStr for ModuleLocation {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        match typed.split_once("://") {
            None => parse_reference(typed).map(|_| Self(format!("registry://{typed}"))),
            Some(("registry", reference)) => parse_reference(reference).map(|_| Self(typed.to_owned())),
            Some(("http" | "https" | "file", rest)) if !rest.is_empty() => Ok(Self(typed.to_owned())),
            Some((scheme, _)) => Err(format!(
                "`{scheme}` is none of the schemes `registry`, `https`, `http` and `file`, or nothing follows it"
            )),
        }
    }
}

impl fmt::Display for ModuleLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `host/repository`, with a tag, a digest, both or none, as it was typed: nothing is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedReference {
    reference: Reference,
    /// `None` where no tag was typed.
    tag: Option<String>,
}

impl FromStr for TypedReference {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let text = typed.strip_prefix("registry://").unwrap_or(typed);
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!("`{scheme}://` is no registry: write `host/repository:tag`"));
        }
        let reference = parse_reference(text)?;
        let behind_host = text.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let tag = behind_host.contains(':').then(|| reference.tag().map(str::to_owned)).flatten();
        Ok(Self { reference, tag })
    }
}

impl TypedReference {
    /// With this tag where none was typed.
    pub fn with_default_tag(self, tag: Option<&str>) -> Reference {
        match (tag, &self.tag, self.reference.digest()) {
            (Some(tag), None, None) => Reference::with_tag(
                self.reference.registry().to_owned(),
                self.reference.repository().to_owned(),
                tag.to_owned(),
            ),
            _ => self.reference,
        }
    }
}

/// Could this be a reference to a registry rather than a file? It needs a scheme, or a host in front.
pub fn looks_like_reference(typed: &str) -> bool {
    if typed.starts_with("registry://") {
        return true;
    }
    let Some((host, rest)) = typed.split_once('/') else { return false };
    let is_host = host.contains(['.', ':']) && !host.starts_with('.') || host == "localhost";
    is_host && !rest.is_empty() && parse_reference(typed).is_ok()
}

fn parse_reference(text: &str) -> Result<Reference, String> {
    if text.chars().any(char::is_whitespace) {
        return Err("there is a space in it: write `host/repository:tag`".to_owned());
    }
    text.parse::<Reference>().map_err(|error| format!("{error}: write `host/repository:tag`, in lower case"))
}

/// How to talk to a registry.
#[derive(Debug, Default)]
pub struct Connection {
    /// By HTTP, without encryption.
    pub plain_http: bool,
    /// Further certificate authorities to trust, in PEM or DER.
    pub authorities: Vec<Vec<u8>>,
}

/// Names this machine, and none other?
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A registry, about one reference in it.
pub struct Registry<'a> {
    client: Client,
    reference: &'a Reference,
    credentials: Credentials,
    runtime: tokio::runtime::Runtime,
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

impl<'a> Registry<'a> {
    /// A client for the registry of a reference. Nothing is sent yet.
    pub fn new(reference: &'a Reference, connection: Connection, shell: &'a Shell) -> Result<Self> {
        // The provider is the same for the whole process; the second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = reference.resolve_registry();
        let protocol = match connection.plain_http {
            true => ClientProtocol::HttpsExcept(vec![host.to_owned()]),
            false => ClientProtocol::Https,
        };
        let config = ClientConfig {
            protocol,
            extra_root_certificates: connection.authorities.into_iter().map(certificate).collect(),
            // One request for a blob: every registry takes that, and the progress is that of the wire.
            use_monolithic_push: true,
            connect_timeout: Some(Duration::from_secs(10)),
            read_timeout: Some(Duration::from_secs(60)),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).context("could not prepare a connection to the registry")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("could not prepare a connection to the registry")?;
        let credentials = Credentials::find(host, shell)?;
        Ok(Self { client, reference, credentials, runtime, shell })
    }

    /// Uploads a policy, unless it is there already. Ends well only when the registry gives back what was pushed.
    pub fn push(&self, artifact: &Artifact, overwrite: Overwrite) -> Result<Pushed> {
        self.log_in(RegistryOperation::Push)?;
        let digest = artifact.digest();
        match self.present_digest()? {
            Some(present) if present == digest && self.has_blobs(artifact)? => return Ok(Pushed::Before),
            Some(present) if present != digest && overwrite == Overwrite::Refuse => {
                return Err(failure(
                    format!(
                        "could not push to `{}`: the tag exists with other content (`{present}`)",
                        self.reference
                    ),
                    "raise the version of the policy; or say `--force`, and clusters get another policy under the same tag",
                ));
            }
            _ => {}
        }
        self.upload("the module", &artifact.module, true)?;
        self.upload("the configuration", artifact::CONFIG, false)?;
        self.upload_manifest(artifact)?;
        self.read_back(artifact)?;
        Ok(Pushed::Now)
    }

    /// Downloads a policy, checking every digest.
    pub fn pull(&self) -> Result<Pulled> {
        self.log_in(RegistryOperation::Pull)?;
        let auth = self.credentials.auth();
        let (manifest, digest) =
            self.ask("read the manifest", || self.client.pull_image_manifest(self.reference, auth))?;
        let layer =
            module_layer(&manifest).with_context(|| format!("could not pull `{}`", self.reference))?;
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > MAX_MODULE_BYTES {
            return Err(anyhow!(
                "could not pull `{}`: a module of {} bytes is too large",
                self.reference,
                layer.size
            ));
        }
        let module = self.ask("download the module", || async {
            let mut module = Vec::with_capacity(size);
            let mut stream = self.client.pull_blob_stream(self.reference, layer).await?;
            while let Some(bytes) = stream.next().await {
                module.extend_from_slice(&bytes?);
                if module.len() > size {
                    let message = format!("the registry sends more than the {size} bytes it announced");
                    return Err(OciDistributionError::GenericError(Some(message)));
                }
            }
            Ok(module)
        })?;
        Ok(Pulled { module, digest })
    }

    fn log_in(&self, operation: RegistryOperation) -> Result<()> {
        let auth = self.credentials.auth();
        self.ask("log in", || async { self.client.auth(self.reference, auth, operation).await.map(drop) })
    }

    /// The digest of what the tag names, if it names something.
    fn present_digest(&self) -> Result<Option<String>> {
        self.ask("look for the tag", || async {
            match self.client.fetch_manifest_digest(self.reference, self.credentials.auth()).await {
                Ok(digest) => Ok(Some(digest)),
                Err(error) if trouble::is_not_found(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn has_blobs(&self, artifact: &Artifact) -> Result<bool> {
        for bytes in [artifact.module.as_slice(), artifact::CONFIG] {
            let digest = format!("sha256:{}", sha256(bytes));
            if !self.ask("look for the module", || self.client.blob_exists(self.reference, &digest))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn upload(&self, what: &str, bytes: &[u8], shown: bool) -> Result<()> {
        let digest = format!("sha256:{}", sha256(bytes));
        let url = self.ask(&format!("upload {what}"), || {
            let progress = self.shell.progress_bar("Uploading", if shown { bytes.len() } else { 0 });
            let pieces: Vec<_> = bytes.chunks(64 * 1024).map(bytes::Bytes::copy_from_slice).collect();
            let mut sent = 0;
            let stream = stream::iter(pieces).map(move |piece| {
                sent += piece.len();
                progress.set(sent);
                Ok(piece)
            });
            let digest = digest.clone();
            async move {
                let size = Some(bytes.len() as u64);
                self.client.push_blob_stream(self.reference, stream, &digest, size).await
            }
        })?;
        self.check_digest_of(&url, &digest, what)
    }

    fn upload_manifest(&self, artifact: &Artifact) -> Result<()> {
        let url = self.ask("upload the manifest", || {
            let content_type = artifact::MANIFEST_MEDIA_TYPE.parse().expect("letters, dots and a slash");
            self.client.push_manifest_raw(self.reference, artifact.manifest.clone(), content_type)
        })?;
        self.check_digest_of(&url, &artifact.digest(), "the manifest")
    }

    /// A registry answers with the place where the content is now, which ends in its digest.
    fn check_digest_of(&self, url: &str, expected: &str, what: &str) -> Result<()> {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let named = path.rsplit('/').next().unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
        // Another algorithm, or no digest at all, says nothing.
        if named.starts_with("sha256:") && named != expected {
            return Err(self.lie(what, &named, expected));
        }
        Ok(())
    }

    /// What the registry gives for the tag must be what was pushed.
    fn read_back(&self, artifact: &Artifact) -> Result<()> {
        let auth = self.credentials.auth();
        let (manifest, _) = self.ask("read the manifest back", || {
            self.client.pull_manifest_raw(self.reference, auth, &[artifact::MANIFEST_MEDIA_TYPE])
        })?;
        if manifest != artifact.manifest {
            return Err(self.lie(
                "the manifest",
                &format!("sha256:{}", sha256(&manifest)),
                &artifact.digest(),
            ));
        }
        match self.has_blobs(artifact)? {
            true => Ok(()),
            false => Err(anyhow!(
                "could not push to `{}`: the registry took the module, and does not have it now",
                self.reference
            )),
        }
    }

    fn lie(&self, what: &str, named: &str, expected: &str) -> anyhow::Error {
        failure(
            format!(
                "could not push to `{}`: the registry has stored {what} as `{named}`, and it is `{expected}`",
                self.reference
            ),
            "do not use what is there now: the registry, or something in front of it, changes what it is given",
        )
    }

    /// Sends a request, again and again while there is hope.
    fn ask<T, F>(&self, what: &str, request: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, OciDistributionError>>,
    {
        let mut retries = RETRIES.iter();
        loop {
            let error = match self.runtime.block_on(request()) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let trouble = Trouble::of(&error);
            match retries.next() {
                Some(pause) if trouble.may_pass() => {
                    let reason = self.credentials.conceal(&trouble.to_string());
                    self.shell.warn(
                        format!("could not {what}: {reason}; trying again in {} s", pause.as_secs_f32()),
                        None,
                    );
                    std::thread::sleep(*pause);
                }
                _ => {
                    let host = self.reference.resolve_registry();
                    let hint = trouble.hint(host, self.credentials.user());
                    let reason = self.credentials.conceal(&trouble.to_string());
                    return Err(match hint {
                        Some(hint) => failure(reason, hint),
                        None => anyhow!(reason),
                    }
                    .context(format!("could not {what} (`{}`)", self.reference)));
                }
            }
        }
    }
}

impl fmt::Debug for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("reference", &self.reference.whole()).finish_non_exhaustive()
    }
}

fn certificate(data: Vec<u8>) -> Certificate {
    let encoding = match data.windows(11).any(|window| window == b"-----BEGIN ") {
        true => CertificateEncoding::Pem,
        false => CertificateEncoding::Der,
    };
    Certificate { encoding, data }
}

/// As every tool of Kubewarden takes it: all layers are modules, and the first one is the policy.
fn module_layer(manifest: &OciImageManifest) -> Result<&oci_client::manifest::OciDescriptor> {
    let other = manifest.layers.iter().find(|layer| layer.media_type != artifact::LAYER_MEDIA_TYPE);
    match (manifest.layers.first(), other) {
        (_, Some(other)) => Err(failure(
            format!("it holds a layer of the type `{}`, which is no policy", other.media_type),
            format!("a policy has layers of the type `{}` only", artifact::LAYER_MEDIA_TYPE),
        )),
        (None, None) => Err(anyhow!("it holds no layer, and so no policy")),
        (Some(layer), None) => Ok(layer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_location_has_a_scheme_that_clusters_know() {
        let parsed = |typed: &str| typed.parse::<ModuleLocation>().map(|location| location.to_string());
        assert_eq!(parsed("ghcr.io/acme/demo:v1").as_deref(), Ok("registry://ghcr.io/acme/demo:v1"));
        assert_eq!(
            parsed("registry://ghcr.io/acme/demo:v1").as_deref(),
            Ok("registry://ghcr.io/acme/demo:v1")
        );
        assert_eq!(parsed("file:///tmp/a.wasm").as_deref(), Ok("file:///tmp/a.wasm"));
        assert_eq!(parsed("https://example.com/a.wasm").as_deref(), Ok("https://example.com/a.wasm"));
        for wrong in ["", "Ghcr.io/Acme/Demo", "oci://ghcr.io/a", "https://", "a b", "registry://"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tag_that_was_typed_is_kept() {
        let whole = |typed: &str, tag| typed.parse::<TypedReference>().unwrap().with_default_tag(tag).whole();
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(whole("localhost:5000/a/b", Some("v1.0.0")), "localhost:5000/a/b:v1.0.0");
        assert_eq!(whole("localhost:5000/a/b:latest", Some("v1.0.0")), "localhost:5000/a/b:latest");
        assert_eq!(whole("registry://ghcr.io/a/b", None), "ghcr.io/a/b:latest");
        assert_eq!(whole(&format!("ghcr.io/a/b@{digest}"), Some("v1.0.0")), format!("ghcr.io/a/b@{digest}"));
        for wrong in ["", "https://ghcr.io/a/b", "ghcr.io/A/b", "ghcr.io/a b"] {
            assert!(wrong.parse::<TypedReference>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_and_references_are_told_apart() {
        for reference in
            ["registry://busybox", "ghcr.io/a/b:v1", "localhost:5000/a", "localhost/a", "127.0.0.1:5000/a"]
        {
            assert!(looks_like_reference(reference), "{reference}");
        }
        for file in [
            "policy.wasm",
            "./policy.wasm",
            "../a.b/policy.wasm",
            "target/policy.wasm",
            "/tmp/a.wasm",
            "a.b",
            "C:\\a\\b.wasm",
            "C:/a/b.wasm",
            "c:/a/b.wasm",
        ] {
            assert!(!looks_like_reference(file), "{file}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:80", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["localhost.example.com", "example.com:5000", "10.0.0.1", "[::2]:1", "127.0.0.1.example.com", ""]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
