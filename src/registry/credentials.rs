//! Who we are to a registry: what `docker login` has left in Docker's `config.json`, or its credential helpers know.

use std::path::{Path, PathBuf};

use anyhow::Result;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use crate::error::failure;
use crate::fs;
use crate::shell::Shell;
use crate::untrusted::printable;

/// A user and password, or nobody. Never printed.
pub(super) struct Credentials {
    user: Option<(String, String)>,
}

impl Credentials {
    /// Those for a registry, which is a host, with its port where it has one.
    ///
    /// # Errors
    ///
    /// When there is something for this registry that cannot be read: going on without would fail in a way that says
    /// nothing about it.
    pub(super) fn find(host: &str, shell: &Shell) -> Result<Self> {
        let nobody = Self { user: None };
        let Some(path) = config_file() else { return Ok(nobody) };
        let Some(config) = fs::find(&path)? else { return Ok(nobody) };
        for name in names(host) {
            match get_credential_from_reader(config.as_slice(), &name) {
                Ok(DockerCredential::UsernamePassword(user, password)) => {
                    return Ok(Self { user: Some((user, password)) });
                }
                Ok(DockerCredential::IdentityToken(_)) => {
                    shell.warn(
                        format!("Docker's configuration has an identity token for `{host}`, which is not supported: going on as nobody"),
                        Some(&format!("log in with a user and a password or access token: `docker login {host}`")),
                    );
                    return Ok(nobody);
                }
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                // What Docker's own helpers say when they have nothing.
                Err(CredentialRetrievalError::HelperFailure { stdout, .. })
                    if stdout.contains("credentials not found") => {}
                Err(error) => return Err(unreadable(host, &path, &error)),
            }
        }
        Ok(nobody)
    }

    #[cfg(test)]
    pub(super) fn nobody() -> Self {
        Self { user: None }
    }

    /// `None` for nobody.
    pub(super) fn user_and_password(&self) -> Option<(&str, &str)> {
        self.user.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// A text of others without the password, should they have repeated it, plain or as it was sent.
    pub(super) fn conceal(&self, text: &str) -> String {
        let text = printable(text).into_owned();
        match &self.user {
            Some((user, password)) if !password.is_empty() => {
                use base64::Engine as _;
                let sent = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                text.replace(&sent, "[password]").replace(password.as_str(), "[password]")
            }
            _ => text,
        }
    }
}

/// The names under which the credentials of a registry may be kept.
fn names(host: &str) -> Vec<String> {
    // Docker's own registry has its credentials under a URL of old.
    if ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(&host) {
        return vec![
            "https://index.docker.io/v1/".to_owned(),
            "index.docker.io".to_owned(),
            "docker.io".to_owned(),
        ];
    }
    vec![host.to_owned(), format!("https://{host}"), format!("http://{host}")]
}

/// Where `docker login` writes, on each system in the user's own folder. The crate knows `HOME` only, which Windows has not.
fn config_file() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn unreadable(host: &str, path: &Path, error: &CredentialRetrievalError) -> anyhow::Error {
    let path = path.display();
    // What a helper has printed to stdout may be a secret.
    let (reason, hint) = match error {
        CredentialRetrievalError::HelperFailure { helper, stderr, .. } => (
            format!("the credential helper `{helper}` failed: {}", printable(stderr.trim())),
            format!("log in again with `docker login {host}`"),
        ),
        CredentialRetrievalError::HelperCommunicationError => (
            "the credential helper that is configured for it does not run".to_owned(),
            format!(
                "`credHelpers` and `credsStore` in `{path}` name it without its `docker-credential-`: is it on PATH?"
            ),
        ),
        CredentialRetrievalError::MalformedHelperResponse => (
            "the credential helper that is configured for it does not answer as Docker wants it".to_owned(),
            format!("`credHelpers` and `credsStore` in `{path}` name it"),
        ),
        CredentialRetrievalError::ConfigReadError => (
            format!("`{path}` is not the JSON that Docker writes"),
            format!("repair the file, or log in anew with `docker login {host}`"),
        ),
        _ => (
            format!("what `{path}` has for it cannot be read"),
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
    fn dockers_own_registry_has_a_name_of_old() {
        for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
            assert_eq!(names(host)[0], "https://index.docker.io/v1/");
        }
        assert_eq!(
            names("localhost:5000"),
            ["localhost:5000", "https://localhost:5000", "http://localhost:5000"]
        );
    }
}
