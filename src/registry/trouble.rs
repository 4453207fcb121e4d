//! What goes wrong with registries, in words for people.

use std::error::Error;
use std::fmt;

use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};

/// Longest answer of a registry that is shown, in characters.
const SHOWN: usize = 300;

/// One thing that went wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    kind: Kind,
    /// What the registry said about it, if anything.
    said: Option<String>,
}

#[derive(Debug, PartialEq)]
enum Kind {
    /// 401.
    WhoAreYou,
    /// 403.
    MayNot,
    /// 404.
    NotFound,
    /// 429.
    TooOften,
    /// 5xx.
    Server(u16),
    /// Another status.
    Refused(u16),
    /// The certificate is from nobody we know.
    Certificate(String),
    /// We speak TLS, and they do not.
    NoTls,
    /// There is no connection, or it broke.
    Connection(String),
    /// What came has another digest than it should.
    Digest(String),
    /// It is no registry, or a broken one.
    Nonsense(String),
}

/// Was it only not there?
pub(super) fn is_not_found(error: &OciDistributionError) -> bool {
    Trouble::of(error).kind == Kind::NotFound
}

impl Trouble {
    pub(super) fn of(error: &OciDistributionError) -> Self {
        use OciDistributionError as E;
        let plain = |kind| Self { kind, said: None };
        match error {
            E::UnauthorizedError { .. } => plain(Kind::WhoAreYou),
            E::AuthenticationFailure(said) => Self { kind: Kind::WhoAreYou, said: shortened(said) },
            E::ServerError { code, message, .. } => {
                Self { kind: Kind::of_status(*code), said: said_by_registry(message) }
            }
            E::RegistryError { envelope, .. } => {
                let kind = envelope.errors.iter().find_map(|error| Kind::of_code(&error.code));
                let said: Vec<_> = envelope.errors.iter().map(|error| error.message.as_str()).collect();
                Self { kind: kind.unwrap_or(Kind::Refused(400)), said: shortened(&said.join("; ")) }
            }
            E::ImageManifestNotFoundError(_) => plain(Kind::NotFound),
            E::RequestError(error) => match error.status() {
                Some(status) => plain(Kind::of_status(status.as_u16())),
                None => plain(Kind::of_connection(error)),
            },
            E::IoError(error) => plain(Kind::of_connection(error)),
            E::DigestError(DigestError::VerificationError { expected, actual }) => {
                plain(Kind::Digest(format!("expected `{expected}`, got `{actual}`")))
            }
            E::DigestError(error) => plain(Kind::Digest(error.to_string())),
            E::GenericError(Some(message)) => plain(Kind::Nonsense(message.clone())),
            other => plain(Kind::Nonsense(shortened(&other.to_string()).unwrap_or_default())),
        }
    }

    /// May it be gone when one tries again?
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::Server(_) | Kind::Connection(_))
    }

    /// What to do about it.
    pub(super) fn hint(&self, host: &str, user: Option<&str>) -> Option<String> {
        Some(match &self.kind {
            Kind::WhoAreYou => match user {
                None => format!("log in with `docker login {host}`: there are no credentials for `{host}` in Docker's `config.json`"),
                Some(user) => format!("log in again with `docker login {host}`: the registry does not take the credentials of `{user}` in Docker's `config.json`"),
            },
            Kind::MayNot => match user {
                None => format!("log in with `docker login {host}`"),
                Some(user) => format!("`{user}` needs the right to write to this repository; an access token needs it too"),
            },
            Kind::NotFound => "the registry has no such repository or tag, or does not show it to everybody; some want a repository to be created before the first push".to_owned(),
            Kind::TooOften => "the registry limits how often it is asked: wait a while, or log in".to_owned(),
            Kind::Server(_) => "the registry has a problem of its own: try again later".to_owned(),
            Kind::Certificate(_) => format!("name the certificate authority of `{host}` with `--ca FILE`"),
            Kind::NoTls => format!("if it is a registry without TLS, say `--insecure`, or `--insecure={host}` where it is not on this machine"),
            Kind::Connection(_) => format!("is `{host}` the right host, and is it up?"),
            Kind::Digest(_) => "do not use what came: the registry, or something in front of it, changes what it is given".to_owned(),
            Kind::Refused(_) | Kind::Nonsense(_) => return None,
        })
    }
}

impl Kind {
    fn of_status(status: u16) -> Self {
        match status {
            401 => Self::WhoAreYou,
            403 => Self::MayNot,
            404 => Self::NotFound,
            429 => Self::TooOften,
            500.. => Self::Server(status),
            _ => Self::Refused(status),
        }
    }

    fn of_code(code: &OciErrorCode) -> Option<Self> {
        Some(match code {
            OciErrorCode::Unauthorized => Self::WhoAreYou,
            OciErrorCode::Denied => Self::MayNot,
            OciErrorCode::ManifestUnknown
            | OciErrorCode::NameUnknown
            | OciErrorCode::NotFound
            | OciErrorCode::BlobUnknown => Self::NotFound,
            OciErrorCode::Toomanyrequests => Self::TooOften,
            _ => return None,
        })
    }

    fn of_connection(error: &(dyn Error + 'static)) -> Self {
        // The outer errors only say that there was one.
        let mut causes = vec![error.to_string()];
        let mut error = error;
        while let Some(cause) = error.source() {
            causes.push(cause.to_string());
            error = cause;
        }
        let all = causes.join(": ");
        let innermost = causes.last().cloned().unwrap_or_default();
        if all.contains("invalid peer certificate") || all.contains("certificate verify failed") {
            Self::Certificate(innermost)
        } else if all.contains("InvalidContentType") || all.contains("corrupt message") {
            Self::NoTls
        } else {
            Self::Connection(innermost)
        }
    }
}

/// A registry says what is wrong in JSON, or in a page for a browser.
fn said_by_registry(message: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Envelope {
        errors: Vec<Said>,
    }
    #[derive(serde::Deserialize)]
    struct Said {
        #[serde(default)]
        message: String,
    }
    match serde_json::from_str::<Envelope>(message) {
        Ok(envelope) => {
            shortened(&envelope.errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; "))
        }
        Err(_) if message.trim_start().starts_with('<') => None,
        Err(_) => shortened(message),
    }
}

fn shortened(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Some(shown)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::WhoAreYou => f.write_str("the registry wants to know who you are (401)")?,
            Kind::MayNot => f.write_str("the registry does not allow it (403)")?,
            Kind::NotFound => f.write_str("there is no such thing in the registry (404)")?,
            Kind::TooOften => f.write_str("the registry was asked too often (429)")?,
            Kind::Server(status) => write!(f, "the registry failed ({status})")?,
            Kind::Refused(status) => write!(f, "the registry refused it ({status})")?,
            Kind::Certificate(why) => write!(f, "the certificate of the registry is not trusted ({why})")?,
            Kind::NoTls => f.write_str("what answers there does not speak TLS")?,
            Kind::Connection(why) => write!(f, "there is no connection to the registry ({why})")?,
            Kind::Digest(why) => write!(f, "the digest is wrong: {why}")?,
            Kind::Nonsense(why) => write!(f, "what answers there does not behave like a registry: {why}")?,
        }
        match &self.said {
            Some(said) => write!(f, ": {said}"),
            None => Ok(()),
        }
    }
}
