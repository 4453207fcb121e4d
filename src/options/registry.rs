//! Options for connecting to a registry.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::Result;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::error::failure;
use crate::fs;
use crate::reference::{Reference, has_login};
use crate::registry::{self, Connection};

/// Parses a reference. An error does not repeat a reference with a password.
#[derive(Debug, Clone)]
pub(crate) struct ReferenceParser;

impl TypedValueParser for ReferenceParser {
    type Value = Reference;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Reference, clap::Error> {
        match value.to_str().filter(|typed| has_login(typed)) {
            None => str::parse::<Reference>.parse_ref(command, arg, value),
            Some(typed) => {
                let reason = typed.parse::<Reference>().err().unwrap_or_default();
                let message = format!("invalid reference: {reason}\n");
                Err(clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command))
            }
        }
    }
}

/// Options for connecting to a registry.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// Use plain HTTP for this host; without a host, for a registry on this machine
    #[arg(long, value_name = "HOST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    insecure: Option<String>,
    /// Also trust this certificate authority, in PEM or DER; can be given several times
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
}

impl RegistryArgs {
    /// Returns the connection to this host.
    pub(crate) fn connection_to(&self, host: &str) -> Result<Connection> {
        let plain_http = match self.insecure.as_deref() {
            None => false,
            Some("") if registry::is_loopback(host) => true,
            Some("") => {
                return Err(failure(
                    format!(
                        "`{host}` is not on this machine: what is sent there over plain HTTP can be read and changed on the way"
                    ),
                    format!("pass `--insecure={host}` to use plain HTTP anyway"),
                ));
            }
            Some(named) if named == host => true,
            Some(named) => {
                return Err(failure(
                    format!("`--insecure={named}` names another host than `{host}`"),
                    "name the host with its port, as in the reference",
                ));
            }
        };
        let mut authorities = Vec::new();
        for path in &self.ca {
            authorities.extend(registry::certificates(&fs::read(path)?).map_err(|reason| {
                failure(
                    format!("could not trust `{}`: {reason}", path.display()),
                    "name the certificate of an authority, in PEM or DER",
                )
            })?);
        }
        Ok(Connection { plain_http, authorities, ..Connection::from_environment() })
    }
}
