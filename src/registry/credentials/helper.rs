//! Credential helpers: programs that keep credentials.
//!
//! Source: docker-credential-helpers 0.9, `client`.

use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::login::Login;
use crate::error::{WithHint, failure};
use crate::process::Program;
use crate::registry::message::shortened;
use crate::shell::Shell;
use crate::untrusted::printable;

/// What all helpers print when they have nothing.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Asks a helper for the credentials of a server. Empty if it has none.
///
/// # Errors
///
/// When it cannot be started, fails, does not end in time, or answers something else.
pub(super) fn ask(helper: &str, server: &str, limit: Duration, shell: &Shell) -> Result<Login> {
    let mut program = Program::new(format!("docker-credential-{helper}"));
    let answer = program.arg("get").exchange(server.as_bytes(), limit, shell).hint(|| {
        format!(
            "check that the credential helper `docker-credential-{}` is on PATH and works: `echo {} | docker-credential-{} get`",
            printable(helper),
            printable(server),
            printable(helper)
        )
    })?;
    let stdout = String::from_utf8_lossy(&answer.stdout);
    let value = serde_json::Deserializer::from_str(&stdout).into_iter::<Value>().next();
    let object = value.and_then(Result::ok).and_then(|value| value.as_object().cloned());
    if !answer.status.success() {
        if stdout.trim() == NOT_FOUND {
            return Ok(Login::default());
        }
        // A helper says on stdout what went wrong; a JSON object there may be a secret.
        let stderr = String::from_utf8_lossy(&answer.stderr);
        let stdout = if object.is_some() { "" } else { &*stdout };
        let said = [stdout, &*stderr].into_iter().filter_map(|text| shortened(&printable(text)));
        let said = said.collect::<Vec<_>>().join("; ");
        let why = if said.is_empty() { "it did not say why".to_owned() } else { said };
        return Err(anyhow!(
            "the credential helper `docker-credential-{}` failed ({}): {why}",
            printable(helper),
            answer.status
        ));
    }
    let login = object.ok_or("it is not a JSON object").and_then(|object| Login::of_helper(&object));
    login.map_err(|why| {
        failure(
            format!(
                "the output of the credential helper `docker-credential-{}` is not what Docker expects: {why}",
                printable(helper)
            ),
            "check that `credHelpers` and `credsStore` name the right helper",
        )
    })
}
