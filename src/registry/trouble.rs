//! What goes wrong with registries, in words for people.

use std::error::Error;
use std::fmt;

use oci_client::RegistryOperation;
use oci_client::errors::OciDistributionError;

use crate::digest::Digest;

/// Longest answer of a registry that is shown, in characters.
const SHOWN: usize = 300;

/// One thing that went wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) kind: Kind,
    /// What the registry said about it, if anything.
    said: Option<String>,
    /// The host, where it is not the registry itself but its token server.
    token_server: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Kind {
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
    /// The certificate is from nobody we know, or for another host.
    Certificate(String),
    /// We speak TLS, and they do not.
    NoTls,
    /// We cannot even try.
    Setup(String),
    /// There is no connection, or it broke.
    Connection(String),
    /// Nothing comes.
    Silent,
    /// What came has another digest than it should.
    DigestMismatch { expected: Digest, actual: Digest },
    /// More came than so many bytes.
    TooMuch(usize),
    /// A password is wanted at this URL, where others may read it.
    OpenRealm(String),
    /// The token server has nothing for us.
    NoToken,
    /// It is no registry, or a broken one.
    Nonsense(String),
}

/// What was asked, and by whom: it makes a difference to what can be done.
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) operation: RegistryOperation,
    pub(super) plain_http: bool,
    /// Did a token server know us?
    pub(super) has_token: bool,
}

impl From<Kind> for Trouble {
    fn from(kind: Kind) -> Self {
        Self { kind, said: None, token_server: None }
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Kind::of_request(&error).into()
    }
}

impl Trouble {
    /// What a status says, and the text that came with it.
    pub(super) fn of_status(status: u16, body: &str) -> Self {
        Self { said: said_by_registry(body), ..Kind::of_status(status).into() }
    }

    pub(super) fn of(error: &OciDistributionError) -> Self {
        use OciDistributionError as E;
        match error {
            E::ServerError { code, message, .. } => Self::of_status(*code, message),
            E::RequestError(error) => Kind::of_request(error).into(),
            E::RegistryNoLocationError => {
                Kind::Nonsense("it does not say where to upload to (no `Location` came)".to_owned()).into()
            }
            E::UrlParseError(why) => Kind::Nonsense(format!("it names a place that is none ({why})")).into(),
            E::SpecViolationError(why) => {
                Kind::Nonsense(format!("a step ended in another way ({why})")).into()
            }
            other => Kind::Nonsense(other.to_string()).into(),
        }
    }

    pub(super) fn at_token_server(self, host: String) -> Self {
        Self { token_server: Some(host), ..self }
    }

    /// May it be gone when one tries again?
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::Server(_) | Kind::Connection(_))
    }

    /// Or about the connection?
    pub(super) fn is_about_who_we_are(&self) -> bool {
        self.token_server.is_some()
            || matches!(self.kind, Kind::WhoAreYou | Kind::MayNot | Kind::OpenRealm(_))
    }

    fn says(&self, text: &str) -> bool {
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

    /// What to do about it.
    pub(super) fn hint(&self, asked: &Asked<'_>) -> Option<String> {
        let Asked { host, user, operation, plain_http, has_token } = asked;
        let what_for = match operation {
            RegistryOperation::Push => "write to",
            RegistryOperation::Pull => "read",
        };
        Some(match (&self.kind, user) {
            (Kind::WhoAreYou, None) => format!(
                "log in with `docker login {host}`: Docker's `config.json` has no credentials for `{host}`"
            ),
            (Kind::WhoAreYou, Some(user)) if *has_token && self.token_server.is_none() => format!(
                "the token of `{user}` is not accepted here: has `{user}` the right to {what_for} this repository?"
            ),
            (Kind::WhoAreYou, Some(user)) => format!(
                "log in again with `docker login {host}`: the user `{user}` and the password in Docker's `config.json` are not accepted"
            ),
            (Kind::MayNot, None) => format!("log in with `docker login {host}`"),
            (Kind::MayNot, Some(user)) => format!(
                "`{user}` needs the right to {what_for} this repository; an access token needs it too"
            ),
            (Kind::NotFound, _) => match operation {
                RegistryOperation::Push => "is the name of the repository right? Some registries want it to be created before the first push",
                RegistryOperation::Pull => "are the repository and the tag right? Some registries show them only to those who have logged in",
            }
            .to_owned(),
            (Kind::TooOften, None) => {
                format!("wait a while; or log in with `docker login {host}`, which many registries give a higher limit")
            }
            (Kind::TooOften, Some(_)) => "wait a while, and try again".to_owned(),
            (Kind::Server(_), _) => "the problem is not on this side: try again later".to_owned(),
            (Kind::Certificate(_), _) => format!(
                "if `{host}` has a certificate of its own authority, name that authority with `--ca FILE`"
            ),
            (Kind::NoTls, _) => format!(
                "if it is a registry without TLS: `--insecure` for one on this machine, `--insecure={host}` for another"
            ),
            (Kind::Setup(_), _) => {
                "does this machine have certificates of authorities (the package `ca-certificates`), and is the proxy in the environment a URL?".to_owned()
            }
            (Kind::Connection(_), _) => {
                let at = self.token_server.as_deref().unwrap_or(host);
                format!("is `{at}` the right host, is it up, and does a firewall or proxy let you through?")
            }
            (Kind::Silent, _) => "try again later; a firewall or proxy on the way may be the reason too".to_owned(),
            (Kind::DigestMismatch { .. } | Kind::TooMuch(_), _) => {
                "do not use it: the registry, or something on the way, changes what it is given".to_owned()
            }
            (Kind::OpenRealm(_), _) => {
                "only `https` is safe for a password: tell those who run the registry".to_owned()
            }
            (Kind::NoToken, _) => "the problem is not on this side: tell those who run the registry".to_owned(),
            (Kind::Nonsense(_), _) => format!("is `{host}` a registry?"),
            // What web servers say to those who do not speak TLS.
            (Kind::Refused(400), _) if *plain_http && self.says("HTTPS") => {
                "if it is a registry with TLS, leave out `--insecure`".to_owned()
            }
            (Kind::Refused(_), _) => return None,
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
            Self::Certificate(innermost)
        } else if all.contains("InvalidContentType") || all.contains("corrupt message") {
            Self::NoTls
        } else if error.is_timeout() && !error.is_connect() {
            Self::Silent
        } else if error.is_redirect() || error.is_builder() {
            Self::Nonsense(format!("it sends us elsewhere, which does not work ({innermost})"))
        } else {
            Self::Connection(innermost)
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

/// A registry says what is wrong in JSON, or in a page for a browser, which is of no use here.
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
    let message = message.trim();
    match serde_json::from_str::<Envelope>(message) {
        Ok(envelope) => {
            let all: Vec<_> = envelope.errors.into_iter().map(|error| error.message).collect();
            Some(all.join("; "))
        }
        Err(_) if message.starts_with('<') => None,
        Err(_) => Some(message.to_owned()),
    }
}

/// One line that is not too long; `None` when there is nothing in it.
fn shortened(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
        let it = match &self.token_server {
            Some(host) => format!("`{host}`, which gives out tokens for the registry,"),
            None => "the registry".to_owned(),
        };
        match &self.kind {
            Kind::WhoAreYou => write!(f, "{it} wants to know who you are (401)"),
            Kind::MayNot => write!(f, "{it} does not allow it (403)"),
            Kind::NotFound => write!(f, "{it} has no such thing (404)"),
            Kind::TooOften => write!(f, "{it} was asked too often (429)"),
            Kind::Server(status) => write!(f, "{it} failed ({status})"),
            Kind::Refused(status) => write!(f, "{it} refused it ({status})"),
            Kind::Certificate(why) => write!(f, "the certificate of {it} is not trusted ({why})"),
            Kind::NoTls => write!(f, "{it} does not speak TLS"),
            Kind::Setup(why) => write!(f, "the connection to {it} cannot be prepared ({why})"),
            Kind::Connection(why) => write!(f, "the connection to {it} failed ({why})"),
            Kind::Silent => write!(f, "{it} does not answer"),
            Kind::DigestMismatch { expected, actual } => {
                write!(f, "{it} gave something else: its digest is `{actual}`, and not `{expected}`")
            }
            Kind::TooMuch(bytes) => write!(f, "{it} sends more than {bytes} bytes"),
            Kind::OpenRealm(url) => write!(f, "{it} wants us to log in at `{url}`, where others may listen"),
            Kind::NoToken => write!(f, "{it} gave no token"),
            Kind::Nonsense(why) => write!(f, "{it} does not answer as registries do: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_a_browser_is_not_shown() {
        let said = |body: &str| Trouble::of_status(400, body).describe(str::to_owned);
        assert_eq!(said("<html>sorry</html>"), "the registry refused it (400)");
        assert_eq!(said("  no \n more "), "the registry refused it (400): no more");
        let json = r#"{"errors":[{"code":"A","message":"one"},{"code":7,"message":"two"},{"detail":{}}]}"#;
        assert_eq!(said(json), "the registry refused it (400): one; two;");
        assert_eq!(said(""), "the registry refused it (400)");
    }

    #[test]
    fn a_secret_at_the_edge_is_concealed_before_the_text_is_cut() {
        let body = format!("{}s3cret", "x".repeat(SHOWN - 3));
        let described = Trouble::of_status(400, &body).describe(|text| text.replace("s3cret", "[password]"));
        assert!(!described.contains("s3c"), "{described}");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, passes) in
            [(400, false), (401, false), (404, false), (429, false), (500, true), (503, true)]
        {
            assert_eq!(Trouble::of_status(status, "").may_pass(), passes, "{status}");
        }
        assert!(Trouble::from(Kind::Connection(String::new())).may_pass());
        assert!(!Trouble::from(Kind::Silent).may_pass());
    }
}
