//! Hints about what the user can do about an error of a registry.

use super::error::{RegistryError, RegistryErrorKind as Kind, RegistryServer};
use super::target::Access;

/// The request that failed and its user, on which the hint depends.
pub(super) struct HintContext<'a> {
    pub(super) host: &'a str,
    /// The user, if there is one.
    pub(super) user: Option<String>,
    /// Where the credentials are from; `None` if there are none.
    pub(super) source: Option<&'a str>,
    pub(super) access: Access,
    /// Whether the tag is `latest`, which may not have been typed.
    pub(super) is_latest: bool,
    pub(super) plain_http: bool,
    /// Whether a token server accepted the credentials.
    pub(super) has_token: bool,
}

impl RegistryError {
    /// Returns the next step for the user, if there is one.
    pub(super) fn hint(&self, context: &HintContext<'_>) -> Option<String> {
        let HintContext { host, plain_http, .. } = context;
        Some(match &self.kind {
            Kind::Unauthorized | Kind::Forbidden if matches!(self.server, RegistryServer::Upload(_)) => format!(
                "credentials for `{host}` are not sent to another server: the registry has to announce uploads under the name `{host}`; tell its administrators"
            ),
            Kind::Unauthorized | Kind::Forbidden | Kind::RateLimited => self.authentication_hint(context),
            Kind::NotFound => match context.access {
                Access::Write => "check the name of the repository; some registries need it to be created before the first push".to_owned(),
                Access::Read if context.is_latest => "name the tag: without one it is `latest`, but `push` tags a policy with `v` and its version".to_owned(),
                Access::Read => "check the repository and the tag; some registries show them only to users who are logged in".to_owned(),
            },
            Kind::ServerError(_) => "this is a problem with the registry: try again later".to_owned(),
            Kind::UntrustedCertificate(_) => {
                format!("if the certificate of `{host}` is from a private authority, trust that one with `--ca FILE`")
            }
            Kind::NotTls => format!(
                "for a registry without TLS, use `--insecure` if it is on this machine, and `--insecure={host}` otherwise"
            ),
            Kind::Setup(_) => {
                "check that this machine has CA certificates (the package `ca-certificates`), and that the proxies in the environment are URLs".to_owned()
            }
            Kind::Unreachable(_) => {
                let host = match &self.server {
                    RegistryServer::Registry => *host,
                    RegistryServer::Token(other) | RegistryServer::Upload(other) => other.as_str(),
                };
                format!("check that `{host}` is the right host and is up, and that no firewall or proxy is in the way")
            }
            Kind::TimedOut | Kind::TooSlow => "try again later, or check for a firewall or proxy on the way".to_owned(),
            Kind::DigestMismatch { .. } | Kind::TooLarge(_) => CHANGED_CONTENT.to_owned(),
            Kind::InsecureTokenServer(_) => {
                "passwords are sent by `https` only: tell the administrators of the registry".to_owned()
            }
            Kind::InsecureUpload(_) => {
                "the registry does not know that it is reached with TLS: its proxy has to send `X-Forwarded-Proto: https`, or its configuration has to set `relativeurls`; tell its administrators".to_owned()
            }
            Kind::NoToken => "this is a problem with the registry: tell its administrators".to_owned(),
            Kind::Protocol(_) => format!("check that `{host}` is a registry"),
            // Web servers answer this to HTTP if they expect TLS.
            Kind::Refused(400) if *plain_http && self.mentions("HTTPS") => {
                "for a registry with TLS, leave out `--insecure`".to_owned()
            }
            Kind::Refused(_) => return None,
        })
    }

    /// Returns the hint for 401, 403 and 429, which depends on the user.
    fn authentication_hint(&self, context: &HintContext<'_>) -> String {
        let HintContext { host, source, access, has_token, .. } = context;
        let access = match access {
            Access::Write => "write to",
            Access::Read => "read",
        };
        let Some(source) = source else {
            return match &self.kind {
                Kind::Unauthorized => {
                    format!("log in with `docker login {host}`: there are no credentials for `{host}`")
                }
                Kind::RateLimited => format!(
                    "wait a while, or log in with `docker login {host}`: many registries have a higher limit for users who are logged in"
                ),
                _ => format!("log in with `docker login {host}`"),
            };
        };
        let user = context.user.as_ref().map_or_else(|| "you".to_owned(), |user| format!("`{user}`"));
        match &self.kind {
            Kind::Unauthorized if *has_token && self.server == RegistryServer::Registry => {
                format!("the token of {user} was refused: check that {user} may {access} this repository")
            }
            Kind::Unauthorized if context.user.is_some() => {
                format!(
                    "log in again with `docker login {host}`: the password of {user} from {source} was refused"
                )
            }
            Kind::Unauthorized => {
                format!("log in again with `docker login {host}`: the token from {source} was refused")
            }
            Kind::Forbidden if context.user.is_none() => {
                format!("the token from {source} needs permission to {access} this repository")
            }
            Kind::Forbidden => {
                format!("{user} needs permission to {access} this repository, and so does an access token")
            }
            _ => "wait a while, and try again".to_owned(),
        }
    }
}

/// The hint for content that the registry does not return as it was.
pub(super) const CHANGED_CONTENT: &str =
    "do not use this content: the registry, or something on the way to it, changes what it is given";
