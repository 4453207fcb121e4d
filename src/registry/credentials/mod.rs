//! Credentials for registries, as `docker login` and `podman login` keep them: in a file, in a variable, or in a credential
//! helper.

mod config;
mod helper;
mod login;
mod sources;

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use reqwest::header::HeaderValue;

use self::config::{CredentialEntry, CredentialFile, LookupRules};
use self::login::Login;
use crate::error::WithHint;
use crate::fs;
use crate::reference::Reference;
use crate::shell::Shell;
use crate::untrusted::printable;

pub use sources::CredentialSources;

/// What proves who we are, if anything does. None of it is ever printed.
pub(super) struct Credentials {
    login: Login,
    /// Where it is from.
    source: String,
}

impl Credentials {
    /// Finds the credentials for a reference. A helper gets this much time.
    ///
    /// # Errors
    ///
    /// When there are credentials that cannot be read: without them, a later error would not say why.
    pub(super) fn find(
        reference: &Reference,
        sources: &CredentialSources,
        limit: Duration,
        shell: &Shell,
    ) -> Result<Self> {
        let host = reference.host();
        let credentials = find(reference, sources, limit, shell)
            .with_context(|| format!("could not get the credentials for `{host}`"))?;
        match credentials.login.is_empty() {
            true => shell.detail("Login", format!("no credentials for `{host}`")),
            false => shell.detail("Login", format!("credentials for `{host}` from {}", credentials.source)),
        }
        Ok(credentials)
    }

    /// Nobody.
    fn anonymous() -> Self {
        Self { login: Login::default(), source: String::new() }
    }

    /// Where they are from, in words; `None` if there are none.
    pub(super) fn source(&self) -> Option<&str> {
        Some(self.source.as_str()).filter(|_| !self.login.is_empty())
    }

    /// The name of the user, if it is known.
    pub(super) fn user(&self) -> Option<String> {
        let user = String::from_utf8_lossy(&self.login.user);
        Some(printable(&user).into_owned()).filter(|user| !user.is_empty())
    }

    /// User and password in the form in which they are sent.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        secret(&format!("Basic {}", self.login.encoded())).filter(|_| self.login.has_password())
    }

    /// What the token server takes instead of a password.
    pub(super) fn identity_token(&self) -> Option<&str> {
        Some(self.login.identity_token.as_str()).filter(|token| !token.is_empty())
    }

    /// A token for the registry itself.
    pub(super) fn registry_token(&self) -> Option<&str> {
        Some(self.login.registry_token.as_str()).filter(|token| !token.is_empty())
    }

    /// Removes the secrets from what others wrote, whether they are there as they are or as they were sent.
    pub(super) fn conceal(&self, text: &str) -> String {
        let text = printable(text).into_owned();
        self.login.secrets().fold(text, |text, secret| {
            text.replace(&*printable(&secret), "[password]").replace(&secret, "[password]")
        })
    }
}

/// A header that is not shown when requests are; `None` when the text cannot be a header.
pub(super) fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = text.parse::<HeaderValue>().ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The first credentials in the sources.
fn find(
    reference: &Reference,
    sources: &CredentialSources,
    limit: Duration,
    shell: &Shell,
) -> Result<Credentials> {
    let held = sources
        .variable
        .as_deref()
        .map(|variable| CredentialFile::parse_variable(variable)?.find(reference, LookupRules::Variable));
    match held {
        Some(Ok(CredentialEntry::Login(login))) => {
            return Ok(Credentials { login, source: "`DOCKER_AUTH_CONFIG`".to_owned() });
        }
        Some(Err(why)) => {
            let why = printable(&why);
            shell.warn(format!("ignoring the variable `DOCKER_AUTH_CONFIG`, as Docker does: {why}"), None);
        }
        _ => {}
    }
    for (path, rules) in &sources.files {
        let Some(json) = fs::find(path)? else { continue };
        let path = path.display();
        let held = CredentialFile::parse(&json).and_then(|file| file.find(reference, *rules));
        let held = held.map_err(|why| anyhow!("`{path}`: {}", printable(&why)));
        let (login, source) = match held
            .hint(|| format!("repair the file, or log in again with `docker login {}`", reference.host()))?
        {
            CredentialEntry::Nothing => continue,
            CredentialEntry::Login(login) => (login, format!("`{path}`")),
            CredentialEntry::Helper { helper, server } => {
                let login = helper::ask(&helper, &server, limit, shell)
                    .with_context(|| format!("`{path}` names a credential helper"))?;
                (login, format!("the credential helper `docker-credential-{}`", printable(&helper)))
            }
        };
        if !login.is_empty() {
            return Ok(Credentials { login, source });
        }
    }
    Ok(Credentials::anonymous())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_repeated() {
        let login = Login { user: b"jane".into(), password: b"s3cret".into(), ..Login::default() };
        let credentials = Credentials { login, source: String::new() };
        let said = "bad password s3cret in Basic amFuZTpzM2NyZXQ=\u{1b}[0m";
        assert_eq!(credentials.conceal(said), "bad password [password] in Basic [password]\\u{1b}[0m");
    }
}
