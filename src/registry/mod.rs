//! Registries: policies are OCI artifacts there. Names of policies, and how to reach their registry.
//!
//! Sources: OCI distribution specification 1.1; `kwctl push` and `pull` 1.36. What is stored is in [`artifact`].

use std::fmt;
use std::str::FromStr;

use oci_client::Reference;

pub mod artifact;
mod client;
mod credentials;
mod proxies;
mod session;
mod trouble;

pub use client::{Overwrite, Pulled, Pushed, pull, push};
pub use session::Patience;

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

/// May it be a tag? Source: OCI distribution specification, "Pulling manifests".
pub fn is_tag(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=128).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with(['.', '-'])
}

impl TypedReference {
    /// What was typed.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

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
    /// Further certificate authorities to trust, each in DER.
    pub authorities: Vec<Vec<u8>>,
    /// How long to wait.
    pub patience: Patience,
}

/// Names this machine, and none other?
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The certificates in a file: in PEM, one or many, or in DER.
///
/// # Errors
///
/// When there is none, or what is there is none.
pub fn certificates(data: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates: Vec<CertificateDer<'_>> = match data.windows(11).any(|window| window == b"-----BEGIN ")
    {
        true => CertificateDer::pem_slice_iter(data)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("it is no proper PEM ({error})"))?,
        false => vec![CertificateDer::from(data)],
    };
    if certificates.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    for certificate in &certificates {
        rustls::RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|_| "it holds no certificate in PEM or DER".to_owned())?;
    }
    Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
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
    fn a_name_without_a_host_is_one_of_docker() {
        let reference = "busybox".parse::<TypedReference>().unwrap().with_default_tag(None);
        assert_eq!(reference.whole(), "docker.io/library/busybox:latest");
        assert_eq!(reference.resolve_registry(), "index.docker.io");
        let reference = "acme/demo:v1".parse::<TypedReference>().unwrap().with_default_tag(Some("v2"));
        assert_eq!(reference.whole(), "docker.io/acme/demo:v1");
    }

    #[test]
    fn tags_are_those_of_the_specification() {
        for tag in ["v1.0.0", "latest", "_", "v1.0.0-rc.1"] {
            assert!(is_tag(tag), "{tag}");
        }
        for wrong in ["", "v1.0.0+build", ".a", "-a", "a/b", "ä", &"a".repeat(129)] {
            assert!(!is_tag(wrong), "{wrong}");
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
