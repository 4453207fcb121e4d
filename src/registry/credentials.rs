//! Who we are to a registry: what `docker login` has left in Docker's `config.json`, or its credential helpers know.

use std::path::PathBuf;

use anyhow::Result;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::secrets::RegistryAuth;

use crate::fs;
use crate::shell::{Shell, failure, printable};

/// A user and password, or nobody. Never printed.
pub(super) struct Credentials {
    auth: RegistryAuth,
}

impl Credentials {
    /// Those for a registry, which is a host, with its port where it has one.
    ///
    /// # Errors
    ///
    /// When there is something for this registry that cannot be read: going on without would fail in a way that says
    /// nothing about it.
    pub(super) fn find(host: &str, shell: &Shell) -> Result<Self> {
        let config = config_file().map(|path| fs::find(&path)).transpose();
        let config = config.map_err(|_| unreadable(host, &CredentialRetrievalError::ConfigReadError))?;
        let Some(config) = config.flatten() else { return Ok(Self { auth: RegistryAuth::Anonymous }) };
        for name in names(host) {
            match get_credential_from_reader(config.as_slice(), &name) {
                Ok(DockerCredential::UsernamePassword(user, password)) => {
                    return Ok(Self { auth: RegistryAuth::Basic(user, password) });
                }
                Ok(DockerCredential::IdentityToken(_)) => {
                    shell.warn(
                        format!("Docker's configuration has an identity token for `{host}`, which is not supported: going on as nobody"),
                        Some("log in with a user and a password or access token: `docker login`"),
                    );
                    return Ok(Self { auth: RegistryAuth::Anonymous });
                }
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                Err(CredentialRetrievalError::HelperFailure { stdout, .. })
                    if stdout.contains("credentials not found") => {}
                Err(error) => return Err(unreadable(host, &error)),
            }
        }
        Ok(Self { auth: RegistryAuth::Anonymous })
    }

    pub(super) fn auth(&self) -> &RegistryAuth {
        &self.auth
    }

    /// The name of the user; `None` for nobody.
    pub(super) fn user(&self) -> Option<&str> {
        match &self.auth {
            RegistryAuth::Basic(user, _) => Some(user),
            _ => None,
        }
    }

    /// A text of others without the password, should they have repeated it.
    pub(super) fn conceal(&self, text: &str) -> String {
        let text = printable(text);
        match &self.auth {
            RegistryAuth::Basic(_, password) if !password.is_empty() => {
                text.replace(password.as_str(), "[password]")
            }
            _ => text.into_owned(),
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
    let folder = match std::env::var_os("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()?.join(".docker"),
    };
    Some(folder.join("config.json"))
}

fn unreadable(host: &str, error: &CredentialRetrievalError) -> anyhow::Error {
    // What a helper has printed may be a secret.
    let reason = match error {
        CredentialRetrievalError::HelperFailure { helper, stderr, .. } => {
            format!("the credential helper `{helper}` failed: {}", printable(stderr.trim()))
        }
        CredentialRetrievalError::ConfigReadError => "Docker's `config.json` is not readable".to_owned(),
        other => other.to_string(),
    };
    failure(
        format!("could not get the credentials for `{host}`: {reason}"),
        format!(
            "log in again with `docker login {host}`; the file is `config.json` in the folder `$DOCKER_CONFIG`, or `.docker` in your home"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_repeated() {
        let credentials = Credentials { auth: RegistryAuth::Basic("jane".to_owned(), "s3cret".to_owned()) };
        assert_eq!(credentials.conceal("bad password s3cret\u{1b}[0m"), "bad password [password]\\u{1b}[0m");
        assert_eq!(credentials.user(), Some("jane"));
    }
}
