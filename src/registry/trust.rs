//! Which certificates of servers are trusted when the user names some with `--ca`.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// TLS that trusts these certificates, each in DER, in addition to those of the system.
pub(super) fn tls_with(
    certificates: &[Vec<u8>],
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, String> {
    let verifier = NamedVerifier::new(certificates, provider).map_err(|error| error.to_string())?;
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Verifies as the system does, with more authorities.
///
/// In addition, a server may present exactly one of the named certificates, for a name and at a time for which it is valid, even
/// if it is marked as an authority's: `openssl req -x509` makes such certificates, and Docker's documentation tells people to use
/// them. `rustls` refuses them by RFC 5280; OpenSSL and Go accept them.
#[derive(Debug)]
struct NamedVerifier {
    system: rustls_platform_verifier::Verifier,
    named: Vec<CertificateDer<'static>>,
    only_named: Arc<WebPkiServerVerifier>,
}

impl NamedVerifier {
    fn new(
        certificates: &[Vec<u8>],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let named: Vec<_> = certificates.iter().cloned().map(CertificateDer::from).collect();
        let mut roots = RootCertStore::empty();
        for certificate in &named {
            roots.add(certificate.clone())?;
        }
        let only_named =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
        let system = rustls_platform_verifier::Verifier::new_with_extra_roots(
            named.iter().cloned(),
            provider.clone(),
        )?;
        Ok(Self { system, named, only_named })
    }

    /// Verifies a certificate that the user has named: its dates and its name.
    fn verify_named(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.only_named.verify_server_cert(certificate, &[], name, &[], now) {
            // The dates have been checked before this. Who issued it does not matter: the user has named it.
            Err(error) if is_about_issuer(&error) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }
}

/// Whether an error says that the certificate of a server is that of an authority, or issued by an unknown one. The first has
/// no type of its own; should it get another name, such certificates are refused.
fn is_about_issuer(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        Error::InvalidCertificate(CertificateError::Other(error)) => error.to_string() == "CaUsedAsEndEntity",
        _ => false,
    }
}

impl ServerCertVerifier for NamedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(_) if self.named.contains(end_entity) => self.verify_named(end_entity, server_name, now),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.only_named.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.only_named.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.only_named.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A self-signed certificate of this machine that is marked as an authority's.
    fn certificate() -> Vec<u8> {
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn exactly_the_named_certificate_is_trusted_for_its_name_and_its_time() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (named, other) = (certificate(), certificate());
        let verifier = NamedVerifier::new(std::slice::from_ref(&named), &provider).unwrap();
        let verify = |certificate: &[u8], name: &str, year: u64| {
            let time = UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600));
            let name = ServerName::try_from(name.to_owned()).unwrap();
            verifier.verify_server_cert(&CertificateDer::from(certificate), &[], &name, &[], time)
        };
        assert!(verify(&named, "localhost", 2026).is_ok());
        assert!(verify(&named, "example.com", 2026).is_err(), "another name");
        assert!(verify(&named, "localhost", 2019).is_err(), "not yet valid");
        assert!(verify(&named, "localhost", 2045).is_err(), "expired");
        assert!(verify(&other, "localhost", 2026).is_err(), "another certificate");
    }
}
