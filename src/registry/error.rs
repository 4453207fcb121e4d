//! What goes wrong with registries, in words for people.

use std::error::Error;
use std::fmt;

use oci_client::errors::OciDistributionError;

use super::message::{message_in, shortened};
use crate::digest::Digest;

/// One thing that went wrong.
#[derive(Debug)]
pub(super) struct RegistryError {
    pub(super) kind: RegistryErrorKind,
    /// What the registry said about it, if anything.
    said: Option<String>,
    /// The host, where it is not the registry itself but its token server.
    pub(super) token_server: Option<String>,
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
    /// Another status.
    Refused(u16),
    /// The certificate is from nobody we know, or for another host.
    UntrustedCertificate(String),
    /// We speak TLS, and they do not.
    NotTls,
    /// We cannot even try.
    Setup(String),
    /// There is no connection, or it broke.
    Unreachable(String),
    /// Nothing comes.
    TimedOut,
    /// What came has another digest than it should.
    DigestMismatch { expected: Digest, actual: Digest },
    /// More came than so many bytes.
    TooLarge(usize),
    /// A password is wanted at this URL, where others may read it.
    InsecureTokenServer(String),
    /// The token server has nothing for us.
    NoToken,
    /// It is no registry, or a broken one.
    Protocol(String),
}

impl From<RegistryErrorKind> for RegistryError {
    fn from(kind: RegistryErrorKind) -> Self {
        Self { kind, said: None, token_server: None }
    }
}

impl From<reqwest::Error> for RegistryError {
    fn from(error: reqwest::Error) -> Self {
        RegistryErrorKind::of_request(&error).into()
    }
}

impl RegistryError {
    /// What a status says, and the text that came with it.
    pub(super) fn of_status(status: u16, body: &str) -> Self {
        Self { said: message_in(body), ..RegistryErrorKind::of_status(status).into() }
    }

    pub(super) fn of(error: &OciDistributionError) -> Self {
        use OciDistributionError as E;
        match error {
            E::ServerError { code, message, .. } => Self::of_status(*code, message),
            E::RequestError(error) => RegistryErrorKind::of_request(error).into(),
            E::RegistryNoLocationError => RegistryErrorKind::Protocol(
                "it does not say where to upload to (no `Location` came)".to_owned(),
            )
            .into(),
            E::UrlParseError(why) => {
                RegistryErrorKind::Protocol(format!("it names a place that is none ({why})")).into()
            }
            E::SpecViolationError(why) => {
                RegistryErrorKind::Protocol(format!("a step ended in another way ({why})")).into()
            }
            other => RegistryErrorKind::Protocol(other.to_string()).into(),
        }
    }

    pub(super) fn at_token_server(self, host: String) -> Self {
        Self { token_server: Some(host), ..self }
    }

    /// May it be gone when one tries again?
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.kind, RegistryErrorKind::ServerError(_) | RegistryErrorKind::Unreachable(_))
    }

    /// Or about the connection?
    pub(super) fn is_about_authentication(&self) -> bool {
        self.token_server.is_some()
            || matches!(
                self.kind,
                RegistryErrorKind::Unauthorized
                    | RegistryErrorKind::Forbidden
                    | RegistryErrorKind::InsecureTokenServer(_)
            )
    }

    /// Whether the message of the server has this in it.
    pub(super) fn mentions(&self, text: &str) -> bool {
        self.said.as_ref().is_some_and(|said| said.contains(text))
    }

    /// What happened, with `conceal` applied to all that others wrote.
    pub(super) fn describe(&self, conceal: impl Fn(&str) -> String) -> String {
        // A secret that is cut in the middle is not found any more: first conceal, then shorten.
        let said = self.said.as_deref().and_then(|said| shortened(&conceal(said)));
        let what = shortened(&conceal(&self.to_string())).unwrap_or_default();
        match said {
            Some(said) => format!("{what}: {said}"),
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
        // The outer errors only say that there was one, and name URLs, which may hold secrets.
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        let all = causes.join(": ");
        let innermost = causes.pop().unwrap_or_else(|| "it broke".to_owned());
        if all.contains("invalid peer certificate") || all.contains("certificate verify failed") {
            Self::UntrustedCertificate(innermost)
        } else if all.contains("InvalidContentType") || all.contains("corrupt message") {
            Self::NotTls
        } else if error.is_timeout() && !error.is_connect() {
            Self::TimedOut
        } else if error.is_redirect() || error.is_builder() {
            Self::Protocol(format!("it sends us elsewhere, which does not work ({innermost})"))
        } else {
            Self::Unreachable(innermost)
        }
    }
}

/// What the outer errors are about.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = match &self.token_server {
            Some(host) => format!("`{host}`, which gives out tokens for the registry,"),
            None => "the registry".to_owned(),
        };
        match &self.kind {
            RegistryErrorKind::Unauthorized => write!(f, "{it} wants to know who you are (401)"),
            RegistryErrorKind::Forbidden => write!(f, "{it} does not allow it (403)"),
            RegistryErrorKind::NotFound => write!(f, "{it} has no such thing (404)"),
            RegistryErrorKind::RateLimited => write!(f, "{it} was asked too often (429)"),
            RegistryErrorKind::ServerError(status) => write!(f, "{it} failed ({status})"),
            RegistryErrorKind::Refused(status) => write!(f, "{it} refused it ({status})"),
            RegistryErrorKind::UntrustedCertificate(why) => {
                write!(f, "the certificate of {it} is not trusted ({why})")
            }
            RegistryErrorKind::NotTls => write!(f, "{it} does not speak TLS"),
            RegistryErrorKind::Setup(why) => write!(f, "the connection to {it} cannot be prepared ({why})"),
            RegistryErrorKind::Unreachable(why) => write!(f, "the connection to {it} failed ({why})"),
            RegistryErrorKind::TimedOut => write!(f, "{it} does not answer"),
            RegistryErrorKind::DigestMismatch { expected, actual } => {
                write!(f, "{it} gave something else: its digest is `{actual}`, and not `{expected}`")
            }
            RegistryErrorKind::TooLarge(bytes) => write!(f, "{it} sends more than {bytes} bytes"),
            RegistryErrorKind::InsecureTokenServer(url) => {
                write!(f, "{it} wants us to log in at `{url}`, where others may listen")
            }
            RegistryErrorKind::NoToken => write!(f, "{it} gave no token"),
            RegistryErrorKind::Protocol(why) => write!(f, "{it} does not answer as registries do: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_at_the_edge_is_concealed_before_the_text_is_cut() {
        let body = format!("{}s3cret", "x".repeat(297));
        let described =
            RegistryError::of_status(400, &body).describe(|text| text.replace("s3cret", "[password]"));
        assert!(!described.contains("s3c"), "{described}");
    }

    #[test]
    fn only_what_is_transient_is_tried_again() {
        for (status, passes) in
            [(400, false), (401, false), (404, false), (429, false), (500, true), (503, true)]
        {
            assert_eq!(RegistryError::of_status(status, "").is_transient(), passes, "{status}");
        }
        assert!(RegistryError::from(RegistryErrorKind::Unreachable(String::new())).is_transient());
        assert!(!RegistryError::from(RegistryErrorKind::TimedOut).is_transient());
    }
}
