//! Credentials for registries, as `docker login` keeps them: in Docker's `config.json`, or in a credential helper.

use std::path::{Path, PathBuf};

use anyhow::Result;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use reqwest::header::HeaderValue;

use crate::error::failure;
use crate::fs;
use crate::shell::Shell;
use crate::untrusted::printable;

/// A user and a password, or neither. They are never printed.
pub(super) struct Credentials {
    user: Option<(String, String)>,
}

impl Credentials {
    /// Finds the credentials for a host, with its port if it has one, in a `config.json`.
    ///
    /// # Errors
    ///
    /// Fails if there are credentials for this host that cannot be read, because a later error would not say why.
    pub(super) fn find(host: &str, docker_config: Option<&Path>, shell: &Shell) -> Result<Self> {
        let anonymous = Self { user: None };
        let Some(path) = docker_config else { return Ok(anonymous) };
        let Some(config) = fs::find(path)? else { return Ok(anonymous) };
        for name in names(host) {
            match get_credential_from_reader(config.as_slice(), &name) {
                Ok(DockerCredential::UsernamePassword(user, password)) => {
                    return Ok(Self { user: Some((user, password)) });
                }
                Ok(DockerCredential::IdentityToken(_)) => {
                    shell.warn(
                        format!("Docker's configuration has an identity token for `{host}`, which is not supported: continuing without credentials"),
                        Some(&format!("log in with a user and a password or access token: `docker login {host}`")),
                    );
                    return Ok(anonymous);
                }
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                // Docker's own helpers print this if they have no credentials.
                Err(CredentialRetrievalError::HelperFailure { stdout, .. })
                    if stdout.contains("credentials not found") => {}
                Err(error) => return Err(unreadable(host, path, &error)),
            }
        }
        Ok(anonymous)
    }

    /// The name of the user.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|(user, _)| user.as_str())
    }

    /// The user and the password, in the form in which they are sent.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let (user, password) = self.user.as_ref()?;
        secret(&format!("Basic {}", encoded(user, password)))
    }

    /// Removes the password from messages of servers, both as it is and in the form in which it was sent.
    pub(super) fn conceal(&self, text: &str) -> String {
        let text = printable(text).into_owned();
        match &self.user {
            Some((user, password)) if !password.is_empty() => {
                let sent = encoded(user, password);
                text.replace(&sent, "[password]").replace(password.as_str(), "[password]")
            }
            _ => text,
        }
    }
}

fn encoded(user: &str, password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// Returns a header that is hidden when requests are shown; `None` if the string cannot be a header.
pub(super) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = text.parse::<HeaderValue>().ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the names under which the credentials of a registry may be stored.
fn names(host: &str) -> Vec<String> {
    // The credentials of Docker's own registry are stored under the URL of its first version.
    if ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(&host) {
        return vec![
            "https://index.docker.io/v1/".to_owned(),
            "index.docker.io".to_owned(),
            "docker.io".to_owned(),
        ];
    }
    vec![host.to_owned(), format!("https://{host}"), format!("http://{host}")]
}

/// Returns the path of Docker's `config.json`, which is in the user's home folder on every system. The crate only
/// knows `HOME`, which Windows does not have.
pub(super) fn docker_config() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn unreadable(host: &str, path: &Path, error: &CredentialRetrievalError) -> anyhow::Error {
    let path = path.display();
    // What a helper printed to stdout may be a secret.
    let (reason, hint) = match error {
        CredentialRetrievalError::HelperFailure { helper, stderr, .. } => (
            format!("the credential helper `{helper}` failed: {}", printable(stderr.trim())),
            format!("log in again with `docker login {host}`"),
        ),
        CredentialRetrievalError::HelperCommunicationError => (
            "its credential helper could not be started".to_owned(),
            format!(
                "check `credHelpers` and `credsStore` in `{path}`, which name the helper without `docker-credential-`, and that it is on PATH"
            ),
        ),
        CredentialRetrievalError::MalformedHelperResponse => (
            "the output of its credential helper is not what Docker expects".to_owned(),
            format!("check `credHelpers` and `credsStore` in `{path}`, which name the helper"),
        ),
        CredentialRetrievalError::ConfigReadError => (
            format!("`{path}` is not a valid Docker configuration"),
            format!("repair the file, or log in again with `docker login {host}`"),
        ),
        _ => (
            format!("the entry in `{path}` cannot be read"),
            format!("log in again with `docker login {host}`"),
        ),
    };
    failure(format!("could not get the credentials for `{host}`: {reason}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_repeated() {
        let credentials = Credentials { user: Some(("jane".to_owned(), "s3cret".to_owned())) };
        let said = "bad password s3cret in Basic amFuZTpzM2NyZXQ=\u{1b}[0m";
        assert_eq!(credentials.conceal(said), "bad password [password] in Basic [password]\\u{1b}[0m");
    }

    #[test]
    fn dockers_own_registry_has_an_older_name() {
        for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
            assert_eq!(names(host)[0], "https://index.docker.io/v1/");
        }
        assert_eq!(
            names("localhost:5000"),
            ["localhost:5000", "https://localhost:5000", "http://localhost:5000"]
        );
    }
}
