//! How a registry wants its users to authenticate.
//!
//! Sources: RFC 9110, "WWW-Authenticate"; Docker's token authentication.

use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use super::connection::{Connection, is_loopback};
use super::error::{RegistryError, RegistryErrorKind};

/// The challenge in a response.
pub(super) enum AuthenticationChallenge {
    /// Each request needs the password.
    Basic,
    /// Each request needs a token from another server.
    Bearer { realm: String, service: Option<String> },
}

impl AuthenticationChallenge {
    /// Returns the best of the challenges in a response.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut best = None;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let text = header.to_str().unwrap_or_default();
            for challenge in http_auth::parser::ChallengeParser::new(text).map_while(Result::ok) {
                let parameter = |name: &str| {
                    let mut all = challenge.params.iter();
                    all.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    if let Some(realm) = parameter("realm") {
                        return Some(Self::Bearer { realm, service: parameter("service") });
                    }
                } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                    best = Some(Self::Basic);
                }
            }
        }
        best
    }
}

/// Returns the URL of a token server. It receives the password, so nobody must be able to read the connection.
pub(super) fn token_server(realm: &str, host: &str, connection: &Connection) -> Result<Url, RegistryError> {
    let Ok(url) = realm.parse::<Url>() else {
        let why = format!("`{realm}` is not a URL of a token server");
        return Err(RegistryErrorKind::Protocol(why).into());
    };
    let server = url.host_str().unwrap_or_default();
    let is_near = is_loopback(server) || host.split(':').next() == Some(server);
    match url.scheme() {
        "https" => Ok(url),
        "http" if connection.plain_http && is_near => Ok(url),
        _ => Err(RegistryErrorKind::InsecureTokenServer(realm.to_owned()).into()),
    }
}
