//! The environment of go in a module, as `go env` reports it.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::flags;
use crate::error::failure;
use crate::fs;
use crate::process::{Program, Running};
use crate::project::network::Network;
use crate::project::source::Project;
use crate::shell::Shell;

/// The minor version of the first Go that compiles for `wasip1`.
const OLDEST_MINOR: u32 = 21;

const INSTALL: &str = "get Go 1.21 or later from https://go.dev/dl or from your system's packages";

/// A query to `go env`, which runs in the background because it may have to download another version of Go first.
#[derive(Debug)]
pub(crate) struct EnvironmentQuestion {
    running: Running,
}

/// A Go that can compile for WebAssembly, with its setup in a module.
#[derive(Debug)]
pub(crate) struct GoEnvironment {
    /// The flags in `GOFLAGS`.
    pub(crate) flags: Vec<String>,
    /// The file of `go env -w`, which may set `GOFLAGS`.
    file: String,
    /// The folder of `go.work`, if the module is used in a workspace.
    pub(crate) workspace: Option<PathBuf>,
    /// Whether the user sets the folder for go's temporary files.
    pub(crate) has_folder_for_work: bool,
}

/// What `go env -json` prints.
#[derive(Deserialize, Default)]
#[serde(rename_all = "UPPERCASE", default)]
struct GoVariables {
    goversion: String,
    goflags: String,
    goenv: String,
    gowork: String,
    gotmpdir: String,
}

impl EnvironmentQuestion {
    /// Starts the query. If `go` is missing, the hint of the error says what to install.
    pub(crate) fn ask(project: &Project, network: Network, shell: &Shell) -> Result<Self> {
        let mut go = Program::on_path("go").ok_or_else(|| {
            failure(format!("could not build the Go module `{}`: `go` is not on PATH", project.name), INSTALL)
        })?;
        go.folder(&project.root).args([
            "env",
            "-json",
            "GOVERSION",
            "GOFLAGS",
            "GOENV",
            "GOWORK",
            "GOTMPDIR",
        ]);
        add_network(&mut go, network);
        Ok(Self { running: go.start(shell)? })
    }

    /// Waits for the answer. Fails if this Go is too old.
    pub(crate) fn answer(self) -> Result<GoEnvironment> {
        let output = self.running.finish_with_output()?;
        let variables: GoVariables =
            serde_json::from_str(&output).context("could not understand what `go env` printed")?;
        check_version(&variables.goversion)?;
        Ok(GoEnvironment {
            flags: flags::split(&variables.goflags),
            file: variables.goenv,
            workspace: match variables.gowork.as_str() {
                "" | "off" => None,
                file => Some(fs::folder_of(file.as_ref()).to_owned()),
            },
            has_folder_for_work: !variables.gotmpdir.is_empty(),
        })
    }
}

impl GoEnvironment {
    /// Where `GOFLAGS` is set.
    pub(super) fn place_of_flags(&self) -> String {
        match std::env::var_os("GOFLAGS").is_some_and(|value| !value.is_empty()) {
            true => "the environment variable GOFLAGS".to_owned(),
            false => format!("GOFLAGS in `{}`", self.file),
        }
    }

    /// Fails for a `-buildmode` that does not make programs. The last one counts, and those after `--` before `GOFLAGS`.
    pub(super) fn refuse_other_modes(&self, further: &[OsString]) -> Result<()> {
        const NAME: &str = "buildmode";
        let given = flags::take(&mut further.to_vec(), NAME).pop();
        let (mode, place) = match (given, flags::value(&self.flags, NAME)) {
            (Some(mode), _) => (mode, "after `--`".to_owned()),
            (None, Some(mode)) => (mode.to_owned(), format!("from {}", self.place_of_flags())),
            (None, None) => return Ok(()),
        };
        if ["exe", "default"].contains(&mode.as_str()) {
            return Ok(());
        }
        Err(failure(
            format!("`-buildmode={mode}` {place} does not make a policy, which is a program for WebAssembly"),
            "remove it, or pass `-buildmode=exe` after `--`, which has precedence over GOFLAGS",
        ))
    }
}

/// Nothing is fetched where nothing may be: neither from proxies nor, for private modules, from their repositories.
pub(crate) fn add_network(go: &mut Program, network: Network) {
    if !network.may_fetch() {
        go.env("GOPROXY", "off").env("GONOPROXY", "none").env("GOVCS", "*:off");
    }
}

/// Checks a version, such as `go1.26.1`, `go1.21rc2` or `devel go1.27-8f3a1c Tue …`.
fn check_version(version: &str) -> Result<()> {
    let minor = version.split_once("go1.").and_then(|(_, rest)| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<u32>().ok()
    });
    if minor.is_none_or(|minor| minor >= OLDEST_MINOR) {
        return Ok(()); // a version without a number: go itself will report what it cannot do
    }
    Err(failure(format!("{version} cannot compile for WebAssembly with WASI"), INSTALL))
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn versions_before_wasip1_are_refused() {
        for version in ["go1.21", "go1.21rc2", "go1.26.8", "devel go1.27-8f3a1c Tue", "go2.0", "gccgo"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["go1.20.14", "go1.9", "devel go1.20-abc"] {
            assert!(check_version(version).is_err(), "{version}");
        }
    }
}
