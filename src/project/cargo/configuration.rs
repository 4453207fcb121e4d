//! Cargo's configuration, as cargo itself reads it: its files, what they include, and `--config`.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value;

use super::arguments;
use crate::fs;
use crate::process::{Program, Running};
use crate::shell::Shell;

/// A question to cargo: other work can be done until the answer is there.
#[derive(Debug)]
pub(super) struct ConfigurationQuestion {
    running: Running,
}

/// What cargo's configuration says, apart from the environment.
#[derive(Debug, Default)]
pub(super) struct CargoConfiguration {
    value: Value,
}

impl ConfigurationQuestion {
    /// Asks cargo for its configuration, including the `--config` among these arguments.
    pub(super) fn ask(further: &[OsString], shell: &Shell) -> anyhow::Result<Self> {
        let mut cargo = ask_cargo(further);
        cargo.arg("--format=json-value");
        Ok(Self { running: cargo.start_silently(shell)? })
    }

    /// What cargo has answered. A configuration that is wrong is reported by `cargo build`.
    pub(super) fn answer(self, shell: &Shell) -> CargoConfiguration {
        let answer = self.running.finish_with_output().ok();
        let value = answer.and_then(|json| serde_json::from_str(&json).ok());
        if value.is_none() {
            shell.warn(
                "could not ask cargo for its configuration: `rustflags` in it are ignored",
                Some("pass them in the environment variable RUSTFLAGS"),
            );
        }
        CargoConfiguration { value: value.unwrap_or_default() }
    }
}

/// `cargo config get`, which stable releases of cargo have too but do not show.
pub(super) fn ask_cargo(further: &[OsString]) -> Program {
    let mut cargo = Program::cargo();
    cargo.env("RUSTC_BOOTSTRAP", "1").args(["-Zunstable-options", "config", "get"]);
    cargo.args(arguments::of_configuration(further));
    cargo
}

impl CargoConfiguration {
    /// The value of a key, of whatever type.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, key| value.get(key))
    }

    /// A list, which may be written as one string with spaces. An environment variable adds to it.
    pub(super) fn list(&self, path: &[&str]) -> Vec<String> {
        let mut list = words(self.get(path));
        let variable = format!("CARGO_{}", path.join("_").to_uppercase().replace(['-', '.'], "_"));
        let added = std::env::var(variable).unwrap_or_default();
        list.extend(added.split_whitespace().map(str::to_owned));
        list
    }

    /// The lists at `key` in all tables `target.'cfg(…)'`, each with its condition, in the order of cargo.
    pub(super) fn conditional_lists(&self, key: &str) -> Vec<(&str, Vec<String>)> {
        let tables = self.get(&["target"]).and_then(Value::as_object).into_iter().flatten();
        let mut lists: Vec<_> = tables
            .filter(|(condition, _)| condition.starts_with("cfg("))
            .map(|(condition, table)| (condition.as_str(), words(table.get(key))))
            .collect();
        lists.sort();
        lists
    }
}

fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The compiler itself: a wrapper around it answers no questions. A configuration that the library cannot read counts as
/// empty, since cargo may be able to.
pub(super) fn rustc() -> PathBuf {
    let here = fs::current_folder().ok();
    // Not needed here, and cargo accepts values of them that the library does not.
    let is_needed = |name: &OsString| {
        let name = name.to_string_lossy();
        !name.starts_with("CARGO_") || ["CARGO_HOME", "CARGO_BUILD_RUSTC"].contains(&&*name)
    };
    let options = || {
        let environment = std::env::vars_os().filter(|(name, _)| is_needed(name));
        cargo_config2::ResolveOptions::default().env(environment)
    };
    let configured = here
        .and_then(|here| cargo_config2::Config::load_with_options(here, options()).ok())
        .and_then(|configuration| configuration.build.rustc);
    let from_environment = || std::env::var_os("RUSTC").or_else(|| std::env::var_os("CARGO_BUILD_RUSTC"));
    configured.or_else(|| from_environment().map(PathBuf::from)).unwrap_or_else(|| "rustc".into())
}
