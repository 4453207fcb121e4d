//! Options for the policy that a verb works on: a module, or what a project is compiled to.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches, Id};

use super::{NetworkArgs, RegistryArgs};
use crate::build::BuildRequest;
use crate::fs;
use crate::policy_source::PolicySource;
use crate::reference::{Reference, has_login, looks_like_reference};

/// The group of all options about what is built and how. They conflict with a module that is already built.
pub(crate) const PROJECT: &str = "project";

/// Options for the policy that a verb works on. `P` has the options about projects.
#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs<P: Args> {
    /// Use this module, a file or a reference in a registry, and build nothing
    #[arg(long, value_name = "FILE", conflicts_with = PROJECT, help_heading = "Policy")]
    wasm: Option<OsString>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    project: ProjectArgs<P>,
}

impl<P: Args + Into<BuildRequest>> PolicyArgs<P> {
    /// Returns the source of the policy.
    pub(crate) fn source(self) -> Result<PolicySource> {
        match self.wasm {
            Some(typed) => module_source(typed, &self.registry),
            None => Ok(PolicySource::Project(Box::new(self.project.0.into()))),
        }
    }

    /// Returns the options for registries.
    pub(crate) fn registry(&self) -> &RegistryArgs {
        &self.registry
    }
}

/// Parses a module argument: a file, its URL, or a reference. An existing file has precedence.
pub(crate) fn module_source(typed: OsString, registry: &RegistryArgs) -> Result<PolicySource> {
    let Some(text) = typed.to_str() else { return Ok(PolicySource::Module(typed.into())) };
    if fs::exists(Path::new(text)) || !looks_like_reference(text) || is_in_folder(text) {
        return Ok(PolicySource::Module(fs::path_of_url(text).unwrap_or_else(|| PathBuf::from(text))));
    }
    let reference = text.parse::<Reference>().map_err(anyhow::Error::msg);
    let reference = reference.with_context(|| match has_login(text) {
        true => "could not use the reference".to_owned(),
        false => format!("could not use `{text}`"),
    });
    let reference = reference?.with_default_tag("latest");
    let connection = Box::new(registry.connection_to(reference.host())?);
    Ok(PolicySource::Registry { reference, connection })
}

/// Whether the first part of a path is a folder: then the rest is misspelt.
fn is_in_folder(typed: &str) -> bool {
    typed.split_once('/').is_some_and(|(first, _)| !first.is_empty() && Path::new(first).is_dir())
}

/// Options about projects. All are in the group [`PROJECT`] except those of [`NetworkArgs`], which have no effect on
/// a module that is already built.
#[derive(Debug)]
struct ProjectArgs<P>(P);

impl<P: Args> Args for ProjectArgs<P> {
    fn augment_args(command: Command) -> Command {
        in_group(command, P::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        in_group(command, P::augment_args_for_update)
    }
}

fn in_group(command: Command, add: impl FnOnce(Command) -> Command) -> Command {
    let ids = |command: &Command| command.get_arguments().map(Arg::get_id).cloned().collect::<HashSet<Id>>();
    let mut others = ids(&command);
    others.extend(ids(&NetworkArgs::augment_args(Command::default())));
    let command = add(command);
    let ours = command.get_arguments().map(Arg::get_id).filter(|id| !others.contains(*id));
    let group = ArgGroup::new(PROJECT).multiple(true).args(ours);
    command.group(group)
}

impl<P: FromArgMatches> FromArgMatches for ProjectArgs<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        P::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
