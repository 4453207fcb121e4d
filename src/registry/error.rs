//! Errors of registries, in words for people.

use std::fmt;

use reqwest::StatusCode;

use super::message::{message_in, shortened};
use crate::digest::Digest;

/// An error of a registry, or of the connection to it.
#[derive(Debug)]
pub(super) struct RegistryError {
    pub(super) kind: RegistryErrorKind,
    /// What the server wrote about it, if anything.
    message: Option<String>,
    /// Which server it is about.
    pub(super) server: RegistryServer,
}

/// A server that takes part in a push or a pull.
#[derive(Debug, PartialEq)]
pub(super) enum RegistryServer {
    Registry,
    /// The token server of the registry, by its host.
    Token(String),
    /// Another server to which the registry sent an upload, by its origin.
    Upload(String),
}

#[derive(Debug, PartialEq)]
pub(super) enum RegistryErrorKind {
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 429.
    RateLimited,
    /// 5xx.
    ServerError(u16),
    /// Any other status that is not a success.
    Refused(u16),
    /// The certificate is from an unknown authority, or for another host.
    UntrustedCertificate(String),
    /// The server answers a TLS handshake with something else.
    NotTls,
    /// Something is wrong on this machine.
    Setup(String),
    /// The connection failed or was lost.
    Unreachable(String),
    /// The server sent nothing for too long.
    TimedOut,
    /// The content does not have the expected digest.
    DigestMismatch { expected: Digest, actual: Digest },
    /// The server sent more than this number of bytes.
    TooLarge(usize),
    /// The server asks for the password at this URL, which is not encrypted.
    InsecureTokenServer(String),
    /// The upload is wanted at this URL, which is not encrypted.
    InsecureUpload(String),
    /// Less came than a usable connection brings.
    TooSlow,
    /// The token server gave no token.
    NoToken,
    /// The server does not follow the protocol.
    Protocol(String),
}

impl From<RegistryErrorKind> for RegistryError {
    fn from(kind: RegistryErrorKind) -> Self {
        Self { kind, message: None, server: RegistryServer::Registry }
    }
}

impl From<reqwest::Error> for RegistryError {
    fn from(error: reqwest::Error) -> Self {
        RegistryErrorKind::of_request(&error).into()
    }
}

impl RegistryError {
    /// Returns the error for a status, with the message in the body.
    pub(super) fn of_status(status: u16, body: &str) -> Self {
        Self { message: message_in(body), ..RegistryErrorKind::of_status(status).into() }
    }

    pub(super) fn at(self, server: RegistryServer) -> Self {
        Self { server, ..self }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.kind, RegistryErrorKind::ServerError(_) | RegistryErrorKind::Unreachable(_))
    }

    /// Whether it will be the same in a minute: what was accepted may only be late, and limits pass.
    pub(super) fn is_lasting(&self) -> bool {
        !self.is_transient()
            && !matches!(
                self.kind,
                RegistryErrorKind::NotFound | RegistryErrorKind::RateLimited | RegistryErrorKind::TimedOut
            )
    }

    /// Whether it is about credentials, and not about the connection.
    pub(super) fn is_about_authentication(&self) -> bool {
        matches!(self.server, RegistryServer::Token(_))
            || matches!(
                self.kind,
                RegistryErrorKind::Unauthorized
                    | RegistryErrorKind::Forbidden
                    | RegistryErrorKind::InsecureTokenServer(_)
            )
    }

    /// Whether the message of the server contains this string.
    pub(super) fn mentions(&self, text: &str) -> bool {
        self.message.as_ref().is_some_and(|message| message.contains(text))
    }

    /// Describes the error, with `conceal` applied to everything that servers wrote.
    pub(super) fn describe(&self, conceal: impl Fn(&str) -> String) -> String {
        // A secret that is cut in the middle would not be found: conceal first, then shorten.
        let message = self.message.as_deref().and_then(|message| shortened(&conceal(message)));
        let what = shortened(&conceal(&self.to_string())).unwrap_or_default();
        match message {
            Some(message) => format!("{what}: {message}"),
            None => what,
        }
    }
}

impl RegistryErrorKind {
    fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            429 => Self::RateLimited,
            500.. => Self::ServerError(status),
            _ => Self::Refused(status),
        }
    }

    fn of_request(error: &reqwest::Error) -> Self {
        if let Some(error) = tls_error(error) {
            return match error {
                rustls::Error::InvalidMessage(_) => Self::NotTls,
                rustls::Error::InvalidCertificate(_) => Self::UntrustedCertificate(error.to_string()),
                _ => Self::Unreachable(error.to_string()),
            };
        }
        let cause = innermost(error);
        if error.is_timeout() && !error.is_connect() {
            Self::TimedOut
        } else if error.is_redirect() || error.is_builder() {
            Self::Protocol(format!("its redirect cannot be followed ({cause})"))
        } else {
            Self::Unreachable(cause)
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized => Some(401),
            Self::Forbidden => Some(403),
            Self::NotFound => Some(404),
            Self::RateLimited => Some(429),
            Self::ServerError(status) | Self::Refused(status) => Some(*status),
            _ => None,
        }
    }
}

/// Finds the TLS error among the causes.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    anyhow::Chain::new(error).find_map(tls_error_in)
}

/// Finds a TLS error in a cause. I/O errors contain errors that are not their causes, and can be nested.
fn tls_error_in<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<std::io::Error>() {
        Some(error) => tls_error_in(error.get_ref()?),
        None => cause.downcast_ref(),
    }
}

/// Describes the innermost cause of an error. The error itself may contain a URL with a secret.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let cause = anyhow::Chain::new(error).skip(1).last();
    cause.map_or_else(|| "unknown reason".to_owned(), ToString::to_string)
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use RegistryErrorKind as Kind;
        let server = match &self.server {
            RegistryServer::Registry => "the registry".to_owned(),
            RegistryServer::Token(host) => format!("`{host}`, the token server of the registry,"),
            RegistryServer::Upload(origin) => format!("`{origin}`, to which the registry sent the upload,"),
        };
        match &self.kind {
            Kind::UntrustedCertificate(why) => {
                write!(f, "the certificate of {server} is not trusted ({why})")
            }
            Kind::NotTls => write!(f, "{server} does not speak TLS"),
            Kind::Setup(why) => write!(f, "the connection to {server} cannot be set up ({why})"),
            Kind::Unreachable(why) => write!(f, "the connection to {server} failed ({why})"),
            Kind::TimedOut => write!(f, "{server} does not answer"),
            Kind::DigestMismatch { expected, actual } => {
                write!(f, "{server} sent content with the digest `{actual}` instead of `{expected}`")
            }
            Kind::TooLarge(bytes) => write!(f, "{server} sent more than {bytes} bytes"),
            Kind::InsecureTokenServer(url) => {
                write!(f, "{server} asks for the password at `{url}`, without encryption")
            }
            Kind::InsecureUpload(url) => {
                write!(f, "{server} wants the upload at `{url}`, without encryption")
            }
            Kind::TooSlow => write!(f, "{server} sends too little: less than 16 KiB in a second"),
            Kind::NoToken => write!(f, "{server} did not return a token"),
            Kind::Protocol(why) => write!(f, "{server} does not follow the protocol of registries: {why}"),
            status => {
                let code = status.status().unwrap_or_default();
                write!(f, "{server} answered {code}")?;
                let reason = StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
                reason.map_or(Ok(()), |reason| write!(f, " ({})", reason.to_lowercase()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_at_the_edge_is_concealed_before_the_message_is_cut() {
        let body = format!("{}s3cret", "x".repeat(297));
        let error = RegistryError::of_status(400, &body);
        let described = error.describe(|text| text.replace("s3cret", "[password]"));
        assert!(!described.contains("s3c"), "{described}");
    }

    #[test]
    fn only_transient_errors_are_tried_again() {
        for (status, transient) in
            [(400, false), (401, false), (404, false), (429, false), (500, true), (503, true)]
        {
            assert_eq!(RegistryError::of_status(status, "").is_transient(), transient, "{status}");
        }
        assert!(RegistryError::from(RegistryErrorKind::Unreachable(String::new())).is_transient());
        assert!(!RegistryError::from(RegistryErrorKind::TimedOut).is_transient());
    }
}
