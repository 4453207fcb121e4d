//! Cargo's configuration, which only compiling needs.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::error::WithHint;
use crate::fs;

/// Loads cargo's configuration from files and environment.
pub(crate) fn configuration() -> Result<cargo_config2::Config> {
    let here = fs::current_folder()?;
    // This variable is not needed here, and cargo accepts values that the library does not.
    let environment = std::env::vars_os().filter(|(name, _)| name != "CARGO_BUILD_JOBS");
    let options = cargo_config2::ResolveOptions::default().env(environment);
    cargo_config2::Config::load_with_options(here, options)
        .context("could not read cargo's configuration")
        .hint(|| "if cargo itself accepts it, write it another way, such as a number for `jobs`".to_owned())
}

/// Returns the compiler itself, because a wrapper around it does not answer queries.
pub(crate) fn rustc(configuration: &cargo_config2::Config) -> PathBuf {
    configuration.build.rustc.clone().unwrap_or_else(|| "rustc".into())
}
