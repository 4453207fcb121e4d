//! How to reach a registry: by which protocol, through which proxies, and how long to wait.

use std::time::Duration;

use super::credentials::CredentialSources;
use super::proxies::Proxies;

/// How to reach a registry. The default does not use the environment.
#[derive(Debug, Default)]
pub struct Connection {
    /// Whether to use HTTP, without encryption.
    pub plain_http: bool,
    /// Further certificate authorities to trust, each in DER.
    pub authorities: Vec<Vec<u8>>,
    /// How long to wait.
    pub patience: Patience,
    /// The proxies to use.
    pub proxies: Proxies,
    /// Where credentials for the registry are looked for.
    pub credentials: CredentialSources,
}

impl Connection {
    /// Creates a connection with the proxies and the credentials from the environment.
    pub(crate) fn from_environment() -> Self {
        Self {
            proxies: Proxies::from_environment(),
            credentials: CredentialSources::from_environment(),
            ..Self::default()
        }
    }
}

/// How long a registry may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The time to accept a connection.
    pub connect: Duration,
    /// The time to answer, or to send or receive more of a body.
    pub silence: Duration,
    /// For a credential helper, which may have to ask the user.
    pub helper: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            helper: Duration::from_secs(60),
        }
    }
}

/// Whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns the certificates in a file, each in DER. The file has one or more in PEM, or one in DER.
///
/// # Errors
///
/// Fails if the file has no certificate, or has something that is not a certificate.
pub(crate) fn certificates(data: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates: Vec<CertificateDer<'_>> = match data.windows(11).any(|window| window == b"-----BEGIN ")
    {
        true => CertificateDer::pem_slice_iter(data)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("it is not valid PEM ({error})"))?,
        false => vec![CertificateDer::from(data)],
    };
    if certificates.is_empty() {
        return Err("it has no certificate".to_owned());
    }
    for certificate in &certificates {
        rustls::RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|_| "it has no certificate in PEM or DER".to_owned())?;
    }
    Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
