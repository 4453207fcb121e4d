//! `inspect`: shows what a module contains.

use std::ffi::OsString;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::error::Outcome;
use crate::module::inspection::Inspection;
use crate::options::{CompiledArgs, OutputFormat, PROJECT, PackageArgs, PolicyArgs, module_source};
use crate::pages;
use crate::policy_source::{ModuleOrigin, PolicyModule};
use crate::shell::Shell;
use crate::untrusted::printable_json;
use crate::yaml;

/// Show what a policy contains: metadata, contract, sizes
///
/// Shows a module in a file or in a registry; by default, the policy of this project, which is built first. Policies of
/// other kinds are recognized and named. Findings tell what a cluster would refuse, or would not do as intended; the exit
/// code is 0 with findings too, and scripts read them in the JSON or YAML.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Show the policy of this project
  cargo kw-wasi inspect
  # Show a file
  cargo kw-wasi inspect policy.wasm
  # Show what a registry has
  cargo kw-wasi inspect ghcr.io/acme/policies/demo:v1.2.0
  # Print the rules of the policy
  cargo kw-wasi inspect --format json | jq .metadata.rules
  # Fail if there are findings
  cargo kw-wasi inspect policy.wasm --format json | jq -e '.findings == []'")]
pub(crate) struct InspectArgs {
    /// Module to show: a file, or a reference in a registry, `:latest` without a tag [default: the policy of this project]
    #[arg(value_name = "FILE", conflicts_with_all = ["wasm", PROJECT])]
    module: Option<OsString>,
    /// Output format
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        value_parser = OutputFormat::one_of([OutputFormat::Human, OutputFormat::Yaml, OutputFormat::Json])
    )]
    format: OutputFormat,
    #[command(flatten)]
    policy: PolicyArgs<CompiledArgs<PackageArgs>>,
}

impl InspectArgs {
    /// Shows one module.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let source = match self.module {
            Some(module) => module_source(module, self.policy.registry())?,
            None => self.policy.source()?,
        };
        let module = source.one_module(shell)?;
        let inspection = module.inspect()?;
        let text = match self.format {
            OutputFormat::Yaml => {
                yaml::to_string(&Report::new(&module, &inspection)).context("could not write YAML")?
            }
            OutputFormat::Json => {
                let json = serde_json::to_string_pretty(&Report::new(&module, &inspection));
                printable_json(&json.context("could not write JSON")?).into_owned() + "\n"
            }
            OutputFormat::Human | OutputFormat::Junit => {
                pages::inspection(&inspection, &module.origin, shell)
            }
        };
        shell.result(&text).context("could not write to stdout")?;
        if self.format == OutputFormat::Human {
            shell.findings(&inspection.findings);
        }
        Ok(Outcome::Done)
    }
}

/// What a script reads about a module.
#[derive(Serialize)]
struct Report<'a> {
    /// The file, or the reference.
    source: String,
    /// Digest of the manifest in the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(flatten)]
    inspection: &'a Inspection,
}

impl<'a> Report<'a> {
    fn new(module: &'a PolicyModule, inspection: &'a Inspection) -> Self {
        let digest = match &module.origin {
            ModuleOrigin::File(_) => None,
            ModuleOrigin::Registry { digest, .. } => Some(digest.as_str()),
        };
        Self { source: module.origin.shown().display().to_string(), digest, inspection }
    }
}
