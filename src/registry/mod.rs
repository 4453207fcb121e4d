//! Registries: policies are OCI artifacts there. Names of policies, and how to reach their registry.
//!
//! Sources: OCI distribution specification 1.1; `kwctl push` and `pull` 1.36. What is stored is in [`artifact`].

use std::fmt;
use std::str::FromStr;

use crate::reference::Reference;

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
            None => typed.parse::<Reference>().map(|_| Self(format!("registry://{typed}"))),
            Some(("registry", _)) => typed.parse::<Reference>().map(|_| Self(typed.to_owned())),
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
