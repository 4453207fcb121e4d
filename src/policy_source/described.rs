//! A policy with its metadata, without a module.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{ModuleOrigin, PolicyModule};
use crate::finding::{Finding, tally};
use crate::metadata::{Metadata, key};
use crate::project::Project;
use crate::protocol::PolicyType;
use crate::shell::Shell;

/// A policy with valid metadata.
#[derive(Debug)]
pub(crate) struct DescribedPolicy {
    /// The name to show to people: the project, file or reference.
    pub(crate) shown: String,
    /// The name to use if there is no title.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) metadata: Metadata,
    /// Warnings about the metadata.
    pub(crate) warnings: Vec<Finding>,
    /// The folder of its project.
    pub(crate) folder: Option<PathBuf>,
    /// Where its project can name a registry.
    pub(crate) registry_place: Option<String>,
    /// The reference of its module, if it is already in a registry.
    pub(crate) reference: Option<String>,
}

impl DescribedPolicy {
    pub(super) fn of_project(project: Project, shell: &Shell) -> Result<Self> {
        let checked = project.metadata();
        let Some(metadata) = checked.metadata else {
            shell.findings(&checked.findings);
            bail!(
                "could not describe `{}` ({}): the metadata is not what Kubewarden accepts",
                project.name,
                tally(&checked.findings)
            );
        };
        Ok(Self {
            shown: project.name.clone(),
            version: project.version_in(&metadata).map(str::to_owned),
            registry_place: Some(project.registry_place()),
            name: project.name,
            metadata,
            warnings: checked.findings,
            folder: Some(project.root),
            reference: None,
        })
    }

    pub(super) fn of_module(module: &PolicyModule) -> Result<Self> {
        let (metadata, warnings) = module.metadata()?;
        Ok(Self {
            shown: module.origin.shown().display().to_string(),
            name: module.name.clone(),
            version: metadata.annotation(key::VERSION).map(str::to_owned),
            metadata,
            warnings,
            folder: None,
            registry_place: None,
            reference: match &module.origin {
                ModuleOrigin::File(_) => None,
                ModuleOrigin::Registry { reference, .. } => Some(reference.to_string()),
            },
        })
    }

    pub(crate) fn is_raw(&self) -> bool {
        self.metadata.policy_type == PolicyType::Raw
    }

    /// The name of its resource, unless the user chooses another.
    pub(crate) fn title(&self) -> &str {
        self.metadata.annotation(key::TITLE).unwrap_or(&self.name)
    }
}
